package rt

import (
	"slices"
	"testing"
)

// TestStatistics: per element, channel and all, of series and images; a constant element has deviation 1.
func TestStatistics(t *testing.T) {
	series := &Column{Width: 4, Data: []float64{1, 10, 3, 10, 5, 10, 7, 10}}
	for _, row := range []struct {
		per       Per
		deviation bool
		shape     []int
		want      []float64
	}{
		{PerElement, false, []int{2, 2}, []float64{3, 10, 5, 10}},
		{PerElement, true, []int{2, 2}, []float64{2, 1, 2, 1}},
		{PerChannel, false, []int{2, 2}, []float64{4, 10}},
		{PerChannel, true, []int{2, 2}, []float64{2.23606797749979, 1}},
		{PerChannel, false, []int{2, 2, 1}, []float64{6.5, 7.5}},
		{PerAll, false, []int{4}, []float64{7}},
	} {
		s := Statistic{Per: row.per, Deviation: row.deviation}
		if got := s.of(series, nil, row.shape, 2); !slices.Equal(got, row.want) {
			t.Errorf("%+v of %v: %v, want %v", s, row.shape, got, row.want)
		}
	}
}

// TestAdopt: statistics are set where they are as they started, and stay where they are known.
func TestAdopt(t *testing.T) {
	layout := []Tensor{
		{Name: "a", Offset: 0, Of: &Statistic{}},
		{Name: "b", Offset: 1, Of: &Statistic{Deviation: true}, Init: Init{Kind: Const, A: 1}},
		{Name: "w", Offset: 2},
	}
	w := []float64{0, 5, 0}
	adopt(w, layout, map[string][]float64{"a": {3}, "b": {4}})
	if !slices.Equal(w, []float64{3, 5, 0}) {
		t.Errorf("weights %v", w)
	}
}
