// Package pareto compares solvers by what they cost and how far from the truth they end: the front of each
// cost, and in words where a hypersolver pays and where a classical solver of no more cost is better.
package pareto

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Axis is what a solver costs for a sample.
type Axis int

// Axes.
const (
	Evaluations  Axis = iota // of the field
	MultiplyAdds             // of matrix products, those of hypersolver networks included
	Time                     // seconds
	NumAxes
)

var axes = [NumAxes]struct{ key, name string }{{"nfe", "evaluations"}, {"multiply_adds", "multiply-adds"}, {"time", "time"}}

// String is the name of the axis for people.
func (a Axis) String() string { return axes[a].name }

// Key is its name in JSON.
func (a Axis) Key() string { return axes[a].key }

// Kind says where a solver comes from.
type Kind int

// Kinds.
const (
	Classical   Kind = iota // one of those that everything is compared with
	Declared                // a solver of the package
	Hypersolver             // one of the package
)

var kinds = [...]string{"classical", "declared", "hypersolver"}

func (k Kind) String() string { return kinds[k] }

// Point is a solver with a setting, measured over some samples.
type Point struct {
	Solver  string // "rk4", "HyperTiny"
	Setting string // "steps: 4", "tol: 1e-5"; "" where it is measured as it is declared
	Kind    Kind
	Cost    [NumAxes]float64 // means (the time: the least of all rounds) over the samples that were solved
	Error   float64          // median over the samples; NaN where none was solved
	Failed  int              // samples that were not solved
}

// Name is the solver with its setting, as in a program.
func (p *Point) Name() string {
	switch tol, ok := strings.CutPrefix(p.Setting, "tol: "); {
	case p.Setting == "":
		return p.Solver
	case ok:
		return p.Solver + " at " + tol
	}
	return fmt.Sprintf("%s{%s}", p.Solver, p.Setting)
}

// whole reports whether a point may stand on a front: every sample was solved.
func (p *Point) whole() bool { return p.Failed == 0 && !math.IsNaN(p.Error) && !math.IsInf(p.Error, 0) }

// Front gives the indices of the points that no other one beats, in the order of their cost: another one
// would cost no more and have no greater error, and be better in one of the two. Of points that are
// equal in both the first stands for all.
func Front(points []Point, axis Axis) []int {
	var order []int
	for i := range points {
		if points[i].whole() {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		a, b := &points[i], &points[j]
		return cmp.Or(cmp.Compare(a.Cost[axis], b.Cost[axis]), cmp.Compare(a.Error, b.Error))
	})
	var front []int
	least := math.Inf(1)
	for _, i := range order {
		if points[i].Error < least {
			least = points[i].Error
			front = append(front, i)
		}
	}
	return front
}

// rival is the point with the least error among those without a hypersolver that cost at most so much; nil
// if there is none.
func rival(points []Point, axis Axis, cost float64) *Point {
	var best *Point
	for i := range points {
		p := &points[i]
		if p.Kind == Hypersolver || !p.whole() || p.Cost[axis] > cost {
			continue
		}
		if best == nil || p.Error < best.Error || p.Error == best.Error && p.Cost[axis] < best.Cost[axis] {
			best = p
		}
	}
	return best
}

// Figure spells a cost for people.
func Figure(axis Axis, x float64) string {
	switch {
	case axis == Time && x < 1e-6:
		return fmt.Sprintf("%.3g ns", x*1e9)
	case axis == Time && x < 1e-3:
		return fmt.Sprintf("%.3g µs", x*1e6)
	case axis == Time && x < 1:
		return fmt.Sprintf("%.3g ms", x*1e3)
	case axis == Time:
		return fmt.Sprintf("%.3g s", x)
	case x >= 1e6:
		return fmt.Sprintf("%.3g million", x/1e6)
	case x >= 1000:
		n := int64(math.Round(x))
		return fmt.Sprintf("%d,%03d", n/1000, n%1000)
	}
	return fmt.Sprintf("%.4g", x)
}
