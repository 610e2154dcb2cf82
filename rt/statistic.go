package rt

import (
	"fmt"
	"math"
)

// Per is what a statistic has a number of its own for.
type Per uint8

// Kinds of statistics: a number for each element, for each channel (the leading axis of a value with
// three axes or more, else the last one), or one for all.
const (
	PerElement Per = iota
	PerChannel
	PerAll
)

// Statistic is the mean or standard deviation (divided by n) of a data column over its training rows.
type Statistic struct {
	Data, Column string
	Deviation    bool
	Per          Per
}

// of computes the statistic of a column whose rows have the shape, over the numbers that are there: those
// where present, if any, is 1. A deviation of 0 becomes 1, so that a constant element is centred and not divided.
func (s *Statistic) of(c, present *Column, shape []int, rows int) []float64 {
	group, groups := s.groups(shape)
	average := func(term func(x float64, g int) float64) []float64 {
		sum, count := make([]float64, groups), make([]float64, groups)
		for i := range rows {
			for k, x := range c.Row(i) {
				if present == nil || present.Row(i)[k] != 0 {
					sum[group(k)] += term(x, group(k))
					count[group(k)]++
				}
			}
		}
		for g := range sum {
			sum[g] /= max(count[g], 1)
		}
		return sum
	}
	mean := average(func(x float64, _ int) float64 { return x })
	if !s.Deviation {
		return mean
	}
	out := average(func(x float64, g int) float64 { d := x - mean[g]; return float64(d * d) })
	for g, v := range out {
		if out[g] = math.Sqrt(v); out[g] == 0 {
			out[g] = 1
		}
	}
	return out
}

// groups gives, for an element of a row, the number that it belongs to, and how many there are.
func (s *Statistic) groups(shape []int) (group func(k int) int, n int) {
	width := Tensor{Shape: shape}.Len()
	switch {
	case s.Per == PerAll:
		return func(int) int { return 0 }, 1
	case s.Per == PerElement || len(shape) == 0:
		return func(k int) int { return k }, width
	case len(shape) >= 3:
		return func(k int) int { return k / (width / shape[0]) }, shape[0]
	}
	last := shape[len(shape)-1]
	return func(k int) int { return k % last }, last
}

// statistics computes those of layout that recipe r reads, by name. It loads data blocks that are not
// the recipe's own.
func statistics(dir string, r *Recipe, data []DataEntry, layout []Tensor, own Tables) (map[string][]float64, error) {
	trained := map[string]*Table{r.Data: own.Train}
	out := map[string][]float64{}
	for _, t := range layout {
		if t.Of == nil || !contains(r.Statistics, t.Name) {
			continue
		}
		entry := findData(data, t.Of.Data)
		if entry == nil {
			return nil, fmt.Errorf("there is no data %q: %w", t.Of.Data, ErrData)
		}
		if trained[t.Of.Data] == nil {
			table, err := entry.Load(dir)
			if err != nil {
				return nil, err
			}
			parts, err := entry.Split.deal(table)
			if err != nil {
				return nil, fmt.Errorf("data %s: %w", t.Of.Data, err)
			}
			trained[t.Of.Data] = parts.Train
		}
		table := trained[t.Of.Data]
		mask := gaps(entry.Columns)
		for i, spec := range entry.Columns {
			if spec.Name != t.Of.Column {
				continue
			}
			var present *Column
			if k := mask[i]; k >= 0 {
				present = &table.Columns[table.Index(entry.Columns[k].Name)]
			}
			out[t.Name] = t.Of.of(&table.Columns[table.Index(spec.Name)], present, spec.Shape, table.Rows)
		}
	}
	return out, nil
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

func findData(data []DataEntry, name string) *DataEntry {
	for i := range data {
		if data[i].Name == name {
			return &data[i]
		}
	}
	return nil
}

// adopt gives weights the statistics that they do not have yet: those that are as they started. What a
// file or an earlier recipe has set stays.
func adopt[R Float](w []R, layout []Tensor, stats map[string][]float64) {
	for _, t := range layout {
		values, ok := stats[t.Name]
		part := w[t.Offset : t.Offset+t.Len()]
		for _, x := range part {
			ok = ok && x == R(t.Init.A)
		}
		if !ok {
			continue
		}
		for i, v := range values {
			part[i] = R(v)
		}
	}
}
