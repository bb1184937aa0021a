package transform

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"
)

// corpus returns the folder of shared test images, or skips the test.
func corpus(t testing.TB, sub string) string {
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			break
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Skip("the module's root is not above the test's folder")
		}
		dir = parent
	}
	dir = filepath.Join(dir, "..", "shared", "corpus", sub)
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the shared corpus of images is not beside the module")
	}
	return dir
}

// files lists the images below dir, in order.
func files(t testing.TB, dir string) []string {
	var list []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			list = append(list, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func mustRead(t testing.TB, path string) []byte {
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func mustSpec(t testing.TB, text string) Spec {
	s, err := ParseSpec(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestCorpusIsAccountedFor takes every odd and every broken file to a Result or to an *Error with a class, none of
// them a panic.
func TestCorpusIsAccountedFor(t *testing.T) {
	for _, sub := range []string{"conformance", "hostile"} {
		t.Run(sub, func(t *testing.T) {
			root := corpus(t, sub)
			spec := mustSpec(t, "size=64;animate=first") // what frames allocate adds up
			read, refused := map[string]int{}, map[string]int{}
			examples := map[string]string{}
			for i, path := range files(t, root) {
				if underRace && i%10 != 0 {
					continue
				}
				data := mustRead(t, path)
				var res Result
				var err error
				used := allocated(func() {
					res, err = Do(context.Background(), Task{Data: data, Spec: spec, Limits: Limits{MaxPixels: 25e6}})
				})
				// A file is copied where its head is mended; the rest is what Need says, or nothing.
				allowed := int64(4<<20 + 4*len(data))
				if h, err := ReadHeader(data); err == nil && int64(h.Width)*int64(h.Height) <= 25e6 {
					allowed += spec.Need(h)
				}
				if int64(used) > allowed && !underRace {
					t.Errorf("%s: %.1f MB were allocated: expected at most %.1f", path, float64(used)/1e6,
						float64(allowed)/1e6)
				}
				kind := strings.SplitN(strings.TrimPrefix(path, root+"/"), "/", 2)[0]
				var e *Error
				switch {
				case err == nil && len(res.Outputs) == 1:
					read[kind]++
				case errors.As(err, &e):
					key := fmt.Sprintf("%s: %s: %v", kind, e.Kind, e)
					refused[key]++
					examples[key] = filepath.Base(path)
					if e.Kind == ClassPanic {
						t.Errorf("%s: %v\n%s", path, err, e.Stack)
					}
				default:
					t.Errorf("%s: %d outputs, error %v", path, len(res.Outputs), err)
				}
			}
			for _, k := range sorted(read) {
				t.Logf("read %4d %s", read[k], k)
			}
			for _, k := range sorted(refused) {
				t.Logf("refused %4d %s (%s)", refused[k], k, examples[k])
			}
		})
	}
}

func sorted(m map[string]int) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
