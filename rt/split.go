package rt

import (
	"cmp"
	"fmt"
)

// SplitKind says how rows are dealt to training, validation and test.
type SplitKind uint8

// Kinds of splits.
const (
	NoSplit       SplitKind = iota
	SplitRandom             // by lot, from the seed
	SplitByTime             // in order
	SplitByColumn           // by lot, rows of one value of a column together
)

// Split deals the rows of a data block. Shares that sum to less than 1 leave rows unused.
type Split struct {
	Kind             SplitKind
	Column           string // of SplitByColumn, one number a row
	Train, Val, Test float64
	Seed             uint64
}

// deal gives the parts of t; parts without a share are nil.
func (s Split) deal(t *Table) (Tables, error) {
	if s.Kind == NoSplit {
		return Tables{Train: t}, nil
	}
	rest := max(0, 1-s.Train-s.Val-s.Test)
	var parts []*Table
	switch s.Kind {
	case SplitByTime:
		parts = t.SplitByTime(s.Train, s.Val, s.Test, rest)
	case SplitByColumn:
		k := t.Index(s.Column)
		if k < 0 || t.Columns[k].Width != 1 {
			return Tables{}, fmt.Errorf("a split needs a column %q with one number a row: %w", s.Column, ErrShape)
		}
		parts = t.splitByValue(t.Columns[k].Data, s.Seed, s.Train, s.Val, s.Test, rest)
	default:
		parts = t.SplitRandom(s.Seed, s.Train, s.Val, s.Test, rest)
	}
	out := Tables{Train: parts[0]}
	if s.Val > 0 {
		out.Val = parts[1]
	}
	if s.Test > 0 {
		out.Test = parts[2]
	}
	for _, p := range []*Table{out.Train, out.Val, out.Test} {
		if p != nil && p.Rows == 0 {
			return out, fmt.Errorf("a split of %d rows leaves a part empty: %w", t.Rows, ErrData)
		}
	}
	return out, nil
}

// Load reads or makes the rows of a data block and checks them. Relative paths start at dir.
func (d *DataEntry) Load(dir string) (*Table, error) {
	t, err := d.Source.Load(dir, d.Columns)
	if err == nil {
		err = t.Check(d.Columns)
	}
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", d.Name, err)
	}
	return t, nil
}

// LoadTables gives the data of a recipe: the parts of its data block, and instead of a part the block
// that the recipe names for it; and the statistics of layout that it reads. Relative paths start at dir.
func LoadTables(dir string, r *Recipe, data []DataEntry, layout []Tensor) (Tables, error) {
	load := func(name string) (*Table, Split, error) {
		if d := findData(data, name); d != nil {
			t, err := d.Load(dir)
			if err == nil && t.Rows == 0 {
				err = fmt.Errorf("data %s has no rows: %w", name, ErrData)
			}
			return t, d.Split, err
		}
		return nil, Split{}, fmt.Errorf("there is no data %q: %w", name, ErrData)
	}
	t, split, err := load(r.Data)
	if err != nil {
		return Tables{}, err
	}
	var tables Tables
	lost := t.reading(func() { tables, err = split.deal(t) })
	if err = cmp.Or(lost, err); err != nil {
		return Tables{}, fmt.Errorf("data %s: %w", r.Data, err)
	}
	if d := findData(data, r.Data); d != nil {
		if f, ok := d.Source.(Fresh); ok {
			tables.Pass = func(n int) (*Table, error) { return f.pass(d, dir, n) }
		}
	}
	if r.Val != "" {
		if tables.Val, _, err = load(r.Val); err != nil {
			return Tables{}, err
		}
	}
	if r.Test != "" {
		if tables.Test, _, err = load(r.Test); err != nil {
			return Tables{}, err
		}
	}
	lost = tables.Train.reading(func() { tables.Stats, err = statistics(dir, r, data, layout, tables) })
	return tables, cmp.Or(lost, err)
}
