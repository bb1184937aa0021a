// Package samples has something to handle for a program that handles images: pictures that it draws itself, files that
// are odd or broken in known ways, and a server on this machine that sends them as slowly and as badly as it is asked
// to.
//
//	seed ──> Write ──> files in a folder
//	         Embedded: a dozen, drawn before ──┐
//	         Awkward: odd and broken files ────┴──> Server ──> HTTP on 127.0.0.1
//
// The pictures have what photographs have and test cards lack: detail at all scales, and noise, so that as JPEG
// of quality 90 they take 1.5 to 3 bits per pixel, and decoding and encoding them costs what a photograph costs.
//
// It never uses the network beyond the address that a caller lets the server listen on, and reads no file.
package samples

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io/fs"
	"os"
	"path/filepath"
)

// A File is one sample.
type File struct {
	// Name is the file's name without a folder, as it would lie on a disk or behind a server.
	Name string
	// Data is the whole file. All callers share it, and must not change it.
	Data []byte
	// Doc says in a sentence what is to be seen, or what is odd.
	Doc string
	// Class is what a program should make of it: "" when it can be read, else the class of the failure: "not-an-image",
	// "decode" (damaged, so that a program may show what is there), "too-large" or "unsupported".
	Class string
	// Width and Height are those of the picture as it should be seen, upright; 0 where there is none to be seen.
	Width, Height int
}

// shapes are the sizes that generated pictures take, one after the other: what cameras and telephones make, cut to 2
// to 4 megapixels.
var shapes = [][2]int{{1920, 1280}, {1600, 1200}, {1280, 1920}, {2048, 1365}, {2400, 1350}, {1500, 2000}, {1600, 1600}}

// generate draws picture i, from 0.
func generate(i int, seed uint64) File {
	w, h, orientation := shapeOf(i)
	k := kinds[i%len(kinds)]
	img := drawPart(k, seed+uint64(i/len(kinds)), w, h, image.Rect(0, 0, w, h))
	return File{
		Name:  nameOf(i),
		Data:  withOrientation(encodeJPEG(lay(img, orientation), 90), orientation, false),
		Doc:   docOf(k.name, w, h, orientation),
		Width: w, Height: h,
	}
}

// nameOf is the name of picture i.
func nameOf(i int) string {
	return fmt.Sprintf("%s-%02d.jpg", kinds[i%len(kinds)].name, i/len(kinds)+1)
}

// shapeOf is the size, as seen, and the orientation of picture i.
func shapeOf(i int) (w, h, orientation int) {
	s := shapes[i%len(shapes)]
	orientation = 1
	if i%5 == 2 {
		orientation = [...]int{6, 8, 3}[i/5%3]
	}
	return s[0], s[1], orientation
}

func docOf(name string, w, h, orientation int) string {
	doc := fmt.Sprintf("%s, %dx%d", name, w, h)
	if orientation > 1 {
		doc += fmt.Sprintf(", EXIF orientation %d", orientation)
	}
	return doc
}

// Write draws n pictures from a seed and writes them into the folder dir, which it makes if it is missing. Each is a
// JPEG of quality 90 of 2 to 4 megapixels; they are of all kinds and several shapes, and are named "landscape-01.jpg",
// "glass-01.jpg" and so on. Every fifth is stored on its side or its head, with the EXIF orientation that says so, as
// cameras do. One takes some three seconds of CPU time, spread over all CPUs.
//
// Write calls done, unless it is nil, after each. An existing file is an error and is left as it is; what was written
// before stays. When ctx ends it stops after the picture at hand and returns ctx's error.
func Write(ctx context.Context, dir string, n int, seed uint64, done func(File)) error {
	return write(ctx, dir, n, func(i int) File { return generate(i, seed) }, done)
}

func write(ctx context.Context, dir string, n int, picture func(i int) File, done func(File)) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("write samples: %w", err)
	}
	for i := range n {
		if err := ctx.Err(); err != nil {
			return err
		}
		// What cannot be written need not be drawn.
		if _, err := os.Lstat(filepath.Join(dir, nameOf(i))); err == nil {
			return fmt.Errorf("write samples: %w",
				&fs.PathError{Op: "create", Path: filepath.Join(dir, nameOf(i)), Err: fs.ErrExist})
		}
		f := picture(i)
		if err := writeNew(filepath.Join(dir, f.Name), f.Data); err != nil {
			return fmt.Errorf("write samples: %w", err)
		}
		if done != nil {
			done(f)
		}
	}
	return nil
}

// writeNew writes a file that does not exist yet, or nothing.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}

func encodeJPEG(img image.Image, quality int) []byte {
	var b bytes.Buffer
	// A buffer takes all that it is given and every image here is of a size that JPEG knows, so there is no error.
	_ = jpeg.Encode(&b, img, &jpeg.Options{Quality: quality})
	return b.Bytes()
}
