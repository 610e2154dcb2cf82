package codegen

import (
	"bytes"
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"ndec.dev/ndec/codegen/gofmt"
	"ndec.dev/ndec/ir/parallel"
)

// file collects the declarations of one emitted file. Declarations are text; the imports follow from the
// packages that they name.
type file struct {
	doc   string // of the package
	build string // build constraint; "" for none
	decls []string
	held  bool // its declarations go to another file
	laid  []*laid
}

// laid are declarations that are laid out, beside the work on what follows them.
type laid struct {
	text []byte
	err  error
	wait func()
}

// someDecls are declarations that are laid out one after the other.
const someDecls = 16

// layOut begins to lay out the declarations since the last time.
func (f *file) layOut() {
	decls := f.decls[len(f.laid)*someDecls:]
	l := new(laid)
	l.wait = parallel.Start(func() {
		size := 0
		for _, d := range decls {
			size += len(d) + len(d)/4
		}
		l.text = make([]byte, 0, size)
		var p gofmt.Printer
		for _, d := range decls {
			text, err := p.Append(append(l.text, '\n'), d)
			l.text = append(text, '\n')
			l.err = errors.Join(l.err, err)
		}
	})
	f.laid = append(f.laid, l)
}

// text adds a declaration as it stands, its documentation before it.
func text(f *file, doc, decl string) {
	var b strings.Builder
	for _, l := range strings.Split(strings.TrimRight(doc, "\n"), "\n") {
		if l != "" {
			b.WriteString("// " + l + "\n")
		}
	}
	f.add(b.String() + decl)
}

func (f *file) add(decls ...string) {
	for _, d := range decls {
		f.decls = append(f.decls, d)
		if !f.held && len(f.decls) == (len(f.laid)+1)*someDecls {
			f.layOut()
		}
	}
}

// importable are the packages that emitted code may use.
var importable = []string{"context", "io", "iter", "math", "slices", "testing", "unsafe", rtPath}

// imports lists the packages that the declarations name.
func (f *file) imports() []string {
	var out []string
	for _, path := range importable {
		name := path[strings.LastIndexByte(path, '/')+1:] + "."
		if slices.ContainsFunc(f.decls, func(d string) bool { return qualifies(d, name) }) {
			out = append(out, path)
		}
	}
	return out
}

// qualifies reports whether a declaration has a qualifier, with its point, before a name; comments and strings aside.
func qualifies(decl, qualifier string) bool {
	for at := 0; ; at++ {
		i := strings.Index(decl[at:], qualifier)
		if i < 0 {
			return false
		}
		at += i
		line := decl[strings.LastIndexByte(decl[:at], '\n')+1 : at]
		next := decl[at+len(qualifier):]
		if next == "" || next[0] < 'A' || next[0] > 'Z' || line != "" && inName(line[len(line)-1]) {
			continue
		}
		if !hidden(line) {
			return true
		}
	}
}

// inName reports whether a name may have a letter or digit like c, or whether it is a selector's point.
func inName(c byte) bool {
	return c == '_' || c == '.' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// hidden reports whether a comment or a string begins in a line and does not end there.
func hidden(line string) bool {
	for i := 0; i < len(line); i++ {
		switch {
		case strings.HasPrefix(line[i:], "//"):
			return true
		case line[i] == '"':
			for i++; i < len(line) && line[i] != '"'; i++ {
				if line[i] == '\\' {
					i++
				}
			}
			if i >= len(line) {
				return true
			}
		}
	}
	return false
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
			if p == rtPath {
				ours = append(ours, jen.Lit(cmp.Or(e.opts.Runtime, rtPath)))
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
	var b bytes.Buffer
	if err := j.Render(&b); err != nil {
		return nil, err
	}
	f.layOut()
	size := 0
	for _, l := range f.laid {
		l.wait()
		size += len(l.text)
	}
	b.Grow(size)
	var err error
	for _, l := range f.laid {
		b.Write(l.text)
		err = errors.Join(err, l.err)
	}
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
