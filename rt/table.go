package rt

import (
	"fmt"
	"math"
	"slices"
)

// Column is one column of a table, row-major. Labels are exact small integers.
type Column struct {
	Name    string
	Width   int // numbers per row
	Classes int // number of classes of a label column, else 0
	Data    []float64
	file    string // of which Data are a part, which others may change; "" where they are in memory
}

// Row is the numbers of row i.
func (c *Column) Row(i int) []float64 { return c.Data[i*c.Width : (i+1)*c.Width] }

// Table is a data set in memory; the numbers of a large one may be those of a mapped file.
type Table struct {
	Columns []Column
	Rows    int
}

// ColumnSpec is what a data block declares about a column.
type ColumnSpec struct {
	Name    string
	Shape   []int // of one row
	Classes int   // of a label column, else 0
	Whole   bool  // integers of 32 bits
	Single  bool  // numbers of the range of float32
	Ascend  bool  // the numbers of a row are times that ascend
	Later   bool  // labels that are none and times that do not ascend are errors of their row, where it is computed
	// Fields of a file that hold the numbers of a row; nil: by Name. First takes them from the first row
	// of a window.
	Fields []string
	First  bool
	// Present makes the column 1 where the number of that other column is in the file, and 0 where it is
	// missing; the other column has 0 there. In a column without such a one nothing may be missing.
	Present string
}

// Width is the number of components in a row.
func (c ColumnSpec) Width() int { return Tensor{Shape: c.Shape}.Len() }

// fault says why v is no number of the column; "" if it is one.
func (c *ColumnSpec) fault(v float64) string {
	switch {
	case c.Whole && v != float64(int32(v)):
		return "is not an integer of 32 bits"
	case c.Single && math.IsInf(float64(float32(v)), 0) && finite(v):
		return "is beyond the numbers of float32, up to 3.4e38; --precision f64 has larger ones"
	case c.Later && c.Classes > 0 && v == float64(int32(v)):
	case c.Classes > 0 && (!(v >= 0 && v < float64(c.Classes)) || v != float64(int(v))):
		return fmt.Sprintf("is not a label 0..%d", c.Classes-1)
	}
	return ""
}

// Later are the columns of a batch whose rows have errors of their own.
func Later(cols []ColumnSpec) []ColumnSpec {
	out := Copied(nil, cols)
	for i := range out {
		out[i].Later = true
	}
	return out
}

// Index is the position of the named column, or -1.
func (t *Table) Index(name string) int {
	for i := range t.Columns {
		if t.Columns[i].Name == name {
			return i
		}
	}
	return -1
}

// NewTable is a table of zeros.
func NewTable(cols []ColumnSpec, rows int) *Table {
	t := &Table{Rows: rows, Columns: make([]Column, len(cols))}
	for i, c := range cols {
		t.Columns[i] = Column{Name: c.Name, Width: c.Width(), Classes: c.Classes, Data: make([]float64, rows*c.Width())}
	}
	return t
}

// Check compares t with the columns that a program declares, in any order, and
// labels with their number of classes. Errors wrap ErrShape or ErrData.
func (t *Table) Check(cols []ColumnSpec) error {
	for _, c := range cols {
		i := t.Index(c.Name)
		if i < 0 {
			return fmt.Errorf("column %q is missing: %w", c.Name, ErrShape)
		}
		got := &t.Columns[i]
		if got.Width != c.Width() {
			return fmt.Errorf("column %q has a Width of %d, want %d numbers a row: %w", c.Name, got.Width, c.Width(), ErrShape)
		}
		if len(got.Data) != t.Rows*got.Width {
			return fmt.Errorf("column %q has %d numbers for %d rows, want %d a row: %w", c.Name, len(got.Data), t.Rows, c.Width(), ErrShape)
		}
		if c.Ascend && !c.Later {
			if err := CheckAscend(c.Name, got.Data, got.Width); err != nil {
				return err
			}
		}
		if c.Classes == 0 && !c.Whole && !c.Single {
			continue
		}
		for k, v := range got.Data {
			if fault := c.fault(v); fault != "" {
				return fmt.Errorf("column %q, row %d: %v %s: %w", c.Name, k/got.Width, v, fault, ErrData)
			}
		}
	}
	return nil
}

// CheckRead is Check for the columns of these names, those that a recipe reads. A table without rows is an error as well.
func (t *Table) CheckRead(cols []ColumnSpec, names []string) error {
	if t == nil || t.Rows == 0 {
		return fmt.Errorf("the table has no rows: %w", ErrData)
	}
	for i := range cols {
		if !slices.Contains(names, cols[i].Name) {
			continue
		}
		if err := t.Check(cols[i : i+1]); err != nil {
			return err
		}
	}
	return nil
}

// gaps gives, for each column, the place of the one that says what is there of it, or -1.
func gaps(cols []ColumnSpec) []int {
	out := make([]int, len(cols))
	for i, c := range cols {
		out[i] = slices.IndexFunc(cols, func(m ColumnSpec) bool { return m.Present == c.Name })
	}
	return out
}

// First is the table of the first n rows; t itself where n is 0 or t has no more. It shares the numbers of t.
func (t *Table) First(n int) *Table {
	if n <= 0 || n >= t.Rows {
		return t
	}
	out := &Table{Rows: n, Columns: Copied(nil, t.Columns)}
	for i := range out.Columns {
		c := &out.Columns[i]
		c.Data = c.Data[:n*c.Width]
	}
	return out
}

// Select is a new table of the given rows.
func (t *Table) Select(rows []int) *Table {
	out := &Table{Rows: len(rows), Columns: make([]Column, len(t.Columns))}
	for i := range t.Columns {
		c := &t.Columns[i]
		d := gather(len(t.Columns))
		d.expect(len(rows) * c.Width)
		for _, r := range rows {
			d.add(c.Row(r)...)
		}
		data, err := d.all()
		if err != nil { // there is no room for a file: memory has to do
			data = make([]float64, 0, len(rows)*c.Width)
			for _, r := range rows {
				data = append(data, c.Row(r)...)
			}
		}
		out.Columns[i] = Column{Name: c.Name, Width: c.Width, Classes: c.Classes, Data: data}
	}
	return out
}

// SplitRandom deals the rows by a seeded permutation into parts of the given
// fractions; the last part takes what rounding leaves.
func (t *Table) SplitRandom(seed uint64, fractions ...float64) []*Table {
	p := make([]int, t.Rows)
	Permute(p, seed, 0)
	return t.split(p, fractions)
}

// SplitByTime cuts the rows in order into parts of the given fractions.
func (t *Table) SplitByTime(fractions ...float64) []*Table {
	p := make([]int, t.Rows)
	for i := range p {
		p[i] = i
	}
	return t.split(p, fractions)
}

// splitByValue deals the distinct values, in the order of their first rows, by a seeded permutation into
// parts of the given fractions, and with a value all of its rows, in their order.
func (t *Table) splitByValue(values []float64, seed uint64, fractions ...float64) []*Table {
	group := map[float64]int{}
	var rows [][]int
	for i, v := range values {
		g, ok := group[v]
		if !ok {
			g = len(rows)
			group[v], rows = g, append(rows, nil)
		}
		rows[g] = append(rows[g], i)
	}
	p := make([]int, len(rows))
	Permute(p, seed, 0)
	var parts []*Table
	for _, groups := range cut(p, fractions) {
		var of []int
		for _, g := range groups {
			of = append(of, rows[g]...)
		}
		slices.Sort(of)
		parts = append(parts, t.Select(of))
	}
	return parts
}

func (t *Table) split(rows []int, fractions []float64) []*Table {
	var parts []*Table
	for _, part := range cut(rows, fractions) {
		parts = append(parts, t.Select(part))
	}
	return parts
}

// cut parts a list at the rounded cumulative fractions; the last part takes what rounding leaves.
func cut(list []int, fractions []float64) [][]int {
	var parts [][]int
	lo, sum := 0, 0.0
	for i, f := range fractions {
		sum += f
		hi := min(int(sum*float64(len(list))+0.5), len(list))
		if i == len(fractions)-1 {
			hi = len(list)
		}
		parts = append(parts, list[lo:hi])
		lo = hi
	}
	return parts
}
