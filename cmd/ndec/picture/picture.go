// Package picture draws what training and running give: loss curves, trajectories and the flow of
// points through depth. Classes differ in marker and line style as well as colour, so that
// pictures can be read without colour. Each picture is written as PNG and as SVG.
package picture

import (
	"fmt"
	"image/color"
	"math"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The palette is Okabe and Ito's, chosen to be told apart by people with any colour vision.
var palette = []color.RGBA{
	{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255},
	{230, 159, 0, 255}, {86, 180, 233, 255}, {0, 0, 0, 255}, {150, 150, 150, 255},
}

var dashes = [][]vg.Length{nil, {vg.Points(6), vg.Points(3)}, {vg.Points(2), vg.Points(2)}, {vg.Points(8), vg.Points(3), vg.Points(2), vg.Points(3)}}

var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.TriangleGlyph{}, draw.SquareGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{}, draw.RingGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}}

// Series is a named curve.
type Series struct {
	Name string
	X, Y []float64
}

// Curves draws series over a common axis; with logY the vertical axis is logarithmic where every
// value is positive.
func Curves(path, title, xLabel, yLabel string, logY bool, series ...Series) ([]string, error) {
	p := newPlot(title, xLabel, yLabel)
	positive, some := true, false
	for _, s := range series {
		for _, y := range s.Y {
			positive, some = positive && y > 0, some || finite(y)
		}
	}
	if logY && positive && some {
		p.Y.Scale = plot.LogScale{}
		p.Y.Tick.Marker = logTicks{}
	}
	for i, s := range series {
		var pts plotter.XYs
		for k := range s.X {
			if finite(s.X[k]) && finite(s.Y[k]) {
				pts = append(pts, plotter.XY{X: s.X[k], Y: s.Y[k]})
			}
		}
		if len(pts) == 0 {
			continue
		}
		line, err := plotter.NewLine(pts)
		if err != nil {
			return nil, err
		}
		line.Color = palette[i%len(palette)]
		line.Width = vg.Points(1.4)
		line.Dashes = dashes[i%len(dashes)]
		p.Add(line)
		p.Legend.Add(s.Name, line)
	}
	if p.Y.Min == p.Y.Max && p.Y.Min > 0 {
		// A flat curve would be given room down to less than zero, which has no logarithm.
		p.Y.Min, p.Y.Max = p.Y.Min/2, p.Y.Max*2
	}
	p.Legend.Top = true
	return save(p, path, 16, 10)
}

// logTicks marks powers of ten, and 2 and 5 between them when the range is small.
type logTicks struct{}

func (logTicks) Ticks(lo, hi float64) []plot.Tick {
	var ts []plot.Tick
	decades := math.Log10(hi / lo)
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
		for _, m := range []float64{1, 2, 5} {
			x := m * math.Pow(10, e)
			if x < lo || x > hi {
				continue
			}
			label := ""
			if m == 1 || decades < 2 {
				label = fmt.Sprintf("%.3g", x)
			}
			ts = append(ts, plot.Tick{Value: x, Label: label})
		}
	}
	return ts
}

// Path is the way of one point through depth, with its class.
type Path struct {
	X, Y  []float64
	Class int
}

// Flow draws points at the start, their paths, and where they end.
func Flow(path, title string, names []string, paths []Path) ([]string, error) {
	p := newPlot(title, "x[0]", "x[1]")
	classes := 0
	for _, t := range paths {
		classes = max(classes, t.Class+1)
	}
	for c := 0; c < classes; c++ {
		col := palette[c%len(palette)]
		faint := color.NRGBA{col.R, col.G, col.B, 80}
		var starts, ends plotter.XYs
		for _, t := range paths {
			if t.Class != c || len(t.X) == 0 {
				continue
			}
			var pts plotter.XYs
			for k := range t.X {
				if finite(t.X[k]) && finite(t.Y[k]) {
					pts = append(pts, plotter.XY{X: t.X[k], Y: t.Y[k]})
				}
			}
			if len(pts) < 2 {
				continue
			}
			line, err := plotter.NewLine(pts)
			if err != nil {
				return nil, err
			}
			line.Color = faint
			line.Width = vg.Points(0.6)
			p.Add(line)
			starts = append(starts, pts[0])
			ends = append(ends, pts[len(pts)-1])
		}
		if len(starts) == 0 {
			continue
		}
		a, err := plotter.NewScatter(starts)
		if err != nil {
			return nil, err
		}
		a.GlyphStyle = draw.GlyphStyle{Color: faint, Radius: vg.Points(1.6), Shape: shapes[c%len(shapes)]}
		b, err := plotter.NewScatter(ends)
		if err != nil {
			return nil, err
		}
		b.GlyphStyle = draw.GlyphStyle{Color: col, Radius: vg.Points(2.2), Shape: shapes[c%len(shapes)]}
		p.Add(a, b)
		name := fmt.Sprintf("class %d", c)
		if c < len(names) {
			name = names[c]
		}
		p.Legend.Add(name+", end", b)
		p.Legend.Add(name+", start", a)
	}
	if p.Y.Max > p.Y.Min {
		p.Y.Max += 0.1 * float64(classes) * (p.Y.Max - p.Y.Min) // the legend stands above the points
	}
	p.Legend.Top = true
	p.Legend.Left = true
	p.Legend.Padding = vg.Points(2)
	return save(p, path, 15, 13)
}

func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.TextStyle.Font.Size = font.Points(12)
	p.Title.Padding = vg.Points(6)
	p.X.Label.Text = x
	p.Y.Label.Text = y
	p.Legend.TextStyle.Font.Size = font.Points(9)
	grid := plotter.NewGrid()
	grid.Horizontal.Color = color.Gray{225}
	grid.Vertical.Color = color.Gray{225}
	p.Add(grid)
	return p
}

func finite(x float64) bool { return x-x == 0 }

// save writes path.png and path.svg through temporary names and gives both.
func save(p *plot.Plot, path string, w, h float64) (out []string, err error) {
	defer func() {
		if r := recover(); r != nil { // the plotting package panics about ranges that it cannot draw
			err = fmt.Errorf("drawing %s: %v", path, r)
		}
	}()
	for _, ext := range []string{"png", "svg"} {
		wt, err := p.WriterTo(font.Length(w)*vg.Centimeter, font.Length(h)*vg.Centimeter, ext)
		if err != nil {
			return nil, err
		}
		name := path + "." + ext
		tmp, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
		if err != nil {
			return nil, err
		}
		_, err = wt.WriteTo(tmp)
		if err == nil {
			err = tmp.Chmod(0o644)
		}
		if cerr := tmp.Close(); err == nil {
			err = cerr
		}
		if err == nil {
			err = os.Rename(tmp.Name(), name)
		}
		if err != nil {
			os.Remove(tmp.Name())
			return nil, err
		}
		out = append(out, name)
	}
	return out, nil
}
