package transform

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"sync"
	"testing"
)

// togetherSources are small images of every format that can be read, and of the kinds that have code of their own.
func togetherSources(t *testing.T) map[string][]byte {
	pic := scene(48, 36)
	clear := scene(48, 36)
	clear.Pix[3] = 7
	all := map[string][]byte{
		"turned jpeg": withOrientation(jpegOf(t, pic, 2, 2), 6), "progressive jpeg": manyScans(48, 36, 3, 9, true),
		"jpeg with a profile": intoJPEG(jpegOf(t, pic, 1, 1), profileP3()), "inks": intoJPEG(inksJPEG(0), pressInks()),
		"png of 16 bits and a profile": pngKind(2, 16, profileP3()), "png with a palette": pngKind(3, 8, nil),
		"interlaced png": pngOf(48, 36, 8, 1, nil), "clear png": encoded(t, clear, PNG),
		"lossy webp": lossyWebP(t), "lossless webp": losslessWebP(48, 36), "fax": faxWhite(48, 36),
		"runs":           runsBMP(48, 36, []byte{0, 1}),
		"inks in a tiff": tiffKind(5, 4, 8, 0, pressInks()), "tiff with alpha": tiffKind(2, 4, 8, 2, nil),
		"lab in a tiff":  tiffKind(8, 3, 8, 0, nil),
		"webp in a tiff": stripsTIFF(48, 36, 36, losslessWebP(48, 36), map[uint16]uint32{259: 50001, 262: 2, 277: 3}),
		"jpeg in a tiff": stripsTIFF(48, 36, 36, manyScans(48, 36, 3, 6, true),
			map[uint16]uint32{259: 7, 262: 6, 277: 3}),
		"animation": film(t, 2, movie(3, 20, 15, grounds["transparent"]), 5),
		"no image":  []byte("GIF89a, or so"), "a part of one": jpegOf(t, pic, 2, 2)[:700],
	}
	for _, f := range outputFormats {
		if f != WebP && f != WebPLossless { // whose encoder is not to be needed here
			all[string(f)] = encoded(t, pic, f)
		}
	}
	return all
}

// alone in the environment of a test says that it is the first of its process.
const alone = "IMGPIPE_TEST_ALONE"

// TestDoSharesNothingThatChanges does tasks in several goroutines: first the same in both of two, then others in each
// of three. What is kept from one image to the next, and what is made when it is first needed, is of no goroutine. It
// is the race detector's look at the codecs. So it runs in a process of its own, where nothing was needed before.
func TestDoSharesNothingThatChanges(t *testing.T) {
	if os.Getenv(alone) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestDoSharesNothingThatChanges$")
		cmd.Env = append(os.Environ(), alone+"=1")
		if said, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v\n%s", err, said)
		}
		return
	}
	sources := togetherSources(t)
	logo := encoded(t, scene(9, 7), PNG)
	var tasks []Task
	var names []string
	for _, text := range []string{
		"size=20;size=11x9,fit=cover,gravity=smart;format=jpeg,png",
		"blur=1;rotate=10;sharpen;format=webp,gif;colors=16",
		"size=30x30,fit=contain;watermark=logo;format=tiff,bmp;metadata=all",
		"format=webp-lossless;icc=srgb;effort=high",
		"format=jpeg;progressive=on;facts=on", "only-if-smaller=copy",
		"format=auto:png,webp,jpeg;brightness=10",
	} {
		spec, err := mustSpec(t, text).WithAssets(map[string][]byte{"logo": logo})
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range slices.Sorted(maps.Keys(sources)) {
			tasks = append(tasks, Task{Data: sources[name], Spec: spec})
			names = append(names, fmt.Sprintf("%s, %q", name, text))
		}
	}
	// What is needed first in a task is needed by both at once.
	both := make([][2]string, len(tasks))
	for i, task := range tasks {
		var group sync.WaitGroup
		for g := range both[i] {
			group.Go(func() { both[i][g] = everything(task) })
		}
		group.Wait()
	}
	const goroutines = 3
	mixed := make([]string, len(tasks))
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for i := g * len(tasks) / goroutines; i < (g+1)*len(tasks)/goroutines; i++ {
				mixed[i] = everything(tasks[i])
			}
		})
	}
	group.Wait()
	for i, task := range tasks {
		want := everything(task)
		for _, got := range []string{both[i][0], both[i][1], mixed[i]} {
			if got != want {
				t.Errorf("%s: beside others it is\n%.300s\nand alone\n%.300s", names[i], got, want)
				break
			}
		}
	}
}

// everything says what Do makes of a task.
func everything(task Task) string {
	res, err := Do(context.Background(), task)
	text := fmt.Sprintf("%s %dx%d, %v, %q, %t, %s, %v", res.Source.Format, res.Source.Width, res.Source.Height, err,
		res.Warnings, res.Damaged, res.Path, res.Swatch)
	for _, out := range res.Outputs {
		text += fmt.Sprintf("\n%s %s %dx%d %x", out.Label, out.Format, out.Width, out.Height, sha256.Sum256(out.Data))
	}
	return text
}
