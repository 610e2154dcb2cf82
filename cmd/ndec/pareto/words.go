package pareto

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Words says who is on the front of each axis, and for every hypersolver where it pays and where not. Axes
// on which nothing costs anything are left out.
func Words(points []Point) []string {
	var out []string
	for axis := range NumAxes {
		if !charged(points, axis) {
			out = append(out, fmt.Sprintf("No solver needs any %s here, so they say nothing about cost.", axis))
			continue
		}
		if text := frontWords(points, axis); text != "" {
			out = append(out, text)
		}
		var done []string
		for i := range points {
			if p := &points[i]; p.Kind == Hypersolver && !slices.Contains(done, p.Solver) {
				done = append(done, p.Solver)
				out = append(out, hyperWords(points, axis, p.Solver)...)
			}
		}
	}
	return out
}

// charged reports whether a cost is above zero anywhere.
func charged(points []Point, axis Axis) bool {
	for i := range points {
		if points[i].Cost[axis] > 0 {
			return true
		}
	}
	return false
}

// frontWords lists the front in the order of cost; neighbours with the same solver are one entry.
func frontWords(points []Point, axis Axis) string {
	front := Front(points, axis)
	var parts []string
	for from := 0; from < len(front); {
		first := &points[front[from]]
		to := from + 1
		for to < len(front) && points[front[to]].Solver == first.Solver {
			to++
		}
		last := &points[front[to-1]]
		span := Figure(axis, first.Cost[axis])
		if to-from > 1 {
			span += " to " + Figure(axis, last.Cost[axis])
		}
		parts = append(parts, fmt.Sprintf("%s (%s)", first.Solver, span))
		from = to
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("On the front by %s: %s.", axis, strings.Join(parts, ", "))
}

// duel is a setting of a hypersolver beside the best that costs no more.
type duel struct {
	p, rival *Point
}

// gain is how many times more accurate the hypersolver is.
func (d *duel) gain() float64 {
	if d.rival == nil {
		return math.Inf(1)
	}
	return d.rival.Error / d.p.Error
}

func (d *duel) pays() bool { return d.gain() > 1 }

// hyperWords says where a hypersolver pays, a sentence for each range of costs, from cheap to dear.
func hyperWords(points []Point, axis Axis, solver string) []string {
	var duels []duel
	failed := 0
	for i := range points {
		p := &points[i]
		if p.Solver != solver {
			continue
		}
		if !p.whole() {
			failed++
			continue
		}
		duels = append(duels, duel{p, rival(points, axis, p.Cost[axis])})
	}
	slices.SortStableFunc(duels, func(a, b duel) int { return cmp.Compare(a.p.Cost[axis], b.p.Cost[axis]) })
	var out []string
	for from := 0; from < len(duels); {
		to := from + 1
		for to < len(duels) && duels[to].pays() == duels[from].pays() {
			to++
		}
		out = append(out, duelWords(duels[from:to], axis, solver))
		from = to
	}
	if failed > 0 && axis == Evaluations {
		out = append(out, fmt.Sprintf("%s fails on some samples in %d of its settings, which are not compared.", solver, failed))
	}
	return out
}

// duelWords is about a run of settings that all pay or all do not.
func duelWords(run []duel, axis Axis, solver string) string {
	lo, hi := run[0].p.Cost[axis], run[len(run)-1].p.Cost[axis]
	where := fmt.Sprintf("at %s", spell(axis, lo))
	if Figure(axis, hi) != Figure(axis, lo) {
		where = fmt.Sprintf("from %s to %s", Figure(axis, lo), spell(axis, hi))
	}
	if !run[0].pays() {
		d := run[0]
		return fmt.Sprintf("%s does not pay %s: %s is better than %s at %s (error %.2g against %.2g).",
			solver, where, d.rival.Name(), d.p.Name(), spell(axis, d.p.Cost[axis]), d.rival.Error, d.p.Error)
	}
	best := -1
	for i := range run {
		if run[i].rival != nil && (best < 0 || run[i].gain() > run[best].gain()) {
			best = i
		}
	}
	if best < 0 {
		return fmt.Sprintf("%s pays %s: no other solver is as cheap.", solver, where)
	}
	d := run[best]
	return fmt.Sprintf("%s pays %s: at %s its error is %s times below that of the best other solver, %s (%.2g against %.2g).",
		solver, where, spell(axis, d.p.Cost[axis]), times(d.gain()), d.rival.Name(), d.p.Error, d.rival.Error)
}

func times(x float64) string {
	if x < 10 {
		return fmt.Sprintf("%.2g", x)
	}
	return fmt.Sprintf("%.0f", x)
}

// spell is a cost with its unit.
func spell(axis Axis, x float64) string {
	if axis == Time {
		return Figure(axis, x)
	}
	text := Figure(axis, x)
	if text == "1" {
		return "1 " + strings.TrimSuffix(axis.String(), "s")
	}
	return text + " " + axis.String()
}
