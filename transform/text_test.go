package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gomono"

	"imgpipe/transform/internal/lettering"
)

// textSpec returns the Spec of a text, in which the font "f" is Go Mono.
func textSpec(t testing.TB, text string) Spec {
	t.Helper()
	spec, err := mustSpec(t, text).WithAssets(map[string][]byte{"f": gomono.TTF})
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// inkOf returns the box of the pixels in which two images differ.
func inkOf(a, b image.Image) (box image.Rectangle) {
	for y := range a.Bounds().Dy() {
		for x := range a.Bounds().Dx() {
			p, q := a.Bounds().Min.Add(image.Pt(x, y)), b.Bounds().Min.Add(image.Pt(x, y))
			if color.NRGBAModel.Convert(a.At(p.X, p.Y)) != color.NRGBAModel.Convert(b.At(q.X, q.Y)) {
				box = box.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return box
}

// TestTextStandsWhereItIsAsked has each place, several sizes, and a line around the letters: ink is within the margin,
// near the sides that gravity names, and as large as the size says.
func TestTextStandsWhereItIsAsked(t *testing.T) {
	const w, h = 300, 200
	base := solid(w, h, color.NRGBA{0, 0, 0, 255})
	for _, gravity := range compassWords {
		for _, more := range []string{"", ",outline=#808080", ",font=f"} {
			spec := textSpec(t, fmt.Sprintf("text=HgÅ,size=40,margin=20,gravity=%s%s;format=png", gravity, more))
			res, err := Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: spec})
			if err != nil || len(res.Warnings) > 0 {
				t.Fatal(err, res.Warnings)
			}
			ink := inkOf(base, decoded(t, res.Outputs[0].Data, PNG))
			if !ink.In(image.Rect(20, 20, w-20, h-20)) || ink.Dy() < 36 || ink.Dy() > 52 {
				t.Errorf("%s%s: ink at %v", gravity, more, ink)
			}
			for side, off := range map[string]int{
				"north": ink.Min.Y - 20, "south": h - 20 - ink.Max.Y,
				"west": ink.Min.X - 20, "east": w - 20 - ink.Max.X,
			} {
				if near := off <= 6; near != strings.Contains(gravity, side) {
					t.Errorf("%s%s: the ink is %d pixels from the %s", gravity, more, off, side)
				}
			}
		}
	}
}

// TestTextSizeIsThatOfTheOutput has a size and a margin in percent: on an output twice as large, ink is twice as large.
func TestTextSizeIsThatOfTheOutput(t *testing.T) {
	base := solid(640, 480, color.NRGBA{0, 0, 0, 255})
	var ink []image.Rectangle
	for _, size := range []string{"160x120", "320x240", "640x480"} {
		got := one(t, base, "size="+size+";text=Hg,size=20%,margin=10%,gravity=northwest")
		ink = append(ink, inkOf(solid(got.Bounds().Dx(), got.Bounds().Dy(), color.NRGBA{0, 0, 0, 255}), got))
	}
	for i, box := range ink[1:] {
		half := ink[i]
		for _, pair := range [][2]int{{box.Min.X, half.Min.X}, {box.Max.X, half.Max.X}, {box.Max.Y, half.Max.Y}} {
			if d := pair[0] - 2*pair[1]; d < -3 || d > 3 {
				t.Errorf("ink at %v of one size, and at %v of twice that", half, box)
			}
		}
	}
}

// TestTextIsMadeSmallerToFit has long texts and small images: no letter is cut, or nothing is written and that is said.
func TestTextIsMadeSmallerToFit(t *testing.T) {
	for _, size := range []image.Point{{400, 40}, {90, 60}, {30, 200}, {12, 9}, {3, 3}, {1, 1}, {200, 1}} {
		base := solid(size.X, size.Y, color.NRGBA{0, 0, 0, 255})
		spec := mustSpec(t, "text=WWWWWWWWWWWWWWWW%0AW,size=500,margin=1,outline=red;format=png")
		res, err := Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: spec})
		if err != nil {
			t.Fatal(err)
		}
		ink := inkOf(base, decoded(t, res.Outputs[0].Data, PNG))
		said := len(res.Warnings) == 1 && strings.Contains(res.Warnings[0], "no room for it")
		if ink.Empty() != said || !ink.In(image.Rectangle{Max: size}.Inset(min(1, (size.X-1)/2, (size.Y-1)/2))) {
			t.Errorf("%v: ink at %v, warnings %q", size, ink, res.Warnings)
		}
	}
}

// TestTextIsLaidOverLikeInk compares the blending with floats, for all alphas of a pixel and many of the ink.
func TestTextIsLaidOverLikeInk(t *testing.T) {
	for below := range 256 {
		for alpha := uint64(0); alpha <= 65025; alpha += 499 {
			pix := []byte{200, 10, 90, byte(below)}
			ink(pix, [3]uint64{20, 255, 90}, alpha)
			a, b := float64(alpha)/65025, float64(below)/255
			sum := a + b*(1-a)
			for i, c := range [][2]float64{{20, 200}, {255, 10}, {90, 90}} {
				want := c[1]
				if sum > 0 {
					want = (c[0]*a + c[1]*b*(1-a)) / sum
				}
				if d := float64(pix[i]) - want; d < -0.51 || d > 0.51 {
					t.Fatalf("ink %d over alpha %d: channel %d is %d: expected %.2f", alpha, below, i, pix[i], want)
				}
			}
			if d := float64(pix[3]) - 255*sum; d < -0.51 || d > 0.51 {
				t.Fatalf("ink %d over alpha %d: alpha is %d: expected %.2f", alpha, below, pix[3], 255*sum)
			}
		}
	}
}

// TestTextIsTheLastStepOfAll holds the law of an operation, for every format in and every lossless one out: text in the
// same Spec as a resize and a turn writes what it writes on their output.
func TestTextIsTheLastStepOfAll(t *testing.T) {
	const text = "text=Ä{w}x{h}%0A©,size=15,outline=black,opacity=0.7,color=#ffee0080"
	veiled := scene(90, 70)
	for i := 3; i < len(veiled.Pix); i += 4 {
		veiled.Pix[i] = byte(i / 40)
	}
	sources := map[string][]byte{
		"turned": withOrientation(encoded(t, scene(90, 70), JPEG), 6), "veiled": encoded(t, veiled, PNG),
		"gray": encoded(t, grayScene(90, 70), PNG), "lossy webp": lossyWebP(t),
	}
	for _, f := range outputFormats {
		sources[string(f)] = encoded(t, scene(90, 70), f)
	}
	for name, data := range sources {
		for _, out := range []string{"png", "tiff", "webp-lossless"} {
			both := do(t, data, "size=60x60;"+text+";format="+out).Outputs[0]
			before := do(t, data, "size=60x60;format=png").Outputs[0]
			after := do(t, before.Data, text+";format="+out).Outputs[0]
			f := Format(out)
			if d := difference(decoded(t, both.Data, f), decoded(t, after.Data, f)); d != 0 {
				t.Errorf("%s to %s: at once and after another differ by %v levels", name, out, d)
			}
			if ink := inkOf(decoded(t, before.Data, PNG), decoded(t, both.Data, f)); ink.Empty() {
				t.Errorf("%s to %s: nothing was written", name, out)
			}
		}
	}
}

func grayScene(w, h int) image.Image {
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(3 * i)
	}
	return img
}

// TestGrayTextLeavesPicturesGray has text on a gray JPEG: the output has one component if the text has no color.
func TestGrayTextLeavesPicturesGray(t *testing.T) {
	gray := encoded(t, grayScene(80, 60), JPEG)
	for text, colored := range map[string]bool{
		"text=Hello,size=20": false, "text=Hello,size=20,color=#777,outline=black,opacity=0.3": false,
		"text=Hello,size=20,color=red": true, "text=Hello,size=20,outline=blue": true,
	} {
		img := decoded(t, do(t, gray, text+";quality=95").Outputs[0].Data, JPEG)
		if _, isGray := img.(*image.Gray); isGray == colored {
			t.Errorf("%s: the output is a %T", text, img)
		}
	}
}

// TestTextKnowsTheImage has each field, for an image of which everything is known and for one of which nothing is.
func TestTextKnowsTheImage(t *testing.T) {
	taken := photo(t, photoEXIF(binary.LittleEndian, nil), nil, nil) // which lies on its side
	for field, want := range map[string]string{
		"{stem}": "IMG 1", "{date}": "2026-11-27", "{time}": "08:15:00", "{year}": "2026", "{camera}": "Maker Model 1",
		"{w}": "32", "{h}": "48",
	} {
		do := func(text string, data []byte) Result {
			t.Helper()
			task := Task{Data: data, Spec: mustSpec(t, "text=<"+text+">,size=40%;format=png"), Name: "IMG 1"}
			res, err := Do(context.Background(), task)
			if err != nil {
				t.Fatal(err)
			}
			return res
		}
		known, plain, other := do(field, taken), do(want, taken), do("-", taken)
		if !bytes.Equal(known.Outputs[0].Data, plain.Outputs[0].Data) || len(known.Warnings) > 0 ||
			bytes.Equal(known.Outputs[0].Data, other.Outputs[0].Data) {
			t.Errorf("%s does not write what %q does: %q", field, want, known.Warnings)
		}
		known = do(field, encoded(t, scene(48, 32), JPEG))
		size := field == "{w}" || field == "{h}" || field == "{stem}"
		if said := len(known.Warnings) == 1 && strings.Contains(known.Warnings[0], field+" is left out"); said == size {
			t.Errorf("%s of an image without metadata: warnings %q", field, known.Warnings)
		}
	}
	for text, want := range map[string]string{
		"© {year} Anna": "© Anna", "{date} {time} a": "a", "a{year}b": "ab", "a {year}": "a ", "{camera}  b": " b",
	} {
		j := newJob(context.Background(), Spec{}, Limits{})
		if got := j.fill(text, lettering.Builtin(), image.Point{}); got != want {
			t.Errorf("%q of an image without metadata is %q, expected %q", text, got, want)
		}
	}
	if len(textFields) != 7 {
		t.Errorf("%d fields: this test has 7", len(textFields))
	}
}

// TestNamesThatCannotBeWrittenAreSaid has the names of strangers' files.
func TestNamesThatCannotBeWrittenAreSaid(t *testing.T) {
	data := encoded(t, scene(200, 60), PNG)
	write := func(text, name string) Result {
		res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "text="+text), Name: name})
		if err != nil {
			t.Fatalf("%q: %v", name, err)
		}
		return res
	}
	for name, shown := range map[string]string{
		"漢字": "??", "a\x00b\nc": "a?b?c", "\xff": "\ufffd", "שלום": "????", "{date}": "{{date}}",
		"50%;x,y": "50%25%3Bx%2Cy",
	} {
		got, want := write("{stem}", name), write(shown, "")
		if !bytes.Equal(got.Outputs[0].Data, want.Outputs[0].Data) {
			t.Errorf("%q is not written as %q", name, shown)
		}
		if said := len(got.Warnings) == 1; said != strings.Contains(shown, "?") {
			t.Errorf("%q: warnings %q", name, got.Warnings)
		}
	}
	write("{stem}", strings.Repeat("long ", 100000))
}

// TestTextThatCannotBeWrittenIsRefused has what is wrong named before there is an image.
func TestTextThatCannotBeWrittenIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"text=漢字":                                "'漢' (U+6F22): expected font=FILE.ttf",
		"text=שלום":                              "'ש' (U+05E9) is of a script",
		"text={foo}":                             `text "{foo}" has a brace without a meaning: expected {stem} {date}`,
		"text=a}":                                "has a brace without a meaning",
		"text=":                                  `text "": expected text, in which %2C`,
		"text=a%":                                "expected text, in which %2C",
		"text=a%ff":                              "expected text, in which %2C",
		"text=a%09b":                             "expected text, in which %2C",
		"text=a,size=0":                          `size "0": expected at least a pixel`,
		"text=a,size=x":                          `size "x": expected pixels`,
		"text=a,color=x":                         `color "x": expected #rgb`,
		"text=a,outline=x":                       `outline "x": expected #rgb`,
		"text=a,opacity=2":                       `opacity "2": expected a number from 0 to 1`,
		"text=a, b":                              `unknown argument "b": expected text=TEXT`,
		"text=" + strings.Repeat("x", maxText+1): "expected text, in which %2C",
	} {
		if _, err := ParseSpec(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v: expected %q", text, err, want)
		}
	}
	for font, want := range map[string]string{
		"this is not a font at all": `font "f": it is no font`, string(gomono.TTF[:5000]): `font "f": it is damaged`,
		string(gomono.TTF): `font "f": text "漢": the font has no '漢'`,
	} {
		if _, err := mustSpec(t, "text=漢,font=f").WithAssets(map[string][]byte{"f": []byte(font)}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("%v: expected %q", err, want)
		}
	}
	_, err := Do(context.Background(), Task{Data: encoded(t, scene(9, 9), PNG), Spec: mustSpec(t, "text=a,font=f")})
	if class(err) != ClassOperation || !strings.Contains(err.Error(), "expected WithAssets") {
		t.Errorf("without its font: %v", err)
	}
}

// TestAFontIsPartOfASpec has a font and an image of one Spec: its text names the content of both, and it comes back
// from that text and their bytes.
func TestAFontIsPartOfASpec(t *testing.T) {
	files := map[string][]byte{"f": gomono.TTF, "m": encoded(t, solid(9, 9, color.NRGBA{A: 255}), PNG)}
	spec, err := mustSpec(t, "text=a,font=f;watermark=m;text=b").WithAssets(files)
	if err != nil {
		t.Fatal(err)
	}
	if text := spec.String(); strings.Count(text, "sha256=") != 2 || strings.Join(spec.AssetNames(), " ") != "f m" {
		t.Errorf("%q needs %q", text, spec.AssetNames())
	}
	again, err := mustSpec(t, spec.String()).WithAssets(spec.Assets())
	if err != nil || again.String() != spec.String() {
		t.Errorf("%q comes back as %q: %v", spec, again, err)
	}
	files["f"] = append(bytes.Clone(gomono.TTF), 0)
	if _, err := mustSpec(t, spec.String()).WithAssets(files); err == nil || !strings.Contains(err.Error(), "SHA-256") {
		t.Errorf("with another font: %v", err)
	}
	if _, err := mustSpec(t, "text=a,font=m").WithAssets(files); err == nil {
		t.Error("an image is a font")
	}
}

// TestTextsPrintAsTheyWereRead is the law of printing, for texts with whatever means something to the grammar.
func TestTextsPrintAsTheyWereRead(t *testing.T) {
	for _, text := range []string{
		" a ", "a,b;c=d%e", "\na\n", "{{}}", "\u00a0x\u00a0", "'\"\\", "a  b", "%2C", "=", "text=x,size=3", "é©",
	} {
		op, err := ParseOp("text=" + printText(text))
		if err != nil {
			t.Errorf("%q prints as %q: %v", text, printText(text), err)
			continue
		}
		again, err := ParseOp(op.String())
		if args(op).text("text") != text || err != nil || again.String() != op.String() {
			t.Errorf("%q is read as %q, and prints as %q", text, args(op).text("text"), op)
		}
	}
}
