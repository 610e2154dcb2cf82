package command

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"

	"ndec.dev/ndec/cmd/ndec/picture"
	"ndec.dev/ndec/ir"
)

const (
	areaSide = 101 // points along a side of a decision boundary
	heatSide = 81  // points along a side of a density
	// fewPoints are too few to show a density, unless somebody asks for it.
	fewPoints = 50
)

// planeInputs are the two numbers that a model takes, as input and element.
func planeInputs(m *ir.Model) ([2]string, error) {
	var cells []string
	total := 0
	for _, in := range m.Inputs {
		total += in.Type.Len()
		cells = append(cells, cellNames(in)...)
		if !in.Type.Elem.IsFloat() {
			return [2]string{}, fmt.Errorf("input %s of model %s is no real number", in.Name, m.Name)
		}
	}
	if total != 2 {
		return [2]string{}, fmt.Errorf("model %s takes %s as input, and a plane has 2", m.Name, count(total, "number"))
	}
	return [2]string{cells[0], cells[1]}, nil
}

// planeBatch are the points of a window as a batch: n by n, rows from below.
func planeBatch(m *ir.Model, w picture.Window, n int) (json.RawMessage, error) {
	batch := map[string]any{}
	xs, ys := rule(w.X0, w.X1, n), rule(w.Y0, w.Y1, n)
	point := func(k int) [2]float64 { return [2]float64{xs[k%n], ys[k/n]} }
	at := 0
	for _, in := range m.Inputs {
		width := in.Type.Len()
		var col []any
		for k := range n * n {
			q := point(k)
			if in.Type.IsScalar() {
				col = append(col, q[at])
				continue
			}
			var v any = q[at : at+width]
			for range in.Type.Rank() - 1 { // [1][2]real and the like
				v = []any{v}
			}
			col = append(col, v)
		}
		batch[in.Name] = col
		at += width
	}
	text, err := json.Marshal(batch)
	if err != nil {
		return nil, internal(err)
	}
	return text, nil
}

// inputPoints are the inputs of a model with two numbers, with their classes.
func inputPoints(m *ir.Model, r *rows) ([]picture.Point, error) {
	cells := make([][]float64, r.n)
	for _, in := range m.Inputs {
		for row, raw := range r.columns[in.Name] {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				return nil, internal(err)
			}
			flatten(&cells[row], v)
		}
	}
	var out []picture.Point
	for row, c := range cells {
		out = append(out, picture.Point{X: c[0], Y: c[1], Class: r.class(row)})
	}
	return out, nil
}

func pointWindow(points []picture.Point) picture.Window {
	var paths []picture.Path
	for _, q := range points {
		paths = append(paths, picture.Path{X: []float64{q.X}, Y: []float64{q.Y}})
	}
	w := picture.WindowOf([]picture.Plane{{Paths: paths}})
	dx, dy := (w.X1-w.X0)/12, (w.Y1-w.Y0)/12
	return picture.Window{X0: w.X0 - dx, X1: w.X1 + dx, Y0: w.Y0 - dy, Y1: w.Y1 + dy}
}

// scoreOutput is the output that holds class scores.
func (p *artist) scoreOutput(m *ir.Model) (ir.Port, error) {
	classes := 0
	if d, _, err := p.dataFor(m); err == nil && p.flags.in == "" {
		for _, c := range d.Columns {
			classes = max(classes, c.Classes)
		}
	}
	for _, o := range m.Outputs {
		switch {
		case p.flags.output != "" && o.Name != p.flags.output:
		case o.Type.Rank() == 1 && o.Type.Len() >= 2 && o.Type.Elem.IsFloat() && (classes == 0 && p.flags.output != "" || o.Type.Len() == classes):
			return o, nil
		}
	}
	switch {
	case p.flags.output != "":
		return ir.Port{}, fmt.Errorf("model %s has no output %s with a score per class", m.Name, p.flags.output)
	case classes == 0:
		return ir.Port{}, fmt.Errorf("the data of model %s has no label, so its outputs are no class scores; name them with --output", m.Name)
	}
	return ir.Port{}, fmt.Errorf("no output of model %s has %d scores, one per class", m.Name, classes)
}

// planeGroups are groups of models over a plane with the output that pick finds.
func (p *artist) planeGroups(choose func(*ir.Model) (ir.Port, error)) (groups [][]*ir.Model, outputs []ir.Port, reason error) {
	if err := p.needModels(); err != nil {
		return nil, nil, err
	}
	for _, g := range p.groups {
		_, err := planeInputs(g[0])
		var o ir.Port
		if err == nil {
			o, err = choose(g[0])
		}
		if err == nil {
			err = p.hasPoints(g[0])
		}
		if err != nil {
			reason = err
			continue
		}
		groups, outputs = append(groups, g), append(outputs, o)
	}
	if len(groups) > 0 {
		reason = nil
	}
	return groups, outputs, reason
}

func fitsBoundary(p *artist) error {
	_, _, err := p.planeGroups(p.scoreOutput)
	return err
}

func drawBoundary(p *artist) ([]drawing, error) {
	groups, outputs, err := p.planeGroups(p.scoreOutput)
	if err != nil {
		return nil, err
	}
	var out []drawing
	for i, g := range groups {
		axes, err := planeInputs(g[0])
		if err != nil {
			return nil, err
		}
		r, err := p.rowsFor(g[0], p.points)
		if err != nil {
			return nil, err
		}
		points, err := inputPoints(g[0], r)
		if err != nil {
			return nil, err
		}
		win := pointWindow(points)
		var scores []picture.Scores
		for _, m := range g {
			batch, err := planeBatch(m, win, areaSide)
			if err != nil {
				return nil, err
			}
			values, _, err := p.outputsAt(m, batch, outputs[i])
			if err != nil {
				return nil, err
			}
			title, err := p.caption(m, 0, r)
			if err != nil {
				return nil, err
			}
			scores = append(scores, picture.Scores{Title: title, Window: win, N: areaSide, K: outputs[i].Type.Len(), Values: values, Points: points})
		}
		f := picture.Boundary("Decision boundary", axes, r.classNames(), scores)
		out = append(out, drawing{p.fileName("boundary", g[:1:1], 0), f, nil})
	}
	return out, nil
}

// densityOutput is the output that is a density or its logarithm: the one named, or a scalar whose name says so.
func (p *artist) densityOutput(m *ir.Model) (ir.Port, error) {
	for _, o := range m.Outputs {
		if !o.Type.Elem.IsFloat() || o.Type.Len() != 1 {
			continue
		}
		if o.Name == p.flags.output || p.flags.output == "" && (isLogDensity(o.Name) || isDensity(o.Name)) {
			return o, nil
		}
	}
	if p.flags.output != "" {
		return ir.Port{}, fmt.Errorf("model %s has no output %s of one number", m.Name, p.flags.output)
	}
	return ir.Port{}, fmt.Errorf("model %s has no output named as a density (logp, log_prob, density); name one with --output", m.Name)
}

func isLogDensity(name string) bool {
	name = strings.ToLower(name)
	return name == "lp" || strings.HasPrefix(name, "log")
}

func isDensity(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "density") || name == "prob" || name == "pdf"
}

func fitsDensity(p *artist) error {
	_, _, err := p.planeGroups(p.densityOutput)
	if err == nil || p.flags.output != "" {
		return err
	}
	if _, serr := p.sites(2); serr == nil {
		return nil
	}
	return err
}

// drawDensity draws the densities that models give, or where many points start and end.
func drawDensity(p *artist) ([]drawing, error) {
	groups, outputs, err := p.planeGroups(p.densityOutput)
	if err != nil {
		return drawHistograms(p)
	}
	var out []drawing
	for i, g := range groups {
		axes, err := planeInputs(g[0])
		if err != nil {
			return nil, err
		}
		r, err := p.rowsFor(g[0], p.points)
		if err != nil {
			return nil, err
		}
		points, err := inputPoints(g[0], r)
		if err != nil {
			return nil, err
		}
		win := pointWindow(points)
		heats := []picture.Heat{picture.Histogram(fmt.Sprintf("data, %d points", len(points)), win, points)}
		for _, m := range g {
			batch, err := planeBatch(m, win, heatSide)
			if err != nil {
				return nil, err
			}
			values, _, err := p.outputsAt(m, batch, outputs[i])
			if err != nil {
				return nil, err
			}
			title := fmt.Sprintf("%s: %s", m.Name, outputs[i].Name)
			if isLogDensity(outputs[i].Name) {
				title = fmt.Sprintf("%s: exp(%s)", m.Name, outputs[i].Name)
				for k := range values {
					values[k] = math.Exp(values[k])
				}
			}
			heats = append(heats, picture.Heat{Title: title, Window: win, N: heatSide, Values: values})
		}
		out = append(out, drawing{p.fileName("density", g[:1:1], 0), picture.Density("Density", axes, "density", heats), nil})
	}
	return out, nil
}

func drawHistograms(p *artist) ([]drawing, error) {
	sites, err := p.sites(2)
	if err != nil {
		return nil, err
	}
	var out []drawing
	for _, at := range sites {
		s := at.of()
		axes, err := p.axesOf(s, false)
		if err != nil {
			return nil, err
		}
		r, err := p.rowsFor(at.group[0], p.fewEnough(s, 2))
		if err != nil {
			return nil, err
		}
		if len(p.flags.kinds) == 0 && r.n < fewPoints {
			continue
		}
		var titles []string
		var sets [][]picture.Point
		var notes []string
		for i, m := range at.group {
			w, err := p.waysOf(m, at.solve, r, 2)
			if err != nil {
				return nil, err
			}
			notes = append(notes, w.note(m)...)
			var from, to []picture.Point
			for _, path := range w.plane(r, s, axes) {
				last := len(path.X) - 1
				from = append(from, picture.Point{X: path.X[0], Y: path.Y[0]})
				to = append(to, picture.Point{X: path.X[last], Y: path.Y[last]})
			}
			if i == 0 {
				titles, sets = append(titles, fmt.Sprintf("start, %d points", r.n)), append(sets, from)
			}
			title, err := p.caption(m, at.solve, r)
			if err != nil {
				return nil, err
			}
			titles, sets = append(titles, "end, "+title), append(sets, to)
		}
		// Start and end may be of very different size: each has its window.
		var heats []picture.Heat
		for i, set := range sets {
			win := pointWindow(set)
			if i > 1 {
				win = heats[1].Window
			}
			heats = append(heats, picture.Histogram(titles[i], win, set))
		}
		f := picture.Density(s.System+": density of points", p.labels(s, axes), "density", heats)
		f.Notes = append(f.Notes, others(s)...)
		out = append(out, drawing{p.fileName("density", at.group, at.solve), f, notes})
	}
	return out, nil
}
