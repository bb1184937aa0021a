package jpeg_test

import (
	"fmt"

	"imgpipe/transform/internal/jpeg"
	"imgpipe/transform/internal/pixel"
)

// A picture is encoded, and decoded again at a quarter of its size.
func Example() {
	picture := &pixel.Planes{Kind: pixel.Gray}
	picture.Plane[0] = pixel.Plane{Pix: make([]byte, 100*50), Stride: 100, W: 100, H: 50}
	var e jpeg.Encoder
	file, err := e.Append(nil, picture, jpeg.EncodeOptions{Quality: 90, Optimize: true})
	if err != nil {
		fmt.Println(err)
		return
	}

	h, err := jpeg.ReadHeader(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	var d jpeg.Decoder
	small, damage, err := d.Decode(file, &h, jpeg.Options{Scale: pixel.Scale{Luma: 2}})
	if err != nil || damage.Err != nil {
		fmt.Println(err, damage.Err)
		return
	}
	luma := small.Plane[0]
	fmt.Println(h.Width, h.Height, h.Kind)
	fmt.Println(luma.W, luma.H, small.Extent[0].W, small.Extent[0].H)
	// Output:
	// 100 50 Gray
	// 25 13 25 12.5
}
