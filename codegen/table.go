package codegen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// What the ndec command calls: models and recipes over tables of float64, so that one protocol fits
// every package.

// tableRows prints a model over the rows of a table.
func (e *emitter) tableRows(f *file, m *ir.Model) {
	low := e.bases[m]
	p := e.p
	ins, outs := e.ports(m.Inputs), e.ports(m.Outputs)
	p.line("func %sRows(w []Real, in *rt.Table) *rt.Rows {", low)
	for i, q := range ins {
		convert := "rt.Bools"
		if q.t.Elem != ir.Bool {
			convert = fmt.Sprintf("rt.Convert[%s]", e.elem(q.t.Elem))
		}
		p.line("in%d := %s(in.Columns[in.Index(%q)].Data)", i, convert, m.Inputs[i].Name)
	}
	for i, q := range outs {
		p.line("out%d := make([]%s, in.Rows*%d)", i, e.elem(q.t.Elem), q.t.Len())
	}
	value := func(ps []port, suffix string, one func(i int) string) string {
		if len(ps) == 1 {
			return one(0)
		}
		var fs []string
		for i, q := range ps {
			fs = append(fs, q.field+": "+one(i))
		}
		return fmt.Sprintf("%s%s{%s}", m.Name, suffix, strings.Join(fs, ", "))
	}
	whole := func(kind string) func(i int) string {
		return func(i int) string { return fmt.Sprintf("%s%d", kind, i) }
	}
	row := func(i int) string {
		t, n := ins[i].t, ins[i].t.Len()
		switch t.Rank() {
		case 0:
			return fmt.Sprintf("in%d[row]", i)
		case 1:
			return fmt.Sprintf("%s(in%d[row*%d:])", e.apiType(t), i, n)
		}
		return fmt.Sprintf("*(*%s)(unsafe.Pointer(&in%d[row*%d]))", e.apiType(t), i, n)
	}
	p.line("m := New%s(paramsOf(w))", m.Name)
	p.line("return &rt.Rows{")
	if len(m.Solves) > 0 {
		p.line("Step: func(by []rt.Stepping) { copy(m.by[:], by) },")
	}
	p.line("Batch: func(ctx context.Context, stats *rt.BatchStats, workers int) error {")
	p.line("return m.Batch(ctx, %s, %s, stats, rt.Workers(workers))", value(outs, "BatchOutput", whole("out")), value(ins, "BatchInput", whole("in")))
	p.line("},")
	p.line("One: func(row int) error {")
	p.line("_, err := m.Forward(%s)", value(ins, "Input", row))
	p.line("return err")
	p.line("},")
	p.line("Store: func(out *rt.Table) {")
	for i := range outs {
		store := "rt.Store"
		if outs[i].t.Elem == ir.Bool {
			store = "rt.StoreBools"
		}
		p.line("%s(out, %q, out%d)", store, m.Outputs[i].Name, i)
	}
	p.line("},")
	p.line("}")
	p.line("}")
	text(f, fmt.Sprintf("%sRows is model %s over the rows of a table.", low, m.Name), p.text())
}

// fromTable is a number of a table as an element.
func (e *emitter) fromTable(t ir.Elem, x string) string {
	if t == ir.Bool {
		return x + " != 0"
	}
	return e.elem(t) + "(" + x + ")"
}

// solveSuffix tells the functions of a model's solves apart.
func solveSuffix(k int) string {
	if k == 0 {
		return ""
	}
	return fmt.Sprint(k + 1)
}

// tableRow prints variables for the inputs of a model, read from a row of a table, and gives their names.
func (e *emitter) tableRow(m *ir.Model, ins []port) []string {
	var args []string
	for i, q := range ins {
		col := fmt.Sprintf("in.Columns[in.Index(%q)]", m.Inputs[i].Name)
		v := fmt.Sprintf("in%d", i)
		if q.t.IsScalar() {
			e.p.line("%s := %s", v, e.fromTable(q.t.Elem, col+".Data[row]"))
		} else {
			e.p.line("var %s %s", v, e.apiType(q.t))
			e.p.line("for i, x := range %s.Row(row) { %s[i] = %s }", col, strings.TrimPrefix(e.flatPtr(v, q.t), "&"), e.fromTable(q.t.Elem, "x"))
		}
		args = append(args, v)
	}
	return args
}

// tableField prints a function that evaluates the right-hand side of a solve, and gives its name.
func (e *emitter) tableField(f *file, m *ir.Model, k int) string {
	p := e.p
	name := e.bases[m] + "TableField" + solveSuffix(k)
	s := m.Solves[k]
	field, start := e.plan.Of(s.Field), e.plan.Of(m.Paths[k])
	p.line("func %s(weights []Real, in *rt.Table, row int, t []float64, x, dx [][]float64) error {", name)
	needs := field.Needs
	if len(s.Extras) > 0 {
		needs.Params, needs.Prepared, needs.Work = needs.Params || start.Needs.Params, needs.Prepared || start.Needs.Prepared, needs.Work || start.Needs.Work
	}
	if needs.Params || needs.Prepared {
		p.line("w := paramsOf(weights)")
	}
	if needs.Prepared {
		p.line("pre := new(prepared)")
		p.line("pre.of(w)")
	}
	if needs.Work {
		p.line("ws := new(workspace)")
	}
	l := &loop{e: e, p: p}
	var extras []operand
	if len(s.Extras) > 0 {
		ins := e.ports(m.Inputs)
		inputs := e.tableRow(m, ins)
		var vars []operand
		if s.Stops > 0 {
			vars = append(vars, operand{"stops", ir.Tensor(ir.F64, s.Stops)})
		}
		for i, st := range s.States {
			vars = append(vars, operand{fmt.Sprintf("start%d", i), st.Type})
		}
		for i, t := range s.Extras {
			extras = append(extras, operand{fmt.Sprintf("extra%d", i), t})
		}
		vars = append(vars, extras...)
		l.declare(vars)
		p.line("var t0, t1 float64")
		if e.stepped[start.IR] != nil {
			p.line("model := New%s(paramsOf(weights))", m.Name)
		}
		if start.Needs.Stats > 0 {
			p.line("var st [%d]rt.SolveStats", start.Needs.Stats)
		}
		if m.Keyed() {
			p.line("key := rt.Key{Row: uint64(row), Step: rt.EvalStep}.Words()")
		}
		p.line("%s", e.modelCall(start, frame{w: "w", pre: "pre", ws: "ws", by: "&model.by", st: "&st"}, func(i int) string {
			if i == len(ins) {
				return "&key"
			}
			if ins[i].t.IsScalar() {
				return inputs[i]
			}
			return e.flatPtr(inputs[i], ins[i].t)
		}, func(i int) (string, bool) {
			if i < 2 {
				return fmt.Sprintf("t%d", i), true
			}
			return vars[i-2].arg(), vars[i-2].t.IsScalar()
		}))
		p.line("_, _ = t0, t1")
		for _, v := range vars[:s.Lead()-2+len(s.States)] {
			p.line("_ = %s", v.name)
		}
		if start.Needs.Stats > 0 {
			p.line("if err := rt.Failure(st[:], %sSites, row, row); err != nil { return err }", e.bases[m])
		}
	}
	p.line("for k := range t {")
	var xs, dxs []operand
	for i, st := range ir.Pick(s.States, s.Plain()) {
		xs, dxs = append(xs, operand{fmt.Sprintf("x%d", i), st.Type}), append(dxs, operand{fmt.Sprintf("dx%d", i), st.Type})
	}
	l.declare(xs)
	l.declare(dxs)
	for i, o := range xs {
		if o.t.IsScalar() {
			p.line("%s = %s(x[%d][k])", o.name, e.elem(o.t.Elem), i)
		} else {
			p.line("for i := range %s { %s[i] = %s(x[%d][k*%d+i]) }", o.name, o.name, e.elem(o.t.Elem), i, o.t.Len())
		}
	}
	p.line("%s", e.apply(s.Field, append(append([]string{"t[k]"}, args(xs)...), args(extras)...), dxs, "="))
	for i, o := range dxs {
		if o.t.IsScalar() {
			p.line("dx[%d][k] = float64(%s)", i, o.name)
		} else {
			p.line("for i := range %s { dx[%d][k*%d+i] = float64(%s[i]) }", o.name, i, o.t.Len(), o.name)
		}
	}
	p.line("}")
	p.line("return nil")
	p.line("}")
	text(f, fmt.Sprintf("%s is the right-hand side of the solve at %s for one row of a table: at times t and states x it fills\ntheir derivatives.", name, clean(s.Span.String())), p.text())
	return name
}

// tablePath prints a function that looks along a solve, and gives its name.
func (e *emitter) tablePath(f *file, m *ir.Model, k int) string {
	p := e.p
	suffix := solveSuffix(k)
	name := e.bases[m] + "TablePath" + suffix
	s := m.Solves[k]
	ins := e.ports(m.Inputs)
	p.line("func %s(ctx context.Context, w []Real, in *rt.Table, row, k int) ([]float64, [][]float64, error) {", name)
	args := e.tableRow(m, ins)
	arg := args[0]
	if len(ins) > 1 {
		var fs []string
		for i, q := range ins {
			fs = append(fs, q.field+": "+args[i])
		}
		arg = fmt.Sprintf("%sInput{%s}", m.Name, strings.Join(fs, ", "))
	}
	p.line("m := New%s(paramsOf(w))", m.Name)
	p.line("t0, t1, err := m.span%s(%s)", suffix, arg)
	p.line("if err != nil { return nil, nil, err }")
	p.line("path, err := m.Trajectory%s(ctx, %s, rt.Linspace(t0, t1, k))", suffix, arg)
	p.line("if path == nil { return nil, nil, err }")
	var states []string
	sc := newScope("T", "Stats")
	for _, st := range ir.Pick(s.States, s.Plain()) {
		field := sc.pick(goName(st.Name, true))
		if st.Type.IsScalar() {
			states = append(states, fmt.Sprintf("rt.Convert[float64](path.%s)", field))
		} else {
			v := goName(field, false) + "Flat"
			p.line("var %s []float64", v)
			p.line("for i := range path.%s { %s = append(%s, rt.Convert[float64](path.%s[i][:])...) }", field, v, v, field)
			states = append(states, v)
		}
	}
	p.line("return path.T, [][]float64{%s}, err", strings.Join(states, ", "))
	p.line("}")
	text(f, fmt.Sprintf("%s looks along the solve at %s for one row of a table.", name, clean(s.Span.String())), p.text())
	return name
}

// hasInputs reports whether the gradient by data columns is emitted.
func (e *emitter) hasInputs(r *ir.Recipe) bool { return r.GradInputs != nil }

// inputs prints the gradient of the mean loss by the real columns.
func (e *emitter) inputs(f *file, r *ir.Recipe, low string) {
	fn := e.plan.Of(r.GradInputs)
	p := e.p
	sites := low + "Sites"
	if list := e.siteList(r.Ran(), fn); !slices.Equal(list, e.siteList(r.Ran(), e.plan.Of(r.Objective))) {
		sites = low + "InputSites"
		text(f, fmt.Sprintf("%s are the solves that a gradient of recipe %s by its columns runs.", sites, r.Name), fmt.Sprintf("var %s = []rt.Site{%s}", sites, strings.Join(list, ", ")))
	}
	p.line("func %sInputs(weights []Real, t, out *rt.Table) error {", low)
	if fn.Needs.Params || fn.Needs.Prepared {
		p.line("w := paramsOf(weights)")
	}
	if fn.Needs.Prepared {
		p.line("pre := new(prepared)")
		p.line("pre.of(w)")
	}
	together := fn.IR.InStep()
	if fn.Needs.Work && !together {
		p.line("ws := new(workspace)")
	}
	each := "for row := range t.Rows"
	if together {
		each = "err := rt.InGroup(context.Background(), t.Rows, func(row int, member *rt.StepMember)"
		p.line("var failed rt.FirstFailure")
	} else {
		p.line("var first error")
	}
	if r.Keyed() {
		p.line("key := rt.Key{Seed: %sRecipe.Seed}", low)
	}
	in := e.rowLoop(r, each, "t", "elem", "num", "out", "weights", "loss", "row", "first", "key", "member", "failed", "err", "s")
	if together {
		p.line("ws := &workspace{group: member}")
	}
	if fn.Needs.Stats > 0 {
		p.line("var st [%d]rt.SolveStats", fn.Needs.Stats)
	}
	n := e.terms(r)
	res := []string{"loss"}
	for i := 0; i < n; i++ {
		res = append(res, fmt.Sprintf("m%d", i))
	}
	p.line("var %s Real", strings.Join(res, ", "))
	var real []int // columns with a gradient
	bar := func(i int) string { return strings.TrimPrefix(in(i), "&") + "Bar" }
	for i, c := range r.Columns {
		if c.Type.Elem.IsFloat() {
			real = append(real, i)
			p.line("var %s %s", bar(i), e.valueType(c.Type))
		}
	}
	p.line("%s", e.modelCall(fn, recipeFrame, in, func(i int) (string, bool) {
		if i <= n {
			return res[i], true
		}
		c := real[i-n-1]
		if r.Columns[c].Type.IsScalar() {
			return bar(c), true
		}
		return "&" + bar(c), false
	}))
	for _, v := range res {
		p.line("_ = %s", v)
	}
	switch {
	case together:
		p.line("for s := range st { failed.See(&st[s], &%s[s], row, row) }", sites)
	case fn.Needs.Stats > 0:
		p.line("if err := rt.Failure(st[:], %s, row, row); err != nil && first == nil { first = err }", sites)
	}
	for _, i := range real {
		if r.Columns[i].Type.IsScalar() {
			p.line("out.Columns[out.Index(%q)].Data[row] = float64(%s) / float64(t.Rows)", r.Columns[i].Name, bar(i))
			continue
		}
		p.line("for elem, num := range %s { out.Columns[out.Index(%q)].Row(row)[elem] = float64(num) / float64(t.Rows) }", bar(i), r.Columns[i].Name)
	}
	if together {
		p.line("})")
		p.line("if err != nil { return err }")
		p.line("return failed.Err()")
	} else {
		p.line("}")
		p.line("return first")
	}
	p.line("}")
	text(f, fmt.Sprintf("%sInputs is the gradient of the mean loss of recipe %s by the real columns of t.", low, r.Name), p.text())
}

// rowLoop prints the head of a loop over rows of t, which reads the columns of a recipe, and gives
// how each is passed on.
func (e *emitter) rowLoop(r *ir.Recipe, loop string, taken ...string) (in func(i int) string) {
	p := e.p
	s := e.locals(append(taken, "words")...)
	names := make([]string, len(r.Columns))
	for i, c := range r.Columns {
		names[i] = s.pick(goName(c.Name, false))
		s.used[names[i]+"Col"], s.used[names[i]+"Bar"] = true, true
		p.line("%sCol := &t.Columns[t.Index(%q)]", names[i], c.Name)
	}
	p.line("%s {", loop)
	if r.Keyed() {
		p.line("words := key.At(row).Words()")
	}
	for i, c := range r.Columns {
		if c.Type.IsScalar() {
			p.line("%s := %s", names[i], e.fromTable(c.Type.Elem, names[i]+"Col.Data[row]"))
			continue
		}
		p.line("var %s %s", names[i], e.valueType(c.Type))
		p.line("for elem, num := range %sCol.Row(row) { %s[elem] = %s }", names[i], names[i], e.fromTable(c.Type.Elem, "num"))
	}
	return func(i int) string {
		if i == len(r.Columns) {
			return "&words"
		}
		if r.Columns[i].Type.IsScalar() {
			return names[i]
		}
		return "&" + names[i]
	}
}
