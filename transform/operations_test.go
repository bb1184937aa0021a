package transform

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"
)

func TestOperationsOnPixels(t *testing.T) {
	gray := func(v uint8) color.NRGBA { return color.NRGBA{v, v, v, 255} }
	red := color.NRGBA{255, 0, 0, 255}
	for _, c := range []struct {
		spec     string
		in, want color.NRGBA
	}{
		{"grayscale", red, gray(76)}, // 0.299 × 255
		{"invert", color.NRGBA{10, 20, 30, 255}, color.NRGBA{245, 235, 225, 255}},
		{"brightness=10", gray(100), gray(126)},
		{"brightness=-100", gray(100), gray(0)},
		{"contrast=-100", gray(20), gray(128)},
		{"gamma=2", gray(64), gray(128)}, // 255 × √(64/255)
		{"saturation=-100", red, gray(128)},
		{"hue=120", red, color.NRGBA{0, 255, 0, 255}},
		{"hue=-120", red, color.NRGBA{0, 0, 255, 255}},
		{"blur=3", gray(90), gray(90)},
		{"sharpen=2", gray(90), gray(90)},
		{"size=5x5", gray(90), gray(90)},
		{"rotate=90;rotate=180;rotate=-270", gray(90), gray(90)},
		{"flip;flop", red, red},
	} {
		got := one(t, solid(20, 20, c.in), c.spec)
		if d := difference(got, solid(got.Bounds().Dx(), got.Bounds().Dy(), c.want)); d < 0 || d > 1 {
			t.Errorf("%s on %v: %v, want %v", c.spec, c.in, got.At(2, 2), c.want)
		}
	}
}

// TestGeometryMovesPixels compares with pixels moved one by one.
func TestGeometryMovesPixels(t *testing.T) {
	in := scene(31, 17)
	move := func(w, h int, from func(x, y int) (int, int)) image.Image {
		out := image.NewNRGBA(image.Rect(0, 0, w, h))
		for y := range h {
			for x := range w {
				sx, sy := from(x, y)
				out.SetNRGBA(x, y, in.NRGBAAt(sx, sy))
			}
		}
		return out
	}
	for spec, want := range map[string]image.Image{
		"flip":                              move(31, 17, func(x, y int) (int, int) { return x, 16 - y }),
		"flop":                              move(31, 17, func(x, y int) (int, int) { return 30 - x, y }),
		"rotate=90":                         move(17, 31, func(x, y int) (int, int) { return y, 16 - x }),
		"rotate=-180":                       move(31, 17, func(x, y int) (int, int) { return 30 - x, 16 - y }),
		"rotate=270":                        move(17, 31, func(x, y int) (int, int) { return 30 - y, x }),
		"rotate=360":                        in,
		"crop=10x5":                         move(10, 5, func(x, y int) (int, int) { return x + 10, y + 6 }),
		"crop=10x5,gravity=southeast":       move(10, 5, func(x, y int) (int, int) { return x + 21, y + 12 }),
		"crop=10x5,x=3,y=2":                 move(10, 5, func(x, y int) (int, int) { return x + 3, y + 2 }),
		"crop=50%x100%,x=0":                 move(16, 17, func(x, y int) (int, int) { return x, y }),
		"crop=100x100,x=30,y=16":            move(1, 1, func(x, y int) (int, int) { return 30, 16 }),
		"crop=1000x1000":                    in,
		"size=1000x1000":                    in,
		"size=62x34,filter=nearest,upscale": move(62, 34, func(x, y int) (int, int) { return x / 2, y / 2 }),
	} {
		if d := difference(one(t, in, spec), want); d != 0 {
			t.Errorf("%s differs by %v levels", spec, d)
		}
	}
}

func TestRotatedSizeIsKnownBefore(t *testing.T) {
	for _, size := range []image.Point{{1, 1}, {2, 9}, {30, 20}, {31, 57}} {
		for degrees := -180.0; degrees <= 180; degrees += 7.5 {
			spec := mustSpec(t, fmt.Sprintf("rotate=%v", degrees))
			w, h, err := rotateSize(args(spec.Ops[0]), size.X, size.Y)
			got := one(t, solid(size.X, size.Y, color.NRGBA{1, 2, 3, 255}), spec.String()).Bounds()
			if err != nil || got.Dx() != w || got.Dy() != h {
				t.Errorf("%v by %v°: %v, expected %dx%d", size, degrees, got, w, h)
			}
		}
	}
}

// TestResizeAgainstMeans halves and quarters a picture and compares with the means of its blocks.
func TestResizeAgainstMeans(t *testing.T) {
	in := scene(128, 96)
	for _, n := range []int{2, 4} {
		want := image.NewNRGBA(image.Rect(0, 0, 128/n, 96/n))
		for y := range 96 / n {
			for x := range 128 / n {
				var sum [3]int
				for k := range n * n {
					p := in.Pix[in.PixOffset(x*n+k%n, y*n+k/n):]
					for c := range sum {
						sum[c] += int(p[c])
					}
				}
				want.SetNRGBA(x, y,
					color.NRGBA{uint8(sum[0] / n / n), uint8(sum[1] / n / n), uint8(sum[2] / n / n), 255})
			}
		}
		for filter, tolerance := range map[string]float64{
			"box": 0.6, "linear": 3, "lanczos": 3, "catmullrom": 3, "mitchell": 3,
		} {
			spec := fmt.Sprintf("size=%dx%d,filter=%s", 128/n, 96/n, filter)
			if d := difference(one(t, in, spec), want); d < 0 || d > tolerance {
				t.Errorf("%s differs by %.2f levels from the means: expected at most %v", spec, d, tolerance)
			}
		}
	}
}

func TestTransparencyGetsTheBackground(t *testing.T) {
	half := solid(16, 16, color.NRGBA{255, 0, 0, 128})
	clear := solid(16, 16, color.NRGBA{9, 9, 9, 0})
	for _, f := range []Format{JPEG, BMP} {
		for _, c := range []struct {
			img        image.Image
			background string
			want       color.NRGBA
		}{
			{clear, "white", color.NRGBA{255, 255, 255, 255}},
			{clear, "#0000ff", color.NRGBA{0, 0, 255, 255}},
			{clear, "transparent", color.NRGBA{255, 255, 255, 255}},
			{half, "white", color.NRGBA{255, 127, 127, 255}},
			{half, "black", color.NRGBA{128, 0, 0, 255}},
		} {
			spec := fmt.Sprintf("background=%s;format=%s", c.background, f)
			got := decoded(t, do(t, encoded(t, c.img, PNG), spec).Outputs[0].Data, f)
			if d := difference(got, solid(16, 16, c.want)); d < 0 || d > 2 {
				t.Errorf("%s: %v, want %v", spec, got.At(5, 5), c.want)
			}
		}
	}
	for _, f := range []Format{PNG, TIFF} {
		got := decoded(t, do(t, encoded(t, half, PNG), "format="+string(f)).Outputs[0].Data, f)
		if _, _, _, a := got.At(3, 3).RGBA(); a>>8 != 128 {
			t.Errorf("%s does not keep transparency: alpha %d", f, a>>8)
		}
	}
	got := decoded(t, do(t, encoded(t, clear, PNG), "format=gif").Outputs[0].Data, GIF)
	if _, _, _, a := got.At(3, 3).RGBA(); a != 0 {
		t.Errorf("gif does not keep transparency: alpha %d", a>>8)
	}
}

func TestContainPadsWithTheBackground(t *testing.T) {
	got := one(t, solid(20, 10, color.NRGBA{0, 0, 0, 255}), "background=#00ff00;size=40x40,fit=contain")
	if got.Bounds().Dx() != 40 || got.Bounds().Dy() != 40 {
		t.Fatalf("size %v", got.Bounds())
	}
	for at, want := range map[image.Point]color.NRGBA{
		{1, 1}: {0, 255, 0, 255}, {20, 20}: {0, 0, 0, 255}, {20, 38}: {0, 255, 0, 255},
	} {
		if c := color.NRGBAModel.Convert(got.At(at.X, at.Y)); c != want {
			t.Errorf("at %v: %v, want %v", at, c, want)
		}
	}
}

func TestSmartCropFindsTheSubject(t *testing.T) {
	img := solid(900, 300, color.NRGBA{128, 128, 128, 255})
	for i := range 40 * 40 {
		x, y := 700+4*(i%40), 80+4*(i/40)
		for k := range 16 {
			img.SetNRGBA(x+k%4, y+k/4, color.NRGBA{uint8(255 * (i % 2)), uint8(60 * (i % 5)), 30, 255})
		}
	}
	for _, spec := range []string{"size=100x100,fit=cover,gravity=smart", "crop=300x300,gravity=smart"} {
		got := one(t, img, spec)
		plain := 0
		b := got.Bounds()
		for y := range b.Dy() {
			for x := range b.Dx() {
				if color.NRGBAModel.Convert(got.At(x, y)) == (color.NRGBA{128, 128, 128, 255}) {
					plain++
				}
			}
		}
		if plain > b.Dx()*b.Dy()*9/10 {
			t.Errorf("%s shows the empty part", spec)
		}
	}
	// Shapes that leave the search nothing to do.
	for _, spec := range []string{"size=1x300,fit=cover,gravity=smart", "size=900x1,fit=cover,gravity=smart"} {
		one(t, img, spec)
	}
}

func TestWatermarkStandsWhereItIsAsked(t *testing.T) {
	mark := encoded(t, solid(10, 10, color.NRGBA{255, 0, 0, 255}), PNG)
	base := solid(100, 50, color.NRGBA{0, 0, 0, 255})
	for text, want := range map[string]image.Rectangle{
		"watermark=m":                              image.Rect(90, 40, 100, 50),
		"watermark=m,gravity=northwest,margin=5":   image.Rect(5, 5, 15, 15),
		"watermark=m,gravity=center,scale=40":      image.Rect(30, 5, 70, 45),
		"watermark=m,gravity=center,scale=100":     image.Rect(25, 0, 75, 50),
		"watermark=m,gravity=southwest,margin=10%": image.Rect(5, 35, 15, 45),
		"watermark=m,gravity=center,margin=1000":   image.Rect(49, 24, 51, 26),
	} {
		spec, err := mustSpec(t, text+";format=png").WithAssets(map[string][]byte{"m": mark})
		if err != nil {
			t.Fatal(err)
		}
		res, err := Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: spec})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := decoded(t, res.Outputs[0].Data, PNG)
		expected := solid(100, 50, color.NRGBA{0, 0, 0, 255})
		for y := want.Min.Y; y < want.Max.Y; y++ {
			for x := want.Min.X; x < want.Max.X; x++ {
				expected.SetNRGBA(x, y, color.NRGBA{255, 0, 0, 255})
			}
		}
		if d := difference(got, expected); d != 0 {
			t.Errorf("%s differs by %v levels", text, d)
		}
	}
	spec, _ := mustSpec(t, "watermark=m,opacity=0.5,gravity=center;format=png").WithAssets(map[string][]byte{"m": mark})
	res, err := Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: spec})
	if err != nil {
		t.Fatal(err)
	}
	if r, _, _, _ := decoded(t, res.Outputs[0].Data, PNG).At(50, 25).RGBA(); r>>8 < 126 || r>>8 > 129 {
		t.Errorf("half of red on black is %d", r>>8)
	}
	_, err = Do(context.Background(), Task{Data: encoded(t, base, PNG), Spec: mustSpec(t, "watermark=m")})
	if class(err) != ClassOperation {
		t.Errorf("without assets: %v", err)
	}
}

func TestOperationThatCannotBeDone(t *testing.T) {
	data := encoded(t, scene(20, 20), PNG)
	_, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, "crop=5x5,x=30")})
	if class(err) != ClassOperation ||
		!strings.Contains(err.Error(), "crop at 30,0 is outside the image: expected a place inside 20x20") {
		t.Errorf("error %v", err)
	}
	long := mustSpec(t, "resize=65536x1,fit=fill,upscale;format=jpeg")
	_, err = Do(context.Background(), Task{Data: encoded(t, scene(2, 2), PNG), Spec: long})
	if class(err) != ClassEncode || !strings.Contains(err.Error(), "at most 65535") {
		t.Errorf("error %v", err)
	}
	_, err = Do(context.Background(), Task{Data: data, Spec: Spec{Quality: 500}})
	if class(err) != ClassOperation {
		t.Errorf("error %v", err)
	}
}
