package trace

import (
	"encoding/binary"
	"slices"
	"time"

	"imgpipe/fetch"
	"imgpipe/pipeline"
)

// items are the outcomes of a run, as far as a trace has them: some 150 bytes for each, one after the other. The zero
// value is empty.
type items struct {
	bytes    []byte
	count    int
	stages   []pipeline.Stage
	statuses []pipeline.Status
}

// An item is what a trace has of one outcome.
type item struct {
	index      int
	source     string
	status     pipeline.Status
	handedOver bool // to a worker process, which took time
	// cpu is the time on a core; -1 if it is not known.
	cpu   time.Duration
	spans []pipeline.Span
}

func (s *items) add(o pipeline.Outcome) {
	cpu := time.Duration(-1)
	if o.Cost.Work.CPUKnown {
		cpu = o.Cost.Work.CPU
	}
	b := binary.AppendVarint(s.bytes, int64(o.Item.Index))
	source := fetch.Redact(o.Item.Source)
	b = binary.AppendUvarint(b, uint64(len(source)))
	b = append(b, source...)
	b = binary.AppendUvarint(b, number(&s.statuses, o.Status))
	handedOver := uint64(0)
	if o.Cost.Handover > 0 {
		handedOver = 1
	}
	b = binary.AppendUvarint(b, handedOver)
	b = binary.AppendVarint(b, int64(cpu))
	b = binary.AppendUvarint(b, uint64(len(o.Spans)))
	for _, span := range o.Spans {
		b = binary.AppendUvarint(b, number(&s.stages, span.Stage))
		b = binary.AppendVarint(b, int64(span.Lane))
		b = binary.AppendVarint(b, int64(span.Start))
		b = binary.AppendVarint(b, int64(span.End-span.Start))
	}
	s.bytes = b
	s.count++
}

// number returns the place of v in the table of all, which it is added to if it is new.
func number[T comparable](all *[]T, v T) uint64 {
	i := slices.Index(*all, v)
	if i < 0 {
		i = len(*all)
		*all = append(*all, v)
	}
	return uint64(i)
}

// each calls do with every item, in the order in which they were added.
func (s *items) each(do func(item)) {
	b := s.bytes
	unsigned := func() int {
		v, n := binary.Uvarint(b)
		b = b[n:]
		return int(v)
	}
	signed := func() int64 {
		v, n := binary.Varint(b)
		b = b[n:]
		return v
	}
	for range s.count {
		it := item{index: int(signed())}
		length := unsigned()
		it.source, b = string(b[:length]), b[length:]
		it.status = s.statuses[unsigned()]
		it.handedOver = unsigned() == 1
		it.cpu = time.Duration(signed())
		it.spans = make([]pipeline.Span, unsigned())
		for i := range it.spans {
			span := pipeline.Span{Stage: s.stages[unsigned()], Lane: int(signed()), Start: time.Duration(signed())}
			span.End = span.Start + time.Duration(signed())
			it.spans[i] = span
		}
		do(it)
	}
}
