package picture

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

var (
	nan = math.NaN()
	inf = math.Inf(1)
	xy  = [2]string{"x[0]", "x[1]"}
)

// circlePaths are n arcs of two classes.
func circlePaths(n int) []Path {
	var out []Path
	for i := range n {
		p := Path{Class: i % 2}
		for k := range 20 {
			a := float64(i)/float64(n)*6 + float64(k)/20
			p.T, p.X, p.Y = append(p.T, float64(k)/19), append(p.X, math.Cos(a)*float64(k+5)), append(p.Y, math.Sin(a)*float64(k+5))
		}
		out = append(out, p)
	}
	return out
}

// gridOf samples a field on [-1, 1] squared.
func gridOf(f func(x, y float64) (float64, float64)) Grid {
	var g Grid
	for i := range 21 {
		g.X, g.Y = append(g.X, -1+float64(i)/10), append(g.Y, -1+float64(i)/10)
	}
	for _, y := range g.Y {
		var us, vs []float64
		for _, x := range g.X {
			u, v := f(x, y)
			us, vs = append(us, u), append(vs, v)
		}
		g.U, g.V = append(g.U, us), append(g.V, vs)
	}
	return g
}

func scoresOf(n, k int, f func(x, y float64) []float64) Scores {
	s := Scores{Title: "scores", Window: Window{-1, 1, -1, 1}, N: n, K: k}
	for j := range n {
		for i := range n {
			s.Values = append(s.Values, f(-1+2*float64(i)/float64(n-1), -1+2*float64(j)/float64(n-1))...)
		}
	}
	return s
}

// figures are pictures of every kind of what is usual and of what is not, with texts that they must hold.
func figures() map[string]struct {
	make  func() *Figure
	texts []string
} {
	type row = struct {
		make  func() *Figure
		texts []string
	}
	turn := gridOf(func(x, y float64) (float64, float64) { return -y, x })
	still := gridOf(func(x, y float64) (float64, float64) { return 0, 0 })
	broken := gridOf(func(x, y float64) (float64, float64) { return 1 / (x - x), y })
	series := func(y ...float64) Series {
		s := Series{Y: y}
		for i := range y {
			s.X = append(s.X, float64(i))
		}
		return s
	}
	long := Series{}
	for i := range 10000 {
		long.X, long.Y = append(long.X, float64(i)), append(long.Y, math.Exp(-float64(i)/3000))
	}
	loss := func(runs ...Run) func() *Figure { return func() *Figure { return Loss("Fit: loss", runs) } }
	flow := func(classes []string, planes ...Plane) func() *Figure {
		return func() *Figure { return Flow("Flow", xy, classes, planes) }
	}
	return map[string]row{
		"loss":            {loss(Run{Name: "a", Training: series(1, 0.1, 0.001), Checked: series(2, 1, 0.5)}), []string{"Fit: loss", "step", "a, training", "a, validation", "stroke-dasharray"}},
		"loss runs":       {loss(Run{Name: "seed 0", Training: series(3, 2, 1)}, Run{Name: "seed 1", Training: series(4, 2, 1)}), []string{"seed 0", "seed 1"}},
		"loss long":       {loss(Run{Name: "a", Training: long}), []string{"strong: mean over"}},
		"loss one point":  {loss(Run{Name: "a", Training: series(0.3)}), nil},
		"loss flat":       {loss(Run{Name: "a", Training: series(1e-9, 1e-9)}), nil},
		"loss zero":       {loss(Run{Name: "a", Training: series(0, 1)}), nil},
		"loss not finite": {loss(Run{Name: "a", Training: series(nan, 1, inf)}), []string{"2 values are not finite"}},
		"loss nothing":    {loss(Run{Name: "a"}), []string{"nothing to draw"}},
		"loss tiny":       {loss(Run{Name: "a", Training: series(5e-324, 1e300)}), nil},
		"flow":            {flow([]string{"left"}, Plane{"M: dopri5", circlePaths(60)}, Plane{"Fast: euler", circlePaths(60)}), []string{"x[0]", "x[1]", "left, start → end", "class 1, start", "M: dopri5", "Fast: euler"}},
		"flow gaps":       {flow(nil, Plane{"M", []Path{{X: []float64{0, nan, 2, 3}, Y: []float64{1, 1, 1, 0}}, {Class: 1}}}), nil},
		"flow nothing":    {flow(nil, Plane{"M", nil}), nil},
		"flow outlier":    {flow(nil, Plane{"M", append(circlePaths(60), Path{X: []float64{0, 1e9}, Y: []float64{0, 1}})}), []string{"leave the part"}},
		"field": {func() *Figure {
			return Field("Field", xy, nil, []Slice{{Title: "t = 0", Grid: turn}, {Title: "t = 1", Grid: turn}})
		}, []string{"t = 1", "speed, 0 to 1.41"}},
		"field still":  {func() *Figure { return Field("Field", xy, nil, []Slice{{Grid: still}}) }, nil},
		"field broken": {func() *Figure { return Field("Field", xy, nil, []Slice{{Grid: broken}}) }, []string{"not finite at 441 points"}},
		"phase":        {func() *Figure { return Field("Phase", xy, []string{"a"}, []Slice{{Grid: turn, Paths: circlePaths(3)}}) }, []string{"a, start → end"}},
		"trajectories": {func() *Figure {
			return Trajectories("T", "t", []string{"q", "v"}, []Tracks{{"M", []Track{{[]float64{0, 1, 2}, [][]float64{{1, nan, 2}, {inf, 1, 1}}}}}})
		}, []string{"q", "v", "sample 0"}},
		"boundary": {func() *Figure {
			s := scoresOf(11, 2, func(x, y float64) []float64 { return []float64{-x, x} })
			s.Points = []Point{{0, 0, 0}, {0.5, 0, 1}, {nan, 0, 1}}
			return Boundary("B", xy, []string{"no", "yes"}, []Scores{s})
		}, []string{"no: area, data", "yes: area, data"}},
		"boundary broken": {func() *Figure {
			return Boundary("B", xy, nil, []Scores{scoresOf(5, 3, func(x, y float64) []float64 { return []float64{1, nan, 0} })})
		}, []string{"failed at 25 points"}},
		"density": {func() *Figure {
			return Density("D", xy, "density", []Heat{Histogram("h", Window{-1, 1, -1, 1}, []Point{{0, 0, 0}, {0.5, 0.5, 0}, {7, 7, 0}})})
		}, []string{"largest: 5.33"}},
		"density nothing": {func() *Figure { return Density("D", xy, "density", []Heat{Histogram("h", Window{-1, 1, -1, 1}, nil)}) }, nil},
		"depth":           {func() *Figure { return Depth("D", "t", xy, nil, []Plane{{"M", circlePaths(40)}}) }, []string{"class 0, start"}},
		"depth nothing":   {func() *Figure { return Depth("D", "t", xy, nil, []Plane{{"M", nil}}) }, nil},
		"depth gaps": {func() *Figure {
			return Depth("D", "t", xy, nil, []Plane{{"M", []Path{{T: []float64{0, 1, 2}, X: []float64{0, nan, 1}, Y: []float64{0, 0, inf}}}}})
		}, nil},
	}
}

// Whatever the data are, both files come out, hold their texts, have the size of the figure, and are the same
// bytes when drawn again.
func TestFigures(t *testing.T) {
	for name, row := range figures() {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // as the command draws them
			dir := t.TempDir()
			var again [][]byte
			for round := range 2 {
				f := row.make()
				files, err := f.Save(filepath.Join(dir, "p"), Formats...)
				if err != nil {
					t.Fatal(err)
				}
				for i, file := range files {
					text, err := os.ReadFile(file)
					if err != nil {
						t.Fatal(err)
					}
					if round == 0 {
						again = append(again, text)
					} else if !bytes.Equal(text, again[i]) {
						t.Errorf("%s differs when drawn again", filepath.Base(file))
					}
				}
				img, err := png.Decode(bytes.NewReader(again[0]))
				if err != nil {
					t.Fatal(err)
				}
				w, h := f.size()
				if b := img.Bounds(); b.Dx() != pixels(w) || b.Dy() != pixels(h) {
					t.Errorf("picture of %v, want %d x %d", b, pixels(w), pixels(h))
				}
				if r, g, b, a := img.At(1, 1).RGBA(); r&g&b&a != 0xffff {
					t.Error("the ground is not white")
				}
				for d := xml.NewDecoder(bytes.NewReader(again[1])); ; {
					if _, err := d.Token(); err == io.EOF {
						break
					} else if err != nil {
						t.Fatalf("SVG: %v", err)
					}
				}
				for _, want := range append(row.texts, f.Title) {
					if !bytes.Contains(again[1], []byte(want)) {
						t.Errorf("the SVG does not hold %q", want)
					}
				}
			}
			left, err := os.ReadDir(dir)
			if err != nil || len(left) != 2 {
				t.Errorf("files %v, %v", left, err)
			}
		})
	}
}

func pixels(l vg.Length) int { return int(l.Dots(dpi) + 0.5) }

func TestSaveErrors(t *testing.T) {
	f := Loss("x", nil)
	if _, err := f.Save(filepath.Join(t.TempDir(), "no", "folder"), "png"); err == nil {
		t.Error("a folder that is not there was no error")
	}
	if _, err := f.Save(filepath.Join(t.TempDir(), "p"), "gif"); err == nil || !strings.Contains(err.Error(), "png, svg") {
		t.Errorf("format gif: %v", err)
	}
}

// svgOf is a figure as SVG.
func svgOf(t *testing.T, f *Figure) string {
	t.Helper()
	var b bytes.Buffer
	if err := f.svg(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Every class has its colour, its marker and its line style: every end is drawn once, and the legend's.
func TestClassesDiffer(t *testing.T) {
	var paths []Path
	for i := range 12 {
		c := 0
		if i >= 5 {
			c = 1
		}
		paths = append(paths, Path{X: []float64{float64(i), float64(i + 1)}, Y: []float64{0, 1}, Class: c})
	}
	svg := svgOf(t, Flow("f", xy, nil, []Plane{{"M", paths}}))
	round, cornered := 0, 0
	for _, line := range strings.Split(svg, "\n") {
		if strings.Contains(line, "fill:#0072B2") && strings.Contains(line, "A") {
			round++
		}
		if strings.Contains(line, "fill:#D55E00") && !strings.Contains(line, "A2") {
			cornered++
		}
	}
	if round != 5+1 || cornered != 7+1 {
		t.Errorf("%d circles and %d triangles, want 6 and 8\n%s", round, cornered, svg)
	}
}

// At 4096 points there are no more lines than at 200, the marks are small and the files too.
func TestManyPoints(t *testing.T) {
	f := Flow("f", xy, nil, []Plane{{"M", circlePaths(4096)}})
	svg := svgOf(t, f)
	if n := strings.Count(svg, fmt.Sprintf("stroke-width:%.5g", float64(pathLine(0, 4096).Width))); n > mostPaths+4 {
		t.Errorf("%d lines", n)
	}
	if r := endMark(0, 4096).Radius; r > vg.Points(1.1) {
		t.Errorf("marks of radius %v", r)
	}
	var b bytes.Buffer
	if err := f.png(&b); err != nil || b.Len() > 300<<10 {
		t.Errorf("%d bytes, %v", b.Len(), err)
	}
}

// Stream lines follow the field and leave each other room.
func TestStreams(t *testing.T) {
	for _, line := range gridOf(func(x, y float64) (float64, float64) { return 3, 0 }).streams() {
		if math.Abs(line[0][1]-line[len(line)-1][1]) > 1e-12 {
			t.Fatalf("a line of a horizontal field goes from %v to %v", line[0], line[len(line)-1])
		}
		if line[0][0] > line[len(line)-1][0] {
			t.Fatal("a line runs against the field")
		}
	}
	owner := map[[2]int]int{}
	lines := gridOf(func(x, y float64) (float64, float64) { return -y, x }).streams()
	if len(lines) < 8 {
		t.Fatalf("%d lines", len(lines))
	}
	for n, line := range lines {
		r := func(q [2]float64) float64 { return math.Hypot(q[0]-0.5, q[1]-0.5) }
		for _, q := range line {
			if math.Abs(r(q)-r(line[0])) > 2e-3 {
				t.Fatalf("line %d of a rotation goes from radius %v to %v", n, r(line[0]), r(q))
			}
			cell := [2]int{min(int(q[0]*streamCells), streamCells-1), min(int(q[1]*streamCells), streamCells-1)}
			if o, ok := owner[cell]; ok && o != n {
				t.Fatalf("lines %d and %d share a cell", o, n)
			}
			owner[cell] = n
		}
	}
}

// The boundary is where the scores are equal: half-way, with a line between the two areas.
func TestBoundaryPlace(t *testing.T) {
	img := scoresOf(11, 2, func(x, y float64) []float64 { return []float64{-9 * x, 9 * x} }).image()
	at := func(px int) color.RGBA {
		r, g, b, _ := img.At(px, 40).RGBA()
		return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
	}
	if c := at(20); c.B <= c.R {
		t.Errorf("left is %v, want the blue of class 0", c)
	}
	if c := at(rasterSide - 20); c.R <= c.B {
		t.Errorf("right is %v, want the orange of class 1", c)
	}
	dark := 0
	for px := range rasterSide {
		if c := at(px); c.R < 90 && c.B < 90 {
			dark++
			if abs := math.Abs(float64(px) - rasterSide/2); abs > 3 {
				t.Errorf("a line at %d", px)
			}
		}
	}
	if dark == 0 {
		t.Error("no line between the areas")
	}
}

// A histogram is a density: it sums to the share of points in its window.
func TestHistogram(t *testing.T) {
	points := []Point{{0, 0, 0}, {0.3, 0.2, 0}, {-0.9, 0.9, 0}, {5, 5, 0}, {nan, 0, 0}}
	h := Histogram("h", Window{-1, 1, -1, 1}, points)
	sum := 0.0
	for _, v := range h.Values {
		sum += v * 4 / float64(h.N*h.N)
	}
	if math.Abs(sum-0.75) > 1e-12 {
		t.Errorf("sum %v, want 3 of 4 points", sum)
	}
	if v := h.Values[(h.N-1)*h.N]; v == 0 {
		t.Error("the point at the left and top is not there")
	}
}

// Labels of axes are few, different and inside.
func TestTicks(t *testing.T) {
	for _, r := range [][2]float64{{0, 1}, {-1, 2.2}, {0, 1e-9}, {-3e6, 4e7}, {0.999, 1.001}, {1e5, 1e5 + 1}, {-1e-300, 1e-300}, {17, 2000}, {0, 13.37}, {1e15, 1e15 + 8}} {
		ticks := linearTicks{}.Ticks(r[0], r[1])
		seen := map[string]bool{}
		for _, k := range ticks {
			if k.Value < r[0]-(r[1]-r[0])*1e-6 || k.Value > r[1]+(r[1]-r[0])*1e-6 {
				t.Errorf("%v: tick %v outside", r, k)
			}
			if seen[k.Label] {
				t.Errorf("%v: label %q twice", r, k.Label)
			}
			seen[k.Label] = true
		}
		if len(ticks) < 2 || len(ticks) > 7 {
			t.Errorf("%v: %d ticks", r, len(ticks))
		}
	}
	for _, r := range [][2]float64{{1e-3, 1}, {0.2, 0.9}, {1e-300, 1e300}, {3, 3.1}, {1, 1e4}} {
		labels := 0
		for _, k := range (logTicks{}).Ticks(r[0], r[1]) {
			if k.Label != "" {
				labels++
			}
		}
		if labels < 1 || labels > 9 {
			t.Errorf("%v: %d labels", r, labels)
		}
	}
}

// Thinning keeps what is extreme, and its order.
func TestThin(t *testing.T) {
	s := Series{}
	for i := range 50000 {
		s.X, s.Y = append(s.X, float64(i)), append(s.Y, math.Sin(float64(i)/500))
	}
	s.Y[12345], s.Y[23456] = 9, -9
	short := thin(s)
	lo, hi := 0.0, 0.0
	for i, y := range short.Y {
		lo, hi = min(lo, y), max(hi, y)
		if i > 0 && short.X[i] < short.X[i-1] {
			t.Fatal("out of order")
		}
	}
	if len(short.X) > 2000 || lo != -9 || hi != 9 {
		t.Errorf("%d points from %v to %v", len(short.X), lo, hi)
	}
}

// Few colours stay exact, many become close ones.
func TestPaletted(t *testing.T) {
	few, many := image.NewRGBA(image.Rect(0, 0, 16, 16)), image.NewRGBA(image.Rect(0, 0, 128, 128))
	for x := range 128 {
		for y := range 128 {
			if x < 16 && y < 16 {
				few.SetRGBA(x, y, color.RGBA{uint8(x * 16), uint8(y), 7, 255})
			}
			many.SetRGBA(x, y, color.RGBA{uint8(2 * x), uint8(2 * y), uint8(x + y), 255})
		}
	}
	for _, c := range []struct {
		img   *image.RGBA
		worst int
	}{{few, 0}, {many, 24}, {many.SubImage(image.Rect(0, 0, 100, 60)).(*image.RGBA), 24}} {
		out := paletted(c.img)
		b := out.Bounds()
		for x := range b.Dx() {
			for y := range b.Dy() {
				r, g, bl, _ := out.At(x, y).RGBA()
				p := c.img.RGBAAt(x, y)
				for _, d := range []int{int(r>>8) - int(p.R), int(g>>8) - int(p.G), int(bl>>8) - int(p.B)} {
					if d > c.worst || d < -c.worst {
						t.Fatalf("pixel %d,%d is %d off", x, y, d)
					}
				}
			}
		}
	}
}
