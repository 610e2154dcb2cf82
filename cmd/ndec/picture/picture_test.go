package picture

import (
	"bytes"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// Whatever the curves are, both files come out and can be read.
func TestCurves(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, s := range map[string][]Series{
		"falling":    {{"a", []float64{0, 1, 2}, []float64{1, 0.1, 0.001}}, {"b", []float64{0, 2}, []float64{2, 1}}},
		"one point":  {{"a", []float64{1}, []float64{0.3}}},
		"flat":       {{"a", []float64{1, 2}, []float64{1e-9, 1e-9}}},
		"zero":       {{"a", []float64{1, 2}, []float64{0, 1}}},
		"not finite": {{"a", []float64{1, 2, 3}, []float64{nan, 1, inf}}},
		"nothing":    {{"a", nil, nil}},
		"tiny":       {{"a", []float64{1, 2}, []float64{5e-324, 1e300}}},
	} {
		t.Run(name, func(t *testing.T) {
			files, err := Curves(filepath.Join(t.TempDir(), "loss"), "loss", "step", "loss", true, s...)
			if err != nil {
				t.Fatal(err)
			}
			checkFiles(t, files)
		})
	}
}

func TestFlow(t *testing.T) {
	files, err := Flow(filepath.Join(t.TempDir(), "flow"), "flow", []string{"left"}, []Path{
		{X: []float64{0, 1}, Y: []float64{0, 1}}, {X: []float64{0, math.NaN(), 2}, Y: []float64{1, 1, 1}, Class: 1}, {Class: 2},
	})
	if err != nil {
		t.Fatal(err)
	}
	checkFiles(t, files)
	if files, err := Flow(filepath.Join(t.TempDir(), "none"), "flow", nil, nil); err != nil {
		t.Fatal(err)
	} else {
		checkFiles(t, files)
	}
	if _, err := Flow(filepath.Join(t.TempDir(), "no", "folder"), "flow", nil, nil); err == nil {
		t.Fatal("a folder that is not there was no error")
	}
}

func checkFiles(t *testing.T, files []string) {
	t.Helper()
	if len(files) != 2 {
		t.Fatalf("files %v", files)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	if _, err := png.Decode(bytes.NewReader(text)); err != nil {
		t.Error(err)
	}
	if text, err = os.ReadFile(files[1]); err != nil || !bytes.Contains(text, []byte("<svg")) {
		t.Errorf("no SVG: %v", err)
	}
}
