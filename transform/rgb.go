package transform

import "time"

// An rgbPath decodes the whole image to RGB and alpha, and each operation makes a new image. It works for every format.
type rgbPath struct {
	plan
	header Header
}

func (p *rgbPath) name() string { return "rgba" }

func (p *rgbPath) explain() (why, how string) {
	if t := p.header.traits; t != nil && t.general != "" {
		return t.general, ""
	}
	return string(p.header.Format) + " is decoded to RGB", ""
}

func (p *rgbPath) need(n *needs) {
	pixels := int64(p.header.Width) * int64(p.header.Height)
	decode := int64(12)
	if n.rgbBytes != 0 {
		decode = int64(n.rgbBytes)
	}
	image := 4 * pixels
	n.during(decode*pixels + image)
	if p.orientation > 1 {
		n.during(2 * image)
	}
	n.most -= min(n.most, image)
	n.held += image
	for i := range p.legs {
		l := &p.legs[i]
		n.steps(l, 0, l.sizes[0], l.ops)
	}
}

func (p *rgbPath) run(j *job, data []byte, m meta, res *Result, start time.Time) error {
	img, err := j.load(data, m, p.orientation)
	if err != nil {
		return err
	}
	res.Decode = time.Since(start)
	return j.eachSize(&p.plan, res, func(s *sizing) error { return s.finish(img, func(l *leg) []Op { return l.ops }) })
}
