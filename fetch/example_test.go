package fetch_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"

	"imgpipe/fetch"
)

func ExampleInputs_Items() {
	in := fetch.Inputs{
		Args:  []string{"https://example.com/a.jpg"},
		Lists: []fetch.List{{Path: "-", Format: fetch.CSVList, Column: "link"}},
		Stdin: strings.NewReader("id,link\n1,https://example.com/b.jpg\n2,ftp://example.com/c.jpg\n"),
	}
	for item, err := range in.Items(context.Background()) {
		if err != nil {
			fmt.Println("the list broke off:", err)
			break
		}
		fmt.Println(item.Index, item.Source, item.Err)
	}
	// Output:
	// 0 https://example.com/a.jpg <nil>
	// 1 https://example.com/b.jpg <nil>
	// 2 ftp://example.com/c.jpg parse ftp://example.com/c.jpg: the scheme ftp is not supported, expected http or https
}

func ExampleInputs_Check() {
	in := fetch.Inputs{Args: []string{"no-such-folder"}}
	fmt.Println(in.Check(context.Background()))
	// Output: input "no-such-folder": no such file or folder
}

func ExampleClient_Fetch() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, "the bytes of an image")
	}))
	defer server.Close()
	client := fetch.New(fetch.Options{Retries: 1})
	defer client.Close()
	body, err := client.Fetch(context.Background(), fetch.Item{Source: server.URL, Scheme: "http"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, after %d attempt\n", body.Data, body.Attempts)
	body.Release()
	// Output: the bytes of an image, after 1 attempt
}

func ExampleSpread() {
	client := fetch.New(fetch.Options{})
	defer client.Close()
	paths := make(chan string)
	go func() {
		defer close(paths)
		for _, p := range []string{"example_test.go", "no-such-file.jpg"} {
			paths <- p
		}
	}()
	item := func(path string) fetch.Item { return fetch.Item{Source: path} }
	err := fetch.Spread(context.Background(), client.Hosts(), 1, paths, item, nil, func(path string, _ int) {
		_, err := client.Fetch(context.Background(), item(path), nil)
		fmt.Println(path, err == nil)
	})
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// example_test.go true
	// no-such-file.jpg false
}

func ExampleAppendSource() {
	list := fetch.AppendSource(nil, "photos/a b.jpg")
	list = fetch.AppendSource(list, "#1\n.jpg")
	os.Stdout.Write(list)
	// Output:
	// photos/a b.jpg
	// "#1\n.jpg"
}
