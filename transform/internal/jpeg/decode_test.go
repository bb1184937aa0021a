package jpeg

import (
	"bytes"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"testing"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/pixel"
)

var samplings = []struct {
	name    string
	factors [][2]int
}{
	{"gray", [][2]int{{1, 1}}},
	{"444", [][2]int{{1, 1}, {1, 1}, {1, 1}}},
	{"422", [][2]int{{2, 1}, {1, 1}, {1, 1}}},
	{"420", [][2]int{{2, 2}, {1, 1}, {1, 1}}},
	{"440", [][2]int{{1, 2}, {1, 1}, {1, 1}}},
	{"411", [][2]int{{4, 1}, {1, 1}, {1, 1}}},
	{"410", [][2]int{{4, 2}, {1, 1}, {1, 1}}},
	{"odd", [][2]int{{3, 2}, {2, 1}, {1, 2}}},
	{"cmyk", [][2]int{{1, 1}, {1, 1}, {1, 1}, {1, 1}}},
	{"ycck", [][2]int{{2, 2}, {1, 1}, {1, 1}, {2, 2}}},
}

// variants are ways to write a picture of n components that all mean the same.
func variants(n int) map[string]variant {
	all := []int{0, 1, 2, 3}[:n]
	var apart, first, middle, last []scanSpec
	for i := range n {
		one := []int{i}
		apart = append(apart, scanSpec{comps: one, se: 63})
		first = append(first, scanSpec{one, 1, 5, 0, 2}, scanSpec{one, 6, 63, 0, 2})
		middle = append(middle, scanSpec{one, 1, 63, 2, 1})
		last = append(last, scanSpec{one, 1, 63, 1, 0})
	}
	progressive := append([]scanSpec{{all, 0, 0, 0, 1}}, first...)
	progressive = append(append(append(progressive, middle...), scanSpec{all, 0, 0, 1, 0}), last...)
	whole := []scanSpec{{comps: all, se: 63}}
	v := map[string]variant{
		"baseline":            {marker: mSOF0, scans: whole, adobe: -1},
		"extended":            {marker: mSOF1, scans: whole, adobe: -1},
		"restart":             {marker: mSOF0, scans: whole, restart: 4, adobe: -1},
		"restart every MCU":   {marker: mSOF0, scans: whole, restart: 1, fill: true, adobe: -1},
		"scans apart":         {marker: mSOF0, scans: apart, adobe: -1},
		"scans apart restart": {marker: mSOF0, scans: apart, restart: 3, adobe: -1},
		"progressive":         {marker: mSOF2, scans: progressive, adobe: -1},
		"progressive restart": {marker: mSOF2, scans: progressive, restart: 5, adobe: -1},
	}
	if n > 1 {
		v["two scans"] = variant{marker: mSOF0, scans: []scanSpec{{comps: all[:1], se: 63}, {comps: all[1:], se: 63}},
			adobe: -1}
	}
	return v
}

// decode decodes data or ends the test.
func decode(t testing.TB, d *Decoder, data []byte, s pixel.Scale) (*pixel.Planes, codec.Damage) {
	t.Helper()
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	p, report, err := d.Decode(data, &h, Options{Scale: s})
	if err != nil {
		t.Fatal(err)
	}
	return p, report
}

func TestEveryCodingAndSamplingGivesTheDefinedSamples(t *testing.T) {
	for _, sampling := range samplings {
		src := newSource(83, 61, sampling.factors, 12, 7)
		for name, v := range variants(len(sampling.factors)) {
			t.Run(sampling.name+"/"+name, func(t *testing.T) {
				data := src.write(v)
				var d Decoder
				for m := 1; m <= 8; m++ {
					p, damage := decode(t, &d, data, pixel.Scale{Luma: m, Chroma: m})
					if damage.Err != nil {
						t.Fatalf("scale %d/8: damage: %v", m, damage.Err)
					}
					checkSamples(t, src, p, m)
				}
			})
		}
	}
}

// checkSamples compares p with the definition of the inverse DCT at m/8.
func checkSamples(t *testing.T, src *source, p *pixel.Planes, m int) {
	t.Helper()
	for i, c := range src.comps {
		q := &p.Plane[i]
		worst, sum, n := 0.0, 0.0, 0
		for by := range c.rows {
			for bx := range c.cols {
				want := src.sample(&c.blocks[by*c.cols+bx], m)
				for y := 0; y < m && by*m+y < q.H; y++ {
					for x := 0; x < m && bx*m+x < q.W; x++ {
						got := float64(q.Pix[(by*m+y)*q.Stride+bx*m+x])
						worst = max(worst, math.Abs(got-want[y][x]))
						if _, frac := math.Modf(want[y][x]); math.Abs(frac-0.5) > 0.02 { // Halves go up.
							sum += got - want[y][x]
							n++
						}
					}
				}
			}
		}
		// What rounding does on its own is spread by 0.29.
		mean, bias := sum/float64(n), 0.01+4*0.29/math.Sqrt(float64(n))
		if worst > 0.75 || math.Abs(mean) > bias {
			t.Errorf("scale %d/8, plane %d: worst difference %.3f, mean %.4f; 0.75 and %.4f were expected at most", m,
				i, worst, mean, bias)
		}
	}
}

func TestMissingTablesAreTheTypicalOnes(t *testing.T) {
	src := newSource(40, 40, samplings[3].factors, 12, 3)
	v := variants(3)["baseline"]
	v.noTable = true
	p, damage := decode(t, new(Decoder), src.write(v), pixel.Scale{})
	if damage.Err != nil {
		t.Fatal(damage.Err)
	}
	checkSamples(t, src, p, 8)
}

func TestChromaHasItsOwnScale(t *testing.T) {
	src := newSource(83, 61, samplings[3].factors, 12, 7)
	data := src.write(variants(3)["baseline"])
	p, _ := decode(t, new(Decoder), data, pixel.Scale{Luma: 4, Chroma: 8})
	luma, chroma, extent := p.Plane[0], p.Plane[1], pixel.Extent{W: 41.5, H: 30.5}
	if luma.W != 42 || luma.H != 31 || chroma.W != 42 || chroma.H != 31 {
		t.Errorf("planes are %d×%d and %d×%d, both were to be 42×31", luma.W, luma.H, chroma.W, chroma.H)
	}
	if p.Extent[0] != extent || p.Extent[1] != extent {
		t.Errorf("extents are %v, two of %v were expected", p.Extent, extent)
	}
	full, _ := decode(t, new(Decoder), data, pixel.Scale{})
	for y := range chroma.H {
		got, want := chroma.Pix[y*chroma.Stride:][:chroma.W], full.Plane[1].Pix[y*full.Plane[1].Stride:][:chroma.W]
		if !bytes.Equal(got, want) {
			t.Fatalf("row %d of chroma differs from a full decode", y)
		}
	}
}

func TestKindFollowsSegments(t *testing.T) {
	for _, c := range []struct {
		n, adobe int
		want     pixel.Kind
	}{{1, -1, pixel.Gray}, {3, -1, pixel.YCbCr}, {3, 0, pixel.RGB}, {3, 1, pixel.YCbCr}, {4, -1, pixel.CMYK},
		{4, 0, pixel.CMYK}, {4, 2, pixel.YCCK}} {
		factors := make([][2]int, c.n)
		for i := range factors {
			factors[i] = [2]int{1, 1}
		}
		v := variants(c.n)["baseline"]
		v.adobe = c.adobe
		h, err := ReadHeader(newSource(8, 8, factors, 3, 1).write(v))
		if err != nil || h.Kind != c.want || h.Adobe != c.adobe {
			t.Errorf("%d components, Adobe %d: got %v, Adobe %d, %v; %v was expected", c.n, c.adobe, h.Kind, h.Adobe,
				err, c.want)
		}
	}
}

func TestWhatCamerasWriteIsRead(t *testing.T) {
	src := newSource(50, 50, samplings[2].factors, 12, 2)
	data := src.write(variants(3)["baseline"])
	eoi := len(data) - 2
	want, _ := decode(t, new(Decoder), data, pixel.Scale{})
	for name, file := range map[string][]byte{
		"data after EOI": append(bytes.Clone(data), bytes.Repeat([]byte{0xff, 0xd8, 0xff, 0xc3, 0, 1}, 50)...),
		"no EOI":         data[:eoi],
		"half an EOI":    data[:eoi+1],
		"fill bytes":     append(append([]byte{0xff, mSOI, 0xff, 0xff, 0xff}, data[2:eoi]...), 0xff, 0xff, mEOI),
		"odd segments": append([]byte{0xff, mSOI, 0xff, 0xe5, 0, 2, 0xff, mCOM, 0, 3, 0, 0xff, 0xe0, 0, 4, 'J',
			'F'}, data[2:]...),
		"stray bytes":          append([]byte{0xff, mSOI, 0, 1, 2}, data[2:]...),
		"RST after the scan":   append(bytes.Clone(data[:eoi]), 0xff, mRST0, 0xff, mEOI),
		"zeros after the scan": append(append(bytes.Clone(data[:eoi]), make([]byte, 99)...), 0xff, mEOI),
	} {
		got, damage := decode(t, new(Decoder), file, pixel.Scale{})
		if damage.Err != nil {
			t.Errorf("%s: damage: %v", name, damage.Err)
		}
		for i := range 3 {
			if !bytes.Equal(got.Plane[i].Pix, want.Plane[i].Pix) {
				t.Errorf("%s: plane %d differs", name, i)
			}
		}
	}
	progressive := src.write(variants(3)["progressive"])
	if _, damage := decode(t, new(Decoder), progressive[:len(progressive)-2], pixel.Scale{}); damage.Err != nil {
		t.Errorf("a complete progressive file without EOI: damage: %v", damage.Err)
	}
}

func TestHeaderErrorsSayWhatIsWrong(t *testing.T) {
	data := newSource(16, 16, samplings[1].factors, 3, 1).write(variants(3)["baseline"])
	sof := bytes.Index(data, []byte{0xff, mSOF0})
	with := func(at int, v ...byte) []byte {
		b := bytes.Clone(data)
		copy(b[at:], v)
		return b
	}
	for _, c := range []struct {
		name        string
		data        []byte
		unsupported bool
		text        string
	}{
		{"empty", nil, false, "the file does not begin as a JPEG does (ff d8)"},
		{"HTML", []byte("<html>"), false, "the file does not begin as a JPEG does (ff d8)"},
		{"arithmetic", with(sof+1, 0xc9), true, "arithmetic coding (marker ffc9) cannot be read"},
		{"lossless", with(sof+1, 0xc3), true, "lossless coding (marker ffc3) cannot be read"},
		{"12 bits", with(sof+4, 12), true, "a precision of 12 bits cannot be read"},
		{"no height", with(sof+5, 0, 0), true, "a height that stands after the first scan (DNL) cannot be read"},
		{"no width", with(sof+7, 0, 0), false, "the picture is 0 pixels wide"},
		{"sampling", with(sof+11, 0x15), false, "component 0 has sampling factors 1×5, 1 to 4 were expected"},
		{"no scan", data[:sof+19], false, "the file ends where a marker was expected"},
		{"cut segment", data[:sof+9], false, "the file ends inside a segment"},
	} {
		_, err := ReadHeader(c.data)
		if err == nil || err.Error() != c.text || errors.As(err, new(codec.Unsupported)) != c.unsupported {
			t.Errorf("%s: error is %q, %q was expected", c.name, err, c.text)
		}
	}
}

func TestProfileIsPutTogether(t *testing.T) {
	profile := bytes.Repeat([]byte("a color profile of some length. "), 5000)
	p := &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{{Pix: make([]byte, 64), Stride: 8, W: 8, H: 8}}}
	var e Encoder
	data, err := e.Append(nil, p, EncodeOptions{ICC: profile})
	if err != nil {
		t.Fatal(err)
	}
	h, err := ReadHeader(data)
	if err != nil || !bytes.Equal(h.ICC(), profile) {
		t.Errorf("the profile has %d bytes, %d were written; %v", len(h.ICC()), len(profile), err)
	}
	// Without its second part there is no profile.
	at := bytes.LastIndex(data, []byte(iccHeader+"\x02\x03"))
	data[at] = 'x'
	if h, err := ReadHeader(data); err != nil || h.ICC() != nil {
		t.Errorf("a profile with a part missing has %d bytes; %v", len(h.ICC()), err)
	}
}

// compare returns the largest difference and the mean, but for 16 samples, between p's planes and an image of the
// standard library; ok is false for an image that was converted.
func compare(p *pixel.Planes, m image.Image) (worst int, mean float64, ok bool) {
	var ref []pixel.Plane
	switch m := m.(type) {
	case *image.Gray:
		ref = []pixel.Plane{{Pix: m.Pix, Stride: m.Stride}}
	case *image.YCbCr:
		ref = []pixel.Plane{{Pix: m.Y, Stride: m.YStride}, {Pix: m.Cb, Stride: m.CStride},
			{Pix: m.Cr, Stride: m.CStride}}
	default:
		return 0, 0, false
	}
	sum, n := 0, 0
	for i, r := range ref {
		q := p.Plane[i]
		for y := range q.H {
			a, b := q.Pix[y*q.Stride:][:q.W], r.Pix[y*r.Stride:][:q.W]
			for x := range a {
				d := int(a[x]) - int(b[x])
				d = max(d, -d)
				sum += d
				worst = max(worst, d)
			}
			n += q.W
		}
	}
	return worst, float64(max(sum-16, 0)) / float64(n), true
}

func TestImageJPEGAgreesOnOwnFiles(t *testing.T) {
	for _, sampling := range samplings[:6] {
		src := newSource(83, 61, sampling.factors, 12, 4)
		for name, v := range variants(len(sampling.factors)) {
			if v.restart > 0 && len(v.scans) > 1 && len(src.comps) > 1 {
				continue // image/jpeg counts the MCUs of such scans as if they were interleaved.
			}
			data := src.write(v)
			p, _ := decode(t, new(Decoder), data, pixel.Scale{})
			m, err := stdjpeg.Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("%s %s: %v", sampling.name, name, err)
			}
			if worst, mean, ok := compare(p, m); !ok || worst > 2 || mean > 0.05 {
				t.Errorf("%s %s: differs by %d at most, %.4f in the mean", sampling.name, name, worst, mean)
			}
		}
	}
}
