package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/net/http/httpguts"

	"imgpipe/cmd/imgpipe/internal/modes"
	"imgpipe/transform"
)

// validate looks at the flags together. Its errors name the flags and what was expected.
func (f *runFlags) validate() error {
	changed := f.set.Changed
	switch {
	case f.output == "":
		return errors.New("--output DIR is missing: expected the folder for the outputs")
	case len(f.inputs) == 0 && len(f.lists) == 0:
		return errors.New("there is no input: expected files, folders, patterns or URLs, or --input-list FILE")
	case changed("resize") && changed("size"):
		return errors.New("--resize and --size exclude each other: expected one --resize, or a --size for each output")
	case f.mode == modes.Serial && changed("workers") && f.workers != 1:
		return fmt.Errorf("--workers %d: --mode serial has one worker", f.workers)
	case f.mode == modes.Serial && changed("downloads") && f.downloads != 1:
		return fmt.Errorf("--downloads %d: --mode serial fetches one image after the other", f.downloads)
	case f.force && f.retryFailed:
		return errors.New("--force and --retry-failed exclude each other: expected one of them")
	case f.skipFailed && (f.force || f.retryFailed):
		return errors.New("--skip-failed excludes --force and --retry-failed: expected one of them")
	case f.explain && !f.dry:
		return errors.New("--explain says what would be done: expected --dry-run with it")
	case f.quiet && changed("progress"):
		return errors.New("--quiet and --progress exclude each other: expected one of them")
	}
	if f.dry {
		for _, name := range []string{"report", "failed-list", "trace", "cpuprofile", "memprofile"} {
			if changed(name) {
				return fmt.Errorf("--%s describes a run: expected it without --dry-run", name)
			}
		}
	}
	if (changed("resize") || changed("size")) && changed("gravity") && !f.placed() {
		return errors.New("--gravity says what --fit cover keeps and where --fit contain puts it: expected one of them with it")
	}
	if changed("quality") && f.format != "" && !f.format.HasQuality() {
		return fmt.Errorf("--quality is that of %s files: expected no --format %s with it", qualityFormats(), f.format)
	}
	if !httpguts.ValidHeaderFieldValue(f.userAgent) {
		return fmt.Errorf("--user-agent %q: expected text without control characters", f.userAgent)
	}
	if !changed("resize") && !changed("size") {
		for _, name := range []string{"fit", "gravity", "filter", "upscale"} {
			if changed(name) {
				return fmt.Errorf("--%s says how to resize: expected --resize or --size with it", name)
			}
		}
	}
	if len(f.lists) == 0 {
		for _, name := range []string{"list-format", "url-col", "null"} {
			if changed(name) {
				return fmt.Errorf("--%s says how to read a list: expected --input-list with it", name)
			}
		}
	}
	if f.null && f.listFormat != listAuto && f.listFormat != listPlain {
		return fmt.Errorf("--null is for plain lists: expected no --list-format %s with it", f.listFormat)
	}
	if err := f.worker.validate(f.mode, f.set); err != nil {
		return err
	}
	if f.mode == modes.Serial {
		f.workers, f.downloads = 1, 1
	}
	if err := folderName("output", f.output); err != nil {
		return err
	}
	return f.outputIsNotInput()
}

// placed reports whether gravity has a say: a picture is cut, or put on a larger canvas.
func (f *runFlags) placed() bool {
	fits := []transform.Fit{f.fit, f.resize.Fit}
	for _, s := range f.sizes {
		fits = append(fits, s.Fit)
	}
	return slices.Contains(fits, transform.FitCover) || slices.Contains(fits, transform.FitContain)
}

// outputIsNotInput refuses, before anything is begun, an output folder that is the very folder of the inputs.
func (f *runFlags) outputIsNotInput() error {
	out, err := os.Stat(f.output)
	if err != nil {
		return nil // it is not there yet
	}
	for _, arg := range f.inputs {
		if in, err := os.Stat(arg); err == nil && in.IsDir() && os.SameFile(in, out) {
			return fmt.Errorf("--output %q is the folder %q of the inputs, and originals are never written over: expected another folder", f.output, arg)
		}
	}
	return nil
}
