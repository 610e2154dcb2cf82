package rt

import (
	"encoding/binary"
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
			g := &gathered{most: most}
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
	g := &gathered{most: 1}
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
