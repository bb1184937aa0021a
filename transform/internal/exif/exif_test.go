package exif

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/bep/imagemeta"
)

// sample is EXIF of every directory, in a byte order, with notes of the maker where they are asked for.
func sample(order binary.ByteOrder, notes string) []byte {
	t := Tags{Order: order}
	text := func(s string) []byte { return []byte(s + "\x00") }
	t.Image = t.put(t.Image, tagMake, kindASCII, text("Maker"))
	t.Image = t.put(t.Image, tagModel, kindASCII, text("Model"))
	t.Image = t.put(t.Image, tagArtist, kindASCII, text("Ann"))
	t.Photo = t.put(t.Photo, tagTaken, kindASCII, text("2026:11:27 08:15:00"))
	t.Photo = t.put(t.Photo, tagSubject, kindShort, t.number(kindShort, 9))
	t.GPS = t.put(t.GPS, tagLatitude, 5, bytes.Repeat(t.number(kindLong, 7), 6))
	t.Interop = t.put(t.Interop, 1, kindASCII, text("R98"))
	if notes != "" {
		t.note = &Field{Tag: tagMakerNote, Kind: 7, Count: uint32(len(notes)), Value: []byte(notes), at: 200}
	}
	return t.encode()
}

const (
	whole      = 1 << 20
	tagSubject = 37396 // SubjectArea
)

// everyField returns all fields of the EXIF directory, also those that readTags leaves out.
func everyField(t *testing.T, exif []byte) []Field {
	s, first, err := open(exif)
	if err != nil {
		t.Fatal(err)
	}
	every := func(uint16) bool { return true }
	return s.below(s.directory(first, every), tagPhoto, every)
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		for _, notes := range []string{"", "notes of a maker"} {
			in := sample(order, notes)
			m := Read(Blocks{EXIF: in}, All)
			if len(m.Lost()) > 0 {
				t.Fatalf("%v: lost %q", order, m.Lost())
			}
			out, lost := m.Output(Place{Width: 640, Height: 480, EXIF: whole})
			if len(lost) > 0 || notes != "" && string(out.EXIF[200:][:len(notes)]) != notes {
				t.Fatalf("%v: lost %q, %q at the place of the notes", order, lost, out.EXIF[200:216])
			}
			again, err := readTags(out.EXIF)
			if err != nil || again.Order != order {
				t.Fatal(err, again.Order)
			}
			photo := everyField(t, out.EXIF)
			width, _ := find(photo, tagWidth)
			if _, there := find(photo, tagSubject); there || order.Uint32(width.Value) != 640 {
				t.Errorf("%v: what is not true of another size is there, or no width of it: %+v", order, photo)
			}
			latitude, _ := find(again.GPS, tagLatitude)
			if len(latitude.Value) != 24 || len(again.Interop) != 1 || text(again.Image, tagArtist) != "Ann" {
				t.Errorf("%v: %+v", order, again)
			}
			native, _ := m.Output(Place{Width: 640, Height: 480, Native: true})
			for _, f := range native.Tags.GPS {
				if f.Tag == tagLatitude && binary.LittleEndian.Uint32(f.Value[20:]) != 7 {
					t.Errorf("%v: latitude %v in a file of the other order", order, f.Value)
				}
			}
		}
	}
}

func TestColorsThatWereConvertedAreThoseOfSRGB(t *testing.T) {
	tags := Tags{Order: binary.BigEndian}
	tags.Photo = tags.put(nil, tagColorSpace, kindShort, tags.number(kindShort, 0xffff))
	tags.Interop = tags.put(nil, 1, kindASCII, []byte("R03\x00"))
	for _, converted := range []bool{true, false} {
		out, _ := Read(Blocks{EXIF: tags.encode()}, All).Output(Place{EXIF: whole, SRGB: converted})
		again, err := readTags(out.EXIF)
		space, _ := find(again.Photo, tagColorSpace)
		if want := uint16(0xffff); err != nil || converted == (binary.BigEndian.Uint16(space.Value) == want) ||
			converted == (len(again.Interop) > 0) {
			t.Errorf("converted %v: %+v, %v", converted, again, err)
		}
	}
}

// TestDirectoriesLieNextToNotes has notes in front of which there is room for a part of the rest.
func TestDirectoriesLieNextToNotes(t *testing.T) {
	for _, at := range []int{9, 10, 50, 100, 200, 333, 1000} {
		tags := Tags{Order: binary.LittleEndian}
		for tag := range uint16(30) {
			tags.Photo = tags.put(tags.Photo, 40000+tag, kindASCII, fmt.Appendf(nil, "value %d\x00", tag))
		}
		tags.note = &Field{Tag: tagMakerNote, Kind: 7, Count: 9, Value: []byte("the notes"), at: at}
		out := tags.encode()
		again, err := readTags(out)
		if err != nil || again.note == nil || again.note.at != at || string(again.note.Value) != "the notes" {
			t.Fatalf("at %d: %v, %+v", at, err, again.note)
		}
		for tag := range uint16(30) {
			if got := text(again.Photo, 40000+tag); got != fmt.Sprintf("value %d", tag) {
				t.Errorf("at %d: %q", at, got)
			}
		}
	}
}

func TestRightsComeFromWhicheverBlockHasThem(t *testing.T) {
	packet := func(inner string) []byte {
		return []byte(`<x:xmpmeta xmlns:x="adobe:ns:meta/"><r:RDF xmlns:r="` + spaceRDF + `"><r:Description xmlns:d="` +
			spaceDC + `" ` + inner + `</r:Description></r:RDF></x:xmpmeta>`)
	}
	sets := dataset{application, setByline, []byte("Iptc")}.append(nil)
	sets = dataset{application, setCopyright, []byte("\xa9 Iptc")}.append(sets)
	for _, c := range []struct {
		name           string
		in             Blocks
		artist, notice string
	}{
		{"EXIF", Blocks{EXIF: sample(binary.BigEndian, "")}, "Ann", ""},
		{"a list", Blocks{XMP: packet(`><d:creator><r:Seq><r:li>A</r:li><r:li>B &lt;b&gt;</r:li></r:Seq></d:creator>`)},
			"A; B <b>", ""},
		{"languages", Blocks{XMP: packet(`><d:rights><r:Alt><r:li xml:lang="de">Rechte</r:li>` +
			`<r:li xml:lang="x-default">rights</r:li></r:Alt></d:rights>`)}, "", "rights"},
		{"an attribute", Blocks{XMP: packet(`d:rights="R">`)}, "", "R"},
		{"a plain element", Blocks{XMP: packet(`><d:creator>C</d:creator>`)}, "C", ""},
		{"IPTC", Blocks{IPTC: sets}, "Iptc", "© Iptc"},
		{"texts", Blocks{Artist: "T", Copyright: "(c) T"}, "T", "(c) T"},
		{"EXIF before IPTC", Blocks{EXIF: sample(binary.LittleEndian, ""), IPTC: sets}, "Ann", "© Iptc"},
	} {
		m := Read(c.in, Copyright)
		if len(m.Lost()) > 0 {
			t.Errorf("%s: lost %q", c.name, m.Lost())
		}
		out, _ := m.Output(Place{EXIF: whole, XMP: whole, IPTC: whole})
		for what, b := range map[string]Blocks{
			"EXIF": {EXIF: out.EXIF}, "XMP": {XMP: out.XMP}, "IPTC": {IPTC: out.IPTC},
		} {
			if f := FactsOf(b); f.Artist != c.artist || f.Copyright != c.notice {
				t.Errorf("%s, in the %s: %q and %q, want %q and %q", c.name, what, f.Artist, f.Copyright, c.artist,
					c.notice)
			}
		}
	}
	out, _ := Read(Blocks{EXIF: []byte("nothing")}, Copyright).Output(Place{EXIF: whole, XMP: whole})
	if out.EXIF != nil || out.XMP != nil {
		t.Errorf("nothing has become %q", out.EXIF)
	}
}

func TestABlockThatHasNoRoomIsSaid(t *testing.T) {
	notes := strings.Repeat("n", 5000)
	m := Read(Blocks{EXIF: sample(binary.BigEndian, notes)}, All)
	out, lost := m.Output(Place{EXIF: 2000})
	if len(out.EXIF) == 0 || len(out.EXIF) > 2000 || len(lost) != 1 || !strings.HasPrefix(lost[0], "the camera's own") {
		t.Errorf("%d bytes, %q", len(out.EXIF), lost)
	}
	out, lost = m.Output(Place{EXIF: 20})
	if len(out.EXIF) != 0 || !slices.Contains(lost, "EXIF was left out: it is larger than the format has room for") {
		t.Errorf("%d bytes, %q", len(out.EXIF), lost)
	}
}

// TestOverlappingValuesTakeNoMoreThanTheBlock has a directory whose fields all have the same value.
func TestOverlappingValuesTakeNoMoreThanTheBlock(t *testing.T) {
	const size = 60_000
	b := binary.LittleEndian.AppendUint32([]byte("II*\x00"), 8)
	b = binary.LittleEndian.AppendUint16(b, maxFields)
	for tag := range maxFields {
		b = binary.LittleEndian.AppendUint16(binary.LittleEndian.AppendUint16(b, uint16(tag)), kindASCII)
		b = binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(b, size-10_000), 8)
	}
	b = append(b, make([]byte, size-len(b))...)
	m := Read(Blocks{EXIF: b}, All)
	if out, _ := m.Output(Place{EXIF: whole}); len(out.EXIF) > 2*size {
		t.Errorf("%d bytes became %d", size, len(out.EXIF))
	}
}

// FuzzBlocks holds the laws: nothing panics, what is written can be read without loss, and is not much larger than what
// was read.
func FuzzBlocks(f *testing.F) {
	sets := dataset{application, setByline, []byte("Iptc")}.append(nil)
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		f.Add(sample(order, "notes"), []byte(`<a xmlns="b"><c d="e">f</c></a>`), sets)
	}
	f.Add([]byte("II+\x00\x08\x00\x00\x00\x10\x00\x00\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff"),
		[]byte(`<t:a xmlns:t="`+spaceTIFF+`" t:Orientation='3'><t:Orientation>6</t:Orientation></t:a>`),
		[]byte("\x1c"))
	f.Add([]byte{},
		[]byte(`<a xmlns:g="http://ns.google.com/photos/1.0/image/" g:Data="x"><g:b><g:c/></g:b></a>`), sets)
	f.Fuzz(func(t *testing.T, exif, xmp, iptc []byte) {
		in := Blocks{EXIF: exif, XMP: xmp, IPTC: iptc}
		FactsOf(in)
		for _, amount := range []Amount{Copyright, All} {
			m := Read(in, amount)
			place := Place{Width: 9, Height: 7, EXIF: 8 << 20, XMP: 8 << 20, IPTC: 8 << 20}
			out, lost := m.Output(place)
			if len(lost) > 0 {
				t.Fatalf("lost %q, where there is room", lost)
			}
			if n := len(out.EXIF); n > 2*len(exif)+maxNoteAt+3*maxNames*maxText {
				t.Fatalf("%d bytes of EXIF became %d", len(exif), n)
			}
			if n := len(out.XMP); amount == All && n > len(xmp)+len(xmp)/4+64 {
				t.Fatalf("%d bytes of XMP became %d: %q", len(xmp), n, out.XMP)
			}
			again := Read(Blocks{EXIF: out.EXIF, XMP: out.XMP, IPTC: out.IPTC}, amount)
			if len(again.Lost()) > 0 {
				t.Fatalf("what was written is lost: %q\n%q\n%q\n%q", again.Lost(), out.EXIF, out.XMP, out.IPTC)
			}
			twice, _ := again.Output(place) // with the orientation of what has tags
			thrice, _ := Read(Blocks{EXIF: twice.EXIF, XMP: twice.XMP, IPTC: twice.IPTC}, amount).Output(place)
			if !reflect.DeepEqual(twice, thrice) {
				t.Fatalf("metadata changes on its way from file to file:\n%v\n%v", twice, thrice)
			}
			m.Output(Place{Native: true})
		}
	})
}

// TestAnotherReaderFindsTheSame compares with imagemeta, in real photos.
func TestAnotherReaderFindsTheSame(t *testing.T) {
	paths, _ := filepath.Glob(filepath.Join("..", "..", "..", "..", "shared", "corpus", "photos", "*"))
	if len(paths) == 0 {
		t.Skip("../shared/corpus is not there")
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		_, exif, found := bytes.Cut(data, []byte("Exif\x00\x00"))
		if !found {
			continue
		}
		ours := CameraOf(exif)
		theirs := map[string]string{}
		_, err = imagemeta.Decode(imagemeta.Options{
			R: bytes.NewReader(data), ImageFormat: imagemeta.JPEG, Sources: imagemeta.EXIF,
			HandleTag: func(tag imagemeta.TagInfo) error {
				if strings.HasPrefix(tag.Namespace, "IFD0") {
					theirs[tag.Tag] = strings.TrimSpace(fmt.Sprint(tag.Value))
				}
				return nil
			},
		})
		if err != nil {
			continue // it refuses a few
		}
		if !strings.HasSuffix(ours.Camera, theirs["Model"]) {
			t.Errorf("%s: the camera is %q, and %q by imagemeta", path, ours.Camera, theirs["Model"])
		}
		taken := strings.Replace(strings.Replace(theirs["DateTimeOriginal"], ":", "-", 1), ":", "-", 1)
		if ours.Taken != taken && taken != "" && !strings.HasPrefix(taken, "0000") {
			t.Errorf("%s: it was taken %q, and %q by imagemeta", path, ours.Taken, taken)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	exif := sample(binary.LittleEndian, strings.Repeat("notes", 2000))
	for _, c := range []struct {
		name string
		in   Blocks
	}{{"exif", Blocks{EXIF: exif}}, {"xmp", Blocks{XMP: (&rights{artists: []string{"A"}}).packet()}}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Read(c.in, All).Output(Place{Width: 9, Height: 9, EXIF: whole, XMP: whole})
			}
		})
	}
	b.Run("camera", func(b *testing.B) {
		for b.Loop() {
			CameraOf(exif)
		}
	})
}

// TestHostileXMPTakesLittleMemory has packets of nothing but what costs most.
func TestHostileXMPTakesLittleMemory(t *testing.T) {
	fill := func(begin, part, end string) []byte {
		return []byte(begin + strings.Repeat(part, (MaxBlock-len(begin)-len(end))/len(part)) + end)
	}
	var names strings.Builder
	for i := 0; names.Len() < MaxBlock-100; i++ {
		fmt.Fprintf(&names, " a%x=''", i)
	}
	for name, data := range map[string][]byte{
		"attributes": []byte("<a" + names.String() + "/>"), "elements": fill("<a>", "<b/>", "</a>"),
		"comments": fill("<a>", "<!---->", "</a>"), "text": fill("<a>", "&lt;", "</a>"),
		"namespaces": fill("<a>", "<b xmlns:c='d'/>", "</a>"),
		"authors":    fill(`<d:creator xmlns:d="`+spaceDC+`">`, "<li>a</li>", "</d:creator>"),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		m := Read(Blocks{XMP: data}, All)
		out, _ := m.Output(Place{XMP: whole})
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 40*MaxBlock {
			t.Errorf("%s: %d bytes for %d, of which %d are written", name, took, len(data), len(out.XMP))
		} else {
			t.Logf("%s: %.1f bytes for each, lost %q", name, float64(took)/float64(len(data)), m.Lost())
		}
	}
}
