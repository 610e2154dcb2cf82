package codegen

import (
	"bytes"
	"regexp"
	"strings"

	"github.com/dave/jennifer/jen"
)

// file collects the declarations of one emitted file. Declarations are text; the imports follow from the
// packages that they name.
type file struct {
	doc   string // of the package
	build string // build constraint; "" for none
	decls []string
}

// text adds a declaration as it stands, its documentation before it.
func text(f *file, doc, decl string) {
	var b strings.Builder
	for _, l := range strings.Split(strings.TrimRight(doc, "\n"), "\n") {
		if l != "" {
			b.WriteString("// " + l + "\n")
		}
	}
	f.decls = append(f.decls, b.String()+decl)
}

// importable are the packages that emitted code may use.
var importable = []string{"context", "io", "iter", "math", "slices", "testing", "unsafe", rtPath}

// code matches what is no comment or string at the end of a name's qualifier.
var qualifier = regexp.MustCompile(`(?m)(?://.*$|"(?:[^"\\]|\\.)*"|\b([a-z]+)\.[A-Z])`)

// imports lists the packages that the declarations name.
func (f *file) imports() []string {
	used := map[string]bool{}
	for _, d := range f.decls {
		for _, m := range qualifier.FindAllStringSubmatch(d, -1) {
			used[m[1]] = true
		}
	}
	var out []string
	for _, path := range importable {
		if used[path[strings.LastIndexByte(path, '/')+1:]] {
			out = append(out, path)
		}
	}
	return out
}

// render prints the file, gofmt-clean.
func (e *emitter) render(f *file) ([]byte, error) {
	j := jen.NewFile(e.opts.Package)
	j.HeaderComment(e.header())
	if f.build != "" {
		j.HeaderComment("//go:build " + f.build)
	}
	for _, l := range strings.Split(strings.TrimSpace(f.doc), "\n") {
		if l != "" {
			j.PackageComment("// " + clean(l))
		}
	}
	if paths := f.imports(); len(paths) > 0 {
		var std, ours []jen.Code
		for _, p := range paths {
			if strings.Contains(p, ".") {
				ours = append(ours, jen.Lit(p))
			} else {
				std = append(std, jen.Lit(p))
			}
		}
		if len(std) > 0 && len(ours) > 0 {
			std = append(std, jen.Line())
		}
		if len(paths) == 1 {
			j.Id("import").Add(append(std, ours...)...)
		} else {
			j.Id("import").Op("(").Line().Add(lines(append(std, ours...))).Op(")")
		}
	}
	for _, d := range f.decls {
		j.Line()
		j.Op(d)
	}
	var b bytes.Buffer
	err := j.Render(&b)
	return b.Bytes(), err
}

// lines puts each on a line of its own.
func lines(cs []jen.Code) *jen.Statement {
	s := jen.Null()
	for _, c := range cs {
		s.Add(c).Line()
	}
	return s
}
