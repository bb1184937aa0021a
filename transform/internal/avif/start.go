package avif

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"

	"github.com/gen2brain/avif"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"golang.org/x/sys/cpu"
)

// ErrNoCompiler is the error in a process that may not make executable memory, or of a machine that no compiler is for.
var ErrNoCompiler = errors.New("AVIF needs to compile its codec, and this process has no executable memory")

// start compiles the library, once in a process: some 1.4 s of CPU time and 90 MB.
var start = sync.OnceValue(func() (err error) {
	if avif.Dynamic() == nil {
		return errors.New("a shared library would change the bytes: build with -tags nodynamic")
	}
	if !Compiles() {
		return ErrNoCompiler
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the codec could not be compiled: %v", p)
		}
	}()
	// The C code writes to what os.Stdout is at the first call. That is a worker's wire no more by then, but in
	// other processes results are written to it.
	stdout := os.Stdout
	os.Stdout = os.Stderr
	defer func() { os.Stdout = stdout }()
	avif.Decode(bytes.NewReader(nil)) // fails, but not before all is compiled
	return nil
})

// Compiles reports whether wazero would compile the library. It asks for the same as the library does, with a module
// of one empty function (WebAssembly, 5.5). Where wazero cannot compile, it interprets without a word.
func Compiles() (ok bool) {
	switch runtime.GOARCH { // what wazero's compiler asks of a CPU
	case "amd64":
		ok = cpu.X86.HasSSE41
	case "arm64":
		ok = cpu.ARM64.HasATOMICS
	}
	if !ok {
		return false
	}
	defer func() {
		if recover() != nil {
			ok = false
		}
	}()
	ctx := context.Background()
	features := api.CoreFeaturesV2 | experimental.CoreFeaturesThreads
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigCompiler().WithCoreFeatures(features))
	defer rt.Close(ctx)
	const module = "\x00asm\x01\x00\x00\x00" + // its sections are types, functions and code
		"\x01\x04\x01\x60\x00\x00" + "\x03\x02\x01\x00" + "\x0a\x04\x01\x02\x00\x0b"
	_, err := rt.CompileModule(ctx, []byte(module))
	return err == nil
}
