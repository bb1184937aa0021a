package icc

import (
	"crypto/sha256"
	"errors"
	"sync"
)

// A Transform makes sRGB of the pixels of a profile: relative to white, with black as black. It does not change, and is
// safe for use by several goroutines.
type Transform struct {
	gray  *[256][3]byte // of one value
	mixed *mixed        // of curves and a matrix
	table *table        // of everything else
	same  bool          // what SRGBPixels of the profile reports
}

// Convert makes sRGB of pixels of four bytes each, in their place: R, G, B and alpha, which stays as it is. Of a
// profile for gray, R is the gray; for L*a*b*, the three values stand in the place of R, G and B as 8 bits do in ICC
// profiles. Of a profile for CMYK, the four bytes are the inks, 255 for all of an ink; they become R, G, B and 255.
func (t *Transform) Convert(pix []byte) {
	switch {
	case t.gray != nil:
		for ; len(pix) >= 4; pix = pix[4:] {
			c := &t.gray[pix[0]]
			pix[0], pix[1], pix[2] = c[0], c[1], c[2]
		}
	case t.mixed != nil:
		t.mixed.convert(pix)
	case len(t.table.axes) == 4:
		t.table.convert4(pix)
	default:
		t.table.convert3(pix)
	}
}

// Memory returns how many bytes the Transform of p holds, and as an error why there can be none. It allocates next to
// nothing.
func (p Profile) Memory() (int64, error) {
	m, err := p.model()
	if err != nil {
		return 0, err
	}
	if m.inputs == 1 || m.matrix() != nil {
		return mixerBytes, nil
	}
	sizes, _, _ := m.layout()
	return tableBytes(sizes), nil
}

// Transform returns the Transform of p. The last ones are kept, because the images of a run mostly have few profiles.
// To make one takes 0.1 ms if p has curves and a matrix, a few if it has a table, and 100 if that has curves behind it.
func (p Profile) Transform() (*Transform, error) {
	e := kept.entry(sha256.Sum256(p.Data))
	e.once.Do(func() {
		e.err = errors.New("its table could not be made") // if what follows panics
		m, err := p.model()
		if err == nil {
			e.made = m.transform()
		}
		e.err = err
	})
	return e.made, e.err
}

// keepTransforms is how many Transforms are kept. The largest has 3 MB.
const keepTransforms = 6

// A cache holds the Transforms that were used last, the latest in front.
type cache struct {
	mu   sync.Mutex
	list []*entry
}

type entry struct {
	digest [sha256.Size]byte
	once   sync.Once
	made   *Transform
	err    error
}

var kept cache

// entry returns the entry of a profile, and adds it if there is none.
func (c *cache) entry(digest [sha256.Size]byte) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	var e *entry
	for i, known := range c.list {
		if known.digest == digest {
			e = known
			copy(c.list[1:i+1], c.list[:i])
			c.list[0] = e
			return e
		}
	}
	e = &entry{digest: digest}
	if len(c.list) < keepTransforms {
		c.list = append(c.list, nil)
	}
	copy(c.list[1:], c.list)
	c.list[0] = e
	return e
}

func (m *model) transform() *Transform {
	var t *Transform
	switch colors := m.matrix(); {
	case m.inputs == 1:
		t = &Transform{gray: m.grays()}
	case colors != nil:
		t = &Transform{mixed: m.mixed(colors)}
	default:
		return &Transform{table: m.table()}
	}
	t.same = t.changesNothing()
	return t
}

// SRGBPixels reports whether pixels of p are those of sRGB, but for a level at most. It is false for a profile with a
// table, which it does not make.
func (p Profile) SRGBPixels() bool {
	m, err := p.model()
	if err != nil || m.inputs != 1 && m.matrix() == nil {
		return false
	}
	t, err := p.Transform()
	return err == nil && t.same
}

// changesNothing reports whether colors from all of RGB, and all grays, stay what they are, but for a level.
func (t *Transform) changesNothing() bool {
	stays := func(r, g, b byte) bool {
		pix := [4]byte{r, g, b}
		t.Convert(pix[:])
		near := func(a, b byte) bool { return max(a, b)-min(a, b) <= 1 }
		return near(pix[0], r) && near(pix[1], g) && near(pix[2], b)
	}
	for v := range 256 {
		if !stays(byte(v), byte(v), byte(v)) {
			return false
		}
	}
	const step = 51
	for i := 0; i < 6*6*6 && t.gray == nil; i++ {
		if !stays(byte(i/36*step), byte(i/6%6*step), byte(i%6*step)) {
			return false
		}
	}
	return true
}

// grays returns what each level of gray becomes. It has no color if the profile means none.
func (m *model) grays() *[256][3]byte {
	t := new([256][3]byte)
	for v := range t {
		rgb := m.linear(m.color([4]float64{float64(v) / 255}, 0))
		if max(rgb[0], rgb[1], rgb[2])-min(rgb[0], rgb[1], rgb[2]) < 0.002 {
			rgb[0], rgb[2] = rgb[1], rgb[1]
		}
		for c := range rgb {
			t[v][c] = toByte(gamma(rgb[c]))
		}
	}
	return t
}

// matrix returns the matrix of a model that has nothing but curves in front of one, and nil for others. Its result is
// XYZ.
func (m *model) matrix() *matrix {
	stages := m.stages
	if n := len(stages); n == 3 { // curves B of a lutAToBType, which must be there
		if last, ok := stages[2].(curves); ok && last.isIdentity() {
			stages = stages[:2]
		}
	}
	if m.inputs != 3 || len(stages) != 2 || m.coding != plainXYZ && m.coding != codedXYZ {
		return nil
	}
	_, ok := stages[0].(curves)
	colors, isMatrix := stages[1].(*matrix)
	if !ok || !isMatrix {
		return nil
	}
	return colors
}
