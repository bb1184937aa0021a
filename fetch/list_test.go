package fetch

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding/unicode"
)

// records gives what a list holds as "line source" or "line !error".
func records(t testing.TB, l List, r io.Reader) []string {
	t.Helper()
	var got []string
	err := l.read(r, func(rec record) bool {
		line, source, err := rec.line, rec.source, rec.err
		if err != nil {
			source = "!" + err.Error()
		}
		got = append(got, fmt.Sprint(line, " ", source))
		return true
	})
	if err != nil {
		got = append(got, "ended: "+err.Error())
	}
	return got
}

func zipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

func zstandard(s string) string {
	w, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(s), nil))
}

func utf16(s string) string {
	out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func TestListFormats(t *testing.T) {
	long := strings.Repeat("x", maxRecord)
	tests := []struct {
		name string
		list List
		text string
		want []string
	}{
		{"empty", List{}, "", nil},
		{"plain", List{}, "a.jpg\n\n  \n# no\nhttp://h/#x\nb c.jpg \n",
			[]string{"1 a.jpg", "5 http://h/#x", "6 b c.jpg "}},
		{"no last newline", List{}, "a\nb", []string{"1 a", "2 b"}},
		{"windows", List{}, "a\r\nb\r\n", []string{"1 a", "2 b"}},
		{"blanks round a URL", List{}, " \thttp://h/a \n", []string{"1 http://h/a"}},
		{"mark", List{}, "\ufeffa\nb", []string{"1 a", "2 b"}},
		{"UTF-16", List{}, utf16("ä\r\nb\r\n"), []string{"1 ä", "2 b"}},
		{"gzip", List{}, zipped("a\nb\n"), []string{"1 a", "2 b"}},
		{"gzip of UTF-16", List{}, zipped(utf16("a\nb\n")), []string{"1 a", "2 b"}},
		{"broken gzip", List{}, zipped("a\nb\n")[:20], []string{"1 a", "2 b", "ended: line 3: unexpected EOF"}},
		{"quoted", List{}, `"a\nb.jpg"` + "\n" + `"C:\photos\x.jpg"` + "\n\"#\"\n\"\"\n",
			[]string{"1 a\nb.jpg", `2 C:\photos\x.jpg`, "3 #", "4 !the name is empty"}},
		{"nul", List{Format: NULList}, "a\x00b\nc\x00\x00 d", []string{"1 a", "2 b\nc", "4  d"}},
		{"too long", List{}, "a\n" + long + "y\nb\n",
			[]string{"1 a", "2 !the record has more than 1048576 bytes", "3 b"}},
		{"too long at the end", List{}, "a\n" + long + long,
			[]string{"1 a", "2 !the record has more than 1048576 bytes"}},
		{"as long as may be", List{}, long + "\nb", []string{"1 " + long, "2 b"}},
		{"csv", List{Format: CSVList}, "id,url\n1,http://h/a\n\n2,\"http://h/b,\"\"c\"\"\"\n3\n4,\n", []string{
			"2 http://h/a", `4 http://h/b,"c"`, "5 !the record has no column 2", "6 !the column url is empty"}},
		{"csv over lines", List{Format: CSVList}, "url,text\na,\"one\ntwo\"\nb,x\n", []string{"2 a", "4 b"}},
		{"csv with a stray quote", List{Format: CSVList}, "text,url\n\"one,a\ntwo,b\n", []string{
			"2 !a quote is not closed within 65536 bytes", "3 b"}},
		{"csv with semicolons", List{Path: "x.CSV.gz", Column: "Bild"}, "Nr;Bild\r\n1;a\r\n", []string{"2 a"}},
		{"csv without names", List{Column: "2"}, "1,a\n2,b\n", []string{"1 a", "2 b"}},
		{"csv without the column", List{Format: CSVList}, "a,b\n1,2\n",
			[]string{`ended: there is no column "url", expected one of: a, b`}},
		{"tsv", List{Path: "x.tsv"}, "a,b\turl\n1\tp,q\n", []string{"2 p,q"}},
		{"jsonl", List{Path: "x.jsonl"}, `{"url":"a\nb"}` + "\n\n{\n" + `{"u":1}` + "\n" + `{"url":3}`, []string{
			"1 a\nb", "3 !the line is not a JSON object", `4 !the object has no key "url"`,
			`5 !the value of "url" is not a text`}},
		{"jsonl by its beginning", List{Path: "-", Column: "u"}, `{"u":"a"}`, []string{"1 a"}},
		{"binary", List{}, "a\x00\x01\x02\nb", []string{
			"ended: it holds NUL bytes, expected text; names that end with NUL have a format of their own",
		}},
		{"remarks", List{}, "  # no\na.jpg # yes\nhttp://h/a?b=c \t# yes #1\n\"a #1\" # yes\nhttp://h/a#b\n", []string{
			"2 a.jpg # yes", "3 http://h/a?b=c", "4 a #1", "5 http://h/a#b"}},
		{"array", List{Path: "x.json"}, `[{"url":"a"},{"url":"b","x":[1,{"y":"],"}]}]`, []string{"1 a", "1 b"}},
		{"pretty array", List{Path: "x.json"}, "\n[\n  {\n    \"url\": \"a\"\n  },\n  {\n    \"url\": \"b\"\n  }\n]\n",
			[]string{"3 a", "6 b"}},
		{"array of texts", List{Path: "x.json"}, `["a", "b]\"", "", 3, null,]`, []string{
			"1 a", "1 b]\"", "1 !the value of an element is not a text",
			"1 !the element is neither a JSON object nor a text",
			"1 !the element is neither a JSON object nor a text"}},
		{"empty array", List{Path: "x.json"}, "[ ]\n", nil},
		{"array with an element that is missing", List{Path: "x.json"}, `["a",,"b"]`, []string{
			"1 a", "1 !the element is neither a JSON object nor a text", "1 b"}},
		{"array without an end", List{Path: "x.json"}, "[\n\"a\",\n\"b\"",
			[]string{"2 a", "ended: line 3: the array has no end, expected ] behind its last element"}},
		{"array with an end that is missing", List{Path: "x.json"}, `["a",`,
			[]string{"1 a", "ended: line 1: the array has no end, expected ] behind its last element"}},
		{"array with a tail", List{Path: "x.json"}, "[\"a\"]\n x\n y",
			[]string{"1 a", "2 !something follows the array, expected its ] to be the end"}},
		{"array with an element that is too long", List{Path: "x.json"}, "[\"a\",\n\"" + long + "]\",\n\"b\"]",
			[]string{
				"1 a", "2 !the record has more than 1048576 bytes", "3 b"}},
		{"array by its beginning", List{Path: "-", Column: "u"}, `[ {"u":"a"}]`, []string{"1 a"}},
		{"pretty object", List{Path: "x.json"}, "{\n \"url\": \"a\"\n}", []string{
			"ended: an object begins in its first line and does not end there, " +
				"expected one object on a line, or an array of them"}},
		{"zstd", List{Path: "x.csv.zst"}, zstandard("id,url\n1,a\n"), []string{"2 a"}},
		{"broken zstd", List{}, zstandard("a\nb\n")[:12], []string{"ended: unexpected EOF"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := records(t, tt.list, strings.NewReader(tt.text)); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %.300q\nwant %.300q", got, tt.want)
			}
			if len(tt.text) < 1000 {
				if got := records(t, tt.list, iotest.OneByteReader(strings.NewReader(tt.text))); !reflect.DeepEqual(got,
					tt.want) {
					t.Errorf("byte by byte: got  %.300q\nwant %.300q", got, tt.want)
				}
			}
		})
	}
}

func TestBrokenLineIsAFailedItem(t *testing.T) {
	tree(t, "a.jpg", "d/e.jpg", " pad.jpg")
	in := Inputs{Stdin: strings.NewReader("a.jpg \ngone.jpg\nd\nftp://h/x\nhttp://h/x\n" + `""` + "\n pad.jpg\nD.jpg"),
		Lists: []List{{Path: "-"}}}
	want := []string{"a.jpg", "gone.jpg !not-found", "d !read", "ftp://h/x !bad-url", "http://h/x",
		"stdin:6 !bad-record", " pad.jpg", "D.jpg !not-found"}
	if got := listed(t, in); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestListThatCannotBeReadToItsEndSaysSo(t *testing.T) {
	in := Inputs{Stdin: io.MultiReader(strings.NewReader("http://h/a\n"), iotest.ErrReader(errors.New("bad sector"))),
		Lists: []List{{Path: "-"}}}
	var got []string
	for item, err := range in.Items(t.Context()) {
		got = append(got, item.Source)
		if err != nil {
			got = append(got, err.Error())
		}
	}
	want := []string{"http://h/a", "", `input "-": line 2: bad sector`}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestSourcesSurviveAList(t *testing.T) {
	sources := []string{"a.jpg", "#1.jpg", `"x".jpg`, `"x"`, " a ", "a\nb", "a\r", "\xff\xfe.jpg", "\ufeffa", "",
		"http://h/a?b=c#d", "ä", "a\x00b", "   ", "\x1f\x8b"}
	for _, one := range sources {
		list := AppendSource(AppendSource(nil, one), "end")
		want := []string{"1 " + one, "2 end"}
		if one == "" {
			want[0] = "1 !the name is empty"
		}
		if got := records(t, List{}, bytes.NewReader(list)); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q from %q", one, got, list)
		}
	}
}

func TestLongListTakesNoMoreMemory(t *testing.T) {
	heap := func(lines int) uint64 {
		in := Inputs{Stdin: &lineReader{left: lines}, Lists: []List{{Path: "-"}}}
		n := 0
		for _, err := range in.Items(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != lines {
			t.Fatalf("%d items of %d lines", n, lines)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapInuse
	}
	few, many := heap(1000), heap(200_000)
	if many > few+1<<20 {
		t.Errorf("heap after 1000 lines %d bytes, after 200000 lines %d", few, many)
	}
}

// A lineReader gives a list of URLs that is nowhere kept.
type lineReader struct {
	left int
	rest []byte
}

func (r *lineReader) Read(p []byte) (int, error) {
	for len(r.rest) == 0 {
		if r.left == 0 {
			return 0, io.EOF
		}
		r.rest = fmt.Appendf(nil, "http://example.com/%d.jpg\n", r.left)
		r.left--
	}
	n := copy(p, r.rest)
	r.rest = r.rest[n:]
	return n, nil
}

func FuzzList(f *testing.F) {
	for _, s := range []string{"a\nb\r\n#c\n", "url,x\n\"a\nb\",c\n", "{\"url\":\"a\"}\n", "a\x00b", zipped("a\n"),
		utf16("a\n"), "\"a\nb"} {
		for i := range 6 {
			f.Add([]byte(s), byte(i))
		}
	}
	formats := []ListFormat{AutoList, PlainList, NULList, CSVList, TSVList, JSONLList}
	f.Fuzz(func(t *testing.T, data []byte, k byte) {
		l := List{Format: formats[int(k)%len(formats)]}
		got := records(t, l, bytes.NewReader(data))
		if again := records(t, l, iotest.HalfReader(bytes.NewReader(data))); !reflect.DeepEqual(got, again) {
			t.Fatalf("the size of reads matters: %q, %q", got, again)
		}
		if len(data) > 0 && (len(got) == 0 || !strings.HasPrefix(got[len(got)-1], "ended: it is ")) {
			for _, n := range []int{0, len(data) / 3, len(data) / 2, len(data) - 1} {
				tornIsPrefix(t, l, data, n, got)
			}
		}
		// N records in are N records out, where records can be told by their ends alone.
		if l.Format == NULList && !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) &&
			!bytes.ContainsAny(data[:min(3, len(data))], "\xef\xff\xfe") {
			want := 0
			for _, rec := range bytes.Split(data, []byte{0}) {
				if len(rec) > 0 {
					want++
				}
			}
			if len(got) != want {
				t.Fatalf("%d records in, %d out", want, len(got))
			}
		}
	})
}

func FuzzSourceRoundTrip(f *testing.F) {
	for _, s := range []string{"a", "#a", "\"", "a\nb", " ", "\\", "\ufeff", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, source string) {
		if source == "" || len(source) > maxRecord/8 {
			return
		}
		line := AppendSource(nil, source)
		if got, want := records(t, List{}, bytes.NewReader(line)),
			[]string{"1 " + source}; !reflect.DeepEqual(got, want) {
			t.Fatalf("%q was written as %q and read as %q", source, line, got)
		}
	})
}

func BenchmarkList(b *testing.B) {
	const lines = 100_000
	var plain, csv, jsonl bytes.Buffer
	csv.WriteString("id,url,text\n")
	for i := range lines {
		fmt.Fprintf(&plain, "https://images.example.com/photos/%d.jpg\n", i)
		fmt.Fprintf(&csv, "%d,https://images.example.com/photos/%d.jpg,\"a text, with a comma\"\n", i, i)
		fmt.Fprintf(&jsonl, `{"id":%d,"url":"https://images.example.com/photos/%d.jpg","text":"a text"}`+"\n", i, i)
	}
	for _, bb := range []struct {
		format ListFormat
		text   []byte
	}{{PlainList, plain.Bytes()}, {CSVList, csv.Bytes()}, {JSONLList, jsonl.Bytes()}} {
		b.Run("format="+string(bb.format), func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(bb.text)))
			for b.Loop() {
				n := 0
				for range (Inputs{Stdin: bytes.NewReader(bb.text),
					Lists: []List{{Path: "-", Format: bb.format}}}).Items(b.Context()) {
					n++
				}
				if n != lines {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/lines, "ns/item")
		})
	}
}

func BenchmarkWalk(b *testing.B) {
	const files = 10_000
	b.Chdir(b.TempDir())
	for i := range files {
		dir := fmt.Sprintf("p/%02d", i%20)
		if i < 20 {
			if err := os.MkdirAll(dir, 0o777); err != nil {
				b.Fatal(err)
			}
		}
		if err := os.WriteFile(fmt.Sprintf("%s/%05d.jpg", dir, i), nil, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	for _, arg := range []string{"p", "p/**/*.jpg"} {
		b.Run("input="+arg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				n := 0
				for range (Inputs{Args: []string{arg}, Skip: []string{"out"}}).Items(b.Context()) {
					n++
				}
				if n != files {
					b.Fatal(n)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/files, "ns/item")
		})
	}
}

// TestListThatGrowsWhileItIsReadEnds appends a line for each that is read, as a run does that writes to its own list.
func TestListThatGrowsWhileItIsReadEnds(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(path, []byte(strings.Repeat("http://host/a.jpg\n", 3)), 0o644); err != nil {
		t.Fatal(err)
	}
	list, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	n := 0
	for item, err := range (Inputs{Lists: []List{{Path: path}}}).Items(t.Context()) {
		if err != nil || item.Err != nil {
			t.Fatal(err, item.Err)
		}
		// More than is read ahead.
		if _, err := list.WriteString(strings.Repeat("http://host/b.jpg\n", 10000)); err != nil {
			t.Fatal(err)
		}
		if n++; n > 3 {
			t.Fatal("the list does not end")
		}
	}
	if n != 3 {
		t.Errorf("%d items, want the 3 that were there", n)
	}
}
