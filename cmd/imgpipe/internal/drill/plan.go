package drill

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// A Fault is what goes wrong with one image of a drill.
type Fault string

// The faults. The names stand in the environment and at the head of the table's columns.
const (
	None  Fault = ""
	Kill  Fault = "kill"  // SIGKILL: of a worker, or of the run if it has no workers
	Panic Fault = "panic" // the transform panics
	Hang  Fault = "hang"  // the transform never returns
	OOM   Fault = "oom"   // the Go runtime is refused memory, and ends its process
	Net   Fault = "net"   // the server answers badly
	Disk  Fault = "disk"  // the disk is full; this fault belongs to no image
)

// columns are the faults in the order of the table.
var columns = []Fault{Kill, Panic, Hang, OOM, Net, Disk}

// MaxImages is the largest number of images in a drill.
const MaxImages = 100_000

// A Plan says which of the images 1 to Images get which fault. An image has at most one, and the same seed always
// draws the same images. The zero value is a plan without images.
type Plan struct {
	Seed   uint64
	Images int // at most MaxImages
	// Shares of the images, from 0 to 1, that get each fault. A share above 0 is at least one image.
	Kill, Panic, Hang, OOM, Net float64
	// MaxKills is the largest number of images that get Kill; 0 is no bound.
	MaxKills int
	// DiskFull is the number of outputs after which the disk is full; 0 is never.
	DiskFull int
}

// A share is the part of a plan's images that get a fault.
type share struct {
	fault Fault
	part  *float64
}

// shares returns the shares of p in the order in which images are drawn for them.
func (p *Plan) shares() []share {
	return []share{{Kill, &p.Kill}, {Panic, &p.Panic}, {Hang, &p.Hang}, {OOM, &p.OOM}, {Net, &p.Net}}
}

// A Table holds the fault of each image under the image's number. Image 0 does not exist and has none.
type Table []Fault

// Table draws the images that get faults.
func (p Plan) Table() Table {
	t := make(Table, p.Images+1)
	left := rand.New(rand.NewPCG(p.Seed, 0)).Perm(p.Images)
	for _, s := range p.shares() {
		n := 0
		if *s.part > 0 {
			n = max(1, int(*s.part*float64(p.Images)+0.5))
		}
		if s.fault == Kill && p.MaxKills > 0 {
			n = min(n, p.MaxKills)
		}
		n = min(n, len(left))
		for _, image := range left[:n] {
			t[image+1] = s.fault
		}
		left = left[n:]
	}
	return t
}

// Of returns the fault of an image, or None for a number outside the table.
func (t Table) Of(image int) Fault {
	if image < 0 || image >= len(t) {
		return None
	}
	return t[image]
}

// String returns p as the environment holds it, under [Variable].
func (p Plan) String() string {
	parts := []string{fmt.Sprintf("seed=%d,images=%d,kills=%d,full=%d", p.Seed, p.Images, p.MaxKills, p.DiskFull)}
	for _, s := range p.shares() {
		parts = append(parts, fmt.Sprintf("%s=%g", s.fault, *s.part))
	}
	return strings.Join(parts, ",")
}

// parsePlan reads what String returns.
func parsePlan(text string) (Plan, error) {
	var p Plan
	for part := range strings.SplitSeq(text, ",") {
		if err := p.set(part); err != nil {
			return p, fmt.Errorf("%s=%s: %w", Variable, text, err)
		}
	}
	if p.Images < 0 || p.Images > MaxImages {
		return p, fmt.Errorf("%s=%s: expected at most %d images", Variable, text, MaxImages)
	}
	return p, nil
}

// set reads one name=value of a plan.
func (p *Plan) set(part string) (err error) {
	name, value, _ := strings.Cut(part, "=")
	switch name {
	case "seed":
		p.Seed, err = strconv.ParseUint(value, 10, 64)
		return err
	case "images":
		p.Images, err = strconv.Atoi(value)
		return err
	case "kills":
		p.MaxKills, err = strconv.Atoi(value)
		return err
	case "full":
		p.DiskFull, err = strconv.Atoi(value)
		return err
	}
	for _, s := range p.shares() {
		if name == string(s.fault) {
			*s.part, err = strconv.ParseFloat(value, 64)
			return err
		}
	}
	return fmt.Errorf("there is no fault %q", name)
}
