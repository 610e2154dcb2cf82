package plan

import (
	"fmt"
	"maps"
	"slices"

	"ndec.dev/ndec/ir"
)

// Build plans every function that a model, recipe or solve of m reaches.
func Build(m *ir.Module) (*Plan, error) {
	p := &Plan{Module: m, byIR: map[*ir.Func]*Func{}, byS: map[*ir.Solve]*Solve{}}
	if m.Prepare != nil {
		if err := p.add(m.Prepare); err != nil {
			return nil, err
		}
	}
	for _, md := range m.Models {
		if err := p.add(md.Func); err != nil {
			return nil, err
		}
		for i, s := range md.Solves {
			if err := p.addSolve(s, true); err != nil {
				return nil, err
			}
			if s.Solver != "" { // for its single steps
				for _, f := range []*ir.Func{s.Begin, s.Given} {
					if f == nil {
						continue
					}
					if err := p.add(f); err != nil {
						return nil, err
					}
				}
			}
			if i < len(md.Paths) && md.Paths[i] != nil {
				if err := p.add(md.Paths[i]); err != nil {
					return nil, err
				}
			}
		}
	}
	for _, r := range m.Recipes {
		for _, f := range []*ir.Func{r.Objective, r.Combine, r.Grad, r.Pull, r.GradInputs, r.Attack, r.Design} {
			if f == nil {
				continue
			}
			if err := p.add(f); err != nil {
				return nil, err
			}
		}
	}
	return p, nil
}

// Copy is a plan to which a back end may add functions of its own.
func (p *Plan) Copy() *Plan {
	q := *p
	q.byIR, q.byS, q.Funcs = maps.Clone(p.byIR), maps.Clone(p.byS), slices.Clip(p.Funcs)
	return &q
}

// Include plans f, which is in no module, after everything it calls.
func (p *Plan) Include(f *ir.Func) error { return p.add(f) }

// add plans f after everything it calls.
func (p *Plan) add(f *ir.Func) error {
	if p.byIR[f] != nil {
		return nil
	}
	for _, v := range f.Values {
		var err error
		switch v.Op {
		case ir.OpCall:
			err = p.add(v.Attr.Func)
		case ir.OpMap:
			err = p.add(v.Attr.Map.Fn)
		case ir.OpScan:
			err = p.add(v.Attr.Scan.Fn)
		case ir.OpSolve:
			err = p.addSolve(v.Attr.Solve, v.Attr.Solve.Times > 0)
		case ir.OpRev:
			err = p.addRev(v.Attr.Rev)
		}
		if err != nil {
			return err
		}
	}
	fn, err := p.planFunc(f)
	if err != nil {
		return err
	}
	p.byIR[f] = fn
	p.Funcs = append(p.Funcs, fn)
	return nil
}

func (p *Plan) addSolve(s *ir.Solve, path bool) error {
	ps := p.byS[s]
	if ps == nil {
		ps = &Solve{IR: s}
		p.byS[s] = ps
		p.Solves = append(p.Solves, ps)
	}
	ps.Path = ps.Path || path
	ps.End = ps.End || s.Times == 0
	ps.Needs.Work = ps.Needs.Work || s.StepGroup != "" // where the sample keeps its place in the group
	for _, f := range ps.Functions() {
		if err := p.add(f); err != nil {
			return err
		}
		ps.Needs.join(p.byIR[f].Needs)
	}
	return nil
}

// Functions are those that the loops of a solve call.
func (ps *Solve) Functions() []*ir.Func {
	s := ps.IR
	fs := []*ir.Func{s.Field, s.Start, s.Step, s.Norm, s.First, s.FirstNorms, s.FirstBend, s.FirstLength, s.Control}
	if ps.Path || s.Cuts() {
		fs = append(fs, s.DenseStep, s.Dense, s.StartDense, s.Guard)
	}
	for _, e := range s.Events {
		fs = append(fs, e.Reset)
	}
	if s.Rebegins() {
		fs = append(fs, s.Begin)
	}
	return slices.DeleteFunc(fs, func(f *ir.Func) bool { return f == nil })
}

// Needing is the plan for a back end whose functions use more than they do by themselves.
func (p *Plan) Needing(more func(*ir.Func) Needs) *Plan {
	q := &Plan{Module: p.Module, Revs: p.Revs, byIR: map[*ir.Func]*Func{}, byS: map[*ir.Solve]*Solve{}}
	for f, fn := range p.byIR { // extra ones too
		c := *fn
		c.Needs.join(more(f))
		q.byIR[f] = &c
	}
	for _, s := range p.Solves {
		c := *s
		q.byS[s.IR] = &c
		q.Solves = append(q.Solves, &c)
	}
	for _, fn := range p.Funcs { // callees come first
		c := q.byIR[fn.IR]
		q.Funcs = append(q.Funcs, c)
		for _, v := range fn.IR.Values {
			if s := q.byS[v.Attr.Solve]; v.Op == ir.OpSolve {
				for _, f := range s.Functions() {
					s.Needs.join(q.byIR[f].Needs)
				}
			}
		}
		c.Needs.join(q.calleeNeeds(fn.IR))
	}
	for _, s := range q.Solves {
		for _, f := range s.Functions() {
			s.Needs.join(q.byIR[f].Needs)
		}
	}
	return q
}

func (p *Plan) addRev(r *ir.Rev) error {
	for _, known := range p.Revs {
		if known == r {
			return nil
		}
	}
	for _, f := range RevFunctions(r) {
		if err := p.add(f); err != nil {
			return err
		}
	}
	p.Revs = append(p.Revs, r)
	return nil
}

// RevNeeds is what the reverse sweep uses.
func (p *Plan) RevNeeds(r *ir.Rev) Needs {
	n := Needs{Accum: len(r.Params) > 0}
	for _, f := range RevFunctions(r) {
		n.join(p.byIR[f].Needs)
	}
	return n
}

// RevFunctions are those that a reverse sweep calls.
func RevFunctions(r *ir.Rev) []*ir.Func {
	fs := append([]*ir.Func{r.StepVJP, r.AtVJP, r.DenseVJP, r.StartVJP, r.StartAtVJP, r.BeginVJP, r.Solve.Replay}, r.Events...)
	return slices.DeleteFunc(fs, func(f *ir.Func) bool { return f == nil })
}

// Reached gives all functions that some functions run, themselves among them.
func (p *Plan) Reached(from ...*ir.Func) map[*ir.Func]bool {
	seen := map[*ir.Func]bool{}
	var look func(fs ...*ir.Func)
	look = func(fs ...*ir.Func) {
		for _, f := range fs {
			if f == nil || seen[f] {
				continue
			}
			seen[f] = true
			for _, v := range f.Values {
				switch v.Op {
				case ir.OpCall:
					look(v.Attr.Func)
				case ir.OpMap:
					look(v.Attr.Map.Fn)
				case ir.OpScan:
					look(v.Attr.Scan.Fn)
				case ir.OpSolve:
					look(p.byS[v.Attr.Solve].Functions()...)
				case ir.OpRev:
					look(RevFunctions(v.Attr.Rev)...)
				}
			}
		}
	}
	look(from...)
	return seen
}

// planner holds the state of planning one function.
type planner struct {
	plan  *Plan
	fn    *Func
	uses  map[*ir.Value][]*ir.Value // users of a value, in order
	nest  map[*ir.Value]int         // nest that computes a value; -1 for leaves
	form  map[*ir.Value]Form
	sums  map[*ir.Value][]*ir.Param // running sums that a value is added to
	more  []*ir.Param               // parameters beside those of the module
	inSum map[*ir.Value]bool        // values that exist only as part of a running sum
}

func (p *Plan) planFunc(f *ir.Func, sums ...*ir.Param) (*Func, error) {
	f.DropDead()
	demandOrder(f)
	n := len(f.Values)
	fn := &Func{IR: f, Places: make(map[*ir.Value]*Place, n), Slots: map[*ir.Value]int{}, Sums: make([]*ir.Param, len(f.Results))}
	pl := &planner{plan: p, fn: fn, more: sums, uses: make(map[*ir.Value][]*ir.Value, n), nest: make(map[*ir.Value]int, n),
		form: make(map[*ir.Value]Form, n), sums: map[*ir.Value][]*ir.Param{}, inSum: map[*ir.Value]bool{}}
	for _, v := range f.Values {
		for _, a := range v.Args {
			pl.uses[a] = append(pl.uses[a], v)
		}
	}
	if err := pl.runningSums(); err != nil {
		return nil, err
	}
	pl.views()
	for _, v := range f.Values {
		if err := pl.schedule(v); err != nil {
			return nil, err
		}
	}
	pl.results()
	pl.places()
	pl.fold()
	pl.shapeNests()
	pl.needs()
	fn.Cost = p.cost(fn)
	return fn, nil
}

// runningSums finds the values that make up Accum results: terms of sums that are added to
// the caller's memory one by one, in their order.
func (pl *planner) runningSums() error {
	f := pl.fn.IR
	for i, r := range f.Results {
		if i >= len(f.Accum) || !f.Accum[i] {
			continue
		}
		p, err := pl.accumParam(i)
		if err != nil {
			return err
		}
		pl.fn.Sums[i] = p
		pl.addTerm(r, p, i)
	}
	return nil
}

// accumParam is the parameter that Accum result i is a cotangent of, by its name "PARAM_bar".
func (pl *planner) accumParam(i int) (*ir.Param, error) {
	f := pl.fn.IR
	if i < len(f.ResultNames) {
		name := f.ResultNames[i]
		if n := len(name) - len("_bar"); n > 0 {
			if p := pl.plan.Module.ParamByName(name[:n]); p != nil {
				return p, nil
			}
			for _, p := range slices.Concat(pl.more, pl.plan.Module.Derived) {
				if p.Name == name[:n] {
					return p, nil
				}
			}
		}
	}
	return nil, fmt.Errorf("plan: function %s: running sum %d belongs to no parameter", f.Name, i)
}

func (pl *planner) addTerm(v *ir.Value, p *ir.Param, result int) {
	others := 0 // uses that are not this sum
	for j, r := range pl.fn.IR.Results {
		if r == v && j != result {
			others++
		}
	}
	// Only part of this sum: the result itself has no user, a term has the sum above it.
	users := 1
	if result >= 0 {
		users = 0
	}
	single := others == 0 && len(pl.uses[v]) == users
	switch {
	case v.Op == ir.OpAdd && single && ir.SameShape(v.Args[0].Type.Shape, v.Args[1].Type.Shape):
		pl.inSum[v] = true
		pl.addTerm(v.Args[0], p, -1)
		pl.addTerm(v.Args[1], p, -1)
	case v.Op == ir.OpConst && v.IsConst(0):
		pl.inSum[v] = true
	case v.Op == ir.OpResult && pl.callSums(v.Args[0], v.Attr.Index), v.Op == ir.OpCall && pl.callSums(v, 0):
		pl.inSum[v] = true // the callee adds to the sum itself
	default:
		pl.sums[v] = append(pl.sums[v], p)
	}
}

// callSums reports whether result i of a call, scan or reverse sweep goes to a running sum.
func (pl *planner) callSums(node *ir.Value, i int) bool {
	switch node.Op {
	case ir.OpCall:
		c := node.Attr.Func
		return i < len(c.Accum) && c.Accum[i]
	case ir.OpScan:
		return node.Attr.Scan.Sums(i)
	case ir.OpRev:
		r := node.Attr.Rev
		return i >= len(r.Solve.States)+len(r.Solve.Extras)
	}
	return false
}

// views gives places to values that are nothing but other values seen differently.
func (pl *planner) views() {
	// Solves whose statistics are results come first, in the order of these; then those that a derivative
	// has brought in.
	report := func(v *ir.Value) {
		if _, known := pl.fn.Slots[v]; known {
			return
		}
		if n := pl.plan.Slots(v); n > 0 {
			pl.fn.Slots[v] = pl.fn.Needs.Stats
			pl.fn.Needs.Stats += n
		}
	}
	for _, r := range pl.fn.IR.Results {
		if r.Op == ir.OpResult && r.Args[0].Op == ir.OpSolve && r.Attr.Index >= len(r.Args[0].Attr.Solve.States) {
			report(r.Args[0])
		}
	}
	for _, v := range pl.fn.IR.Values {
		pl.nest[v] = -1
		report(v)
		switch v.Op {
		case ir.OpArg:
			pl.set(v, ArgArray)
			if v.Type.IsScalar() {
				pl.set(v, ArgScalar)
			}
		case ir.OpParam:
			pl.set(v, Memory)
		case ir.OpConst:
			pl.set(v, Literal)
			if v.Attr.Data != nil {
				pl.set(v, Table)
			}
		case ir.OpSolve, ir.OpRev, ir.OpMap, ir.OpScan:
			pl.set(v, TupleOf)
		case ir.OpCall:
			if v.Type.Elem == ir.Tuple {
				pl.set(v, TupleOf)
			}
		case ir.OpResult:
			if s := v.Args[0]; s.Op == ir.OpSolve {
				if k := v.Attr.Index - len(s.Attr.Solve.States); k >= 0 {
					pl.fn.Places[v] = &Place{Kind: Stat, Index: k, Solve: pl.fn.Slots[s]}
				}
			}
		case ir.OpReshape:
			if v.Type.IsScalar() || !v.Args[0].Type.IsScalar() { // a scalar is no part of an array
				pl.view(v, v.Args[0], 0)
			}
		case ir.OpSlice:
			if off, ok := contiguous(v.Args[0].Type.Shape, v.Attr.Ints); ok {
				pl.view(v, v.Args[0], off)
			}
		}
	}
}

// Slots is the number of places for statistics that v fills: one for a solve and for a guard, those of
// its function for another node.
func (p *Plan) Slots(v *ir.Value) int {
	switch v.Op {
	case ir.OpSolve:
		return 1
	case ir.OpCall:
		return p.byIR[v.Attr.Func].Needs.Stats
	case ir.OpMap:
		return p.byIR[v.Attr.Map.Fn].Needs.Stats
	case ir.OpScan:
		n := p.byIR[v.Attr.Scan.Fn].Needs.Stats
		if v.Attr.Scan.Guard {
			n++
		}
		return n
	case ir.OpRev:
		return p.byIR[v.Attr.Rev.StepVJP].Needs.Stats
	}
	return 0
}

func (pl *planner) set(v *ir.Value, k PlaceKind) { pl.fn.Places[v] = &Place{Kind: k} }

func (pl *planner) view(v, base *ir.Value, off int) {
	if len(pl.sums[v]) > 0 {
		return // a running sum wants elements of its own
	}
	for {
		pb := pl.fn.Places[base]
		if pb == nil || pb.Kind != View {
			break
		}
		base, off = pb.Base, off+pb.Offset
	}
	pl.fn.Places[v] = &Place{Kind: View, Base: base, Offset: off}
}

// contiguous reports whether a slice is a run of elements in row-major order, and where it starts.
func contiguous(shape, bounds []int) (offset int, ok bool) {
	stride := 1
	whole := true // all inner axes are taken whole
	for ax := len(shape) - 1; ax >= 0; ax-- {
		lo, hi := bounds[2*ax], bounds[2*ax+1]
		if !whole && hi-lo != 1 {
			return 0, false
		}
		if hi-lo != shape[ax] {
			whole = false
		}
		offset += lo * stride
		stride *= shape[ax]
	}
	return offset, true
}

// Apart is the plan for another back end beside the first: neither sees the other's extra functions.
func (p *Plan) Apart() *Plan {
	q := *p
	q.byIR = maps.Clone(p.byIR)
	return &q
}

// Extra plans a function that a back end has made for itself; it is not among Funcs. Its running sums may be those of
// further parameters, which the back end has given places.
func (p *Plan) Extra(f *ir.Func, sums ...*ir.Param) error {
	fn, err := p.planFunc(f, sums...)
	if err == nil {
		p.byIR[f] = fn
	}
	return err
}
