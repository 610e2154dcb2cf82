package sema

// Feed is what a recipe gives an input of a model: a column, or a part of it at fixed places along its first axes.
type Feed struct {
	Input, Column string
	At            []int
}

// Feeds finds a call of the model in the recipe whose arguments are all columns or parts of columns, as in Roll(q[0], ts), and
// gives them in the order of the inputs; nil if there is none.
func (r *Recipe) Feeds(model *Model) []Feed {
	var out []Feed
	seen := map[Expr]bool{}
	look := func(x Expr) {
		call, ok := x.(*ModelCall)
		if !ok || call.Model.root() != model.root() || out != nil {
			return
		}
		var feeds []Feed
		for i, a := range call.Args {
			f, ok := r.feed(a)
			if !ok {
				return
			}
			f.Input = call.Model.Inputs[i].Name
			feeds = append(feeds, f)
		}
		out = feeds
	}
	walk(r.Minimize, seen, look)
	for _, m := range r.Metrics {
		walk(m.Expr, seen, look)
	}
	return out
}

// feed is x as a part of a column.
func (r *Recipe) feed(x Expr) (Feed, bool) {
	switch x := x.(type) {
	case *Ref:
		if x.Var.Def != nil {
			return r.feed(x.Var.Def)
		}
		for _, c := range r.Data.Columns {
			if c == x.Var {
				return Feed{Column: c.Name}, true
			}
		}
	case *Index:
		f, ok := r.feed(x.X)
		whole := false
		for i, s := range x.Subs {
			switch {
			case s.Index && !whole:
				f.At = append(f.At, s.Lo)
			case !s.Index && s.Lo == 0 && s.Hi == x.X.Type().Shape[i]:
				whole = true
			default:
				return Feed{}, false
			}
		}
		return f, ok
	}
	return Feed{}, false
}

// root is the model whose text m has.
func (m *Model) root() *Model {
	for m.Base != nil {
		m = m.Base
	}
	return m
}
