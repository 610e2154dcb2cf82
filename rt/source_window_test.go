package rt

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const log = `time,run,a,b,load
0,1,1,10,5
1,1,2,20,5
2,1,3,30,5
0,2,4,40,6
1,2,5,50,6
2,2,6,60,6
3,2,7,70,6
`

var logColumns = []ColumnSpec{
	{Name: "ts", Shape: []int{2}, Fields: []string{"time"}},
	{Name: "q", Shape: []int{2, 2}, Fields: []string{"a", "b"}},
	{Name: "load", Fields: []string{"load"}, First: true},
}

// TestWindows: windows are cut with a stride, never across two recordings; a first column has the
// number of the first row.
func TestWindows(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "log.csv"), []byte(log), 0o644); err != nil {
		t.Fatal(err)
	}
	table, err := CSV{File: "log.csv", Window: 2, Stride: 1, Run: "run"}.Load(dir, logColumns)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]float64{
		{0, 1, 1, 2, 0, 1, 1, 2, 2, 3},
		{1, 10, 2, 20, 2, 20, 3, 30, 4, 40, 5, 50, 5, 50, 6, 60, 6, 60, 7, 70},
		{5, 5, 6, 6, 6},
	}
	for i, w := range want {
		if got := table.Columns[i].Data; !slices.Equal(got, w) {
			t.Errorf("column %s is %v, want %v", table.Columns[i].Name, got, w)
		}
	}
	if table.Rows != 5 {
		t.Errorf("%d windows", table.Rows)
	}
	for _, row := range []struct {
		c    CSV
		text string
		want string
	}{
		{CSV{Window: 5, Run: "run"}, log, "too few for a window of 5"},
		{CSV{Window: 2, Run: "lap"}, log, `column "lap" is missing`},
		{CSV{Window: 2}, strings.Replace(log, "2,20,5", "2,x,5", 1), `line 3, column "b"`},
		{CSV{Window: 2}, strings.Replace(log, "2,20,5", "2,NaN,5", 1), `line 3, column "b"`},
	} {
		if err := os.WriteFile(filepath.Join(dir, "bad.csv"), []byte(row.text), 0o644); err != nil {
			t.Fatal(err)
		}
		row.c.File = "bad.csv"
		cols := slices.Clone(logColumns)
		if row.c.Window == 5 {
			cols[0].Shape, cols[1].Shape = []int{5}, []int{5, 2}
		}
		if _, err := row.c.Load(dir, cols); err == nil || !errors.Is(err, ErrData) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%+v: %v, want %s", row.c, err, row.want)
		}
	}
}

// TestMNIST reads the real files where the environment names their folder.
func TestMNIST(t *testing.T) {
	dir := os.Getenv("NDEC_TEST_MNIST")
	if dir == "" {
		t.Skip("NDEC_TEST_MNIST names no folder")
	}
	cols := []ColumnSpec{{Name: "img", Shape: []int{1, 28, 28}}, {Name: "y", Classes: 10}}
	table, err := MNIST{Dir: dir, Part: "test", N: 100}.Load("", cols)
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Check(cols); err != nil || table.Rows != 100 || table.Columns[1].Data[0] != 7 || slices.Max(table.Columns[0].Data) != 1 {
		t.Errorf("%v: %d rows, first label %v", err, table.Rows, table.Columns[1].Data[0])
	}
}

// TestSampler: rows are functions of seed and place.
func TestSampler(t *testing.T) {
	cols := []ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "y"}}
	s := Sampler{N: 500, Seed: 3, Of: []Sampled{{Column: "y", Normal: true, A: 1, B: 2}, {Column: "x", A: -1, B: 3}}}
	table, err := s.Load("", cols)
	if err != nil {
		t.Fatal(err)
	}
	s.N = 10
	short, err := s.Load("", cols)
	if err != nil || !slices.Equal(short.Columns[0].Data, table.Columns[0].Data[:20]) {
		t.Errorf("the first rows depend on the number of rows: %v", err)
	}
	if lo, hi := slices.Min(table.Columns[0].Data), slices.Max(table.Columns[0].Data); lo < -1 || hi >= 3 || lo > -0.9 || hi < 2.9 {
		t.Errorf("uniform numbers from %v to %v", lo, hi)
	}
	if _, err := s.Load("", append(cols, ColumnSpec{Name: "z"})); !errors.Is(err, ErrData) {
		t.Errorf("a column without a distribution: %v", err)
	}
}
