package jpeg

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

var allScales = []int{8, 4, 3, 2, 1}

// A subject is a file that is damaged in many ways, and what a sound decoding of it shows.
type subject struct {
	name   string
	data   []byte
	ends   []int // by row of MCUs of the last scan: where it ends in data
	header Header
	planes map[int][4][]byte // by scale: samples
	v      variant
}

func newSubject(t testing.TB, name string, factors [][2]int, v variant, w, h int) *subject {
	t.Helper()
	s := &subject{name: name, v: v, planes: map[int][4][]byte{}}
	s.data, s.ends = newSource(w, h, factors, 12, 5).writeRows(v)
	var err error
	if s.header, err = ReadHeader(s.data); err != nil {
		t.Fatal(err)
	}
	for _, m := range allScales {
		p, report := decode(t, new(Decoder), s.data, pixel.Scale{Luma: m, Chroma: m})
		if report.Err != nil {
			t.Fatalf("%s: %s", name, report.String())
		}
		var samples [4][]byte
		for i := range p.N() {
			samples[i] = bytes.Clone(p.Plane[i].Pix)
		}
		s.planes[m] = samples
	}
	return s
}

// eachSubject calls f for all samplings and variants.
func eachSubject(t *testing.T, f func(t *testing.T, s *subject)) {
	for _, sampling := range samplings {
		for name, v := range variants(len(sampling.factors)) {
			t.Run(sampling.name+"/"+name, func(t *testing.T) {
				f(t, newSubject(t, name, sampling.factors, v, 61, 101))
			})
		}
	}
}

// check decodes a damaged version of s at all scales. All must say the same, show what they do not doubt as it was
// encoded, and nothing of an earlier picture. It returns what they say, nil if there is no picture.
func (s *subject) check(t *testing.T, d *Decoder, data []byte) *codec.Damage {
	t.Helper()
	var said *codec.Damage
	for _, m := range allScales {
		o := Options{Scale: pixel.Scale{Luma: m, Chroma: m}, NoInk: 255}
		var before [4][]byte
		stale := m == allScales[len(data)%len(allScales)] // one of them shows it
		if stale {
			poison(d, poisoned)
			if p, _, err := d.Decode(data, &s.header, o); err == nil {
				for i := range p.N() {
					before[i] = bytes.Clone(p.Plane[i].Pix)
				}
			}
		}
		poison(d, ^byte(poisoned))
		p, report, err := d.Decode(data, &s.header, o)
		if err != nil {
			if said != nil {
				t.Fatalf("at %d/8: %v; at 8/8: %s", m, err, said.String())
			}
			continue
		}
		if m == 8 {
			said = &report
		}
		if said == nil || said.String() != report.String() {
			t.Fatalf("at %d/8: %q; at 8/8: %v", m, report.String(), said)
		}
		for i := range p.N() {
			if stale && !bytes.Equal(before[i], p.Plane[i].Pix) {
				t.Fatalf("at %d/8, plane %d depends on what was decoded before: %s", m, i, report.String())
			}
			s.checkPlane(t, p.Plane[i], s.planes[m][i], d.comp[i].v*m, &report, fmt.Sprintf("at %d/8, plane %d", m, i))
		}
	}
	return said
}

// checkPlane compares a plane, of which rows show as many rows of the picture as 8 × vMax, with that of the whole.
func (s *subject) checkPlane(t *testing.T, p pixel.Plane, want []byte, rows int, report *codec.Damage, where string) {
	t.Helper()
	for y := range p.H {
		first, end := y*8*s.header.vMax/rows, min(ceilDiv((y+1)*8*s.header.vMax, rows), s.header.Height)
		sound := true
		for row := first; row < end; row++ {
			sound = sound && report.Sound(row)
		}
		got := p.Pix[y*p.Stride:][:p.W]
		if sound && !bytes.Equal(got, want[y*p.Stride:][:p.W]) {
			t.Fatalf("%s differs in row %d, of which nothing is said: %q", where, y, report.String())
		}
	}
}

// A file that ends anywhere shows the rows that it holds, says which, and is never taken for a whole one.
func TestEveryCutSaysWhichRowsAreThere(t *testing.T) {
	eachSubject(t, func(t *testing.T, s *subject) {
		var d Decoder
		step := len(s.data)/16 + 1
		pictures, partly := 0, 0
		for cut := s.header.sos; cut < len(s.data)-2; cut++ {
			if cut%step != 0 && cut < len(s.data)-6 {
				continue
			}
			report := s.check(t, &d, s.data[:cut])
			if report == nil {
				continue
			}
			if report.Err == nil {
				t.Fatalf("%d of %d bytes pass as whole", cut, len(s.data))
			}
			pictures++
			n, first, _ := report.Missing()
			if n > 0 && n < report.Rows {
				partly++
			}
			if s.v.marker == mSOF2 || len(s.v.scans) > 1 {
				continue
			}
			whole := 0
			for whole < len(s.ends) && s.ends[whole] <= cut {
				whole++
			}
			if first != 8*s.header.vMax*whole || n != report.Rows-first {
				t.Fatalf("%d of %d bytes hold %d rows of MCUs: %s", cut, len(s.data), whole, report.String())
			}
		}
		if pictures < 10 || partly == 0 {
			t.Errorf("%d cuts gave a picture, %d of them one without some rows", pictures, partly)
		}
	})
}

// What a scan that is not there would have held is said.
func TestMissingScansAreSaid(t *testing.T) {
	for name, want := range map[string]string{
		"two scans":   "of 101 rows none is missing, but from row 0 on color is missing",
		"scans apart": "of 101 rows none is missing, but from row 0 on color is missing",
		"progressive": "of 101 rows none is missing, but from row 0 on detail is missing",
	} {
		s := newSubject(t, name, samplings[3].factors, variants(3)[name], 61, 101)
		scans := bytes.Split(s.data, []byte{0xff, mSOS})
		for n := 1; n < len(scans)-1; n++ {
			data := bytes.Join(scans[:n+1], []byte{0xff, mSOS})
			report := s.check(t, new(Decoder), data)
			if !strings.Contains(report.String(), want) {
				t.Errorf("%s, %d of %d scans: %s", name, n, len(scans)-1, report.String())
			}
		}
	}
	// Without any DC there is no picture, unless the file ends as if that were meant.
	v := variants(1)["progressive"]
	v.scans = v.scans[1:3]
	data := newSource(61, 101, samplings[0].factors, 12, 5).write(v)
	for _, m := range allScales {
		_, whole := decode(t, new(Decoder), data, pixel.Scale{Luma: m, Chroma: m})
		_, cut := decode(t, new(Decoder), data[:len(data)-2], pixel.Scale{Luma: m, Chroma: m})
		if !cut.Nothing() || whole.Nothing() || whole.Err == nil || whole.Sound(0) {
			t.Errorf("at %d/8 without DC: %s; and without an end: %s", m, whole.String(), cut.String())
		}
	}
}

// intervals returns where the restart intervals of the first scan end and begin: the restart markers stand between.
func (s *subject) intervals() (ends, begins []int) {
	end := scanEnd(s.data, s.header.sos+4)
	for i := s.header.sos; i < end; i++ {
		if s.data[i] == 0xff && s.data[i+1] >= mRST0 && s.data[i+1] <= mRST7 {
			begins = append(begins, i+2)
			for s.data[i-1] == 0xff { // a fill byte
				i--
			}
			ends = append(ends, i)
			i = begins[len(begins)-1]
		}
	}
	return ends, begins
}

// splice returns data with what stands from i to j replaced.
func splice(data []byte, i, j int, by ...byte) []byte {
	return append(append(bytes.Clone(data[:i]), by...), data[j:]...)
}

// Bytes between the end of a restart interval and its marker, and a wrong number of a marker that cannot be that of an
// interval nearby, leave nothing missing.
func TestOddRestartMarkersLeaveNothingMissing(t *testing.T) {
	notUnderRace(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 40<<10)
	for i := range noise {
		noise[i] = byte(rnd.IntN(255)) // no ff
	}
	tried := 0
	eachSubject(t, func(t *testing.T, s *subject) {
		if s.v.restart == 0 {
			return
		}
		var d Decoder
		at, begins := s.intervals()
		for name, extra := range map[string][]byte{
			"a zero": {0}, "ff00": {0xff, 0}, "ones": {0xff, 0, 0xff, 0, 0xff, 0}, "text": []byte("text"),
			"noise": noise, "short noise": noise[:5000],
			"no marker": {0xff, 1, 7, 0xff, 0x55, 0xff, 0xbf}, "fill": {0xff, 0xff, 0xff},
		} {
			for _, which := range [][]int{{0}, {len(at) / 2}, {0, 1, len(at) - 1}} {
				data := s.data
				for k := len(which) - 1; k >= 0; k-- {
					data = splice(data, at[which[k]], at[which[k]], extra...)
				}
				report := s.check(t, &d, data)
				if report.Err != nil || len(d.Remarks()) == 0 != (name == "fill") {
					t.Fatalf("%s before markers %d of %d: %s, remarks %q",
						name, which, len(at), report.String(), d.Remarks())
				}
				tried++
			}
		}
		for off := byte(1); off < 8; off++ {
			for _, k := range []int{0, len(at) / 2, len(at) - 1} {
				data := bytes.Clone(s.data)
				data[begins[k]-1] = mRST0 + (data[begins[k]-1]+off)&7
				report := s.check(t, &d, data)
				if sound := off >= 3 && off <= 5; (report.Err == nil) != sound || sound && len(d.Remarks()) == 0 {
					t.Fatalf("marker %d with a number off by %d: %s, remarks %q", k, off, report.String(), d.Remarks())
				}
				tried++
			}
		}
	})
	if tried < 1000 {
		t.Errorf("%d files were tried", tried)
	}
}

// A restart interval that is damaged or missing leaves all others whole.
func TestDamagedIntervalIsLostAlone(t *testing.T) {
	notUnderRace(t)
	for _, sampling := range samplings {
		v := variants(len(sampling.factors))["restart"]
		s := newSubject(t, sampling.name, sampling.factors, v, 32*8, 300)
		cols, _ := s.header.mcus()
		rowHeight := 8 * s.header.vMax
		var d Decoder
		ends, begins := s.intervals()
		end := scanEnd(s.data, s.header.sos+4)
		// only checks that rows are missing of n intervals from interval k on, and no others.
		only := func(name string, k, n int, report *codec.Damage) {
			t.Helper()
			first, last := k*v.restart/cols*rowHeight, min(((k+max(n, 1))*v.restart-1)/cols*rowHeight+rowHeight, 300)-1
			lost, from, to := report.Missing()
			part, all := lost > 0 && n == 0 && from >= first, lost == last-first+1 && from == first
			if !part && !all || to > last {
				t.Errorf("%s: %s, interval %d: %s; rows %d to %d were to be missing",
					sampling.name, name, k, report.String(), first, last)
			}
		}
		for _, k := range []int{1, len(ends) / 2, len(ends) - 4} {
			begin, after := begins[k-1], ends[k]
			mid := (begin + after) / 2
			if s.data[mid-1] == 0xff {
				mid++
			}
			only("half is missing", k, 0, s.check(t, &d, splice(s.data, mid, after)))
			only("a marker in the middle", k, 0, s.check(t, &d, splice(s.data, mid, mid, 0xff, 0x30)))
			only("all is missing", k, 1, s.check(t, &d, splice(s.data, begin, after)))
			only("it and its marker are missing", k, 1, s.check(t, &d, splice(s.data, begin-2, after)))
			only("two are missing", k, 2, s.check(t, &d, splice(s.data, begin-2, ends[k+1])))
			only("a marker is missing", k, 1, s.check(t, &d, splice(s.data, begin-2, begin)))
			twice := s.check(t, &d, splice(s.data, after, after, s.data[begin-2:after]...))
			if n, _, _ := twice.Missing(); twice.Err != errTwice || n > 0 {
				t.Errorf("%s: interval %d comes twice: %s", sampling.name, k, twice.String())
			}
		}
		only("the last is missing", len(ends), 1, s.check(t, &d, splice(s.data, ends[len(ends)-1], end)))
		// Four that are missing look like a wrong number, until the end of the scan comes too early.
		lost := s.check(t, &d, splice(s.data, ends[2], ends[6]))
		if n, _, last := lost.Missing(); n == 0 || last != 299 || lost.Sound(3*v.restart/cols*rowHeight) {
			t.Errorf("%s: four intervals are missing: %s", sampling.name, lost.String())
		}
	}
}

// Damage anywhere is the same at all scales, and what one scan of a progressive file lacks leaves what is above it
// whole.
func TestDamageIsTheSameAtAllScales(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	found := 0
	eachSubject(t, func(t *testing.T, s *subject) {
		var d Decoder
		for range 12 {
			data := bytes.Clone(s.data)
			at := s.header.sos + 20 + rnd.IntN(len(data)-s.header.sos-60)
			copy(data[at:], bytes.Repeat([]byte{0xff, byte(rnd.IntN(0xd8))}, 8))
			said := ""
			for _, m := range allScales {
				_, report, err := d.Decode(data, &s.header, Options{Scale: pixel.Scale{Luma: m, Chroma: m}})
				if err != nil {
					t.Fatal(err)
				}
				if m == 8 {
					said = report.String()
				}
				// Scans of detail are not read at 1/8 where nothing shows that they are damaged.
				if said != report.String() && !(m == 1 && report.Err == nil && s.v.marker == mSOF2) {
					t.Fatalf("at %d/8: %q; at 8/8: %q", m, report.String(), said)
				}
				if report.Err != nil {
					found++
				}
			}
		}
	})
	if found < 3000 {
		t.Errorf("%d were found to be damaged", found)
	}
}

// A scan that repeats a component does not count, also for the others that it names.
func TestScanThatRepeatsAComponentDoesNotCount(t *testing.T) {
	v := variants(3)["scans apart"]
	v.scans = []scanSpec{{comps: []int{0}, se: 63}, {comps: []int{1}, se: 63}, {comps: []int{2, 1}, se: 63}}
	s := newSubject(t, "", samplings[1].factors, variants(3)["scans apart"], 61, 101)
	report := s.check(t, new(Decoder), newSource(61, 101, samplings[1].factors, 12, 5).write(v))
	want := "of 101 rows none is missing, but from row 0 on color is missing"
	if !strings.Contains(report.String(), want) {
		t.Errorf("%s, want %s", report.String(), want)
	}
}

// Components that share a number are told apart by their place, in scans of one and of several.
func TestComponentsThatShareANumberGoByPlace(t *testing.T) {
	for _, sampling := range samplings[1:] {
		for name, v := range variants(len(sampling.factors)) {
			s := newSubject(t, name, sampling.factors, v, 61, 101)
			v.sameID = true
			data := newSource(61, 101, sampling.factors, 12, 5).write(v)
			var err error
			if s.header, err = ReadHeader(data); err != nil {
				t.Fatal(err)
			}
			var d Decoder
			if report := s.check(t, &d, data); report == nil || report.Err != nil || len(d.Remarks()) != 1 {
				t.Errorf("%s, %s: %v, remarks %q", sampling.name, name, report, d.Remarks())
			}
		}
	}
}

// Segments that say nothing of the picture may be odd, and bytes may stand between them.
func TestOddSegmentsAreRemarks(t *testing.T) {
	for name, v := range variants(3) {
		s := newSubject(t, name, samplings[3].factors, v, 61, 101)
		for name, extra := range map[string][]byte{
			"APP9 of length 0": {0xff, 0xe9, 0, 0}, "COM of length 1": {0xff, mCOM, 0, 1},
			"DAC":   {0xff, mDAC, 0, 4, 0, 0x10},
			"bytes": {0x12, 0x34, 0, 0xd8}, "a byte": {0}, "a stuffed byte": {0xff, 0},
		} {
			for _, at := range []int{2, s.header.sof, s.header.sos, len(s.data) - 2} {
				if at > s.header.sos && (v.marker != mSOF2 || extra[0] != 0xff || extra[1] == 0) {
					continue // what is behind all scans is not read, and other bytes are the scan's
				}
				var d Decoder
				data := splice(s.data, at, at, extra...)
				h, err := ReadHeader(data)
				if err != nil {
					t.Fatal(err)
				}
				odd := *s
				odd.header = h
				report := odd.check(t, &d, data)
				if report == nil || report.Err != nil || len(d.Remarks()) != 1 {
					t.Errorf("%s at %d: %v, remarks %q", name, at, report, d.Remarks())
				}
			}
		}
	}
}
