package jpeg

import (
	"bytes"
	"fmt"
	"image"
	stdjpeg "image/jpeg"
	"math"
	"math/rand/v2"
	"testing"

	"imgpipe/transform/internal/pixel"
)

// scene makes planes with edges, gradients and noise, w×h pixels with chroma divided by h and v.
func scene(kind pixel.Kind, w, h, cw, ch int) *pixel.Planes {
	rnd := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := &pixel.Planes{Kind: kind}
	for i := range p.N() {
		q := pixel.Plane{W: w, H: h, Stride: w + 5*i}
		if i > 0 {
			q.W, q.H, q.Stride = ceilDiv(w, cw), ceilDiv(h, ch), ceilDiv(w, cw)+3
		}
		q.Pix = make([]byte, q.Stride*q.H)
		for y := range q.H {
			for x := range q.W {
				v := 128 + 60*math.Sin(float64(x)/9+float64(i)) + 50*math.Cos(float64(y*x)/300) + 6*rnd.NormFloat64()
				if (x/23+y/17)%5 == 0 {
					v = float64(255 * (x & 1))
				}
				q.Pix[y*q.Stride+x] = byte(min(max(v, 0), 255))
			}
		}
		p.Plane[i] = q
	}
	return p
}

func planePSNR(a, b *pixel.Plane) float64 {
	sum := 0.0
	for y := range a.H {
		for x := range a.W {
			d := float64(a.Pix[y*a.Stride+x]) - float64(b.Pix[y*b.Stride+x])
			sum += d * d
		}
	}
	return 10 * math.Log10(255*255*float64(a.W*a.H)/max(sum, 1e-9))
}

func TestEncodedPlanesComeBack(t *testing.T) {
	var e Encoder
	for _, size := range [][2]int{{1, 1}, {8, 8}, {15, 17}, {16, 16}, {33, 7}, {7, 130}, {200, 150}} {
		for _, c := range []struct {
			kind   pixel.Kind
			cw, ch int
		}{{pixel.Gray, 1, 1}, {pixel.YCbCr, 1, 1}, {pixel.YCbCr, 2, 1}, {pixel.YCbCr, 1, 2}, {pixel.YCbCr, 2, 2}} {
			for _, quality := range []int{100, 0} {
				p := scene(c.kind, size[0], size[1], c.cw, c.ch)
				name := fmt.Sprintf("%v %d×%d chroma ÷%d÷%d quality %d", c.kind, size[0], size[1], c.cw, c.ch,
					quality)
				typical, err := e.Append([]byte("before"), p, EncodeOptions{Quality: quality})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				var ok bool
				if typical, ok = bytes.CutPrefix(typical, []byte("before")); !ok {
					t.Fatalf("%s: what was in dst is gone", name)
				}
				optimized, err := e.Append(nil, p, EncodeOptions{Quality: quality, Optimize: true})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if len(optimized) > len(typical) {
					t.Errorf("%s: optimized tables give %d bytes, the typical ones %d", name, len(optimized),
						len(typical))
				}
				var d, d2 Decoder
				got, damage := decode(t, &d, typical, pixel.Scale{})
				again, damage2 := decode(t, &d2, optimized, pixel.Scale{})
				if damage.Err != nil || damage2.Err != nil {
					t.Fatalf("%s: damage: %v, %v", name, damage.Err, damage2.Err)
				}
				least := 27.0
				if quality == 100 {
					least = 50
				}
				for i := range p.N() {
					a, b := &p.Plane[i], &got.Plane[i]
					if a.W != b.W || a.H != b.H {
						t.Fatalf("%s: plane %d is %d×%d", name, i, b.W, b.H)
					}
					if x := planePSNR(a, b); x < least {
						t.Errorf("%s: plane %d: %.1f dB, %v was expected at least", name, i, x, least)
					}
					if !bytes.Equal(got.Plane[i].Pix, again.Plane[i].Pix) {
						t.Errorf("%s: plane %d differs with optimized tables", name, i)
					}
				}
				if m, err := stdjpeg.Decode(bytes.NewReader(optimized)); err != nil || m.Bounds().Dx() != size[0] ||
					m.Bounds().Dy() != size[1] {
					t.Errorf("%s: image/jpeg: %v", name, err)
				}
			}
		}
	}
}

func TestEncodingIsAtLeastAsFaithfulAsStandardLibrary(t *testing.T) {
	p := scene(pixel.YCbCr, 400, 300, 2, 2)
	for i := range 3 { // image.YCbCr wants both strides alike.
		q := &p.Plane[i]
		pix := make([]byte, 0, q.W*q.H)
		for y := range q.H {
			pix = append(pix, q.Pix[y*q.Stride:][:q.W]...)
		}
		q.Pix, q.Stride = pix, q.W
	}
	m := &image.YCbCr{Y: p.Plane[0].Pix, Cb: p.Plane[1].Pix, Cr: p.Plane[2].Pix, YStride: 400, CStride: 200,
		SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, 400, 300)}
	for _, quality := range []int{30, 85, 100} {
		own, err := new(Encoder).Append(nil, p, EncodeOptions{Quality: quality})
		if err != nil {
			t.Fatal(err)
		}
		var std bytes.Buffer
		if err := stdjpeg.Encode(&std, m, &stdjpeg.Options{Quality: quality}); err != nil {
			t.Fatal(err)
		}
		var d, d2 Decoder
		a, _ := decode(t, &d, own, pixel.Scale{})
		b, _ := decode(t, &d2, std.Bytes(), pixel.Scale{})
		for i := range 3 {
			ours, theirs := planePSNR(&p.Plane[i], &a.Plane[i]), planePSNR(&p.Plane[i], &b.Plane[i])
			if ours < theirs-0.01 {
				t.Errorf("quality %d, plane %d: %.3f dB, image/jpeg has %.3f", quality, i, ours, theirs)
			}
		}
		if len(own) > std.Len()*1005/1000 {
			t.Errorf("quality %d: %d bytes, image/jpeg has %d", quality, len(own), std.Len())
		}
	}
}

// A picture of too many coefficients to keep is transformed twice, to the same file.
func TestCoefficientsThatAreNotKeptAreMadeAgain(t *testing.T) {
	for _, p := range []*pixel.Planes{
		scene(pixel.Gray, 300, 200, 1, 1), scene(pixel.YCbCr, 300, 200, 2, 2), scene(pixel.YCbCr, 301, 203, 1, 1),
	} {
		o := EncodeOptions{Quality: 90, Optimize: true}
		var kept, made Encoder
		want, err := kept.Append(nil, p, o)
		if err != nil {
			t.Fatal(err)
		}
		made.fewer = maxEntries - 500
		for range 2 { // what is left of the first does not show in the second
			got, err := made.Append(nil, p, o)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: %d bytes, %v: expected the same %d", p.Kind, len(got), err, len(want))
			}
		}
		if cap(made.entries) > 16<<10 {
			t.Errorf("%v: there was room for %d coefficients", p.Kind, cap(made.entries))
		}
	}
}

func TestFlatPictureStaysFlat(t *testing.T) {
	for v := range 256 {
		plane := pixel.Plane{Pix: bytes.Repeat([]byte{byte(v)}, 400), Stride: 20, W: 20, H: 20}
		p := &pixel.Planes{Kind: pixel.Gray, Plane: [4]pixel.Plane{plane}}
		data, err := new(Encoder).Append(nil, p, EncodeOptions{Quality: 100, Optimize: true})
		if err != nil {
			t.Fatal(err)
		}
		for m := 1; m <= 8; m++ {
			got, _ := decode(t, new(Decoder), data, pixel.Scale{Luma: m, Chroma: m})
			for _, x := range got.Plane[0].Pix {
				if int(x) != v {
					t.Fatalf("value %d is %d at %d/8", v, x, m)
				}
			}
		}
	}
}

// With Fibonacci numbers for frequencies the best code would be far longer than 16 bits.
func TestCodesAreNeverOverSixteenBits(t *testing.T) {
	var freq [257]int
	a, b := 1, 1
	for i := range 60 {
		freq[i] = a
		a, b = b, a+b
	}
	spec := shortest(&freq)
	space, n := 0, 0
	for i, c := range spec.counts {
		space += int(c) << (15 - i)
		n += int(c)
	}
	if n != 60 || len(spec.symbols) != 60 || space >= 1<<16 {
		t.Errorf("%d codes for %d symbols take %d of 65536, 60 and less were expected", n, len(spec.symbols), space)
	}
	if err := new(huffTable).define(spec.counts[:], spec.symbols); err != nil {
		t.Error(err)
	}
}

func TestEncoderErrorsSayWhatIsWrong(t *testing.T) {
	good := func() *pixel.Planes { return scene(pixel.YCbCr, 40, 40, 2, 2) }
	for _, c := range []struct {
		text string
		o    EncodeOptions
		mend func(p *pixel.Planes)
	}{
		{"the picture is CMYK, Gray or YCbCr was expected", EncodeOptions{},
			func(p *pixel.Planes) { p.Kind = pixel.CMYK }},
		{"the picture has 0×40 pixels, 1 to 65535 were expected", EncodeOptions{},
			func(p *pixel.Planes) { p.Plane[0].W = 0 }},
		{"the chroma planes are 19 wide, 40 or 20 was expected", EncodeOptions{},
			func(p *pixel.Planes) { p.Plane[1].W, p.Plane[2].W = 19, 19 }},
		{"the chroma planes are 19 high, 40 or 20 was expected", EncodeOptions{},
			func(p *pixel.Planes) { p.Plane[1].H, p.Plane[2].H = 19, 19 }},
		{"the two chroma planes differ in size", EncodeOptions{}, func(p *pixel.Planes) { p.Plane[1].W = 19 }},
		{"plane 0 has 1600 samples and rows of 41, too few for 40×40", EncodeOptions{},
			func(p *pixel.Planes) { p.Plane[0].Stride = 41 }},
		{"quality is 101, 1 to 100 was expected", EncodeOptions{Quality: 101}, func(*pixel.Planes) {}},
	} {
		p := good()
		c.mend(p)
		if _, err := new(Encoder).Append(nil, p, c.o); err == nil || err.Error() != c.text {
			t.Errorf("error is %v, %q was expected", err, c.text)
		}
	}
}

func FuzzEncode(f *testing.F) {
	f.Add(uint8(20), uint8(20), uint8(3), uint8(85), []byte("some noise"))
	f.Add(uint8(1), uint8(9), uint8(0), uint8(100), []byte{0, 255})
	f.Add(uint8(40), uint8(33), uint8(16), uint8(60), []byte("more noise"))
	f.Fuzz(func(t *testing.T, w, h, form, quality uint8, noise []byte) {
		p := &pixel.Planes{Kind: pixel.YCbCr}
		if form&4 != 0 {
			p.Kind = pixel.Gray
		}
		for i := range p.N() {
			q := pixel.Plane{W: int(w)%70 + 1, H: int(h)%70 + 1}
			if i > 0 {
				q.W, q.H = ceilDiv(q.W, 1+int(form&1)), ceilDiv(q.H, 1+int(form>>1&1))
			}
			q.Stride = q.W
			q.Pix = make([]byte, q.W*q.H)
			for j := range q.Pix {
				if len(noise) > 0 {
					q.Pix[j] = noise[(j*(i+1)+j/7)%len(noise)]
				}
			}
			p.Plane[i] = q
		}
		o := EncodeOptions{Quality: int(quality)%100 + 1, Optimize: form&8 != 0, Progressive: form&16 != 0}
		data, err := new(Encoder).Append(nil, p, o)
		if err != nil {
			t.Fatal(err)
		}
		got, damage := decode(t, new(Decoder), data, pixel.Scale{})
		if damage.Err != nil {
			t.Fatal(damage.Err)
		}
		for i := range p.N() {
			a, b := &p.Plane[i], &got.Plane[i]
			if a.W != b.W || a.H != b.H {
				t.Fatalf("plane %d is %d×%d, %d×%d was expected", i, b.W, b.H, a.W, a.H)
			}
			if x := planePSNR(a, b); o.Quality == 100 && x < 48 {
				t.Errorf("plane %d: %.1f dB at quality 100, 48 was expected at least", i, x)
			}
		}
		m, err := stdjpeg.Decode(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		// A block whose samples lie between two values repeats as the noise does, and two inverse DCTs may round all of
		// it differently.
		if worst, mean, ok := compare(got, m); !ok || worst > 2 || mean > 0.5 {
			t.Errorf("image/jpeg decodes it with differences of %d, %.4f in the mean", worst, mean)
		}
	})
}
