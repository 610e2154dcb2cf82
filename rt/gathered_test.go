package rt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGathered: numbers beyond the bound are those that were added, in a file that has no name; what is changed stays.
func TestGathered(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	for _, count := range []int{0, 7, spillChunk, 3*spillChunk + 5} {
		for _, most := range []int{0, 10, spillChunk + 1, 1 << 30} {
			g := gather(1)
			g.most = most
			g.add(0)
			var rest []float64
			for i := 1; i < count; i++ {
				if i < 20 {
					g.add(float64(i))
				} else {
					rest = append(rest, float64(i))
				}
			}
			g.add(rest...)
			if canMap && (count > most && count >= spillChunk) != (g.file != nil) {
				t.Errorf("%d numbers, %d in memory: file %v", count, most, g.file)
			}
			got, err := g.all()
			if err != nil || len(got) != max(count, 1) {
				t.Fatalf("%d numbers: %d, %v", count, len(got), err)
			}
			for i, x := range got {
				if x != float64(i) {
					t.Fatalf("%d numbers, %d in memory: number %d is %v", count, most, i, x)
				}
			}
			got[len(got)-1] = -1
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if !canMap {
		return
	}
	t.Setenv("TMPDIR", filepath.Join(dir, "none"))
	g := gather(inMemory)
	g.add(make([]float64, 2*spillChunk)...)
	if _, err := g.all(); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("without a folder for the file: %v", err)
	}
}

// TestMappedNPY: an array that the file has as the machine has it is mapped where it is large, and is the array; others are read.
func TestMappedNPY(t *testing.T) {
	for _, c := range []struct {
		descr, fill string
		most        int
	}{{"<f8", "", 4}, {"<f8", "", 5}, {">f8", "", 0}, {"<f8", " ", 0}, {"<f4", "", 0}} {
		body := ""
		for i := range 5 {
			b := binary.LittleEndian.AppendUint64(nil, math.Float64bits(float64(i)))
			switch c.descr {
			case ">f8":
				b = binary.BigEndian.AppendUint64(nil, math.Float64bits(float64(i)))
			case "<f4":
				b = binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(i)))
			}
			body += string(b)
		}
		head := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (5,), }", c.descr)
		head += strings.Repeat(" ", 63-(len(head)+10)%64) + c.fill + "\n"
		path := filepath.Join(t.TempDir(), "a.npy")
		text := "\x93NUMPY\x01\x00" + string([]byte{byte(len(head)), 0}) + head + body
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		a, err := readNPY(f, c.most)
		f.Close()
		if err != nil || !slices.Equal(a.Data, []float64{0, 1, 2, 3, 4}) {
			t.Errorf("%+v: %v, %v", c, a, err)
			continue
		}
		a.Data[4] = 7 // not in the file
		if now, err := os.ReadFile(path); err != nil || string(now) != text {
			t.Errorf("%+v: the file has changed, %v", c, err)
		}
	}
}

// TestShortenedFile: a mapped file that somebody cuts short is an error that names the row, of an evaluation, a gradient and a file that is read.
func TestShortenedFile(t *testing.T) {
	if !canMap {
		t.Skip("files are not mapped here")
	}
	const rows = 4096 // of 8 bytes, 512 to a page or more
	head := fmt.Sprintf("{'descr': '<f8', 'fortran_order': False, 'shape': (%d, 2), }", rows)
	head += strings.Repeat(" ", 63-(len(head)+10)%64) + "\n"
	path := filepath.Join(t.TempDir(), "x.npy")
	if err := os.WriteFile(path, []byte("\x93NUMPY\x01\x00"+string([]byte{byte(len(head)), 0})+head+strings.Repeat("\x00", 16*rows)), 0o644); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	a, err := readNPY(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	cols := []ColumnSpec{{Name: "x", Shape: []int{2}}, {Name: "y", Classes: 2}}
	tab, err := tableOf(cols, func(name string) (*Array, error) {
		if name == "x" {
			return a, nil
		}
		return &Array{Shape: []int{rows}, Data: make([]float64, rows)}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	obj, w, g := logisticObjective[float64](-1), make([]float64, 3), make([]float64, 3)
	if _, err := LossGrad(t.Context(), w, g, obj, tab, 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head)+10)); err != nil {
		t.Fatal(err)
	}
	row := -1
	check := func(what string, err error) {
		if err == nil || !errors.Is(err, ErrData) {
			t.Errorf("%s: %v", what, err)
			return
		}
		_, text, _ := strings.Cut(err.Error(), "step 0: ")
		if text == "" {
			text = err.Error()
		}
		if _, serr := fmt.Sscanf(text, `column "x", row %d: `+path+` has become shorter while it was read`, &row); serr != nil || row < 1 || row >= rows {
			t.Errorf("%s: %v", what, err)
		}
	}
	_, err = LossGrad(t.Context(), w, g, obj, tab, 1, 2)
	check("gradient", err)
	_, err = Evaluate(t.Context(), w, obj, tab, 1, 2)
	check("evaluation", err)
	r := Recipe{Name: "Fit", Epochs: 1, Optimizer: DefaultAdam()}
	_, err = Train(t.Context(), w, logisticLayout, &r, obj, Tables{Train: tab}, TrainOptions{})
	check("training", err)
	check("split", tab.reading(func() { _, err = Split{Kind: SplitRandom, Train: 0.5, Val: 0.5}.deal(tab) }))
	// What is no number of the table stays a panic.
	defer func() {
		if recover() == nil {
			t.Error("another fault is no panic")
		}
	}()
	tab.Columns[0].Data = tab.Columns[0].Data[:8]
	_ = tab.reading(func() { row = int(a.Data[2*rows-1]) })
}
