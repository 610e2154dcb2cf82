package cudagen

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Where it pays to go layer by layer, or by threads that call what is large.

// layersFit reports whether k can go layer by layer.
func (e *emitter) layersFit(k *kernel) bool { return e.layersOf(k.fn, true) != nil }

// layersPay reports whether that is faster than the form that k has.
func (e *emitter) layersPay(k *kernel) bool {
	return e.formClocks(k, layered) < e.formClocks(k, k.form)
}

// threadPays reports whether a thread a sample, which calls what is large, is faster than a block a sample and than to go layer by layer.
func (e *emitter) threadPays(k *kernel) bool {
	if clocks := e.formClocks(k, thread); k.kind != grad && clocks < e.formClocks(k, teamed) {
		return !e.layersFit(k) || clocks < e.formClocks(k, layered)
	}
	return false
}

// formClocks is the clocks of a multiprocessor that an evaluation of k's costliest field takes where k has such a form. Of a recipe, whose batch is known,
// the time of launches counts, and multiprocessors that have nothing to do; in a gradient a block a sample reads the weights forwards, when it
// makes the step again and backwards, beside its sums.
func (e *emitter) formClocks(k *kernel, of form) float64 {
	var b Budget
	as := *k
	as.form = of
	b.bound(&as, e.plan)
	real := e.m.Real.Bytes()
	if k.kind == grad && of == teamed {
		b.Clocks = as.sumClocks(real)
		for s := range reversesOf(k.fn.IR) {
			weights, _ := reading(e.plan.Of(s.Field).Cost.MulAdds * real)
			b.Clocks = max(b.Clocks, as.sumClocks(real)+3*weights)
		}
	}
	switch {
	case k.recipe == nil:
	case of == layered:
		b.Clocks += e.layerLaunches(k) * launchClocks * multiprocessors / float64(k.batch())
	case of == thread: // a multiprocessor has 128 at a time for each instruction, and begins the next one of these when it has its result
		b.Clocks *= max(1, waitClocks*multiprocessors*128/float64(k.batch()))
	default:
		b.Clocks *= max(1, float64(as.fills())/float64(as.sumRows(real)))
	}
	return b.Clocks
}

// multiprocessors is their number on an A100. launchClocks is what a kernel of a graph takes to begin and end beside its work, some 1.5 µs (not
// measured).
const (
	multiprocessors = 108
	launchClocks    = 2100
)

// batch is the number of samples of a step of training: that of the data where it is not given, and large where that is not known.
func (k *kernel) batch() int {
	if k.recipe == nil {
		return 1 << 16
	}
	if s, ok := ir.FindSetting(k.recipe.Settings, "batch"); ok && s.Text != "full" && s.Num > 0 {
		return int(s.Num)
	}
	name, _ := ir.FindSetting(k.recipe.Settings, "data")
	for _, d := range k.pl.Module.Data {
		if s, ok := ir.FindSetting(d.Settings, "source"); ok && d.Name == name.Text && s.Choice != nil {
			if n, ok := s.Choice.Option("n"); ok && n.Num > 0 {
				return int(n.Num)
			}
		}
	}
	return 1 << 16
}

// sumRows is the number of rows in which a gradient with so many bytes a number is summed: of teams, of warps, of parts of a batch.
func (k *kernel) sumRows(real int) int {
	switch n := k.batch(); k.form {
	case teamed:
		return min(teamsOf(k.params(), real), n)
	case tiled:
		return min(tileTeams(k.params(), real), (n+31)/32)
	case layered:
		return max(1, min((n+partSamples-1)/partSamples, mostParts, sumBytes/max(k.params()*real, 1)))
	}
	return 1
}

// fills is the number of teams or warps that give all multiprocessors work: a warp for each quarter.
func (k *kernel) fills() int {
	if k.form == tiled {
		return 4 * multiprocessors
	}
	return multiprocessors
}

// partSamples and mostParts are those of rt: a batch has a row of sums for so many samples, and at most so many.
const (
	partSamples = 256
	mostParts   = 64
)

// sumClocks is the clocks in which a multiprocessor reads and writes the sums of a gradient in device memory, for a sample and evaluation.
func (k *kernel) sumClocks(real int) float64 {
	if k.kind != grad || k.form == thread || k.form == splitted {
		return 0
	}
	bytes, rows, samples := float64(k.params()*real), float64(k.sumRows(real)), 1.0
	switch k.form {
	case tiled:
		samples = 16
	case layered:
		samples = float64(k.batch()) / rows
	}
	speed := deviceSpeed
	if bytes*rows <= secondBytes {
		speed = secondSpeed
	}
	return 2 * bytes / samples / speed
}

// reversesOf are the sweeps that f reaches, by their solves.
func reversesOf(f *ir.Func) map[*ir.Solve]*ir.Rev {
	out := map[*ir.Solve]*ir.Rev{}
	seen := map[*ir.Func]bool{}
	var visit func(f *ir.Func)
	visit = func(f *ir.Func) {
		if f == nil || seen[f] {
			return
		}
		seen[f] = true
		for _, v := range f.Values {
			if v.Op == ir.OpRev {
				out[v.Attr.Rev.Solve] = v.Attr.Rev
			}
			for _, g := range callees(v) {
				visit(g)
			}
		}
	}
	visit(f)
	return out
}

// layerBytes is what an evaluation of the field reads and writes of arrays in device memory for a sample, if each is written once and
// read once, with its share of the step around it, and with the way back if there is one.
func layerBytes(p *plan.Plan, s *ir.Solve, back *ir.Rev) (bytes float64) {
	count := func(f *ir.Func, share float64) {
		pf := p.Of(f)
		for _, v := range f.Values {
			if pl := pf.Places[v]; pl != nil && v.Type.Elem != ir.Tuple && !v.Type.IsScalar() && !uniform(pf, v) && (storage(pl) && pl.Kind != plan.Register || pl.Kind == plan.Result || pl.Kind == plan.ArgArray) {
				bytes += share * float64(2*v.Type.Len()*v.Type.Elem.Bytes())
			}
		}
	}
	step := 1 / float64(max(s.StepEvals, 1))
	count(s.Field, 1)
	count(s.Step, step)
	for _, ev := range s.Events { // what events set is made for all samples, and so is what begins anew
		if ev.Reset != nil {
			count(ev.Reset, step)
		}
	}
	if cutSteps(s) && s.FSAL {
		count(s.Field, step)
	}
	if back == nil {
		return bytes
	}
	for _, f := range append([]*ir.Func{back.StepVJP, back.AtVJP, back.BeginVJP}, back.Events...) {
		if f == nil {
			continue
		}
		count(f, step)
		for _, v := range f.Values {
			if v.Op == ir.OpCall {
				count(v.Attr.Func, step)
			}
		}
	}
	return bytes
}

// layerLaunches is about the number of kernels of an evaluation of the costliest field: of each product, of what stands around it, and its share of
// those of events. In a gradient products run forwards, again when the step is made again, backwards, and with sums of weights and biases.
func (e *emitter) layerLaunches(k *kernel) (most float64) {
	around, product, event := 1.0, 1.0, 2.0
	if k.kind == grad {
		around, product, event = 3, 5, 6
	}
	visitSolves(k.fn.IR, map[*ir.Func]bool{}, func(s *ir.Solve) {
		n := around
		for _, v := range s.Field.Values {
			if v.Op == ir.OpMatVec || v.Op == ir.OpVecMat || v.Op == ir.OpConv || v.Op == ir.OpConvInput {
				n += product
			}
		}
		most = max(most, n+event*float64(len(s.Events))/float64(max(s.StepEvals, 1)))
	})
	return most
}

// layerBudget is the budget of the kernels of a model: the registers are those of a product.
func (e *emitter) layerBudget(k *kernel) Budget {
	b := Budget{Block: layerGroup, Blocks: layerBlocks, Registers: smRegisters / layerBlocks / layerGroup}
	if l := e.layersFor(k); l != nil {
		known := map[string]bool{}
		for _, name := range l.names() {
			known[name] = true
		}
		b.Layers, b.Memory = len(known), l.Bytes
		b.Grouped = e.layerGrouped(k, known)
	}
	b.Sums = k.params()
	b.TapeStep, _ = k.tapeBytes()
	b.bound(k, e.plan)
	return b
}

// layersFor are the launches of k; nil before they are known.
func (e *emitter) layersFor(k *kernel) *Layers {
	for i := range e.k.Models {
		if k.model != nil && e.k.Models[i].Name == k.of() {
			return &e.k.Models[i].Layers
		}
	}
	for i := range e.k.Recipes {
		switch r := &e.k.Recipes[i]; {
		case k.model != nil || r.Name != k.of():
		case k.kind == grad:
			return &r.Grad.Layers
		default:
			return &r.Loss.Layers
		}
	}
	return nil
}
