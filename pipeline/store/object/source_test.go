package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"imgpipe/fetch"
	"imgpipe/pipeline"
	"imgpipe/pipeline/store"
)

// images takes what a run takes.
func images(name string) bool { return strings.HasSuffix(name, ".jpg") }

// listed lists a name, and returns the items and what was passed over.
func listed(t testing.TB, s *Source, name string, several bool) (items []fetch.Item, passed []string) {
	t.Helper()
	s.List(t.Context(), fetch.Listing{
		Name: name, Several: several, Takes: images,
		PassedOver: func(path, what string) { passed = append(passed, what+": "+path) },
		Yield: func(item fetch.Item) bool {
			items = append(items, item)
			return true
		},
	})
	return items, passed
}

// TestAListingIsInTheOrderOfKeysAThousandARequest also ends early without a further request.
func TestAListingIsInTheOrderOfKeysAThousandARequest(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	const n = 2100
	fake.numbered(t, "in/%05d.jpg", n)
	s := NewSource(SourceOptions{Named: []Address{at(t, fake.URL, "")}})
	fake.asked("LIST")
	items, _ := listed(t, s, at(t, fake.URL, "in/").String(), false)
	if len(items) != n || !slices.IsSortedFunc(items, func(a, b fetch.Item) int {
		return strings.Compare(a.Source, b.Source)
	}) {
		t.Errorf("%d items, or not in order", len(items))
	}
	if asked := fake.asked("LIST"); asked != 3 {
		t.Errorf("%d requests for %d keys, want 3", asked, n)
	}
	count := 0
	s.List(t.Context(), fetch.Listing{
		Name: at(t, fake.URL, "in/").String(), Takes: images,
		Yield: func(fetch.Item) bool {
			count++
			return count < 10
		},
	})
	if asked := fake.asked("LIST"); count != 10 || asked > 2 {
		t.Errorf("of a listing that was to end at the tenth, %d came with %d requests", count, asked)
	}
}

// TestAListingIsThatOfAFolder has all that may lie below a prefix.
func TestAListingIsThatOfAFolder(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		f := bucketAt(t, endpoint, "").Files()
		for _, name := range []string{
			"in/a.jpg", "in/trip/day 2/b%20?#.jpg", "in/notes.txt", "in/.hidden.jpg", "in/.cache/c.jpg", "in/old/x.jpg",
			"in/old/.imgpipe/run.json", "in/own/y.jpg", "inn/z.jpg",
		} {
			if err := put(t, f, name, "of "+name, store.File{}); err != nil {
				t.Fatal(err)
			}
		}
		s := NewSource(SourceOptions{
			Named: []Address{at(t, endpoint, "")}, Outputs: []Address{at(t, endpoint, "in/own/")},
		})
		for _, name := range []string{"in", "in/"} {
			items, passed := listed(t, s, at(t, endpoint, name).String(), false)
			var got []string
			for _, item := range items {
				a, err := Parse(item.Source)
				if err != nil || item.Err != nil {
					t.Fatal(err, item.Err)
				}
				got = append(got, item.Dir+" "+a.Key)
				if item.Version == "" || item.Size != int64(len("of "+a.Key)) || !item.Listed {
					t.Errorf("%+v has no identity", item)
				}
			}
			want := []string{" in/a.jpg", "trip/day 2 in/trip/day 2/b%20?#.jpg"}
			if !slices.Equal(got, want) {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
			if len(passed) != 4 {
				t.Errorf("passed over: %q, want two hidden ones, one that is no image, and a folder of outputs", passed)
			}
		}
		items, _ := listed(t, s, at(t, endpoint, "in/old/").String(), true)
		if len(items) != 1 || items[0].Dir != "old" {
			t.Errorf("what is named itself is listed, as one of several: %+v", items)
		}
		items, _ = listed(t, s, at(t, endpoint, "in/a.jpg").String(), false)
		if len(items) != 1 || items[0].Dir != "" || items[0].Listed {
			t.Errorf("an object that is named: %+v", items)
		}
		for _, none := range []string{"none/", "none.jpg"} {
			items, _ := listed(t, s, at(t, endpoint, none).String(), false)
			if len(items) != 1 || pipeline.ClassOf(items[0].Err) != fetch.ClassNotFound {
				t.Errorf("%s: %+v", none, items)
			}
		}
	})
}

// fetcher fetches through a Source.
func fetcher(t testing.TB, s *Source, o fetch.Options) *fetch.Client {
	o.Sources = map[string]fetch.Source{Scheme: s}
	c := fetch.New(o)
	t.Cleanup(c.Close)
	return c
}

func TestAnObjectIsFetchedWholeOrNotAtAll(t *testing.T) {
	eachServer(t, func(t *testing.T, endpoint string) {
		f := bucketAt(t, endpoint, "in").Files()
		data := strings.Repeat("picture ", 10_000)
		if err := put(t, f, "a.jpg", data, store.File{}); err != nil {
			t.Fatal(err)
		}
		s := NewSource(SourceOptions{Named: []Address{f.addr}})
		items, _ := listed(t, s, at(t, endpoint, "in/").String(), false)
		c := fetcher(t, s, fetch.Options{Retries: -1})
		body, err := c.Fetch(t.Context(), items[0], nil)
		if err != nil || string(body.Data) != data || body.ModTime.IsZero() {
			t.Fatalf("%d bytes, %v, %v", len(body.Data), body.ModTime, err)
		}
		small := fetcher(t, s, fetch.Options{Retries: -1, MaxBytes: 1000})
		if _, err := small.Fetch(t.Context(), items[0], nil); pipeline.ClassOf(err) != fetch.ClassTooBig {
			t.Errorf("beyond the limit: %v", err)
		}
		if err := put(t, f, "a.jpg", "another", stat(t, f, "a.jpg")); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Fetch(t.Context(), items[0], nil); pipeline.ClassOf(err) != fetch.ClassRead {
			t.Errorf("of an object that was changed since it was listed: %v", err)
		}
		again, _ := listed(t, s, at(t, endpoint, "in/").String(), false)
		if again[0].Version == items[0].Version {
			t.Error("its version is the same as before")
		}
		gone := fetch.Item{Source: at(t, endpoint, "in/gone.jpg").String(), Scheme: Scheme}
		if _, err := c.Fetch(t.Context(), gone, nil); pipeline.ClassOf(err) != fetch.ClassNotFound {
			t.Errorf("of what is not there: %v", err)
		}
	})
}

// TestKeysOfAccessAreForTheUsersAddresses has strangers name other servers, and other buckets of the user's.
func TestKeysOfAccessAreForTheUsersAddresses(t *testing.T) {
	withKeys(t)
	var signed atomic.Bool
	fake := newFake(t, 0)
	fake.setMeddle(func(_ http.ResponseWriter, r *http.Request) bool {
		signed.Store(isHeader(r, "Authorization", "AWS4"))
		return false
	})
	named := at(t, fake.URL, "x")
	for _, c := range []struct {
		opts SourceOptions
		want bool
	}{
		{SourceOptions{Named: []Address{named}}, true},
		{SourceOptions{Named: []Address{named}, Strangers: true}, true},
		{SourceOptions{}, false},
		{SourceOptions{Named: []Address{{Bucket: "bkt"}}}, false}, // which is another server
		{SourceOptions{Named: []Address{{Bucket: "other", Endpoint: fake.URL}}}, true},
		{SourceOptions{Named: []Address{{Bucket: "other", Endpoint: fake.URL}}, Strangers: true}, false},
	} {
		client := fetcher(t, NewSource(c.opts), fetch.Options{Retries: -1})
		_, _ = client.Fetch(t.Context(), fetch.Item{Source: at(t, fake.URL, "a.jpg").String(), Scheme: Scheme}, nil)
		if signed.Load() != c.want {
			t.Errorf("%+v: signed %v, want %v", c.opts, signed.Load(), c.want)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", fake.URL)
	for _, strangers := range []bool{false, true} {
		client := fetcher(t, NewSource(SourceOptions{Strangers: strangers}), fetch.Options{Retries: -1})
		_, _ = client.Fetch(t.Context(), fetch.Item{Source: "s3://bkt/a.jpg?region=us-east-1", Scheme: Scheme}, nil)
		if signed.Load() == strangers {
			t.Errorf("the server of the environment, strangers %v: signed %v", strangers, signed.Load())
		}
	}
}

// TestThePolicyHoldsForObjects asks a server that has no public address.
func TestThePolicyHoldsForObjects(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	for _, policy := range []fetch.Policy{
		{PublicOnly: true}, {Deny: []string{"127.0.0.0/8"}}, {Deny: []string{"127.0.0.1"}},
		{Allow: []string{"example.com"}},
	} {
		o := fetch.Options{Policy: policy, Retries: -1, Proxies: &fetch.Proxies{}}
		s := NewSource(SourceOptions{Options: Options{Transport: o.Transport()}})
		item := fetch.Item{Source: at(t, fake.URL, "a.jpg").String(), Scheme: Scheme}
		_, err := fetcher(t, s, o).Fetch(t.Context(), item, nil)
		if pipeline.ClassOf(err) != fetch.ClassRefused {
			t.Errorf("%+v: %v", policy, err)
		}
		if _, err := s.OpenList(t.Context(), item.Source, 0, ""); pipeline.ClassOf(err) != fetch.ClassRefused {
			t.Errorf("%+v, a list: %v", policy, err)
		}
	}
	for _, what := range []string{"GET", "HEAD", "LIST"} {
		if n := fake.asked(what); n > 0 {
			t.Errorf("%d %s requests reached the server", n, what)
		}
	}
}

// TestAServerThatIsBusyIsAskedAgain has it answer 503 a few times.
func TestAServerThatIsBusyIsAskedAgain(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	f := bucketAt(t, fake.URL, "in").Files()
	if err := put(t, f, "a.jpg", "picture", store.File{}); err != nil {
		t.Fatal(err)
	}
	var busy atomic.Int32
	busy.Store(2)
	fake.setMeddle(func(w http.ResponseWriter, r *http.Request) bool {
		if busy.Add(-1) >= 0 {
			return answer(503, "SlowDown")(w, r)
		}
		return false
	})
	c := fetcher(t, NewSource(SourceOptions{Named: []Address{f.addr}}), fetch.Options{})
	body, err := c.Fetch(t.Context(), fetch.Item{Source: at(t, fake.URL, "in/a.jpg").String(), Scheme: Scheme}, nil)
	if err != nil || string(body.Data) != "picture" || body.Attempts != 3 {
		t.Errorf("%q after %d tries, %v", body.Data, body.Attempts, err)
	}
}

// TestAListIsReadFromAnObject also asks for the rest of one, as when it broke off.
func TestAListIsReadFromAnObject(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	f := bucketAt(t, fake.URL, "").Files()
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "http://127.0.0.1:1/%d.jpg\n", i)
	}
	if err := put(t, f, "urls.txt", text.String(), store.File{}); err != nil {
		t.Fatal(err)
	}
	s := NewSource(SourceOptions{Named: []Address{f.addr}})
	in := fetch.Inputs{Lists: []fetch.List{{Path: at(t, fake.URL, "urls.txt").String(), From: s}}}
	read := func() (n int, err error) {
		for item, e := range in.Items(t.Context()) {
			if e != nil {
				return n, e
			}
			if want := fmt.Sprintf("http://127.0.0.1:1/%d.jpg", n); item.Source != want {
				return n, fmt.Errorf("item %d is %s", n, item.Source)
			}
			n++
		}
		return n, nil
	}
	if err := in.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, err := read(); n != 20_000 || err != nil {
		t.Errorf("%d items, %v", n, err)
	}
	_, err := s.OpenList(t.Context(), at(t, fake.URL, "urls.txt").String(), 10, "00000000000000000000000000000000")
	if pipeline.ClassOf(err) != fetch.ClassRead {
		t.Errorf("the rest of a list that has changed: %v", err)
	}
	part, err := s.OpenList(t.Context(), at(t, fake.URL, "urls.txt").String(), 30, stat(t, f, "urls.txt").Version)
	if err != nil {
		t.Fatal(err)
	}
	defer part.Body.Close()
	if rest, err := io.ReadAll(part.Body); err != nil || string(rest) != text.String()[30:] {
		t.Errorf("the rest of a list has %d bytes, %v", len(rest), err)
	}
	_, err = s.OpenList(t.Context(), at(t, fake.URL, "none.txt").String(), 0, "")
	if !errors.As(err, new(*fetch.Error)) {
		t.Errorf("a list that is not there: %v", err)
	}
}

// TestAListingEndsWithItsContext ends it in the middle.
func TestAListingEndsWithItsContext(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	fake.numbered(t, "in/%05d.jpg", 1200)
	s := NewSource(SourceOptions{Named: []Address{at(t, fake.URL, "")}})
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	s.List(ctx, fetch.Listing{Name: at(t, fake.URL, "in/").String(), Takes: images, Yield: func(item fetch.Item) bool {
		n++
		cancel()
		return item.Err == nil
	}})
	if n > 1001 {
		t.Errorf("%d items came after its end", n)
	}
}

// TestPatternsSeeTheNamesBelowWhatIsListed has the server in the address, and a prefix without a slash at its end.
func TestPatternsSeeTheNamesBelowWhatIsListed(t *testing.T) {
	withKeys(t)
	fake := newFake(t, 0)
	for _, name := range []string{"2023/a.jpg", "2024/a.jpg", "2024/raw/b.jpg", "c 1.jpg"} {
		fake.numbered(t, "in/"+name+"%.0d", 1)
	}
	s := NewSource(SourceOptions{Named: []Address{at(t, fake.URL, "")}})
	for _, c := range []struct{ include, exclude, want string }{
		{"2024/**", "", "2024/a.jpg 2024/raw/b.jpg"}, {"", "raw/", "2023/a.jpg 2024/a.jpg c 1.jpg"},
		{"c 1.jpg", "", "c 1.jpg"}, {"in/**", "", ""},
	} {
		for _, name := range []string{"in", "in/"} {
			in := fetch.Inputs{
				Args: []string{at(t, fake.URL, name).String()}, Sources: map[string]fetch.Source{Scheme: s},
				Extensions: fetch.Extensions{".jpg"},
			}
			for text, to := range map[string]*[]fetch.Pattern{c.include: &in.Include, c.exclude: &in.Exclude} {
				if text != "" {
					p, err := fetch.ParsePattern(text)
					if err != nil {
						t.Fatal(err)
					}
					*to = append(*to, p)
				}
			}
			var got []string
			for item, err := range in.Items(t.Context()) {
				if err != nil || item.Err != nil {
					t.Fatal(err, item.Err)
				}
				a, err := Parse(item.Source)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, strings.TrimPrefix(a.Key, "in/"))
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%s, include %q, exclude %q: %q, want %q", name, c.include, c.exclude, text, c.want)
			}
		}
	}
}
