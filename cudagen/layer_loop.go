package cudagen

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Maps and scans, layer by layer: the kernels of their function are started for one run after the other. A slice of an array along its leading
// axis is a place within it, so that nothing is copied; what a scan hands on goes from one of two places to the other. Where the function solves, its
// statistics are joined to those of the loop after each run.

// loopOf is a map or a scan.
type loopOf struct {
	fn               *ir.Func
	n, carry, mapped int
	back, guard      bool
}

func loopIn(v *ir.Value) loopOf {
	if v.Op == ir.OpMap {
		m := v.Attr.Map
		return loopOf{fn: m.Fn, n: m.N, mapped: m.Mapped}
	}
	s := v.Attr.Scan
	return loopOf{fn: s.Fn, n: s.N, carry: s.Carry, mapped: s.Mapped, back: s.Back, guard: s.Guard}
}

// mostListed bounds the launches of a loop: each is a line of the Go file that starts them.
const mostListed = 4096

// listed is about the number of launches of l.
func (e *emitter) listed(l *layerFunc) (n int) {
	for _, p := range l.pieces {
		switch p.kind {
		case byCall:
			n += e.listed(e.layerFuncs[p.whole.Attr.Func])
		case byLoop:
			lp := loopIn(p.whole)
			n += lp.n * (1 + e.listed(e.layerFuncs[lp.fn]))
		default:
			n++
		}
	}
	return n
}

// runKernels are the kernels around the runs of a loop; nil where there is nothing to do.
type runKernels struct {
	begin, join, guard *solveKernel
	stats              []int // results of a run that are statistics of it
}

// layerRuns prints the kernels of the loop v of l.
func (e *emitter) layerRuns(l *layerFunc, v *ir.Value) {
	if e.layerRunsOf[v] != nil {
		return
	}
	lp, p := loopIn(v), e.p
	callee := e.plan.Of(lp.fn)
	k := &runKernels{}
	e.layerRunsOf[v] = k
	e.layerKernels(e.layerFuncs[lp.fn])
	open := func(what, doc string, refs []address) *solveKernel {
		return e.openKernel(e.global.pick(e.funcs[l.fn.f.IR]+"_"+what), doc, 1, refs)
	}
	st := address{param: "ndec_stats *st_at", find: "st"}
	if n := callee.Needs.Stats; n > 0 {
		k.begin = open("runs_begin", "no run of "+clean(lp.fn.Name)+" has been made", append(intAddress("runs"), st))
		p.line("if (s >= n) return;")
		p.line("for (int i = 0; i < %d; i++) st_at[i * n + s].start(0);", n)
		p.line("runs_at[s] = 0;")
		p.line("}")
		p.line("")
		refs := append(intAddress("runs"), st, address{param: "const ndec_stats *run_at", find: "run"})
		for i, r := range lp.fn.Results {
			if pl := callee.Places[r]; callee.Sums[i] == nil && pl != nil && pl.Kind == plan.Stat {
				refs = append(refs, address{param: fmt.Sprintf("%s *result%d_at", e.elem(r.Type.Elem), i), find: fmt.Sprintf("result%d", i)})
				k.stats = append(k.stats, i)
			}
		}
		if l.fn.f.Needs.Accum {
			refs = append(refs, intAddress("counts")...)
		}
		k.join = open("runs_join", "statistics of a run of "+clean(lp.fn.Name)+" are those of the loop as well", refs)
		p.line("if (s >= n) return;")
		number := "++runs_at[s]"
		if lp.back {
			number = fmt.Sprintf("%d - runs_at[s]++", lp.n)
		}
		p.line("int number = %s;", number)
		p.line("for (int i = 0; i < %d; i++) st_at[i * n + s].join(run_at[i * n + s], number);", n)
		if l.fn.f.Needs.Accum { // a sample that has failed has no part in a gradient
			p.line("for (int i = 0; i < %d; i++)", n)
			p.line("\tif (st_at[i * n + s].failed()) counts_at[s] = false;")
		}
		for _, i := range k.stats {
			pl := callee.Places[lp.fn.Results[i]]
			p.line("result%d_at[s] = %s;", i, statistic(&plan.Place{Index: pl.Index}, fmt.Sprintf("(run_at + %d * n + s)", pl.Solve)))
		}
		p.line("}")
		p.line("")
	}
	if lp.guard {
		refs := []address{st, {param: "const int *failed_at", find: "failed"}}
		if l.fn.f.Needs.Accum {
			refs = append(refs, intAddress("counts")...)
		}
		k.guard = open("guard", "a run that is no number has failed", refs)
		p.line("if (s >= n || failed_at[s] == 0) return;")
		p.line("st_at[s].status = NDEC_NON_FINITE;")
		p.line("st_at[s].run = failed_at[s];")
		if l.fn.f.Needs.Accum {
			p.line("counts_at[s] = false;")
		}
		p.line("}")
		p.line("")
	}
}

// loop appends the launches of the runs of v to a part, and to those of solves.
func (r *layerRun) loop(to *LayerPart, l *layerFunc, v *ir.Value, in, out []int) *LayerPart {
	e, lp := r.e, loopIn(v)
	k, callee := e.layerRunsOf[v], e.layerFuncs[lp.fn]
	at, take := r.named(v)
	outer := r.stats
	at["st"], at["counts"] = outer+l.fn.f.Slots[v]*statsBytes, r.counts
	if k.begin != nil {
		take(8, "runs")
		take(callee.fn.f.Needs.Stats*statsBytes, "run")
		to.Launches = append(to.Launches, k.begin.launch(at))
	}
	carry := append([]int(nil), in[:lp.carry]...)
	for run := range lp.n {
		slice := run
		if lp.back {
			slice = lp.n - 1 - run
		}
		args, results := append([]int(nil), carry...), make([]int, len(out))
		for i, pl := range in[lp.carry:] {
			if i < lp.mapped {
				t := lp.fn.Args[lp.carry+i].Type
				pl += slice * t.Len() * t.Elem.Bytes()
			}
			args = append(args, pl)
		}
		for i, res := range lp.fn.Results {
			switch results[i] = out[i]; {
			case out[i] < 0:
			case i < lp.carry:
				if (lp.n-run)%2 == 0 { // the last run leaves it where it belongs
					name := fmt.Sprintf("carry%d", i)
					take(columnBytes(res.Type), name)
					results[i] = at[name]
				}
				carry[i] = results[i]
			default:
				results[i] += slice * res.Type.Len() * res.Type.Elem.Bytes()
			}
		}
		if k.join != nil {
			r.stats = at["run"]
		}
		to = r.into(to, callee, args, results)
		r.stats = outer
		if k.join != nil {
			for _, i := range k.stats {
				at[fmt.Sprintf("result%d", i)] = results[i]
			}
			to.Launches = append(to.Launches, k.join.launch(at))
		}
	}
	if k.guard != nil {
		at["st"] = outer + (l.fn.f.Slots[v]+callee.fn.f.Needs.Stats)*statsBytes
		at["failed"] = out[0]
		to.Launches = append(to.Launches, k.guard.launch(at))
	}
	return to
}

// named are the places by name of what node v needs beside its operands and results, the same in every run of a loop around it, and how more are taken.
func (r *layerRun) named(v *ir.Value) (at map[string]int, take func(bytes int, names ...string)) {
	if at = r.kept[v]; at == nil {
		at = map[string]int{}
		r.kept[v] = at
	}
	return at, func(bytes int, names ...string) {
		for _, name := range names {
			if _, ok := at[name]; !ok {
				at[name] = r.take(bytes)
			}
		}
	}
}
