package sema

import (
	"go/token"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"unicode"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/recipe"
)

// A pkg is a folder of source files. The declarations of an imported one are known to the importing one
// as alias.Name; the parser makes one name of such a pair, so that nothing else of the checker has to know
// about packages. Names that begin with _ are private to their package.
type pkg struct {
	folder  string // as in the names of its files, "." for the package that is compiled
	name    string
	main    bool
	files   []*syntax.File
	decls   map[string]*decl
	order   []*decl
	imports []*syntax.ImportDecl
}

// collect sorts files into packages, enters their declarations and links the imports.
func (c *checker) collect() {
	byFolder := map[string]*pkg{}
	main := mainFolder(c.files)
	for _, f := range c.files {
		folder := path.Dir(f.Name)
		p := byFolder[folder]
		if p == nil {
			p = &pkg{folder: folder, main: folder == main, decls: map[string]*decl{}}
			byFolder[folder] = p
			c.pkgs = append(c.pkgs, p)
		}
		p.files = append(p.files, f)
	}
	// The package that is compiled comes first.
	sort.SliceStable(c.pkgs, func(i, j int) bool { return c.pkgs[i].main && !c.pkgs[j].main })
	for _, p := range c.pkgs {
		for _, f := range p.files {
			c.prog.Files = append(c.prog.Files, f.Name)
		}
		c.collectPackage(p)
	}
	names := map[string]*pkg{}
	for _, p := range c.pkgs {
		if other := names[p.name]; other != nil && p.name != "" {
			c.errorf("NDE0219", p.files[0].Package.At(), "%s and %s are both package %s; two packages of a program have different names", other.folder, p.folder, p.name)
		}
		names[p.name] = p
	}
	state := map[*pkg]declState{}
	for _, p := range c.pkgs {
		c.link(p, byFolder, state)
	}
	if len(c.pkgs) > 0 {
		c.decls, c.order = c.pkgs[0].decls, c.pkgs[0].order
	}
}

// mainFolder is the folder of the package that is compiled: "." among several.
func mainFolder(files []*syntax.File) string {
	for _, f := range files {
		if path.Dir(f.Name) == "." {
			return "."
		}
	}
	if len(files) > 0 {
		return path.Dir(files[0].Name)
	}
	return "."
}

// collectPackage enters the declarations of the files of a folder.
func (c *checker) collectPackage(p *pkg) {
	for _, f := range p.files {
		if f.Package != nil {
			switch {
			case p.name == "":
				p.name = f.Package.Name
				if why := noGoPackage(p.name); p.main && why != "" {
					c.errorf("NDE0220", f.Package.At(), "package %s: %s; choose another name", p.name, why)
				}
			case p.name != f.Package.Name:
				c.errorf("NDE0211", f.Package.At(), "package %s: the other files of this folder are package %s", f.Package.Name, p.name)
				continue // what it declares belongs elsewhere
			}
		}
		if p.main && c.prog.Doc == "" {
			c.prog.Doc = f.Doc
		}
		for _, n := range f.Decls {
			c.collectDecl(p, n)
		}
	}
	if p.main {
		c.prog.Package = p.name
	}
}

// link makes the declarations of what p imports known to p, depth first.
func (c *checker) link(p *pkg, byFolder map[string]*pkg, state map[*pkg]declState) {
	if state[p] != untouched {
		return
	}
	state[p] = inProgress
	aliases := map[string]*pkg{}
	for _, n := range p.imports {
		folder := c.importFolder(p, n)
		q := byFolder[folder]
		switch {
		case q == nil:
			c.errorf("NDE0214", n.Path.At(), "import %s: there is no folder %s with .nde files", n.Name.Name, folder)
			continue
		case q == p || state[q] == inProgress:
			c.errorf("NDE0215", n.Path.At(), "import %s: package %s imports this one, directly or through others", n.Name.Name, q.name)
			continue
		case aliases[n.Name.Name] != nil && aliases[n.Name.Name] != q:
			c.errorf("NDE0202", n.Name.At(), "%s is the name of another import of this package; choose another", n.Name.Name)
			continue
		}
		c.link(q, byFolder, state)
		aliases[n.Name.Name] = q
		for name, d := range q.decls {
			if !private(name) && d.home == q {
				p.decls[n.Name.Name+"."+name] = d
			}
		}
	}
	state[p] = done
	c.checkQualified(p, aliases)
}

// importFolder is where an import leads, named as the files of that folder are.
func (c *checker) importFolder(p *pkg, n *syntax.ImportDecl) string {
	folder := path.Join(p.folder, n.Folder())
	if c.opts.Dir == "" {
		return folder
	}
	// Two ways to a folder have one name.
	rel, err := filepath.Rel(c.opts.Dir, filepath.Join(c.opts.Dir, filepath.FromSlash(folder)))
	if err != nil {
		return folder
	}
	return filepath.ToSlash(rel)
}

func private(name string) bool { return strings.HasPrefix(name, "_") || strings.Contains(name, ".") }

// checkQualified complains about names of imported packages that are not there or private.
func (c *checker) checkQualified(p *pkg, aliases map[string]*pkg) {
	if len(p.imports) == 0 {
		return
	}
	for _, f := range p.files {
		syntax.Inspect(f, func(n syntax.Node) bool {
			id, ok := n.(*syntax.Ident)
			if !ok {
				return true
			}
			alias, name, dotted := strings.Cut(id.Name, ".")
			if !dotted || p.decls[id.Name] != nil {
				return true
			}
			q := aliases[alias]
			if q != nil && q.decls[name] != nil && private(name) {
				c.errorf("NDE0217", id.At(), "%s is private to package %s, since it begins with _", name, q.name)
			} else if q != nil {
				var near []string
				for known := range q.decls {
					if !private(known) {
						near = append(near, alias+"."+known)
					}
				}
				slices.Sort(near)
				c.errorf("NDE0216", id.At(), "package %s has no %q%s", q.name, name, didYouMean(id.Name, near))
			}
			p.decls[id.Name] = &decl{name: id.Name, what: "missing", home: p, node: &syntax.DimDecl{Range: syntax.Range{Place: id.Place}, Name: id}, state: done, bad: true}
			return true
		})
	}
}

// within makes the names of the package of d those in scope until the result is called.
func (c *checker) within(d *decl) func() {
	saved := c.decls
	if d.home != nil {
		c.decls = d.home.decls
	}
	return func() { c.decls = saved }
}

// imported checks what is left of imported packages, for its errors only, and lists what the main
// package uses of them.
func (c *checker) imported() []*decl {
	var used, rest []*decl
	for _, p := range c.pkgs {
		if p.main {
			continue
		}
		for _, d := range p.order {
			if d.state == done || len(d.instances) > 0 {
				used = append(used, d)
			} else {
				rest = append(rest, d)
			}
		}
	}
	saved := c.prog
	c.prog = &Program{Real: saved.Real}
	for _, d := range rest {
		c.touch(d)
	}
	c.prog = saved
	return used
}

// qualify is the name of a declaration of p in the whole program: f, phys.f, and for models, which become
// Go types, PhysSwing.
func (p *pkg) qualify(name, what string) string {
	if p.main {
		return name
	}
	if what == "model" || what == "train" {
		return capital(p.name) + capital(name)
	}
	return p.name + "." + name
}

func capital(s string) string {
	r := []rune(s)
	if len(r) > 0 {
		r[0] = unicode.ToUpper(r[0])
	}
	return string(r)
}

// inFolder makes the files that a data block of an imported package names those of its folder.
func (p *pkg) inFolder(s *ir.Choice) {
	if p == nil || p.main {
		return
	}
	row := recipe.Lookup(recipe.Source, s.Row)
	for i := range s.Options {
		o := &s.Options[i]
		if row.Path(o.Key) && o.Text != "" && !path.IsAbs(o.Text) {
			o.Text = path.Join(p.folder, o.Text)
		}
	}
}

// platforms are endings of file names by which Go builds a file on some machines only.
var platforms = strings.Fields("test aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows " +
	"386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm")

// noGoPackage says why a generated package cannot have the name, "" if it can.
func noGoPackage(name string) string {
	switch at := strings.LastIndex(name, "_"); {
	case token.IsKeyword(name):
		return name + " is a keyword of Go"
	case name == "main" || name == "_":
		return "Go cannot import a package of this name"
	case at >= 0 && contains(platforms, name[at+1:]):
		return "Go leaves files that end in " + name[at:] + ".go out of some builds"
	}
	return ""
}
