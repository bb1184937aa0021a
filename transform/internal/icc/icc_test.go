package icc

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"
)

// made is a profile with these tags, in the order of their names and contents.
func made(space string, tags ...string) []byte {
	b := make([]byte, 128)
	copy(b[12:], "mntr"+space+"XYZ ")
	copy(b[36:], "acsp")
	b = binary.BigEndian.AppendUint32(b, uint32(len(tags)/2))
	at := len(b) + 12*len(tags)/2
	for i := 0; i < len(tags); i += 2 {
		b = append(b, tags[i]...)
		b = binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, uint32(at)), uint32(len(tags[i+1])))
		at += (len(tags[i+1]) + 3) &^ 3
	}
	for i := 1; i < len(tags); i += 2 {
		b = append(b, tags[i]...)
		b = append(b, "\x00\x00\x00"[:-len(tags[i])&3]...)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)))
	return b
}

func u32(values ...uint32) string {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return string(b)
}

// numbers have 16 binary digits behind the point.
func numbers(values ...float64) string {
	var b []byte
	for _, v := range values {
		b = binary.BigEndian.AppendUint32(b, uint32(int32(v*65536)))
	}
	return string(b)
}

// mluc is a description of version 4: pairs of a language and a text.
func mluc(pairs ...string) string {
	n := len(pairs) / 2
	s := "mluc" + u32(0, uint32(n), 12)
	at := 16 + 12*n
	texts := ""
	for i := 0; i < len(pairs); i += 2 {
		var text []byte
		for _, u := range utf16.Encode([]rune(pairs[i+1])) {
			text = binary.BigEndian.AppendUint16(text, u)
		}
		s += pairs[i] + "XX" + u32(uint32(len(text)), uint32(at))
		at += len(text)
		texts += string(text)
	}
	return s + texts
}

func desc(name string) string {
	return "desc" + u32(0, uint32(len(name)+1)) + name + strings.Repeat("\x00", 79)
}

func TestNameIsOneShortLine(t *testing.T) {
	for want, content := range map[string]string{
		"Dot Gain 20%": desc("Dot Gain 20%"), "Largo": mluc("de", "Groß", "en", "Largo"),
		"Groß":      mluc("de", "Groß", "fr", "Large"),
		"two lines": desc("two\nlines\x07"), "": "desc", "text of old": "text\x00\x00\x00\x00text of old\x00rest",
		strings.Repeat("x", 80): desc(strings.Repeat("x", 5000)),
		strings.Repeat("é", 80): mluc("en", strings.Repeat("é", 500)),
		"as it is":              "as it is", "cut": "desc" + u32(0, 500) + "cut", "valid": desc("\xffvalid\xfe"),
	} {
		p, err := Parse(made("RGB ", "cprt", "none", "desc", content))
		if err != nil || p.Name != want || p.Space != "RGB " {
			t.Errorf("%q: name %q, space %q, error %v", want, p.Name, p.Space, err)
		}
	}
	for _, content := range []string{
		"", "mluc" + u32(0, 1<<31, 1<<31), "mluc" + u32(0, 1, 12, 0, 1<<31, 1<<31), "mluc" + u32(0, 3, 0), "text",
		"desc" + u32(0, 1<<31),
	} {
		if p, err := Parse(made("RGB ", "desc", content)); err != nil || p.Name != "" {
			t.Errorf("%q: name %q, error %v", content, p.Name, err)
		}
	}
}

func TestSRGBIsWhatIsNamedAndMeasuresSo(t *testing.T) {
	curve := func(n int, f func(int) uint16) string {
		b := []byte("curv" + u32(0, uint32(n)))
		for i := range n {
			b = binary.BigEndian.AppendUint16(b, f(i))
		}
		return string(b)
	}
	gamma := func(g float64) string { return curve(1, func(int) uint16 { return uint16(g * 256) }) }
	linear := curve(2, func(i int) uint16 { return uint16(65535 * i) })
	srgb := "para" + u32(0, 3<<16) + numbers(2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)
	xyz := func(x, y, z float64) string { return "XYZ \x00\x00\x00\x00" + numbers(x, y, z) }
	red, wideRed := xyz(0.4361, 0.2225, 0.0139), xyz(0.5151, 0.2412, -0.0011)
	for name, c := range map[string]struct {
		want bool
		tags []string
	}{
		"named alone":       {true, []string{"desc", desc("sRGB IEC61966-2.1")}},
		"named in Unicode":  {true, []string{"desc", mluc("en", "sRGB built-in")}},
		"by a function":     {true, []string{"desc", desc("sRGB"), "rTRC", srgb, "rXYZ", red}},
		"by gamma":          {true, []string{"desc", desc("sRGB"), "gTRC", gamma(2.2)}},
		"unnamed":           {false, []string{"desc", desc("Display"), "rTRC", srgb, "rXYZ", red}},
		"linear":            {false, []string{"desc", desc("GIMP built-in Linear sRGB"), "rTRC", curve(0, nil)}},
		"a linear table":    {false, []string{"desc", desc("sRGB"), "bTRC", linear}},
		"a linear function": {false, []string{"desc", desc("sRGB"), "rTRC", "para" + u32(0, 0) + numbers(1)}},
		"gamma of 1.8":      {false, []string{"desc", desc("sRGB"), "rTRC", gamma(1.8)}},
		"wide":              {false, []string{"desc", desc("sRGB with P3"), "rTRC", srgb, "rXYZ", wideRed}},
		"cut curves":        {true, []string{"desc", desc("sRGB"), "rTRC", "curv", "gTRC", "para" + u32(0, 4<<16)}},
		"a cut color":       {true, []string{"desc", desc("sRGB"), "rXYZ", "XYZ "}},
		"a table cut short": {true, []string{"desc", desc("sRGB"), "rTRC", "curv" + u32(0, 1<<31) + "xx"}},
	} {
		p, err := Parse(made("RGB ", c.tags...))
		if err != nil || p.SRGB() != c.want {
			t.Errorf("%s: %v, error %v: expected %v", name, p.SRGB(), err, c.want)
		}
	}
	if p, err := Parse(made("GRAY", "desc", desc("sRGB"))); err != nil || p.SRGB() {
		t.Errorf("gray: taken for sRGB, error %v", err)
	}
}

func FuzzParse(f *testing.F) {
	function := "para" + u32(0, 3<<16) + numbers(1, 1, 1, 1, 1)
	f.Add(made("RGB ", "desc", mluc("en", "sRGB"), "rTRC", "curv"+u32(0, 3)+"aabbcc", "gTRC", function))
	f.Add(made("GRAY", "desc", desc("Dot Gain 20%")))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		p.SRGB()
		if len(p.Data) > len(b) || len([]rune(p.Name)) > maxName || strings.ContainsAny(p.Name, "\n\r\x00\x1b") {
			t.Errorf("%d bytes of %d, name %q", len(p.Data), len(b), p.Name)
		}
		if err == nil && int(binary.BigEndian.Uint32(b)) != len(p.Data) {
			t.Errorf("%d bytes, though it says %d", len(p.Data), binary.BigEndian.Uint32(b))
		}
	})
}
