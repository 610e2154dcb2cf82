package rt

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func lengthOf(x []float64) float64 {
	s := 0.0
	for _, v := range x {
		s += v * v
	}
	return math.Sqrt(s)
}

// TestShells: spheres and annuli have the radii and shares of their definitions in any number of dimensions.
func TestShells(t *testing.T) {
	for _, dim := range []int{1, 2, 5} {
		cols := []ColumnSpec{{Name: "x", Shape: []int{dim}}, {Name: "y", Classes: 2}}
		tab, err := Spheres{N: 401, Inner: 0.5, Outer: 1}.Load("", cols)
		if err != nil {
			t.Fatal(err)
		}
		mean := make([]float64, dim)
		for i := range tab.Rows {
			x, r, label := tab.Columns[0].Row(i), 1.0, 0.0
			if i < 200 {
				r, label = 0.5, 1
			}
			if math.Abs(lengthOf(x)-r) > 1e-12 || tab.Columns[1].Data[i] != label {
				t.Fatalf("spheres, point %d: %v, class %v", i, x, tab.Columns[1].Data[i])
			}
			for k, v := range x {
				mean[k] += v / r / 401
			}
		}
		if lengthOf(mean) > 0.15 {
			t.Errorf("spheres lean to %v", mean)
		}
		tab, err = Annuli{N: 3000, Inner: 0.5, From: 1, To: 1.5}.Load("", cols)
		if err != nil {
			t.Fatal(err)
		}
		sum := [2]float64{}
		for i := range tab.Rows {
			r, label := lengthOf(tab.Columns[0].Row(i)), int(tab.Columns[1].Data[i])
			if label == 1 != (i < 1000) || label == 1 && r > 0.5 || label == 0 && (r < 1 || r > 1.5) {
				t.Fatalf("annuli, point %d: radius %v, class %d", i, r, label)
			}
			sum[label] += r
		}
		// The mean of U^(1/d) is d/(d+1).
		u := float64(dim) / float64(dim+1)
		if math.Abs(sum[1]/1000-0.5*u) > 0.01 || math.Abs(sum[0]/2000-1-0.5*u) > 0.01 {
			t.Errorf("annuli of %d dimensions: mean radii %v, %v", dim, sum[1]/1000, sum[0]/2000)
		}
	}
	noisy, err := Spheres{N: 4000, Inner: 2, Outer: 2, Noise: 0.1}.Load("", []ColumnSpec{{Name: "x", Shape: []int{2}}})
	if err != nil {
		t.Fatal(err)
	}
	square := 0.0
	for i := range noisy.Rows {
		d := lengthOf(noisy.Columns[0].Row(i)) - 2
		square += d * d / 4000
	}
	if math.Abs(math.Sqrt(square)-0.1) > 0.01 {
		t.Errorf("noise of deviation %v", math.Sqrt(square))
	}
}

// TestSpiralOfGaussians: each cluster has the centre and the deviation of torchdyn's formula.
func TestSpiralOfGaussians(t *testing.T) {
	const n = 7 * 2000
	cols := []ColumnSpec{{Name: "x", Shape: []int{3}}, {Name: "y", Classes: 7}}
	tab, err := GaussiansSpiral{N: n, K: 7, PerLoop: 4, Radius: 1, EndRadius: 0.2, Std: 0.3, EndStd: 0.1}.Load("", cols)
	if err != nil {
		t.Fatal(err)
	}
	for k := range 7 {
		at := float64(k) / 6
		angle, radius, std := 2*math.Pi/4*float64(k+1), 1-0.8*at, 0.3-0.2*at
		want := []float64{radius * math.Cos(angle), radius * math.Sin(angle), 0}
		mean, square := make([]float64, 3), 0.0
		for i := k; i < n; i += 7 {
			x := tab.Columns[0].Row(i)
			for j := range x {
				mean[j] += x[j] / 2000
				square += (x[j] - want[j]) * (x[j] - want[j]) / 6000
			}
		}
		for j := range mean {
			if math.Abs(mean[j]-want[j]) > 0.03 {
				t.Errorf("cluster %d is around %v, want %v", k, mean, want)
				break
			}
		}
		if math.Abs(math.Sqrt(square)-std) > 0.01 {
			t.Errorf("cluster %d has deviation %v, want %v", k, math.Sqrt(square), std)
		}
	}
}

// TestLogo: points of the logo lie near the circle or near an orbit, which is followed here by small steps
// of its equation.
func TestLogo(t *testing.T) {
	cols := []ColumnSpec{{Name: "x", Shape: []int{2}}}
	tab, err := DiffEqML{N: 3000}.Load("", cols)
	if err != nil {
		t.Fatal(err)
	}
	var orbits [][2]float64
	for _, x := range [][2]float64{{0, 2}, {-1.6, -1.2}, {1.6, -1.2}} {
		const h = 1e-3
		for range 3200 {
			orbits = append(orbits, x)
			f := func(x [2]float64) [2]float64 {
				g := 1 - x[0]*x[0] - x[1]*x[1]
				return [2]float64{-x[1] + x[0]*g, x[0] + x[1]*g}
			}
			k := f(x)
			k = f([2]float64{x[0] + h/2*k[0], x[1] + h/2*k[1]})
			x = [2]float64{x[0] + h*k[0], x[1] + h*k[1]}
		}
	}
	circle := 0
	for i := range tab.Rows {
		x := tab.Columns[0].Row(i)
		d := math.Abs(lengthOf(x) - 2)
		if d < 0.05 {
			circle++
			continue
		}
		for _, o := range orbits {
			d = min(d, math.Hypot(x[0]-o[0], x[1]-o[1]))
		}
		if d > 0.05 {
			t.Fatalf("point %d at %v is %v from the logo", i, x, d)
		}
	}
	// Two fifths are on the circle, and the orbits begin there.
	if circle < 1150 || circle > 1500 {
		t.Errorf("%d of 3000 points are on the circle", circle)
	}
}

// generated are all sources whose rows are made from a seed.
var generated = []Streamer{Moons{N: 60, Noise: 0.1}, Circles{N: 60, Noise: 0.1, Factor: 0.5}, Spirals{N: 60}, Gaussians{N: 60, K: 7, Std: 0.1}, Gaussians8{N: 60},
	Pinwheel{N: 60}, Checkerboard{N: 60}, Rings{N: 60}, SwissRoll{N: 60}, Spirals2{N: 60}, GaussiansSpiral{N: 60, K: 7, PerLoop: 4, Std: 0.1}, Spheres{N: 60, Outer: 1, Inner: 2},
	Annuli{N: 60, Inner: 1, To: 2}, DiffEqML{N: 60}, Sampler{N: 60, Of: []Sampled{{Column: "x", B: 1}}}}

// TestPasses: a pass over streamed data has rows of its own, which depend on its number alone, and the first one
// has those of the source.
func TestPasses(t *testing.T) {
	for _, s := range generated {
		entry := DataEntry{Name: "D", Columns: []ColumnSpec{{Name: "x", Shape: []int{2}}}, Source: Fresh{s}}
		tables, err := LoadTables("", &Recipe{Data: "D"}, []DataEntry{entry}, nil)
		if err != nil {
			t.Fatal(err)
		}
		plain, err := s.Load("", entry.Columns)
		if err != nil || !slices.Equal(plain.Columns[0].Data, tables.Train.Columns[0].Data) {
			t.Errorf("%T: the first pass differs from the source: %v", s, err)
		}
		seen := [][]float64{plain.Columns[0].Data}
		for n := 1; n < 4; n++ {
			a, err := tables.Pass(n)
			if err != nil {
				t.Fatal(err)
			}
			b, err := tables.Pass(n)
			if err != nil || !slices.Equal(a.Columns[0].Data, b.Columns[0].Data) {
				t.Errorf("%T: pass %d is not the same twice: %v", s, n, err)
			}
			for _, earlier := range seen {
				if slices.Equal(a.Columns[0].Data, earlier) {
					t.Errorf("%T: pass %d repeats rows", s, n)
				}
			}
			seen = append(seen, a.Columns[0].Data)
		}
	}
}

// TestStreamedTraining: a recipe with streamed data sees in every epoch the rows of that pass.
func TestStreamedTraining(t *testing.T) {
	var sums []float64
	obj := *logisticObjective[float64](-1)
	table := func(n int) (*Table, error) {
		tab := moonTable(t, 64)
		for i := range tab.Columns[0].Data {
			tab.Columns[0].Data[i] = float64(n)
		}
		sums = append(sums, float64(n))
		return tab, nil
	}
	first, _ := table(0)
	w := make([]float64, 3)
	r := Recipe{Name: "s", Batch: 16, Epochs: 3, Optimizer: SGD{}}
	if _, err := Train(t.Context(), w, logisticLayout, &r, &obj, Tables{Train: first, Pass: table}, TrainOptions{}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(sums, []float64{0, 1, 2}) {
		t.Errorf("passes %v", sums)
	}
	short := func(int) (*Table, error) { return moonTable(t, 32), nil }
	if _, err := Train(t.Context(), w, logisticLayout, &r, &obj, Tables{Train: first, Pass: short}, TrainOptions{}); !errors.Is(err, ErrData) {
		t.Errorf("a pass of other length: %v", err)
	}
	r.Active = Active{Keep: 0.5}
	if _, err := Train(t.Context(), w, logisticLayout, &r, &obj, Tables{Train: first, Pass: table}, TrainOptions{}); err == nil || !strings.Contains(err.Error(), "keeps samples of a batch") {
		t.Errorf("active on streamed rows: %v", err)
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPatterns: a pattern joins files in the order of their names; windows straddle neither files nor
// recordings, which any text tells apart; a name with brackets may be that of one file.
func TestPatterns(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"logs/b.csv": "run,a\nleft,4\nleft,5\nright,6\nright,7\nright,8\n", "logs/a.csv": "run,a\nx,1\nx,2\nx,3\n", "logs/note.txt": "no table",
		"odd[1].csv": "run,a\nx,9\nx,9\n", "bad/a.csv": "run,a\nx,1\n", "bad/b.csv": "run,a\nx,oops\n",
	})
	one := []ColumnSpec{{Name: "a"}}
	pairs := []ColumnSpec{{Name: "a", Shape: []int{2}, Fields: []string{"a"}}}
	for _, row := range []struct {
		c    CSV
		cols []ColumnSpec
		want []float64
		err  string
	}{
		{CSV{File: "logs/*.csv"}, one, []float64{1, 2, 3, 4, 5, 6, 7, 8}, ""},
		{CSV{File: "logs/*.csv", Window: 2, Stride: 1}, pairs, []float64{1, 2, 2, 3, 4, 5, 5, 6, 6, 7, 7, 8}, ""},
		{CSV{File: "logs/*.csv", Window: 2, Stride: 1, Run: "run"}, pairs, []float64{1, 2, 2, 3, 4, 5, 6, 7, 7, 8}, ""},
		{CSV{File: "odd[1].csv"}, one, []float64{9, 9}, ""},
		{CSV{File: "none/*.csv"}, one, nil, "no file fits none/*.csv"},
		{CSV{File: "logs/[.csv"}, one, nil, "is no pattern for files"},
		{CSV{File: "bad/*.csv"}, one, nil, filepath.Join("bad", "b.csv") + `: line 2, column "a": "oops"`},
		{CSV{File: "bad/a.csv", Window: 2}, pairs, nil, "bad/a.csv: 1 rows are too few for a window of 2"},
		{CSV{File: "logs/a.csv", Window: 2, Run: "lap"}, pairs, nil, `column "lap" is missing`},
	} {
		tab, err := row.c.Load(dir, row.cols)
		switch {
		case row.err != "":
			if err == nil || !errors.Is(err, ErrData) || !strings.Contains(err.Error(), row.err) {
				t.Errorf("%+v: %v, want %s", row.c, err, row.err)
			}
		case err != nil:
			t.Errorf("%+v: %v", row.c, err)
		case !slices.Equal(tab.Columns[0].Data, row.want):
			t.Errorf("%+v: %v, want %v", row.c, tab.Columns[0].Data, row.want)
		}
	}
	if _, err := (CSV{File: "none.csv"}).Load(dir, one); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

// TestSafeTensorsSource reads columns of several element types by name.
func TestSafeTensorsSource(t *testing.T) {
	head := `{"x":{"dtype":"F16","shape":[2,2],"data_offsets":[0,8]},"y":{"dtype":"I64","shape":[2],"data_offsets":[8,24]},` +
		`"z":{"dtype":"BF16","shape":[2,1],"data_offsets":[24,28]},"b":{"dtype":"BOOL","shape":[2],"data_offsets":[28,30]}}`
	body := []byte{0x00, 0x3C, 0x00, 0xC0, 0xFF, 0x03, 0xFF, 0x7B} // 1, -2, the largest subnormal, the largest number
	body = binary.LittleEndian.AppendUint64(body, 1)
	body = binary.LittleEndian.AppendUint64(body, 0)
	body = append(body, 0x80, 0x3F, 0x40, 0xC0, 1, 0) // 1, -3
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(head))), head...)
	file = append(file, body...)
	dir := t.TempDir()
	write(t, dir, map[string]string{"d.safetensors": string(file), "e.safetensors": string(file), "broken.safetensors": string(file[:40])})
	cols := []ColumnSpec{{Name: "z"}, {Name: "x", Shape: []int{2}}, {Name: "y", Classes: 2}, {Name: "b", Classes: 2}}
	tab, err := SafeTensors{File: "[de].safetensors"}.Load(dir, cols)
	if err != nil {
		t.Fatal(err)
	}
	x := []float64{1, -2, 1023.0 / (1 << 24), 65504}
	for i, want := range [][]float64{{1, -3, 1, -3}, append(x, x...), {1, 0, 1, 0}, {1, 0, 1, 0}} {
		if !slices.Equal(tab.Columns[i].Data, want) {
			t.Errorf("column %s: %v, want %v", tab.Columns[i].Name, tab.Columns[i].Data, want)
		}
	}
	for _, row := range []struct {
		file, want string
		cols       []ColumnSpec
		is         error
	}{
		{"d.safetensors", `tensor "w" is missing; the file has x, y, z, b`, []ColumnSpec{{Name: "w"}}, ErrData},
		{"d.safetensors", `column "x" has shape [2 2]`, []ColumnSpec{{Name: "x", Shape: []int{3}}}, ErrShape},
		{"broken.safetensors", "truncated", cols, ErrData},
	} {
		if _, err := (SafeTensors{File: row.file}).Load(dir, row.cols); !errors.Is(err, row.is) || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %s", row.file, err, row.want)
		}
	}
	for bits, want := range map[uint16]float64{0x3555: 0.333251953125, 0x8001: -1.0 / (1 << 24), 0x7C00: math.Inf(1), 0xFC00: math.Inf(-1), 0x8000: math.Copysign(0, -1)} {
		if got := half(bits); math.Float64bits(got) != math.Float64bits(want) {
			t.Errorf("half %#x is %v, want %v", bits, got, want)
		}
	}
	if !math.IsNaN(half(0x7E00)) {
		t.Error("a NaN is a number")
	}
}

// TestIDXSource reads one file for each column, gzipped or not.
func TestIDXSource(t *testing.T) {
	dir := t.TempDir()
	images := []byte{0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 1, 1, 2, 3, 255}
	floats := append([]byte{0, 0, 0x0D, 2, 0, 0, 0, 2, 0, 0, 0, 1}, 0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0)
	labels := []byte{0, 0, 8, 1, 0, 0, 0, 2, 1, 0}
	write(t, dir, map[string]string{"images": string(images), "floats.gz": string(packed(t, floats)), "labels": string(labels), "short": string(images[:18])})
	source := IDX{Columns: []string{"img", "f", "y"}, Files: []string{"images", "floats", "labels"}}
	cols := []ColumnSpec{{Name: "y", Classes: 2}, {Name: "img", Shape: []int{1, 2, 1}}, {Name: "f"}}
	entry := DataEntry{Name: "D", Columns: cols, Source: source}
	tab, err := entry.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]float64{{1, 0}, {1, 2, 3, 255}, {1, -2}} {
		if !slices.Equal(tab.Columns[i].Data, want) {
			t.Errorf("column %s: %v, want %v", tab.Columns[i].Name, tab.Columns[i].Data, want)
		}
	}
	source.Files[0] = "short"
	if _, err := source.Load(dir, cols); !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "short") {
		t.Errorf("a truncated file: %v", err)
	}
}

// TestSplitByColumn: rows of one value stay together and in order, every value is in one part, and the seed
// decides which.
func TestSplitByColumn(t *testing.T) {
	tab := NewTable([]ColumnSpec{{Name: "x"}, {Name: "lap"}}, 100)
	for i := range 100 {
		tab.Columns[0].Data[i], tab.Columns[1].Data[i] = float64(i), float64(i/7%10)
	}
	var first []float64
	for seed := range uint64(3) {
		parts, err := Split{Kind: SplitByColumn, Column: "lap", Train: 0.6, Val: 0.2, Test: 0.2, Seed: seed}.deal(tab)
		if err != nil {
			t.Fatal(err)
		}
		seen, rows := map[float64]int{}, 0
		for k, p := range []*Table{parts.Train, parts.Val, parts.Test} {
			laps := map[float64]bool{}
			for _, lap := range p.Columns[1].Data {
				laps[lap] = true
			}
			for lap := range laps {
				seen[lap]++
			}
			if want := []int{6, 2, 2}[k]; len(laps) != want {
				t.Errorf("part %d has %d values, want %d", k, len(laps), want)
			}
			if !slices.IsSorted(p.Columns[0].Data) {
				t.Errorf("part %d is out of order", k)
			}
			rows += p.Rows
		}
		if rows != 100 || len(seen) != 10 {
			t.Errorf("%d rows, values %v", rows, seen)
		}
		for lap, n := range seen {
			if n != 1 {
				t.Errorf("value %v is in %d parts", lap, n)
			}
		}
		if seed == 0 {
			first = parts.Train.Columns[0].Data
		} else if slices.Equal(first, parts.Train.Columns[0].Data) {
			t.Errorf("seed %d deals as seed 0 does", seed)
		}
	}
	for _, s := range []Split{{Kind: SplitByColumn, Column: "no", Train: 1}, {Kind: SplitByColumn, Column: "lap", Train: 0.99, Test: 0.01}} {
		if _, err := s.deal(tab); !errors.Is(err, ErrShape) && !errors.Is(err, ErrData) {
			t.Errorf("%+v: %v", s, err)
		}
	}
}

// TestNoRows: a recipe whose data have a header alone is told which data these are.
func TestNoRows(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{"head.csv": "x\n"})
	data := []DataEntry{{Name: "D", Columns: []ColumnSpec{{Name: "x"}}, Source: CSV{File: "head.csv"}}}
	if _, err := LoadTables(dir, &Recipe{Data: "D"}, data, nil); !errors.Is(err, ErrData) || err.Error() != "data D has no rows: bad data" {
		t.Error(err)
	}
}
