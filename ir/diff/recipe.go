package diff

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// recipe makes what training needs of a recipe's objective, columns -> (loss, metric terms…,
// statistics…):
//
//	Grad:       columns -> (loss, metric terms…, statistics…, cotangents of Trained…, of Through… (Accum))
//	GradInputs: columns -> (loss, metric terms…, statistics…, cotangents of the real columns…)
//
// With an adversary these take the loss, though no metric, at the column's worst place in a ball:
//
//	Attack:     columns -> (what is added to the column, the number of the ascent that failed or 0)
//
// which is constant for differentiation. Trained, unless set, becomes the parameters with a cotangent that are not frozen.
func (p *pass) recipe(rc *ir.Recipe) {
	f := rc.Fitted()
	if f == nil {
		return
	}
	p.attack(rc)
	trained := rc.Trained
	if trained == nil {
		frozen := map[*ir.Param]bool{}
		for _, q := range rc.Frozen {
			frozen[q] = true
		}
		for _, q := range p.roots(p.reads(f)) {
			if !frozen[q] && q.Of == nil {
				trained = append(trained, q)
			}
		}
	}
	ways := p.ways(p.reads(f), trained)
	r, _, outs := p.objective(rc, ".grad", Wrt{Params: slices.Concat(trained, ways)})
	for _, q := range ways {
		if r.sums[q] != nil {
			rc.Through = append(rc.Through, q)
		}
	}
	if rc.Trained == nil {
		rc.Trained = []*ir.Param{}
		for _, q := range trained {
			through := slices.ContainsFunc(rc.Through, func(d *ir.Param) bool { return slices.Contains(p.sources(d), q) })
			if r.sums[q] != nil || through {
				rc.Trained = append(rc.Trained, q)
			}
		}
		if len(trained) > 0 && len(rc.Trained) == 0 && !p.diags.HasErrors() {
			p.flat(rc, trained)
		}
	}
	r.finish(nil, Wrt{Params: slices.Concat(rc.Trained, rc.Through)}, outs, f.ResultNames)
	r.b.Func.DropDead()
	rc.Grad = p.m.AddFunc(r.b.Func)
	if len(rc.Through) > 0 {
		rc.Pull = p.pull(rc)
	}

	var real []int
	for i, a := range f.Args {
		if a.Type.Elem.IsFloat() && !(rc.Keyed() && i == len(f.Args)-1) {
			real = append(real, i)
		}
	}
	r, args, outs := p.objective(rc, ".gradinputs", Wrt{Args: real})
	r.finish(args, Wrt{Args: real}, outs, f.ResultNames)
	r.b.Func.DropDead()
	rc.GradInputs = p.m.AddFunc(r.b.Func)
}

// flat complains about an objective that reads parameters and has no gradient by any of them.
func (p *pass) flat(rc *ir.Recipe, params []*ir.Param) {
	f := rc.Fitted()
	wanted := map[*ir.Param]bool{}
	for _, q := range params {
		wanted[q] = true
	}
	moved := p.active(f.Values, nil, wanted)
	needed := ancestors(f.Results[0])
	for _, v := range f.Values { // the first operator on the way from a parameter to the loss that has no derivative
		if !needed[v] || moved[v] {
			continue
		}
		for _, a := range v.Args {
			if moved[a] {
				p.fail(noGradient, v.Span, "minimize of %s has no gradient by any parameter: they enter it through %s only, which is constant between jumps; minimize a loss with slopes, such as cross_entropy, and make this a metric", rc.Name, v.Op)
				return
			}
		}
	}
	p.fail(noGradient, rc.Span, "minimize of %s has no gradient by any parameter that it reads; freeze: them all if that is meant", rc.Name)
}

// objective copies an objective and sweeps back from its loss. The metrics share the copy: a
// solve that both use runs once. With an adversary they have a copy of their own.
func (p *pass) objective(rc *ir.Recipe, suffix string, wrt Wrt) (r *reverse, args, outs []*ir.Value) {
	f := rc.Fitted()
	p.expand(f)
	b := p.derived(f, suffix)
	args = copyArgs(b, f.Args)
	if rc.Attack == nil {
		outs = b.Inline(f, args)
	} else {
		outs = p.attacked(b, rc, args)
	}
	outs = p.pairCalls(b, chosen(args, wrt.Args), wrt.Params, outs[:1], outs[1:]...)
	order := b.Func.Values
	r = p.body(b).reverse(chosen(args, wrt.Args), wrt.Params)
	r.accum = true
	r.seed(outs[0], b.Fill(1, outs[0].Type))
	r.sweep(order)
	return r, args, outs
}

// attacked gives the results of an objective with the loss at the place that the attack has found.
// Statistics are of the solves that the loss depends on, where it does.
func (p *pass) attacked(b *ir.Builder, rc *ir.Recipe, args []*ir.Value) []*ir.Value {
	f := rc.Fitted()
	near := slices.Clone(args)
	delta := b.CallAll(rc.Attack, args...)[0]
	x := args[rc.Attacked]
	near[rc.Attacked] = b.Add(x, b.Unary(ir.OpDetach, delta)).Named(x.Name + "_near")
	worst := b.Inline(f, near)
	outs := b.Inline(f, args)
	outs[0] = worst[0]
	needed := ancestors(f.Results[0])
	for i, r := range f.Results[1:] {
		if r.Op == ir.OpResult && r.Args[0].Op == ir.OpSolve && needed[r.Args[0]] && r.Attr.Index >= len(r.Args[0].Attr.Solve.States) {
			outs[1+i] = worst[1+i]
		}
	}
	return outs
}

// inOrderOfData sorts the recipes: one that trains a parameter comes before those that read it
// without training it. Otherwise, and in a circle, the order of the source holds.
func (p *pass) inOrderOfData() {
	rest := p.m.Recipes
	var order []*ir.Recipe
	for len(rest) > 0 {
		next := slices.IndexFunc(rest, func(r *ir.Recipe) bool {
			return !slices.ContainsFunc(rest, func(other *ir.Recipe) bool { return other != r && p.waitsFor(r, other) })
		})
		next = max(next, 0)
		order = append(order, rest[next])
		rest = append(slices.Clone(rest[:next]), rest[next+1:]...)
	}
	p.m.Recipes = order
}

// waitsFor reports whether r reads a parameter that only other trains.
func (p *pass) waitsFor(r, other *ir.Recipe) bool {
	return slices.ContainsFunc(other.Trained, func(q *ir.Param) bool {
		return (slices.Contains(p.reads(r.Objective), q) || slices.Contains(p.reads(r.Fitted()), q)) && !slices.Contains(r.Trained, q)
	})
}
