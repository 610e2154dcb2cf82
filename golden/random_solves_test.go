package golden

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/rt"
)

// solveMaker makes random programs that solve: fields, methods, spans, output times, inputs, integrals, events and
// sensitivities in any combination that the checker takes.
type solveMaker struct {
	*rand.Rand
	later         *rand.Rand // for what came after programs had their numbers, which keep the rest of their text
	d             int
	events, input bool
}

func pick[T any](g *solveMaker, xs ...T) T { return xs[g.IntN(len(xs))] }

func (g *solveMaker) chance(p float64) bool { return g.Float64() < p }

// program is the text of a package.
func (g *solveMaker) program(pkg string) string {
	g.d, g.events, g.input = 1+g.IntN(3), g.chance(0.6), g.chance(0.3)
	time, at := "", ""
	if g.chance(0.5) {
		time, at = ", t real", ", t"
	}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("package %s", pkg)
	in := "x"
	if at != "" {
		in = pick(g, "concat(x, t)", "concat(x, sin(3*t))", "concat(x, t^2, cos(t))")
	}
	layer := func(n int) string {
		if at != "" && g.chance(0.3) {
			return fmt.Sprintf("Linear(%d, basis: %s, at: t)", n, pick(g, "fourier{deg: 1}", "cheby{deg: 2}"))
		}
		return fmt.Sprintf("Linear(%d)", n)
	}
	act := func() string { return pick(g, "tanh", "silu", "softplus", "sigmoid", "gelu", "elu") }
	hidden := ""
	for range 1 + g.IntN(2) {
		hidden += fmt.Sprintf(" |> %s |> %s", layer(pick(g, 1, 3, 8, 17)), act())
	}
	p("net f(x [%d]real%s) [%d]real { return %s%s |> %s |> tanh }", g.d, time, g.d, in, hidden, layer(g.d))
	p("system Way {\n\tstate x [%d]real\n\tcontext c real\n\tparam p real = 0.7", g.d)
	if g.input {
		p("\tinput u [2]real { interp: %s }", pick(g, "hold", "linear"))
	}
	integral := g.chance(0.4)
	if integral {
		p("\tintegral w = c*sqnorm(x) + p")
	}
	// The first state swings, so that guards change their sides.
	swing := make([]string, g.d)
	for i := range swing {
		swing[i] = pick(g, "sin(4*t)", "1.5*cos(5*t + c)", "-x[0]", "p")
	}
	swing[0] = pick(g, "2*sin(4*t + c)", "1.8*cos(5*t)")
	terms := pick(g, "f(x"+at+")", "c*f(x"+at+")", "f(x"+at+") * (1 + 0.2*x[0]^2)") + pick(g, " - 0.3*x", " - p*x", " - 0.2*initial(x)", "")
	if g.input {
		terms += fmt.Sprintf(" + 0.3*u[%d]", g.IntN(2))
	}
	p("\tder(x) = %s + [%s]", terms, strings.Join(swing, ", "))
	if g.events {
		for range 1 + g.IntN(3) {
			p("\twhen %s", g.event())
		}
	}
	p("}\nsolver S = %s", g.solver())
	path := g.chance(0.5) // with output times
	span := pick(g, "over: 0..1", "over: 0.2..1.2 + 0.5*c^2", "over: 1..0", "over: 0..c")
	if path {
		span = "from: 0, at: " + pick(g, "[0.3, 1]", "[0, 0.1, 0.15, 0.2, 0.7, 1.1]", "[0.1, 0.5, 0.55, 0.6]")
	}
	states := "x: x, c: c"
	if g.input {
		states += ", u: signal([0, 0.35, 0.4, 1.3], us)"
	}
	n := map[bool]string{true: "[" + strconv.Itoa(strings.Count(span, ",")) + ", ", false: "["}[path]
	scalar := map[bool]string{true: strings.TrimSuffix(n, ", ") + "]", false: ""}[path]
	outs, results := fmt.Sprintf("y %s%d]real", n, g.d), "way.x"
	loss := "sqnorm(y)"
	if integral {
		outs, results, loss = outs+fmt.Sprintf(", w %sreal", scalar), results+", way.w", loss+" + 0.1*"+map[bool]string{true: "sum(w)", false: "w"}[path]
	}
	outs, results = outs+", why real", results+", real(way.status)"
	if !path && g.events {
		outs, results, loss = outs+", last real", results+", real(way.t)", loss+" + 0.2*last"
	}
	var names []string
	for _, o := range strings.Split(outs, "real") {
		if o = strings.Trim(o, ", "); o != "" {
			name, _, _ := strings.Cut(o, " ")
			names = append(names, name)
		}
	}
	us, arg := "", ""
	if g.input {
		us, arg = ", us [4, 2]real", ", us"
	}
	p("model Go(x [%d]real, c real%s) (%s) {\n\tway := solve(Way{%s}, %s, with: S)\n\treturn %s\n}", g.d, us, outs, states, span, results)
	p("data Rows {\n\tx [%d]real\n\tc real", g.d)
	if g.input {
		p("\tus [4, 2]real")
	}
	p("\tsource: csv{path: \"rows.csv\"}\n}")
	p("train Fit {\n\tdata: Rows\n\t%s := Go(x, c%s)\n\tminimize %s + 0*why\n\tepochs: 1\n\toptimizer: sgd{lr: 0.1}\n}", strings.Join(names, ", "), arg, loss)
	return b.String()
}

// event is a guard and what happens.
func (g *solveMaker) event() string {
	reset := pick(g, "-0.8*x + 0.1*c", "x - 0.1*x^2", "0.7*x + 0.05", "x + 0.2*p*c")
	if g.input && g.chance(0.3) {
		reset = "x + 0.05*u[0]"
	}
	then := "{ x = " + reset + " }"
	k := pick(g, "0.1*c", "0.2", "-0.1*p", "0.3*sin(5*real(t))")
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("every(%s) %s", pick(g, "0.3", "0.25", "0.45"), then)
	case 1:
		return "rising(x[0] - 0.9) { stop }"
	}
	return fmt.Sprintf("%s(x[%d] - %s) %s", pick(g, "falling", "rising", "crossing"), g.IntN(g.d), k, then)
}

// solver is a method with options.
func (g *solveMaker) solver() string {
	var options []string
	name := pick(g, "rk4", "dopri5", "tsit5", "euler", "midpoint", "bosh3", "vern7", "alf", "reversible_heun")
	adaptive, memory := false, name == "alf" || name == "reversible_heun"
	switch {
	case memory:
		options = append(options, pick(g, "steps: 12", "step: 0.11"))
	case name == "euler" || name == "midpoint" || name == "rk4" || g.chance(0.25):
		options = append(options, pick(g, "steps: 7", "steps: 12", "step: 0.15", "step: 0.11"))
	default:
		adaptive = true
		options = append(options, "rtol: 1e-7", "atol: 1e-7")
		if g.chance(0.2) {
			options = append(options, "max_steps: "+pick(g, "30", "200"))
		}
	}
	sensitivities := []string{"", "", "backprop", "checkpoint{every: 3}", "checkpoint{memory: 2000}", "adjoint", "quadrature"}
	switch {
	case memory: // and no equation to solve backwards
		sensitivities = append(sensitivities[:5], "reversible", "reversible")
	case adaptive:
		sensitivities = append(sensitivities, "interpolated")
	}
	s := pick(g, sensitivities...)
	if !adaptive && !memory && g.later.Float64() < 0.5 { // of several steps, with no equation to solve backwards
		name, options = "adams_bashforth", append(options, fmt.Sprintf("order: %d", 2+g.later.IntN(4)))
		if g.later.Float64() < 0.5 {
			name = "adams_moulton"
		}
		if s == "adjoint" || s == "quadrature" {
			s = "backprop"
		}
	}
	if s != "" {
		options = append(options, "sensitivity: "+s)
	}
	if g.events { // where in their tolerance events are found is chance
		options = append(options, "events: root{tol: 1e-13"+pick(g, "", "", "", "", "", ", max: 5")+"}")
	}
	return fmt.Sprintf("%s{%s}", name, strings.Join(options, ", "))
}

// solveSeeds are the programs that are compared, in CI more than a person waits for.
func solveSeeds(t *testing.T) []uint64 {
	seeds := []uint64{1009} // whose field does not read all that a product of weights with time makes
	set := os.Getenv("NDEC_TEST_SOLVES")
	if set == "" {
		set = "4"
	}
	first, last, isRange := strings.Cut(set, "-")
	if !isRange {
		first, last = "0", first
	}
	from, err := strconv.ParseUint(first, 10, 32)
	to, err2 := strconv.ParseUint(last, 10, 32)
	if err = errors.Join(err, err2); err != nil {
		t.Fatalf("NDEC_TEST_SOLVES wants a number, or two of them: %v", err)
	}
	for seed := from; seed < to; seed++ {
		seeds = append(seeds, seed)
	}
	slices.Sort(seeds)
	return slices.Compact(seeds)
}

// TestRandomSolves compares solves of random programs, with their gradients: lanes with the scalar functions, and these with the
// interpreter. In f32, where tolerances are larger, lanes are compared with the scalar functions alone. Rows are those of TestLanes, with neighbours, goroutines and odd numbers.
func TestRandomSolves(t *testing.T) {
	t.Parallel()
	seeds := solveSeeds(t)
	run := newLaneRun(t)
	run.mayFail = true
	texts, results := map[string]string{}, map[string]*driver.Result{}
	inLanes := 0
	for _, seed := range seeds {
		pkg := fmt.Sprintf("solves%d", seed)
		g := &solveMaker{Rand: rand.New(rand.NewPCG(seed, 8)), later: rand.New(rand.NewPCG(seed, 9))}
		text := ""
		for tries := 0; ; tries++ {
			text = g.program(pkg)
			res, ds := driver.Compile(map[string]string{"m.nde": text}, driver.Options{Precision: "f64", Package: pkg})
			if !ds.HasErrors() {
				rows := 37
				if seed%4 == 3 {
					rows = rt.WaitingRows + 37
				}
				if strings.Contains(text, "rtol") {
					run.addRounded(pkg, res, rows, 1e-9, 5e-6)
				} else {
					run.add(pkg, res, rows, 1e-9)
				}
				texts[pkg], results[pkg] = text, res
				if !g.events { // whether numbers of 24 bits touch a guard is chance
					short := pkg + "f32"
					res, ds := driver.Compile(map[string]string{"m.nde": strings.NewReplacer(pkg, short, "tol: 1e-7", "tol: 1e-4").Replace(text)}, driver.Options{Precision: "f32", Package: short})
					if ds.HasErrors() {
						t.Fatalf("%v\n%s", ds, text)
					}
					run.addRounded(short, res, rows, shortRounding, 5e-3)
				}
				for _, s := range res.Schedules() {
					if s.Name == "train Fit" && s.Why == "" {
						inLanes++
					}
				}
				break
			}
			if strings.Contains(fmt.Sprint(ds), "NDE0899") || tries == 20 {
				t.Fatalf("%v\n%s", ds, text)
			}
		}
	}
	if all := len(seeds); 2*inLanes < all {
		t.Errorf("only %d of %d recipes run in lanes", inLanes, all)
	}
	t.Logf("%d of %d recipes run in lanes", inLanes, len(seeds))
	scalar := run.compare(t)
	if t.Failed() {
		for pkg, text := range texts {
			t.Logf("%s is\n%s", pkg, text)
		}
	}
	failed, wild := 0, 0
	for pkg, res := range results {
		if err := scalar[pkg].Err; err != "" {
			t.Logf("%s: %s", pkg, err)
			failed++
			continue
		}
		if slices.Contains(calmRows(scalar[pkg]), false) {
			wild++
		}
		if err := againstInterpreter(res.Module, run.jobs[pkg], scalar[pkg]); err != nil {
			t.Errorf("%s: %v\n%s", pkg, err, texts[pkg])
		}
	}
	t.Logf("of %d programs %d fail, with and without lanes, and %d have samples whose events follow each other closely", len(results), failed, wild)
	if 2*(failed+wild) > len(results) {
		t.Error("that is too many")
	}
}

// againstInterpreter compares the outputs of some rows, and the gradient by all rows, if there are few.
func againstInterpreter(m *ir.Module, job laneJob, got laneAnswer) error {
	weights, flat := map[string][]float64{}, job.Weights
	for _, p := range m.Params {
		weights[p.Name], flat = flat[:p.Type.Len()], flat[p.Type.Len():]
	}
	mc, err := interp.New(m, weights)
	if err != nil {
		return err
	}
	args := func(t *rt.Table, ports []ir.Port, row int) (in []interp.Tensor) {
		for i, c := range t.Columns {
			in = append(in, interp.Of(c.Row(row), ports[i].Type.Shape...))
		}
		return in
	}
	calm := calmRows(got)
	for _, model := range m.Own() {
		table := job.Models[model.Name]
		for row := range 5 {
			if !calm[row] {
				continue
			}
			out, err := mc.Call(model.Func, args(table, model.Inputs, row)...)
			if err != nil {
				return err
			}
			for i, q := range model.Outputs {
				n := q.Type.Len()
				if d, at := farthest(got.Outputs[model.Name][i][row*n:(row+1)*n], out[i].Data); !(d <= 1e-7) {
					return fmt.Errorf("number %d of %s in row %d is %g off the interpreter's %g", at, q.Name, row, d, out[i].Data[at])
				}
			}
		}
	}
	for _, r := range m.Recipes {
		table := job.Recipes[r.Name]
		if table.Rows > 40 || slices.Contains(calm, false) {
			continue
		}
		want := make([]float64, 1+len(job.Weights)) // the loss, and the gradient of its mean
		for row := range table.Rows {
			out, err := mc.Call(r.Grad, args(table, r.Columns, row)...)
			if err != nil {
				return err
			}
			want[0] += out[0].Data[0] / float64(table.Rows)
			first := 1
			for _, p := range m.Params {
				if i := slices.Index(r.Trained, p); i >= 0 {
					for k, x := range out[len(r.Objective.Results)+i].Data {
						want[first+k] += x / float64(table.Rows)
					}
				}
				first += p.Type.Len()
			}
		}
		if d, at := farthest(got.Grads[r.Name], want); !(d <= 1e-7) {
			return fmt.Errorf("number %d of the gradient of %s is %g off the interpreter's %g", at, r.Name, d, want[at])
		}
	}
	return nil
}
