package rt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

func saved(t testing.TB) []byte {
	var b bytes.Buffer
	if err := SaveTensors(&b, []float32{1, 2, 3}, logisticLayout, "v0"); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLoadTensors(t *testing.T) {
	renamed := []Tensor{{Name: "f.0.weight", Shape: []int{2}}, {Name: "g", Offset: 2, Shape: []int{1}}}
	var wrong, nan, other bytes.Buffer
	var strange []NamedData[float64]
	for i := range 7 {
		strange = append(strange, NamedData[float64]{Name: fmt.Sprint("t", i), Shape: []int{1}, Data: []float64{1}})
	}
	if err := EncodeTensors(&other, strange, nil); err != nil {
		t.Fatal(err)
	}
	if err := SaveTensors(&wrong, []float64{1, 2, 3}, renamed, ""); err != nil {
		t.Fatal(err)
	}
	if err := SaveTensors(&nan, []float64{1, math.NaN(), 3}, logisticLayout, ""); err != nil {
		t.Fatal(err)
	}
	good := saved(t)
	huge := append([]byte{0, 0, 0, 0, 1}, good[5:]...)
	overlap := bytes.Replace(good, []byte("[8,12]"), []byte("[4,8] "), 1)
	for _, c := range []struct {
		name string
		b    []byte
		want []string
	}{
		{"truncated", good[:len(good)-2], []string{"truncated"}},
		{"short", good[:5], []string{"too short"}},
		{"huge header", huge, []string{"larger than 100 MB"}},
		{"overlap", overlap, []string{"overlap"}},
		{"trailing", append(bytes.Clone(good), 0), []string{"follow"}},
		{"nan", nan.Bytes(), []string{"f.0.weight", "component 1", "NaN"}},
		{"page", []byte("<!DOCTYPE html><html><body>404</body></html>"), []string{"no safetensors file", "<!DOCTYPE html>"}},
		{"pointer", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\n"), []string{"git lfs pull"}},
		{"other", other.Bytes(), []string{`tensors "f.0.weight" and "f.0.bias" are missing`, `tensors "t0", "t1", "t2", "t3" and 3 others are not part`, "another program"}},
		{"names", wrong.Bytes(), []string{`"f.0.bias" is missing`, `"g" is not part`, "shape [2], want [1 2]"}},
	} {
		w := []float64{7, 7, 7}
		err := LoadTensors(bytes.NewReader(c.b), w, logisticLayout)
		if !errors.Is(err, ErrWeights) || w[0] != 7 {
			t.Errorf("%s: %v, weights %v", c.name, err, w)
			continue
		}
		for _, s := range c.want {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %q lacks %q", c.name, err, s)
			}
		}
	}
	w := make([]float64, 3) // an f32 file into f64 weights
	if err := LoadTensors(bytes.NewReader(good), w, logisticLayout); err != nil || w[2] != 3 {
		t.Errorf("%v %v", err, w)
	}
}

func FuzzDecodeTensors(f *testing.F) {
	f.Add(saved(f))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, _, err := DecodeTensors(b); err != nil && !errors.Is(err, ErrWeights) {
			t.Error(err)
		}
	})
}

func FuzzDecodeNPY(f *testing.F) {
	var b bytes.Buffer
	if err := EncodeNPY(&b, []int{2, 1}, []float32{1, 2}); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, d := range []func([]byte) (*Array, error){DecodeNPY, DecodeIDX} {
			if _, err := d(b); err != nil && !errors.Is(err, ErrData) {
				t.Error(err)
			}
		}
	})
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add([]byte(`{"x": [[1, 2], [3, 4]], "y": [0, 1]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		tab, err := DecodeBatch(b, pointCols)
		if err != nil {
			if !errors.Is(err, ErrData) && !errors.Is(err, ErrShape) {
				t.Error(err)
			}
			return
		}
		var out bytes.Buffer
		if err := EncodeBatch(&out, tab, pointCols, false); err != nil {
			t.Fatal(err)
		}
		back, err := DecodeBatch(out.Bytes(), pointCols)
		if err != nil || back.Rows != tab.Rows {
			t.Errorf("%v: %s", err, out.Bytes())
		}
	})
}

func TestBadBatches(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{"x": [[1, 2]], "y": [0], "z": [1]}`, `"z" is not declared`},
		{`{"x": [[1, 2]]}`, `"y" is missing`},
		{`{"x": [[1, 2], [3]], "y": [0, 1]}`, `x[1] has 1 elements, want 2`},
		{`{"x": [[1, "NaN"]], "y": [0]}`, `x[0][1]: "NaN" is not a number`},
		{`{"x": [[1, null]], "y": [0]}`, `x[0][1]: null is not a number`},
		{`{"x": [[1, 1e999]], "y": [0]}`, `x[0][1]: 1e999 is out of range`},
		{`{"x": [[1, 2]], "y": [0], "x": [[1, 2]]}`, `"x" appears twice`},
		{`{"x": [[1, 2]], "y": [0]} 7`, `text after`},
		{`{"x": [[1, 2]], "y": [0, 1]}`, `"y" has 2 samples`},
		{`{"x": [[1, 2]], "y": [2]}`, `not a label 0..1`},
	} {
		if _, err := DecodeBatch([]byte(c.in), pointCols); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.in, err, c.want)
		}
	}
}

func TestReadCSV(t *testing.T) {
	tab, err := ReadCSV(strings.NewReader("x.1,y,x.0\n2,1,1\n4,0,3\n"), pointCols)
	if err != nil || tab.Rows != 2 || tab.Columns[0].Data[0] != 1 || tab.Columns[0].Data[3] != 4 {
		t.Errorf("%v %+v", err, tab)
	}
	for _, c := range []struct{ in, want string }{
		{"", "empty"},
		{"x0,x1\n1,2\n", `line 1: column "y" is missing`},
		{"x0,x1,y\n1,2,0\n1,2\n", "line 3"},
		{"x0,x1,y\n1,oops,0\n", `line 2, column "x1": "oops"`},
		{"x0,x1,y\n1,NaN,0\n", `"NaN" is not a finite`},
	} {
		if _, err := ReadCSV(strings.NewReader(c.in), pointCols); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.in, err, c.want)
		}
	}
}

func TestToySources(t *testing.T) {
	cols := []ColumnSpec{{Name: "x", Shape: []int{2}}}
	for _, s := range []Source{Moons{N: 60, Noise: 0.1}, Circles{N: 60, Factor: 0.5}, Spirals{N: 60}, Gaussians{N: 60, K: 7, Radius: 0.5, Std: 0.1},
		Gaussians8{N: 60}, Pinwheel{N: 60}, Checkerboard{N: 60}, Rings{N: 60}, SwissRoll{N: 60}, Spirals2{N: 60}} {
		tab, err := s.Load("", cols)
		if err != nil || tab.Rows != 60 {
			t.Errorf("%T: %v", s, err)
			continue
		}
		for _, v := range tab.Columns[0].Data {
			if !finite(v) || math.Abs(v) > 20 {
				t.Errorf("%T: %v", s, v)
			}
		}
		if _, err := s.Load("", []ColumnSpec{{Name: "x", Shape: []int{1}}}); !errors.Is(err, ErrShape) {
			t.Errorf("%T with one number: %v", s, err)
		}
	}
	tab := moonTable(t, 512)
	for i := range tab.Rows {
		x, inner := tab.Columns[0].Row(i), i >= 256
		k := float64(i%256) * math.Pi / 255
		c, s := math.Cos(k), math.Sin(k)
		if inner {
			c, s = 1-c, 0.5-s
		}
		if e := x[0] - c; math.Abs(e-(x[1]-s)) > 1e-12 || e < 0 || e >= 0.1 || inner != (tab.Columns[1].Data[i] == 1) {
			t.Fatalf("point %d: %v", i, x)
		}
	}
}

func TestChildServes(t *testing.T) {
	p := Program[float64]{Package: "m", Layout: logisticLayout,
		Data: []DataEntry{{Name: "Points", Columns: pointCols, Source: Moons{N: 128, Noise: 0.1, Seed: 1}}},
		Models: []Model[float64]{{Name: "M", Inputs: pointCols[:1], Outputs: []ColumnSpec{{Name: "z"}},
			Rows: func(w []float64, in *Table) *Rows {
				return &Rows{Batch: func(_ context.Context, stats *BatchStats, _ int) error {
					stats.Reset([]string{"m.nde:3"}, in.Rows)
					for i := range in.Rows {
						stats.Set(0, i, SolveStats{NFE: 26})
					}
					return nil
				}, Store: func(out *Table) {
					for i := range in.Rows {
						out.Columns[0].Data[i] = in.Columns[0].Row(i)[0]
					}
					out.Columns[0].Data[1] = math.NaN()
				}}
			}}},
		Recipes: []RecipeEntry[float64]{{Recipe: Recipe{Name: "Fit", Data: "Points", Test: "Points", Epochs: 3, Optimizer: DefaultAdam()}, Objective: *logisticObjective[float64](-1)}},
	}
	for _, c := range []struct{ request, want string }{
		{`{"do": "run", "model": "M", "batch": {"x": [[1, 2], [3, 4]]}}`, `"outputs":{"z":[1,null]},"stats":[{"solve":"m.nde:3","nfe":[26,26]`},
		{`{"do": "train"}`, `"stopped":"done","epochs":3`},
		{`{"do": "grad", "recipe": "Fit", "batch": {"x": [[1, 2]], "y": [1]}}`, `"grad":{"f.0.weight":[[`},
		{`{"do": "eval", "recipe": "Fit", "split": "test"}`, `"acc"`},
		{`{"do": "data", "data": "Points", "limit": 1}`, `{"x":[[`},
		{`{"do": "fly"}`, `unknown request`},
		{`{"do": "run", "model": "M", "batch": {"q": []}}`, `not declared`},
	} {
		in, send := io.Pipe()
		out, recv := io.Pipe()
		go func() { Serve(context.Background(), p, in, recv); recv.Close() }()
		if _, err := io.WriteString(send, c.request+"\n"); err != nil {
			t.Fatal(err)
		}
		var last string
		for d := json.NewDecoder(out); ; {
			var raw json.RawMessage
			if err := d.Decode(&raw); err != nil {
				break
			}
			var e Event
			if err := json.Unmarshal(raw, &e); err != nil {
				t.Fatal(err)
			}
			if last = string(raw); e.Type == "done" || e.Type == "error" {
				send.Close()
			}
		}
		if !strings.Contains(last, c.want) {
			t.Errorf("%s: %s, want %s", c.request, last, c.want)
		}
	}
}
