package cudagen_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/golden/emutest"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/plan"
	"ndec.dev/ndec/rt"
)

// subject is a module with what the interpreter says of it, and its kernels.
type subject struct {
	name    string
	m       *ir.Module // as the back end gets it
	params  map[string][]float64
	rows    int
	seed    uint64
	fails   bool        // some solve ends early
	given   [][]float64 // the columns of the only row; nil for random ones
	teams   bool        // all kernels have a block a sample
	groups  bool        // on a device that multiplies for several warps at a time
	shared  int         // bytes of shared memory that weights have there; 0: all that there is
	layers  bool        // all models go layer by layer that can
	heavy   bool        // takes longer to run than to compile with optimisation
	split   int         // so many lanes share a sample in all kernels that can
	short   int         // what is longer is shared out among them
	blocks  int         // so many blocks take one round of samples after the other; 0: as many as there may be
	natural bool        // times ascend, and numbers of their own (heights, loads) are positive
	mixed   float64     // what losses and gradients may differ in mixed precision, where a rounding can go either way; 0 for other recipes
	out     *cudagen.Output
}

// emit prints the kernels of a subject.
func (s *subject) emit(t *testing.T) {
	t.Helper()
	p, err := plan.Build(s.m)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	out, ds := cudagen.Emit(p, cudagen.Options{Package: s.name, Header: "// a test", Teams: s.teams, Layers: s.layers, Split: s.split, SplitShort: s.short, Shared: s.shared})
	if ds.HasErrors() {
		t.Fatalf("%s: %v", s.name, ds)
	}
	if s.blocks > 0 {
		for i := range out.Kernels.Models {
			out.Kernels.Models[i].Teams = min(out.Kernels.Models[i].Teams, s.blocks)
		}
		for i := range out.Kernels.Recipes {
			r := &out.Kernels.Recipes[i]
			r.Loss.Teams, r.Grad.Teams = min(r.Loss.Teams, s.blocks), min(r.Grad.Teams, s.blocks)
		}
		for i := range out.Kernels.Groups {
			out.Kernels.Groups[i].Teams = min(out.Kernels.Groups[i].Teams, s.blocks)
		}
	}
	s.out = out
}

// numbers fills a value of a type: reals in (-1, 1) that float32 holds exactly, labels below classes.
func numbers(rnd *rand.Rand, p ir.Port) []float64 {
	xs := make([]float64, p.Type.Len())
	for i := range xs {
		switch {
		case p.Type.Elem == ir.I32:
			xs[i] = float64(rnd.IntN(max(p.Classes, 1)))
		default:
			xs[i] = float64(rnd.IntN(255)-127) / 128
		}
	}
	return xs
}

// table has random rows of columns.
func (s *subject) table(ports []ir.Port) *rt.Table {
	rnd := rand.New(rand.NewPCG(s.seed, 7))
	specs := specs(ports)
	tab := rt.NewTable(specs, s.rows)
	for c, x := range s.given {
		copy(tab.Columns[c].Data, x)
	}
	for i := range s.rows {
		begin := 0.0
		for c, p := range ports {
			if s.given != nil {
				continue
			}
			xs := numbers(rnd, p)
			switch {
			case !s.natural || p.Type.Elem == ir.I32:
			case len(xs) == 1:
				xs[0] = math.Abs(xs[0])
			case p.Type.Elem == ir.F64:
				for k := range xs {
					xs[k] = begin + (float64(k)+math.Abs(xs[k])/2)/float64(len(xs))
				}
				begin++ // later columns have later times
			}
			copy(tab.Columns[c].Row(i), xs)
		}
	}
	return tab
}

func specs(ports []ir.Port) []rt.ColumnSpec {
	var out []rt.ColumnSpec
	for _, p := range ports {
		out = append(out, rt.ColumnSpec{Name: p.Name, Shape: p.Type.Shape, Classes: p.Classes})
	}
	return out
}

const maxSites = 100 // solves of a model or recipe, at most

// program is the subject as rt knows it, without code for the CPU.
func program[R rt.Float](t *testing.T, s *subject) (p rt.Program[R], w []R) {
	p.Package, p.Kernels = s.name, emutest.Kernels(t, s.out)
	for _, q := range s.m.Params {
		for _, x := range s.params[q.Name] {
			w = append(w, R(x))
		}
	}
	for _, m := range s.m.Models {
		p.Models = append(p.Models, rt.Model[R]{Name: m.Name, Inputs: specs(m.Inputs), Outputs: specs(m.Outputs), Sites: make([]rt.Site, maxSites)})
	}
	for _, r := range s.m.Recipes {
		o := rt.Objective[R]{Name: r.Name, Sites: make([]rt.Site, maxSites), Backward: make([]int, maxSites)}
		for i, res := range r.Objective.Results[1:] {
			if !(res.Op == ir.OpResult && res.Args[0].Op == ir.OpSolve && res.Attr.Index >= len(res.Args[0].Attr.Solve.States)) {
				o.Metrics = append(o.Metrics, fmt.Sprint("term", i))
			}
		}
		o.Terms = len(o.Metrics)
		for _, c := range r.Columns {
			o.Columns = append(o.Columns, c.Name)
		}
		p.Recipes = append(p.Recipes, rt.RecipeEntry[R]{Recipe: rt.Recipe{Name: r.Name}, Objective: o})
	}
	return p, w
}

// args are the arguments of a function for a row of a table.
func args(f *ir.Func, tab *rt.Table, row int, key rt.Key) []interp.Tensor {
	var out []interp.Tensor
	for i, a := range f.Args {
		if i == len(tab.Columns) {
			words := key.At(row).Words()
			out = append(out, interp.Of(words[:], len(words)))
			continue
		}
		out = append(out, interp.Of(slices.Clone(tab.Columns[i].Row(row)), a.Type.Shape...))
	}
	return out
}

// near compares numbers: differences are relative to the largest element, and absolute below 1.
func near(t *testing.T, what string, tol float64, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d numbers, want %d", what, len(got), len(want))
		return
	}
	scale := 1.0
	for _, x := range want {
		scale = max(scale, math.Abs(x))
	}
	for i := range got {
		if !(math.Abs(got[i]-want[i]) <= tol*scale) {
			t.Errorf("%s[%d] = %.17g, interpreter %.17g", what, i, got[i], want[i])
			return
		}
	}
}

// outcome is everything that kernels give for a subject, to be compared bit by bit.
type outcome struct {
	Models  []rt.Table
	Stats   []rt.BatchStats
	Losses  []float64
	Metrics [][]float64
	Grads   [][]float64
}

// run runs every kernel of a subject.
func run[R rt.Float](t *testing.T, s *subject, dev rt.Device) (o outcome) {
	t.Helper()
	p, w := program[R](t, s)
	p, _, closeAll, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	defer closeAll()
	expected := func(what string, model bool, err error) {
		var solve *rt.SolveError
		if err != nil && !((s.fails || s.natural && model) && errors.As(err, &solve)) {
			t.Fatalf("%s: %s: %v", s.name, what, err)
		}
	}
	for i := range p.Models {
		m := &p.Models[i]
		if p.Kernels.Model(m.Name) == nil {
			continue
		}
		m.Sites = m.Sites[:p.Kernels.Model(m.Name).Stats]
		in := s.table(s.m.Models[i].Inputs)
		rows := m.Rows(w, in)
		var stats rt.BatchStats
		expected(m.Name, true, rows.Batch(context.Background(), &stats, 0))
		out := rt.NewTable(m.Outputs, in.Rows)
		rows.Store(out)
		o.Models, o.Stats = append(o.Models, *out), append(o.Stats, stats)
	}
	for i := range p.Recipes {
		obj := &p.Recipes[i].Objective
		if obj.NewBatch == nil {
			continue
		}
		tab := s.table(s.m.Recipes[i].Columns)
		g := make([]R, len(w))
		ev, err := rt.LossGrad(context.Background(), w, g, obj, tab, 3, 0)
		expected(p.Recipes[i].Recipe.Name+", gradient", false, err)
		o.Losses = append(o.Losses, ev.Loss)
		var ms []float64
		for _, n := range obj.Metrics {
			ms = append(ms, ev.Metrics[n])
		}
		o.Metrics, o.Grads = append(o.Metrics, ms), append(o.Grads, rt.Convert[float64](g))
		ev, err = rt.Evaluate(context.Background(), w, obj, tab, 3, 0)
		expected(p.Recipes[i].Recipe.Name, false, err)
		o.Losses = append(o.Losses, ev.Loss)
	}
	return o
}

// turned runs the models of a subject with their rows in the opposite order, and with the last row alone, which may not change a bit of a row. Models
// that draw are left out: draws belong to the number of a row.
func turned[R rt.Float](t *testing.T, s *subject, dev rt.Device, o outcome) {
	t.Helper()
	p, w := program[R](t, s)
	p, _, closeAll, err := rt.OnDevice(p, dev)
	if err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	defer closeAll()
	at := 0
	for i := range p.Models {
		m := &p.Models[i]
		k := p.Kernels.Model(m.Name)
		if k == nil {
			continue
		}
		m.Sites = m.Sites[:k.Stats]
		in, first, stats := s.table(s.m.Models[i].Inputs), o.Models[at], o.Stats[at]
		at++
		if s.m.Models[i].Keyed() || s.m.Models[i].Func.InStep() { // whose steps are those of all rows, in their order
			continue
		}
		for _, n := range []int{in.Rows, 1} {
			other := rt.NewTable(m.Inputs, n)
			for c := range other.Columns {
				for row := range n {
					copy(other.Columns[c].Row(row), in.Columns[c].Row(in.Rows-1-row))
				}
			}
			rows, out := m.Rows(w, other), rt.NewTable(m.Outputs, n)
			var again rt.BatchStats
			_ = rows.Batch(context.Background(), &again, 0) // samples that fail are among the statistics
			rows.Store(out)
			what := func(stats rt.BatchStats, out *rt.Table, row int) (all []any) {
				for _, site := range stats.Sites {
					all = append(all, site.NFE[row], site.Accepted[row], site.Rejected[row], site.Status[row], site.Time[row], site.H[row])
				}
				for c := range out.Columns {
					all = append(all, out.Columns[c].Row(row))
				}
				return all
			}
			for row := range n {
				if a, b := fmt.Sprint(what(again, out, row)), fmt.Sprint(what(stats, &first, in.Rows-1-row)); a != b {
					t.Errorf("%s: model %s row %d of %d is another than in the batch before:\n%s\n%s", s.name, m.Name, row, n, a, b)
					break
				}
			}
		}
	}
}

// check compares an outcome with the interpreter.
func (s *subject) check(t *testing.T, o outcome) {
	t.Helper()
	machine := func(group interp.Group) *interp.Machine {
		mc, err := interp.New(s.m, s.params)
		if err != nil {
			t.Error(err)
			return nil
		}
		mc.Round32, mc.Group = true, group
		return mc
	}
	alone := machine(nil)
	// call runs a function for all rows of a table, which go together where they take steps of one length.
	call := func(f *ir.Func, in *rt.Table, key rt.Key) [][]interp.Tensor {
		out := make([][]interp.Tensor, in.Rows)
		one := func(row int, mc *interp.Machine) {
			var err error
			if out[row], err = mc.Call(f, args(f, in, row, key)...); err != nil {
				t.Errorf("%s: %v", s.name, err)
			}
		}
		if f.InStep() {
			if err := rt.InGroup(context.Background(), in.Rows, func(row int, member *rt.StepMember) { one(row, machine(member)) }); err != nil {
				t.Fatal(err)
			}
			return out
		}
		for row := range in.Rows {
			one(row, alone)
		}
		return out
	}
	tol := 1e-12
	if s.m.Real == ir.F32 {
		tol = 1e-5
	}
	at := 0
	for _, m := range s.m.Models {
		if !has(s.out.Kernels.Models, func(k cudagen.ModelKernel) bool { return k.Name == m.Name }) {
			continue
		}
		in := s.table(m.Inputs)
		stats, table := o.Stats[at], o.Models[at]
		at++
		wants := call(m.Func, in, rt.Key{Step: rt.EvalStep})
		for row, want := range wants {
			failed := false
			for i := range m.Solves {
				st := want[len(m.Outputs)+i*ir.NumStats:]
				failed = failed || rt.Status(st[ir.StatStatus].Data[0]).Failed()
				got := []int{stats.Sites[i].NFE[row], stats.Sites[i].Accepted[row], stats.Sites[i].Rejected[row], int(stats.Sites[i].Status[row])}
				for k, x := range got {
					off := math.Abs(float64(x) - st[k].Data[0])
					if edge := s.natural && emutest.Real() && s.m.Real == ir.F32 && k < 3; edge && off <= 2+st[k].Data[0]/10 {
						continue // where float32 holds little more than the tolerance, last bits of a function decide on steps
					}
					if off != 0 {
						t.Errorf("%s: model %s row %d solve %d: statistics %v, interpreter %v %v %v %v", s.name, m.Name, row, i, got, st[0].Data, st[1].Data, st[2].Data, st[3].Data)
						break
					}
				}
			}
			for i := range m.Outputs {
				if !failed {
					near(t, fmt.Sprintf("%s: model %s row %d output %d", s.name, m.Name, row, i), tol, table.Columns[i].Row(row), want[i].Data)
				}
			}
		}
	}
	at = 0
	if (s.natural || emutest.Real()) && s.m.Real == ir.F64 {
		// rounding grows on the way through the matrices of the arm, of 1e3 steps, and where steps follow from estimates of errors, in which most digits cancel:
		// functions of CUDA's library have other last bits than those of the emulation
		tol = 1e-11
	}
	if s.mixed > 0 {
		tol = s.mixed
	}
	for _, r := range s.m.Recipes {
		if !has(s.out.Kernels.Recipes, func(k cudagen.RecipeKernel) bool {
			return k.Name == r.Name && k.Grad.Kernel != "" && k.Loss.Kernel != ""
		}) {
			continue
		}
		in := s.table(r.Columns)
		var loss float64
		grad := make([][]float64, len(r.Trained))
		n := float64(in.Rows)
		for _, want := range call(r.Grad, in, rt.Key{Seed: 3}) {
			loss += want[0].Data[0] / n
			for i := range r.Trained {
				for j, x := range want[len(r.Grad.Results)-len(r.Trained)+i].Data {
					if grad[i] == nil {
						grad[i] = make([]float64, r.Trained[i].Type.Len())
					}
					grad[i][j] += x / n
				}
			}
		}
		if !s.fails {
			what := fmt.Sprintf("%s: recipe %s: ", s.name, r.Name)
			near(t, what+"loss", tol, o.Losses[2*at:2*at+1], []float64{loss})
			for i, p := range r.Trained {
				off := 0
				for _, q := range s.m.Params[:p.Index] {
					off += q.Type.Len()
				}
				near(t, what+"gradient of "+p.Name, tol, o.Grads[at][off:off+p.Type.Len()], grad[i])
			}
		}
		at++
	}
}

func has[T any](list []T, f func(T) bool) bool { return slices.ContainsFunc(list, f) }

// runAny runs a subject in its precision.
func runAny(t *testing.T, s *subject, dev rt.Device) outcome {
	if s.m.Real == ir.F32 {
		return run[float32](t, s, dev)
	}
	return run[float64](t, s, dev)
}

// device is that of a subject.
func (s *subject) device(server *emutest.Server) rt.Device {
	if s.groups {
		return server.GroupDevice(s.name)
	}
	return server.Device(s.name)
}

// compare compiles subjects together, runs them in three orders of the threads, of which one has no shared memory to give, and models with their rows in another order, which may not
// change a bit, and compares with the interpreter.
func compare(t *testing.T, subjects []*subject) {
	t.Helper()
	compareWith(t, subjects, "")
}

func compareWith(t *testing.T, subjects []*subject, sanitizer string) {
	t.Helper()
	outs := map[string]*cudagen.Output{}
	for _, s := range subjects {
		s.emit(t)
		outs[s.name] = s.out
	}
	heavy := has(subjects, func(s *subject) bool { return s.heavy })
	server := emutest.Start(t, outs, emutest.Options{Sanitizer: sanitizer, Optimize: heavy})
	first := make([]outcome, len(subjects))
	orders := 3
	if sanitizer != "" {
		orders = 1 // fifty times as slow
	}
	for order := range orders {
		server.Order(t, order)
		if order == 2 {
			server.Shared = 0 // a device that gives blocks no more shared memory than every kernel has
		}
		for i, s := range subjects {
			o := runAny(t, s, s.device(server))
			if order == 0 {
				first[i] = o
				s.check(t, o)
				if s.m.Real == ir.F32 {
					turned[float32](t, s, s.device(server), o)
					beside[float32](t, s, s.device(server), o)
				} else {
					turned[float64](t, s, s.device(server), o)
					beside[float64](t, s, s.device(server), o)
				}
				if s.groups && !emutest.Real() { // tensor cores round sums as they like
					tiles := runAny(t, s, server.Device(s.name))
					if a, b := fmt.Sprint(o.Models, o.Stats), fmt.Sprint(tiles.Models, tiles.Stats); a != b {
						t.Errorf("%s: models of groups have other bits than those of tiles, and products are emulated in the same order", s.name)
					}
				}
			} else if a, b := fmt.Sprintf("%v", o), fmt.Sprintf("%v", first[i]); a != b {
				t.Errorf("%s: the order %d of the threads changes the result", s.name, order)
			}
		}
	}
	if server.Live != 0 {
		t.Errorf("%d device allocations are not freed", server.Live)
	}
}
