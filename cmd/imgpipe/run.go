package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/fetch"
	"imgpipe/pipeline/store"
)

func newRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [flags] INPUT...",
		Short: "Fetch and transform images",
		Long: `Fetch and transform images. An INPUT is a file, a folder (walked), a pattern or a URL, also
s3://BUCKET/PREFIX.

Outputs keep the tree of the folders. Each is written whole or not at all. The same
command again does only what is not done yet or failed; --force does all again.

Servers are asked through the proxies that the environment names: HTTP_PROXY, HTTPS_PROXY,
ALL_PROXY (http://, https:// or socks5://, user:password@ before the host), but for the hosts
of NO_PROXY and this machine itself. Names in lower case go first.`,
		Example: `  imgpipe run -o small --resize 1600x1600 photos
  imgpipe run -o thumbs --size 320 --size 1280 --format jpeg photos '*.png'
  imgpipe run -o square --resize 256x256 --fit cover --gravity smart -i urls.txt
  imgpipe run -o set -i set.csv --url-col image -d 64 --failed-list failed.txt
  imgpipe run -o s3://bucket/small --resize 1600x1600 s3://bucket/photos/
  imgpipe run -o bw --op grayscale --op 'watermark=logo.png,opacity=0.5' photos`,
	}
	f := addRunFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := f.preset.apply(f.set.Lookup); err != nil {
			return exitError{exitUsage, err}
		}
		f.finalize(args)
		if err := errors.Join(f.preset.beside(f.check()), f.checkProxies()); err != nil {
			return exitError{exitUsage, err}
		}
		return runRun(cmd.Context(), f, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// runRun is imgpipe run, once its flags have been checked.
func runRun(ctx context.Context, f *runFlags, stdin io.Reader, stdout, stderr io.Writer) error {
	stop := listen(ctx, stderr)
	defer stop.release()
	if t := f.limits.maxTime; t > 0 {
		stop.after(t, fmt.Sprintf("--max-time %s is over", flags.FormatPeriod(t)))
	}
	return stop.verdict(f.run(stop, stdin, stdout, stderr))
}

// run prepares and does the run, for real or dry.
func (f *runFlags) run(stop *stopper, stdin io.Reader, stdout, stderr io.Writer) (err error) {
	var own owner
	defer func() { err = errors.Join(err, asCouldNotRun(own.close())) }()
	p, err := f.prepare(stop, stdin, &own)
	switch {
	case err != nil:
		return err
	case f.dry:
		return dryRun(stop.ctx, p, stdout, stderr)
	}
	return liveRun(stop, p, stdout, stderr)
}

// A prepared run has been looked at as far as that can be done before anything is begun: its inputs are there, its
// outputs have a folder, and no file that it writes is one that it reads.
type prepared struct {
	flags  *runFlags
	inputs fetch.Inputs
	store  *store.Store
	sides  *sideCheck
	strays *pruner // nil without --prune
	can    capacity
}

// prepare looks at what the flags name. Everything that it opens belongs to own, even if it fails.
func (f *runFlags) prepare(stop *stopper, stdin io.Reader, own *owner) (*prepared, error) {
	usage := func(err error) error { return exitError{exitUsage, err} }
	spec, err := f.picture.spec()
	if err != nil {
		return nil, usage(err)
	}
	options := f.output.options()
	options.Spec, options.RefuseDamaged, options.Part = spec, f.limits.refuseDamaged(), f.input.part
	if options.Name == "" && len(f.picture.sizes) > 0 && !f.output.inPlace {
		options.Name = store.NameOfSizes // also for one size, which keeps its name when another is added
	}
	options.ReadOnly = f.dry || !f.exec.whole()
	if err := badName(options.Check()); err != nil {
		return nil, usage(err)
	}
	p := &prepared{flags: f, inputs: f.inputs(stdin), strays: f.pruner()}
	if !f.watched {
		if err := p.inputs.Check(stop.ctx); err != nil {
			return nil, usage(err)
		}
	}
	if err := f.ledgerIsNoList(stdin); err != nil {
		return nil, usage(err)
	}
	originals, err := f.originals(stop, p.inputs)
	if err != nil {
		return nil, usage(err)
	}
	own.undo(originals.close)
	p.inputs = originals.inputs
	originals.reads(spec.AssetNames())
	originals.reads(f.input.lists)
	p.sides = f.sideCheck(spec.AssetNames())
	if err := p.sides.all(); err != nil {
		return nil, usage(err)
	}
	if p.can, err = f.exec.capacity(); err != nil {
		return nil, exitError{exitCouldNotRun, err}
	}
	options.Originals, options.Folders = originals.files, p.can.folders
	if options.Fault, err = drill.HookDisk(); err != nil {
		return nil, usage(err)
	}
	folder, err := f.place(stop.ctx, &options, own)
	if err != nil {
		return nil, exitError{exitCouldNotRun, f.hinted(f.output.of(err))}
	}
	if p.store, err = f.openStore(stop.ctx, folder, options); err != nil {
		return nil, exitError{exitCouldNotRun, f.hinted(err)}
	}
	own.add(p.store.Close)
	return p, nil
}
