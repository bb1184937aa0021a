package jpeg

import (
	"bytes"
	"strings"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// scansOf returns where the scan headers of a file begin, and where the data behind each begin and end.
func scansOf(data []byte) (headers [][]byte, begins, ends []int) {
	w := walker{data: data, off: 2}
	for {
		seg, err := w.next()
		if err != nil || seg.marker == mEOI {
			return headers, begins, ends
		}
		if seg.marker == mSOS {
			headers, begins = append(headers, seg.body), append(begins, w.off)
			w.off = scanEnd(data, w.off)
			ends = append(ends, w.off)
		}
	}
}

// restartsOf returns where the restart markers of data[begin:end] stand.
func restartsOf(data []byte, begin, end int) (at []int) {
	for i := begin; i+1 < end; i++ {
		if data[i] == 0xff && mRST0 <= data[i+1] && data[i+1] <= mRST7 {
			at = append(at, i)
		}
	}
	return at
}

// An interval that one scan of a progressive file lacks leaves the blocks of all others whole, also where later scans
// refine what that scan should have begun.
func TestIntervalOfAProgressiveScanIsLostAlone(t *testing.T) {
	for _, sampling := range samplings {
		v := variants(len(sampling.factors))["progressive restart"]
		s := newSubject(t, sampling.name, sampling.factors, v, 100, 90)
		headers, begins, ends := scansOf(s.data)
		for i, header := range headers {
			if header[0] != 1 || header[3] == 0 {
				continue // a scan of DC coefficients
			}
			marks := restartsOf(s.data, begins[i], ends[i])
			k := len(marks) / 2
			var d Decoder
			damaged := splice(s.data, marks[k-1]+2, marks[k])
			p, report := decode(t, &d, damaged, pixel.Scale{})
			if report.Err != errInterval {
				t.Errorf("%s, scan %d: an empty interval: %q", sampling.name, i, report.String())
			}
			number := int(header[1]) - int(s.header.Components[0].ID)
			for c := range p.N() {
				cols, rows := s.header.blocks(c)
				for b := range cols * rows {
					if c == number && b/v.restart == k {
						continue
					}
					at := b/cols*8*p.Plane[c].Stride + b%cols*8
					for y := range 8 {
						at := at + y*p.Plane[c].Stride
						if !bytes.Equal(p.Plane[c].Pix[at:at+8], s.planes[8][c][at:at+8]) {
							t.Fatalf("%s, scan %d lacks interval %d: block %d of component %d differs",
								sampling.name, i, k, b, c)
						}
					}
				}
			}
		}
	}
}

// Whole bytes behind the last MCU of a scan show that the scan may be damaged, though all of it can be decoded.
func TestBytesBehindAScanAreARemark(t *testing.T) {
	notUnderRace(t)
	eachSubject(t, func(t *testing.T, s *subject) {
		var d Decoder
		if decode(t, &d, s.data, pixel.Scale{}); len(d.Remarks()) > 0 {
			t.Errorf("a sound file: %q", d.Remarks())
		}
		_, _, ends := scansOf(s.data)
		for _, end := range ends {
			for _, n := range []int{1, 3, 20_000} {
				p, report := decode(t, &d, splice(s.data, end, end, bytes.Repeat([]byte{0x5a}, n)...), pixel.Scale{})
				said := strings.Join(d.Remarks(), "; ")
				if report.Err != nil || said != "a scan has bytes after its end, which were passed over" {
					t.Errorf("%d bytes behind a scan: %q, remarks %q", n, report.String(), said)
				}
				for i := range p.N() {
					if !bytes.Equal(p.Plane[i].Pix, s.planes[8][i]) {
						t.Errorf("%d bytes behind a scan: plane %d differs", n, i)
					}
				}
			}
		}
	})
}

// A scan may hold any number of markers with nothing between them. They do not fill the memory, and what follows them
// is read.
func TestManyMarkersTakeLittleMemory(t *testing.T) {
	for name, v := range variants(3) {
		if v.restart == 0 {
			continue
		}
		s := newSubject(t, name, samplings[3].factors, v, 61, 101)
		_, begins, ends := scansOf(s.data)
		for i := range begins {
			at := restartsOf(s.data, begins[i], ends[i])[1]
			for _, m := range []byte{0x02, s.data[at+1]} {
				for _, n := range []int{maxMarks - 1, maxMarks, 5*maxMarks + 3} {
					var d Decoder
					poison(&d, 0x5a)
					data := splice(s.data, at, at, bytes.Repeat([]byte{0xff, m}, n)...)
					p, report := decode(t, &d, data, pixel.Scale{})
					if cap(d.bits.marks) > 2*maxMarks {
						t.Errorf("%s: room for %d markers", name, cap(d.bits.marks))
					}
					if m != 0x02 {
						continue // intervals that hold nothing
					}
					if said := d.Remarks(); report.Err != nil || len(said) != 1 {
						t.Errorf("%s: %d markers without meaning: %q, remarks %q", name, n, report.String(), said)
					}
					for c := range p.N() {
						if !bytes.Equal(p.Plane[c].Pix, s.planes[8][c]) {
							t.Errorf("%s: %d markers without meaning: plane %d differs", name, n, c)
						}
					}
				}
			}
		}
	}
}

// A scan that comes again changes nothing, and what stands behind it is read.
func TestScanThatComesAgainIsPassedOver(t *testing.T) {
	notUnderRace(t)
	eachSubject(t, func(t *testing.T, s *subject) {
		headers, begins, ends := scansOf(s.data)
		for i, header := range headers {
			if i == len(headers)-1 && s.v.marker != mSOF2 {
				continue // what is behind all scans is not read
			}
			var d Decoder
			begin := begins[i] - len(header) - 4
			said := s.check(t, &d, splice(s.data, ends[i], ends[i], s.data[begin:ends[i]]...))
			if said == nil || said.Err != nil || len(d.Remarks()) != 1 {
				t.Errorf("scan %d comes again: %v, remarks %q", i, said, d.Remarks())
			}
		}
	})
}
