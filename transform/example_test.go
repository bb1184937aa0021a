package transform_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"log"

	"imgpipe/transform"
)

func ExampleDo() {
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil {
		log.Fatal(err)
	}
	spec, err := transform.ParseSpec("size=200;size=50x50,fit=cover;format=jpeg")
	if err != nil {
		log.Fatal(err)
	}
	res, err := transform.Do(context.Background(), transform.Task{Data: file.Bytes(), Spec: spec})
	if err != nil {
		log.Fatal(err)
	}
	for _, out := range res.Outputs {
		fmt.Printf("%s: %s of %dx%d\n", out.Label, out.Format, out.Width, out.Height)
	}
	// Output:
	// 200: jpeg of 200x150
	// 50: jpeg of 50x50
}

func ExampleDo_notAnImage() {
	_, err := transform.Do(context.Background(), transform.Task{Data: []byte("<html>No such page</html>")})
	fmt.Println(err)
	// Output:
	// read header: this is an HTML page, not an image
}

func ExampleParseSpec() {
	spec, err := transform.ParseSpec("size=800X600, fit=cover; blur=1.50; quality=85")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(spec)
	_, err = transform.ParseSpec("blur=1000")
	fmt.Println(err)
	// Output:
	// size=800x600,fit=cover;blur=1.5;quality=85
	// operation blur: sigma "1000": expected a number from 0.1 to 50
}

// A program that has flags for sizes and operations builds a Spec of its own.
func ExampleSpec() {
	size, err := transform.ParseResize("800x")
	if err != nil {
		log.Fatal(err)
	}
	op, err := transform.ParseOp("sharpen=1")
	if err != nil {
		log.Fatal(err)
	}
	spec := transform.Spec{
		Sizes: []transform.Resize{size}, Ops: []transform.Op{op}, Formats: []transform.Format{transform.PNG},
	}
	fmt.Println(spec, spec.Validate())
	// Output:
	// size=800x;sharpen=1;format=png <nil>
}

func ExampleOperations() {
	for _, op := range transform.Operations()[:3] {
		fmt.Printf("%-20s %s, as in %s\n", op.Usage, op.Doc, op.Example)
	}
	// Output:
	// blur=SIGMA           soften with a Gaussian, as in blur=1.5
	// brightness=PERCENT   make lighter or darker, as in brightness=10
	// contrast=PERCENT     move colors away from middle gray or towards it, as in contrast=15
}
