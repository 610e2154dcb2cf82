package driver

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"runtime/debug"
	"sort"
	"strconv"
	"strings"

	"ndec.dev/ndec/codegen"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/dsl/lower"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/diff"
	"ndec.dev/ndec/ir/opt"
	"ndec.dev/ndec/ir/parallel"
	"ndec.dev/ndec/ir/plan"
)

// Version is the compiler's version; it stands in the header of emitted files.
const Version = "v0.1.0"

// Phases that can be dumped, in order. "opt:PASS" is the module after one pass.
var Phases = []string{"ast", "check", "ir", "prepare", "diff", "opt", "plan", "go", "cuda"}

// Options of a compilation.
type Options struct {
	Precision  string            // "f32" (default) or "f64"
	Set        map[string]string // overrides of constants and recipe keys
	With       map[string]string // solver replacements, "Fwd" to "rk4{steps: 20}"
	Dir        string            // folder of the package, absolute; only to tell imported folders apart
	Variants   []Variant         // further models, for measuring; recipes are then left out
	Package    string            // name of the Go package, "" takes the program's
	Until      string            // last phase to run, "" for all
	Dump       []string          // phases whose text is kept
	Unverified bool              // do not check the rules of the IR after every phase; the command trusts the phases, tests do not
	Tests      bool              // compile the tests as models, instead of the program
	Vet        bool              // look for probable mistakes, too
	Costs      bool              // look for what costs much more than the rest, too
	CUDA       bool              // emit kernels for devices, too
	Exact      bool              // no mixed precision
	Clocks     bool              // emit what measures kernels one by one
	Tiles      bool              // emit kernels with products on tiles (AMX), too
	Columns    bool              // traces of Jacobians by their columns, to compare with
	// Sensitivity takes the place of that of solves, by their names in the module, for what it costs.
	Sensitivity map[string]string
	// Runtime is the path by which the package imports rt, and RuntimeFiles are the copy of rt that lies there; "" for rt itself.
	Runtime      string
	RuntimeFiles []plan.File
	Declared     bool // emit for the targets that the program declares, too
	// Assemble makes images of the kernels; nil leaves that to where the program runs.
	Assemble func(out *cudagen.Output) ([]cudagen.Image, error)
}

// Variant is a sema.Variant before its solver is parsed.
type Variant struct {
	Name, Model, Slot string
	By                string // "" replaces nothing
	Counted, Ends     bool
	Metrics, Of       string
}

// Result keeps every form of the program.
type Result struct {
	Files   []*syntax.File
	Program *sema.Program
	Module  *ir.Module
	Plan    *plan.Plan
	Out     []plan.File
	CUDA    *cudagen.Output // with Options.CUDA
	Dumps   map[string]string
	Hash    string // of the sources and options
	tiles   bool   // Options.Tiles
}

// Schedules says how the samples of each model and recipe are run. The result has to have a plan.
func (r *Result) Schedules() []plan.Schedule {
	return lanes.Schedules(r.Plan, r.tiles)
}

// Compile takes sources by name through all phases. Files of imported folders are named from the folder of
// the package: "../phys/pendulum.nde". It does no input or output. The diagnostics are
// sorted; after an error the result holds what was reached.
func Compile(files map[string]string, opts Options) (res *Result, ds diag.List) {
	res = &Result{Dumps: map[string]string{}, Hash: hash(files, opts), tiles: opts.Tiles}
	phase := "parse"
	defer func() {
		if r := recover(); r != nil {
			d, stack := bug(phase, r), debug.Stack()
			if f, ok := r.(*parallel.Failure); ok {
				stack = f.Stack
			}
			d.Remedy += "\n" + string(stack)
			ds = append(ds, d)
		}
		ds.Sort()
	}()
	done := func(name string) bool { return ds.HasErrors() || opts.Until == name }

	for _, name := range sortedKeys(files) {
		f, fds := syntax.Parse(name, []byte(files[name]))
		ds = append(ds, fds...)
		res.Files = append(res.Files, f)
	}
	if opts.wants("ast") {
		var b strings.Builder
		for _, f := range res.Files {
			syntax.Dump(&b, f)
		}
		res.Dumps["ast"] = b.String()
	}
	if done("ast") {
		return res, ds
	}

	phase = "check"
	with := map[string]syntax.Expr{}
	for _, name := range sortedKeys(opts.With) {
		x, wds := syntax.ParseExpr("--with "+name, opts.With[name])
		ds = append(ds, wds...)
		with[name] = x
	}
	var variants []sema.Variant
	for _, v := range opts.Variants {
		variant := sema.Variant{Name: v.Name, Model: v.Model, Slot: v.Slot, Counted: v.Counted, Ends: v.Ends, Metrics: v.Metrics, Of: v.Of}
		if v.By != "" {
			x, wds := syntax.ParseExpr("--with "+v.Slot, v.By)
			ds = append(ds, wds...)
			variant.By = x
		}
		variants = append(variants, variant)
	}
	if ds.HasErrors() {
		return res, ds
	}
	var cds diag.List
	res.Program, cds = sema.Check(res.Files, sema.Options{Precision: opts.Precision, Set: opts.Set, With: with, Dir: opts.Dir, Variants: variants})
	ds = append(ds, cds...)
	if opts.Vet && !ds.HasErrors() && len(variants) == 0 { // without its recipes a program looks unused
		ds = append(ds, sema.Vet(res.Files, res.Program)...)
	}
	if opts.wants("check") && !ds.HasErrors() {
		var b strings.Builder
		sema.Dump(&b, res.Program)
		res.Dumps["check"] = b.String()
	}
	if done("check") {
		return res, ds
	}

	phase = "lower"
	program := res.Program
	if opts.Exact {
		program.Exact()
	}
	if opts.Tests {
		if program = program.Testing(); program == nil {
			return res, ds
		}
	}
	m, lds := lower.Lower(program)
	ds = append(ds, lds...)
	res.Module = m
	if ds.HasErrors() {
		return res, ds
	}
	if len(opts.Sensitivity) > 0 {
		sensitive(m, opts.Sensitivity)
	}
	if err := res.keep("ir", opts); err != nil {
		return res, append(ds, bug(phase, err))
	}
	if done("ir") {
		return res, ds
	}

	phase = "prepare"
	opt.Prepare(m)
	if err := res.keep("prepare", opts); err != nil {
		return res, append(ds, bug(phase, err))
	}

	phase = "diff"
	ds = append(ds, diff.RunFor(m, diff.Target{Columns: opts.Columns, Kernels: opts.CUDA || opts.Declared && m.TargetOf("cuda") != nil})...)
	if ds.HasErrors() {
		return res, ds
	}
	if err := res.keep("diff", opts); err != nil {
		return res, append(ds, bug(phase, err))
	}
	if done("diff") {
		return res, ds
	}

	phase = "opt"
	var passErr error
	opt.Run(m, opt.Options{After: func(pass string, m *ir.Module) {
		if err := res.keep("opt:"+pass, opts); err != nil && passErr == nil {
			passErr = fmt.Errorf("after pass %s: %w", pass, err)
		}
	}})
	if passErr == nil {
		passErr = res.keep("opt", opts)
	}
	if passErr != nil {
		return res, append(ds, bug(phase, passErr))
	}
	if done("opt") {
		return res, ds
	}

	phase = "plan"
	p, err := plan.Build(m)
	if err != nil {
		return res, append(ds, bug(phase, err))
	}
	res.Plan = p
	if opts.Costs {
		ds = append(ds, res.vetCosts()...)
	}
	if opts.wants("plan") {
		res.Dumps["plan"] = p.String()
	}
	if done("plan") {
		return res, ds
	}

	phase = "emit"
	sources := map[string][]byte{}
	for n, t := range files {
		sources[n] = []byte(t)
	}
	var extra []plan.File
	if !opts.Tests && len(res.Program.Tests) > 0 {
		var tds diag.List
		extra, tds = testFiles(files, opts, res.Program)
		ds = append(ds, tds...)
	}
	if !opts.Tests {
		extra = append(extra, opts.RuntimeFiles...)
	}
	device := m.TargetOf("cuda")
	kernels := opts.CUDA || opts.Declared && device != nil
	if kernels || opts.wants("cuda") {
		phase = "emit CUDA"
		var kds diag.List
		res.CUDA, kds = cudagen.Emit(p, cudagen.Options{Package: opts.Package, Sources: sources, Header: codegen.Header(Version, m.Files), Runtime: opts.Runtime})
		res.CUDA.Arch = archOf(device)
		ds = append(ds, kds...)
		if opts.wants("cuda") {
			res.Dumps["cuda"] = string(res.CUDA.Files[0].Text)
		}
	}
	if kernels {
		if opts.Assemble != nil {
			if res.CUDA.Images, err = opts.Assemble(res.CUDA); err != nil {
				return res, append(ds, diag.Diagnostic{Code: BugCode, Text: err.Error(), Remedy: "the emitted kernels should compile: please report the program together with this text; without a CUDA compiler on the PATH they are compiled where they run"})
			}
		}
		files, err := res.CUDA.Package()
		if err != nil {
			return res, append(ds, bug(phase, err))
		}
		extra = append(extra, files...)
	}
	out, eds := codegen.Emit(p, codegen.Options{Version: Version, Package: opts.Package, Sources: sources, SourceHash: res.Hash, Extra: extra, Kernels: kernels, Runtime: opts.Runtime, Clocks: opts.Clocks, Tiles: opts.Tiles})
	ds = append(ds, eds...)
	res.Out = out
	if opts.wants("go") {
		var b strings.Builder
		for _, f := range out {
			fmt.Fprintf(&b, "-- %s --\n%s\n", f.Name, f.Text)
		}
		res.Dumps["go"] = b.String()
	}
	return res, ds
}

// archOf are the devices that a target names.
func archOf(target *ir.Choice) (arch []int) {
	if target == nil {
		return nil
	}
	given, _ := target.Option("arch")
	for _, s := range given.List {
		n, _ := strconv.Atoi(strings.TrimPrefix(s.Text, "sm_")) // as was checked
		arch = append(arch, n)
	}
	return arch
}

func (o Options) wants(phase string) bool {
	for _, d := range o.Dump {
		if d == phase {
			return true
		}
	}
	return false
}

// keep verifies the module if asked, and keeps its text if wanted.
func (r *Result) keep(phase string, opts Options) error {
	if opts.wants(phase) {
		r.Dumps[phase] = r.Module.String()
	}
	if !opts.Unverified {
		return ir.Verify(r.Module)
	}
	return nil
}

// BugCode marks diagnostics that are bugs of the compiler, not of the program.
const BugCode diag.Code = "NDE0899"

// bug turns a panic or broken invariant into a diagnostic that says which phase to look at.
func bug(phase string, what any) diag.Diagnostic {
	return diag.Diagnostic{Code: BugCode, Text: fmt.Sprintf("compiler bug in phase %s: %v", phase, what),
		Remedy: "please report the program together with this text; `ndec explain FILE --dump` shows the forms before this phase"}
}

func hash(files map[string]string, opts Options) string {
	h := sha256.New()
	for _, n := range sortedKeys(files) {
		fmt.Fprintf(h, "%q %q\n", n, files[n])
	}
	precision := opts.Precision
	if precision == "" {
		precision = "f32" // the default
	}
	fmt.Fprintf(h, "%s %q\n", precision, Version)
	for _, n := range sortedKeys(opts.Set) {
		fmt.Fprintf(h, "set %q %q\n", n, opts.Set[n])
	}
	for _, v := range opts.Variants {
		fmt.Fprintf(h, "variant %#v\n", v)
	}
	for _, n := range sortedKeys(opts.With) {
		fmt.Fprintf(h, "with %q %q\n", n, opts.With[n])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sortedKeys(m map[string]string) []string {
	ks := make([]string, 0, len(m))
	for k := range m {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}
