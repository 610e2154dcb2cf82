package codegen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
)

// fittedParams lists the parameters that least squares fits, quoted.
func fittedParams(r *ir.Recipe) []string {
	var out []string
	for _, q := range r.Trained {
		out = append(out, fmt.Sprintf("%q", q.Name))
	}
	return out
}

// design prints the method of a worker that gives the rows of a least squares problem.
func (e *emitter) design(f *file, r *ir.Recipe, low string) {
	p, fn := e.p, e.plan.Of(r.Design)
	method := "Design"
	if e.vec != nil && e.vec.recipes[r] != nil && e.vec.recipes[r].Design != nil {
		method = "designRows"
		text(f, fmt.Sprintf("%sLeastSquares gives the rows of the least squares problem. Where the processor has vector instructions, kernels take its place.", low),
			fmt.Sprintf("var %sLeastSquares = (*%sWorker).designRows", low, low))
		text(f, fmt.Sprintf("Design gives the rows of the least squares problem of recipe %s.", r.Name),
			fmt.Sprintf("func (k *%sWorker) Design(weights []Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult, add func([]Real)) {\n%sLeastSquares(k, weights, t, rows, key, out, add)\n}", low, low))
	}
	p.line("func (k *%sWorker) %s(weights []Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult, add func([]Real)) {", low, method)
	if fn.Needs.Params || fn.Needs.Prepared {
		p.line("w := paramsOf(weights)")
	}
	if fn.Needs.Prepared {
		p.line("pre := &k.pre")
		p.line("pre.of(w)")
	}
	if fn.Needs.Work {
		p.line("ws := &k.ws")
	}
	in := e.rowLoop(r, "for _, row := range rows", "t", "elem", "num", "rows", "key", "out", "weights", "add", "row", "k", "w", "ws", "pre", "st")
	if fn.Needs.Stats > 0 {
		p.line("var st [%d]rt.SolveStats", fn.Needs.Stats)
	}
	p.line("%s", e.modelCall(fn, recipeFrame, in, func(int) (string, bool) { return "&k.design", false }))
	if fn.Needs.Stats > 0 {
		p.line("if !out.Count(st[:], []rt.Site{%s}, row, row, nil) { continue }", strings.Join(e.siteList(r.Ran(), fn), ", "))
	}
	p.line("add(k.design[:])")
	p.line("}")
	p.line("}")
	text(f, fmt.Sprintf("%s gives the rows of the least squares problem of recipe %s, sample by sample.", method, r.Name), p.text())
}

// design prints the same in lanes, where it has vector code.
func (v *vectors) design(r *ir.Recipe, n *lanes.Node) {
	if n == nil {
		return
	}
	method := v.node(n)
	e, p, w, low, pf := v.e, v.p, v.set.Samples(), v.e.bases[r], v.e.plan.Of(r.Design)
	p.line("l := laneList.Get()")
	p.line("defer laneList.Put(l)")
	p.line("l.w = paramsOf(weights)")
	if v.set.Plan.Of(r.Design).Needs.Prepared { // not what kernels for one sample need
		p.line("k.pre.%s(l.w)", ifElse(e.alone != nil, "derive", "of"))
		p.line("l.pre = &k.pre")
	}
	v.fresh()
	p.line("fr := l.fr")
	if pf.Needs.Stats > 0 {
		p.line("var st [%d][%d]rt.SolveStats", pf.Needs.Stats, w)
		p.line("var stOf [%d]rt.SolveStats", pf.Needs.Stats)
	}
	p.line("for len(rows) > 0 {")
	p.line("n := min(%d, len(rows))", w)
	in := e.rowLoop(r, fmt.Sprintf("for i := range %d {\nrow := rows[min(i, n-1)] // the rest of a block is like its last sample", w),
		"t", "elem", "num", "rows", "key", "out", "weights", "add", "row", "l", "fr", "st", "stOf", "i", "n", "k")
	for i, c := range r.Columns {
		v.load(n.Frame.Args[i], strings.TrimPrefix(in(i), "&"), c.Type)
	}
	if r.Keyed() {
		v.load(n.Frame.Args[len(r.Columns)], "words", ir.KeyType)
	}
	p.line("}")
	p.line("l.%s(n%s)", method, ifText(pf.Needs.Stats > 0, ", &st"))
	size := r.Design.Results[0].Type.Len()
	p.line("if k.designs == nil { k.designs = make([]Real, %d*%d) }", w, size)
	p.line("rt.FromLanes(k.designs, %s[:], %d, %d, n)", v.at(n.Frame.Results[0]), size, w)
	p.line("for i, row := range rows[:n] {")
	if pf.Needs.Stats > 0 {
		p.line("if rt.FailedLane(st[:], i) { // what happened is told as without lanes")
		p.line("k.designRows(weights, t, rows[i:i+1], key, out, add)")
		p.line("continue")
		p.line("}")
		p.line("for s := range st { stOf[s] = st[s][i] }")
		p.line("out.Count(stOf[:], []rt.Site{%s}, row, row, nil)", strings.Join(e.siteList(r.Ran(), pf), ", "))
	} else {
		p.line("_ = row")
	}
	p.line("add(k.designs[i*%d:][:%d])", size, size)
	p.line("}")
	p.line("rows = rows[n:]")
	p.line("}")
	text(v.loops, "designLanes gives the rows of the least squares problem, a block of samples at a time.",
		fmt.Sprintf("func (k *%sWorker) designLanes(weights []Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult, add func([]Real)) {\n%s\n}", low, p.text()))
}
