package sema

import (
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/recipe"
)

// block checks the settings of a data or train block against its keys and fills in defaults.
type block struct {
	name, what string
	keys       []option
	got        []ir.Setting
	given      map[string]diag.Span
	unfit      map[string]bool // given, but complained about
	meant      map[string]bool // what unknown keys were probably meant to be
}

func newBlock(name, what string, keys []recipe.Option) *block {
	return &block{name: name, what: what, keys: recipeOptions(keys), given: map[string]diag.Span{}, unfit: map[string]bool{}, meant: map[string]bool{}}
}

func (c *checker) blockSetting(b *block, st *syntax.SettingStmt, e *env) {
	key := st.Key.Name
	o := findOption(b.keys, key)
	if o == nil {
		meant := hint(b.what, key, optionKeys(b.keys))
		name := elsewhere[b.what][key].name
		if m, ok := meant.(diag.Meant); ok {
			name = string(m)
		}
		b.meant[name] = true
		c.errorf("NDE0702", st.Key.At(), "%s %s has no setting %q%s", b.what, b.name, key, meant)
		return
	}
	if _, dup := b.given[key]; dup {
		c.errorf("NDE0706", st.Key.At(), "%s is set twice", key)
		return
	}
	b.given[key] = st.Key.At()
	value := st.Value
	if text, by := c.override(b, key); by != "" {
		c.setUsed[by] = true
		if o.kind == optBatch && text == "full" {
			b.got = append(b.got, ir.Setting{Key: key, Text: text, Span: st.Key.At()})
			return
		}
		lit := &syntax.BasicLit{Range: syntax.Range{Place: st.Value.Span()}, Text: text}
		v := c.setNumber(by, text, st.Value.At())
		if isInvalid(v) {
			b.unfit[key] = true
			return
		}
		if v.Type().Elem == Untyped {
			lit.Kind = syntax.FloatLit
		}
		value = lit
	}
	s, ok := c.setting(o, b.what+" "+b.name, value, recipeCodes, e)
	s.Key, s.Span = key, st.Key.At()
	b.unfit[key] = !ok
	b.got = append(b.got, s)
}

// override is the value that the command line gives a setting of a recipe, and under which name.
func (c *checker) override(b *block, key string) (text, name string) {
	if b.what != "train" {
		return "", ""
	}
	for _, name := range []string{b.name + "." + key, key} {
		if text, ok := c.opts.Set[name]; ok {
			return text, name
		}
	}
	return "", ""
}

// close complains about what is missing and adds defaults.
func (c *checker) closeBlock(b *block, at diag.Span) {
	for i := range b.keys {
		o := &b.keys[i]
		_, given := b.given[o.key]
		switch {
		case given || b.meant[o.key]:
		case o.required:
			c.errorf("NDE0701", at, "%s %s needs %s: ...", b.what, b.name, o.key)
		case o.name != "" || o.kind == optBool || o.kind == optInt && o.def != 0:
			b.got = append(b.got, c.defaultOf(o))
		}
	}
}

// checkData is `data D { … }`.
func (c *checker) checkData(d *decl, n *syntax.DataDecl) {
	out := &Data{Name: d.name, Doc: n.Doc, Span: n.At()}
	e := newEnv(inData, d.name)
	b := newBlock(d.name, "data", recipe.DataKeys())
	if n.Body == nil {
		return
	}
	exprs := map[*Var]syntax.Expr{}
	var simulated *syntax.LitExpr
	for _, st := range n.Body.Stmts {
		switch st := st.(type) {
		case *syntax.ColumnStmt:
			t := c.typeOf(st.Type, e)
			for _, name := range st.Names {
				v := c.bind(e, name, &Var{Kind: ColumnVar, Type: t, Index: len(out.Columns), Doc: st.Doc})
				out.Columns = append(out.Columns, v)
				if st.Value != nil {
					exprs[v] = st.Value
				}
			}
		case *syntax.SettingStmt:
			if lit := simulateLit(st); lit != nil {
				simulated = lit
			}
			c.blockSetting(b, st, newEnv(inConst, ""))
		default:
			c.stray(st.At())
		}
	}
	if len(out.Columns) == 0 {
		c.errorf("NDE0716", n.At(), "data %s has no columns", d.name)
	}
	c.closeBlock(b, n.At())
	out.Settings = b.got
	if s, ok := ir.FindSetting(b.got, "source"); ok && s.Choice != nil {
		d.home.inFolder(s.Choice)
		out.Source = *s.Choice
		if simulated != nil && !b.unfit["source"] {
			c.simulate(out, simulated, exprs)
		} else {
			c.checkSource(out, exprs)
		}
	}
	if s, ok := ir.FindSetting(b.got, "split"); ok && !b.unfit["split"] {
		out.Split = s.Choice
		c.shares(s)
	}
	c.streamed(out)
	c.splitColumn(out)
	d.data = out
}

// shares checks that a split trains on something and deals no row twice.
func (c *checker) shares(s ir.Setting) {
	if s.Choice == nil {
		return
	}
	share := map[string]float64{}
	sum := 0.0
	for _, key := range []string{"train", "val", "test"} {
		if o, ok := s.Choice.Option(key); ok {
			share[key] = o.Num
			sum += o.Num
		}
	}
	const rounding = 1e-9 // 0.7 + 0.2 + 0.1 is no 1 in binary
	switch {
	case share["train"] == 0:
		c.errorf("NDE0703", s.Span, "split leaves no rows for training: give train a share")
	case sum > 1+rounding:
		c.errorf("NDE0703", s.Span, "the shares of split sum to %g, more than all rows", sum)
	}
}

// dataRef resolves a setting that names a data block.
func (c *checker) dataRef(b *block, key string) *Data {
	s, ok := ir.FindSetting(b.got, key)
	if !ok || s.Text == "" {
		return nil
	}
	d := c.decls[s.Text]
	if d == nil || d.what != "data" {
		return nil
	}
	c.touch(d)
	return d.data
}
