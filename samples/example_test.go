package samples_test

import (
	"fmt"
	"io"
	"net/http"

	"imgpipe/samples"
)

func ExampleServer() {
	// Every answer takes 20 milliseconds to begin.
	how, err := samples.ParseBehavior("latency=20ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	s := &samples.Server{Behavior: how}
	url, err := s.Start("")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()

	// This one is refused twice before it is sent.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for range 3 {
		r, err := client.Get(url + "/small/0001.jpg?fail=2&retry-after=1")
		if err != nil {
			fmt.Println(err)
			return
		}
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
		fmt.Println(r.StatusCode, r.Header.Get("Retry-After"))
	}
	// Output:
	// 429 1
	// 429 1
	// 200
}

func ExampleAwkward() {
	for _, f := range samples.Awkward() {
		if f.Class == "too-large" {
			fmt.Println(f.Name+":", f.Doc)
		}
	}
	// Output:
	// gigapixels.png: 100,000 by 100,000 pixels, says the header
	// gigapixels.jpg: 65,500 by 65,500 pixels, says the header
	// gigapixels.gif: 65,535 by 65,535 pixels, says the header
	// gigapixels.bmp: 60,000 by 60,000 pixels, says the header
}
