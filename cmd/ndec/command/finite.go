package command

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// Where a number is not finite, the sample is computed again by the interpreter, which follows such numbers to the
// operator that made the first of them. Emitted code knows nothing of it.

// finding is the first number that is not finite in the evaluation of one sample.
type finding struct {
	Where    string   `json:"where"`              // file:line:col
	Operator string   `json:"operator"`           // "log", "column x", "parameter f.0.weight", "mean acc"
	Of       string   `json:"of,omitempty"`       // the operator whose derivative it belongs to
	Operands []string `json:"operands,omitempty"` // of an element-wise operator
	Value    string   `json:"value"`              // NaN, +Inf or -Inf
	Element  int      `json:"element"`
	// Pass is forward, backward, or ascent of an adversary's search.
	Pass   string         `json:"pass"`
	Sample int            `json:"sample"`
	Row    int            `json:"row"` // of the data, -1 if there is none
	Around []findingPlace `json:"around,omitempty"`
	span   diag.Span
}

// findingPlace is a solve or loop around a finding, outermost first.
type findingPlace struct {
	Solve string  `json:"solve,omitempty"` // system
	Where string  `json:"where"`
	Back  bool    `json:"back,omitempty"` // in the sweep back over its steps
	Time  float64 `json:"time"`           // where the step begins
	Step  int     `json:"step"`           // accepted before
	H     float64 `json:"h,omitempty"`
	Loop  string  `json:"loop,omitempty"` // map or scan
	Run   int     `json:"run,omitempty"`  // of the loop, from 1
}

// tracer goes through samples of a module again.
type tracer struct {
	m   *ir.Module
	in  *interp.Machine
	src *source
	of  map[diag.Span]string // operators of forward functions by their source text
}

func newTracer(src *source, mc *machine) (*tracer, error) {
	in, err := mc.interp()
	if err != nil {
		return nil, err
	}
	in.Round32 = mc.m.Real == ir.F32
	return &tracer{m: mc.m, in: in, src: src}, nil
}

// pass traces a function, and finds what is not finite among its results from lo to hi, or in its solves.
func (t *tracer) pass(name string, f *ir.Func, args []interp.Tensor, lo, hi int) (*finding, error) {
	t.in.Failed = nil
	_, why, err := t.in.Trace(f, args...)
	if err != nil {
		return nil, internal(err)
	}
	for _, e := range t.in.Failed {
		if e.Why != nil {
			return t.finding(name, e.Why), nil
		}
	}
	for _, o := range why[lo:hi] {
		if o != nil {
			return t.finding(name, o), nil
		}
	}
	return nil, nil
}

// model looks at a sample of a model.
func (t *tracer) model(m *ir.Model, args []interp.Tensor) (*finding, error) {
	return t.pass("forward", m.Func, args, 0, len(m.Outputs))
}

// training looks at a sample of a training step: at what it computes, then at the gradient.
func (t *tracer) training(r *ir.Recipe, args []interp.Tensor) (*finding, error) {
	terms := 1 + metricTerms(r)
	if found, err := t.pass("forward", r.Fitted(), args, 0, 1); found != nil || err != nil {
		return found, err
	}
	if r.Attack != nil {
		// The search gives what it found before it failed, so the first number made in it counts.
		failed, err := ascentFailed(t.in, r, args, 0)
		if err != nil {
			return nil, err
		}
		found, err := t.pass("ascent", r.Attack, args, 0, 1)
		if err == nil && found == nil && failed != nil && t.in.First != nil {
			found = t.finding("ascent", t.in.First)
		}
		if found != nil || err != nil {
			return found, err
		}
		if args, err = attacked(t.in, r, args); err != nil {
			return nil, err
		}
		if found, err = t.pass("forward", r.Fitted(), args, 0, 1); found != nil || err != nil {
			return found, err
		}
	}
	if r.Design != nil {
		if found, err := t.pass("forward", r.Design, args, 0, 1); found != nil || err != nil {
			return found, err
		}
	}
	first := terms + ir.NumStats*len(r.Solves)
	return t.pass("backward", r.Grad, args, first, len(r.Grad.Results))
}

// metric looks at the terms of metrics of a sample.
func (t *tracer) metric(f *ir.Func, r *ir.Recipe, args []interp.Tensor) (*finding, error) {
	return t.pass("forward", f, args, 1, 1+metricTerms(r))
}

// finding describes an origin.
func (t *tracer) finding(pass string, o *interp.Origin) *finding {
	v := o.Value
	f := &finding{Operator: v.Op.String(), Value: number(o.Got), Element: o.Index, Pass: pass, Sample: -1, Row: -1, span: v.Span}
	switch v.Op {
	case ir.OpArg:
		f.Operator = "column " + v.Name
	case ir.OpParam:
		f.Operator = "parameter " + v.Attr.Param.Name
		if v.Attr.Param.Span.IsValid() {
			f.span = v.Attr.Param.Span
		}
	default:
		for _, x := range o.From {
			f.Operands = append(f.Operands, number(x))
		}
		if of := t.forwardOp(v.Span); pass != "forward" && of != f.Operator {
			f.Of = of
		}
	}
	f.span = t.withName(f.span)
	f.Where = f.span.Start.String()
	for _, p := range o.Path {
		f.Around = append(f.Around, placeOf(p))
	}
	return f
}

func placeOf(p interp.Place) findingPlace {
	switch {
	case p.Map != nil:
		return findingPlace{Where: p.Map.Fn.Span.String(), Loop: "map", Run: p.Run + 1}
	case p.Scan != nil:
		return findingPlace{Where: p.Scan.Fn.Span.String(), Loop: "scan", Run: p.Run + 1}
	}
	return findingPlace{Solve: p.Solve.System, Where: p.Solve.Span.String(), Back: p.Back, Time: p.T, Step: p.Step, H: p.H}
}

// forwardOp is the operator that stands for the source text in a function that is not a derivative; "" if there is
// none.
func (t *tracer) forwardOp(at diag.Span) string {
	if t.of == nil {
		t.of = map[diag.Span]string{}
		seen := map[*ir.Func]bool{}
		var visit func(f *ir.Func)
		visit = func(f *ir.Func) {
			if f == nil || seen[f] {
				return
			}
			seen[f] = true
			for _, v := range f.Values {
				if c := v.Op.Info().Class; c != ir.ClassLeaf && c != ir.ClassNode && (f != t.m.Prepare || t.of[v.Span] == "") {
					t.of[v.Span] = v.Op.String()
				}
				visit(v.Attr.Func)
				switch {
				case v.Attr.Solve != nil:
					visit(v.Attr.Solve.Field)
					visit(v.Attr.Solve.Guard)
					for _, e := range v.Attr.Solve.Events {
						visit(e.Reset)
					}
				case v.Attr.Map != nil:
					visit(v.Attr.Map.Fn)
				case v.Attr.Scan != nil:
					visit(v.Attr.Scan.Fn)
				}
			}
		}
		for _, r := range t.m.Recipes {
			visit(r.Objective)
			visit(r.Fitted())
		}
		visit(t.m.Prepare) // derivatives stand behind what they are of
	}
	return t.of[at]
}

// withName takes the name of what is called into a span that begins at the parenthesis.
func (t *tracer) withName(at diag.Span) diag.Span {
	text, p := t.src.files[at.Start.File], &at.Start
	if p.Offset >= len(text) || text[p.Offset] != '(' {
		return at
	}
	isName := func(c byte) bool {
		return c == '_' || c == '.' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z'
	}
	for p.Offset > 0 && isName(text[p.Offset-1]) {
		p.Offset, p.Col = p.Offset-1, p.Col-1
	}
	return at
}

func number(x float64) string {
	if math.IsInf(x, 1) {
		return "+Inf"
	}
	return fmt.Sprintf("%.6g", x)
}

// text says what was found, with the source text.
func (f *finding) text(src *source) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: ", f.Where)
	switch {
	case f.Operator == "const":
		fmt.Fprintf(&b, "the constant %s", f.Value)
	case f.Operands != nil:
		fmt.Fprintf(&b, "%s(%s) is %s", f.Operator, strings.Join(f.Operands, ", "), f.Value)
	default:
		fmt.Fprintf(&b, "element %d of %s is %s", f.Element, f.Operator, f.Value)
	}
	if f.Of != "" {
		fmt.Fprintf(&b, ", in the derivative of %s", f.Of)
	}
	fmt.Fprintf(&b, ": first value of the %s pass that is not finite, %s", f.Pass, f.sampleText())
	for _, p := range f.Around {
		switch {
		case p.Loop != "":
			fmt.Fprintf(&b, ", run %d of the %s at %s", p.Run, p.Loop, p.Where)
		case p.Back:
			fmt.Fprintf(&b, ", back over the solve of %s (%s) at time %.6g, step %d, h %.3g", p.Solve, p.Where, p.Time, p.Step, p.H)
		default:
			fmt.Fprintf(&b, ", solve of %s (%s) at time %.6g, step %d, h %.3g", p.Solve, p.Where, p.Time, p.Step, p.H)
		}
	}
	o := diag.Options{Source: func(file string) (string, bool) { text, ok := src.files[file]; return text, ok }}
	if window := o.Window(f.span); window != "" {
		b.WriteString("\n" + strings.TrimSuffix(window, "\n"))
	}
	return b.String()
}

// below puts what was found, if anything was, under a message.
func (f *finding) below(message string, src *source) string {
	if f == nil {
		return message
	}
	return message + "\n  " + strings.ReplaceAll(f.text(src), "\n", "\n  ")
}

func (f *finding) sampleText() string {
	switch {
	case f.Sample < 0:
		return "of means over the batch"
	case f.Row < 0:
		return fmt.Sprintf("sample %d", f.Sample)
	}
	return fmt.Sprintf("sample %d (data row %d)", f.Sample, f.Row)
}

// explainFault computes what a training stopped at again. It gives nil where there was nothing that was not finite.
func explainFault(src *source, m *ir.Module, fault *rt.Fault) (*finding, error) {
	r := recipeByName(m, fault.Recipe)
	mc := &machine{m: m, layout: layoutOf(m)}
	mc.w = make([]float64, rt.LayoutLen(mc.layout))
	stored, _, err := rt.DecodeTensors(fault.Weights)
	if err != nil {
		return nil, internal(err)
	}
	for i, s := range stored { // in the order of the layout
		copy(mc.w[mc.layout[i].Offset:], s.Data)
	}
	t, err := newTracer(src, mc)
	if err != nil {
		return nil, err
	}
	if fault.Sample < 0 {
		if r.Combine == nil || len(fault.Means) != len(r.Combine.Args) {
			return nil, nil
		}
		var means []interp.Tensor
		for _, x := range fault.Means {
			means = append(means, interp.Scalar(math.Float64frombits(x)))
		}
		found, err := t.pass("forward", r.Combine, means, fault.Metric, fault.Metric+1)
		if found != nil {
			found.Operator = strings.Replace(found.Operator, "column ", "mean ", 1)
		}
		return found, err
	}
	columns, _, err := rt.DecodeTensors(fault.Columns)
	if err != nil {
		return nil, internal(err)
	}
	var args []interp.Tensor
	for _, c := range columnsOf(r.Columns) {
		i := slices.IndexFunc(columns, func(s rt.Stored) bool { return s.Name == c.Name })
		args = append(args, interp.Of(columns[i].Data, c.Shape...))
	}
	args = append(args, keyOf(r.Keyed(), rt.Key{Seed: fault.Seed, Step: fault.DrawStep}, fault.Row)...)
	var found *finding
	training := fault.Split == "train"
	switch metric := strings.HasPrefix(fault.What, "metric "); {
	case metric && training:
		found, err = t.metric(r.Fitted(), r, args)
	case metric:
		found, err = t.metric(r.Objective, r, args)
	case training:
		found, err = t.training(r, args)
	default:
		found, err = t.pass("forward", r.Objective, args, 0, 1)
	}
	if found != nil {
		found.Sample, found.Row = fault.Sample, fault.Row
	}
	return found, err
}

// patiently runs find unless a signal stops the session meanwhile; found is nil then.
func patiently(s *session, find func() (*finding, error)) (*finding, error) {
	type answer struct {
		found *finding
		err   error
	}
	done := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if r := recover(); r != nil {
				a.err = internal(fmt.Errorf("the interpreter: %v", r))
			}
			done <- a
		}()
		a.found, a.err = find()
	}()
	for {
		select {
		case a := <-done:
			return a.found, a.err
		case <-time.After(50 * time.Millisecond):
			if s.stopped.Load() {
				return nil, nil
			}
		}
	}
}

// explainGrad looks for the first row of a batch whose loss or gradient is not finite.
func explainGrad(src *source, mc *machine, r *ir.Recipe, table *rt.Table) (*finding, error) {
	t, err := newTracer(src, mc)
	if err != nil {
		return nil, err
	}
	cols := columnsOf(r.Columns)
	for row := range table.Rows {
		args := append(rowArgs(table, cols, row), keyOf(r.Keyed(), rt.Key{Seed: recipeSeed(r)}, row)...)
		if found, err := t.training(r, args); found != nil || err != nil {
			return found.of(row), err
		}
	}
	return nil, nil
}

// explainRun looks for the first of the rows of a batch for which a model gives something that is not finite.
func explainRun(src *source, mc *machine, m *ir.Model, table *rt.Table, rows []int) (*finding, error) {
	t, err := newTracer(src, mc)
	if err != nil {
		return nil, err
	}
	cols := columnsOf(m.Inputs)
	for _, row := range rows {
		args := append(rowArgs(table, cols, row), keyOf(m.Keyed(), rt.Key{Step: rt.EvalStep}, row)...)
		if found, err := t.model(m, args); found != nil || err != nil {
			return found.of(row), err
		}
	}
	return nil, nil
}

// of is the finding at a row of a batch.
func (f *finding) of(row int) *finding {
	if f != nil {
		f.Sample = row
	}
	return f
}
