package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"imgpipe/cmd/imgpipe/internal/modes"
)

// filesOnly is files without the folders.
func filesOnly(t *testing.T, dir string) map[string]string {
	all := files(t, dir)
	maps.DeleteFunc(all, func(name, _ string) bool {
		info, err := os.Stat(filepath.Join(dir, name))
		return err == nil && info.IsDir()
	})
	return all
}

// command runs the program in this process, and wants an exit status. It returns what it wrote.
func command(t testing.TB, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := run(context.Background(), args, strings.NewReader(""), &out, &errs); got != want {
		t.Fatalf("imgpipe %q: status %d, want %d:\n%s", args, got, want, &errs)
	}
	return out.String(), errs.String()
}

// TestObjectsAreTheFilesOfAFolder holds in each mode: the same names and bytes, and a ledger that says so.
func TestObjectsAreTheFilesOfAFolder(t *testing.T) {
	server := newObjectServer(t)
	in, dir := t.TempDir(), filepath.Join(t.TempDir(), "out")
	noisy(t, in, 6)
	for _, picture := range []string{"a.png", "trip/a.jpg", "trip/day 2/b.jpeg"} {
		if err := writePicture(filepath.Join(in, picture), 60, 40); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"run", "-q", "--size", "50", "--size", "20"}
	command(t, exitOK, append(args, "-o", dir, in)...)
	want := filesOnly(t, dir)
	if len(want) != 18 {
		t.Fatalf("%d files, want 18", len(want))
	}
	for _, mode := range modes.Names() {
		prefix := "out-" + mode
		command(t, exitOK, append(args, "-m", mode, "-o", "s3://bucket/"+prefix, in)...)
		if got := server.outputs(t, prefix); !maps.Equal(got, want) {
			t.Errorf("--mode %s: the objects are %q, want %q", mode, slices.Sorted(maps.Keys(got)),
				slices.Sorted(maps.Keys(want)))
		}
		if lines := server.ledger(t, prefix); len(lines) != 9 {
			t.Errorf("--mode %s: the ledger has %d lines, want 9", mode, len(lines))
		}
		_, said := command(t, exitOK, "run", "--size", "50", "--size", "20", "-m", mode,
			"-o", "s3://bucket/"+prefix, in)
		if !strings.Contains(said, "9 skipped") {
			t.Errorf("--mode %s, again:\n%s", mode, said)
		}
	}
}

// TestObjectsAsInputsAreTheFilesOfAFolder has the same pictures in a bucket, and also runs from bucket to bucket.
func TestObjectsAsInputsAreTheFilesOfAFolder(t *testing.T) {
	server := newObjectServer(t)
	in, dir := t.TempDir(), filepath.Join(t.TempDir(), "out")
	for _, picture := range []string{"a.jpg", "trip/a.jpg", "trip/day 2/b %20?.jpeg", "z.png"} {
		if err := writePicture(filepath.Join(in, picture), 60, 40); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range filesOnly(t, in) {
		server.put(t, "in"+name, data)
	}
	server.put(t, "in/notes.txt", "no picture")
	args := []string{"run", "--format", "jpeg", "--resize", "30", "-o"}
	command(t, exitOK, append(args, dir, in)...)
	want := filesOnly(t, dir)
	far := filepath.Join(t.TempDir(), "far")
	_, said := command(t, exitOK, append(args, far, "s3://bucket/in/")...)
	if got := filesOnly(t, far); !maps.Equal(got, want) || len(want) != 4 {
		t.Errorf("from a bucket: %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	if !strings.Contains(said, "passed over") {
		t.Errorf("nothing was said of what is no image:\n%s", said)
	}
	for again := range 2 {
		_, said := command(t, exitOK, append(args, "s3://bucket/in/small", "s3://bucket/in/")...)
		if got := server.outputs(t, "in/small"); !maps.Equal(got, want) {
			t.Errorf("run %d from a bucket to below it: %q", again, slices.Sorted(maps.Keys(got)))
		}
		if wanted := [...]string{"4 done", "4 skipped"}[again]; !strings.Contains(said, wanted) {
			t.Errorf("run %d says\n%s", again, said)
		}
	}
	if err := writePicture(filepath.Join(in, "new.jpg"), 90, 90); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(in, "new.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	server.put(t, "in/a.jpg", string(b))
	if _, said := command(t, exitOK, append(args, far, "s3://bucket/in/")...); !strings.Contains(said, "1 done") {
		t.Errorf("after one object was changed:\n%s", said)
	}
}

// TestListsComeFromServers has one list as a file, as an object, and as a page of a web server.
func TestListsComeFromServers(t *testing.T) {
	server := newObjectServer(t)
	dir := t.TempDir()
	for i := range 3 {
		if err := writePicture(filepath.Join(dir, fmt.Sprintf("%d.jpg", i)), 40, 30); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, fmt.Sprintf("%d.jpg", i)))
		if err != nil {
			t.Fatal(err)
		}
		server.put(t, fmt.Sprintf("in/%d.jpg", i), string(b))
	}
	text := "image\ns3://bucket/in/0.jpg\ns3://bucket/in/1.jpg\ns3://bucket/in/2.jpg\n"
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	fmt.Fprint(z, text)
	z.Close()
	server.put(t, "lists/set.csv.gz", packed.String())
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text) }))
	defer web.Close()
	file := filepath.Join(dir, "set.csv")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var want map[string]string
	for _, list := range []string{file, "s3://bucket/lists/set.csv.gz", web.URL + "/set.csv?page=1"} {
		out := filepath.Join(t.TempDir(), "out")
		for again := range 2 {
			_, said := command(t, exitOK, "run", "-o", out, "--url-col", "image", "--resize", "20", "-i", list)
			if wanted := [...]string{"3 done", "3 skipped"}[again]; !strings.Contains(said, wanted) {
				t.Errorf("%s, run %d:\n%s", list, again, said)
			}
		}
		got := filesOnly(t, out)
		if want == nil {
			want = got
		}
		if !maps.Equal(got, want) || len(want) != 3 {
			t.Errorf("%s: %q, want %q", list, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
	}
	for _, list := range []string{"s3://bucket/lists/set.csv.gz", web.URL + "/set.csv"} {
		_, said := command(t, exitUsage, "run", "-o", filepath.Join(dir, "no"), "--url-col", "image", "--public-only",
			"-i", list)
		if !strings.Contains(said, "not public") {
			t.Errorf("%s with --public-only:\n%s", list, said)
		}
	}
}

// TestADryRunIntoABucketWritesNothing also says what is done.
func TestADryRunIntoABucketWritesNothing(t *testing.T) {
	server := newObjectServer(t)
	in := t.TempDir()
	noisy(t, in, 3)
	out, _ := command(t, exitOK, "run", "-n", "-o", "s3://bucket/out", "--resize", "20", in)
	if strings.Count(out, " -> ") != 3 || len(server.keys(t, "")) > 0 {
		t.Errorf("objects %q, and it says\n%s", server.keys(t, ""), out)
	}
	command(t, exitOK, "run", "-q", "-o", "s3://bucket/out", "--resize", "20", in)
	before := server.keys(t, "")
	out, _ = command(t, exitOK, "run", "-n", "-o", "s3://bucket/out", "--resize", "20", in)
	if strings.Count(out, "skipped: done before") != 3 || !slices.Equal(server.keys(t, ""), before) {
		t.Errorf("after a run: %s", out)
	}
	caches, err := os.ReadDir(filepath.Join(os.Getenv("XDG_CACHE_HOME"), "imgpipe", "s3"))
	if err != nil || len(caches) != 1 {
		t.Errorf("the folder for caches holds %v, %v", caches, err)
	}
}

// TestOtherObjectsAreTreatedAsAsked has an object that no run wrote where an output goes.
func TestOtherObjectsAreTreatedAsAsked(t *testing.T) {
	server := newObjectServer(t)
	in := t.TempDir()
	if err := writePicture(filepath.Join(in, "a.jpg"), 40, 30); err != nil {
		t.Fatal(err)
	}
	for word, c := range map[string]struct {
		status int
		kept   bool
		says   string
	}{
		"suffix": {exitSomeFailed, true, "exists"}, "error": {exitSomeFailed, true, "exists"},
		"skip": {exitOK, true, "1 skipped"}, "overwrite": {exitOK, false, "1 done"},
	} {
		server.put(t, word+"/a.jpg", "hers")
		_, said := command(t, c.status, "run", "-o", "s3://bucket/"+word, "--on-exist", word, "--resize", "20", in)
		if kept := server.get(t, word+"/a.jpg") == "hers"; kept != c.kept || !strings.Contains(said, c.says) {
			t.Errorf("--on-exist %s: kept %v, and it says\n%s", word, kept, said)
		}
	}
	server.put(t, "photos/a.jpg", server.get(t, "overwrite/a.jpg"))
	for _, inputs := range []string{"s3://bucket/photos/", "s3://bucket/photos/a.jpg"} {
		_, said := command(t, exitUsage, "run", "-o", "s3://bucket/photos", "--on-exist", "overwrite", inputs)
		if !strings.Contains(said, "originals are never written over") {
			t.Errorf("%s into its own prefix:\n%s", inputs, said)
		}
	}
	if server.get(t, "photos/a.jpg") != server.get(t, "overwrite/a.jpg") {
		t.Error("an original was replaced")
	}
}

// TestAnOutputThatWasRemovedIsMissedWithVerify removes one between runs.
func TestAnOutputThatWasRemovedIsMissedWithVerify(t *testing.T) {
	server := newObjectServer(t)
	in := t.TempDir()
	noisy(t, in, 3)
	args := []string{"run", "-o", "s3://bucket/out", "--resize", "20", in}
	command(t, exitOK, args...)
	if _, err := server.backend.DeleteObject("bucket", "out/001.jpg"); err != nil {
		t.Fatal(err)
	}
	if _, said := command(t, exitOK, args...); !strings.Contains(said, "3 skipped") {
		t.Errorf("without --verify:\n%s", said)
	}
	if _, said := command(t, exitOK, append(args, "--verify")...); !strings.Contains(said, "1 done") {
		t.Errorf("with --verify:\n%s", said)
	}
}

// TestNoKeyOfAccessIsShown runs what succeeds and what fails, and looks at all that is written.
func TestNoKeyOfAccessIsShown(t *testing.T) {
	server := newObjectServer(t)
	in, dir := t.TempDir(), t.TempDir()
	noisy(t, in, 2)
	var said strings.Builder
	for _, args := range [][]string{
		{"run", "-m", "processes", "-o", "s3://bucket/out", "--resize", "20", "--report", filepath.Join(dir, "r.json"),
			"--trace", filepath.Join(dir, "t.json"), "--manifest", filepath.Join(dir, "m.json"), in},
		{"run", "-o", "s3://nobucket/out", in},
		{"run", "-o", filepath.Join(dir, "out"), "s3://bucket/none/"},
		{"run", "-o", "s3://imgpipetestkey:imgpipetestsecret@bucket/out", in},
		{"run", "-o", filepath.Join(dir, "out"), "s3://imgpipetestkey:imgpipetestsecret@bucket/out"},
		{"help", "s3"},
	} {
		var out bytes.Buffer
		run(context.Background(), args, strings.NewReader(""), &out, &out)
		said.Write(out.Bytes())
	}
	for _, key := range server.keys(t, "") {
		said.WriteString(server.get(t, key))
	}
	for _, e := range server.ledger(t, "out") {
		fmt.Fprintf(&said, "%+v", e)
	}
	for _, folder := range []string{dir, os.Getenv("XDG_CACHE_HOME")} {
		for _, text := range filesOnly(t, folder) {
			said.WriteString(text)
		}
	}
	if text := said.String(); strings.Contains(text, "imgpipetest") {
		t.Errorf("a key of access is shown: …%.200s", text[max(0, strings.Index(text, "imgpipetest")-100):])
	}
	signed := 0
	for _, h := range server.headers {
		if strings.HasPrefix(h.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=imgpipetestkey/") {
			signed++
		}
		if h.Get("User-Agent") != "imgpipe" {
			t.Errorf("a request calls itself %q", h.Get("User-Agent"))
		}
	}
	if signed == 0 {
		t.Error("no request was signed")
	}
}

// TestABucketThatCannotBeWrittenToIsNamed has one that is not there.
func TestABucketThatCannotBeWrittenToIsNamed(t *testing.T) {
	newObjectServer(t)
	in := t.TempDir()
	noisy(t, in, 1)
	_, said := command(t, exitCouldNotRun, "run", "-o", "s3://nobucket/out", in)
	if !strings.Contains(said, "--output s3://nobucket/out/: there is no such bucket") {
		t.Errorf("it says\n%s", said)
	}
}

// TestFlagsThatMeanNothingForObjectsAreRefused names each.
func TestFlagsThatMeanNothingForObjectsAreRefused(t *testing.T) {
	newObjectServer(t)
	in := t.TempDir()
	noisy(t, in, 1)
	for _, c := range []struct{ flag, says string }{
		{"-o=s3://bucket/out --keep-mtime", "--keep-mtime: the time of an object is when it was written"},
		{"-o=out --verify", "--verify asks an object store"},
		{"-o=s3://", "names no bucket"},
		{"-o=s3://bucket/out?endpoint=ftp://h", "endpoint has the scheme ftp"},
		{"-o=s3://bucket/out?key=1", "key is not known in it: expected anonymous, endpoint, profile, region"},
	} {
		_, said := command(t, exitUsage, append([]string{"run", in}, strings.Fields(c.flag)...)...)
		if !strings.Contains(said, c.says) {
			t.Errorf("%s:\n%s", c.flag, said)
		}
	}
}

// TestShardsIntoABucketAreTheWhole has three at once, as on three machines, and then the plain command.
func TestShardsIntoABucketAreTheWhole(t *testing.T) {
	server := newObjectServer(t)
	in, dir := t.TempDir(), filepath.Join(t.TempDir(), "out")
	noisy(t, in, 10)
	command(t, exitOK, "run", "-q", "-o", dir, "--resize", "20", in)
	var group sync.WaitGroup
	for _, shard := range []string{"1/3", "2/3", "3/3"} {
		args := []string{"run", "-q", "-o", "s3://bucket/out", "--resize", "20", "--shard", shard, in}
		group.Go(func() {
			if b, err := program(t.Context(), args...).CombinedOutput(); err != nil {
				t.Errorf("--shard %s: %v\n%s", shard, err, b)
			}
		})
	}
	group.Wait()
	want := filesOnly(t, dir)
	if got := server.outputs(t, "out"); !maps.Equal(got, want) {
		t.Errorf("the objects are %q, want %q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	for _, n := range []string{"-n", "-q=false", "-q=false"} { // a dry run changes nothing
		out, said := command(t, exitOK, "run", n, "-o", "s3://bucket/out", "--resize", "20", in)
		if !strings.Contains(out+said, "10 skipped") {
			t.Errorf("without --shard, %s:\n%s%s", n, out, said)
		}
	}
	if lines := server.ledger(t, "out"); len(lines) != 10 {
		t.Errorf("the ledger has %d lines, want 10", len(lines))
	}
	for _, key := range server.keys(t, "out/.imgpipe/") {
		if strings.Contains(key, "-of-") {
			t.Errorf("%s is left", key)
		}
	}
}
