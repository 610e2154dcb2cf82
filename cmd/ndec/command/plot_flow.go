package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/cmd/ndec/picture"
	"ndec.dev/ndec/ir"
)

const (
	flowTimes  = 60  // points of a path in the plane
	trackTimes = 240 // points of a trajectory
	mostRows   = 8   // components of a picture of trajectories
	wide       = 64  // components that are drawn only when somebody asks for it
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
			if p.narrow && n > wide {
				reason = fmt.Errorf("system %s has %d components, of which a picture shows few; --kind draws it anyway", s.System, n)
				continue
			}
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
				const most = 12
				var names []string
				for _, c := range all[:min(len(all), most)] {
					names = append(names, c.name)
				}
				if len(all) > most {
					names = append(names, "… "+all[len(all)-1].name)
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

// label is the name of a component with the unit that the source gives it.
func (p *artist) label(s *ir.Solve, c component) string {
	if unit := p.units[s.System][s.States[c.state].Name]; unit != "" {
		return fmt.Sprintf("%s [%s]", c.name, unit)
	}
	return c.name
}

func (p *artist) labels(s *ir.Solve, axes [2]component) [2]string {
	return [2]string{p.label(s, axes[0]), p.label(s, axes[1])}
}

// timeLabel is that of the time axis: where a state has a unit, time is in seconds.
func (p *artist) timeLabel(s *ir.Solve) string {
	if len(p.units[s.System]) > 0 {
		return "t [s]"
	}
	return "t"
}

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
		r, err := p.rowsFor(at.group[0], p.fewEnough(at.of(), flowTimes))
		if err != nil {
			return nil, err
		}
		planes, notes, err := p.planes(at, r, axes)
		if err != nil {
			return nil, err
		}
		f := draw(at, p.labels(at.of(), axes), r.classNames(), planes)
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
		return picture.Depth(at.of().System+": paths through depth", p.timeLabel(at.of()), axes, classes, planes)
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
		r, err := p.rowsFor(at.group[0], p.fewEnough(at.of(), trackTimes))
		if err != nil {
			return nil, err
		}
		all := componentsOf(at.of())
		if len(p.flags.axes) > 0 {
			axes, err := p.axesOf(at.of(), false)
			if err != nil {
				return nil, err
			}
			all = axes[:]
		}
		var labels, notes []string
		for _, c := range all[:min(len(all), mostRows)] {
			labels = append(labels, p.label(at.of(), c))
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
		f := picture.Trajectories(at.of().System+": states along time", p.timeLabel(at.of()), labels, models)
		out = append(out, drawing{p.fileName("trajectory", at.group, at.solve), f, notes})
	}
	return out, nil
}
