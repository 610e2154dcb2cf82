package cudagen

import (
	"maps"
	"slices"
)

// Samples that take steps of one length (ir.Solve.StepGroup), layer by layer: where they meet, each has brought a number, one block makes one of
// all of them, and each of those that are in the solve gets it. One whose solve has failed goes on alone in all that follow.

// meetingKernels are the kernels of meetings.
type meetingKernels struct {
	lost       *solveKernel // nobody has failed
	ready      *solveKernel // errors of states that are not finite are not numbers
	mean, most *solveKernel // the root of the mean square, and the largest
	share      *solveKernel // who is in the solve gets it
	leave      *solveKernel // who has failed
}

// meetings prints the kernels of a solve in which samples meet.
func (e *emitter) meetings(lp *loop, open func(what, doc string, rows int, refs []address) *solveKernel) *meetingKernels {
	p, m := e.p, &meetingKernels{}
	walk := address{param: "const ndec_walk *walk_at", find: "walk"}
	brought, all := number64("brought"), number64("together")
	close := func() {
		p.line("}")
		p.line("")
	}
	m.lost = open("lost", "no sample has failed among those that take steps of one length", 1, intAddress("lost"))
	p.line("if (s < n) lost_at[s] = false;")
	close()
	m.ready = open("ready", "errors beside states that are not finite", 1, slices.Concat([]address{walk}, number64("err"), e.arrayAddresses(suffixed(lp.x, "_1"))))
	p.line("if (s < n && walk_at[s].on && !(%s)) err_at[s] = nan(\"\"); // an error is nothing beside an infinite state", e.columnsFinite(suffixed(lp.x, "_1")))
	close()
	one := func(name, doc string) *solveKernel {
		k := open(name, doc+", by one block", 0, slices.Concat([]address{walk}, intAddress("lost"), brought, all))
		k.single, k.rows = true, 1
		p.line("__shared__ double shared[%d];", layerGroup)
		p.line("ndec_meet_%s<%d>(walk_at, lost_at, brought_at, n, shared, together_at);", name, layerGroup)
		close()
		return k
	}
	m.mean = one("mean", "the root of the mean square of what samples bring")
	if lp.s.StepGroup == "max" {
		m.most = one("most", "the largest that a sample brings")
	}
	m.share = open("share", "what samples in the solve have brought together", 1, slices.Concat([]address{walk}, intAddress("lost"), brought, all))
	p.line("if (s < n && walk_at[s].on && !lost_at[s]) brought_at[s] = together_at[0];")
	close()
	m.leave = open("leave", "samples whose solve has failed take their own steps from here on", 1, append([]address{{param: "const ndec_stats *st_at", find: "st"}}, intAddress("lost")...))
	p.line("if (s < n && st_at[s].failed()) lost_at[s] = true;")
	close()
	return m
}

// joins gives a solve in which samples meet the places that it has for this.
func (r *layerRun) joins(to *LayerPart, k *solveKernels, at map[string]int) {
	begins := r.met == nil
	if begins {
		r.met = map[string]int{"lost": r.take(8), "together": r.take(8)}
	}
	maps.Copy(at, r.met)
	if begins {
		to.Launches = append(to.Launches, k.meet.lost.launch(at))
	}
}

// meet appends a meeting to which samples bring what is at a place.
func (r *layerRun) meet(to *LayerPart, k *solveKernels, at map[string]int, brought, how string) {
	named := maps.Clone(at)
	named["brought"] = at[brought]
	one := k.meet.mean
	if how == "max" {
		one = k.meet.most
	}
	to.Launches = append(to.Launches, one.launch(named), k.meet.share.launch(named))
}

// firstTogether appends the length of the first step of all samples; states are those of the system and their slopes.
func (r *layerRun) firstTogether(to *LayerPart, lp *loop, k *solveKernels, at map[string]int, states, extras []int) {
	s, funcs := lp.s, r.e.layerFuncs
	if _, ok := at["size"]; !ok { // not yet, in a loop around it
		at["size"], at["slope"], at["bend"] = r.take(8), r.take(8), r.take(8)
	}
	of := func(names ...string) (ps []int) {
		for _, n := range names {
			ps = append(ps, at[n])
		}
		return ps
	}
	r.into(to, funcs[s.FirstNorms], slices.Concat(of("rtol", "atol"), states), of("size", "slope"))
	r.meet(to, k, at, "size", "rms")
	r.meet(to, k, at, "slope", "rms")
	r.into(to, funcs[s.FirstBend], slices.Concat(of("t", "span", "rtol", "atol", "size", "slope"), states, extras), of("bend"))
	r.meet(to, k, at, "bend", "rms")
	r.into(to, funcs[s.FirstLength], of("span", "size", "slope", "bend"), of("length"))
}
