package sema

import (
	"math"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/recipe"
)

// checkTrain is `train R { … }`. Settings are read first, since the data gives the columns.
func (c *checker) checkTrain(d *decl, n *syntax.TrainDecl) {
	r := &Recipe{Name: d.name, Doc: n.Doc, Span: n.At()}
	b := newBlock(d.name, "train", recipe.TrainKeys())
	e := newEnv(inRecipe, d.name)
	if n.Body == nil {
		return
	}
	for _, st := range n.Body.Stmts {
		if s, ok := st.(*syntax.SettingStmt); ok {
			c.blockSetting(b, s, newEnv(inConst, ""))
		}
	}
	c.closeBlock(b, n.At())
	c.recipeLength(b, n)
	r.Data, r.Val, r.Test = c.dataRef(b, "data"), c.dataRef(b, "val"), c.dataRef(b, "test")
	if r.Data == nil {
		return // said already; columns are unknown
	}
	for _, col := range r.Data.Columns {
		if col.Name != "" {
			e.vars[col.Name] = col
			e.taken[col.Name] = col.Span
		}
	}
	c.sameColumns(b, r, r.Val, "val")
	c.sameColumns(b, r, r.Test, "test")
	if s, ok := ir.FindSetting(b.got, "batch"); ok {
		r.Batch = int(s.Num)
	}
	for _, st := range n.Body.Stmts {
		switch st := st.(type) {
		case *syntax.SettingStmt:
		case *syntax.DefineStmt:
			c.define(st, e)
		case *syntax.MinimizeStmt:
			if r.Minimize != nil {
				c.errorf("NDE0708", st.At(), "train %s has two objectives; add them up", d.name)
				continue
			}
			r.Minimize = c.figureOf(st.Value, e, "the objective", "NDE0707")
		case *syntax.QuantityStmt:
			if st.Kind != syntax.Metric {
				c.stray(st.At())
				continue
			}
			for _, m := range r.Metrics {
				if m.Name == st.Name.Name {
					c.errorf("NDE0202", st.Name.At(), "metric %s is declared twice", m.Name)
				}
			}
			r.Metrics = append(r.Metrics, &Named{Name: st.Name.Name, Span: st.Name.At(), Doc: st.Doc,
				Expr: c.figureOf(st.Value, e, "metric "+st.Name.Name, "NDE0712")})
		default:
			c.stray(st.At())
		}
	}
	if r.Minimize == nil && !b.meant["minimize"] {
		c.errorf("NDE0701", n.At(), "train %s needs minimize ...", d.name)
	}
	if s, ok := ir.FindSetting(b.got, "freeze"); ok {
		for _, item := range s.List {
			if fd := c.decls[item.Text]; fd != nil && c.touch(fd) {
				r.Frozen = append(r.Frozen, c.paramsOf(fd)...)
			}
		}
	}
	r.Defs, r.Settings = e.defs, b.got
	for _, s := range b.got {
		if s.Key == "precision" {
			c.precision(s)
		}
		if s.Key == "adversary" {
			c.adversary(r, s.Choice)
			continue
		}
		c.watched(r, s.Choice)
		c.distance(s)
	}
	d.recipe = r
}

// distance demands that checkpoint: every{} says how far.
func (c *checker) distance(s ir.Setting) {
	if s.Key != "checkpoint" || s.Choice == nil || s.Choice.Row != "every" {
		return
	}
	epochs, _ := s.Choice.Option("epochs")
	steps, _ := s.Choice.Option("steps")
	if epochs.Num == 0 && steps.Num == 0 {
		c.errorf("NDE0703", s.Span, "checkpoint: every wants a distance: every{epochs: 10} or every{steps: 500}")
	}
}

// adversary checks what pgd moves, and that active has something to keep.
func (c *checker) adversary(r *Recipe, ch *ir.Choice) {
	if ch == nil {
		return
	}
	if keep, ok := ch.Option("keep"); ok {
		stream, _ := ir.FindSetting(r.Data.Settings, "stream")
		switch {
		case stream.Num != 0:
			c.errorf("NDE0729", ch.Span, "active keeps samples of a batch for the next one, and data %s has new rows in every epoch; leave stream: out", r.Data.Name)
		case r.Batch == 0:
			c.errorf("NDE0718", ch.Span, "active keeps samples of a batch for the next one, and train %s has one batch of all of them; give it batch: n", r.Name)
		case math.Floor(keep.Num*float64(r.Batch)) < 1:
			c.errorf("NDE0718", keep.Span, "keep: %g of a batch of %d keeps no sample; keep at least %.3g", keep.Num, r.Batch, 1/float64(r.Batch))
		}
	}
	on, ok := ch.Option("on")
	if !ok {
		return
	}
	var real []string
	for _, col := range r.Data.Columns {
		if col.Type.Elem == Real && col.Type.Classes == 0 {
			real = append(real, col.Name)
		}
	}
	if contains(real, on.Text) || len(r.Data.Columns) == 0 {
		return
	}
	for _, col := range r.Data.Columns {
		if col.Name == on.Text {
			c.errorf("NDE0717", on.Span, "column %s is %s, which cannot be moved a little; an adversary is on a real column%s", on.Text, col.Type, oneOf(real))
			return
		}
	}
	c.errorf("NDE0717", on.Span, "%s has no column %s%s; an adversary is on a real column%s", r.Data.Name, on.Text, didYouMean(on.Text, real), oneOf(real))
}

// oneOf is ": x or y"; nothing where there is none.
func oneOf(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return ": " + orList(names)
}

// watched demands that the figure which a setting watches exists, and its data.
func (c *checker) watched(r *Recipe, ch *ir.Choice) {
	if ch == nil {
		return
	}
	for _, s := range ch.Options {
		if s.Choice != nil {
			c.watched(r, s.Choice) // warmup{then: plateau{…}}
		}
		if s.Key != "on" || s.Text == "" {
			continue
		}
		name, onVal := strings.CutPrefix(s.Text, "val.")
		names := []string{"loss"}
		for _, m := range r.Metrics {
			names = append(names, m.Name)
		}
		if !contains(names, name) {
			c.errorf("NDE0703", s.Span, "train %s has no figure %s%s; it has %s", r.Name, name, didYouMean(name, names).String(), strings.Join(names, ", "))
			continue
		}
		split := 0.0
		if r.Data.Split != nil {
			v, _ := r.Data.Split.Option("val")
			split = v.Num
		}
		if onVal && r.Val == nil && split == 0 {
			c.errorf("NDE0703", s.Span, "%s needs validation data: give train %s a val: or data %s a split: with val", s.Text, r.Name, r.Data.Name)
		}
	}
}

// figureOf is a scalar real: an objective or a metric.
func (c *checker) figureOf(x syntax.Expr, e *env, what string, code diag.Code) Expr {
	v := c.expr(x, e)
	if isInvalid(v) {
		return v
	}
	y, ok := figure(v)
	if !ok {
		c.errorf(code, x.At(), "%s must be a scalar, got %s", what, v.Type())
		return invalid(x.At())
	}
	return y
}

// recipeLength checks epochs and steps.
func (c *checker) recipeLength(b *block, n *syntax.TrainDecl) {
	epochs, hasEpochs := b.given["epochs"]
	_, hasSteps := b.given["steps"]
	_, hasStop := b.given["stop"]
	if fitted(b) {
		for _, key := range []string{"epochs", "steps", "schedule", "clip", "stop", "checkpoint", "accumulate", "average", "adversary"} {
			if at, ok := b.given[key]; ok {
				c.errorf("NDE0616", at, "lstsq finds the optimum at once, so %s has no meaning here; leave it out", key)
			}
		}
		return
	}
	switch {
	case hasEpochs && hasSteps:
		c.errorf("NDE0711", epochs, "train %s has epochs and steps; give one of them", b.name)
	case !hasEpochs && !hasSteps && !b.unfit["optimizer"] && !b.meant["epochs"] && !b.meant["steps"]:
		c.errorf("NDE0701", n.At(), "train %s needs epochs: n or steps: n", b.name)
	}
	if s, ok := ir.FindSetting(b.got, "epochs"); ok && len(s.List) > 0 && !hasStop {
		c.errorf("NDE0713", s.Span, "epochs: a..b needs a stop: that can end before b")
	}
}

// sameColumns compares the columns of validation or test data with those of the training data.
func (c *checker) sameColumns(b *block, r *Recipe, other *Data, key string) {
	if other == nil || other == r.Data {
		return
	}
	at := b.given[key]
	byName := map[string]*Var{}
	for _, col := range other.Columns {
		byName[col.Name] = col
	}
	for _, col := range r.Data.Columns {
		o := byName[col.Name]
		switch {
		case o == nil:
			c.errorf("NDE0710", at, "%s has no column %s, which %s has", other.Name, col.Name, r.Data.Name)
		case !o.Type.Equal(col.Type) && o.Type.IsValid() && col.Type.IsValid():
			c.errorf("NDE0710", at, "column %s is %s in %s and %s in %s", col.Name, col.Type, r.Data.Name, o.Type, other.Name)
		}
	}
}
