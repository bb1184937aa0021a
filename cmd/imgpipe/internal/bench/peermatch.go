package bench

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // outputs are JPEG and PNG
	_ "image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	resample "golang.org/x/image/draw"

	"imgpipe/cmd/imgpipe/internal/peer"
	"imgpipe/cmd/imgpipe/internal/summary"
)

const (
	// leastLike is the signal-to-noise ratio in dB from which two pictures count as the same work. Different resamplers
	// and encoders of one quality lie some 5 dB above it.
	leastLike = 30
	// mostLike stands for pictures that are equal, whose ratio is infinite.
	mostLike = 99
	// mostFailed is the share of the items that imgpipe does and Python need not.
	mostFailed = 0.25
)

// match compares what a run of Python wrote with the outputs of imgpipe, and sets the facts. Outputs of the same bytes
// are compared once. Its error is an ErrDifferent that names a file and a figure.
func (p *Peer) match(outputs string, failed []peer.Failure) error {
	type likeness struct {
		source string
		dB     float64
	}
	var all []likeness
	left, example, ours := 0, "", 0
	why := map[int]string{}
	for _, f := range failed {
		why[f.Index] = f.Error
	}
	for i, reference := range p.outputs {
		if reference == "" {
			continue // imgpipe did not do it either
		}
		ours++
		source := summary.Printable(p.Items[i].Source)
		if reason, ok := why[i]; ok {
			left++
			example = cmp.Or(example, fmt.Sprintf("%s: %s", source, summary.Printable(reason)))
			continue
		}
		dB, err := p.likeness(i, filepath.Join(outputs, p.outputName(i)))
		if err != nil {
			return fmt.Errorf("%w: %s: %w", ErrDifferent, source, err)
		}
		if dB < leastLike {
			return fmt.Errorf("%w: %s: the output of %s is %.1f dB from that of imgpipe, expected at least %d",
				ErrDifferent, source, p.Python.Program, dB, leastLike)
		}
		all = append(all, likeness{source, dB})
	}
	if float64(left) > mostFailed*float64(ours) {
		return fmt.Errorf("%w: %s failed at %d of %d images that imgpipe does, such as %s",
			ErrDifferent, p.Python.Program, left, ours, example)
	}
	p.facts.Failed, p.facts.FailedExample, p.facts.Outputs = left, example, len(all)
	if len(all) == 0 {
		return nil
	}
	slices.SortStableFunc(all, func(a, b likeness) int { return cmp.Compare(a.dB, b.dB) })
	p.facts.Median = (all[(len(all)-1)/2].dB + all[len(all)/2].dB) / 2
	p.facts.Least, p.facts.Example = all[0].dB, all[0].source
	return nil
}

// likeness returns the signal-to-noise ratio of an output of Python against that of imgpipe.
func (p *Peer) likeness(index int, path string) (float64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	key := fmt.Sprintf("%d %x", index, sha256.Sum256(b))
	if dB, ok := p.like[key]; ok {
		return dB, nil
	}
	theirs, _, err := image.Decode(strings.NewReader(string(b)))
	if err != nil {
		return 0, fmt.Errorf("decode the output of Python: %w", err)
	}
	b, err = os.ReadFile(p.outputs[index])
	if err != nil {
		return 0, err
	}
	ours, _, err := image.Decode(strings.NewReader(string(b)))
	if err != nil {
		return 0, fmt.Errorf("decode the output of imgpipe: %w", err)
	}
	dB, err := psnr(ours, theirs)
	if err == nil {
		p.like[key] = dB
	}
	return dB, err
}

// psnr returns the peak signal-to-noise ratio of two pictures in dB, over brightness and both kinds of color; at most
// mostLike. Red, green and blue would count an error of color several times where a JPEG holds less of it. Sizes may
// differ by one pixel, as programs round differently: the second is scaled then.
func psnr(a, b image.Image) (float64, error) {
	sa, sb := a.Bounds().Size(), b.Bounds().Size()
	if abs(sa.X-sb.X) > 1 || abs(sa.Y-sb.Y) > 1 {
		return 0, fmt.Errorf("its output has %dx%d pixels and that of imgpipe %dx%d: expected the same size",
			sb.X, sb.Y, sa.X, sa.Y)
	}
	pa, pb := image.NewRGBA(image.Rectangle{Max: sa}), image.NewRGBA(image.Rectangle{Max: sa})
	draw.Draw(pa, pa.Rect, a, a.Bounds().Min, draw.Src)
	if sa == sb {
		draw.Draw(pb, pb.Rect, b, b.Bounds().Min, draw.Src)
	} else {
		resample.CatmullRom.Scale(pb, pb.Rect, b, b.Bounds(), draw.Src, nil)
	}
	sum := 0
	for i := 0; i < len(pa.Pix); i += 4 {
		ya, ba, ra := color.RGBToYCbCr(pa.Pix[i], pa.Pix[i+1], pa.Pix[i+2])
		yb, bb, rb := color.RGBToYCbCr(pb.Pix[i], pb.Pix[i+1], pb.Pix[i+2])
		sum += square(ya, yb) + square(ba, bb) + square(ra, rb)
	}
	mean := float64(sum) / float64(3*sa.X*sa.Y)
	return min(10*math.Log10(255*255/mean), mostLike), nil
}

func square(a, b uint8) int { return (int(a) - int(b)) * (int(a) - int(b)) }

func abs(n int) int { return max(n, -n) }
