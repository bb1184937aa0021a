package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"imgpipe/cmd/imgpipe/internal/drill"
	"imgpipe/cmd/imgpipe/internal/flags"
	"imgpipe/pipeline/store"
)

func newRunCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "run [flags] INPUT...",
		Short: "Fetch and transform images",
		Long: `Fetch and transform images. An INPUT is a file, a folder (walked), a pattern or a URL.

Outputs keep the tree of the folders. Each is written whole or not at all. The same
command again does only what is not done yet or failed; --force does all again.

Servers are asked through the proxies that the environment names: HTTP_PROXY, HTTPS_PROXY,
ALL_PROXY (http://, https:// or socks5://, user:password@ before the host), but for the hosts
of NO_PROXY and this machine itself. Names in lower case go first.`,
		Example: `  imgpipe run -o small --resize 1600x1600 photos
  imgpipe run -o thumbs --size 320 --size 1280 --format jpeg photos '*.png'
  imgpipe run -o squares --resize 256x256 --fit cover --gravity smart -i urls.txt
  imgpipe run -o set -i set.csv --url-col image_url -d 64 --failed-list failed.txt
  imgpipe run -o bw --op grayscale --op 'watermark=logo.png,opacity=0.5' photos`,
	}
	f := addRunFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.inputs = args
		if err := errors.Join(f.validate(), f.checkProxies()); err != nil {
			return exitError{exitUsage, err}
		}
		return runRun(cmd.Context(), f, cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}

// runRun is imgpipe run, once its flags are known to be good.
func runRun(ctx context.Context, f *runFlags, stdin io.Reader, stdout, stderr io.Writer) error {
	stop := listen(ctx, stderr)
	defer stop.release()
	if f.maxTime > 0 {
		stop.after(f.maxTime, fmt.Sprintf("--max-time %s is over", flags.FormatPeriod(f.maxTime)))
	}
	return stop.verdict(f.run(stop, stdin, stdout, stderr))
}

func (f *runFlags) run(stop *stopper, stdin io.Reader, stdout, stderr io.Writer) error {
	ctx := stop.ctx
	spec, err := f.spec()
	if err != nil {
		return exitError{exitUsage, err}
	}
	options, err := f.storeOptions(spec)
	if err != nil {
		return exitError{exitUsage, err}
	}
	inputs := f.source(stdin)
	if err := inputs.Check(ctx); err != nil {
		return exitError{exitUsage, err}
	}
	if err := f.ledgerIsNoList(stdin); err != nil {
		return exitError{exitUsage, err}
	}
	originals, err := f.originals(stop, inputs)
	if err != nil {
		return exitError{exitUsage, err}
	}
	defer originals.close()
	inputs = originals.inputs
	originals.reads(spec.AssetNames())
	originals.reads(f.lists)
	sides := f.sideCheck(spec.AssetNames())
	if err := sides.all(); err != nil {
		return exitError{exitUsage, err}
	}
	if err := f.boundOpenFiles(); err != nil {
		return exitError{exitCouldNotRun, err}
	}
	options.Originals, options.Folders = originals.files, f.open.folders
	if options.Fault, err = drill.HookDisk(); err != nil {
		return exitError{exitUsage, err}
	}
	st, err := store.Open(f.output, options)
	if err != nil {
		return exitError{exitCouldNotRun, f.hinted(err)}
	}
	if f.dry {
		err = dryRun(ctx, f, inputs, st, options.OnExist, stdout, stderr)
	} else {
		err = liveRun(stop, f, inputs, wordedStore{st}, sides, stdout, stderr)
	}
	return errors.Join(err, asCouldNotRun(st.Close()))
}
