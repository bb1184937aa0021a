package transform

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"imgpipe/transform/internal/avif"
	"imgpipe/transform/internal/exif"
)

// photoEXIF is what a camera would write: orientation 6, author and rights, a time, a place, notes of its own and a
// second directory with a thumbnail.
func photoEXIF(order binary.AppendByteOrder, notes []byte) []byte {
	type field struct {
		tag, kind uint16
		count     int
		value     []byte
	}
	text := func(tag uint16, s string) field { return field{tag, 2, len(s) + 1, []byte(s + "\x00")} }
	long := func(tag uint16, v int) field { return field{tag, 4, 1, order.AppendUint32(nil, uint32(v))} }
	short := func(tag uint16, v int) field { return field{tag, 3, 1, order.AppendUint16(nil, uint16(v))} }
	fractions := func(tag uint16, v ...uint32) (f field) {
		f = field{tag: tag, kind: 5, count: len(v)}
		for _, n := range v {
			f.value = order.AppendUint32(order.AppendUint32(f.value, n), 1)
		}
		return f
	}
	b := []byte("II*\x00")
	if order == binary.BigEndian {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 0)
	put := func(at int, v uint32) { copy(b[at:], order.AppendUint32(nil, v)) }
	directory := func(next int, fields ...field) (at int) {
		places := map[int]int{}
		for i, f := range fields {
			if len(f.value) > 4 {
				b = append(b, make([]byte, len(b)%2)...)
				places[i] = len(b)
				b = append(b, f.value...)
			}
		}
		b = append(b, make([]byte, len(b)%2)...)
		at = len(b)
		b = order.AppendUint16(b, uint16(len(fields)))
		for i, f := range fields {
			b = order.AppendUint32(order.AppendUint16(order.AppendUint16(b, f.tag), f.kind), uint32(f.count))
			value := append(slices.Clone(f.value), 0, 0, 0, 0)[:4]
			if place, apart := places[i]; apart {
				value = order.AppendUint32(nil, uint32(place))
			}
			b = append(b, value...)
		}
		b = order.AppendUint32(b, uint32(next))
		return at
	}
	thumbnail := len(b)
	b = append(b, "\xff\xd8\xff\xdbthumbnail\xff\xd9"...)
	second := directory(0, short(259, 6), long(513, thumbnail), long(514, 15))
	gps := directory(0, text(1, "N"), fractions(2, 48, 12, 30), text(3, "E"), fractions(4, 16, 22, 0))
	photo := []field{fractions(33434, 3), text(36867, "2026:11:27 08:15:00")}
	if notes != nil {
		photo = append(photo, field{37500, 7, len(notes), notes})
	}
	photo = append(photo, long(40962, 4000), long(40963, 3000))
	at := directory(0, photo...)
	put(4, uint32(directory(second, text(271, "Maker"), text(272, "Model 1"), short(274, 6),
		text(315, "Ann Author"), text(33432, "(c) Ann"), long(34665, at), long(34853, gps))))
	return b
}

const photoXMP = `<?xpacket begin="` + "\ufeff" + `" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:dc="http://purl.org/dc/elements/1.1/"
 xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:GImage="http://ns.google.com/photos/1.0/image/"
 tiff:Orientation="6" exif:PixelXDimension='4000' exif:GPSLatitude="48,12.5N" GImage:Data="c2VjcmV0">
<dc:creator><rdf:Seq><rdf:li>Ann Author</rdf:li><rdf:li>Bob &amp; Co</rdf:li></rdf:Seq></dc:creator>
<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">(c) Ann</rdf:li>
<rdf:li xml:lang="de">alle Rechte</rdf:li></rdf:Alt></dc:rights>
<exif:PixelYDimension>3000</exif:PixelYDimension>
<xmp:Thumbnails><rdf:Alt><rdf:li>c2VjcmV0</rdf:li></rdf:Alt></xmp:Thumbnails>
<xmp:Rating>5</xmp:Rating>
</rdf:Description></rdf:RDF></x:xmpmeta>
                                                                                
<?xpacket end="w"?>`

// photoIPTC has a byline, a notice, a city and a small picture.
var photoIPTC = func() (b []byte) {
	for _, s := range []struct {
		number byte
		value  string
	}{{80, "Ann Author"}, {90, "Wien"}, {116, "(c) Ann"}, {202, "\xff\xd8\xffsmall"}} {
		b = append(b, 0x1c, 2, s.number)
		b = append(binary.BigEndian.AppendUint16(b, uint16(len(s.value))), s.value...)
	}
	return b
}()

func segment(marker byte, parts ...[]byte) []byte {
	body := slices.Concat(parts...)
	return append(binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2)), body...)
}

// photo is a JPEG with metadata.
func photo(t testing.TB, exif, xmp, iptc []byte) []byte {
	file := encoded(t, scene(48, 32), JPEG)
	resources := slices.Concat([]byte("8BIM\x03\xed\x00\x00\x00\x00\x00\x01\x07\x008BIM\x04\x04\x00\x00"),
		binary.BigEndian.AppendUint32(nil, uint32(len(iptc))), iptc, make([]byte, len(iptc)%2))
	return slices.Concat(file[:2], segment(0xe1, []byte("Exif\x00\x00"), exif),
		segment(0xe1, []byte(xmpName), xmp), segment(0xed, []byte(photoshopName), resources), file[2:])
}

// described photos are one in each format that has metadata: a camera's JPEG, and what is made of it.
func describedPhotos(t testing.TB) map[Format][]byte {
	file := photo(t, photoEXIF(binary.LittleEndian, []byte("notes of the maker")), []byte(photoXMP), photoIPTC)
	webp := webpWith(lossyWebP(t), 0x0c, nil)
	chunk := func(name string, body []byte) []byte {
		b := binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body)))
		return append(append(b, body...), make([]byte, len(body)%2)...)
	}
	webp = slices.Concat(webp, chunk("EXIF", photoEXIF(binary.BigEndian, nil)), chunk("XMP ", []byte(photoXMP)))
	binary.LittleEndian.PutUint32(webp[4:], uint32(len(webp)-8))
	files := map[Format][]byte{JPEG: file, WebP: webp}
	for _, f := range holders() {
		if files[f] == nil {
			files[f] = do(t, file, "metadata=all;format="+string(f)).Outputs[0].Data
		}
	}
	return files
}

// holders are the formats into which metadata goes, but for AVIF under the race detector.
func holders() []Format {
	return formatsThat(func(r *format) bool { return holdsMetadata(r) && slices.Contains(outputFormats, r.name) })
}

func about(t testing.TB, data []byte) About {
	t.Helper()
	a, err := ReadAbout(data)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestMetadataGoesIntoEveryFormatThatHasAPlaceForIt(t *testing.T) {
	for source, data := range describedPhotos(t) {
		for _, f := range holders() {
			name := fmt.Sprintf("%s into %s", source, f)
			all := do(t, data, "size=24;metadata=all;format="+string(f))
			a := about(t, all.Outputs[0].Data)
			if a.Camera != "Maker Model 1" || a.Taken != "2026-11-27 08:15:00" || !a.GPS || a.Thumbnail ||
				a.Artist != "Ann Author; Bob & Co" || a.Copyright != "(c) Ann" || a.Orientation != 1 {
				t.Errorf("%s, all: %+v", name, a)
			}
			rights := do(t, data, "size=24;metadata=copyright;format="+string(f))
			a = about(t, rights.Outputs[0].Data)
			if a.Camera != "" || a.Taken != "" || a.GPS || a.Thumbnail ||
				a.Artist != "Ann Author; Bob & Co" || a.Copyright != "(c) Ann" {
				t.Errorf("%s, copyright: %+v", name, a)
			}
			none := do(t, data, "size=24;format="+string(f))
			a = about(t, none.Outputs[0].Data)
			if a.EXIF || a.XMP || a.IPTC || a.Artist != "" {
				t.Errorf("%s, strip: %+v", name, a)
			}
			if !none.Stripped || all.Stripped || rights.Stripped {
				t.Errorf("%s: stripped %v, %v and %v, want the first alone", name, none.Stripped, all.Stripped,
					rights.Stripped)
			}
			for _, out := range []Output{all.Outputs[0], rights.Outputs[0]} {
				if err := out.CheckFile(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
				if same := difference(decoded(t, out.Data, f), decoded(t, none.Outputs[0].Data, f)); same != 0 {
					t.Errorf("%s: metadata changed pixels by %v", name, same)
				}
			}
		}
	}
}

// TestMetadataOfAnAVIFTurnsNothing has an AVIF whose EXIF and XMP name an orientation, which does not count there: the
// file itself would say how it is turned.
func TestMetadataOfAnAVIFTurnsNothing(t *testing.T) {
	notUnderRace(t)
	file, err := avif.Encode(scene(40, 24), avif.Options{
		Quality: 80, Speed: 9, EXIF: photoEXIF(binary.BigEndian, nil), XMP: []byte(photoXMP),
	})
	if err != nil {
		t.Fatal(err)
	}
	a := about(t, file)
	if a.Orientation != 1 || a.Camera != "Maker Model 1" || !a.EXIF || !a.XMP {
		t.Errorf("%+v", a)
	}
	for _, text := range []string{"metadata=all;format=jpeg", "metadata=all", "metadata=all;size=20"} {
		out := do(t, file, text).Outputs[0]
		if a = about(t, out.Data); out.Width < out.Height || a.Orientation != 1 || a.Camera != "Maker Model 1" {
			t.Errorf("%s: %dx%d, %+v", text, out.Width, out.Height, a)
		}
	}
	if got := avifdec(t, file); got.Bounds().Size() != image.Pt(40, 24) {
		t.Errorf("avifdec turns it: %v", got.Bounds())
	}
	res, err := Do(context.Background(), Task{Data: file, Spec: mustSpec(t, "facts=on;size=9")})
	if err != nil || res.Taken != "2026-11-27 08:15:00" || res.Camera != "Maker Model 1" || !res.Stripped {
		t.Errorf("taken %q with %q, stripped %v, %v", res.Taken, res.Camera, res.Stripped, err)
	}
}

// TestWhatWouldBeUntrueOfAnOutputIsNotInIt looks at the bytes: no picture of the input, no dimensions of it, no
// orientation but 1.
func TestWhatWouldBeUntrueOfAnOutputIsNotInIt(t *testing.T) {
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		data := photo(t, photoEXIF(order, nil), []byte(photoXMP), photoIPTC)
		for _, amount := range []string{"copyright", "all"} {
			for _, f := range holders() {
				out := do(t, data, "size=24;metadata="+amount+";format="+string(f)).Outputs[0].Data
				for _, wrong := range []string{
					"thumbnail", "small", "c2VjcmV0", "Thumbnails", `Orientation="6"`, "4000", "3000",
					string(order.AppendUint32(nil, 4000)),
				} {
					if bytes.Contains(out, []byte(wrong)) {
						t.Errorf("%s of %s in %v: %q is there", amount, f, order, wrong)
					}
				}
				if amount == "copyright" && bytes.Contains(out, []byte("GPS")) {
					t.Errorf("%s: a place is there", f)
				}
				if amount == "all" && !bytes.Contains(out, []byte(`exif:PixelXDimension='16'`)) {
					t.Errorf("%s: the width is not that of the output", f)
				}
			}
		}
	}
}

func TestNotesOfTheMakerStayAtTheirPlaceOrAreLeftOut(t *testing.T) {
	notes := []byte("notes of the maker, whose offsets count from the start")
	source := photoEXIF(binary.LittleEndian, notes)
	want := bytes.Index(source, notes)
	for _, f := range holders() {
		res := do(t, photo(t, source, nil, nil), "metadata=all;format="+string(f))
		out := res.Outputs[0].Data
		at := bytes.Index(out, notes)
		if f == TIFF {
			if at >= 0 || !strings.Contains(fmt.Sprint(res.Warnings), "notes were left out: they cannot stay") {
				t.Errorf("tiff: the notes are at %d; %q", at, res.Warnings)
			}
			continue
		}
		start := bytes.Index(out, []byte("II*\x00"))
		if at < 0 || at-start != want {
			t.Errorf("%s: the notes are at %d of %d: want %d", f, at-start, len(out), want)
		}
	}
	picture := photoEXIF(binary.LittleEndian, []byte("notes with \xff\xd8\xff, a picture"))
	res := do(t, photo(t, picture, nil, nil), "metadata=all")
	if bytes.Contains(res.Outputs[0].Data, []byte("notes with")) ||
		!strings.Contains(fmt.Sprint(res.Warnings), "notes were left out: they hold a picture") {
		t.Errorf("notes with a picture: %q", res.Warnings)
	}
}

func TestMetadataWithoutAPlaceIsNamed(t *testing.T) {
	data := photo(t, photoEXIF(binary.BigEndian, nil), []byte(photoXMP), photoIPTC)
	for _, f := range formatsThat(func(r *format) bool { return writable(r) && !holdsMetadata(r) }) {
		for _, amount := range []string{"copyright", "all"} {
			res := do(t, data, "size=9;metadata="+amount+";format="+string(f))
			want := "metadata was left out of the " + string(f) + ": jpeg, png"
			if len(res.Warnings) != 1 || !strings.HasPrefix(res.Warnings[0], want) {
				t.Errorf("%s: warnings %q, want %q", f, res.Warnings, want)
			}
		}
		if res := do(t, data, "size=9;format="+string(f)); len(res.Warnings) > 0 || !res.Stripped {
			t.Errorf("%s, strip: %q, stripped %v", f, res.Warnings, res.Stripped)
		}
		if res := do(t, encoded(t, scene(9, 9), JPEG), "metadata=all;format="+string(f)); len(res.Warnings) > 0 {
			t.Errorf("%s, of a file without metadata: %q", f, res.Warnings)
		}
	}
}

func TestBlocksThatCannotBeReadAreLeftOutAndSaid(t *testing.T) {
	good := photoEXIF(binary.BigEndian, nil)
	for _, c := range []struct {
		name            string
		exif, xmp, iptc []byte
		want            string
	}{
		{"no structure", []byte("nothing of TIFF"), nil, nil, "EXIF was left out: it has no TIFF structure"},
		{"cut", good[:len(good)-20], nil, nil, "parts of EXIF were left out: they cannot be read"},
		{"open elements", nil, []byte("<a><b>"), nil, "XMP was left out: it cannot be read"},
		{"entities", nil, []byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`), nil,
			"XMP was left out: it cannot be read"},
		{"deep", nil, []byte(strings.Repeat("<a>", 2000) + strings.Repeat("</a>", 2000)), nil,
			"XMP was left out: it cannot be read"},
		{"no data sets", nil, nil, []byte("\x1c\x02\x50\xff\xff"), "IPTC was left out: it cannot be read"},
	} {
		for _, amount := range []string{"copyright", "all"} {
			res := do(t, photo(t, c.exif, c.xmp, c.iptc), "metadata="+amount)
			if !slices.Contains(res.Warnings, c.want) {
				t.Errorf("%s, %s: warnings %q, want %q", c.name, amount, res.Warnings, c.want)
			}
		}
	}
}

// TestMutatedMetadataFailsNoImage: whatever stands there, the picture is that without metadata, and nothing but
// segments of metadata is added to it.
func TestMutatedMetadataFailsNoImage(t *testing.T) {
	notUnderRace(t)
	whole := photo(t, photoEXIF(binary.LittleEndian, []byte("notes of the maker")), []byte(photoXMP), photoIPTC)
	pixels := len(encoded(t, scene(48, 32), JPEG)) - 2
	rng := rand.New(rand.NewPCG(15, 5))
	count := 3000
	if testing.Short() {
		count = 300
	}
	quick := slices.DeleteFunc(holders(), func(f Format) bool { return f == AVIF })
	for i := range count {
		data := bytes.Clone(whole)
		for range 1 + rng.IntN(4) {
			at := 6 + rng.IntN(len(data)-pixels-6)
			switch rng.IntN(3) {
			case 0:
				data[at] = byte(rng.IntN(256))
			case 1:
				data[at] ^= 1 << rng.IntN(8)
			case 2:
				copy(data[at:len(data)-pixels], []byte{0xff, 0xff, 0xff, 0xff})
			}
		}
		f := quick[i%len(quick)]
		if i%50 == 0 && !underRace {
			f = AVIF
		}
		spec := "orient=off;size=9;format=" + string(f)
		plain, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, spec)})
		if err != nil {
			continue // the mutation hit the length of a segment
		}
		for _, amount := range []string{";metadata=copyright", ";metadata=all"} {
			res, err := Do(context.Background(), Task{Data: data, Spec: mustSpec(t, spec+amount)})
			if err != nil {
				t.Fatalf("mutant %d, %s%s: %v", i, spec, amount, err)
			}
			if n := len(res.Outputs[0].Data) - len(plain.Outputs[0].Data); n < 0 || n > 3*len(data) {
				t.Fatalf("mutant %d, %s%s: %d bytes of metadata", i, spec, amount, n)
			}
			if f == JPEG && !bytes.Equal(withoutMetadata(res.Outputs[0].Data), plain.Outputs[0].Data) {
				t.Fatalf("mutant %d, %s%s: more than metadata was added", i, spec, amount)
			}
		}
	}
}

// withoutMetadata returns a JPEG of ours without its segments of metadata.
func withoutMetadata(data []byte) []byte {
	out := slices.Clone(data[:2])
	for at := 2; at < len(data); {
		n := 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if marker := data[at+1]; marker != 0xe1 && marker != 0xed {
			if marker == startOfScan {
				return append(out, data[at:]...)
			}
			out = append(out, data[at:at+n]...)
		}
		at += n
	}
	return out
}

func TestTextsOfAPNGBecomeRights(t *testing.T) {
	file := encoded(t, scene(9, 9), PNG)
	author, rights := pngChunk("tEXt", []byte("Author\x00J\xf6rg")), pngChunk("tEXt", []byte("Copyright\x00(c) J"))
	data := slices.Concat(file[:33], author, rights, file[33:])
	res := do(t, data, "metadata=copyright;format=jpeg")
	if a := about(t, res.Outputs[0].Data); a.Artist != "Jörg" || a.Copyright != "(c) J" || len(res.Warnings) > 0 {
		t.Errorf("%+v, %q", a, res.Warnings)
	}
	if !do(t, data, "").Stripped {
		t.Error("the texts were left out, which is not said")
	}
}

// TestExiftoolFindsWhatWasAskedFor reads files of every format with another program.
func TestExiftoolFindsWhatWasAskedFor(t *testing.T) {
	tool, err := exec.LookPath("exiftool")
	if err != nil {
		t.Skip("exiftool is not installed")
	}
	data := photo(t, photoEXIF(binary.BigEndian, nil), []byte(photoXMP), photoIPTC)
	dir := t.TempDir()
	args := []string{"-j", "-n", "-a", "-G1"}
	amounts := []string{"strip", "copyright", "all"}
	for _, f := range holders() {
		for _, amount := range amounts {
			file := filepath.Join(dir, amount+"."+f.Ext())
			out := do(t, data, "size=24;metadata="+amount+";format="+string(f)).Outputs[0].Data
			if err := os.WriteFile(file, out, 0o600); err != nil {
				t.Fatal(err)
			}
			args = append(args, file)
		}
	}
	text, err := exec.Command(tool, args...).Output()
	var found []map[string]any
	if err != nil || json.Unmarshal(text, &found) != nil || len(found) != len(args)-4 {
		t.Fatalf("%v\n%s", err, text)
	}
	for i, one := range found {
		f, amount := holders()[i/len(amounts)], amounts[i%len(amounts)]
		checkFound(t, fmt.Sprintf("%s, %s", f, amount), amount, f, one)
	}
}

func checkFound(t *testing.T, name, amount string, f Format, found map[string]any) {
	t.Helper()
	want := map[string]any{}
	gone := []string{"GPS", "Model", "DateTimeOriginal", "Thumbnail", "PreviewImage"}
	switch amount {
	case "strip":
		gone = append(gone, "Artist", "Copyright", "IFD0:Artist", "XMP-", "IPTC", "ExifIFD")
	case "copyright":
		want["IFD0:Artist"], want["IFD0:Copyright"] = "Ann Author; Bob & Co", "(c) Ann"
		want["XMP-dc:Rights"] = "(c) Ann"
	case "all":
		gone = []string{"Thumbnail", "PreviewImage", "ObjectPreview"}
		want["IFD0:Model"], want["IFD0:Orientation"], want["GPS:GPSLatitude"] = "Model 1", 1.0, 48.2083333333333
		want["ExifIFD:DateTimeOriginal"], want["IFD0:Artist"] = "2026:11:27 08:15:00", "Ann Author"
		want["XMP-tiff:Orientation"], want["XMP-xmp:Rating"] = 1.0, 5.0
		if f != TIFF {
			want["ExifIFD:ExifImageWidth"], want["ExifIFD:ExifImageHeight"] = 16.0, 24.0
		}
		if f.row().room(blockIPTC) > 0 {
			want["IPTC:City"] = "Wien"
		}
	}
	for key, value := range want {
		if fmt.Sprint(found[key]) != fmt.Sprint(value) {
			t.Errorf("%s: %s is %v, want %v", name, key, found[key], value)
		}
	}
	for key := range found {
		for _, word := range gone {
			if strings.Contains(key, word) {
				t.Errorf("%s: there is %s: %v", name, key, found[key])
			}
		}
		if strings.Contains(key, "Warning") || strings.Contains(key, "Error") {
			t.Errorf("%s: %s: %v", name, key, found[key])
		}
	}
}

// TestMetadataIsCharged: what metadata takes is part of the need of an image, and of the most that a file may have.
func TestMetadataIsCharged(t *testing.T) {
	long := []byte(photoXMP + strings.Repeat(" ", 50_000) + "<!-- -->")
	data := photo(t, photoEXIF(binary.BigEndian, nil), long, photoIPTC)
	h, err := ReadHeader(data)
	if err != nil {
		t.Fatal(err)
	}
	with, without := mustSpec(t, "metadata=all").Need(h), mustSpec(t, "").Need(h)
	if with-without < int64(len(long)) {
		t.Errorf("the need is %d with metadata and %d without", with, without)
	}
	if most := mustSpec(t, "metadata=all").MaxMetadata(); most < 3*exif.MaxBlock || mustSpec(t, "").MaxMetadata() != 0 {
		t.Errorf("metadata may have %d bytes", most)
	}
}

// TestPackedXMPIsNotMuchLargerThanItsFile has a PNG of few bytes whose XMP would take long to read.
func TestPackedXMPIsNotMuchLargerThanItsFile(t *testing.T) {
	text := append([]byte("XML:com.adobe.xmp\x00\x01\x00\x00\x00"), packed(bytes.Repeat([]byte("<a></a>"), 100_000))...)
	file := encoded(t, scene(9, 9), PNG)
	res := do(t, slices.Concat(file[:33], pngChunk("iTXt", text), file[33:]), "metadata=all")
	if want := "XMP was left out: it is larger than its file"; !slices.Contains(res.Warnings, want) {
		t.Errorf("warnings %q, want %q", res.Warnings, want)
	}
}

func TestXMPThatGoesOnElsewhereIsSaid(t *testing.T) {
	packet := strings.Replace(photoXMP, "<xmp:Rating>", `<n:HasExtendedXMP xmlns:n="http://ns.adobe.com/xmp/note/">`+
		"0123</n:HasExtendedXMP><xmp:Rating>", 1)
	res := do(t, photo(t, nil, []byte(packet), nil), "metadata=all")
	if want := "a part of XMP was left out: it stands apart from the rest"; !slices.Contains(res.Warnings, want) {
		t.Errorf("warnings %q, want %q", res.Warnings, want)
	}
	if bytes.Contains(res.Outputs[0].Data, []byte("HasExtendedXMP")) {
		t.Error("the output names a part that it does not have")
	}
}

func BenchmarkDescribe(b *testing.B) {
	data := photo(b, photoEXIF(binary.BigEndian, nil), []byte(photoXMP), photoIPTC)
	for _, amount := range []string{"strip", "copyright", "all"} {
		b.Run("metadata="+amount, func(b *testing.B) {
			m, err := inspect(data)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				j := newJob(context.Background(), Spec{}, Limits{})
				j.describe(mustSpec(b, "metadata="+amount), &m, data)
				j.describing(encoding{}, JPEG.row(), 10, 10)
			}
		})
	}
}
