package picture

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Path is the way of one point through depth, with its class: T are the times, X and Y two components
// of the state. Values that are not finite are gaps.
type Path struct {
	T, X, Y []float64
	Class   int
}

// Plane is one panel of paths.
type Plane struct {
	Title string
	Paths []Path
}

// mostPaths is the number of lines and of start marks in a panel; ends are drawn of all points.
const mostPaths = 200

// Flow draws where points start, their paths, and where they end, a panel per plane over common axes.
// classes names the classes; without names there is one.
func Flow(title string, axes [2]string, classes []string, planes []Plane) *Figure {
	f := &Figure{Title: title}
	w, left := window(planes)
	var panels []*plot.Plot
	for _, pl := range planes {
		p := newPlot(pl.Title, axes[0], axes[1])
		w.set(p)
		sets := byClass(pl.Paths)
		// Lines lie under all marks, so that no class hides another's ends.
		for c, set := range sets {
			for _, k := range spread(len(set), mostPaths/max(len(sets), 1)) {
				addLines(p, set[k].X, set[k].Y, pathLine(c, len(pl.Paths)))
				if s, ok := first(set[k]); ok {
					addPoints(p, plotter.XYs{s}, startMark(c))
				}
			}
		}
		for c, set := range sets {
			addPoints(p, ends(set), endMark(c, len(pl.Paths)))
		}
		panels = append(panels, p)
	}
	f.arrange(panels)
	f.classLegend(classes, planes)
	f.Notes = append(f.Notes, left...)
	return f
}

// classLegend explains the marks of classes.
func (f *Figure) classLegend(classes []string, planes []Plane) {
	n := 1
	for _, pl := range planes {
		n = max(n, len(byClass(pl.Paths)))
	}
	for c := range n {
		name := "start → end"
		if c < len(classes) {
			name = classes[c] + ", start → end"
		} else if n > 1 {
			name = fmt.Sprintf("class %d, start → end", c)
		}
		f.Legend = append(f.Legend, wayEntry(name, startMark(c), pathLine(c, mostPaths), endMark(c, 1)))
	}
}

// pathLine is paler the more paths there are.
func pathLine(c, paths int) draw.LineStyle {
	strength := 0.3 + 0.5*math.Max(0, 1-float64(paths)/50)
	return draw.LineStyle{Color: faint(pick(palette, c), strength), Width: vg.Points(0.4 + 0.7*strength), Dashes: pick(dashes, c)}
}

func startMark(c int) draw.GlyphStyle {
	return draw.GlyphStyle{Color: faint(pick(palette, c), 0.65), Radius: vg.Points(1.7), Shape: pick(hollow, c)}
}

// endMark is smaller the more points there are.
func endMark(c, points int) draw.GlyphStyle {
	r := 2.4 * math.Min(1, math.Pow(200/float64(max(points, 1)), 0.3))
	return draw.GlyphStyle{Color: pick(palette, c), Radius: vg.Points(max(r, 0.8)), Shape: pick(shapes, c)}
}

func byClass(paths []Path) [][]Path {
	var out [][]Path
	for _, p := range paths {
		for len(out) <= p.Class {
			out = append(out, nil)
		}
		out[p.Class] = append(out[p.Class], p)
	}
	return out
}

func first(p Path) (plotter.XY, bool) {
	if len(p.X) == 0 || !finite(p.X[0]) || !finite(p.Y[0]) {
		return plotter.XY{}, false
	}
	return plotter.XY{X: p.X[0], Y: p.Y[0]}, true
}

// ends are the last points of paths that are finite to their end.
func ends(paths []Path) plotter.XYs {
	var out plotter.XYs
	for _, p := range paths {
		if n := len(p.X); n > 0 && finite(p.X[n-1]) && finite(p.Y[n-1]) {
			out = append(out, plotter.XY{X: p.X[n-1], Y: p.Y[n-1]})
		}
	}
	return out
}

// Window is the part of the plane that a panel shows.
type Window struct{ X0, X1, Y0, Y1 float64 }

func (w Window) set(p *plot.Plot) { p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = w.X0, w.X1, w.Y0, w.Y1 }

// WindowOf is a window around all finite points of the paths, with some room.
func WindowOf(planes []Plane) Window {
	w, _ := window(planes)
	return w
}

// window also says what lies outside: a few paths that fly off would shrink all others to a dot.
func window(planes []Plane) (Window, []string) {
	side := func(of func(Path) []float64) (lo, hi float64, cut bool) {
		var all []float64
		for _, pl := range planes {
			for _, p := range pl.Paths {
				for _, v := range of(p) {
					if finite(v) {
						all = append(all, v)
					}
				}
			}
		}
		if len(all) == 0 {
			return -1, 1, false
		}
		slices.Sort(all)
		lo, hi = all[0], all[len(all)-1]
		q0, q1 := all[len(all)/50], all[len(all)-1-len(all)/50]
		if hi-lo > 10*(q1-q0) && q1 > q0 {
			lo, hi, cut = q0-(q1-q0)/4, q1+(q1-q0)/4, true
		}
		lo, hi = room(lo, hi)
		return lo, hi, cut
	}
	var w Window
	var cutX, cutY bool
	w.X0, w.X1, cutX = side(func(p Path) []float64 { return p.X })
	w.Y0, w.Y1, cutY = side(func(p Path) []float64 { return p.Y })
	if cutX || cutY {
		return w, []string{"A few paths leave the part of the plane that is shown."}
	}
	return w, nil
}

// room widens a range by a twentieth on each side; a single value gets room of its own size.
func room(lo, hi float64) (float64, float64) {
	if hi <= lo {
		d := max(math.Abs(lo)/2, 1e-9)
		if lo == 0 {
			d = 1
		}
		return lo - d, hi + d
	}
	return lo - (hi-lo)/20, hi + (hi-lo)/20
}

// span is the range of the finite values, with room.
func span(values func(yield func(float64))) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	values(func(v float64) {
		if finite(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	})
	if lo > hi {
		return -1, 1
	}
	return room(lo, hi)
}

// Grid is a vector field at the points of a grid: U and V by row of Y and column of X.
type Grid struct {
	X, Y []float64
	U, V [][]float64
}

// Slice is one panel of a field: at one time, with paths over it or none.
type Slice struct {
	Title string
	Grid  Grid
	Paths []Path
}

// Field draws stream lines of a vector field over its magnitude, and paths over them.
func Field(title string, axes [2]string, classes []string, slices []Slice) *Figure {
	f := &Figure{Title: title}
	fastest, missing := 0.0, 0
	for _, s := range slices {
		for j := range s.Grid.U {
			for i := range s.Grid.U[j] {
				if v := math.Hypot(s.Grid.U[j][i], s.Grid.V[j][i]); finite(v) {
					fastest = max(fastest, v)
				} else {
					missing++
				}
			}
		}
	}
	withPaths := false
	var panels []*plot.Plot
	for _, s := range slices {
		p := newPlot(s.Title, axes[0], axes[1])
		g := s.Grid
		w := Window{g.X[0], g.X[len(g.X)-1], g.Y[0], g.Y[len(g.Y)-1]}
		p.Add(plotter.NewImage(speedImage(g, fastest), w.X0, w.Y0, w.X1, w.Y1))
		dark := color.Gray{90}
		if len(s.Paths) > 0 {
			dark = color.Gray{150}
			withPaths = true
		}
		p.Add(streamLines{g, draw.LineStyle{Color: dark, Width: vg.Points(0.7)}})
		for k, path := range s.Paths {
			c := pathStyle(path, k, s.Paths)
			addLines(p, path.X, path.Y, draw.LineStyle{Color: pick(palette, c), Width: vg.Points(1.4), Dashes: pick(dashes, c)})
		}
		for k, path := range s.Paths {
			c := pathStyle(path, k, s.Paths)
			if at, ok := first(path); ok {
				addPoints(p, plotter.XYs{at}, draw.GlyphStyle{Color: pick(palette, c), Radius: vg.Points(3), Shape: pick(hollow, c)})
			}
			addPoints(p, ends([]Path{path}), draw.GlyphStyle{Color: pick(palette, c), Radius: vg.Points(3), Shape: pick(shapes, c)})
		}
		w.set(p)
		panels = append(panels, p)
	}
	f.arrange(panels)
	f.Legend = append(f.Legend, imageEntry(fmt.Sprintf("speed, 0 to %s", number(fastest, 3)), ramp(speedShade)))
	if withPaths {
		n := 0
		for _, s := range slices {
			for k, path := range s.Paths {
				n = max(n, pathStyle(path, k, s.Paths)+1)
			}
		}
		for c := range n {
			name := fmt.Sprintf("sample %d, start → end", c)
			if c < len(classes) {
				name = classes[c] + ", start → end"
			}
			f.Legend = append(f.Legend, wayEntry(name, draw.GlyphStyle{Color: pick(palette, c), Radius: vg.Points(3), Shape: pick(hollow, c)},
				draw.LineStyle{Color: pick(palette, c), Width: vg.Points(1.4), Dashes: pick(dashes, c)},
				draw.GlyphStyle{Color: pick(palette, c), Radius: vg.Points(3), Shape: pick(shapes, c)}))
		}
	}
	if missing > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("The field is not finite at %d points of the grid; they are white.", missing))
	}
	return f
}

// pathStyle is the number of a path's style: its class where there are several, else its own.
func pathStyle(p Path, k int, all []Path) int {
	if slices.ContainsFunc(all, func(o Path) bool { return o.Class != all[0].Class }) {
		return p.Class
	}
	return k
}
