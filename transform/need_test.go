package transform

import (
	"context"
	"image"
	"image/draw"
	"maps"
	"math"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"
)

// inUse returns how many bytes of objects there are more than before at the most, while f runs. The collector runs all
// the time, so that next to nothing of it is garbage.
func inUse(f func()) int64 {
	runtime.GC()
	runtime.GC() // what is in pools goes with the second
	defer debug.SetGCPercent(debug.SetGCPercent(3))
	objects := func() int64 {
		s := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		metrics.Read(s)
		return int64(s[0].Value.Uint64())
	}
	before, most := objects(), int64(0)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(200 * time.Microsecond)
		defer tick.Stop()
		for {
			most = max(most, objects())
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	f()
	close(stop)
	<-stopped
	return most - before
}

// noise is an image that no codec makes smaller.
func noise(w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(r.Uint32())
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

// What Do has in use at its peak is at most what Need says, whichever way pixels go, and Need is not far from it: what
// it says decides whether an image is worked on at all. Every source meets every other spec.
func TestNeedIsWhatAnImageTakes(t *testing.T) {
	if underRace {
		t.Skip("the race detector allocates as well")
	}
	const w, h = 700, 600
	pic := scene(w, h)
	clear := scene(w, h)
	clear.Pix[3] = 7
	gray := image.NewGray(pic.Rect)
	draw.Draw(gray, gray.Rect, pic, image.Point{}, draw.Src)
	sources := map[string][]byte{
		"turned jpeg": withOrientation(encoded(t, pic, JPEG), 6), "clear png": encoded(t, clear, PNG),
		"gray png":       encoded(t, gray, PNG),
		"deep png":       deepFile(t, deepScene(w, h, "rgba"), PNG),
		"deep gray tiff": deepFile(t, deepScene(w, h, "gray"), TIFF),
		"noise as png":   encoded(t, noise(w, h), PNG), "noise as jpeg": encoded(t, noise(w, h), JPEG),
		"lossy webp":               lossyWebP(t),
		"progressive jpeg of inks": manyScans(w, h, 4, 16, true), "progressive jpeg": manyScans(w, h, 3, 16, true),
		"gray progressive jpeg": manyScans(w, h, 1, 6, true),
		"bitmap of runs":        runsBMP(w, h, []byte{0, 1}), "fax": faxWhite(w, h),
		"lossless webp":  losslessWebP(w, h),
		"interlaced png": pngOf(w, h, 8, 1, nil), "interlaced png of 16 bits": pngOf(w, h, 16, 1, nil),
		"png of 1 bit":   pngOf(w, h, 1, 0, nil),
		"webp in a tiff": stripsTIFF(w, h, h, losslessWebP(w, h), map[uint16]uint32{259: 50001, 262: 2, 277: 3}),
		"cmyk jpeg in a tiff": stripsTIFF(w, h, h, manyScans(w, h, 4, 6, true),
			map[uint16]uint32{259: 7, 262: 5, 277: 4}),
		"jpeg in a tiff": stripsTIFF(w, h, h, manyScans(w, h, 3, 6, true),
			map[uint16]uint32{259: 7, 262: 6, 277: 3}),
	}
	alpha := append([]byte{1}, losslessWebP(400, 300)[25:]...) // which takes four bytes for a pixel until it is one
	sources["lossy webp with alpha"] = extendedWebP(0x10, 400, 300, riffChunk("ALPH", alpha), lossyWebP(t)[12:])
	for _, f := range outputFormats {
		sources[string(f)] = encoded(t, pic, f)
	}
	for j, text := range []string{
		"", "size=600;size=300;size=500x500,fit=cover", "size=900x900,fit=contain;format=jpeg",
		"size=500x500,fit=cover,gravity=smart", "size=2000,upscale",
		"format=jpeg;quality=95;brightness=10", "format=png", "format=gif", "format=tiff", "rotate=10;format=bmp",
		"text=Hg©,size=900,outline=red;format=jpeg",
		"format=png;colors=64", "format=gif;colors=16", "format=jpeg;progressive=on",
		"format=jpeg;progressive=on;quality=100", "size=500;format=png;compression=9", "format=tiff;compression=9",
		"sharpen=1;format=jpeg", "blur=3.9;format=jpeg", "blur=40;format=jpeg",
		"size=300;linear=on", "size=2000,upscale;linear=on",
		"size=500x500,fit=cover,gravity=smart;rotate=90;format=png,jpeg",
	} {
		for i, name := range slices.Sorted(maps.Keys(sources)) {
			if (i+j)%2 != 0 || strings.Contains(text, "linear") && !slices.Contains([]string{
				"turned jpeg", "clear png", "gray png", "lossy webp", "gif", "deep png", "deep gray tiff",
			}, name) {
				continue
			}
			data, spec := sources[name], mustSpec(t, text)
			header, err := ReadHeader(data)
			if err != nil {
				t.Fatal(err)
			}
			need := spec.Need(header)
			most := need + 1<<20 // what is in pools, whatever the size
			used := int64(math.MaxInt64)
			// What is counted may hold garbage that a busy machine's collector has not come to.
			for range 6 {
				if used <= most {
					break
				}
				used = min(used, inUse(func() {
					if _, err := Do(context.Background(), Task{Data: data, Spec: spec}); err != nil {
						t.Errorf("%s, %q: %v", name, text, err)
					}
				}))
			}
			if used > most {
				t.Errorf("%s, %q: %.1f MB were in use, %.1f estimated", name, text, float64(used)/1e6,
					float64(need)/1e6)
			}
			pixels := int64(max(w*h, header.Width*header.Height))
			if strings.HasPrefix(text, "size=2000,upscale") {
				pixels = 2000 * 2000
			}
			if strings.HasPrefix(name, "deep") {
				pixels *= 2 // as samples have two bytes
			}
			perPixel := int64(90)
			if header.Format == AVIF {
				perPixel = 300 // in and out
			}
			if need > perPixel*pixels+16<<20 {
				t.Errorf("%s, %q: the estimate is %.0f bytes for a pixel", name, text, float64(need)/float64(pixels))
			}
		}
	}
}

func progressivePhoto(t *testing.T) []byte {
	paths, _ := filepath.Glob(filepath.Join("..", "..", "shared", "corpus", "photos-progressive", "*"))
	if len(paths) == 0 {
		return nil
	}
	return mustRead(t, paths[0])
}
