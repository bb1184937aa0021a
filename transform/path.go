package transform

import (
	"image"
	"time"

	"imgpipe/transform/internal/pixel"
)

// A path is the way that the pixels of one image go, from its file to its outputs. What a path costs, how it is
// explained and what it does come from one value, so that they cannot differ. There are three:
//
//	planesPath  decodes a JPEG or lossy WebP to planes, each as small as the views allow
//	rowsPath    sends each row of a PNG or TIFF to all views as it is decoded, and never holds the whole image
//	rgbPath     decodes everything else to one RGB image; each operation makes a new image
//
// The first two make the view of each leg from what they decode. A leg goes on in RGB only for what is not geometry.
type path interface {
	// name is Result.Path.
	name() string
	// explain returns in words why pixels go this way, and how the file is decoded: at which size. how begins with a
	// space, or is empty if there is no choice.
	explain() (why, how string)
	// need adds to n the memory that run has in use.
	need(n *needs)
	// run decodes data, whose header is m, and adds one output for each leg to res. Work began at start.
	run(j *job, data []byte, m meta, res *Result, start time.Time) error
}

// path returns the only path that an image with header h can go by.
func (p plan) path(h Header) path {
	switch t := h.traits; {
	case t != nil && t.planes != nil:
		return newPlanesPath(p, t.planes)
	case t != nil && t.rows != nil:
		return &rowsPath{p, h, t.rows}
	}
	return &rgbPath{p, h}
}

// direct reports whether the view of l is encoded as it is, if it is one of planes.
func (l leg) direct() bool { return len(l.rest) == 0 && l.row.encodePlanes != nil }

// finish does ops to img, encodes the result and adds it to res as the output of l. The work on l began at start.
func (j *job) finish(res *Result, l leg, img *image.NRGBA, ops []Op, start time.Time) error {
	j.pixels = l.pixels
	out, err := j.operate(img, ops)
	if err != nil {
		return err
	}
	operated := time.Now()
	j.doing = "encode " + string(l.row.name)
	data, err := j.encode(out, l.row, l.enc)
	if err != nil {
		return err
	}
	res.add(Output{l.label, l.row.name, out.Rect.Dx(), out.Rect.Dy(), data}, start, operated)
	return nil
}

// finishPlanes is finish for planes that are encoded as they are.
func (j *job) finishPlanes(res *Result, l leg, pic *pixel.Planes, start time.Time) error {
	operated := time.Now()
	j.doing = "encode " + string(l.row.name)
	data, err := l.row.encodePlanes(j, pic, l.enc)
	if err != nil {
		return j.fault(ClassEncode, err)
	}
	res.add(Output{l.label, l.row.name, pic.Plane[0].W, pic.Plane[0].H, data}, start, operated)
	return nil
}

// add adds an output that was operated on from start to operated, and then encoded.
func (r *Result) add(out Output, start, operated time.Time) {
	r.Operate += operated.Sub(start)
	r.Encode += time.Since(operated)
	r.Outputs = append(r.Outputs, out)
}

// operate does operations one after the other. It does not change img.
func (j *job) operate(img *image.NRGBA, ops []Op) (*image.NRGBA, error) {
	for _, op := range ops {
		j.doing = op.op.name
		if err := j.ended(); err != nil {
			return nil, err
		}
		out, err := op.op.apply(j, img, args(op))
		if err != nil {
			return nil, &Error{Kind: ClassOperation, Doing: op.op.name, Err: err}
		}
		img = out
	}
	return img, j.ended()
}
