package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Values of a step that depend on its time, its length and parameters alone, such as weights that change with time, are the same for
// all samples. In steps that all samples take alike they are made once, by Go, and lie in a record of the step, where kernels
// read them as they read parameters. What samples give to the cotangents of such values is added up in the record as well,
// and goes back through what made them once, when all samples are through.
//
// A record has the values of a function, its sums (a vector for each number, as all sums of gradients) and then the records of what it calls:
// one for each time at which a function is called, so that stages at the same time share theirs.

// Record says what is in the record of a function.
type Record struct {
	Make   *ir.Func // (arguments that are alike…) -> arrays of Values
	Values []Entry
	// Back adds what Sums give to the gradients of parameters: (arguments that are alike…, arrays of Sums…). Nil where there are none.
	Back *ir.Func
	Sums []Entry
	// Nums and Vecs are the numbers and the vectors of numbers that a record is long.
	Nums, Vecs int
	Callees    []*Record // whose functions those of this one call

	body    *ir.Func // what a kernel computes of the function
	results int      // those that its callers know
	calls   map[*ir.Value]Entry
}

// Entry is a place in a record, behind some numbers and vectors, and how many it has itself.
type Entry struct{ Nums, Vecs, Len int }

func (e Entry) bytes(elem ir.Elem, isa asm.ISA) int { return e.Nums*elem.Bytes() + e.Vecs*isa.Bytes() }

// in is the entry of a record that lies at another one.
func (e Entry) in(at Entry) Entry { return Entry{e.Nums + at.Nums, e.Vecs + at.Vecs, e.Len} }

// record is that of f with arguments that are alike; nil where it has none.
func (s *Set) record(f *ir.Func, args alikeArgs) *Record {
	at := args.key(f)
	if at.alike == "" || s.alone != nil {
		return nil
	}
	if r, known := s.records[at]; known {
		return r
	}
	r := s.newRecord(f, args)
	s.records[at] = r
	return r
}

func (s *Set) newRecord(f *ir.Func, args alikeArgs) *Record {
	pf := s.Plan.Of(f)
	if pf == nil {
		return nil
	}
	r := &Record{body: f, calls: map[*ir.Value]Entry{}}
	p := s.divide(pf, args)
	if p.any() {
		if err := s.extract(r, p); err != nil {
			return nil // as without
		}
	}
	if s.compose(r, p, args) != nil || len(r.Values)+len(r.Sums) == 0 {
		return nil
	}
	return r
}

// parted is what of a function goes into a record.
type parted struct {
	f      *ir.Func
	alike  map[*ir.Value]bool
	values []*ir.Value // made once
	moved  []int       // results: gradients of parameters that come from sums
	leaves []*ir.Value // and these sums
}

func (p *parted) any() bool { return len(p.values)+len(p.moved) > 0 }

// divide finds what of a function is worth a record: products and functions of arrays that are the same for all samples, and
// gradients that go through these.
func (s *Set) divide(pf *plan.Func, args alikeArgs) *parted {
	f := pf.IR
	p := &parted{f: f, alike: s.alike(pf, args)}
	shared, fixed, costly := map[*ir.Value]bool{}, map[*ir.Value]bool{}, map[*ir.Value]bool{}
	for _, v := range f.Values {
		switch class := v.Op.Info().Class; {
		case v.Op == ir.OpArg:
			shared[v] = p.alike[v]
		case class == ir.ClassLeaf:
			fixed[v] = true
		case class == ir.ClassNode || class == ir.ClassRandom || class == ir.ClassDeriv:
		default:
			shared[v], fixed[v] = true, true
			for _, a := range v.Args {
				shared[v] = shared[v] && (shared[a] || fixed[a])
				fixed[v] = fixed[v] && fixed[a]
				costly[v] = costly[v] || costly[a]
			}
			shared[v] = shared[v] && !fixed[v]
			costly[v] = shared[v] && (costly[v] || v.Type.Len() > plan.SmallLen && (class == ir.ClassLinalg || rows[v.Op] != ""))
		}
	}
	taken := map[*ir.Value]bool{}
	take := func(v *ir.Value) {
		if shared[v] && costly[v] && !p.alike[v] && !taken[v] && v.Type.Elem == s.real() {
			taken[v] = true
			p.values = append(p.values, v)
		}
	}
	for _, v := range f.Values {
		if !shared[v] && !fixed[v] {
			for _, a := range v.Args {
				take(a)
			}
		}
	}
	own := 0 // results that are no sums, which come first
	for i, r := range f.Results {
		if i < len(f.Accum) && f.Accum[i] {
			continue
		}
		if i > own {
			return p
		}
		own++
		take(r)
	}
	sums := map[*ir.Value]bool{}
	for i := own; i < len(f.Results); i++ {
		var leaves []*ir.Value
		if passes(f.Results[i], shared, fixed, &leaves) && !slices.ContainsFunc(leaves, func(v *ir.Value) bool { return v.Type.Elem != s.real() }) {
			p.moved = append(p.moved, i)
			for _, v := range leaves {
				if !sums[v] {
					sums[v] = true
					p.leaves = append(p.leaves, v)
				}
			}
		}
	}
	for i := own; i < len(f.Results); i++ { // another gradient is such a sum itself
		if sums[f.Results[i]] && !slices.Contains(p.moved, i) {
			p.moved = append(p.moved, i)
		}
	}
	return p
}

// passes reports whether v is linear in values of the samples, its leaves, by products with arrays that are the same for all.
func passes(v *ir.Value, shared, fixed map[*ir.Value]bool, leaves *[]*ir.Value) bool {
	worth, seen := false, map[*ir.Value]bool{}
	leaf := func(v *ir.Value) {
		if !slices.Contains(*leaves, v) {
			*leaves = append(*leaves, v)
		}
	}
	var visit func(v *ir.Value)
	visit = func(v *ir.Value) {
		if seen[v] {
			return
		}
		seen[v] = true
		info := v.Op.Info()
		var own []*ir.Value
		zero := true // all others are
		for _, a := range v.Args {
			if shared[a] || fixed[a] {
				zero = zero && a.Op == ir.OpConst && a.IsConst(0)
			} else {
				own = append(own, a)
			}
		}
		switch {
		case len(own) == 0:
			leaf(v)
		case zero && (v.Op == ir.OpAdd || v.Op == ir.OpSub || v.Op == ir.OpNeg || v.Op == ir.OpSum || info.Class == ir.ClassShape && info.Linear):
			for _, a := range own {
				visit(a)
			}
		case len(own) == 1 && len(v.Args) == 2 && own[0].Type.Elem == v.Type.Elem && (v.Op == ir.OpMul || info.Class == ir.ClassLinalg && info.Linear && v.Op != ir.OpTake && v.Op != ir.OpScatter):
			worth = worth || info.Class == ir.ClassLinalg
			visit(own[0])
		default:
			leaf(v)
		}
	}
	visit(v)
	return worth
}

// extract makes the body of r, in which what is in the record is read as parameters are, and lays the record out.
func (s *Set) extract(r *Record, p *parted) error {
	f := p.f
	c := copier{ir.NewFunc(f.Name, f.Span, s.real()), map[*ir.Value]*ir.Value{}}
	c.b.Func.Doc, c.b.Func.Region = f.Doc, f.Region
	for _, a := range f.Args {
		x := c.b.Arg(a.Name, a.Type)
		x.Span, x.Rate = a.Span, a.Rate
		c.at[a] = x
	}
	place := func(v *ir.Value, what string) *ir.Param {
		e := Entry{r.Nums, r.Vecs, v.Type.Len()}
		q := &ir.Param{Name: fmt.Sprintf("record.%s.%d.%d", what, e.Nums, e.Vecs), Type: v.Type, Derived: true, Span: v.Span}
		s.inRecord[q] = e
		return q
	}
	for _, v := range p.values {
		c.at[v] = c.b.Param(place(v, "value"))
		r.Values = append(r.Values, Entry{r.Nums, 0, v.Type.Len()})
		r.Nums += v.Type.Len()
	}
	var results []*ir.Value
	var names []string
	var accum []bool
	for i, v := range f.Results {
		if !slices.Contains(p.moved, i) {
			results = append(results, c.copy(v))
			names = append(names, nameAt(f, i))
			accum = append(accum, i < len(f.Accum) && f.Accum[i])
		}
	}
	var sums []*ir.Param
	for _, v := range p.leaves {
		q := place(v, "sum")
		sums = append(sums, q)
		results, names, accum = append(results, c.copy(v)), append(names, q.Name+"_bar"), append(accum, true)
		r.Sums = append(r.Sums, Entry{r.Nums, r.Vecs, v.Type.Len()})
		r.Vecs += v.Type.Len()
	}
	r.body, r.results = finish(c.b, names, results), len(f.Results)
	r.body.Accum = accum
	return s.Plan.Extra(r.body, sums...)
}

func nameAt(f *ir.Func, i int) string {
	if i < len(f.ResultNames) {
		return f.ResultNames[i]
	}
	return ""
}

// compose adds the records of what the body calls, and makes the functions that fill a record and go back from it.
func (s *Set) compose(r *Record, p *parted, args alikeArgs) error {
	made := copier{ir.NewFunc(p.f.Name+".shared", p.f.Span, s.real()), map[*ir.Value]*ir.Value{}}
	back := copier{ir.NewFunc(p.f.Name+".back", p.f.Span, s.real()), map[*ir.Value]*ir.Value{}}
	both := []copier{made, back}
	made.b.Func.Doc = "what all samples share"
	back.b.Func.Doc = "gradients by way of what all samples share"
	for _, c := range both {
		for i, a := range p.f.Args {
			if p.alike[a] {
				x := c.b.Arg(a.Name, a.Type)
				c.at[a], c.at[r.body.Args[i]] = x, x
			}
		}
	}
	var values []*ir.Value
	own := map[string]*ir.Value{} // values that the body reads
	for i, v := range p.values {
		x := made.copy(v)
		own[fmt.Sprintf("record.value.%d.0", r.Values[i].Nums)] = v
		values = append(values, array(made.b, x))
	}
	var names []string
	grads := map[string]*ir.Value{}
	give := func(name string, v *ir.Value) {
		if g := grads[name]; g != nil {
			v = back.b.Add(g, back.b.Reshape(v, g.Type.Shape...))
		} else {
			names = append(names, name)
		}
		grads[name] = v
	}
	for i, v := range p.leaves {
		x := back.b.Arg(fmt.Sprintf("sum%d", i), arrayOf(v.Type))
		back.at[v] = x
		if v.Type.IsScalar() {
			back.at[v] = back.b.Reshape(x)
		}
	}
	for _, i := range p.moved {
		v := p.f.Results[i]
		for v.Op == ir.OpReshape && back.at[v] == nil { // a sum is one row of numbers
			v = v.Args[0]
		}
		give(nameAt(p.f, i), back.copy(v))
	}
	// What the body calls.
	for _, c := range both {
		for _, v := range r.body.Values { // what calls pass on may come from the record
			if v.Op == ir.OpParam && own[v.Attr.Param.Name] != nil && v.Type.IsScalar() {
				c.at[v] = c.copy(own[v.Attr.Param.Name])
			}
		}
	}
	k := &Kernel{alike: s.alike(s.Plan.Of(r.body), args)}
	known := map[string]Entry{}
	for _, v := range r.body.Values {
		if v.Op != ir.OpCall {
			continue
		}
		passed := k.passed(v)
		callee := s.record(v.Attr.Func, passed)
		if callee == nil {
			continue
		}
		at := passed.key(v.Attr.Func)
		id := fmt.Sprintf("%p %s", at.f, at.alike)
		var operands []*ir.Value
		for i, a := range v.Args {
			if passed[i] {
				operands = append(operands, a)
				id += fmt.Sprint(" ", a.ID)
			}
		}
		if e, ok := known[id]; ok {
			r.calls[v] = e
			continue
		}
		e := Entry{r.Nums, r.Vecs, 0}
		known[id], r.calls[v] = e, e
		if !slices.Contains(r.Callees, callee) {
			r.Callees = append(r.Callees, callee)
		}
		for _, x := range callee.Values {
			r.Values = append(r.Values, x.in(e))
		}
		if len(callee.Values) > 0 {
			values = append(values, made.b.CallAll(callee.Make, made.all(operands)...)...)
		}
		if callee.Back != nil {
			in := back.all(operands)
			for i, x := range callee.Sums {
				r.Sums = append(r.Sums, x.in(e))
				in = append(in, back.b.Arg(fmt.Sprintf("sum%d", len(r.Sums)-1), callee.Back.Args[len(operands)+i].Type))
			}
			for i, g := range back.b.CallAll(callee.Back, in...) {
				give(callee.Back.ResultNames[i], g)
			}
		}
		r.Nums, r.Vecs = r.Nums+callee.Nums, r.Vecs+callee.Vecs
	}
	if len(values) > 0 {
		r.Make = made.b.Return(values...)
		if err := s.Plan.Extra(r.Make); err != nil {
			return err
		}
	}
	if len(names) > 0 {
		var vs []*ir.Value
		for _, n := range names {
			vs = append(vs, grads[n])
		}
		r.Back = finish(back.b, names, vs)
		r.Back.Accum = slices.Repeat([]bool{true}, len(vs))
		return s.Plan.Extra(r.Back)
	}
	return nil
}

// arrayOf is t, or of a number the array of it.
func arrayOf(t ir.Type) ir.Type {
	if t.IsScalar() {
		return ir.Tensor(t.Elem, 1)
	}
	return t
}

func array(b *ir.Builder, v *ir.Value) *ir.Value {
	if v.Type.IsScalar() {
		return b.Reshape(v, 1)
	}
	return v
}

// copier makes values of one function in another.
type copier struct {
	b  *ir.Builder
	at map[*ir.Value]*ir.Value
}

func (c copier) all(vs []*ir.Value) []*ir.Value {
	out := make([]*ir.Value, len(vs))
	for i, v := range vs {
		out[i] = c.copy(v)
	}
	return out
}

func (c copier) copy(v *ir.Value) *ir.Value {
	if x := c.at[v]; x != nil {
		return x
	}
	args := c.all(v.Args)
	c.b.Span = v.Span
	var x *ir.Value
	switch {
	case v.Op == ir.OpParam:
		x = c.b.Param(v.Attr.Param)
	case v.Op == ir.OpConst && v.Attr.Data != nil:
		x = c.b.Data(v.Attr.Data, v.Type)
	case v.Op == ir.OpConst:
		x = c.b.Fill(v.Attr.Num, v.Type)
	default:
		x = c.b.Emit(v.Op, v.Attr, args...)
		x.Rate = v.Rate
	}
	if v.Name != "" {
		x.Name = v.Name
	}
	c.at[v] = x
	return x
}

// Shares reports whether solves of n have records.
func (n *Node) Shares() bool {
	return slices.ContainsFunc(n.Steps, func(st NodeStep) bool {
		return st.Solve != nil && st.Solve.Record != nil || st.Rev != nil && (st.Rev.Record != nil || st.Rev.ReplayRecord != nil || st.Rev.Node != nil && st.Rev.Node.Shares()) || st.Loop != nil && st.Loop.Body.Shares()
	})
}

// recorded reports whether kernels have records, or keep something.
func (s *Set) recorded() bool {
	return slices.ContainsFunc(s.Kernels, func(k *Kernel) bool { return k.record != nil || k.kept.any() && !k.inner })
}

// Pointers are names and types, in Go, of what every kernel takes.
func (s *Set) Pointers() []string {
	if !s.recorded() {
		return s.Args
	}
	return append(slices.Clone(s.Args), "record *Real")
}
