package sema

import (
	"path"
	"slices"
	"strings"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir/diag"
)

// Vet looks at a program without errors for what is probably a mistake. `//nde:ignore CODE reason`, on the
// line of a warning or the one above, silences it.
func Vet(files []*syntax.File, p *Program) diag.List {
	// What an imported package does is looked at where it is compiled.
	own := mainFolder(files)
	files = slices.DeleteFunc(slices.Clone(files), func(f *syntax.File) bool { return path.Dir(f.Name) != own })
	v := &vetter{files: files, p: p, selected: map[string]bool{}, mentioned: map[string]int{}, nodes: map[string]syntax.Decl{}}
	for _, f := range files {
		for _, d := range f.Decls {
			v.nodes[declName(d)] = d
			for name, n := range occurrences(d) {
				v.mentioned[name] += n
			}
		}
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
	for _, d := range p.Data {
		if d.Simulation != nil { // columns read what they are named after
			d.Simulation.walk(func(x Expr) {
				if f, ok := x.(*Field); ok {
					v.selected[f.Name] = true
				}
			})
		}
	}
	for _, look := range vetRules() {
		look(v)
	}
	list := v.unsilenced()
	list.Sort()
	return list
}

// vetRules are the looks at a program; each makes the warnings of one subject.
func vetRules() []func(*vetter) {
	return []func(*vetter){
		(*vetter).unusedNames, (*vetter).unusedColumns, (*vetter).unusedDecls, (*vetter).shadows, // vet_names.go
		(*vetter).tolerances, (*vetter).solves, (*vetter).hypers, // vet_solves.go
		(*vetter).startValues, (*vetter).expressions, // vet_nets.go
		(*vetter).recipes,   // vet_train.go
		(*vetter).dataPaths, // vet_data.go
	}
}

type vetter struct {
	files     []*syntax.File
	p         *Program
	list      diag.List
	selected  map[string]bool // names read as x.name, or corrected by a hypersolver
	mentioned map[string]int  // how often each name stands in the package, declarations included
	nodes     map[string]syntax.Decl
}

func (v *vetter) warnf(code diag.Code, at diag.Span, format string, args ...any) {
	v.list.Warnf(code, at, format, args...)
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

// declName is the name of a declaration, "" for a group of constants and a target.
func declName(d syntax.Decl) string {
	var id *syntax.Ident
	switch d := d.(type) {
	case *syntax.FuncDecl:
		id = d.Name
	case *syntax.ModelDecl:
		id = d.Name
	case *syntax.SystemDecl:
		id = d.Name
	case *syntax.SolverDecl:
		id = d.Name
	case *syntax.HyperDecl:
		id = d.Name
	case *syntax.DataDecl:
		id = d.Name
	case *syntax.TrainDecl:
		id = d.Name
	case *syntax.TestDecl:
		id = d.Name
	}
	if id == nil {
		return ""
	}
	return id.Name
}

// unsilenced leaves out the warnings that a comment of the source ignores, and warns of comments that
// silence nothing or give no reason.
func (v *vetter) unsilenced() diag.List {
	type place struct {
		file string
		line int
		code diag.Code
	}
	type silencer struct {
		at   diag.Span
		code string
		used bool
	}
	silent := map[place]*silencer{}
	var all []*silencer
	var out diag.List
	for _, f := range v.files {
		for _, c := range f.Comments {
			rest, ok := strings.CutPrefix(c.Text, "//nde:ignore")
			if !ok {
				continue
			}
			code, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
			at := c.Place.Start
			s := &silencer{at: c.Place, code: code}
			if strings.TrimSpace(reason) == "" {
				out.Warnf("W1224", c.Place, "give the reason: //nde:ignore %s why this is meant", code)
				s.used = true
			}
			all = append(all, s)
			for _, line := range []int{at.Line, at.Line + 1} {
				silent[place{at.File, line, diag.Code(code)}] = s
			}
		}
	}
	for _, d := range v.list {
		if path.Dir(d.Span.Start.File) != path.Dir(v.files[0].Name) {
			continue
		}
		if s := silent[place{d.Span.Start.File, d.Span.Start.Line, d.Code}]; s != nil {
			s.used = true
			continue
		}
		out = append(out, d)
	}
	for _, s := range all {
		if !s.used {
			out.Warnf("W1224", s.at, "there is no warning %s here to ignore: delete the comment", s.code)
		}
	}
	return out
}
