package lower

import (
	"fmt"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
)

// recipe lowers a train block: one sample's columns -> loss, metric terms, statistics. Where that is another
// function in training, it is lowered once more.
func (l *lowerer) recipe(r *sema.Recipe) {
	out := &ir.Recipe{Name: r.Name, Doc: r.Doc, Span: r.Span, Columns: l.ports(r.Data.Columns), Frozen: r.Frozen, Settings: r.Settings}
	if n := averages(r.Minimize); n > 0 && !affine(r.Minimize) {
		refuse(unsharedMean, r.Minimize.Span(), "what is minimised is a mean over samples, and a function of avg is none; minimise the mean itself, and show the function as a metric")
	}
	s, combine := l.objective(r)
	for _, m := range r.Metrics {
		out.Metrics = append(out.Metrics, m.Name)
	}
	out.Objective, out.Combine, out.Solves = s.b.Func, combine, s.solved()
	s.ascend(out.Columns)
	for _, d := range l.m.Data {
		if d.Name == r.Data.Name {
			s.ascend(d.Columns)
		}
	}
	keyed := s.keyRead()
	if r.DiffersByUse() {
		t, _ := l.forTraining(r).objective(r)
		if r.Mixed() && (len(t.references) > 0 || t.everyCount) {
			refuse(mixedFit, r.Span, "recipe %s fits a hypersolver, whose errors are smaller than what mixed precision rounds away; leave precision: out", r.Name)
		}
		out.Training, out.TrainingSolves = t.b.Func, t.solved()
		keyed = keyed || t.keyRead()
		if !keyed {
			t.dropKey()
		}
	}
	if !keyed {
		s.dropKey()
	}
	if out.Combine != nil {
		l.add(out.Combine)
	}
	l.m.Recipes = append(l.m.Recipes, out)
}

// objective is the function of a recipe, and what makes metrics of the means of its terms.
func (l *lowerer) objective(r *sema.Recipe) (*scope, *ir.Func) {
	s := l.scope(l.name(r.Name), r.Doc, r.Span)
	s.args(r.Data.Columns)
	s.keyed()
	o, ok := ir.FindSetting(r.Settings, "optimizer")
	s.everyCount = ok && o.Choice != nil && o.Choice.Row == "lstsq"
	// The loss is the mean of what the objective gives, so that avg of a term is the term.
	s.inBatch = func(x *sema.Avg) *ir.Value { return s.expr(x.X) }
	loss := s.expr(r.Minimize)
	s.inBatch = nil
	terms := s.terms(r.Metrics)
	s.b.Func.ResultNames = append([]string{"loss"}, terms.names...)
	l.add(s.b.Return(append(append([]*ir.Value{loss}, terms.values...), s.statistics()...)...))
	return s, terms.combine
}

// terms are what the metrics of a recipe are computed from: values of one sample whose means over the
// samples are the metrics themselves, or the arguments of combine if that is not nil.
type terms struct {
	values  []*ir.Value
	names   []string
	combine *ir.Func
}

// terms lowers the metrics of a recipe.
func (s *scope) terms(list []*sema.Named) (out terms) {
	c := s.scope(s.name+".combine", "metrics from the means of their terms", s.b.Func.Span)
	var metrics []*ir.Value
	var all []string
	combine := false
	for _, m := range list {
		all = append(all, m.Name)
		n := 0
		term := func(x sema.Expr) *ir.Value {
			name := m.Name
			if n > 0 {
				name = fmt.Sprintf("%s_%d", m.Name, n)
			}
			n++
			v := s.expr(x)
			out.values, out.names = append(out.values, v), append(out.names, name)
			return c.b.Arg(name, v.Type)
		}
		if averages(m.Expr) == 0 {
			metrics = append(metrics, term(m.Expr))
			continue
		}
		combine = true
		if x := bent(m.Expr); x != nil {
			refuse(unsharedMean, x.Span(), "metric %s is no function of means over samples, since values of one sample stand beside avg here; put them inside avg", m.Name)
		}
		eachTerm(m.Expr, map[sema.Expr]bool{}, func(x sema.Expr) {
			if a, ok := x.(*sema.Avg); ok {
				c.values[a] = term(a.X)
			} else {
				c.values[x] = term(x)
			}
		})
		metrics = append(metrics, nil)
	}
	if combine {
		// Arguments come before all other values, so bodies follow now.
		for i, m := range list {
			if metrics[i] == nil {
				metrics[i] = c.expr(m.Expr)
			}
		}
		c.b.Func.ResultNames = all
		out.combine = c.b.Return(metrics...)
	}
	return out
}

// affine reports whether the mean over a batch of x is x with every avg(e) taken for e: each avg
// is a term of a sum, perhaps times a constant.
func affine(x sema.Expr) bool {
	return linear(x, func(x sema.Expr) bool {
		_, avg := x.(*sema.Avg)
		return avg || averages(x) == 0
	}, func(x sema.Expr) bool { _, ok := x.(*sema.Lit); return ok }) == nil
}

// bent finds a part of x because of which the mean of x over samples is not x with its values of one sample taken for their
// means; nil if there is none. Those values may be added up, and multiplied with or divided by what samples share.
func bent(x sema.Expr) sema.Expr {
	shared := func(x sema.Expr) bool { return outside(x) == nil }
	return linear(x, func(x sema.Expr) bool { return shared(x) || averages(x) == 0 && x.Type().IsScalar() }, shared)
}

// linear finds a part of x that is neither a term nor a sum of terms, each perhaps times a factor; nil if there is none.
func linear(x sema.Expr, term, factor func(sema.Expr) bool) sema.Expr {
	x = definition(x)
	if term(x) {
		return nil
	}
	switch x := x.(type) {
	case *sema.Convert:
		return linear(x.X, term, factor)
	case *sema.Op:
		arg := func(i int) sema.Expr { return definition(x.Args[i]) }
		switch x.Op {
		case ir.OpNeg:
			return linear(arg(0), term, factor)
		case ir.OpAdd, ir.OpSub:
			if y := linear(arg(0), term, factor); y != nil {
				return y
			}
			return linear(arg(1), term, factor)
		case ir.OpMul:
			if factor(arg(0)) {
				return linear(arg(1), term, factor)
			}
			if factor(arg(1)) {
				return linear(arg(0), term, factor)
			}
		case ir.OpDiv:
			if factor(arg(1)) {
				return linear(arg(0), term, factor)
			}
		}
	}
	return x
}

// eachTerm visits the means over the batch in x, and the largest parts around them that belong to one sample.
func eachTerm(x sema.Expr, seen map[sema.Expr]bool, visit func(sema.Expr)) {
	x = definition(x)
	if seen[x] {
		return
	}
	seen[x] = true
	if _, ok := x.(*sema.Avg); ok || averages(x) == 0 && outside(x) != nil {
		visit(x)
		return
	}
	for _, y := range operands(x) {
		eachTerm(y, seen, visit)
	}
}

// averages counts the means over the batch in x.
func averages(x sema.Expr) int {
	n := 0
	eachAverage(x, map[sema.Expr]bool{}, func(*sema.Avg) { n++ })
	return n
}

// eachAverage visits the means over the batch in x, each once, from left to right.
func eachAverage(x sema.Expr, seen map[sema.Expr]bool, visit func(*sema.Avg)) {
	x = definition(x)
	if seen[x] {
		return
	}
	seen[x] = true
	if a, ok := x.(*sema.Avg); ok {
		visit(a)
		return
	}
	for _, y := range operands(x) {
		eachAverage(y, seen, visit)
	}
}

// outside finds a part of a metric that belongs to one sample and is not inside an avg; nil if
// there is none.
func outside(x sema.Expr) sema.Expr {
	x = definition(x)
	switch x := x.(type) {
	case *sema.Avg, *sema.Lit, *sema.ParamRef:
		return nil
	case *sema.Ref:
		if x.Var.Param != nil {
			return nil
		}
		return x
	case *sema.Solve, *sema.MultiShoot, *sema.HyperError, *sema.Rhs, *sema.ModelCall, *sema.Initial, *sema.Draw, *sema.Anneal:
		return x
	}
	for _, y := range operands(x) {
		if z := outside(y); z != nil {
			return z
		}
	}
	return nil
}

// operands are the expressions that x is made of. Those of solves and model calls are not
// listed: a mean over the batch cannot stand in them.
func operands(x sema.Expr) []sema.Expr {
	switch x := x.(type) {
	case *sema.Op:
		return x.Args
	case *sema.Convert:
		return []sema.Expr{x.X}
	case *sema.Call:
		return x.Args
	case *sema.Layer:
		if x.MovesBy != nil {
			return []sema.Expr{x.X, x.MovesBy}
		}
		return []sema.Expr{x.X}
	case *sema.Index:
		return []sema.Expr{x.X}
	case *sema.Stack:
		return x.Xs
	case *sema.Concat:
		return x.Xs
	case *sema.Field:
		return []sema.Expr{x.X}
	case *sema.Part:
		return []sema.Expr{x.X}
	case *sema.Avg:
		return []sema.Expr{x.X}
	case *sema.ByUse:
		return []sema.Expr{x.Train, x.Eval}
	case *sema.Map:
		return x.Args
	case *sema.Anneal:
		return []sema.Expr{x.From, x.To}
	case *sema.Signal:
		return []sema.Expr{x.Times, x.Values}
	}
	return nil
}
