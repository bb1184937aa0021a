package icc

import (
	"errors"
	"fmt"
	"math"
)

// A model says which colors the values of a device stand for: stages, and what comes out of them. It is made of slices
// of the profile, and takes no memory to speak of.
type model struct {
	inputs int
	stages []stage
	coding coding
	black  float64 // Y of the darkest color
}

// color returns the XYZ of values from 0 to 1, relative to D50. Stages before the first are left out.
func (m *model) color(v [4]float64, first int) [3]float64 {
	for _, s := range m.stages[first:] {
		v = s.apply(v)
	}
	return m.coding.xyz(v)
}

// model reads what p says of its colors. Tables come before curves and a matrix, and colorimetric ones before
// perceptual ones (ICC.1:2022, 9.1).
func (p Profile) model() (*model, error) {
	m := new(model)
	switch p.Space {
	case "RGB ", "Lab ":
		m.inputs = 3
	case "CMYK":
		m.inputs = 4
	case "GRAY":
		m.inputs = 1
	default:
		return nil, fmt.Errorf("its color space %q cannot be converted", p.Space)
	}
	if len(p.Data) < headSize {
		return nil, errors.New("it has no tags")
	}
	pcs := string(p.Data[20:24])
	if pcs != "XYZ " && pcs != "Lab " {
		return nil, fmt.Errorf("its colors are defined in %q: expected XYZ or Lab", pcs)
	}
	table := p.tag("A2B1")
	if table == nil {
		table = p.tag("A2B0")
	}
	var err error
	switch {
	case table != nil:
		m.stages, m.coding, err = parseLUT(table, m.inputs, 3, pcs, false)
	case p.Space == "GRAY":
		err = p.grayCurve(m, pcs)
	case p.Space == "RGB " && pcs == "XYZ ":
		err = p.matrix(m)
	default:
		err = errors.New("it has no table of colors")
	}
	if err != nil {
		return nil, err
	}
	m.black = p.darkest(m, pcs)
	return m, nil
}

// grayCurve reads the curve of a profile for gray.
func (p Profile) grayCurve(m *model, pcs string) error {
	d := p.tag("kTRC")
	if d == nil {
		return errors.New("it has no curve of gray")
	}
	c, _, err := parseCurve(d)
	m.stages, m.coding = []stage{curves{c}}, grayXYZ
	if pcs == "Lab " {
		m.coding = grayLab
	}
	return err
}

// matrix reads the curves of a profile for RGB, and the three colors at their strongest.
func (p Profile) matrix(m *model) error {
	list, colors := make(curves, 3), new(matrix)
	for i, letter := range []string{"r", "g", "b"} {
		curve, color := p.tag(letter+"TRC"), p.tag(letter+"XYZ")
		if curve == nil || len(color) < 20 {
			return errors.New("it has neither a table nor curves of colors")
		}
		var err error
		if list[i], _, err = parseCurve(curve); err != nil {
			return err
		}
		for k := range 3 {
			colors.m[3*k+i] = fixed(color[8+4*k:])
		}
	}
	m.stages, m.coding = []stage{list, colors}, plainXYZ
	return nil
}

// darkest returns the Y of the black point, which becomes that of sRGB (ISO 18619:2015, 7.2). A printer's is what comes
// back of black: its darkest inks may be more than paper takes. Others have that of no light, or of all inks.
func (p Profile) darkest(m *model, pcs string) float64 {
	var device [4]float64
	if p.Space == "CMYK" {
		device = [4]float64{1, 1, 1, 1}
		if string(p.Data[12:16]) == "prtr" {
			stages, coding, err := parseLUT(p.tag("B2A0"), 3, 4, pcs, true)
			if err != nil || p.tag("A2B0") == nil {
				return 0
			}
			device = coding.black()
			for _, s := range stages {
				device = s.apply(device)
			}
		}
	}
	if p.Space == "Lab " {
		device = m.coding.black()
	}
	y := m.color(device, 0)[1]
	const half = 0.18418651851244416 // of L* 50, the lightest that counts as black
	if !(y > 0) {
		return 0
	}
	return min(y, half)
}

// toSRGB makes linear sRGB of XYZ relative to D50. It is the inverse of the colors of IEC 61966-2-1, adapted from D65
// with the Bradford transform (ICC.1:2022, annex E); a test derives it.
var toSRGB = [9]float64{
	3.1341863642, -1.6172089590, -0.4906940640,
	-0.9787485042, 1.9161300968, 0.0334333992,
	0.0719639278, -0.2289938735, 1.4057537329,
}

// root is the cube root of CIE 15, 8.2.1, of which cubed is the inverse. It goes on below 0.
func root(v float64) float64 {
	if v > 216.0/24389 {
		return math.Cbrt(v)
	}
	return v*841/108 + 4.0/29
}

// gamma is the curve of IEC 61966-2-1.
func gamma(v float64) float64 {
	if v <= 0.0031308 {
		return 12.92 * v
	}
	return 1.055*math.Pow(v, 1/2.4) - 0.055
}

// linear returns linear sRGB of a color, whose darkest becomes black (ISO 18619:2015, 7.3). Values may lie outside 0
// and 1.
func (m *model) linear(xyz [3]float64) (rgb [3]float64) {
	scale := 1 / (1 - m.black)
	for i := range xyz {
		xyz[i] = (xyz[i] - white[i]*m.black) * scale
	}
	for i := range rgb {
		row := toSRGB[3*i:][:3]
		rgb[i] = row[0]*xyz[0] + row[1]*xyz[1] + row[2]*xyz[2]
	}
	return rgb
}
