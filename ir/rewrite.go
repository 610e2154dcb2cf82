package ir

import "slices"

// Inline copies the body of f to the end of the builder's function, args in place of its
// arguments, and gives its results. Spans and names of the copied values are kept.
func (b *Builder) Inline(f *Func, args []*Value) []*Value { return b.InlineBy(f, args, nil) }

// InlineBy is Inline with a rule for values that are not just copied.
func (b *Builder) InlineBy(f *Func, args []*Value, rule Rule) []*Value {
	m := make([]*Value, f.nextID)
	for i, a := range f.Args {
		m[a.ID] = args[i]
	}
	b.copyBody(f, m, multi(rule), false)
	out := make([]*Value, len(f.Results))
	for i, r := range f.Results {
		out[i] = m[r.ID]
	}
	return out
}

// Part is a part of the body of f, to be copied: some of its values, others in place of its arguments.
func (f *Func) Part(args, values, results []*Value) *Func {
	return &Func{Name: f.Name, Args: args, Values: values, Results: results, nextID: f.nextID}
}

// Rule gives the replacement of v, whose operands have become args; nil keeps v with those
// operands. The replacement may be one of args or new values made with b.
type Rule func(b *Builder, v *Value, args []*Value) *Value

// Rebuild makes the body of f anew, value by value through rule. Arguments, and what neither the rule nor new
// operands change, stay the same values in the same order; f keeps its identity, so that callers need no
// change. Rates are forgotten. A rule that has to give several values for a tuple uses RebuildMulti.
func Rebuild(f *Func, real Elem, rule Rule) {
	RebuildMulti(f, real, multi(rule))
}

func multi(rule Rule) MultiRule {
	if rule == nil {
		return nil
	}
	return func(b *Builder, v *Value, args []*Value) []*Value {
		if r := rule(b, v, args); r != nil {
			return []*Value{r}
		}
		return nil
	}
}

// MultiRule is a Rule that may replace a tuple value by its components: OpResult values of v
// then become those components.
type MultiRule func(b *Builder, v *Value, args []*Value) []*Value

// RebuildMulti is Rebuild for rules over tuples.
func RebuildMulti(f *Func, real Elem, rule MultiRule) {
	nf := &Func{Name: f.Name, nextID: f.nextID, Values: make([]*Value, 0, len(f.Values))} // the name is for error texts
	b := &Builder{Func: nf, Real: real}
	m := make([]*Value, f.nextID)
	for _, a := range f.Args {
		nf.Values = append(nf.Values, a)
		m[a.ID] = a
	}
	b.copyBody(f, m, rule, true)
	for i, r := range f.Results {
		if r != nil {
			f.Results[i] = m[r.ID]
		}
	}
	f.Values = nf.Values
	for _, v := range f.Values {
		if v.Op != OpArg {
			v.Rate = Rate{}
		}
	}
	f.Renumber()
}

// copyBody copies the body of f through rule; m has the copies, by the IDs of f. With reuse, values that stay as they are
// become part of the new body themselves.
func (b *Builder) copyBody(f *Func, m []*Value, rule MultiRule, reuse bool) {
	parts := map[*Value][]*Value{} // tuples that a rule took apart
	saved := b.Span
	var args []*Value
	for _, v := range f.Values {
		if v.Op == OpArg {
			continue
		}
		if v.Op == OpResult {
			if ps, ok := parts[v.Args[0]]; ok {
				m[v.ID] = ps[v.Attr.Index]
				continue
			}
		}
		same := reuse
		if args == nil { // a rule or a copy has kept the last ones
			args = make([]*Value, 0, max(len(v.Args), 4))
		}
		args = args[:0]
		for _, a := range v.Args {
			c := a
			if a != nil {
				c = m[a.ID]
			}
			args = append(args, c)
			same = same && c == a
		}
		b.Span = v.Span
		before := len(b.Func.Values)
		if rule != nil {
			if rs := rule(b, v, args); rs != nil {
				if v.Type.Elem == Tuple && !(len(rs) == 1 && rs[0].Type.Elem == Tuple) {
					parts[v] = rs
				} else {
					m[v.ID] = rs[0]
					if rs[0].Name == "" && len(b.Func.Values) > before && rs[0] == b.Func.Values[len(b.Func.Values)-1] {
						rs[0].Name = v.Name
					}
				}
				args = nil
				continue
			}
		}
		if same {
			b.Func.Values = append(b.Func.Values, v)
			m[v.ID] = v
			continue
		}
		m[v.ID] = b.Copy(v, args[:len(args):len(args)])
		args = nil
	}
	b.Span = saved
}

// Copy appends a copy of v with the operands args.
func (b *Builder) Copy(v *Value, args []*Value) *Value {
	c := &Value{ID: b.Func.newID(), Op: v.Op, Args: args, Attr: v.Attr, Type: v.Type, Span: v.Span, Name: v.Name}
	b.Func.Values = append(b.Func.Values, c)
	return c
}

// Renumber gives values the IDs 0, 1, … in their order.
func (f *Func) Renumber() {
	for i, v := range f.Values {
		v.ID = i
	}
	f.nextID = len(f.Values)
}

// Live marks the values that the results depend on, by their IDs. Operands and results that are about to be removed
// may be nil.
func (f *Func) Live() []bool {
	live := make([]bool, f.nextID)
	for _, r := range f.Results {
		if r != nil {
			live[r.ID] = true
		}
	}
	for i := len(f.Values) - 1; i >= 0; i-- {
		if v := f.Values[i]; live[v.ID] {
			for _, a := range v.Args {
				if a != nil {
					live[a.ID] = true
				}
			}
		}
	}
	return live
}

// DropDead removes values that no result depends on. Arguments stay.
func (f *Func) DropDead() {
	live := f.Live()
	dead := func(v *Value) bool { return !live[v.ID] && v.Op != OpArg }
	if slices.ContainsFunc(f.Values, dead) {
		kept := make([]*Value, 0, len(f.Values))
		for _, v := range f.Values {
			if !dead(v) {
				kept = append(kept, v)
			}
		}
		f.Values = kept
	}
	f.Renumber()
}

// Uses counts how often each value is an operand or a result.
func (f *Func) Uses() map[*Value]int {
	n := make(map[*Value]int, len(f.Values))
	for _, v := range f.Values {
		for _, a := range v.Args {
			n[a]++
		}
	}
	for _, r := range f.Results {
		n[r]++
	}
	return n
}

// Clone is a copy of f with another name; callees are shared.
func (f *Func) Clone(name string) *Func {
	g := &Func{Name: name, Doc: f.Doc, Span: f.Span, Region: f.Region,
		ResultNames: append([]string(nil), f.ResultNames...), Accum: append([]bool(nil), f.Accum...)}
	b := &Builder{Func: g}
	args := make([]*Value, len(f.Args))
	for i, a := range f.Args {
		b.Span = a.Span
		args[i] = b.Arg(a.Name, a.Type)
	}
	g.Results = b.Inline(f, args)
	return g
}
