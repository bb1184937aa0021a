package resample

import "sync"

// A Cache keeps weights, so that images of equal sizes, and the planes of one image, share the cost of computing them.
// The zero value is ready for use, and one Cache may serve many Resamplers in many goroutines. It holds at most about 4
// MiB; when that is full, the weights that came first go first.
type Cache struct {
	mu    sync.Mutex
	axes  map[axisKey]*axis
	order []axisKey // from the oldest to the newest
	bytes int
}

const cacheBytes = 4 << 20

// axis returns the weights for key.
func (c *Cache) axis(key axisKey) *axis {
	c.mu.Lock()
	a := c.axes[key]
	c.mu.Unlock()
	if a != nil {
		return a
	}
	// Computed without the lock: two goroutines may do the same work at the same time, but none waits for another's.
	a = newAxis(key)
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := c.axes[key]; other != nil {
		return other
	}
	if a.size() > cacheBytes/4 {
		return a
	}
	for c.bytes+a.size() > cacheBytes {
		c.bytes -= c.axes[c.order[0]].size()
		delete(c.axes, c.order[0])
		c.order = c.order[1:]
	}
	if c.axes == nil {
		c.axes = map[axisKey]*axis{}
	}
	c.axes[key] = a
	c.order = append(c.order, key)
	c.bytes += a.size()
	return a
}
