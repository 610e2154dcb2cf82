package rt

import (
	"fmt"
)

// windowed turns single rows into windows of w rows, stride rows apart. A column whose shape has a
// leading axis w has the rows of the window; a First column has that of its first row. Windows never
// straddle two recordings, which run numbers for each row; nil is one recording.
func windowed(flat *Table, cols []ColumnSpec, w, stride int, run []int) (*Table, error) {
	if stride <= 0 {
		stride = w
	}
	var starts []int
	for lo := 0; lo < flat.Rows; {
		hi := lo + 1
		for hi < flat.Rows && (run == nil || run[hi] == run[lo]) {
			hi++
		}
		for s := lo; s+w <= hi; s += stride {
			starts = append(starts, s)
		}
		lo = hi
	}
	out := NewTable(cols, 0)
	out.Rows = len(starts)
	for i := range cols {
		from, to := &flat.Columns[i], gather(len(cols))
		for _, s := range starts {
			if cols[i].First {
				to.add(from.Row(s)...)
			} else {
				to.add(from.Data[s*from.Width : (s+w)*from.Width]...)
			}
		}
		var err error
		if out.Columns[i].Data, err = to.all(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// rowSpecs are the columns of single rows that windows are cut from.
func rowSpecs(cols []ColumnSpec, w int) ([]ColumnSpec, error) {
	out := make([]ColumnSpec, len(cols))
	for i, c := range cols {
		out[i] = c
		if c.First {
			continue
		}
		if len(c.Shape) == 0 || c.Shape[0] != w {
			return nil, fmt.Errorf("column %q has shape %v; with window: %d it begins with [%d, or is first(...): %w", c.Name, c.Shape, w, w, ErrShape)
		}
		out[i].Shape = c.Shape[1:]
	}
	return out, nil
}
