package codegen

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Statistics of solves travel in an array st of which every solve of a function has a place, and so has
// every solve of what it calls. Loops join those of their runs.

// slots are the bounds of the places of v, a node that runs functions with solves.
func (fn *function) slots(v *ir.Value) (lo, hi int) {
	lo, ok := fn.f.Slots[v]
	if !ok {
		return 0, 0
	}
	return lo, lo + fn.e.plan.Slots(v)
}

// statistics is the argument by which a call gets its places.
func (fn *function) statistics(v *ir.Value) string {
	lo, hi := fn.slots(v)
	if lo == 0 && hi == fn.f.Needs.Stats {
		return "st"
	}
	return fmt.Sprintf("(*[%d]rt.SolveStats)(st[%d:%d])", hi-lo, lo, hi)
}

// clearStatistics readies the places of a loop.
func (fn *function) clearStatistics(v *ir.Value) {
	if lo, hi := fn.slots(v); hi > lo {
		fn.p.line("clear(st[%d:%d])", lo, hi)
	}
}

// runStatistics declares the statistics of one run of a loop, and gives their name; "" where there are
// none.
func (fn *function) runStatistics(callee *plan.Func) string {
	n := callee.Needs.Stats
	if n == 0 {
		return ""
	}
	name := fn.s.pick("run")
	fn.p.line("var %s [%d]rt.SolveStats", name, n)
	return name
}

// joinStatistics adds the statistics of a run, whose number from 1 is given, to those of loop v.
func (fn *function) joinStatistics(v *ir.Value, callee *plan.Func, stats, run string) {
	if stats != "" {
		lo := fn.f.Slots[v]
		fn.p.line("rt.JoinStats(st[%d:%d], %s[:], %s)", lo, lo+callee.Needs.Stats, stats, run)
	}
}

// stopAfter is stopFailed for all places of v.
func (fn *function) stopAfter(v *ir.Value) {
	if lo, hi := fn.slots(v); hi > lo && fn.f.Needs.Accum {
		fn.stopFailed(fmt.Sprintf("rt.Failed(st[%d:%d])", lo, hi))
	}
}

// site is a place among the statistics of a function: a solve, or the guard of a loop.
type site struct {
	value *ir.Value  // that fills the place
	in    *plan.Func // where it stands
	loop  string     // what a run is called, "" outside loops
}

// slotSites lists the places of the statistics that f leaves.
func (e *emitter) slotSites(f *plan.Func, loop string) []site {
	nodes := slices.Collect(maps.Keys(f.Slots))
	slices.SortFunc(nodes, func(a, b *ir.Value) int { return f.Slots[a] - f.Slots[b] })
	var out []site
	for _, v := range nodes {
		switch v.Op {
		case ir.OpSolve:
			out = append(out, site{v, f, loop})
		case ir.OpCall:
			out = append(out, e.slotSites(e.plan.Of(v.Attr.Func), loop)...)
		case ir.OpMap:
			out = append(out, e.slotSites(e.plan.Of(v.Attr.Map.Fn), runName(v))...)
		case ir.OpScan:
			out = append(out, e.slotSites(e.plan.Of(v.Attr.Scan.Fn), runName(v))...)
			if v.Attr.Scan.Guard {
				out = append(out, site{v, f, runName(v)})
			}
		case ir.OpRev:
			out = append(out, e.slotSites(e.plan.Of(v.Attr.Rev.StepVJP), "stretch")...)
		}
	}
	return out
}

// siteList spells the places of the statistics of f, a function of a model or recipe with the given
// solves. Others belong to the way back of a gradient.
func (e *emitter) siteList(own []*ir.Solve, f *plan.Func) []string {
	named := map[string]bool{}
	for _, s := range own {
		named[s.Name] = true
	}
	var out []string
	for _, s := range e.slotSites(f, "") {
		fields := fmt.Sprintf("Where: %q", s.value.Span.String())
		if s.value.Op == ir.OpSolve {
			solve := s.value.Attr.Solve
			fields = fmt.Sprintf("Where: %q, Solve: %q", solve.Span.String(), solve.System)
			if !named[strings.TrimSuffix(solve.Name, ".rec")] {
				fields += ", Back: true"
			}
		}
		if s.loop != "" {
			fields += fmt.Sprintf(", Loop: %q", s.loop)
		}
		out = append(out, "{"+fields+"}")
	}
	return out
}

// runName is what a run of a loop is called in errors.
func runName(v *ir.Value) string {
	if v.Name != "" {
		return v.Name
	}
	return "run"
}
