package icc

import (
	"bytes"
	"math"
	"strings"
	"sync"
	"testing"
)

func TestMatrixOfSRGBFollowsFromItsPrimaries(t *testing.T) {
	colors := primaries([2]float64{0.64, 0.33}, [2]float64{0.30, 0.60}, [2]float64{0.15, 0.06}, d65)
	var m [9]float64
	for i := range 3 {
		for k := range 3 {
			m[3*i+k] = colors[k][i]
		}
	}
	for i, v := range inverse(m) {
		if math.Abs(v-toSRGB[i]) > 1e-9 {
			t.Errorf("number %d is %.10f, want %.10f", i, toSRGB[i], v)
		}
	}
}

// Gray of a display stays without color, white stays white, and alpha stays what it is.
func TestGrayStaysGray(t *testing.T) {
	for name, profile := range testProfiles() {
		p, err := Parse(profile)
		if err != nil {
			t.Fatal(err)
		}
		if p.Space == "CMYK" || name == "camera" { // whose three curves have tables of other lengths
			continue
		}
		transform, err := p.Transform()
		if err != nil {
			t.Fatal(err)
		}
		for v := range 256 {
			pix := []byte{byte(v), byte(v), byte(v), byte(3 * v)}
			transform.Convert(pix)
			// Tables hold rounded colors.
			near := byte(0)
			if transform.table != nil {
				near = 1
			}
			spread := max(pix[0], pix[1], pix[2]) - min(pix[0], pix[1], pix[2])
			if spread > near || pix[3] != byte(3*v) || v == 255 && min(pix[0], pix[1], pix[2]) < 255-near {
				t.Errorf("%s: gray %d becomes %v", name, v, pix)
			}
		}
	}
}

func TestTransformsAreKeptAndSharedByGoroutines(t *testing.T) {
	p, _ := Parse(testProfiles()["press"])
	var group sync.WaitGroup
	for _, profile := range testProfiles() {
		group.Go(func() {
			own, err := Parse(bytes.Clone(profile))
			if err != nil {
				t.Error(err)
			}
			for range 20 {
				transform, err := own.Transform()
				if err != nil {
					t.Error(err)
					return
				}
				transform.Convert(make([]byte, 40))
			}
		})
	}
	group.Wait()
	if n := len(kept.list); n != keepTransforms {
		t.Errorf("%d are kept: expected %d", n, keepTransforms)
	}
	again, err := p.Transform()
	if err != nil {
		t.Fatal(err)
	}
	once, err := p.Transform()
	if err != nil || once != again {
		t.Errorf("a Transform was made twice, error %v", err)
	}
}

func TestProfileThatCannotBeConvertedSaysWhy(t *testing.T) {
	xyz := xyzTag(white)
	table := oldTable(2, 3, 2, same, same, func([]float64) []float64 { return []float64{0, 0, 0} })
	for _, c := range []struct {
		want    string
		profile []byte
	}{
		{"it has neither a table nor curves of colors", made("RGB ", "rXYZ", xyz)},
		{"it has no curve of gray", made("GRAY", "desc", "x")},
		{"it has no table of colors", made("CMYK", "desc", "x")},
		{"its color space \"5CLR\" cannot be converted", made("5CLR", "desc", "x")},
		{"its colors are defined in \"Luv \": expected XYZ or Lab", ofClass(made("RGB "), "mntr", "Luv ", 2)},
		{"one of its curves is of the unknown type \"nons\"", made("GRAY", "kTRC", "nons"+u32(0, 0))},
		{"one of its curves is cut short", made("GRAY", "kTRC", "curv"+u32(0, 1<<31))},
		{"its table makes 3 values of 3: expected 3 of 4", made("CMYK", "A2B0", table)},
		{"its table is cut short", made("RGB ", "A2B0", table[:3*512+52+20])},
		{
			"its table has fewer than two values in one direction",
			made("RGB ", "A2B0", strings.Replace(table, "\x03\x03\x02", "\x03\x03\x01", 1)),
		},
		{"one of its curves is of the unknown kind 9", made("GRAY", "kTRC", function(9, 1))},
		{"its table has a header that is cut short", made("RGB ", "A2B1", "mft2")},
		{
			"its table has no grid between inputs and outputs of other numbers",
			made("CMYK", "A2B0", "mAB "+u32(0, 0x04030000, 0, 0, 0, 0, 0)),
		},
	} {
		want := c.want
		p, err := Parse(c.profile)
		if err != nil {
			t.Fatalf("%s: %v", want, err)
		}
		_, err = p.Memory()
		if err == nil || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
		if _, err := p.Transform(); err == nil {
			t.Errorf("%s: it was converted", want)
		}
	}
}

// A profile that comes to the same as sRGB is found by what it does, whatever its name.
func TestSRGBIsFoundByItsPixels(t *testing.T) {
	colors := primaries([2]float64{0.64, 0.33}, [2]float64{0.30, 0.60}, [2]float64{0.15, 0.06}, d65)
	table := tableCurve(1024, func(x float64) float64 { return (&curve{kind: 3, p: srgbNumbers}).at(x) })
	g22 := gammaCurve(2.2)
	for name, c := range map[string]struct {
		profile []byte
		want    bool
	}{
		"functions": {matrixProfile("c2", colors, srgbFunction, srgbFunction, srgbFunction), true},
		"tables":    {matrixProfile("Display", colors, table, table, table), true},
		"power":     {matrixProfile("Display", colors, g22, g22, g22), false},
		"wide":      {testProfiles()["p3"], false},
		"gray":      {made("GRAY", "kTRC", table), true},
		"dark gray": {made("GRAY", "kTRC", g22), false},
		"table":     {testProfiles()["scanner"], false},
		"none":      {made("RGB "), false},
	} {
		p, err := Parse(c.profile)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.SRGBPixels(); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

var srgbNumbers = [7]float64{2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045}
