package golden

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/ir/recipe"
)

func init() {
	if flag.Lookup("update") == nil {
		flag.Bool("update", false, "write the generated pages and goldens")
	}
}

func updating() bool { return flag.Lookup("update").Value.String() == "true" }

// pages are the files of docs that are written from the compiler's tables.
var pages = []struct {
	name string
	text func() string
}{
	{"errors.md", errorsPage},
	{"reference.md", referencePage},
	{"language.md", languagePage},
	{"solvers.md", solversPage},
	{"mistakes.md", mistakesPage},
	{"language/functions.md", functionsPage},
}

// TestPages: the generated pages say what the tables say.
func TestPages(t *testing.T) {
	for _, p := range pages {
		file := filepath.Join("..", "docs", p.name)
		want := p.text()
		if updating() {
			if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, string(got)); d != "" {
			t.Errorf("%s is out of date; run go test ./golden -run TestPages -update (-want +got):\n%s", p.name, d)
		}
	}
}

// TestPrograms: every complete program that the documentation shows, in .nde or in Go, compiles; what ndec emits for
// the former, too. The Go code is laid over the module, so that nothing is written into it.
func TestPrograms(t *testing.T) {
	t.Parallel()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := map[string]string{}
	lay := func(folder, name string, text []byte) {
		file := filepath.Join(dir, folder+"_"+strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		overlay[filepath.Join(root, "docs", "program", folder, name)] = file
	}
	count := map[string]int{}
	for _, page := range prose(t) {
		base := strings.TrimSuffix(filepath.Base(page.name), ".md")
		for _, block := range fenced(page.text, "nde") {
			if !strings.Contains("\n"+block, "\npackage ") {
				continue
			}
			count["nde"]++
			res, ds := driver.Compile(map[string]string{"doc.nde": block}, driver.Options{})
			if len(ds) > 0 {
				t.Errorf("%s, program %d: %v", page.name, count["nde"], ds[0])
				continue
			}
			for _, f := range res.Out {
				if strings.HasSuffix(f.Name, ".go") {
					lay(fmt.Sprintf("%s_nde%d", base, count["nde"]), f.Name, f.Text)
				}
			}
		}
		for _, block := range fenced(page.text, "go") {
			if strings.HasPrefix(block, "package main\n") {
				count["go"]++
				lay(fmt.Sprintf("%s_go%d", base, count["go"]), "main.go", []byte(block))
			}
		}
	}
	if count["nde"] == 0 || count["go"] == 0 {
		t.Errorf("the documentation shows %d programs and %d Go programs", count["nde"], count["go"])
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		t.Fatal(err)
	}
	// An overlay has no folders for the assembler; the programs do without its files.
	cmd := exec.Command("go", "build", "-tags", "purego", "-overlay", file, "./docs/...")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go build: %v\n%s", err, out)
	}
}

// Text in code is no link.
var code = regexp.MustCompile("(?s)```.*?\n```|`[^`]*`")

var link = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)

// TestLinks: a page refers to files that are there.
func TestLinks(t *testing.T) {
	for _, page := range prose(t) {
		for _, m := range link.FindAllStringSubmatch(code.ReplaceAllString(page.text, ""), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page.name), m[1])); err != nil {
				t.Errorf("%s refers to %s, which is not there", page.name, m[1])
			}
		}
	}
}

type page struct{ name, text string }

// prose is the README and the pages of docs.
func prose(t *testing.T) []page {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob(filepath.Join("..", "docs", "*", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	names = append(names, more...)
	var out []page
	for _, n := range append(names, filepath.Join("..", "README.md")) {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, page{n, string(b)})
	}
	return out
}

// fenced lists the code blocks of a language.
func fenced(text, language string) []string {
	var out []string
	var block []string
	in := false
	for _, line := range strings.Split(text, "\n") {
		switch {
		case in && line == "```":
			out, block, in = append(out, strings.Join(block, "\n")+"\n"), nil, false
		case in:
			block = append(block, line)
		case line == "```"+language:
			in = true
		}
	}
	return out
}

const generated = "<!-- Written by go test ./golden -run TestPages -update; do not edit. -->\n\n"

var ranges = map[string]string{
	"NDE01": "Lexical and syntax errors", "NDE02": "Names", "NDE03": "Types and shapes", "NDE04": "Systems",
	"NDE05": "Solvers and solve", "NDE06": "Hypersolvers", "NDE07": "Data and training",
	"W12":   "Warnings of ndec vet",
	"NDE08": "Known limitations: parsed and checked, not compiled yet",
}

func errorsPage() string {
	var b strings.Builder
	b.WriteString("# Diagnostics\n\n" + generated)
	b.WriteString("`ndec explain CODE` prints an entry with a smallest program that has the error and the same program put right.\n")
	last := ""
	for _, e := range diag.All() {
		r := string(e.Code[:len(e.Code)-2])
		if r != last {
			last = r
			title := ranges[r]
			if title == "" {
				title = "Others"
			}
			fmt.Fprintf(&b, "\n## %sxx: %s\n", r, title)
		}
		fmt.Fprintf(&b, "\n### %s: %s\n\n%s\n", e.Code, e.Title, strings.ReplaceAll(strings.TrimSpace(e.Text), "\n", " "))
		if e.Bad != "" && len(e.Bad) < 400 && !strings.Contains(e.Bad, "\ufeff") {
			flags := ""
			if e.Flags != "" {
				flags = "With `" + e.Flags + "`:\n\n"
			}
			fmt.Fprintf(&b, "\n%s```text\n%s\n```\n", flags, strings.TrimRight(e.Bad, "\n"))
		}
	}
	return b.String()
}

const limitsStart, limitsEnd = "<!-- limits: written by go test ./golden -run TestPages -update -->\n", "<!-- end of limits -->\n"

// languagePage is the page that is there with the list of limitations filled in.
func languagePage() string {
	old, err := os.ReadFile(filepath.Join("..", "docs", "language.md"))
	if err != nil {
		return err.Error()
	}
	head, rest, ok := strings.Cut(string(old), limitsStart)
	_, tail, ok2 := strings.Cut(rest, limitsEnd)
	if !ok || !ok2 {
		return "language.md has no place for the limitations"
	}
	list := "| Code | What | |\n|---|---|---|\n"
	for _, e := range diag.All() {
		if strings.HasPrefix(string(e.Code), "NDE08") {
			list += fmt.Sprintf("| %s | %s | %s |\n", e.Code, strings.TrimSuffix(e.Title, " not compiled yet"), strings.ReplaceAll(e.Text, "\n", " "))
		}
	}
	return head + limitsStart + list + limitsEnd + tail
}

func referencePage() string {
	var b strings.Builder
	b.WriteString("# Reference: the rows of the tables\n\n" + generated)
	b.WriteString("Rows marked *later* are part of the language and are refused with a diagnostic NDE08xx.\n")
	section := func(title string, head ...string) {
		fmt.Fprintf(&b, "\n## %s\n\n| %s |\n|%s\n", title, strings.Join(head, " | "), strings.Repeat("---|", len(head)))
	}
	row := func(cells ...string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(c, "|", "\\|")
		}
		fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | "))
	}

	section("Solver methods", "method", "family", "order", "evaluations per step", "dense order", "what", "source")
	for _, m := range method.Rows(method.Solver) {
		if m.Later {
			row("`"+m.Name+"`", m.Family.String(), "", "", "", "*later*: "+m.Doc, m.Source)
			continue
		}
		if m.Family == method.Stochastic {
			row("`"+m.Name+"`", m.Family.String(), "", "1", "1", m.Doc, m.Source)
			continue
		}
		row("`"+m.Name+"`", m.Family.String(), strconv.Itoa(m.Order()), strconv.Itoa(m.Evals()), strconv.Itoa(m.DenseOrder()), m.Doc, m.Source)
	}
	section("Options of methods, controllers and sensitivities", "of", "option", "default", "what")
	for _, g := range []method.Group{method.Solver, method.Controller, method.Sensitivity, method.Estimator} {
		done := map[method.Family]bool{}
		for _, m := range method.Rows(g) {
			if m.Later || g == method.Solver && done[m.Family] {
				continue
			}
			done[m.Family] = true
			owner := "`" + m.Name + "`"
			if g == method.Solver {
				owner = m.Family.String() + " methods"
			}
			for _, o := range m.Options {
				def := o.Name
				switch {
				case def == "" && o.Kind == method.Bool:
					def = strconv.FormatBool(o.Default != 0)
				case def == "" && !o.Optional:
					def = number(o.Default)
				}
				row(owner, "`"+o.Key+"`", def, later(o.Later)+o.Doc)
			}
		}
	}
	for _, g := range []method.Group{method.Controller, method.Sensitivity, method.Estimator} {
		title := map[method.Group]string{method.Controller: "Step controllers", method.Sensitivity: "Sensitivities", method.Estimator: "Estimators of `div`"}[g]
		section(title, "name", "what", "source")
		for _, m := range method.Rows(g) {
			row("`"+m.Name+"`", later(m.Later)+m.Doc, m.Source)
		}
	}

	section("Layers", "layer", "options", "what")
	for _, n := range layer.Names() {
		r := layer.Lookup(n)
		var opts []string
		for _, o := range r.Options {
			opts = append(opts, "`"+o.Key+"`")
		}
		row("`"+n+"`", strings.Join(opts, ", "), r.Doc)
	}

	section("Keys of `train`", "key", "default", "what")
	for _, o := range recipe.TrainKeys() {
		row("`"+o.Key+"`", recipeDefault(o), later(o.Later)+o.Doc)
	}
	section("Keys of `data`", "key", "default", "what")
	for _, o := range recipe.DataKeys() {
		row("`"+o.Key+"`", recipeDefault(o), later(o.Later)+o.Doc)
	}
	for _, g := range []recipe.Group{recipe.Optimizer, recipe.Schedule, recipe.Clip, recipe.Stop, recipe.Checkpoint, recipe.Adversary, recipe.Source, recipe.Split, recipe.Target} {
		section("Choices of `"+string(g)+"`", "name", "options with defaults", "what")
		for _, r := range recipe.Rows(g) {
			var opts []string
			for _, o := range r.Options {
				text := "`" + o.Key
				if d := recipeDefault(o); d != "" {
					text += ": " + d
				}
				opts = append(opts, text+"`")
			}
			row("`"+r.Name+"`", strings.Join(opts, ", "), later(r.Later)+r.Doc)
		}
	}

	section("Operators of the IR", "operator", "formula", "what")
	var ops []string
	infos := map[string]*ir.Info{}
	for op := range ir.NumOps {
		if i := op.Info(); i.Name != "" {
			ops, infos[i.Name] = append(ops, i.Name), i
		}
	}
	sort.Strings(ops)
	for _, n := range ops {
		row("`"+n+"`", "`"+infos[n].Formula+"`", infos[n].Doc)
	}
	return b.String()
}

// functionsPage is the manual page of functions, operators and layers, written from their rows.
func functionsPage() string {
	var b strings.Builder
	b.WriteString("# Functions, operators and layers\n\n" + generated)
	b.WriteString("What an expression may call. The list behind \"did you mean\" is this one. Options of solvers, optimisers and sources are in [the reference](../reference.md), more\nabout each formula in [numerics](../numerics.md).\n")
	escape := func(s string) string { return strings.ReplaceAll(s, "|", "\\|") }
	group := ""
	for _, f := range sema.Functions() {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(&b, "\n## %s\n\n| Use | Is | Formula |\n|---|---|---|\n", group)
		}
		formula := ""
		if f.Formula != "" {
			formula = "`" + escape(f.Formula) + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", escape(f.Use), escape(f.Doc), formula)
	}
	b.WriteString("\n## Operators\n\n| Operator | Is | Shapes |\n|---|---|---|\n")
	for _, o := range [][3]string{
		{"a \\|> f(b)", "f(a, b): the value becomes the first argument", "of f"},
		{"a + b, a - b, a * b, a / b", "element by element", "equal, or one is a scalar"},
		{"a @ b", "matrix product", "[m, k] @ [k, n], [m, k] @ [k], [k] @ [k, n]"},
		{"a ^ b", "power; binds to the right and tighter than unary minus", "equal, or one is a scalar"},
		{"-a, !a", "negative, not", "any"},
		{"a < b, a <= b, a > b, a >= b, a == b, a != b", "conditions, not chained", "equal, or one is a scalar"},
		{"a && b, a \\|\\| b", "and, or", "equal, or one is a scalar"},
		{"x[i], x[a:b], x[i, a:b]", "constant indices and slices, a up to but not including b", "an index drops its axis"},
		{"a..b", "range of times, epochs or step counts", ""},
	} {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", o[0], o[1], o[2])
	}
	b.WriteString("\n## Layers\n\nLayers own weights and stand in pipelines of nets, models and systems: `x |> Linear(16)`.\n\n| Layer | Options | Is |\n|---|---|---|\n")
	for _, n := range layer.Names() {
		r := layer.Lookup(n)
		var opts []string
		for _, o := range r.Options {
			opts = append(opts, "`"+o.Key+"`")
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", n, strings.Join(opts, ", "), escape(r.Doc))
	}
	b.WriteString("\n## Options of layers\n\n| Option | Of | Default | Is |\n|---|---|---|---|\n")
	for _, o := range layerOptions() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", o.Key, strings.Join(o.layers, ", "), o.def, escape(o.what()))
	}
	b.WriteString("\nWeights as a function of a number, `basis: kind{…}, at: t`:\n\n| Kind | Functions |\n|---|---|\n")
	for _, n := range layer.BasisNames() {
		r := layer.LookupBasis(n)
		fmt.Fprintf(&b, "| `%s{%s: n}` | %s |\n", n, r.Key, escape(r.Doc))
	}
	b.WriteString("\nA number that enters an affine layer A, `time: kind, at: t`:\n\n| Kind | Layer |\n|---|---|\n")
	for _, k := range layer.TimeRows() {
		fmt.Fprintf(&b, "| `%s` | %s |\n", k.Name, escape(k.Doc))
	}
	return b.String()
}

// layerOption is an option with the layers that have it.
type layerOption struct {
	layer.Option
	layers []string
	def    string
}

func (o layerOption) what() string {
	if len(o.Choices) == 0 {
		return o.Doc
	}
	return o.Doc + ": " + strings.Join(o.Choices, ", ")
}

// layerOptions lists the options of all layers, equal ones once.
func layerOptions() []layerOption {
	var out []layerOption
	for _, n := range layer.Names() {
	next:
		for _, o := range layer.Lookup(n).Options {
			def := o.Name
			switch o.Kind {
			case layer.BoolOption:
				def = strconv.FormatBool(o.Bool)
			case layer.NumberOption, layer.IntOption:
				def = number(o.Num)
			}
			for i := range out {
				if out[i].Key == o.Key && out[i].def == def && out[i].Doc == o.Doc {
					out[i].layers = append(out[i].layers, n)
					continue next
				}
			}
			out = append(out, layerOption{o, []string{n}, def})
		}
	}
	return out
}

func later(is bool) string {
	if is {
		return "*later*: "
	}
	return ""
}

func number(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

func recipeDefault(o recipe.Option) string {
	switch {
	case o.Required:
		return "required"
	case o.Name != "":
		return o.Name
	case o.Kind == recipe.Number || o.Kind == recipe.Int:
		return number(o.Default)
	case o.Kind == recipe.Bool:
		return strconv.FormatBool(o.Default != 0)
	}
	return ""
}
