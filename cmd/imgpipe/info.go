package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/cmd/imgpipe/internal/summary"
	"imgpipe/fetch"
	"imgpipe/transform"
)

// infoFlags are the flags of imgpipe info. Those of the picture are the same as in imgpipe run.
type infoFlags struct {
	run    runFlags
	json   bool
	header bool
}

func newInfoCommand() *cobra.Command {
	f := &infoFlags{}
	cmd := &cobra.Command{
		Use:   "info FILE...",
		Short: "Say what image files are, and what a run would do with them",
		Long: `Say what each file is: format, size, color profile, metadata, whether it is damaged.
With the flags of imgpipe run that say what is made of a picture, also what a run would
do with it, and how much memory that takes. Nothing is written. - is standard input.

The exit status is 1 if a file cannot be read.`,
		Example: `  imgpipe info photo.jpg
  imgpipe info --resize 800x800 --format png photos/*.jpg
  imgpipe info --json photos/*.jpg | jq -r 'select(.gps) | .file'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageErrorf("no file is named: expected FILE, or - for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.info(cmd, args)
		},
	}
	f.run.set = cmd.Flags()
	g := flags.Group{Set: cmd.Flags(), Heading: "Flags"}
	g.Add(
		flags.Flag{Name: "json", Common: true, Value: flags.Switch(&f.json),
			Usage: "a JSON object on a line for each file; what is not known is left out"},
		flags.Flag{Name: "header", Common: true, Value: flags.Switch(&f.header),
			Usage: "decode nothing: it is faster, and does not find what is damaged"},
	)
	f.run.addResult(flags.Group{Set: cmd.Flags(), Heading: pictureHeading})
	f.run.addPicture(flags.Group{Set: cmd.Flags(), Heading: pictureHeading})
	f.run.addFiles(flags.Group{Set: cmd.Flags(), Heading: filesHeading})
	f.run.addFileLimits(flags.Group{Set: cmd.Flags(), Heading: limitsHeading})
	f.run.preset.add(cmd.Flags())
	return cmd
}

// info looks at each file. A file that cannot be read is said, and the others are looked at all the same.
func (f *infoFlags) info(cmd *cobra.Command, args []string) error {
	if err := f.run.preset.apply(cmd.Flags().Lookup); err != nil {
		return usageErrorf("%w", err)
	}
	if err := f.run.preset.beside(f.run.picture.check(cmd.Flags().Changed)); err != nil {
		return usageErrorf("%w", err)
	}
	spec, err := f.run.picture.spec()
	if err != nil {
		return usageErrorf("%w", err)
	}
	stop := listen(cmd.Context(), cmd.ErrOrStderr())
	defer stop.release()
	out := cmd.OutOrStdout()
	failed := 0
	for i, arg := range args {
		if unheard(out) {
			break
		}
		s := f.look(stop.ctx, cmd.InOrStdin(), arg, spec)
		if stop.ctx.Err() != nil {
			return exitError{exitInterrupted, nil}
		}
		if s.Error != "" {
			failed++
		}
		switch {
		case f.json:
			s.writeJSON(out)
		case s.Error != "":
			fmt.Fprintf(cmd.ErrOrStderr(), "FAIL %s: %s: %s\n", summary.Printable(s.File), s.Class,
				summary.Printable(s.Error))
		default:
			if i > 0 {
				fmt.Fprintln(out)
			}
			s.writeText(out)
		}
	}
	if failed > 0 {
		return exitError{exitSomeFailed, nil}
	}
	return nil
}

// look says what a file is.
func (f *infoFlags) look(ctx context.Context, stdin io.Reader, name string, spec transform.Spec) sight {
	s := sight{File: name}
	data, err := f.read(stdin, name)
	if err != nil {
		s.Class = fetch.ClassRead
		if errors.Is(err, errTooLong) {
			s.Class = fetch.ClassTooBig
		}
		s.Error = err.Error()
		return s
	}
	s.Bytes = int64(len(data))
	about, err := transform.ReadAbout(data)
	if err != nil {
		s.fail(err)
		return s
	}
	s.about(about)
	limits := f.run.limits.options()
	if steps, err := spec.Explain(about.Header, limits); err != nil {
		s.Refused = err.Error()
	} else {
		s.Steps, s.Need = linesOf(steps), spec.Need(about.Header)
	}
	if !f.header {
		s.decode(ctx, data, about.Header, limits)
	}
	return s
}

var errTooLong = errors.New("expected a file of fewer bytes, see --max-bytes")

// read returns the content of a file that is no larger than --max-bytes. A folder, a pipe or a device is none; standard
// input may be anything.
func (f *infoFlags) read(stdin io.Reader, name string) ([]byte, error) {
	r := stdin
	if name != "-" {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, pathReason(err)
		case info.IsDir():
			return nil, errors.New("it is a folder: expected a file")
		case !info.Mode().IsRegular():
			return nil, errors.New("it is no regular file: expected one, or - for standard input")
		}
		file, err := os.Open(name)
		if err != nil {
			return nil, pathReason(err)
		}
		defer file.Close()
		r = file
	}
	most := f.run.download.maxBytes
	data, err := io.ReadAll(io.LimitReader(r, most+1))
	switch {
	case err != nil:
		return nil, pathReason(err)
	case int64(len(data)) > most:
		return nil, fmt.Errorf("it has over %d bytes: %w", most, errTooLong)
	}
	return data, nil
}

// pathReason returns what is wrong with a file without its name, which the line has already.
func pathReason(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
