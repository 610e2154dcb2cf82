// Package picture draws what training and running give: loss curves, trajectories, flows through
// depth, vector fields, decision boundaries, phase planes and densities.
//
// Every picture can be read without colour: classes and runs differ in marker, line style and
// lightness too. Colours are Okabe and Ito's, which people with any colour vision tell apart. A figure
// is written as PNG and SVG, the same bytes for the same data.
package picture

import (
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The palette is ordered so that neighbours differ in lightness as well.
var palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255}, {130, 130, 130, 255},
}

var dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(1.5), vg.Points(2.5)}, {vg.Points(8), vg.Points(3), vg.Points(2), vg.Points(3)}}

// shapes are the markers of classes and runs, hollow the same ones for where something starts.
var (
	shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{}, draw.RingGlyph{}, draw.TriangleGlyph{}, draw.SquareGlyph{}}
	hollow = []draw.GlyphDrawer{draw.RingGlyph{}, draw.TriangleGlyph{}, draw.SquareGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{}, draw.RingGlyph{}, draw.TriangleGlyph{}, draw.SquareGlyph{}}
)

var (
	ink  = color.Gray{40}  // text and axes
	mute = color.Gray{110} // notes
	rule = color.Gray{228} // grid
)

func pick[T any](of []T, i int) T { return of[i%len(of)] }

// faint is a colour over white with the given opacity. Mixing it here instead of drawing with
// transparency keeps the pictures small and alike in both formats.
func faint(c color.RGBA, opacity float64) color.RGBA {
	mix := func(x uint8) uint8 { return uint8(math.Round(255 - float64((255-float64(x))*opacity))) }
	return color.RGBA{mix(c.R), mix(c.G), mix(c.B), 255}
}

// sans is the one typeface of all pictures.
func sans(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Points(size)}
}

func style(size float64, c color.Color) text.Style {
	return text.Style{Color: c, Font: sans(size), Handler: plot.DefaultTextHandler}
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle.Font, p.Title.TextStyle.Color = sans(10), ink
	p.Title.Padding = vg.Points(4)
	for _, a := range []struct {
		axis *plot.Axis
		name string
	}{{&p.X, x}, {&p.Y, y}} {
		a.axis.Label.Text = a.name
		a.axis.Label.TextStyle.Font, a.axis.Label.TextStyle.Color = sans(10), ink
		a.axis.Tick.Label.Font, a.axis.Tick.Label.Color = sans(8.5), ink
		a.axis.LineStyle.Color, a.axis.Tick.LineStyle.Color = ink, ink
		a.axis.Tick.Marker = linearTicks{}
		a.axis.Padding = vg.Points(3)
	}
	p.Legend.TextStyle.Font = sans(9)
	p.Legend.Padding = vg.Points(2)
	grid := plotter.NewGrid()
	grid.Horizontal.Color, grid.Vertical.Color = rule, rule
	p.Add(grid)
	return p
}

// Series is a named curve. Values that are not finite are gaps.
type Series struct {
	Name string
	X, Y []float64
}

func finite(x float64) bool { return x-x == 0 }

// pieces cuts a curve where it is not finite.
func pieces(x, y []float64) []plotter.XYs {
	var out []plotter.XYs
	var now plotter.XYs
	for k := range min(len(x), len(y)) {
		if finite(x[k]) && finite(y[k]) {
			now = append(now, plotter.XY{X: x[k], Y: y[k]})
			continue
		}
		if now != nil {
			out, now = append(out, now), nil
		}
	}
	if now != nil {
		out = append(out, now)
	}
	return out
}

// addLines adds the finite pieces of a curve to p.
func addLines(p *plot.Plot, x, y []float64, s draw.LineStyle) {
	for _, piece := range pieces(x, y) {
		if len(piece) > 1 {
			p.Add(&plotter.Line{XYs: piece, LineStyle: s})
		}
	}
}

// addPoints adds markers; points that are not finite are left out.
func addPoints(p *plot.Plot, pts plotter.XYs, s draw.GlyphStyle) {
	kept := pts[:0:0]
	for _, q := range pts {
		if finite(q.X) && finite(q.Y) {
			kept = append(kept, q)
		}
	}
	if len(kept) > 0 {
		p.Add(&plotter.Scatter{XYs: kept, GlyphStyle: s})
	}
}

// spread is at most n of the indices below m, evenly spaced.
func spread(m, n int) []int {
	n = min(m, n)
	out := make([]int, n)
	for i := range out {
		out[i] = i * m / n
	}
	return out
}
