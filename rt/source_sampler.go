package rt

import (
	"fmt"
	"slices"
)

// Sampler draws columns from distributions: row i is a function of (Seed, i) alone.
type Sampler struct {
	N    int
	Seed uint64
	Of   []Sampled
}

// Sampled is the distribution of the numbers of a column: uniform in [A, B), or normal with mean A and
// deviation B.
type Sampled struct {
	Column string
	Normal bool
	A, B   float64
}

// Load draws the rows.
func (s Sampler) Load(_ string, cols []ColumnSpec) (*Table, error) {
	if s.N <= 0 {
		return nil, fmt.Errorf("source sampler: n is %d: %w", s.N, ErrData)
	}
	t := NewTable(cols, s.N)
	for k, c := range cols {
		at := slices.IndexFunc(s.Of, func(d Sampled) bool { return d.Column == c.Name })
		if at < 0 {
			return nil, fmt.Errorf("source sampler has no distribution for column %q: %w", c.Name, ErrData)
		}
		d := s.Of[at]
		for i := range s.N {
			draws := Key{Seed: s.Seed, Row: uint64(i), Path: uint32(at), Site: 0x73616d70}.Stream()
			for j := range t.Columns[k].Row(i) {
				if d.Normal {
					t.Columns[k].Row(i)[j] = mad64(d.B, draws.Normal(uint64(j)), d.A)
				} else {
					t.Columns[k].Row(i)[j] = mad64(d.B-d.A, draws.Uniform(uint64(j)), d.A)
				}
			}
		}
	}
	return t, nil
}

// Pass is the source of another pass over the data.
func (s Sampler) Pass(n int) Source {
	s.Seed = passSeed(s.Seed, n)
	return s
}
