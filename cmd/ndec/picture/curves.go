package picture

import (
	"fmt"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Run is what one training logged: a figure of the training steps and, where there was validation, of
// the validation data.
type Run struct {
	Name              string
	Training, Checked Series
}

// smoothFrom is the length from which a curve is drawn pale, with its running mean over it.
const smoothFrom = 400

// Loss draws the loss of runs by step, validation dashed. The axis is logarithmic where all values are
// positive.
func Loss(title string, runs []Run) *Figure {
	p := newPlot("", "step", "loss")
	f := &Figure{Title: title, Rows: [][]*plot.Plot{{p}}, W: 16, H: 10}
	var values []float64
	gaps, smooth := 0, 0
	for _, r := range runs {
		for _, s := range []Series{r.Training, r.Checked} {
			for _, y := range s.Y {
				if finite(y) {
					values = append(values, y)
				} else {
					gaps++
				}
			}
		}
	}
	logAxis(&p.Y, values)
	for i, r := range runs {
		c := pick(palette, i)
		line := draw.LineStyle{Color: c, Width: vg.Points(1.5)}
		mark := draw.GlyphStyle{Color: c, Radius: vg.Points(3), Shape: pick(shapes, i)}
		training := thin(r.Training)
		if n := len(training.X); n >= smoothFrom {
			pale := line
			pale.Color, pale.Width = faint(c, 0.25), vg.Points(0.6)
			addLines(p, training.X, training.Y, pale)
			smooth = n/100 | 1
			training.Y = runningMean(training.Y, smooth)
		}
		addLines(p, training.X, training.Y, line)
		// Markers stand at other places on each curve, so that curves which coincide can be seen.
		addPoints(p, some(training, 6, i), mark)
		name := r.Name
		if len(r.Checked.X) > 0 {
			name += ", training"
		}
		f.Legend = append(f.Legend, lineEntry(name, line, &mark))
		if len(r.Checked.X) > 0 {
			checked := thin(r.Checked)
			dashed := line
			dashed.Dashes = dashes[1]
			addLines(p, checked.X, checked.Y, dashed)
			open := mark
			open.Shape = pick(hollow, i)
			addPoints(p, some(checked, 6, i), open)
			f.Legend = append(f.Legend, lineEntry(r.Name+", validation", dashed, &open))
		}
	}
	if smooth > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("Pale: every step; strong: mean over %d logged steps.", smooth))
	}
	if gaps > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d values are not finite and left out.", gaps))
	}
	if len(values) == 0 {
		f.Notes = append(f.Notes, "There is nothing to draw: no step was logged.")
	}
	return f
}

// logAxis makes an axis logarithmic where all values are positive, and gives a flat curve room.
func logAxis(a *plot.Axis, values []float64) {
	if len(values) == 0 {
		return
	}
	lo, hi := values[0], values[0]
	for _, v := range values {
		lo, hi = min(lo, v), max(hi, v)
	}
	if lo <= 0 {
		return
	}
	a.Scale = plot.LogScale{}
	a.Tick.Marker = logTicks{}
	if hi < 1.3*lo {
		lo, hi = lo/1.5, hi*1.5
	}
	a.Min, a.Max = lo, hi
}

// thin keeps the least and the greatest value of every stretch of a long curve: the picture is the same
// and the file small.
func thin(s Series) Series {
	const most = 2000
	n := min(len(s.X), len(s.Y))
	if n <= most {
		return Series{s.Name, s.X[:n], s.Y[:n]}
	}
	out := Series{Name: s.Name}
	for b := 0; b < most/2; b++ {
		lo, hi := b*n/(most/2), (b+1)*n/(most/2)
		least, greatest := lo, lo
		for k := lo; k < hi; k++ {
			if s.Y[k] < s.Y[least] {
				least = k
			}
			if s.Y[k] > s.Y[greatest] || !finite(s.Y[k]) {
				greatest = k
			}
		}
		for _, k := range []int{min(least, greatest), max(least, greatest)} {
			out.X, out.Y = append(out.X, s.X[k]), append(out.Y, s.Y[k])
		}
	}
	return out
}

// runningMean is the mean over windows of w values, shorter at the ends.
func runningMean(ys []float64, w int) []float64 {
	out := make([]float64, len(ys))
	for i := range ys {
		sum, n := 0.0, 0
		for k := max(0, i-w/2); k <= min(len(ys)-1, i+w/2); k++ {
			if finite(ys[k]) {
				sum, n = sum+ys[k], n+1
			}
		}
		out[i] = ys[i]
		if n > 0 && finite(ys[i]) {
			out[i] = sum / float64(n)
		}
	}
	return out
}

// some is at most n points of a curve, shifted by its number.
func some(s Series, n, shift int) plotter.XYs {
	var out plotter.XYs
	m := min(len(s.X), len(s.Y))
	n = min(n, m)
	for k := range n {
		i := (5*k + 1 + shift%5) * m / (5 * n)
		i = min(i, m-1)
		out = append(out, plotter.XY{X: s.X[i], Y: s.Y[i]})
	}
	return out
}

// Track is one sample along time: the values of each component.
type Track struct {
	T []float64
	Y [][]float64 // by component and time
}

// Tracks are the samples of one model.
type Tracks struct {
	Title   string
	Samples []Track
}

// Trajectories draws states against time: a row per component, a column per model.
func Trajectories(title, time string, components []string, models []Tracks) *Figure {
	f := &Figure{Title: title}
	f.W, f.H = []float64{15, 10.5, 8.5}[min(len(models), 3)-1], 4.6
	if len(components) == 1 {
		f.H = 8
	}
	for c, name := range components {
		var row []*plot.Plot
		lo, hi := span(func(yield func(float64)) {
			for _, m := range models {
				for _, s := range m.Samples {
					for _, y := range s.Y[c] {
						yield(y)
					}
				}
			}
		})
		for i, m := range models {
			p := newPlot("", "", "")
			if c == 0 {
				p.Title.Text = m.Title
			}
			if i == 0 {
				p.Y.Label.Text = name
			} else {
				p.Y.Tick.Marker = bare{p.Y.Tick.Marker}
			}
			if c == len(components)-1 {
				p.X.Label.Text = time
			} else {
				p.X.Tick.Marker = bare{p.X.Tick.Marker}
			}
			for k, s := range m.Samples {
				col := pick(palette, k)
				addLines(p, s.T, s.Y[c], draw.LineStyle{Color: col, Width: vg.Points(1.2), Dashes: pick(dashes, k)})
				addPoints(p, some(Series{X: s.T, Y: s.Y[c]}, 4, k), draw.GlyphStyle{Color: col, Radius: vg.Points(2.2), Shape: pick(shapes, k)})
			}
			p.Y.Min, p.Y.Max = lo, hi
			row = append(row, p)
		}
		f.Rows = append(f.Rows, row)
	}
	for k := range models[0].Samples {
		col := pick(palette, k)
		f.Legend = append(f.Legend, lineEntry(fmt.Sprintf("sample %d", k), draw.LineStyle{Color: col, Width: vg.Points(1.2), Dashes: pick(dashes, k)},
			&draw.GlyphStyle{Color: col, Radius: vg.Points(2.2), Shape: pick(shapes, k)}))
	}
	return f
}
