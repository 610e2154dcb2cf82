package rt

import (
	"context"
	"fmt"
	"slices"
)

// Simulation makes rows by solving a system of the package: row i is a function of (Seed, i) alone. What is drawn for
// a row is drawn as a Sampler draws, Model gives the columns, and each number of the columns Noisy has a normal
// one of deviation Noise added to it.
type Simulation struct {
	N     int
	Seed  uint64
	Noise float64
	Noisy []string
	Drawn []ColumnSpec // what is drawn, and
	Of    []Sampled    // from which distributions
	Model func(drawn *Table) *Rows
}

// Load solves for all rows, on all cores.
func (s Simulation) Load(_ string, cols []ColumnSpec) (*Table, error) {
	drawn, err := Sampler{N: s.N, Seed: s.Seed, Of: s.Of}.Load("", s.Drawn)
	if err != nil {
		return nil, err
	}
	rows := s.Model(drawn)
	if err := rows.Batch(context.Background(), nil, 0); err != nil {
		return nil, fmt.Errorf("source simulate: %w: %w", err, ErrData)
	}
	t := NewTable(cols, s.N)
	rows.Store(t)
	for k := range t.Columns {
		c := &t.Columns[k]
		if s.Noise == 0 || !slices.Contains(s.Noisy, c.Name) {
			continue
		}
		for i := range s.N {
			draws := Key{Seed: s.Seed, Row: uint64(i), Path: uint32(k), Site: 0x6e6f6973}.Stream()
			for j := range c.Row(i) {
				c.Row(i)[j] = mad64(s.Noise, draws.Normal(uint64(j)), c.Row(i)[j])
			}
		}
	}
	return t, nil
}

// Pass is the source of the rows of a pass.
func (s Simulation) Pass(n int) Source {
	s.Seed = passSeed(s.Seed, n)
	return s
}
