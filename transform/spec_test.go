package transform

import (
	"bytes"
	"image"
	"image/color"
	"reflect"
	"strings"
	"testing"
)

func TestSpecTextIsCanonical(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{" ; ;", ""},
		{"size=320", "size=320x320"},
		{"size=800X600,fit=Cover,gravity=smart", "size=800x600,fit=cover,gravity=smart"},
		{"size=800x;size=x600;size=50%", "size=800x;size=x600;size=50%"},
		{"size=150%,upscale", "size=150%,upscale=on"},
		{"size=800x600,fit=inside,filter=lanczos,upscale=off", "size=800x600"},
		{"blur=1.50;grayscale", "blur=1.5;grayscale"},
		{"grayscale;blur=1.5", "grayscale;blur=1.5"},
		{"blur=sigma", "error: operation blur: sigma \"sigma\": expected a number from 0.1 to 50"},
		{"sharpen", "sharpen"},
		{"sharpen=0.5", "sharpen"},
		{"sharpen=1e0", "sharpen=1"},
		{"rotate=-0", "rotate=0"},
		{"crop=50%x20,x=10,y=5%", "crop=50%x20,x=10,y=5%"},
		{"watermark=a%2Cb c.png,opacity=.50", "watermark=a%2Cb%20c.png,opacity=0.5"},
		{"text=© Anna%2C 2026 ,SIZE=4%,color=white,outline=Red,margin=3",
			"text=© Anna%2C 2026,outline=#ff0000,margin=3"},
		{"text=%20{stem}%20,font=a b.ttf,sha256=0123456789ABCDEF",
			"text=%20{stem}%20,font=a%20b.ttf,sha256=0123456789abcdef"},
		{"format=jpg;quality=85;background=white", "format=jpeg"},
		{"quality=90;format=keep;background=#F00;orient=off", "orient=off;background=#ff0000;quality=90"},
		{"background=#11223380", "background=#11223380"},
		{"resize=10x10;flip;resize=5x", "resize=10x10;flip;resize=5x"},

		{"size=0x5",
			`error: operation resize: size "0x5": expected WxH, Wx, xH, N or N%, ` +
				`such as 800x600, with sides from 1 to 65536`},
		{"size=150%", `error: operation resize: size "150%" makes images larger: expected at most 100%, or upscale=on`},
		{"size=320;size=320,fit=fill", `error: size "320" is asked for twice: expected sizes that differ`},
		{"size=", `error: operation resize: size "": expected WxH`},
		{"quality=101", `error: quality "101": expected a whole number from 1 to 100`},
		{"quality=85;quality=86", "error: setting quality is given twice: expected once"},
		{"format=heic", `error: format "heic": expected keep, jpeg, png, gif, tiff, bmp, webp, webp-lossless or avif`},
		{"background=#12", `error: color "#12": expected #rgb, #rrggbb, #rrggbbaa or a name`},
		{"blur", "error: operation blur: sigma is missing: expected blur=SIGMA"},
		{"blur=Inf", `error: operation blur: sigma "Inf": expected a number from 0.1 to 50`},
		{"blur=1,sigma=2", "error: operation blur: sigma is given twice"},
		{"blur=1,radius=2", `error: operation blur: unknown argument "radius": expected blur=SIGMA`},
		{"grayscale=1", `error: operation grayscale takes no value, but was given "1"`},
		{"explode", `error: operation "explode": expected one of blur, brightness, contrast, crop, `},
		{"crop=0x10", `error: operation crop: size "0x10": expected WxH in pixels or percent`},
		{"size=10,fit=square", `error: operation resize: fit "square": expected inside, cover, contain or fill`},
		{"orient=maybe", `error: orient "maybe": expected on or off`},
		{strings.Repeat("flip;", 101), "error: 101 sizes and operations are asked for: expected at most 100"},
	} {
		s, err := ParseSpec(c.in)
		if want, isError := strings.CutPrefix(c.want, "error: "); isError {
			if err == nil || !strings.HasPrefix(err.Error(), want) {
				t.Errorf("ParseSpec(%q): error %v, want %s", c.in, err, want)
			}
			continue
		}
		if err != nil {
			t.Errorf("ParseSpec(%q): %v", c.in, err)
			continue
		}
		if got := s.String(); got != c.want {
			t.Errorf("ParseSpec(%q).String() = %q, want %q", c.in, got, c.want)
		}
		again, err := ParseSpec(s.String())
		if err != nil || !reflect.DeepEqual(again, s) {
			t.Errorf("%q does not come back from its text: %v, error %v", c.in, again, err)
		}
	}
}

// TestSpecMadeByHand builds Specs as a command does from its flags, and expects the text that a person would have
// written.
func TestSpecMadeByHand(t *testing.T) {
	r, err := ParseResize("800x600")
	if err != nil {
		t.Fatal(err)
	}
	r.Fit, r.Gravity, r.Upscale = FitCover, "north", true
	op, err := ParseOp("blur=2")
	if err != nil {
		t.Fatal(err)
	}
	s := Spec{Sizes: []Resize{r, {Width: 320, Height: 320}}, Ops: []Op{op}, Formats: []Format{PNG}, Quality: 85,
		Background: "#000000"}
	if err := s.Validate(); err != nil {
		t.Error(err)
	}
	const want = "background=#000000;size=800x600,fit=cover,gravity=north,upscale=on;size=320x320;blur=2;format=png"
	if got := s.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if v := s.Variants(); len(v) != 2 || v[0].Label != "800x600" || v[1].Label != "320" {
		t.Errorf("variants %v", v)
	}
	for _, bad := range []Spec{
		{Quality: -1}, {Quality: 101}, {Formats: []Format{HEIC}}, {Formats: []Format{"xyz"}},
		{Formats: []Format{PNG, PNG}}, {Colors: 1}, {Effort: "none"}, {Metadata: "some"},
		{Background: "ivory"}, {Ops: []Op{{}}},
		{Sizes: []Resize{{}}},
		{Sizes: []Resize{{Width: -1, Height: 5}}}, {Sizes: []Resize{{Percent: 150}}},
		{Sizes: []Resize{{Width: 5, Fit: "odd"}}},
		{Sizes: []Resize{{Width: 5, Filter: "odd"}}},
	} {
		if bad.Validate() == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}

func TestSizesAreLabelledForFileNames(t *testing.T) {
	for text, want := range map[string]string{
		"320": "320", "800x600": "800x600", "800x": "800w", "x600": "600h", "50%": "50pct", "12.5%": "12_5pct",
	} {
		r, err := ParseResize(text)
		if err != nil || r.Label() != want {
			t.Errorf("%s: label %q, error %v, want %q", text, r.Label(), err, want)
		}
	}
}

func TestEveryOperationHasAnExampleThatParses(t *testing.T) {
	list := Operations()
	for i, o := range list {
		op, err := ParseOp(o.Example)
		if err != nil {
			t.Errorf("%s: %v", o.Example, err)
			continue
		}
		if op.Name() != o.Name || o.Doc == "" || !strings.HasPrefix(o.Usage, o.Name) {
			t.Errorf("%+v", o)
		}
		if i > 0 && list[i-1].Name >= o.Name {
			t.Errorf("%s is not in its alphabetical place", o.Name)
		}
		for _, a := range o.Args {
			if a.Doc == "" || a.Expected == "" || a.Name == "" {
				t.Errorf("%s: argument %+v", o.Name, a)
			}
		}
	}
}

func TestChangedLogoChangesTheSpec(t *testing.T) {
	s := mustSpec(t, "watermark=logo.png,opacity=0.5;flip;watermark=mark.gif")
	if got := s.AssetNames(); !reflect.DeepEqual(got, []string{"logo.png", "mark.gif"}) {
		t.Fatalf("asset names %v", got)
	}
	red := encoded(t, solid(8, 4, color.NRGBA{255, 0, 0, 255}), PNG)
	blue := encoded(t, solid(8, 4, color.NRGBA{0, 0, 255, 255}), PNG)
	with := func(logo, mark []byte) Spec {
		t.Helper()
		got, err := s.WithAssets(map[string][]byte{"logo.png": logo, "mark.gif": mark, "other": nil})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	a, b := with(red, red), with(blue, red)
	if a.String() == b.String() || a.String() == s.String() {
		t.Errorf("%q and %q should differ", a, b)
	}
	back, err := mustSpec(t, a.String()).WithAssets(a.Assets())
	if err != nil || back.String() != a.String() {
		t.Errorf("%q does not come back from its text and assets: %q, error %v", a, back, err)
	}
	if _, err := mustSpec(t, a.String()).WithAssets(b.Assets()); err == nil ||
		!strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("another logo is accepted for %q: %v", a, err)
	}
	for name, data := range map[string][]byte{"empty": {}, "html": []byte("<html>"), "cut": red[:40]} {
		if _, err := s.WithAssets(map[string][]byte{"logo.png": data, "mark.gif": red}); err == nil {
			t.Errorf("a logo that is %s is accepted", name)
		}
	}
	if _, err := s.WithAssets(nil); err == nil {
		t.Error("missing logos are accepted")
	}
	if !bytes.Equal(a.Assets()["logo.png"], red) {
		t.Error("the logo's bytes do not come back")
	}
}

func TestResizeGeometry(t *testing.T) {
	type g struct {
		text       string
		w, h       int
		canvas     image.Point
		picture    image.Point
		src        image.Rectangle
		offset     image.Point
		wantsWhole bool
	}
	whole := func(text string, w, h, cw, ch int) g {
		return g{text: text, w: w, h: h, canvas: image.Pt(cw, ch), picture: image.Pt(cw, ch),
			src: image.Rect(0, 0, w, h)}
	}
	for _, c := range []g{
		whole("800x600", 4000, 3000, 800, 600),
		whole("800x600", 3000, 4000, 450, 600),
		whole("800x600", 4000, 1000, 800, 200),
		whole("320", 4000, 3000, 320, 240),
		whole("320", 100, 50, 100, 50),
		whole("320,upscale", 100, 50, 320, 160),
		whole("800x", 1000, 333, 800, 266),
		whole("x600", 1000, 1200, 500, 600),
		whole("x600,upscale", 100, 300, 200, 600),
		whole("50%", 101, 51, 51, 26),
		whole("150%,upscale", 100, 51, 150, 77),
		whole("0.1%", 100, 50, 1, 1),
		whole("100x100", 10000, 10, 100, 1),
		whole("100x100", 100000, 1, 100, 1),
		whole("800x600,fit=fill", 1000, 1000, 800, 600),
		whole("800x600,fit=fill", 500, 1000, 500, 600),
		whole("800x600,fit=fill,upscale", 5, 10, 800, 600),
		{"400x300,fit=cover", 1000, 1000, image.Pt(400, 300), image.Pt(400, 300), image.Rect(0, 125, 1000, 875),
			image.Point{}, false},
		{"400x300,fit=cover,gravity=south", 1000, 1000, image.Pt(400, 300), image.Pt(400, 300),
			image.Rect(0, 250, 1000, 1000), image.Point{}, false},
		{"300x300,fit=cover,gravity=northeast", 1000, 600, image.Pt(300, 300), image.Pt(300, 300),
			image.Rect(400, 0, 1000, 600), image.Point{}, false},
		// Too small for the box: its shape remains.
		{"800x600,fit=cover", 500, 500, image.Pt(500, 375), image.Pt(500, 375), image.Rect(0, 62, 500, 437),
			image.Point{}, false},
		{"800x600,fit=cover,upscale", 500, 500, image.Pt(800, 600), image.Pt(800, 600), image.Rect(0, 62, 500, 437),
			image.Point{}, false},
		{"400x300,fit=contain", 1000, 1000, image.Pt(400, 300), image.Pt(300, 300), image.Rect(0, 0, 1000, 1000),
			image.Pt(50, 0), false},
		{"400x300,fit=contain,gravity=east", 1000, 1000, image.Pt(400, 300), image.Pt(300, 300),
			image.Rect(0, 0, 1000, 1000), image.Pt(100, 0), false},
		{"400x300,fit=contain", 100, 50, image.Pt(400, 300), image.Pt(100, 50), image.Rect(0, 0, 100, 50),
			image.Pt(150, 125), false},
	} {
		r, err := ParseResize(c.text)
		if err != nil {
			t.Fatal(err)
		}
		f := r.frame(c.w, c.h)
		got := g{text: c.text, w: c.w, h: c.h, canvas: image.Pt(f.canvasW, f.canvasH),
			picture: image.Pt(f.width, f.height), src: f.src, offset: f.offset}
		if got != c {
			t.Errorf("got %+v\nwant %+v", got, c)
		}
	}
}

// FuzzSpec holds the laws of the grammar: what parses prints, the print parses to the same, and prints the same again.
func FuzzSpec(f *testing.F) {
	for _, o := range Operations() {
		f.Add(o.Example)
	}
	f.Add("size=320;size=1280;grayscale;blur=1.5;format=jpeg;quality=90")
	f.Add("orient=off;background=#fff;crop=50%x20,x=10,y=5%;watermark=a%2Cb.png,margin=5%,sha256=0123456789abcdef")
	f.Add("text=%20{{a}}%0A{stem} ©,font=a.ttf,size=3%,color=#fff8,outline=black,opacity=0.5")
	f.Add("size=150%,upscale;rotate=-1e2;size=1x")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseSpec(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		canonical := s.String()
		again, err := ParseSpec(canonical)
		if err != nil {
			t.Fatalf("%q prints as %q, which does not parse: %v", text, canonical, err)
		}
		if !reflect.DeepEqual(s, again) || again.String() != canonical {
			t.Fatalf("%q prints as %q, which parses to %q", text, canonical, again)
		}
		if len(s.Variants()) < 1 {
			t.Fatal("no output")
		}
		if s.Need(Header{Format: JPEG, Width: 100, Height: 50, Orientation: 6}) <= 0 {
			t.Fatal("it needs no memory")
		}
	})
}
