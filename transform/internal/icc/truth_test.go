package icc

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// With -update, TestColorsAreThoseOfLCMS makes testdata/*.txt anew. It needs a C compiler and liblcms2-dev:
//
//	go test ./transform/internal/icc -run LCMS -update
var update = flag.Bool("update", false, "make the values of lcms2 anew")

// truthInputs are the colors of a profile with so many channels: 256 grays, 9³ of RGB, 6⁴ of CMYK.
func truthInputs(channels int) (list [][4]byte) {
	levels := map[int]int{1: 256, 3: 9, 4: 6}[channels]
	eachNode(channels, levels, func(v []float64) {
		var c [4]byte
		for i, value := range v {
			c[i] = byte(math.Round(255 * value))
		}
		list = append(list, c)
	})
	return list
}

func channelsOf(t *testing.T, profile []byte) int {
	p, err := Parse(profile)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]int{"GRAY": 1, "RGB ": 3, "CMYK": 4}[p.Space]
}

// truth returns what lcms2 makes of truthInputs, in fractions of 1.
func truth(t *testing.T, name string, profile []byte) (list [][3]float64) {
	path := filepath.Join("testdata", name+".txt")
	if *update {
		makeTruth(t, path, profile)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var c [3]float64
		if _, err := fmt.Sscan(line, &c[0], &c[1], &c[2]); err != nil {
			t.Fatal(err)
		}
		list = append(list, [3]float64{c[0] / 1e5, c[1] / 1e5, c[2] / 1e5})
	}
	return list
}

func makeTruth(t *testing.T, path string, profile []byte) {
	dir := t.TempDir()
	program, file := filepath.Join(dir, "truth"), filepath.Join(dir, "profile.icc")
	if err := os.WriteFile(file, profile, 0o666); err != nil {
		t.Fatal(err)
	}
	build := exec.Command("cc", "-x", "c", "-o", program, "testdata/truth.c.txt", "-llcms2", "-lm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var colors bytes.Buffer
	channels := channelsOf(t, profile)
	for _, c := range truthInputs(channels) {
		fmt.Fprintln(&colors, strings.Trim(fmt.Sprint(c[:channels]), "[]"))
	}
	ask := exec.Command(program, file)
	ask.Stdin = &colors
	out, err := ask.Output()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, out, 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestColorsAreThoseOfLCMS(t *testing.T) {
	profiles := testProfiles()
	for _, name := range slices.Sorted(maps.Keys(profiles)) {
		t.Run(name, func(t *testing.T) {
			profile := profiles[name]
			want, inputs := truth(t, name, profile), truthInputs(channelsOf(t, profile))
			if len(want) != len(inputs) {
				t.Fatalf("%d values for %d colors", len(want), len(inputs))
			}
			p, _ := Parse(profile)
			transform, err := p.Transform()
			if err != nil {
				t.Fatal(err)
			}
			var worst, worstClipped, sum float64
			off := 0
			for i, c := range inputs {
				got := c
				transform.Convert(got[:])
				clipped, cut, rounded := want[i], false, true
				for k, v := range want[i] {
					clipped[k] = unit(v)
					cut = cut || v < -0.002 || v > 1.002
					miss := math.Abs(clipped[k]*255 - float64(got[k]))
					rounded = rounded && miss < 0.65
					if miss > 1.5 {
						off++
					}
				}
				r, g, b := float64(got[0])/255, float64(got[1])/255, float64(got[2])/255
				d := difference(clipped, [3]float64{r, g, b})
				if sum += d; cut {
					worstClipped = max(worstClipped, d)
				} else {
					worst = max(worst, d)
				}
				// Near gray, rounding alone may be a difference of 0.8.
				if limit := map[bool]float64{false: 0.5, true: 1}[cut]; d > limit && !rounded {
					t.Errorf("%v becomes %v, ΔE2000 %.2f from %.3f", c, got, d, clipped)
				}
			}
			t.Logf("ΔE2000 %.3f on average, at most %.2f in gamut and %.2f clipped; %d of %d values over a level off",
				sum/float64(len(inputs)), worst, worstClipped, off, 3*len(inputs))
		})
	}
}

// labOfSRGB returns L*a*b* of sRGB relative to its white.
func labOfSRGB(c [3]float64) (l, a, b float64) {
	for i, v := range c {
		if v <= 0.04045 {
			c[i] = v / 12.92
		} else {
			c[i] = math.Pow((v+0.055)/1.055, 2.4)
		}
	}
	return labOf(times(inverse(toSRGB), c))
}

// difference is CIEDE2000 of two colors of sRGB (CIE 142-2001).
func difference(first, second [3]float64) float64 {
	l1, a1, b1 := labOfSRGB(first)
	l2, a2, b2 := labOfSRGB(second)
	seventh := func(c float64) float64 { c = math.Pow(c, 7); return math.Sqrt(c / (c + math.Pow(25, 7))) }
	g := 1.5 - 0.5*seventh((math.Hypot(a1, b1)+math.Hypot(a2, b2))/2)
	a1, a2 = g*a1, g*a2
	c1, c2 := math.Hypot(a1, b1), math.Hypot(a2, b2)
	hue := func(a, b float64) float64 {
		if h := math.Atan2(b, a); h < 0 {
			return h + 2*math.Pi
		} else {
			return h
		}
	}
	h1, h2 := hue(a1, b1), hue(a2, b2)
	dh, middle := h2-h1, (h1+h2)/2
	switch {
	case c1*c2 == 0:
		dh, middle = 0, h1+h2
	case dh > math.Pi:
		dh -= 2 * math.Pi
		middle += math.Pi
	case dh < -math.Pi:
		dh += 2 * math.Pi
		middle += math.Pi
	}
	degree := math.Pi / 180
	dH, c, l := 2*math.Sqrt(c1*c2)*math.Sin(dh/2), (c1+c2)/2, (l1+l2)/2-50
	t := 1 - 0.17*math.Cos(middle-30*degree) + 0.24*math.Cos(2*middle) + 0.32*math.Cos(3*middle+6*degree) -
		0.20*math.Cos(4*middle-63*degree)
	sl, sc, sh := 1+0.015*l*l/math.Sqrt(20+l*l), 1+0.045*c, 1+0.015*c*t
	turn := middle/degree - 275
	rt := -math.Sin(60*degree*math.Exp(-(turn/25)*(turn/25))) * 2 * seventh(c)
	x, y, z := (l2-l1)/sl, (c2-c1)/sc, dH/sh
	return math.Sqrt(x*x + y*y + z*z + rt*y*z)
}
