package picture

import (
	"fmt"
	"image"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// rasterSide is the number of pixels along a side of an area.
const rasterSide = 460

// shade is a colour for a number in [0, 1], darker for larger ones.
type shade func(x float64) color.RGBA

func blend(a, b color.RGBA, x float64) color.RGBA {
	mix := func(p, q uint8) uint8 { return uint8(math.Round(float64(p) + x*(float64(q)-float64(p)))) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 255}
}

// speedShade stays light, since lines are drawn over it.
func speedShade(x float64) color.RGBA {
	return blend(color.RGBA{255, 255, 255, 255}, color.RGBA{176, 204, 226, 255}, x)
}

// densityShade goes from white over blue to almost black: its lightness falls evenly.
func densityShade(x float64) color.RGBA {
	if x < 0.5 {
		return blend(color.RGBA{255, 255, 255, 255}, color.RGBA{86, 160, 211, 255}, 2*x)
	}
	return blend(color.RGBA{86, 160, 211, 255}, color.RGBA{8, 20, 62, 255}, 2*x-1)
}

// ramp is the scale of a shade for a legend.
func ramp(s shade) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 64, 8))
	for x := range 64 {
		for y := range 8 {
			img.SetRGBA(x, y, s(float64(x)/63))
		}
	}
	return img
}

// sampler reads a field of numbers on a grid, row-major with rows from below, at any point of the unit square.
func sampler(values []float64, n int) func(x, y float64) float64 {
	return func(x, y float64) float64 {
		fx, fy := x*float64(n-1), y*float64(n-1)
		i, j := min(int(fx), n-2), min(int(fy), n-2)
		fx, fy = fx-float64(i), fy-float64(j)
		at := func(j, i int) float64 { return values[j*n+i] }
		return (1-fy)*((1-fx)*at(j, i)+fx*at(j, i+1)) + fy*((1-fx)*at(j+1, i)+fx*at(j+1, i+1))
	}
}

// raster is an image of a function over the unit square.
func raster(colour func(x, y float64, px, py int) color.RGBA) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, rasterSide, rasterSide))
	for py := range rasterSide {
		for px := range rasterSide {
			img.SetRGBA(px, py, colour((float64(px)+0.5)/rasterSide, 1-(float64(py)+0.5)/rasterSide, px, py))
		}
	}
	return paletted(img)
}

func speedImage(g Grid, fastest float64) image.Image {
	n := len(g.X)
	flat := make([]float64, 0, n*n)
	for j := range g.Y {
		for i := range g.X {
			flat = append(flat, math.Hypot(g.U[j][i], g.V[j][i]))
		}
	}
	speed := sampler(flat, n)
	return raster(func(x, y float64, _, _ int) color.RGBA {
		v := speed(x, y)
		if !finite(v) || fastest == 0 {
			return color.RGBA{255, 255, 255, 255}
		}
		return speedShade(min(v/fastest, 1))
	})
}

// Scores are class scores over a window: N by N points, rows from below, K numbers each.
type Scores struct {
	Title  string
	Window Window
	N, K   int
	Values []float64
	Points []Point // data, drawn over the areas
}

// Point is one data point.
type Point struct {
	X, Y  float64
	Class int
}

// mostPoints is the number of data points over an area.
const mostPoints = 400

// Boundary draws which class a model gives where: areas that differ in hatching and hue, paler where the
// model is less sure, with a line between them, and data over it.
func Boundary(title string, axes [2]string, classes []string, models []Scores) *Figure {
	f := &Figure{Title: title}
	var panels []*plot.Plot
	most, failed := 0, 0
	for _, m := range models {
		most = max(most, m.K)
		for k := 0; k < len(m.Values); k += m.K {
			if !allFinite(m.Values[k : k+m.K]) {
				failed++
			}
		}
		p := newPlot(m.Title, axes[0], axes[1])
		p.Add(plotter.NewImage(m.image(), m.Window.X0, m.Window.Y0, m.Window.X1, m.Window.Y1))
		for _, k := range spread(len(m.Points), mostPoints) {
			q := m.Points[k]
			most = max(most, q.Class+1)
			// A white rim keeps marks and areas of one hue apart.
			at := plotter.XYs{{X: q.X, Y: q.Y}}
			addPoints(p, at, draw.GlyphStyle{Color: color.White, Radius: vg.Points(2.7), Shape: pick(shapes, q.Class)})
			addPoints(p, at, draw.GlyphStyle{Color: classInk(q.Class), Radius: vg.Points(1.9), Shape: pick(shapes, q.Class)})
		}
		m.Window.set(p)
		panels = append(panels, p)
	}
	f.arrange(panels)
	for c := range most {
		name := fmt.Sprintf("class %d", c)
		if c < len(classes) {
			name = classes[c]
		}
		img := image.NewRGBA(image.Rect(0, 0, 60, 20))
		for y := range 20 {
			for x := range 60 {
				img.SetRGBA(x, y, areaColour(c, 1, x, y))
			}
		}
		area := imageEntry("", img)
		mark := draw.GlyphStyle{Color: classInk(c), Radius: vg.Points(2.4), Shape: pick(shapes, c)}
		f.Legend = append(f.Legend, Entry{name + ": area, data", func(cv *draw.Canvas) {
			half := *cv
			half.Max.X = half.Min.X + 18
			area.Draw(&half)
			cv.DrawGlyphNoClip(mark, vg.Point{X: cv.Max.X - 5, Y: (cv.Min.Y + cv.Max.Y) / 2})
		}})
	}
	f.Notes = append(f.Notes, "Paler: the softmax of the scores is less sure.")
	if failed > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("The model failed at %d points of the grid; they are grey.", failed))
	}
	return f
}

func allFinite(xs []float64) bool {
	for _, x := range xs {
		if !finite(x) {
			return false
		}
	}
	return true
}

func classInk(c int) color.RGBA { return blend(pick(palette, c), color.RGBA{0, 0, 0, 255}, 0.15) }

// areaColour is the colour of a pixel in the area of a class: a tint, and a hatching that tells classes
// apart in black and white.
func areaColour(c int, sure float64, px, py int) color.RGBA {
	base := faint(pick(palette, c), 0.10+0.24*sure)
	const period, line = 9, 2
	on := false
	switch c % 5 {
	case 1:
		on = (px+py)%period < line
	case 2:
		on = (px-py+1000*period)%period < line
	case 3:
		on = py%period < line
	case 4:
		on = px%period < 3 && py%period < 3
	}
	if on {
		return blend(base, pick(palette, c), 0.22)
	}
	return base
}

// image draws the areas: at every pixel the class with the largest score, a line where it changes.
func (m Scores) image() image.Image {
	read := make([]func(x, y float64) float64, m.K)
	for k := range read {
		plane := make([]float64, m.N*m.N)
		for i := range plane {
			plane[i] = m.Values[i*m.K+k]
		}
		read[k] = sampler(plane, m.N)
	}
	const failed = -1
	var class [rasterSide][rasterSide]int // by pixel, from above
	var sure [rasterSide][rasterSide]float64
	scores := make([]float64, m.K)
	for py := range rasterSide {
		for px := range rasterSide {
			x, y := (float64(px)+0.5)/rasterSide, 1-(float64(py)+0.5)/rasterSide
			best := 0
			for k := range scores {
				if scores[k] = read[k](x, y); scores[k] > scores[best] {
					best = k
				}
			}
			if !allFinite(scores) {
				class[py][px] = failed
				continue
			}
			sum := 0.0
			for _, s := range scores {
				sum += math.Exp(s - scores[best])
			}
			// 0 where all classes are alike, 1 where there is no doubt.
			class[py][px], sure[py][px] = best, (1/sum-1/float64(m.K))/(1-1/float64(m.K))
		}
	}
	return raster(func(_, _ float64, px, py int) color.RGBA {
		c := class[py][px]
		if c == failed {
			return color.RGBA{205, 205, 205, 255}
		}
		for _, d := range [][2]int{{1, 0}, {0, 1}, {-1, 0}, {0, -1}} {
			qx, qy := min(max(px+d[0], 0), rasterSide-1), min(max(py+d[1], 0), rasterSide-1)
			if o := class[qy][qx]; o != c && o != failed {
				return color.RGBA{40, 40, 40, 255}
			}
		}
		return areaColour(c, sure[py][px], px, py)
	})
}

// Heat is a number over a window: at N by N points, or in as many cells; rows from below.
type Heat struct {
	Title  string
	Window Window
	N      int
	Cells  bool
	Values []float64
}

// at reads the numbers at any point of the unit square.
func (h Heat) at() func(x, y float64) float64 {
	if !h.Cells {
		return sampler(h.Values, h.N)
	}
	return func(x, y float64) float64 {
		i, j := min(int(x*float64(h.N)), h.N-1), min(int(y*float64(h.N)), h.N-1)
		return h.Values[j*h.N+i]
	}
}

// Density draws densities, darker where there is more. Each panel has its own scale, since a flow that
// spreads points makes all densities small; the title says where it ends.
func Density(title string, axes [2]string, what string, heats []Heat) *Figure {
	f := &Figure{Title: title}
	missing := 0
	var panels []*plot.Plot
	var largest []string
	for _, h := range heats {
		top := 0.0
		for _, v := range h.Values {
			if finite(v) {
				top = max(top, v)
			} else {
				missing++
			}
		}
		largest = append(largest, "\nlargest: "+number(top, 3))
		p := newPlot(h.Title, axes[0], axes[1])
		read := h.at()
		p.Add(plotter.NewImage(raster(func(x, y float64, _, _ int) color.RGBA {
			v := read(x, y)
			switch {
			case !finite(v):
				return color.RGBA{205, 205, 205, 255}
			case top == 0:
				return densityShade(0)
			}
			return densityShade(min(max(v/top, 0), 1))
		}), h.Window.X0, h.Window.Y0, h.Window.X1, h.Window.Y1))
		h.Window.set(p)
		panels = append(panels, p)
	}
	f.arrange(panels)
	for i, p := range panels {
		p.Title.Text += largest[i]
	}
	f.Legend = []Entry{imageEntry(what+", 0 to the largest of a panel", ramp(densityShade))}
	if missing > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("The density is not finite at %d points of the grid; they are grey.", missing))
	}
	return f
}

// Histogram is the density of points over a window, in at most 64 by 64 cells: about as many as points.
func Histogram(title string, w Window, points []Point) Heat {
	n := min(max(int(math.Sqrt(float64(len(points)))), 8), 64)
	h := Heat{Title: title, Window: w, N: n, Cells: true, Values: make([]float64, n*n)}
	area := (w.X1 - w.X0) * (w.Y1 - w.Y0) / float64(n*n)
	total := 0
	for _, p := range points {
		if finite(p.X) && finite(p.Y) {
			total++
		}
	}
	for _, p := range points {
		i, j := int(math.Floor((p.X-w.X0)/(w.X1-w.X0)*float64(n))), int(math.Floor((p.Y-w.Y0)/(w.Y1-w.Y0)*float64(n)))
		if finite(p.X) && finite(p.Y) && i >= 0 && i < n && j >= 0 && j < n {
			h.Values[j*n+i] += 1 / (float64(total) * area)
		}
	}
	return h
}
