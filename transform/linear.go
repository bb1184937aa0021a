package transform

import (
	"slices"

	"imgpipe/transform/internal/codec"
	"imgpipe/transform/internal/icc"
	"imgpipe/transform/internal/pixel"
)

// linear reports whether some view resizes in linear light.
func (p *plan) linear() bool {
	return slices.ContainsFunc(p.legs, func(l leg) bool { return l.linear })
}

// planeRows are the rows of a file whose planes can be decoded alone, for views in linear light: of RGB, or of gray.
//
// The planes are decoded at full size. A decoder that makes them smaller takes means of levels and not of light, as
// planes of chroma do that are added apart from their luma: at any scale below, a checkerboard of single pixels becomes
// level 128 where its light is that of 188. Thirty photos to JPEG of 800 px took 6.1 times the CPU time of planes for
// it, the whole program, and six PNGs 1.26 times that of levels, 1.07 times with 16 bits a sample (November 2026).
type planeRows struct{ planeSource }

func (r planeRows) gray(bool) bool { return r.shape().Kind == pixel.Gray }
func (r planeRows) opaque() bool   { return true }

func (r planeRows) memory(bool) int64 {
	s := r.shape()
	return 500<<10 + r.planeSource.memory(fullScale) + 12*int64(s.Width)
}

// fullScale decodes planes at full size.
var fullScale = pixel.Scale{Luma: 8, Chroma: 8}

// explain returns in words why pixels go this way.
func (r planeRows) explain() string {
	return "planes of full size, and their rows in linear light to the sizes wanted"
}

func (r planeRows) start(j *job, data []byte, _ bool) rowReader {
	s := r.shape()
	d := &planeReader{job: j, gray: r.gray(false), row: make([]byte, 4*s.Width)}
	planes, err := r.decode(j, data, fullScale)
	if err != nil {
		d.err = err
		return d
	}
	d.planes, d.rows = planes, pixel.NewRows(planes, s)
	if source, ok := r.planeSource.(inkSource); ok {
		d.inverted = source.inverted()
	}
	if isInks(s.Kind) && j.inks != nil {
		d.inks, d.err = j.inks.Transform()
	}
	return d
}

// A planeReader is the rowReader of planes that are decoded.
type planeReader struct {
	*job
	planes   *pixel.Planes
	rows     *pixel.Rows
	inks     *icc.Transform // makes sRGB of inks; nil for the plain formula, or if there are none
	inverted bool           // 255 is no ink
	gray     bool
	row      []byte
	y        int
	err      error
}

func (d *planeReader) Row() ([]byte, error) {
	if d.err == nil && d.y%64 == 0 {
		d.err = d.ended()
	}
	if d.err != nil {
		return nil, d.err
	}
	d.y++
	switch y := d.y - 1; {
	case d.gray:
		return d.planes.Plane[0].Row(y)[:len(d.row)/4], nil
	case d.inks != nil:
		d.rows.Inks(d.row, y, d.inverted)
		d.inks.Convert(d.row)
	default:
		d.rows.RGB(d.row, y, d.inverted)
	}
	return d.row, nil
}

// Damage returns none: what decoding has missed is settled.
func (d *planeReader) Damage() codec.Damage { return codec.Damage{} }

// Remarks returns none, as they are noted.
func (d *planeReader) Remarks() []string { return nil }

// Release does nothing: planes belong to the workspace.
func (d *planeReader) Release() {}
