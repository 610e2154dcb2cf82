package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"ndec.dev/ndec/cmd/ndec/picture"
	"ndec.dev/ndec/ir"
)

const (
	flowTimes  = 60  // points of a path in the plane
	trackTimes = 240 // points of a trajectory
	fieldSide  = 41  // points along a side of a vector field
	areaSide   = 101 // points along a side of a decision boundary
	heatSide   = 81  // points along a side of a density
	mostRows   = 8   // components of a picture of trajectories
)

// site is a solve that the models of a group share.
type site struct {
	group []*ir.Model
	solve int
}

func (s site) of() *ir.Solve { return s.group[0].Solves[s.solve] }

// sites are the solves with at least so many components whose models can be started.
func (p *artist) sites(least int) ([]site, error) {
	if err := p.needModels(); err != nil {
		return nil, err
	}
	var out []site
	var reason error
	for _, g := range p.groups {
		for k, s := range g[0].Solves {
			n := len(componentsOf(s))
			if n < least {
				reason = fmt.Errorf("system %s of model %s has %s, which is fewer than %d", s.System, g[0].Name, count(n, "component"), least)
				continue
			}
			if err := p.hasPoints(g[0]); err != nil {
				reason = err
				continue
			}
			out = append(out, site{g, k})
		}
	}
	if len(out) == 0 && reason == nil {
		reason = errors.New("no model solves a system")
	}
	if len(out) > 0 {
		reason = nil
	}
	return out, reason
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// axesOf chooses two components: those named, or a state and its velocity in a second-order system if
// that is asked for, or the first two.
func (p *artist) axesOf(s *ir.Solve, phase bool) (axes [2]component, err error) {
	all := componentsOf(s)
	if len(p.flags.axes) == 2 {
		for i, name := range p.flags.axes {
			k := slices.IndexFunc(all, func(c component) bool { return c.name == strings.TrimSpace(name) })
			if k < 0 {
				var names []string
				for _, c := range all {
					names = append(names, c.name)
				}
				return axes, problems(fmt.Errorf("system %s has no component %q; --axes takes two of %s", s.System, name, strings.Join(names, ", ")))
			}
			axes[i] = all[k]
		}
		return axes, nil
	}
	axes = [2]component{all[0], all[1]}
	if second := slices.IndexFunc(all, func(c component) bool { return c.state != all[0].state }); phase && second > 0 && sameSize(s) {
		axes[1] = all[second]
	}
	return axes, nil
}

// sameSize reports whether the first two states have the same shape, as position and velocity do.
func sameSize(s *ir.Solve) bool {
	return len(s.States) > 1 && s.States[0].Type.Equal(s.States[1].Type)
}

func names(axes [2]component) [2]string { return [2]string{axes[0].name, axes[1].name} }

// others says which components are not shown.
func others(s *ir.Solve) []string {
	if n := len(componentsOf(s)); n > 2 {
		return []string{fmt.Sprintf("Two of %d components of %s are shown; --axes chooses others.", n, s.System)}
	}
	return nil
}

// planes are the paths of two components for each model of a site.
func (p *artist) planes(at site, r *rows, axes [2]component) (planes []picture.Plane, notes []string, err error) {
	for _, m := range at.group {
		w, err := p.waysOf(m, at.solve, r, flowTimes)
		if err != nil {
			return nil, nil, err
		}
		title, err := p.caption(m, at.solve, r)
		if err != nil {
			return nil, nil, err
		}
		planes = append(planes, picture.Plane{Title: title, Paths: w.plane(r, m.Solves[at.solve], axes)})
		notes = append(notes, w.note(m)...)
	}
	return planes, notes, nil
}

func fitsPlane(p *artist) error { _, err := p.sites(2); return err }

// drawPlanes draws a picture of paths per site.
func (p *artist) drawPlanes(kind string, draw func(at site, axes [2]string, classes []string, planes []picture.Plane) *picture.Figure) ([]drawing, error) {
	sites, err := p.sites(2)
	if err != nil {
		return nil, err
	}
	var out []drawing
	for _, at := range sites {
		axes, err := p.axesOf(at.of(), false)
		if err != nil {
			return nil, err
		}
		r, err := p.rowsFor(at.group[0], p.points)
		if err != nil {
			return nil, err
		}
		planes, notes, err := p.planes(at, r, axes)
		if err != nil {
			return nil, err
		}
		f := draw(at, names(axes), r.classNames(), planes)
		f.Notes = append(f.Notes, others(at.of())...)
		out = append(out, drawing{p.fileName(kind, at.group, at.solve), f, notes})
	}
	return out, nil
}

func drawFlow(p *artist) ([]drawing, error) {
	return p.drawPlanes("flow", func(at site, axes [2]string, classes []string, planes []picture.Plane) *picture.Figure {
		return picture.Flow(fmt.Sprintf("%s: %s through depth", at.of().System, count(len(planes[0].Paths), "point")), axes, classes, planes)
	})
}

func drawDepth(p *artist) ([]drawing, error) {
	return p.drawPlanes("depth", func(at site, axes [2]string, classes []string, planes []picture.Plane) *picture.Figure {
		return picture.Depth(at.of().System+": paths through depth", "t", axes, classes, planes)
	})
}

func fitsTrajectory(p *artist) error { _, err := p.sites(1); return err }

func drawTrajectories(p *artist) ([]drawing, error) {
	sites, err := p.sites(1)
	if err != nil {
		return nil, err
	}
	var out []drawing
	for _, at := range sites {
		r, err := p.rowsFor(at.group[0], p.points)
		if err != nil {
			return nil, err
		}
		all := componentsOf(at.of())
		var labels, notes []string
		for _, c := range all[:min(len(all), mostRows)] {
			labels = append(labels, c.name)
		}
		if len(all) > mostRows {
			notes = append(notes, fmt.Sprintf("The first %d of %d components are shown.", mostRows, len(all)))
		}
		var models []picture.Tracks
		for _, m := range at.group {
			w, err := p.waysOf(m, at.solve, r, trackTimes)
			if err != nil {
				return nil, err
			}
			title, err := p.caption(m, at.solve, r)
			if err != nil {
				return nil, err
			}
			notes = append(notes, w.note(m)...)
			tracks := picture.Tracks{Title: title}
			for row := range w.x {
				t := picture.Track{T: w.t[row]}
				for _, c := range all[:len(labels)] {
					t.Y = append(t.Y, w.along(row, m.Solves[at.solve], c))
				}
				tracks.Samples = append(tracks.Samples, t)
			}
			models = append(models, tracks)
		}
		f := picture.Trajectories(at.of().System+": states along time", "t", labels, models)
		out = append(out, drawing{p.fileName("trajectory", at.group, at.solve), f, notes})
	}
	return out, nil
}

func fitsField(p *artist) error { _, err := p.sites(1); return err }

// drawField draws the field at three times, or once where it does not depend on time. Of a system with one
// component the plane is that of time and state.
func drawField(p *artist) ([]drawing, error) {
	sites, err := p.sites(1)
	if err != nil {
		return nil, err
	}
	var out []drawing
	for _, at := range sites {
		m, s := at.group[0], at.of()
		r, err := p.rowsFor(m, p.points)
		if err != nil {
			return nil, err
		}
		w, err := p.waysOf(m, at.solve, r, flowTimes)
		if err != nil {
			return nil, err
		}
		t0, t1 := w.t[0][0], w.t[0][flowTimes-1]
		var f *picture.Figure
		title := s.System + ": vector field"
		if all := componentsOf(s); len(all) == 1 {
			g, err := p.timeGrid(at, r, w, all[0])
			if err != nil {
				return nil, err
			}
			f = picture.Field(title, [2]string{"t", all[0].name}, nil, []picture.Slice{{Grid: g}})
		} else {
			axes, err := p.axesOf(s, true)
			if err != nil {
				return nil, err
			}
			win := picture.WindowOf([]picture.Plane{{Paths: w.plane(r, s, axes)}})
			var slices []picture.Slice
			for _, t := range []float64{t0, (t0 + t1) / 2, t1} {
				g, err := p.planeGrid(at, r, w, axes, win, t)
				if err != nil {
					return nil, err
				}
				slices = append(slices, picture.Slice{Title: fmt.Sprintf("t = %.4g", t), Grid: g})
			}
			if sameField(slices[0].Grid, slices[1].Grid) && sameField(slices[0].Grid, slices[2].Grid) {
				slices = slices[:1]
				slices[0].Title = ""
			}
			f = picture.Field(title, names(axes), nil, slices)
			f.Notes = append(f.Notes, held(s)...)
		}
		f.Notes = append(f.Notes, ofFirst(s)...)
		out = append(out, drawing{p.fileName("field", at.group, at.solve), f, w.note(m)})
	}
	return out, nil
}

// held says where the field of more than two components is cut.
func held(s *ir.Solve) []string {
	if n := len(componentsOf(s)); n > 2 {
		return []string{fmt.Sprintf("The other %s of %s stay where the first sample starts; --axes chooses others.", count(n-2, "component"), s.System)}
	}
	return nil
}

// ofFirst says that contexts and start values are those of one sample.
func ofFirst(s *ir.Solve) []string {
	if len(s.Extras) > 0 {
		return []string{"The field depends on the sample; it is that of the first one."}
	}
	return nil
}

func sameField(a, b picture.Grid) bool {
	same := func(x, y [][]float64) bool {
		return slices.EqualFunc(x, y, func(p, q []float64) bool {
			return slices.EqualFunc(p, q, func(u, v float64) bool { return u == v || u != u && v != v })
		})
	}
	return same(a.U, b.U) && same(a.V, b.V)
}

// planeGrid is the field of two components on a grid at time t. All others stay where the first sample starts.
func (p *artist) planeGrid(at site, r *rows, w *ways, axes [2]component, win picture.Window, t float64) (picture.Grid, error) {
	s := at.of()
	g := picture.Grid{X: rule(win.X0, win.X1, fieldSide), Y: rule(win.Y0, win.Y1, fieldSide)}
	n := fieldSide * fieldSide
	times := make([]float64, n)
	states := make([][]float64, len(s.States))
	for i, st := range s.States {
		width := st.Type.Len()
		for range n {
			states[i] = append(states[i], w.x[0][i][:width]...)
		}
	}
	for j, y := range g.Y {
		for i, x := range g.X {
			k := j*fieldSide + i
			times[k] = t
			for d, v := range [2]float64{x, y} {
				c := axes[d]
				states[c.state][k*s.States[c.state].Type.Len()+c.elem] = v
			}
		}
	}
	dx, err := p.fieldAt(at.group[0], at.solve, r, times, states)
	if err != nil {
		return g, err
	}
	for j := range g.Y {
		var u, v []float64
		for i := range g.X {
			k := j*fieldSide + i
			u = append(u, dx[axes[0].state][k*s.States[axes[0].state].Type.Len()+axes[0].elem])
			v = append(v, dx[axes[1].state][k*s.States[axes[1].state].Type.Len()+axes[1].elem])
		}
		g.U, g.V = append(g.U, u), append(g.V, v)
	}
	return g, nil
}

// timeGrid is the field (1, dx/dt) of a system with one component over time and state.
func (p *artist) timeGrid(at site, r *rows, w *ways, c component) (picture.Grid, error) {
	s := at.of()
	var paths []picture.Path
	for row := range w.x {
		paths = append(paths, picture.Path{X: w.t[row], Y: w.along(row, s, c)})
	}
	win := picture.WindowOf([]picture.Plane{{Paths: paths}})
	first := w.t[0]
	g := picture.Grid{X: rule(min(first[0], first[len(first)-1]), max(first[0], first[len(first)-1]), fieldSide), Y: rule(win.Y0, win.Y1, fieldSide)}
	var times []float64
	states := make([][]float64, len(s.States))
	for _, y := range g.Y {
		for _, t := range g.X {
			times = append(times, t)
			for i := range s.States {
				v := w.x[0][i][0]
				if i == c.state {
					v = y
				}
				states[i] = append(states[i], v)
			}
		}
	}
	dx, err := p.fieldAt(at.group[0], at.solve, r, times, states)
	if err != nil {
		return g, err
	}
	for j := range g.Y {
		ones := make([]float64, fieldSide)
		for i := range ones {
			ones[i] = 1
		}
		g.U, g.V = append(g.U, ones), append(g.V, dx[c.state][j*fieldSide:(j+1)*fieldSide])
	}
	return g, nil
}

// rule is n numbers from a to b.
func rule(a, b float64, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = a + (b-a)*float64(i)/float64(n-1)
	}
	return out
}

// fitsPhase wants two components, or two states of one shape: position and velocity.
func fitsPhase(p *artist) error {
	_, err := p.phaseSites()
	return err
}

func (p *artist) phaseSites() ([]site, error) {
	sites, err := p.sites(2)
	if err != nil {
		return nil, err
	}
	var reason error
	sites = slices.DeleteFunc(sites, func(at site) bool {
		s := at.of()
		if len(componentsOf(s)) == 2 || sameSize(s) || len(p.flags.axes) == 2 {
			return false
		}
		reason = fmt.Errorf("system %s has %d components and no two states of one shape; choose two with --axes", s.System, len(componentsOf(s)))
		return true
	})
	if len(sites) > 0 {
		reason = nil
	}
	return sites, reason
}

func drawPhase(p *artist) ([]drawing, error) {
	sites, err := p.phaseSites()
	if err != nil {
		return nil, err
	}
	var out []drawing
	for _, at := range sites {
		s := at.of()
		axes, err := p.axesOf(s, true)
		if err != nil {
			return nil, err
		}
		r, err := p.rowsFor(at.group[0], p.points)
		if err != nil {
			return nil, err
		}
		planes, notes, err := p.planes(at, r, axes)
		if err != nil {
			return nil, err
		}
		win := picture.WindowOf(planes)
		w, err := p.waysOf(at.group[0], at.solve, r, flowTimes)
		if err != nil {
			return nil, err
		}
		g, err := p.planeGrid(at, r, w, axes, win, w.t[0][0])
		if err != nil {
			return nil, err
		}
		var slices []picture.Slice
		for _, pl := range planes {
			slices = append(slices, picture.Slice{Title: pl.Title, Grid: g, Paths: pl.Paths})
		}
		f := picture.Field(s.System+": phase plane", names(axes), r.classNames(), slices)
		f.Notes = append(append(f.Notes, held(s)...), ofFirst(s)...)
		if later, err := p.planeGrid(at, r, w, axes, win, w.t[0][flowTimes-1]); err == nil && !sameField(g, later) {
			f.Notes = append(f.Notes, fmt.Sprintf("The field depends on time; it is that at t = %.4g.", w.t[0][0]))
		}
		out = append(out, drawing{p.fileName("phase", at.group, at.solve), f, notes})
	}
	return out, nil
}

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
	if d, err := p.dataFor(m); err == nil && p.flags.in == "" {
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
		r, err := p.rowsFor(at.group[0], p.points)
		if err != nil {
			return nil, err
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
		f := picture.Density(s.System+": density of points", names(axes), "density", heats)
		f.Notes = append(f.Notes, others(s)...)
		out = append(out, drawing{p.fileName("density", at.group, at.solve), f, notes})
	}
	return out, nil
}
