package resample

import (
	"bytes"
	"fmt"
	"image"
	"testing"

	"imgpipe/transform/internal/pixel"
)

func TestRowsPushedInAnyPortionsGiveTheSameBytes(t *testing.T) {
	var whole, parts Resampler
	for _, s := range shapes {
		for _, f := range allFilters {
			src := patterns[1].plane(s.w, s.h)
			want, got := newPlane(s.dw, s.dh), newPlane(s.dw, s.dh)
			if err := whole.Plane(want, src, s.win, f); err != nil {
				t.Fatal(err)
			}
			for _, portion := range []int{1, 3, 8, s.h} {
				clear(got.Pix)
				if err := parts.StartPlane(got, s.w, s.h, s.win, f); err != nil {
					t.Fatal(err)
				}
				done := 0
				for y := 0; y < s.h; y += portion {
					n := min(portion, s.h-y)
					// The strip's memory is used again, as a decoder's is.
					strip := bytes.Clone(src.Pix[y*src.Stride:][:(n-1)*src.Stride+s.w])
					now, err := parts.Push(strip, src.Stride, n)
					if err != nil {
						t.Fatal(err)
					}
					clear(strip)
					for ; done < now; done++ {
						if !bytes.Equal(got.Row(done), want.Row(done)) {
							t.Fatalf("%s %v: row %d, said to be complete, differs", s.name, f, done)
						}
					}
				}
				if done != s.dh {
					t.Fatalf("%s %v: %d rows complete of %d", s.name, f, done, s.dh)
				}
			}
		}
	}
}

func TestPushedPixelsGiveTheSameBytes(t *testing.T) {
	var whole, parts Resampler
	for _, opaque := range []bool{true, false} {
		src := randomNRGBA(70, 50, opaque)
		want, got := image.NewNRGBA(image.Rect(0, 0, 31, 23)), image.NewNRGBA(image.Rect(0, 0, 31, 23))
		if err := whole.NRGBA(want, src, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
		if err := parts.StartNRGBA(got, 70, 50, opaque, Window{}, Lanczos3); err != nil {
			t.Fatal(err)
		}
		for y := range 50 {
			if _, err := parts.Push(src.Pix[y*src.Stride:][:4*70], 4*70, 1); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(want.Pix, got.Pix) {
			t.Errorf("opaque=%v: pushed rows give other bytes", opaque)
		}
	}
}

func TestRowsAreReadyAsSoonAsTheirSourceHasCome(t *testing.T) {
	var r Resampler
	if err := r.StartPlane(newPlane(40, 40), 400, 400, Window{}, Bilinear); err != nil {
		t.Fatal(err)
	}
	row := make([]byte, 400)
	for y := range 400 {
		done, err := r.Push(row, 400, 1)
		if err != nil {
			t.Fatal(err)
		}
		// Row i needs source rows up to 10*i+14; rows come in pairs, and source rows in fours.
		if least := (y + 1 - 15 - 3 - 10) / 10; done < least {
			t.Fatalf("after %d rows %d are complete, want at least %d", y+1, done, least)
		}
	}
}

func TestPushAfterTheEndIsIgnored(t *testing.T) {
	var r Resampler
	dst := newPlane(4, 4)
	if err := r.StartPlane(dst, 8, 8, Window{}, Box); err != nil {
		t.Fatal(err)
	}
	rows := bytes.Repeat([]byte{9}, 64)
	for range 3 {
		if done, err := r.Push(rows, 8, 8); done != 4 || err != nil {
			t.Fatalf("Push = %d, %v, want 4, nil", done, err)
		}
	}
}

func ExampleResampler_Push() {
	dst := pixel.Plane{Pix: make([]byte, 4), Stride: 2, W: 2, H: 2}
	var r Resampler
	if err := r.StartPlane(dst, 4, 4, Window{}, Box); err != nil {
		fmt.Println(err)
	}
	for y := range 4 {
		row := bytes.Repeat([]byte{byte(10 * y)}, 4)
		if _, err := r.Push(row, 4, 1); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(dst.Pix)
	// Output: [5 5 25 25]
}
