package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Read reads what imgpipe compare --format json wrote, also a file of an earlier version: what it lacks is zero. The
// caller calls Analyse. An error completes the sentence "FILE: …".
func Read(r io.Reader) (*Comparison, error) {
	const want = "expected a file of imgpipe compare --format json"
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	c := new(Comparison)
	switch err := json.Unmarshal(b, c); {
	case err != nil && !json.Valid(b):
		return nil, fmt.Errorf("this is no JSON: %s", want)
	case err != nil:
		return nil, fmt.Errorf("this is other JSON (%w): %s", err, want)
	case len(c.Configs) == 0:
		return nil, fmt.Errorf("this is other JSON, without contestants: %s", want)
	}
	if err := c.sound(); err != nil {
		return nil, fmt.Errorf("this comparison does not fit together: %w: %s", err, want)
	}
	return c, nil
}

// sound returns what in c would lead astray.
func (c *Comparison) sound() error {
	has := func(config int) bool { return config >= 0 && config < len(c.Configs) }
	if len(c.Configs) > 0 && !has(c.Baseline) {
		return fmt.Errorf("the baseline is contestant %d of %d", c.Baseline, len(c.Configs))
	}
	seen := map[[2]int]bool{}
	for i := range c.Samples {
		s := &c.Samples[i]
		switch key := [2]int{s.Config, s.Round}; {
		case !has(s.Config):
			return fmt.Errorf("run %d is of contestant %d of %d", i, s.Config, len(c.Configs))
		case s.Round >= len(c.Samples): // each round has a run, and what is kept by round must fit into memory
			return fmt.Errorf("run %d is of round %d, and there are %d runs", i, s.Round, len(c.Samples))
		case s.Round < 0 || seen[key]:
			return fmt.Errorf("contestant %d has run %d twice in round %d", s.Config, i, s.Round)
		case s.Wall() <= 0 || s.Summary.Items < 0 || s.Summary.Done < 0:
			return fmt.Errorf("run %d has no time or no images", i)
		default:
			seen[key] = true
		}
	}
	for _, t := range c.Timelines {
		if !has(t.Config) {
			return fmt.Errorf("a timeline is of contestant %d of %d", t.Config, len(c.Configs))
		}
	}
	for i := range c.Parts {
		part := &c.Parts[i]
		if len(part.Parts) > 0 {
			return errors.New("a part has parts")
		}
		if err := part.sound(); err != nil {
			return fmt.Errorf("in stage %s alone: %w", part.Job.Stage, err)
		}
	}
	return nil
}
