package picture

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Depth draws paths in space: time to the right, the two components behind and above.
func Depth(title, time string, axes [2]string, classes []string, planes []Plane) *Figure {
	f := &Figure{Title: title}
	w, left := window(planes)
	t0, t1 := span(func(yield func(float64)) {
		for _, pl := range planes {
			for _, p := range pl.Paths {
				for _, t := range p.T {
					yield(t)
				}
			}
		}
	})
	// Time fills its axis from end to end: the first and the last plane are where paths start and end.
	t0, t1 = t0+(t1-t0)/22, t1-(t1-t0)/22
	box := box3{lo: [3]float64{t0, w.X0, w.Y0}, hi: [3]float64{t1, w.X1, w.Y1}}
	var panels []*plot.Plot
	for _, pl := range planes {
		p := plot.New()
		p.Title.Text = pl.Title
		p.Title.TextStyle.Font, p.Title.TextStyle.Color = sans(10), ink
		p.HideAxes()
		box.frame(p, [3]string{time, axes[0], axes[1]})
		sets := byClass(pl.Paths)
		for c, set := range sets {
			l := pathLine(c, len(pl.Paths))
			l.Color = faint(pick(palette, c), 0.6)
			for _, k := range spread(len(set), mostPaths/2/max(len(sets), 1)) {
				x, y := box.path(set[k])
				addLines(p, x, y, l)
				if len(x) > 0 {
					addPoints(p, plotter.XYs{{X: x[0], Y: y[0]}}, startMark(c))
				}
			}
		}
		for c, set := range sets {
			for _, k := range spread(len(set), mostPaths/2/max(len(sets), 1)) {
				x, y := box.path(set[k])
				if n := len(x); n > 0 {
					addPoints(p, plotter.XYs{{X: x[n-1], Y: y[n-1]}}, endMark(c, mostPaths))
				}
			}
		}
		p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = box.bounds()
		panels = append(panels, p)
	}
	f.arrange(panels)
	f.classLegend(classes, planes)
	f.Notes = left
	return f
}

// box3 is the part of space that is shown, seen in parallel projection.
type box3 struct{ lo, hi [3]float64 }

// The directions in which the three axes of the unit cube go on paper: time to the right and down, the
// first component to the right and up, the second upwards.
var axis3 = [3][2]float64{{1.0, -0.22}, {0.48, 0.34}, {0, 0.8}}

func project(u [3]float64) (x, y float64) {
	for k, a := range axis3 {
		x, y = x+u[k]*a[0], y+u[k]*a[1]
	}
	return x, y
}

func (b box3) unit(v [3]float64) (u [3]float64) {
	for k := range u {
		u[k] = (v[k] - b.lo[k]) / (b.hi[k] - b.lo[k])
	}
	return u
}

// path is a path on paper; points outside the box are gaps.
func (b box3) path(p Path) (xs, ys []float64) {
	for k := range p.X {
		u := b.unit([3]float64{p.T[k], p.X[k], p.Y[k]})
		x, y := project(u)
		for _, v := range u {
			if !(v >= -0.001 && v <= 1.001) {
				x, y = math.NaN(), math.NaN()
			}
		}
		xs, ys = append(xs, x), append(ys, y)
	}
	return xs, ys
}

func (b box3) bounds() (x0, x1, y0, y1 float64) {
	return -0.17, 1.56, -0.42, 1.18
}

// frame draws the three back faces with a grid, and labels along the front edges.
func (b box3) frame(p *plot.Plot, names [3]string) {
	grid := draw.LineStyle{Color: rule, Width: vg.Points(0.6)}
	edge := draw.LineStyle{Color: mute, Width: vg.Points(0.6)}
	line := func(s draw.LineStyle, u, v [3]float64) {
		x0, y0 := project(u)
		x1, y1 := project(v)
		addLines(p, []float64{x0, x1}, []float64{y0, y1}, s)
	}
	label := func(u [3]float64, s string, size float64, dx, dy vg.Length, xa text.XAlignment, ya text.YAlignment) {
		x, y := project(u)
		st := style(size, ink)
		st.XAlign, st.YAlign = xa, ya
		p.Add(&plotter.Labels{XYs: plotter.XYs{{X: x, Y: y}}, Labels: []string{s}, TextStyle: []text.Style{st}, Offset: vg.Point{X: dx, Y: dy}})
	}
	for k := range 3 {
		for _, tick := range (linearTicks{}).Ticks(b.lo[k], b.hi[k]) {
			if tick.Label == "" {
				continue
			}
			at := (tick.Value - b.lo[k]) / (b.hi[k] - b.lo[k])
			// On floor and the two walls behind.
			on := func(u [3]float64) [3]float64 { u[k] = at; return u }
			switch k {
			case 0:
				line(grid, on([3]float64{0, 0, 0}), on([3]float64{0, 1, 0}))
				line(grid, on([3]float64{0, 1, 0}), on([3]float64{0, 1, 1}))
				label(on([3]float64{0, 0, 0}), tick.Label, 8.5, -2, -3, text.XRight, text.YTop)
			case 1:
				line(grid, on([3]float64{0, 0, 0}), on([3]float64{1, 0, 0}))
				line(grid, on([3]float64{0, 0, 0}), on([3]float64{0, 0, 1}))
				label(on([3]float64{1, 0, 0}), tick.Label, 8.5, 5, -2, text.XLeft, text.YTop)
			case 2:
				line(grid, on([3]float64{0, 0, 0}), on([3]float64{0, 1, 0}))
				line(grid, on([3]float64{0, 1, 0}), on([3]float64{1, 1, 0}))
				label(on([3]float64{0, 0, 0}), tick.Label, 8.5, -4, 0, text.XRight, text.YCenter)
			}
		}
	}
	for _, e := range [][2][3]float64{
		{{0, 0, 0}, {1, 0, 0}}, {{0, 0, 0}, {0, 1, 0}}, {{0, 0, 0}, {0, 0, 1}}, {{1, 0, 0}, {1, 1, 0}},
		{{0, 1, 0}, {1, 1, 0}}, {{0, 1, 0}, {0, 1, 1}}, {{0, 0, 1}, {0, 1, 1}}, {{0, 1, 1}, {1, 1, 1}}, {{1, 1, 0}, {1, 1, 1}},
	} {
		line(edge, e[0], e[1])
	}
	label([3]float64{0.5, 0, 0}, names[0], 10, -6, -16, text.XCenter, text.YTop)
	label([3]float64{1, 0.5, 0}, names[1], 10, 30, -8, text.XLeft, text.YTop)
	label([3]float64{0, 0, 0.5}, names[2], 10, -28, 0, text.XRight, text.YCenter)
}
