package lettering

import "image"

// Grown returns m with everything that is at most r pixels away from what it covers, as far as it lies in clip: each
// pixel is covered as much as the most of m within that distance. It calls stop now and then, and returns its error.
func (m *Mask) Grown(r int, clip image.Rectangle, stop func() error) (*Mask, error) {
	out := &Mask{}
	if m.Rect.Empty() {
		return out, nil
	}
	out.Rect = m.Rect.Inset(-r).Intersect(clip)
	out.Pix = make([]byte, out.Rect.Dx()*out.Rect.Dy())
	spread := make([]byte, m.Rect.Dx()+2*r)
	work := make([]byte, 2*(m.Rect.Dx()+4*r))
	half := r // the half width of a circle, dy above its center
	for dy := range r + 1 {
		if err := stop(); err != nil {
			return nil, err
		}
		for half > 0 && half*half+dy*dy > r*r+r {
			half--
		}
		for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
			widen(spread, m.row(y), r, half, work)
			out.most(y-dy, m.Rect.Min.X-r, spread)
			if dy > 0 {
				out.most(y+dy, m.Rect.Min.X-r, spread)
			}
		}
	}
	return out, nil
}

// most has in row y of m the larger of what is there and of row, which begins at left.
func (m *Mask) most(y, left int, row []byte) {
	if y < m.Rect.Min.Y || y >= m.Rect.Max.Y {
		return
	}
	to := m.row(y)
	for i, v := range row[m.Rect.Min.X-left:][:len(to)] {
		to[i] = max(to[i], v)
	}
}

// widen sets dst to the largest value of src within half of each place. dst has r more places on each side than src,
// and work has room for twice the places of dst and half more on each side. The method is that of van Herk and of Gil
// and Werman: of blocks as long as the window, the largest so far from the left and from the right.
func widen(dst, src []byte, r, half int, work []byte) {
	n, window := len(dst)+2*half, 2*half+1
	fromLeft, fromRight := work[:n], work[n:2*n]
	at := func(i int) byte { // of src with zeros around it
		if i -= half + r; i >= 0 && i < len(src) {
			return src[i]
		}
		return 0
	}
	for i := range n {
		fromLeft[i] = at(i)
		if i%window != 0 {
			fromLeft[i] = max(fromLeft[i], fromLeft[i-1])
		}
	}
	for i := n - 1; i >= 0; i-- {
		fromRight[i] = at(i)
		if i != n-1 && (i+1)%window != 0 {
			fromRight[i] = max(fromRight[i], fromRight[i+1])
		}
	}
	for i := range dst {
		dst[i] = max(fromRight[i], fromLeft[i+2*half])
	}
}
