package command

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/cmd/ndec/picture"
	"ndec.dev/ndec/ir"
)

// fieldSide is the number of points along a side of a vector field.
const fieldSide = 61

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
		r, err := p.rowsFor(m, p.fewEnough(s, flowTimes))
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
			f = picture.Field(title, [2]string{p.timeLabel(s), p.label(s, all[0])}, nil, []picture.Slice{{Grid: g}})
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
				slices = append(slices, picture.Slice{Title: fmt.Sprintf("%s = %.4g", p.timeLabel(s), t), Grid: g})
			}
			if sameField(slices[0].Grid, slices[1].Grid) && sameField(slices[0].Grid, slices[2].Grid) {
				slices = slices[:1]
				slices[0].Title = ""
			}
			f = picture.Field(title, p.labels(s, axes), nil, slices)
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
		r, err := p.rowsFor(at.group[0], p.fewEnough(s, flowTimes))
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
		f := picture.Field(s.System+": phase plane", p.labels(s, axes), r.classNames(), slices)
		f.Notes = append(append(f.Notes, held(s)...), ofFirst(s)...)
		if later, err := p.planeGrid(at, r, w, axes, win, w.t[0][flowTimes-1]); err == nil && !sameField(g, later) {
			f.Notes = append(f.Notes, fmt.Sprintf("The field depends on time; it is that at t = %.4g.", w.t[0][0]))
		}
		out = append(out, drawing{p.fileName("phase", at.group, at.solve), f, notes})
	}
	return out, nil
}
