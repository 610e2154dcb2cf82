package codegen

import (
	"fmt"
	"strings"

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
	p.line("func (k *%sWorker) Design(weights []Real, t *rt.Table, rows []int, key rt.Key, out *rt.ShardResult, add func([]Real)) {", low)
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
	text(f, fmt.Sprintf("Design gives the rows of the least squares problem of recipe %s.", r.Name), p.text())
}
