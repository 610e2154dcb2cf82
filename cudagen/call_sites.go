package cudagen

import (
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A step calls the field once for each of its stages. In a kernel of groups such calls are better one, in a loop over the places where they stand: the field
// then stands there itself, where as many of it would not fit the caches, and products of tensor cores follow each other. What is between two calls is chosen by the
// number of the place, which all lanes have. The operations are the same, in the same order.

// callSites are nests of a function from its first call of another one to the last, which are printed as a loop.
type callSites struct {
	callee      *ir.Func
	first, last int
}

// sitesIn finds the loops of f over calls of the same function, in order. What takes or gives fragments is called where it stands.
func (e *emitter) sitesIn(f *plan.Func) (out []callSites) {
	if wide(f) {
		return nil
	}
	callee := func(n *plan.Nest) *ir.Func {
		v := n.Steps[0].V
		if n.Steps[0].Form != plan.Whole || v.Op != ir.OpCall {
			return nil
		}
		if g := e.plan.Of(v.Attr.Func); !smallEnds(g) || !e.isCalled(g) {
			return nil
		}
		return v.Attr.Func
	}
	for i := 0; i < len(f.Nests); i++ {
		g := callee(f.Nests[i])
		last := i
		for j := i + 1; g != nil && j < len(f.Nests); j++ {
			if callee(f.Nests[j]) == g {
				last = j
			}
		}
		if last > i {
			out = append(out, callSites{g, i, last})
			i = last
		}
	}
	return out
}

// siteNumbers is how many numbers of a sample, those of the longest fragment of the function that is called among them, may lie beside each other in the loop: registers of a thread
// hold them with a product.
const siteNumbers = 192

// sitesFit reports whether f has such loops, and registers hold what they need.
func (e *emitter) sitesFit(f *plan.Func) bool {
	sites := e.sitesIn(f)
	for _, s := range sites {
		n, widest, g := 0, 0, e.plan.Of(s.callee)
		for _, a := range slices.Concat(s.callee.Args, f.IR.Args) {
			n += a.Type.Len()
		}
		for i, r := range s.callee.Results {
			if g.Sums[i] == nil {
				n += (1 + len(s.calls(f))) * r.Type.Len()
			}
		}
		for _, v := range s.callee.Values {
			if fragment(g, v) {
				widest = max(widest, v.Type.Len())
			}
		}
		if n+widest > siteNumbers {
			return false
		}
	}
	return len(sites) > 0
}

// places counts where functions stand in the text of f, whose calls are merged or not.
func (e *emitter) places(f *ir.Func, merged bool) map[*ir.Func]int {
	n := map[*ir.Func]int{}
	for _, v := range f.Values {
		for _, g := range callees(v) {
			if g = e.inGroup(g); g != nil {
				n[g]++
			}
		}
	}
	if pf := e.plan.Of(f); merged {
		for _, s := range e.sitesIn(pf) {
			n[s.callee] -= len(s.calls(pf)) - 1
		}
	}
	return n
}

// calls are those of the loop, each with the nests between it and the next.
func (s callSites) calls(f *plan.Func) (calls []siteCall) {
	for _, n := range f.Nests[s.first : s.last+1] {
		if v := n.Steps[0].V; n.Steps[0].Form == plan.Whole && v.Op == ir.OpCall && v.Attr.Func == s.callee {
			calls = append(calls, siteCall{v: v})
			continue
		}
		last := &calls[len(calls)-1]
		last.then = append(last.then, n)
	}
	return calls
}

// siteCall is one of them.
type siteCall struct {
	v    *ir.Value
	then []*plan.Nest
}

// nests prints those of a function that has no fragments, with the loops over calls that it has in the present form.
func (fn *function) nests() {
	var loops []callSites
	if fn.e.form() == tiled && fn.e.merging[fn.f.IR] {
		loops = fn.e.sitesIn(fn.f)
		if fn.e.backs[fn.f.IR] && fn.e.lanes == 0 { // or they are in memory everywhere
			fn.e.numbers = fn.s
			defer func() { fn.e.numbers = nil }()
		}
	}
	for i := 0; i < len(fn.f.Nests); i++ {
		if len(loops) > 0 && loops[0].first == i {
			fn.siteLoop(loops[0])
			i, loops = loops[0].last, loops[1:]
			continue
		}
		fn.nest(fn.f.Nests[i])
	}
}

// siteLoop prints such a loop. What is between the calls declares its variables before it.
func (fn *function) siteLoop(s callSites) {
	p, e := fn.p, fn.e
	calls := s.calls(fn.f)
	given := make([]string, len(s.callee.Args)) // names of arguments that are not the same for all
	for i, a := range s.callee.Args {
		read := slices.ContainsFunc(s.callee.Values, func(v *ir.Value) bool { return slices.Contains(v.Args, a) })
		if read && slices.ContainsFunc(calls, func(c siteCall) bool { return c.v.Args[i] != calls[0].v.Args[i] }) {
			given[i] = fn.s.pick(localName(a) + "_given")
			p.line("%s", e.variable(a.Type, given[i]))
		}
	}
	got := make([]string, len(s.callee.Results))
	for i, r := range s.callee.Results {
		if e.plan.Of(s.callee).Sums[i] != nil {
			continue
		}
		got[i] = fn.s.pick(localName(r) + "_got")
		p.line("%s", e.variable(r.Type, got[i]))
	}
	fn.join(calls, given, got)
	give := func(v *ir.Value) {
		for i, a := range v.Args {
			if given[i] != "" && fn.name[a] != given[i] {
				e.assign(operand{given[i], a.Type}, fn.arguments(v.Args[i : i+1])[0])
			}
		}
	}
	give(calls[0].v)

	before := p.text()
	fn.ahead = &[]string{}
	site := fn.s.pick("site")
	p.line("#pragma unroll 1")
	p.line("for (int %s = 0; %[1]s < %d; %[1]s++) {", site, len(calls))
	args := fn.arguments(calls[0].v.Args)
	for i, name := range given {
		if name != "" {
			args[i] = name
		}
	}
	fn.call(e.plan.Of(s.callee), args, got, "")
	p.line("switch (%s) {", site)
	for i, c := range calls {
		p.line("case %d: {", i)
		for j, to := range fn.destinations(c.v, len(got)) {
			if to != "" {
				e.assign(operand{to, s.callee.Results[j].Type}, got[j])
			}
		}
		for _, n := range c.then {
			fn.nest(n)
		}
		if i+1 < len(calls) {
			give(calls[i+1].v)
		}
		p.line("break;")
		p.line("}")
	}
	p.line("}")
	p.line("}")
	text := p.text()
	p.b.WriteString(before)
	for _, d := range *fn.ahead {
		p.line("%s", d)
	}
	fn.ahead = nil
	p.b.WriteString(text)
}

// join gives arrays between calls the names of arguments and results where they need no copy: what only the next call reads, and what only the nests up to it do.
func (fn *function) join(calls []siteCall, given, got []string) {
	readers := fn.readers()
	only := func(v *ir.Value, nests ...*ir.Value) bool {
		k := fn.f.Places[v].Kind
		return !v.Type.IsScalar() && (k == plan.Local || k == plan.Work || k == plan.Scalars) && len(readers[v]) > 0 &&
			!slices.ContainsFunc(readers[v], func(r *ir.Value) bool { return !slices.Contains(nests, r) })
	}
	fn.joined = map[*ir.Value]bool{}
	for i, c := range calls {
		var next []*ir.Value // that are made up to the next call, and that call
		for _, n := range c.then {
			for _, s := range n.Steps {
				next = append(next, s.V)
			}
		}
		if i+1 < len(calls) {
			next = append(next, calls[i+1].v)
			for j, a := range calls[i+1].v.Args {
				if given[j] != "" && slices.Contains(next, a) && only(a, calls[i+1].v) {
					fn.name[a], fn.joined[a] = given[j], true
				}
			}
		}
		for _, r := range fn.f.IR.Values {
			j := 0
			switch {
			case r.Op == ir.OpResult && r.Args[0] == c.v:
				j = r.Attr.Index
			case r != c.v || r.Type.Elem == ir.Tuple:
				continue
			}
			if only(r, next...) {
				fn.name[r], fn.joined[r] = got[j], true
			}
		}
	}
}

// readers are the steps that read each value, also within what is folded into them, and itself for a result of the function.
func (fn *function) readers() map[*ir.Value][]*ir.Value {
	out := map[*ir.Value][]*ir.Value{}
	var reads func(v, by *ir.Value)
	reads = func(v, by *ir.Value) {
		for _, a := range v.Args {
			if p := fn.f.Places[a]; p != nil && p.Kind == plan.Folded {
				reads(a, by)
			} else if p != nil && p.Kind == plan.View {
				a = p.Base
			}
			out[a] = append(out[a], by)
		}
	}
	for _, n := range fn.f.Nests {
		for _, s := range n.Steps {
			reads(s.V, s.V)
		}
	}
	for _, r := range fn.f.IR.Results {
		out[r] = append(out[r], r)
		if p := fn.f.Places[r]; p != nil && p.Kind == plan.View {
			out[p.Base] = append(out[p.Base], r)
		}
	}
	return out
}

// declaration prints the declaration of a variable where it stands, or before the loop that it is in.
func (fn *function) declaration(text string) {
	if fn.ahead != nil {
		*fn.ahead = append(*fn.ahead, text)
		return
	}
	fn.p.line("%s", text)
}
