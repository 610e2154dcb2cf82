package rt

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func TestCheckApart(t *testing.T) {
	a := make([]float64, 12)
	b := make([]float32, 4)
	for _, c := range []struct {
		results int
		all     []Memory
		want    string
	}{
		{1, []Memory{MemoryOf("y", a[:4]), MemoryOf("x", a[4:])}, ""},
		{2, []Memory{MemoryOf("y", a[:4]), MemoryOf("z", b), MemoryOf("x", a[4:])}, ""},
		{1, []Memory{MemoryOf("y", a[:5]), MemoryOf("x", a[4:])}, "y and x share memory"},
		{1, []Memory{MemoryOf("y", a[5:5]), MemoryOf("x", a)}, ""}, // no number is shared
		{1, []Memory{MemoryOf("y", []float64(nil)), MemoryOf("x", []float64(nil))}, ""},
		{2, []Memory{MemoryOf("y", a[:2]), MemoryOf("z", a[:2]), MemoryOf("x", b)}, "y and z share memory"},
		{1, []Memory{MemoryOf("y", b), MemoryOf("x", a), MemoryOf("u", a)}, ""}, // inputs may
	} {
		err := CheckApart(c.results, c.all...)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ErrShape) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.all, err, c.want)
		}
	}
	if n := testing.AllocsPerRun(10, func() {
		if CheckApart(1, MemoryOf("y", a[:4]), MemoryOf("x", a[4:])) != nil {
			t.Error("apart")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCheckAscend(t *testing.T) {
	for _, c := range []struct {
		ts   []float64
		want string
	}{
		{[]float64{1, 2, 3, 0, 0, 5}, ""},
		{[]float64{math.Inf(-1), 2, math.Inf(1)}, ""},
		{[]float64{1, 2, 3, 0, 5, 4}, "ts, row 1: 4 at place 2"},
		{[]float64{math.NaN(), 2, 3}, "ts, row 0: NaN at place 0"},
	} {
		err := CheckAscend("ts", c.ts, 3)
		if (err == nil) != (c.want == "") || err != nil && (!errors.Is(err, ErrBadTimes) || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.ts, err, c.want)
		}
	}
}

// TestTablesForStatistics: rows that a program gives are those that a normalisation is made of, where the weights have none yet.
func TestTablesForStatistics(t *testing.T) {
	data := []DataEntry{{Name: "D", Columns: []ColumnSpec{{Name: "x"}}, Source: CSV{File: "there is none"}}}
	layout := []Tensor{{Name: "mean", Of: &Statistic{Data: "D", Column: "x"}}}
	rows := NewTable(data[0].Columns, 4)
	copy(rows.Columns[0].Data, []float64{1, 2, 3, 6})
	tables, err := TablesFor(&Recipe{Data: "D", Statistics: []string{"mean"}}, data, layout, &TrainOptions{Data: rows})
	if err != nil || tables.Train != rows || tables.Stats["mean"][0] != 3 {
		t.Errorf("%+v, %v", tables, err)
	}
}
