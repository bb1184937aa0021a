package bench

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"

	"imgpipe/transform"
)

// How many outputs a contact sheet shows, and how large.
const (
	sheetPictures = 24
	sheetSpec     = "size=240x240;format=jpeg;quality=80"
)

// Pictures makes small pictures of the first outputs in a folder, in the order of their names. Files that are no images
// are left out.
func Pictures(ctx context.Context, dir string) ([]Picture, error) {
	spec, err := transform.ParseSpec(sheetSpec)
	if err != nil {
		return nil, err
	}
	var all []Picture
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		r, err := transform.Do(ctx, transform.Task{Data: data, Spec: spec})
		if err != nil || len(r.Outputs) == 0 {
			return ctx.Err()
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if all = append(all, Picture{filepath.ToSlash(name), r.Outputs[0].Data}); len(all) == sheetPictures {
			return fs.SkipAll
		}
		return nil
	})
	return all, err
}
