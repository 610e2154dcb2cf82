package sema

import (
	"strings"

	"ndec.dev/ndec/dsl/syntax"
)

// unusedNames warns of arguments, parameters, contexts, states, definitions and layers that nobody reads.
func (v *vetter) unusedNames() {
	for _, f := range v.files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *syntax.FuncDecl:
				v.unread(d.Name, d.Params, d.Body)
			case *syntax.ModelDecl:
				v.unread(d.Name, d.Params, d.Body)
			case *syntax.TrainDecl:
				v.unread(d.Name, nil, d.Body)
			case *syntax.TestDecl:
				v.unread(d.Name, nil, d.Body)
			case *syntax.SystemDecl:
				v.system(d)
			}
		}
	}
}

// unread warns of what a body declares and does not name again.
func (v *vetter) unread(owner *syntax.Ident, args *syntax.FieldList, body *syntax.Block) {
	if body == nil {
		return
	}
	count := occurrences(body)
	if args != nil {
		for _, f := range args.Fields {
			for _, name := range f.Names {
				if count[name.Name] == 0 {
					v.warnf("W1201", name.At(), "parameter %s of %s is not used", name.Name, owner.Name)
				}
			}
		}
	}
	for _, st := range body.Stmts {
		switch s := st.(type) {
		case *syntax.ParamStmt:
			if count[s.Name.Name] == 1+constraintUses(s) {
				v.warnf("W1201", s.Name.At(), "parameter %s of %s is not used", s.Name.Name, owner.Name)
			}
		case *syntax.LayerStmt:
			if count[s.Name.Name] == 1 {
				v.warnf("W1207", s.Name.At(), "layer %s of %s is never applied, so its weights do nothing; write x |> %s, or delete it", s.Name.Name, owner.Name, s.Name.Name)
			}
		case *syntax.DefineStmt:
			v.unreadDefinition(owner, s, count)
		}
	}
}

// unreadDefinition warns of a definition of which no name is read: of several results, some may be
// left alone.
func (v *vetter) unreadDefinition(owner *syntax.Ident, s *syntax.DefineStmt, count map[string]int) {
	for _, name := range s.Names {
		if count[name.Name] > 1 {
			return
		}
	}
	v.warnf("W1206", s.Names[0].At(), "%s of %s is defined and not used", s.Names[0].Name, owner.Name)
}

// constraintUses counts the name of a parameter in its own where.
func constraintUses(s *syntax.ParamStmt) int {
	if s.Where == nil {
		return 0
	}
	return occurrences(s.Where)[s.Name.Name]
}

// system warns of what no equation names, of states that neither another equation nor a result reads, and
// of integrals that no result reads. Outputs are for looking at.
func (v *vetter) system(d *syntax.SystemDecl) {
	if d.Body == nil {
		return
	}
	// Hypersolvers see the definitions of their system.
	v.unread(d.Name, nil, &syntax.Block{Range: d.Body.Range, Stmts: v.withHypers(d)})
	count := occurrences(d.Body)
	own := map[string]int{} // a state's name in its declaration and its equation
	for _, st := range d.Body.Stmts {
		if e, ok := st.(*syntax.EquationStmt); ok {
			own[e.State.Name] += occurrences(e)[e.State.Name]
		}
	}
	solved := v.mentioned[d.Name.Name] > 1
	for _, st := range d.Body.Stmts {
		switch s := st.(type) {
		case *syntax.ContextStmt:
			for _, name := range s.Names {
				if count[name.Name] == 1 {
					v.warnf("W1201", name.At(), "context %s of system %s is not used", name.Name, d.Name.Name)
				}
			}
		case *syntax.StateStmt:
			for _, name := range s.Names {
				if solved && count[name.Name] == 1+own[name.Name] && !v.selected[name.Name] {
					v.warnf("W1202", name.At(), "state %s of system %s is read by no other equation and no result", name.Name, d.Name.Name)
				}
			}
		case *syntax.QuantityStmt:
			if s.Kind == syntax.Integral && solved && !v.selected[s.Name.Name] {
				v.warnf("W1228", s.Name.At(), "integral %s of system %s is read by no result, so it is never computed; read it as end.%s", s.Name.Name, d.Name.Name, s.Name.Name)
			}
		}
	}
}

// withHypers are the statements of a system and of the hypersolvers for it.
func (v *vetter) withHypers(d *syntax.SystemDecl) []syntax.Stmt {
	all := append([]syntax.Stmt(nil), d.Body.Stmts...)
	for _, n := range v.nodes {
		if h, ok := n.(*syntax.HyperDecl); ok && h.System != nil && h.Body != nil && h.System.Name == d.Name.Name {
			for _, st := range h.Body.Stmts {
				if _, def := st.(*syntax.DefineStmt); !def {
					all = append(all, st)
				}
			}
		}
	}
	return all
}

// unusedColumns warns of columns that no recipe reads which trains on their data.
func (v *vetter) unusedColumns() {
	used := map[string]map[string]int{} // names in the recipes, by data block
	for _, r := range v.p.Recipes {
		t, ok := v.nodes[r.Name].(*syntax.TrainDecl)
		if !ok || r.Data == nil {
			continue
		}
		if used[r.Data.Name] == nil {
			used[r.Data.Name] = map[string]int{}
		}
		for name, n := range occurrences(t) {
			used[r.Data.Name][name] += n
		}
		if r.Data.Split != nil { // by_column{of: name}
			if of, ok := r.Data.Split.Option("of"); ok {
				used[r.Data.Name][of.Text]++
			}
		}
	}
	for _, n := range v.nodes {
		d, ok := n.(*syntax.DataDecl)
		if !ok || d.Body == nil || used[d.Name.Name] == nil {
			continue // for validation, or not trained on
		}
		for _, st := range d.Body.Stmts {
			if c, ok := st.(*syntax.ColumnStmt); ok {
				for _, name := range c.Names {
					if used[d.Name.Name][name.Name] == 0 {
						v.warnf("W1203", name.At(), "column %s of data %s is not used by the recipes that train on it", name.Name, d.Name.Name)
					}
				}
			}
		}
	}
}

// unusedDecls warns of constants, functions, nets, data and hypersolvers that nothing names. Systems, solvers
// and models are for Go programs, too.
func (v *vetter) unusedDecls() {
	for _, f := range v.files {
		for _, d := range f.Decls {
			var names []*syntax.Ident
			what := ""
			switch d := d.(type) {
			case *syntax.ConstDecl:
				what = "const"
				for _, s := range d.Specs {
					names = append(names, s.Name)
				}
			case *syntax.FuncDecl:
				what, names = map[bool]string{true: "net", false: "fn"}[d.Kind == syntax.Net], []*syntax.Ident{d.Name}
			case *syntax.DataDecl:
				what, names = "data", []*syntax.Ident{d.Name}
			case *syntax.HyperDecl:
				what, names = "hypersolver", []*syntax.Ident{d.Name}
			case *syntax.ImportDecl:
				if !v.imports(d.Name.Name) {
					v.warnf("W1205", d.Name.At(), "import %s is not used", d.Name.Name)
				}
			}
			for _, name := range names {
				if v.mentioned[name.Name] == 1 && len(v.p.Models)+len(v.p.Recipes) > 0 {
					v.warnf("W1205", name.At(), "%s %s is not used", what, name.Name)
				}
			}
		}
	}
}

// imports reports whether something of an imported package is named.
func (v *vetter) imports(alias string) bool {
	for name := range v.mentioned {
		if strings.HasPrefix(name, alias+".") {
			return true
		}
	}
	return false
}

// shadows warns of local names that hide a constant, a function or a predeclared number.
func (v *vetter) shadows() {
	global := map[string]string{}
	for name := range constants {
		global[name] = "the predeclared number"
	}
	for name, d := range v.nodes {
		if f, ok := d.(*syntax.FuncDecl); ok {
			global[name] = map[bool]string{true: "net", false: "fn"}[f.Kind == syntax.Net]
		}
	}
	for _, c := range v.p.Consts {
		global[c.Name] = "const"
	}
	look := func(names ...*syntax.Ident) {
		for _, n := range names {
			if what := global[n.Name]; what != "" {
				v.warnf("W1222", n.At(), "%s hides %s %s; choose another name", n.Name, what, n.Name)
			}
		}
	}
	for _, f := range v.files {
		syntax.Inspect(f, func(n syntax.Node) bool {
			switch n := n.(type) {
			case *syntax.ModelDecl:
				if n.Params != nil {
					for _, f := range n.Params.Fields {
						look(f.Names...)
					}
				}
			case *syntax.FuncDecl:
				look(n.Dims...)
				if n.Params != nil {
					for _, f := range n.Params.Fields {
						look(f.Names...)
					}
				}
			case *syntax.DefineStmt:
				look(n.Names...)
			case *syntax.StateStmt:
				look(n.Names...)
			case *syntax.ContextStmt:
				look(n.Names...)
			case *syntax.ParamStmt:
				look(n.Name)
			case *syntax.LayerStmt:
				look(n.Name)
			}
			return true
		})
	}
}
