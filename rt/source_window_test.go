package rt

import (
	"bytes"
	"compress/gzip"
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

// digits are n images whose pixels are their number, and labels 7, 2, 1, …, as IDX files.
func digits(n int) (images, labels []byte) {
	images = []byte{0, 0, 8, 3, 0, 0, 0, byte(n), 0, 0, 0, 28, 0, 0, 0, 28}
	labels = []byte{0, 0, 8, 1, 0, 0, 0, byte(n)}
	for i := range n {
		images = append(images, bytes.Repeat([]byte{byte(i)}, 784)...)
		labels = append(labels, []byte{7, 2, 1}[i%3])
	}
	images[len(images)-1] = 255
	return images, labels
}

func packed(t *testing.T, b []byte) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := gzip.NewWriter(&buf)
	if _, err := z.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// TestMNIST reads files that it makes, gzipped or not, and the real ones where NDEC_TEST_MNIST names
// their folder, as CI does.
func TestMNIST(t *testing.T) {
	cols := []ColumnSpec{{Name: "img", Shape: []int{1, 28, 28}}, {Name: "y", Classes: 10}}
	images, labels := digits(5)
	made := t.TempDir()
	for name, b := range map[string][]byte{
		"t10k-images-idx3-ubyte": images, "t10k-labels-idx1-ubyte.gz": packed(t, labels),
		"train-images-idx3-ubyte.gz": packed(t, images[:len(images)-1]), "train-labels-idx1-ubyte": labels,
	} {
		if err := os.WriteFile(filepath.Join(made, name), b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	folders := map[string]int{made: 5}
	if real := os.Getenv("NDEC_TEST_MNIST"); real != "" {
		folders[real] = 100
	}
	for dir, n := range folders {
		table, err := MNIST{Dir: dir, Part: "test", N: 100}.Load("", cols)
		if err != nil {
			t.Fatal(err)
		}
		if err := table.Check(cols); err != nil || table.Rows != n || !slices.Equal(table.Columns[1].Data[:3], []float64{7, 2, 1}) || slices.Max(table.Columns[0].Data) != 1 {
			t.Errorf("%v: %d rows, first labels %v", err, table.Rows, table.Columns[1].Data[:3])
		}
	}
	if table, err := (MNIST{Dir: made, Part: "test", N: 2}).Load("", cols); err != nil || table.Rows != 2 || table.Columns[0].Data[784] != 1.0/255 {
		t.Errorf("%v: the second image is made of 1/255", err)
	}
	for _, bad := range []MNIST{{Dir: made}, {Dir: made, Part: "val"}} { // a byte short; no such part
		if _, err := bad.Load("", cols); !errors.Is(err, ErrData) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
	if _, err := (MNIST{Dir: t.TempDir()}).Load("", cols); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an empty folder: %v", err)
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
