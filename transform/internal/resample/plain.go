//go:build !(goexperiment.simd && amd64)

package resample

// tapsUnit is what the number of weights per destination sample is a multiple of.
const tapsUnit = 4

// engines are those of this build.
type engines struct {
	lanes lanes
}

// choose returns the engine for pixels of kind k.
func (e *engines) choose(kind) engine { return &e.lanes }
