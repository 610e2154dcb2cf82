package sema

import (
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
)

// Vet looks at a program without errors for what is probably a mistake: names that nobody reads, and
// tolerances that the precision cannot deliver. `//nde:ignore CODE reason`, on the line of a warning or the one
// above, silences it.
func Vet(files []*syntax.File, p *Program) diag.List {
	v := &vetter{selected: map[string]bool{}, columns: map[string]map[string]int{}}
	for _, f := range files {
		syntax.Inspect(f, func(n syntax.Node) bool {
			switch s := n.(type) {
			case *syntax.SelectorExpr:
				v.selected[s.Name.Name] = true
			case *syntax.EquationStmt:
				// A hypersolver is fitted to the flow of the states that it corrects.
				if s.Kind == syntax.Residual && s.State != nil {
					v.selected[s.State.Name] = true
				}
			}
			return true
		})
	}
	for _, r := range p.Recipes { // what each recipe reads of its columns
		for _, f := range files {
			for _, d := range f.Decls {
				if t, ok := d.(*syntax.TrainDecl); ok && t.Name != nil && t.Name.Name == r.Name && r.Data != nil {
					v.read(r.Data.Name, t)
				}
			}
		}
	}
	for _, f := range files {
		for _, d := range f.Decls {
			v.decl(d)
		}
	}
	if p.Real == ir.F32 {
		for _, s := range p.Solvers {
			if s.RTol > 0 && s.RTol < rtolF32 {
				v.list.Warnf("W1204", s.Span, "rtol %g is below what f32 delivers; use %g or more, or --precision f64", s.RTol, rtolF32)
			}
		}
	}
	list := unsilenced(v.list, files)
	list.Sort()
	return list
}

// rtolF32 is about eight units in the last place of f32: below it rounding, not the step, makes the
// error.
const rtolF32 = 1e-6

type vetter struct {
	list     diag.List
	selected map[string]bool           // x of end.x or residual(x), anywhere
	columns  map[string]map[string]int // how often recipes name a column, by data block
}

func (v *vetter) read(data string, t *syntax.TrainDecl) {
	if v.columns[data] == nil {
		v.columns[data] = map[string]int{}
	}
	for name, n := range occurrences(t) {
		v.columns[data][name] += n
	}
}

// occurrences counts the identifiers within n, declarations included.
func occurrences(n syntax.Node) map[string]int {
	count := map[string]int{}
	syntax.Inspect(n, func(n syntax.Node) bool {
		if id, ok := n.(*syntax.Ident); ok {
			count[id.Name]++
		}
		return true
	})
	return count
}

func (v *vetter) decl(d syntax.Decl) {
	switch d := d.(type) {
	case *syntax.FuncDecl:
		if d.Body != nil {
			v.unread(d.Name, d.Params, d.Body)
		}
	case *syntax.ModelDecl:
		if d.Body != nil {
			v.unread(d.Name, d.Params, d.Body)
		}
	case *syntax.SystemDecl:
		v.system(d)
	case *syntax.DataDecl:
		used := v.columns[d.Name.Name]
		if used == nil || d.Body == nil {
			return // for validation, or not trained on
		}
		for _, st := range d.Body.Stmts {
			if c, ok := st.(*syntax.ColumnStmt); ok {
				for _, name := range c.Names {
					if used[name.Name] == 0 {
						v.list.Warnf("W1203", name.At(), "column %s of data %s is not used by the recipes that train on it", name.Name, d.Name.Name)
					}
				}
			}
		}
	}
}

// unread warns of arguments and parameters that a body does not name.
func (v *vetter) unread(owner *syntax.Ident, args *syntax.FieldList, body *syntax.Block) {
	count := occurrences(body)
	if args != nil {
		for _, f := range args.Fields {
			for _, name := range f.Names {
				if count[name.Name] == 0 {
					v.list.Warnf("W1201", name.At(), "parameter %s of %s is not used", name.Name, owner.Name)
				}
			}
		}
	}
	for _, st := range body.Stmts {
		if s, ok := st.(*syntax.ParamStmt); ok && count[s.Name.Name] == 1+constraintUses(s) {
			v.list.Warnf("W1201", s.Name.At(), "parameter %s of %s is not used", s.Name.Name, owner.Name)
		}
	}
}

// constraintUses counts the name of a parameter in its own where.
func constraintUses(s *syntax.ParamStmt) int {
	if s.Where == nil {
		return 0
	}
	return occurrences(s.Where)[s.Name.Name]
}

// system warns of parameters and contexts that no equation names, and of states that neither another
// equation nor a result reads.
func (v *vetter) system(d *syntax.SystemDecl) {
	if d.Body == nil {
		return
	}
	v.unread(d.Name, nil, d.Body)
	count := occurrences(d.Body)
	own := map[string]int{} // a state's name in its declaration and its equation
	for _, st := range d.Body.Stmts {
		if e, ok := st.(*syntax.EquationStmt); ok {
			own[e.State.Name] += occurrences(e)[e.State.Name]
		}
	}
	for _, st := range d.Body.Stmts {
		switch s := st.(type) {
		case *syntax.ContextStmt:
			for _, name := range s.Names {
				if count[name.Name] == 1 {
					v.list.Warnf("W1201", name.At(), "context %s of system %s is not used", name.Name, d.Name.Name)
				}
			}
		case *syntax.StateStmt:
			for _, name := range s.Names {
				if count[name.Name] == 1+own[name.Name] && !v.selected[name.Name] {
					v.list.Warnf("W1202", name.At(), "state %s of system %s is read by no other equation and no result", name.Name, d.Name.Name)
				}
			}
		}
	}
}

// unsilenced leaves out the warnings that a comment of the source ignores.
func unsilenced(list diag.List, files []*syntax.File) diag.List {
	type place struct {
		file string
		line int
		code diag.Code
	}
	silent := map[place]bool{}
	for _, f := range files {
		for _, c := range f.Comments {
			rest, ok := strings.CutPrefix(c.Text, "//nde:ignore ")
			if !ok {
				continue
			}
			code, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
			at := c.Place.Start
			silent[place{at.File, at.Line, diag.Code(code)}] = true
			silent[place{at.File, at.Line + 1, diag.Code(code)}] = true
		}
	}
	var out diag.List
	for _, d := range list {
		if !silent[place{d.Span.Start.File, d.Span.Start.Line, d.Code}] {
			out = append(out, d)
		}
	}
	return out
}
