package rt

import (
	"fmt"
	"path/filepath"
)

// Source yields a data set. dir is the folder of the .nde file, against which
// relative paths are taken; cols are the columns that the data block declares.
// Errors wrap ErrData or ErrShape.
type Source interface {
	Load(dir string, cols []ColumnSpec) (*Table, error)
}

// resolve is path, taken relative to dir.
func resolve(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// pointColumns checks the columns of a source of labelled points: one of width
// dim (of at least -dim for a negative one), and at most one label with at least
// classes classes. It gives the width.
func pointColumns(source string, cols []ColumnSpec, dim, classes int) (int, error) {
	x, y, width := 0, 0, 0
	for _, c := range cols {
		switch {
		case c.Classes == 0 && (c.Width() == dim || dim < 0 && c.Width() >= -dim):
			x++
			width = c.Width()
		case c.Classes >= classes && c.Width() == 1:
			y++
		default:
			numbers := fmt.Sprintf("%d numbers", dim)
			if dim < 0 {
				numbers = fmt.Sprintf("%d or more numbers", -dim)
			}
			return 0, fmt.Errorf("source %s cannot fill column %q: it gives points of %s and labels of %d classes: %w", source, c.Name, numbers, classes, ErrShape)
		}
	}
	if x != 1 || y > 1 {
		return 0, fmt.Errorf("source %s needs one column of points and at most one of labels: %w", source, ErrShape)
	}
	return width, nil
}

// points fills a table with n labelled points; point i is a function of i.
func points(source string, cols []ColumnSpec, n, dim, classes int, seed uint64, f func(i int, s Stream, x []float64) (label int)) (*Table, error) {
	if n <= 0 {
		return nil, fmt.Errorf("source %s: n is %d: %w", source, n, ErrData)
	}
	width, err := pointColumns(source, cols, dim, classes)
	if err != nil {
		return nil, err
	}
	t := NewTable(cols, n)
	x := make([]float64, width)
	for i := range n {
		Clear(x)
		label := f(i, Key{Seed: seed, Row: uint64(i), Site: 0x64617461}.Stream(), x)
		for k := range t.Columns {
			if c := &t.Columns[k]; c.Classes > 0 {
				c.Data[i] = float64(label)
			} else {
				Copy(c.Row(i), x)
			}
		}
	}
	return t, nil
}
