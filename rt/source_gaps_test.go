package rt

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"
)

// gapColumns are a column whose numbers may be missing, and what says which are there.
var gapColumns = []ColumnSpec{{Name: "seen", Shape: []int{2}, Classes: 2, Present: "x"}, {Name: "x", Shape: []int{2}}}

// TestGaps: where a column says what is present of another, empty fields, NaN and NA are read as 0 and 0, in files of every
// kind that can have them.
func TestGaps(t *testing.T) {
	dir := t.TempDir()
	nan := math.NaN()
	data := []float64{1, nan, 0, 4, nan, nan}
	var npy bytes.Buffer
	if err := EncodeNPY(&npy, []int{3, 2}, data); err != nil {
		t.Fatal(err)
	}
	var tensors bytes.Buffer
	if err := SaveTensors(&tensors, data, []Tensor{{Name: "x", Shape: []int{3, 2}}}, ""); err != nil {
		t.Fatal(err)
	}
	write(t, dir, map[string]string{
		"a.csv": "x0,x1\n1,\n0,4\nnan,NA\n", "a.npy": npy.String(), "a.npz": archive(t, map[string]string{"x.npy": npy.String()}), "a.safetensors": tensors.String(),
	})
	for _, s := range []Source{CSV{File: "a.csv"}, NPY{File: "a.npy"}, NPZ{File: "a.npz"}, SafeTensors{File: "a.safetensors"}} {
		entry := DataEntry{Name: "D", Source: s, Columns: gapColumns}
		tab, err := entry.Load(dir)
		if err != nil {
			t.Errorf("%T: %v", s, err)
			continue
		}
		for name, want := range map[string][]float64{"x": {1, 0, 0, 4, 0, 0}, "seen": {1, 0, 1, 1, 0, 0}} {
			if got := tab.Columns[tab.Index(name)].Data; !slices.Equal(got, want) {
				t.Errorf("%T: %s is %v, want %v", s, name, got, want)
			}
		}
		// Without the column that says so, the first gap is named.
		if _, err := s.Load(dir, gapColumns[1:]); err == nil || !strings.Contains(err.Error(), "that is present(x), it may be missing") ||
			!strings.Contains(err.Error(), `line 2, column "x1"`) && !strings.Contains(err.Error(), `column "x", row 0`) {
			t.Errorf("%T without seen: %v", s, err)
		}
	}
	// What is no number is not missing.
	if _, err := ReadCSV(strings.NewReader("x0,x1\n1,two\n"), gapColumns); err == nil || !strings.Contains(err.Error(), `line 2, column "x1": "two" is not a finite number: `) {
		t.Error(err)
	}
	if _, err := ReadCSV(strings.NewReader("x0,x1\n1,inf\n"), gapColumns); err == nil {
		t.Error("an infinite number was read")
	}
}

// TestGapsInWindows: what is present is cut into windows as the column is.
func TestGapsInWindows(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"a.csv": "a,m\n1,7\n,8\n3,\n4,9\n"})
	tab, err := CSV{File: "a.csv", Window: 2}.Load(dir, []ColumnSpec{
		{Name: "q", Shape: []int{2}, Fields: []string{"a"}}, {Name: "seen", Shape: []int{2}, Present: "q"},
		{Name: "load", Fields: []string{"m"}, First: true}, {Name: "known", First: true, Present: "load"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string][]float64{"q": {1, 0, 3, 4}, "seen": {1, 0, 1, 1}, "load": {7, 0}, "known": {1, 0}} {
		if got := tab.Columns[tab.Index(name)].Data; !slices.Equal(got, want) {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
}

// TestGapsInStatistics: mean and deviation are those of the numbers that are there.
func TestGapsInStatistics(t *testing.T) {
	tab, err := ReadCSV(strings.NewReader("x0,x1\n1,\n3,10\n5,\n,20\n"), gapColumns)
	if err != nil {
		t.Fatal(err)
	}
	source := fixed{tab}
	layout := []Tensor{{Name: "mean", Shape: []int{2}, Of: &Statistic{Data: "D", Column: "x"}},
		{Name: "std", Shape: []int{2}, Of: &Statistic{Data: "D", Column: "x", Deviation: true}}}
	data := []DataEntry{{Name: "D", Source: source, Columns: gapColumns}}
	tables, err := LoadTables("", &Recipe{Data: "D", Statistics: []string{"mean", "std"}}, data, layout)
	if err != nil {
		t.Fatal(err)
	}
	if got := tables.Stats["mean"]; !slices.Equal(got, []float64{3, 15}) {
		t.Errorf("mean %v", got)
	}
	if got := tables.Stats["std"]; math.Abs(got[0]-math.Sqrt(8.0/3)) > 1e-15 || got[1] != 5 {
		t.Errorf("deviation %v", got)
	}
}

// fixed is a source of rows that there are.
type fixed struct{ t *Table }

func (f fixed) Load(string, []ColumnSpec) (*Table, error) { return f.t, nil }

// TestSpellings: a column takes the fields of one spelling, so that two do not get in each other's way.
func TestSpellings(t *testing.T) {
	for _, c := range []struct {
		head string
		col  ColumnSpec
		want float64 // the number of the field
		err  string
	}{
		{"h0,h.0", ColumnSpec{Name: "h"}, 1, ""},
		{"h0,h", ColumnSpec{Name: "h"}, 1, ""},
		{"h0,h_0,g", ColumnSpec{Name: "h"}, 1, ""},
		{"g,h0", ColumnSpec{Name: "h"}, 1, ""},
		{"h, h ", ColumnSpec{Name: "h"}, 0, `line 1: column "h" appears twice`},
		{"h.0,h_1,h1", ColumnSpec{Name: "h", Shape: []int{2}}, 0, `line 1: column "h.1" is missing; the header has h.0, h_1, h1`},
		{"a,b", ColumnSpec{Name: "h", Fields: []string{"b"}}, 1, ""},
		{"a,b", ColumnSpec{Name: "h", Fields: []string{"c"}}, 0, `line 1: column "c" is missing; the header has a, b`},
	} {
		tab, err := ReadCSV(strings.NewReader(c.head+"\n0,1,2\n"[:2*(1+strings.Count(c.head, ","))]+"\n"), []ColumnSpec{c.col})
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: %v, want %s", c.head, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.head, err)
		case tab.Columns[0].Data[0] != c.want:
			t.Errorf("%s: field %v, want %v", c.head, tab.Columns[0].Data[0], c.want)
		}
	}
}
