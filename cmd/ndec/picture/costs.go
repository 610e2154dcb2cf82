package picture

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is a series whose points are marked. Strong ones are drawn thicker, with larger filled marks.
type Curve struct {
	Series
	Strong bool
}

// Panel is one of several plots of the same quantity against different ones.
type Panel struct {
	XLabel string
	Curves []Curve
	Front  Series // points that no other beats, by rising X; drawn as steps in the background
}

// Costs has panels side by side with logarithmic axes, one vertical range and one legend. Points that have no
// logarithm and panels without points are left out. Curves of the same name look alike in all panels.
func Costs(title, yLabel string, panels []Panel) *Figure {
	f := &Figure{Title: title}
	type look struct {
		line draw.LineStyle
		mark draw.GlyphStyle
	}
	looks := map[string]look{}
	count := map[bool]int{}
	var all []float64 // vertically
	for _, panel := range panels {
		for _, c := range panel.Curves {
			for _, q := range positive(c.Series) {
				all = append(all, q.Y)
			}
		}
	}
	front := draw.LineStyle{Color: color.Gray{205}, Width: vg.Points(5)}
	var plots []*plot.Plot
	for _, panel := range panels {
		p := newPlot("", panel.XLabel, yLabel)
		logAxis(&p.Y, all)
		if steps := staircase(positive(panel.Front)); len(steps) > 1 {
			p.Add(&plotter.Line{XYs: steps, LineStyle: front})
			if len(plots) == 0 {
				f.Legend = append(f.Legend, lineEntry("nothing beats it", front, nil))
			}
		}
		var xs []float64
		for _, c := range panel.Curves {
			pts := positive(c.Series)
			if len(pts) == 0 {
				continue
			}
			at, known := looks[c.Name]
			if !known {
				at.line, at.mark = appearance(count[c.Strong], c.Strong)
				looks[c.Name] = at
				count[c.Strong]++
			}
			p.Add(&plotter.Line{XYs: pts, LineStyle: at.line})
			addPoints(p, pts, at.mark)
			for _, q := range pts {
				xs = append(xs, q.X)
			}
			switch {
			case !known && len(pts) == 1:
				f.Legend = append(f.Legend, glyphEntry(c.Name, at.mark))
			case !known:
				f.Legend = append(f.Legend, lineEntry(c.Name, at.line, &at.mark))
			}
		}
		if len(xs) > 0 {
			logAxis(&p.X, xs)
			plots = append(plots, p)
		}
	}
	if len(plots) == 0 {
		plots = append(plots, newPlot("", "", yLabel))
		f.Notes = append(f.Notes, "There is nothing to draw: no solver has an error and a cost above zero.")
	}
	f.arrange(plots)
	f.W, f.H = max(f.W, 10.5), max(f.H, 11)
	return f
}

// appearance is style n of strong curves or of the others, which begin at different places of the palette.
func appearance(n int, strong bool) (draw.LineStyle, draw.GlyphStyle) {
	colours, width, radius, marks := []int{0, 2, 5, 3, 4, 7}, 1.0, 2.8, []draw.GlyphDrawer{draw.RingGlyph{}, draw.TriangleGlyph{}, draw.SquareGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{}}
	if strong {
		colours, width, radius, marks = []int{6, 1, 3, 4}, 2.0, 3.2, []draw.GlyphDrawer{draw.CircleGlyph{}, draw.PyramidGlyph{}, draw.BoxGlyph{}}
	}
	colour := palette[pick(colours, n)]
	return draw.LineStyle{Color: colour, Width: vg.Points(width), Dashes: pick(dashes, n+n/len(marks))},
		draw.GlyphStyle{Color: colour, Radius: vg.Points(radius), Shape: pick(marks, n)}
}

// positive are the points of a series that have logarithms.
func positive(s Series) plotter.XYs {
	var out plotter.XYs
	for i := range s.X {
		if s.X[i] > 0 && s.Y[i] > 0 && finite(s.X[i]) && finite(s.Y[i]) {
			out = append(out, plotter.XY{X: s.X[i], Y: s.Y[i]})
		}
	}
	return out
}

// staircase goes from point to point first to the right, then down.
func staircase(pts plotter.XYs) plotter.XYs {
	var out plotter.XYs
	for i, p := range pts {
		if i > 0 {
			out = append(out, plotter.XY{X: p.X, Y: pts[i-1].Y})
		}
		out = append(out, p)
	}
	return out
}
