package codegen

import (
	"fmt"

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
	in := e.rowColumns(r, "t", "elem", "num", "rows", "key", "out", "weights", "add", "row", "k", "w", "ws", "pre", "st")
	if fn.Needs.Stats > 0 {
		p.line("var st [%d]rt.SolveStats", fn.Needs.Stats)
	}
	p.line("%s", e.modelCall(fn, "w", "pre", "ws", "&st", in, func(int) (string, bool) { return "&k.design", false }))
	if fn.Needs.Stats > 0 {
		p.line("if !out.Count(st[:], %sSites, row, row, nil) { continue }", low)
	}
	p.line("add(k.design[:])")
	p.line("}")
	p.line("}")
	text(f, fmt.Sprintf("Design gives the rows of the least squares problem of recipe %s.", r.Name), p.text())
}

// rowColumns prints the head of the loop over rows, which reads the columns of a recipe, and gives how
// each is passed on.
func (e *emitter) rowColumns(r *ir.Recipe, taken ...string) (in func(i int) string) {
	p := e.p
	s := e.locals(taken...)
	names := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		names[i] = s.pick(goName(c.Name, false))
		s.used[names[i]+"Col"] = true
		p.line("%sCol := &t.Columns[t.Index(%q)]", names[i], c.Name)
	}
	p.line("for _, row := range rows {")
	for i, c := range r.Columns {
		if c.Type.IsScalar() {
			p.line("%s := %s(%sCol.Data[row])", names[i], e.elem(c.Type.Elem), names[i])
			continue
		}
		p.line("var %s [%d]%s", names[i], c.Type.Len(), e.elem(c.Type.Elem))
		p.line("for elem, num := range %sCol.Row(row) { %s[elem] = %s(num) }", names[i], names[i], e.elem(c.Type.Elem))
	}
	return func(i int) string {
		if r.Columns[i].Type.IsScalar() {
			return names[i]
		}
		return "&" + names[i]
	}
}
