package icc

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// A coding is how the values behind the last stage stand for a color.
type coding int

const (
	codedXYZ    coding = iota // XYZ in fractions of 1 + 32767/32768
	codedLab                  // L* 0 to 100, a* and b* -128 to 127
	codedOldLab               // the same of 16 bits, where ff00 stands for 100 and for 127 (ICC.1:2022, 10.12)
	plainXYZ                  // XYZ as it is
	grayXYZ                   // one value, Y of a gray
	grayLab                   // one value, L* of a gray
)

// most is what 1 stands for in codedXYZ.
const most = 1 + 32767.0/32768

// white is D50, which all colors of profiles are relative to (ICC.1:2022, 7.2.16).
var white = [3]float64{0.9642, 1, 0.8249}

// xyz returns the color that v stands for.
func (c coding) xyz(v [4]float64) [3]float64 {
	switch c {
	case codedXYZ:
		return [3]float64{v[0] * most, v[1] * most, v[2] * most}
	case codedLab:
		return fromLab(100*v[0], 255*v[1]-128, 255*v[2]-128)
	case codedOldLab:
		return fromLab(100*v[0]*65535/65280, v[1]*65535/256-128, v[2]*65535/256-128)
	case grayXYZ:
		return [3]float64{white[0] * v[0], white[1] * v[0], white[2] * v[0]}
	case grayLab:
		return fromLab(100*v[0], 0, 0)
	}
	return [3]float64{v[0], v[1], v[2]}
}

// black returns what stands for a color without light.
func (c coding) black() [4]float64 {
	switch c {
	case codedLab:
		return [4]float64{0, 128.0 / 255, 128.0 / 255}
	case codedOldLab:
		return [4]float64{0, 32768.0 / 65535, 32768.0 / 65535}
	}
	return [4]float64{}
}

// fromLab is the inverse of CIE 15, 8.2.1.
func fromLab(l, a, b float64) [3]float64 {
	y := (l + 16) / 116
	return [3]float64{white[0] * cubed(y+a/500), white[1] * cubed(y), white[2] * cubed(y-b/200)}
}

func cubed(t float64) float64 {
	if t > 6.0/29 {
		return t * t * t
	}
	return (t - 4.0/29) * 108 / 841
}

var errLUT = errors.New("its table has a header that is cut short")

// parseLUT reads the stages of a tag: lut8Type, lut16Type, lutAToBType or lutBToAType (ICC.1:2022, 10.10 to 10.13). in
// and out are the numbers of values that it must have. pcs is "XYZ " or "Lab ", and fromPCS reports whether that stands
// in front of the stages and not behind them.
func parseLUT(b []byte, in, out int, pcs string, fromPCS bool) (stages []stage, c coding, err error) {
	if len(b) < 32 {
		return nil, 0, errLUT
	}
	if int(b[8]) != in || int(b[9]) != out {
		return nil, 0, fmt.Errorf("its table makes %d values of %d: expected %d of %d", b[9], b[8], out, in)
	}
	c = codedXYZ
	kind := string(b[:4])
	switch {
	case pcs == "Lab " && kind == "mft2":
		c = codedOldLab
	case pcs == "Lab ":
		c = codedLab
	}
	switch kind {
	case "mft1", "mft2":
		stages, err = parseTables(b, in, out, fromPCS && pcs == "XYZ ")
	case "mAB ", "mBA ":
		stages, err = parseElements(b, in, out, kind == "mAB ")
	default:
		err = fmt.Errorf("its table is of the unknown type %q", b[:4])
	}
	return stages, c, err
}

// parseTables reads a lut8Type or lut16Type: a table for each input, a grid, and a table for each output. The matrix
// before them counts only for XYZ.
func parseTables(b []byte, in, out int, useMatrix bool) (stages []stage, err error) {
	width, before, behind, rest := 1, 256, 256, 48
	if string(b[:4]) == "mft2" {
		width, rest = 2, 52
	}
	if len(b) < rest {
		return nil, errLUT
	}
	if width == 2 {
		before, behind = int(binary.BigEndian.Uint16(b[48:])), int(binary.BigEndian.Uint16(b[50:]))
	}
	if before < 2 || behind < 2 {
		return nil, errors.New("its table has curves of fewer than two values")
	}
	if useMatrix {
		m := new(matrix)
		for i := range m.m {
			m.m[i] = fixed(b[12+4*i:])
		}
		stages = append(stages, m)
	}
	sizes := make([]int, in)
	for i := range sizes {
		sizes[i] = int(b[10])
	}
	tables := func(n, entries int, data []byte) (curves, []byte, error) {
		size := entries * width
		if n*size > len(data) {
			return nil, nil, errCurve
		}
		list := make(curves, n)
		for i := range list {
			list[i] = curve{table: data[i*size:][:size], width: width}
		}
		return list, data[n*size:], nil
	}
	first, data, err := tables(in, before, b[rest:])
	if err != nil {
		return nil, err
	}
	g, size, err := newGrid(sizes, out, width, data)
	if err != nil {
		return nil, err
	}
	last, _, err := tables(out, behind, data[size:])
	if err != nil {
		return nil, err
	}
	return append(stages, first, g, last), nil
}

// parseElements reads a lutAToBType, which is done in the order A, grid, M, matrix, B, or a lutBToAType, which is done
// in the other. Elements whose offset is 0 are not there.
func parseElements(b []byte, in, out int, aToB bool) (stages []stage, err error) {
	const (
		atB = 12 + 4*iota
		atMatrix
		atM
		atGrid
		atA
	)
	order, atInputs := []int{atA, atGrid, atM, atMatrix, atB}, atA
	if !aToB {
		order, atInputs = []int{atB, atMatrix, atM, atGrid, atA}, atB
	}
	n := in // values before the element
	for _, element := range order {
		offset := uint64(binary.BigEndian.Uint32(b[element:]))
		if offset == 0 {
			continue
		}
		if offset > uint64(len(b)) {
			return nil, errors.New("a part of its table lies outside it")
		}
		var s stage
		switch data := b[offset:]; element {
		case atGrid:
			s, err = parseGrid(data, in, out)
			n = out
		case atMatrix:
			s, err = parseMatrix(data)
		default:
			s, err = parseCurves(data, n)
		}
		if err != nil {
			return nil, err
		}
		if element != atInputs && element != atGrid && n != out {
			return nil, errors.New("its table has no grid between inputs and outputs of other numbers")
		}
		stages = append(stages, s)
	}
	if n != out {
		return nil, errors.New("its table has no grid between inputs and outputs of other numbers")
	}
	return stages, nil
}

// parseGrid reads the CLUT of ICC.1:2022, 10.12.3.
func parseGrid(b []byte, in, out int) (stage, error) {
	const head = 20
	if len(b) < head {
		return nil, errGrid
	}
	sizes := make([]int, in)
	for i := range sizes {
		sizes[i] = int(b[i])
	}
	width := int(b[16])
	if width != 1 && width != 2 {
		return nil, fmt.Errorf("its table has numbers of %d bytes: expected 1 or 2", width)
	}
	g, _, err := newGrid(sizes, out, width, b[head:])
	return g, err
}

func parseMatrix(b []byte) (stage, error) {
	if len(b) < 48 {
		return nil, errors.New("its matrix is cut short")
	}
	m := new(matrix)
	for i := range m.m {
		m.m[i] = fixed(b[4*i:])
	}
	for i := range m.add {
		m.add[i] = fixed(b[36+4*i:])
	}
	return m, nil
}

// parseCurves reads n curves, each of which begins at a multiple of four bytes.
func parseCurves(b []byte, n int) (stage, error) {
	list := make(curves, n)
	for i := range list {
		var size int
		var err error
		if list[i], size, err = parseCurve(b); err != nil {
			return nil, err
		}
		b = b[min((size+3)&^3, len(b)):]
	}
	return list, nil
}
