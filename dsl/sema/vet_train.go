package sema

import (
	"math"
	"slices"
	"sort"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// highRate is a learning rate with which Adam, whose steps are about as long as it, jumps across any
// minimum of a net.
const highRate = 0.5

// recipes warns of recipes that train less, or other things, than they seem to.
func (v *vetter) recipes() {
	for _, r := range v.p.Recipes {
		if r.Minimize == nil || r.Data == nil {
			continue
		}
		v.gradientPaths(r)
		v.dataOf(r)
		v.lengths(r)
		v.optimizer(r)
		v.rising(r)
		v.mixedTolerances(r)
	}
}

// rtolMixed is the relative error of the value of a net of two or three layers whose products have rounded operands: below it
// rounding makes the error of a step, and steps become short for nothing.
var rtolMixed = map[string]float64{"mixed_bf16": 3e-3, "mixed_fp16": 3e-4}

// mixedTolerances warns of adaptive solves of r whose tolerance is below what its mixed precision delivers.
func (v *vetter) mixedTolerances(r *Recipe) {
	precision, _ := ir.FindSetting(r.Settings, "precision")
	least, ok := rtolMixed[precision.Text]
	if !ok {
		return
	}
	told := map[*Solver]bool{}
	seen := map[Expr]bool{}
	var into func(Expr)
	into = func(x Expr) {
		switch x := x.(type) {
		case *Call:
			walk(x.Func.Result, seen, into)
		case *ModelCall:
			for _, y := range x.Model.Results {
				walk(y, seen, into)
			}
		case *Solve:
			if s := x.Solver; s != nil && adaptive(s) && s.RTol > 0 && s.RTol < least && !told[s] {
				told[s] = true
				v.warnf("W1204", s.Span, "rtol %g is below what the products of recipe %s deliver with precision: %s; use %g or more, or train in full precision", s.RTol, r.Name, precision.Text, least)
			}
		}
	}
	walk(r.Minimize, seen, into)
}

// gradientPaths warns of parameters of the models that a recipe uses which its objective cannot train.
func (v *vetter) gradientPaths(r *Recipe) {
	with := newReach(true)
	with.add(r.Minimize)
	at := v.minimizeAt(r)
	frozen := map[*ir.Param]bool{}
	for _, p := range r.Frozen {
		frozen[p] = true
	}
	trained := 0
	for p := range with.params {
		if !frozen[p] {
			trained++
		}
	}
	if trained == 0 {
		v.warnf("W1211", at, "the objective of train %s depends on no parameter that is trained, so there is nothing to learn", r.Name)
		return
	}
	used := newReach(false)
	seen := map[Expr]bool{}
	for _, x := range append([]Expr{r.Minimize}, metricsOf(r)...) {
		walk(x, seen, func(y Expr) {
			if call, ok := y.(*ModelCall); ok {
				used.add(call.Model.Results...)
			}
		})
		used.add(x)
	}
	lost := map[string][]string{}
	kept := map[string]bool{}
	for p := range used.params {
		switch {
		case with.params[p]:
			kept[p.Net] = true
		case !frozen[p]:
			lost[p.Net] = append(lost[p.Net], p.Name)
		}
	}
	for _, owner := range sortedKeys(lost) {
		what := owner
		if kept[owner] {
			sort.Strings(lost[owner])
			what = strings.Join(lost[owner], ", ")
		}
		v.warnf("W1210", at, "the objective of train %s has no path to %s, which its models use, so that is not trained; use its result, or freeze it", r.Name, what)
	}
	v.frozenUse(r, used)
}

// frozenUse warns of a net that is frozen and not used.
func (v *vetter) frozenUse(r *Recipe, used *reach) {
	s, ok := ir.FindSetting(r.Settings, "freeze")
	if !ok {
		return
	}
	for _, item := range s.List {
		hit := slices.ContainsFunc(r.Frozen, func(p *ir.Param) bool {
			return used.params[p] && (p.Net == item.Text || strings.HasPrefix(p.Net, item.Text+"."))
		})
		if !hit {
			v.warnf("W1231", item.Span, "train %s does not use %s, so freezing it does nothing", r.Name, item.Text)
		}
	}
}

func metricsOf(r *Recipe) []Expr {
	var out []Expr
	for _, m := range r.Metrics {
		if m.Expr != nil {
			out = append(out, m.Expr)
		}
	}
	return out
}

// minimizeAt is the statement of the objective.
func (v *vetter) minimizeAt(r *Recipe) diag.Span {
	t, ok := v.nodes[r.Name].(*syntax.TrainDecl)
	if !ok || t.Body == nil {
		return r.Span
	}
	for _, st := range t.Body.Stmts {
		if m, ok := st.(*syntax.MinimizeStmt); ok {
			return m.Span()
		}
	}
	return r.Span
}

// rows is the number of rows that a recipe trains on, 0 when only the data know.
func rows(d *Data) float64 {
	n, ok := d.Source.Option("n")
	if !ok {
		return 0
	}
	share := 1.0
	if d.Split != nil {
		s, _ := d.Split.Option("train")
		share = s.Num
	}
	return math.Floor(n.Num * share)
}

// dataOf warns of batches that are larger than the data, and of judging on the data of training.
func (v *vetter) dataOf(r *Recipe) {
	if n := rows(r.Data); n > 0 && float64(r.Batch) > n {
		s, _ := ir.FindSetting(r.Settings, "batch")
		v.warnf("W1218", s.Span, "batch %d is larger than the %.0f rows of %s, so every step takes them all; write batch: full", r.Batch, n, r.Data.Name)
	}
	for _, key := range []string{"val", "test"} {
		other := map[string]*Data{"val": r.Val, "test": r.Test}[key]
		s, ok := ir.FindSetting(r.Settings, key)
		switch {
		case !ok || other == nil:
		case other == r.Data:
			v.warnf("W1219", s.Span, "%s: %s are the data of training, so the figures flatter; use a split, or other data", key, other.Name)
		case sameSource(other, r.Data):
			v.warnf("W1219", s.Span, "%s: %s has the source of %s with the same seed, so these are the rows of training; give it another seed", key, other.Name, r.Data.Name)
		}
	}
}

// sameSource reports whether two data blocks have the same rows.
func sameSource(a, b *Data) bool {
	if a.Source.Row != b.Source.Row || a.Split != nil || b.Split != nil {
		return false
	}
	return slices.EqualFunc(a.Source.Options, b.Source.Options, func(x, y ir.Setting) bool {
		return x.Key == y.Key && (x.Num == y.Num || x.Key == "n") && x.Text == y.Text
	})
}

// lengths warns of schedules and stops that cannot act before training ends.
func (v *vetter) lengths(r *Recipe) {
	epochs, steps := 0.0, 0.0
	if s, ok := ir.FindSetting(r.Settings, "epochs"); ok {
		epochs = s.Num
		if n := rows(r.Data); n > 0 {
			per := 1.0
			if r.Batch > 0 {
				per = math.Ceil(n / float64(r.Batch))
			}
			steps = epochs * per
		}
	} else if s, ok := ir.FindSetting(r.Settings, "steps"); ok {
		steps = s.Num
	}
	for _, s := range r.Settings {
		if s.Choice == nil {
			continue
		}
		if w, ok := s.Choice.Option("steps"); ok && s.Key == "schedule" && steps > 0 && w.Num >= steps {
			v.warnf("W1230", s.Span, "the warmup of %.0f steps is as long as the %.0f of training, so the learning rate never arrives", w.Num, steps)
		}
		if p, ok := s.Choice.Option("patience"); ok && s.Key == "stop" && epochs > 0 && p.Num >= epochs {
			v.warnf("W1232", s.Span, "a patience of %.0f epochs is as long as the %.0f of training, so this never stops it", p.Num, epochs)
		}
	}
}

// optimizer warns of a learning rate that cannot work, of curvature that noise makes, and of decay that is asked for twice.
func (v *vetter) optimizer(r *Recipe) {
	s, ok := ir.FindSetting(r.Settings, "optimizer")
	if !ok || s.Choice == nil {
		return
	}
	if lr, ok := s.Choice.Option("lr"); ok && lr.Num >= highRate && strings.HasPrefix(s.Choice.Row, "adam") {
		v.warnf("W1233", s.Span, "%s moves every parameter by about lr a step, and %g is as large as the parameters; use 1e-3 to 1e-2", s.Choice.Row, lr.Num)
	}
	if n := rows(r.Data); s.Choice.Row == "lbfgs" && r.Batch > 0 && !(n > 0 && float64(r.Batch) >= n) {
		b, _ := ir.FindSetting(r.Settings, "batch")
		v.warnf("W1236", b.Span, "lbfgs takes differences of gradients for curvature, and those of two mini-batches differ by their rows; use batch: full, or adam")
	}
	decay, _ := s.Choice.Option("decay")
	if decay.Num == 0 {
		return
	}
	twice := false
	walk(r.Minimize, map[Expr]bool{}, func(x Expr) {
		if _, ok := x.(*ParamRef); ok {
			twice = true
		}
	})
	if twice {
		v.warnf("W1229", s.Span, "l2 in the objective and decay: of %s both pull parameters to zero; leave one out", s.Choice.Row)
	}
}

// rising warns of an accuracy that is watched as if it were to fall.
func (v *vetter) rising(r *Recipe) {
	for _, s := range r.Settings {
		if s.Choice == nil {
			continue
		}
		on, _ := s.Choice.Option("on")
		mode, ok := s.Choice.Option("mode")
		if !ok || mode.Text != "min" {
			continue
		}
		name := on.Text[strings.LastIndex(on.Text, ".")+1:]
		for _, m := range r.Metrics {
			if x, ok := defined(m.Expr).(*Op); ok && m.Name == name && x.Op == ir.OpAccuracy {
				v.warnf("W1237", s.Span, "%s is an accuracy, which is to rise, and %s takes smaller for better; add mode: max", on.Text, s.Choice.Row)
			}
		}
	}
}
