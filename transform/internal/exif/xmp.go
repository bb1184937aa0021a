package exif

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
)

// Namespaces of XMP (ISO 16684-1, section 8, and ISO 16684-2; those of Adobe and Google).
const (
	spaceRDF  = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
	spaceDC   = "http://purl.org/dc/elements/1.1/"
	spaceXMP  = "http://ns.adobe.com/xap/1.0/"
	spaceTIFF = "http://ns.adobe.com/tiff/1.0/"
	spaceEXIF = "http://ns.adobe.com/exif/1.0/"
	spaceXML  = "http://www.w3.org/XML/1998/namespace"
)

// falseSpaces are the beginnings of namespaces whose properties are not true of an output. Their pictures, depths and
// films stand elsewhere in the input, or show what was cropped away; and what a packet goes on with is not written.
var falseSpaces = []string{
	"http://ns.adobe.com/xap/1.0/g/img/", "http://ns.adobe.com/xmp/note/", "http://ns.adobe.com/hdr-gain-map/1.0/",
	"http://ns.google.com/photos/1.0/camera/", "http://ns.google.com/photos/1.0/container/",
	"http://ns.google.com/photos/1.0/depthmap/", "http://ns.google.com/photos/1.0/image/",
	"http://ns.google.com/photos/1.0/audio/", "http://ns.google.com/photos/dd/1.0/",
}

// goesOn is the property that names the rest of a packet (ISO 16684-3, section 6.2.2).
var goesOn = xml.Name{Space: "http://ns.adobe.com/xmp/note/", Local: "HasExtendedXMP"}

// isFalse reports whether a property is not true of an output, whatever its value.
func isFalse(n xml.Name) bool {
	return n.Space == spaceXMP && n.Local == "Thumbnails" ||
		slices.ContainsFunc(falseSpaces, func(s string) bool { return strings.HasPrefix(n.Space, s) })
}

// A packet is XMP that was read, and what is to be changed of it for an output.
type packet struct {
	data   []byte
	edits  []edit // in the order of their places
	rights rights
	gps    bool // there is a place in it
	apart  bool // it goes on elsewhere
}

// An edit replaces a part of a packet.
type edit struct {
	from, to int
	by       change
}

// A change is what a part is replaced by.
type change int

const (
	nothing change = iota
	upright        // orientation 1
	width
	height
)

// changeOf returns what the value of a property is replaced by; nothing if it stays.
func changeOf(n xml.Name) change {
	switch (xml.Name{Space: n.Space, Local: n.Local}) {
	case xml.Name{Space: spaceTIFF, Local: "Orientation"}:
		return upright
	case xml.Name{Space: spaceTIFF, Local: "ImageWidth"}, xml.Name{Space: spaceEXIF, Local: "PixelXDimension"}:
		return width
	case xml.Name{Space: spaceTIFF, Local: "ImageLength"}, xml.Name{Space: spaceEXIF, Local: "PixelYDimension"}:
		return height
	}
	return nothing
}

var (
	errPacket = errors.New("it cannot be read")
	errLarge  = errors.New("it has over 1,048,576 bytes")
)

// Bounds of a packet: real ones have a few thousand parts, a dozen deep.
const (
	maxParts = 100_000
	maxDepth = 64
)

// A packetReader walks a packet.
type packetReader struct {
	packet
	xml   *xml.Decoder
	stack []xml.Name
	text  strings.Builder // of the innermost element that may be a name
	lang  string          // its language
	items int             // of the list that is read
}

// readPacket reads XMP. encoding/xml knows no entities but those of XML itself, so that none can grow.
func readPacket(data []byte) (packet, error) {
	if len(data) > MaxBlock {
		return packet{}, errLarge
	}
	r := packetReader{packet: packet{data: bytes.TrimRight(data, "\x00")}}
	r.xml = xml.NewDecoder(bytes.NewReader(r.data))
	for range maxParts {
		from := int(r.xml.InputOffset())
		token, err := r.xml.Token()
		if err == io.EOF && len(r.stack) == 0 {
			return r.packet, nil
		}
		if err != nil || !r.add(token, from, int(r.xml.InputOffset())) {
			return packet{}, errPacket
		}
	}
	return packet{}, errPacket
}

// add takes in a part that stands between two places. It reports whether the packet can still be read.
func (r *packetReader) add(token xml.Token, from, to int) bool {
	switch t := token.(type) {
	case xml.StartElement:
		r.apart = r.apart || t.Name == goesOn
		if isFalse(t.Name) {
			err := r.xml.Skip()
			r.edit(from, int(r.xml.InputOffset()), nothing)
			return err == nil
		}
		if len(r.stack) == maxDepth || !r.attributes(t.Attr, from, to) {
			return false
		}
		r.stack = append(r.stack, t.Name)
		r.text.Reset()
		if t.Name.Space == spaceDC {
			r.items, r.lang = 0, defaultLanguage
		}
		r.gps = r.gps || t.Name == xml.Name{Space: spaceEXIF, Local: "GPSLatitude"}
		for _, a := range t.Attr {
			if t.Name.Local == "li" && a.Name.Local == "lang" && (a.Name.Space == spaceXML || a.Name.Space == "xml") {
				r.lang = a.Value
			}
		}
	case xml.EndElement:
		r.endElement(t.Name)
		r.stack = r.stack[:len(r.stack)-1]
		r.text.Reset()
	case xml.CharData:
		if len(r.stack) == 0 {
			if to-from > 1 && from > 0 { // room that a program left for itself
				r.edit(from+1, to, nothing)
			}
			return true
		}
		if by := changeOf(r.stack[len(r.stack)-1]); by != nothing {
			r.edit(from, to, by)
		}
		if r.text.Len() < maxText {
			r.text.Write(t[:min(len(t), maxText)])
		}
	case xml.Directive:
		return false
	}
	return true
}

// edit notes a change.
func (r *packetReader) edit(from, to int, by change) { r.edits = append(r.edits, edit{from, to, by}) }

// endElement takes in an author or a notice at the end of its element: an item of a list, or a property without one.
func (r *packetReader) endElement(name xml.Name) {
	text := clean(r.text.String())
	n := len(r.stack)
	switch {
	case name.Space == spaceDC && r.items == 0:
		r.name(name.Local, text)
	case name == xml.Name{Space: spaceRDF, Local: "li"} && n >= 3 && r.stack[n-3].Space == spaceDC:
		r.items++
		r.name(r.stack[n-3].Local, text)
		r.lang = defaultLanguage
	}
}

// name adds an author or a notice.
func (r *packetReader) name(property, text string) {
	switch {
	case text == "":
	case property == "creator" && len(r.rights.artists) < maxNames:
		r.rights.artists = append(r.rights.artists, text)
	case property == "rights" && len(r.rights.notices) < maxNames:
		r.rights.notices = append(r.rights.notices, notice{r.lang, text})
	}
}

// attributes takes in the attributes of a start tag, which stands between two places: properties may be written so. It
// reports whether it found them all.
func (r *packetReader) attributes(attrs []xml.Attr, from, to int) bool {
	at := from + 1
	for at < to && !isSpace(r.data[at]) && r.data[at] != '>' { // the name of the element
		at++
	}
	for _, a := range attrs {
		r.apart = r.apart || a.Name == goesOn
		r.gps = r.gps || a.Name == xml.Name{Space: spaceEXIF, Local: "GPSLatitude"}
		begin := at
		for at < to && r.data[at] != '"' && r.data[at] != '\'' {
			at++
		}
		if at >= to {
			return false
		}
		value := at + 1
		length := bytes.IndexByte(r.data[value:to], r.data[at])
		if length < 0 {
			return false
		}
		at = value + length + 1
		switch by := changeOf(a.Name); {
		case isFalse(a.Name):
			r.edit(begin, at, nothing)
		case by != nothing:
			r.edit(value, value+length, by)
		case a.Name.Space == spaceDC:
			r.lang = defaultLanguage
			r.name(a.Name.Local, clean(a.Value[:min(len(a.Value), maxText)]))
		}
	}
	return true
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// encode returns the packet for an output, nil if there is none.
func (k *packet) encode(p Place) []byte {
	if len(k.data) == 0 {
		return nil
	}
	out := make([]byte, 0, len(k.data)+16*len(k.edits))
	at := 0
	for _, e := range k.edits {
		out = append(out, k.data[at:e.from]...)
		switch e.by {
		case upright:
			out = append(out, '1')
		case width:
			out = strconv.AppendInt(out, int64(p.Width), 10)
		case height:
			out = strconv.AppendInt(out, int64(p.Height), 10)
		}
		at = e.to
	}
	return append(out, k.data[at:]...)
}

// packet returns XMP of nothing but these names (ISO 16684-1, section 7), nil if there are none.
func (r *rights) packet() []byte {
	if len(r.artists)+len(r.notices) == 0 {
		return nil
	}
	var b bytes.Buffer
	b.WriteString("<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n" +
		"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"" + spaceRDF + "\">" +
		"<rdf:Description rdf:about=\"\" xmlns:dc=\"" + spaceDC + "\">")
	if len(r.artists) > 0 {
		b.WriteString("<dc:creator><rdf:Seq>")
		for _, name := range r.artists {
			b.WriteString("<rdf:li>")
			xml.EscapeText(&b, []byte(name)) // into memory: it cannot fail
			b.WriteString("</rdf:li>")
		}
		b.WriteString("</rdf:Seq></dc:creator>")
	}
	if len(r.notices) > 0 {
		b.WriteString("<dc:rights><rdf:Alt>")
		for _, n := range r.notices {
			b.WriteString("<rdf:li xml:lang=\"")
			xml.EscapeText(&b, []byte(n.language))
			b.WriteString("\">")
			xml.EscapeText(&b, []byte(n.text))
			b.WriteString("</rdf:li>")
		}
		b.WriteString("</rdf:Alt></dc:rights>")
	}
	b.WriteString("</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>")
	return b.Bytes()
}
