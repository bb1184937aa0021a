package main

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"imgpipe/cmd/imgpipe/internal/bench"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/sheet"
	"imgpipe/transform"
)

// sheetFlags are the flags of imgpipe sheet. Those that say where pictures come from, and how they are read, are the
// same as in imgpipe run.
type sheetFlags struct {
	run *runFlags

	output        string
	columns, rows int
	cell          image.Point
	labels        sheet.Labels
	title         string
	background    transform.Color
	quality       int // 0 is the default of the format
	replace       string
}

// What --on-exist takes here.
const (
	replaceNone = "error"
	replaceAll  = "overwrite"
)

// mostCells bounds the cells of a row, and those of a column.
const mostCells = 1000

// longestTitle bounds the characters of a title.
const longestTitle = 200

func newSheetCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "sheet [flags] -o FILE INPUT...",
		Short: "Draw contact sheets: many small pictures on a page",
		Long: `Draw contact sheets: a picture of each INPUT, which is a file, a folder (walked), a
pattern or a URL, in rows on a page. They stand in the order of the input.

If there are more pictures than a page has cells, there are several pages: FILE-1.jpg,
FILE-2.jpg and so on. A picture that fails leaves its cell with its name, and the exit
status is 1. There is no ledger: the same command draws all again.`,
		Example: `  imgpipe sheet -o sheet.jpg photos
  imgpipe sheet -o sheet.png --across 4 --cell 480x360 --labels date photos
  imgpipe sheet -o trip.png --title 'Trip to Graz' --background black trip`,
	}
	f := addSheetFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.run.finalize(args)
		if err := errors.Join(f.check(), f.run.checkProxies()); err != nil {
			return exitError{exitUsage, err}
		}
		stop := listen(cmd.Context(), cmd.ErrOrStderr())
		defer stop.release()
		return stop.verdict(f.draw(stop, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr()))
	}
	return cmd
}

func addSheetFlags(set *pflag.FlagSet) *sheetFlags {
	r := &runFlags{set: set}
	r.exec.stage = bench.StageAll
	f := &sheetFlags{
		run: r, columns: 5, rows: 6, cell: image.Pt(320, 320), labels: sheet.Names, background: "#ffffff",
		replace: replaceNone,
	}
	common := flags.Group{Set: set, Heading: "Common flags"}
	f.add(common)
	r.addMode(common)
	input := flags.Group{Set: set, Heading: inputHeading}
	r.addInputLists(input)
	r.addHash(input)
	r.addSelection(input)
	r.addRaw(input)
	r.addSpeed(flags.Group{Set: set, Heading: "Speed and memory"})
	limits := flags.Group{Set: set, Heading: limitsHeading}
	r.addFileLimits(limits)
	r.addImageLimits(limits)
	r.exec.worker.add(set)
	r.addNetwork(flags.Group{Set: set, Heading: downloadHeading})
	r.addDisplay(flags.Group{Set: set, Heading: "Display"})
	return f
}

func (f *sheetFlags) add(g flags.Group) {
	g.Add(
		flags.Flag{Name: "output", Short: "o", Common: true, Value: flags.Text(&f.output, "FILE"),
			Usage: "the sheet (required). Its extension says the format: " +
				sheetExtensions()},
		flags.Flag{Name: "across", Common: true, Value: flags.Whole(&f.columns, 1, mostCells),
			Usage: "pictures in a row"},
		flags.Flag{Name: "rows", Common: true, Value: flags.Whole(&f.rows, 1, mostCells), Usage: "rows on a page"},
		flags.Flag{Name: "cell", Common: true, Value: flags.Parsed(&f.cell, "WxH", parseCell, formatCell),
			Usage: "largest size of a picture, in pixels; none is enlarged"},
		flags.Flag{Name: "labels", Common: true,
			Value: flags.Choice(&f.labels, sheet.Names, sheet.Dates, sheet.Without),
			Usage: "what stands below each picture: its name, the date when it was taken, or nothing"},
		flags.Flag{Name: "title", Common: true, Value: flags.Parsed(&f.title, "TEXT", parseTitle, plainText),
			Usage: "a line above all pictures, on each page"},
		flags.Flag{Name: "background", Common: true,
			Value: flags.Parsed(&f.background, "COLOR", ofTransform(transform.ParseColor), textOf[transform.Color]),
			Usage: "color of the page"},
		flags.Flag{Name: "quality", Common: true,
			Value: flags.Parsed(&f.quality, "1..100", ofTransform(transform.ParseQuality), unlessZero),
			Usage: "quality of the page, a scale of its own for each format (default " + qualityHelp() + ")"},
		flags.Flag{Name: "on-exist", Common: true, Value: flags.Choice(&f.replace, replaceNone, replaceAll),
			Usage: "when a page is there already. error: keep it, and end (default). overwrite: replace it, unless " +
				"it is an input"},
		flags.Flag{Name: "dry-run", Short: "n", Common: true, Value: flags.Switch(&f.run.dry),
			Usage: "show which pages would be written, and write nothing"},
	)
}

// sheetExtensions are those of the formats that can be written. Of two formats with one extension, the first has it.
func sheetExtensions() string {
	var list []string
	for _, f := range transform.Formats() {
		if ext := "." + f.Ext(); f.Writable() && !slices.Contains(list, ext) {
			list = append(list, ext)
		}
	}
	return strings.Join(list, ", ")
}

// Sides of a cell.
const (
	leastCell = 16
	mostCell  = 4096
)

// parseCell reads the size of a cell.
func parseCell(s string) (image.Point, error) {
	ws, hs, _ := strings.Cut(strings.ToLower(s), "x")
	w, errW := strconv.Atoi(ws)
	h, errH := strconv.Atoi(hs)
	if errW != nil || errH != nil || min(w, h) < leastCell || max(w, h) > mostCell {
		return image.Point{}, &flags.ValueError{Value: s, Expected: fmt.Sprintf(
			"WxH in pixels, such as 320x240, with sides from %d to %d", leastCell, mostCell)}
	}
	return image.Pt(w, h), nil
}

func formatCell(p image.Point) string { return fmt.Sprintf("%dx%d", p.X, p.Y) }

// parseTitle reads a line of text.
func parseTitle(s string) (string, error) {
	if strings.TrimSpace(s) == "" || len([]rune(s)) > longestTitle || strings.ContainsAny(s, "\n\r\t\x00") {
		return "", &flags.ValueError{Value: s, Expected: fmt.Sprintf("a line of at most %d characters", longestTitle)}
	}
	return s, nil
}

func plainText(s string) string { return s }

// check looks at the flags together.
func (f *sheetFlags) check() error {
	r, changed := f.run, f.run.set.Changed
	format, err := f.format()
	switch {
	case f.output == "":
		return errors.New("--output FILE is missing: expected the file of the sheet, such as sheet.jpg")
	case err != nil:
		return err
	case r.input.empty():
		return errors.New("there is no input: expected files, folders, patterns or URLs, or --input-list FILE")
	case f.quality != 0 && !format.HasQuality():
		return fmt.Errorf("--quality is for %s files: expected no --output %q with it",
			formatsThat(transform.Format.HasQuality, transform.Format.Title, " or "), f.output)
	case f.replace == replaceAll && !rereadable(r.input.lists):
		return errors.New("--on-exist overwrite looks at all inputs first: expected no list that can be read but once")
	}
	return cmp.Or(r.exec.check(changed), r.tell.check(changed, r.dry), r.download.check(), r.input.check(changed))
}

// format returns the format of the pages, by the name of the sheet.
func (f *sheetFlags) format() (transform.Format, error) {
	ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(f.output)), ".")
	bad := func(format string, args ...any) error {
		return fmt.Errorf("--output %q: %s: expected a file such as sheet.jpg", f.output, fmt.Sprintf(format, args...))
	}
	switch info, err := os.Stat(f.output); {
	case f.output == "":
		return "", nil
	case schemeOf(f.output) != "":
		return "", bad("nothing can be written to %s://", schemeOf(f.output))
	case err == nil && !info.Mode().IsRegular():
		return "", bad("it is no regular file")
	}
	for _, name := range transform.Formats() {
		if name.Writable() && (name.Ext() == ext || sameFormat(ext, name)) {
			return name, nil
		}
	}
	return "", bad("its extension is that of no format that can be written, which are %s", sheetExtensions())
}

// sameFormat reports whether an extension is another name of a format, as "jpeg" is of "jpg".
func sameFormat(ext string, f transform.Format) bool {
	got, err := transform.ParseFormat(ext)
	return err == nil && got == f
}

// options returns those of the sheet.
func (f *sheetFlags) options() sheet.Options {
	format, _ := f.format() // which check has looked at
	o := sheet.Options{
		Layout: sheet.Layout{
			Columns: f.columns, Rows: f.rows, Cell: f.cell, Labels: f.labels, Title: f.title,
		},
		Format: format, Quality: f.quality, MaxPixels: f.run.limits.maxPixels,
	}
	var c color.NRGBA
	c.A = 255
	if n, _ := fmt.Sscanf(string(f.background), "#%02x%02x%02x%02x", &c.R, &c.G, &c.B, &c.A); n >= 3 {
		o.Background = c
	}
	return o
}
