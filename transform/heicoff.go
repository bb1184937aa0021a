//go:build !heic

package transform

import "image"

// readHEIC is nil in a build that has no decoder for it.
var readHEIC func(j *job, data []byte, m *meta) (*image.NRGBA, error)
