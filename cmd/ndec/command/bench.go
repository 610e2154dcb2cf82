package command

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/child"
	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// benchFlags are those of bench.
type benchFlags struct {
	evalFlags
	model   string
	pareto  bool
	roof    bool
	ivps    bool
	recipe  string
	methods []string
	n       int
	time    float64
}

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	cmd := &cobra.Command{
		Use:   "bench [FILE|DIR] [--with 'Fwd=rk4{steps: 4}']… [--pareto] [--roofline] | bench --problems [NAME]…",
		Short: "time, evaluations and accuracy of models and solvers",
		Long: `bench measures the models of a package on a batch: evaluations of the field, multiply-adds, allocations,
and the time of a sample alone and in a large batch. Every --with is a further row with that solver in
the place of its own; all rows are timed in turn in one process, so that their ratios hold.

With --pareto a model is solved by every solver and hypersolver of the package and by euler, midpoint, heun3,
rk4, dopri5 and tsit5, over 1 to 20 steps and tolerances 1e-1 to 1e-8. The error is the distance of the end state from a
reference in float64 at 1e-10 with the same weights. It says which of them nothing beats by evaluations, by multiply-adds and by
time, and where a hypersolver does not pay, and draws a picture.

With --roofline a second table says what share of the processor's multiply-adds the models reach on one core, measured in
the same process around every time, and what share the operations of the model leave at best; a third one says so of every
vector kernel. With --recipe these kernels are those of a recipe's gradient.

With --problems the methods of rt.Solve are compared on initial value problems with known end values (package rt/ivp), those that are named
or all of them: work-precision diagrams, error against evaluations and against time, and a page that shows them, in the folder
of --out. --methods chooses methods; "all" are all.

The batch is --in, --data, or the data of a recipe with the model. Without --weights, parameters are those of seed 0.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if f.ivps {
				return (&benching{app: a, f: &f}).workPrecision(args)
			}
			if len(args) > 1 {
				return usagef("bench takes one file or folder, not %d", len(args))
			}
			src, err := oneSource(args)
			if err != nil {
				return err
			}
			o, err := a.options()
			if err != nil {
				return err
			}
			o.Until = "ir"
			res, err := a.compile(src, o)
			if err != nil {
				return err
			}
			if f.data != "" {
				if err := knownData(res.Module, f.data); err != nil {
					return err
				}
			}
			b := &benching{app: a, f: &f, src: src, res: res, options: o}
			b.options.Until = ""
			b.options.Clocks = f.roof
			switch {
			case f.pareto:
				return b.sweep()
			case f.recipe != "":
				return b.gradientKernels()
			}
			return b.compare()
		},
	}
	a.deviceFlag(cmd)
	fs := cmd.Flags()
	fs.StringVar(&f.weights, "weights", "", "weights `file`.safetensors (default: new ones from seed 0)")
	fs.StringVar(&f.in, "in", "", "batch `file`: .json, .csv, .npy, .npz, .safetensors, or - for JSON on standard input")
	fs.StringVar(&f.data, "data", "", "a data block `D` as the batch")
	fs.StringVar(&f.split, "split", "", "train, val or test part of the data block")
	fs.StringVar(&f.model, "model", "", "the model (default: all of them; with --pareto the only one)")
	fs.StringArrayVar(&f.with, "with", nil, "also with another solver: `'Fwd=rk4{steps: 20}'`")
	fs.BoolVar(&f.pareto, "pareto", false, "error against cost of all solvers")
	fs.BoolVar(&f.roof, "roofline", false, "share of the processor's peak that is reached, and could be")
	fs.StringVar(&f.recipe, "recipe", "", "with --roofline: the kernels of the gradient of a recipe `R` instead of models")
	fs.BoolVar(&f.ivps, "problems", false, "error against cost of methods on known problems; arguments are their names (default: all)")
	fs.StringSliceVar(&f.methods, "methods", nil, "with --problems: `M,…` the methods that are compared, or all")
	fs.IntVarP(&f.n, "number", "n", 0, "`N` samples (default 1024, with --pareto 512)")
	fs.Float64Var(&f.time, "time", 0, "about how many `seconds` to spend on timing (default 4, with --pareto 8, with --problems 1 for each)")
	fs.StringVarP(&f.out, "out", "o", "", "write the pictures of --pareto to `path`.png and .svg (default: pareto-MODEL), those of --problems into the folder path (default: problems)")
	return cmd
}

func (f *benchFlags) check() error {
	switch {
	case f.in != "" && f.data != "":
		return usagef("the batch is --in or --data, not both")
	case f.split != "" && f.data == "":
		return usagef("--split goes with --data")
	case f.n < 0:
		return usagef("-n wants a positive number, not %d", f.n)
	case !(f.time >= 0):
		return usagef("--time wants a positive number, not %v", f.time)
	case f.roof && f.pareto:
		return usagef("--roofline measures models, --pareto solvers; choose one")
	case f.recipe != "" && !f.roof:
		return usagef("--recipe goes with --roofline")
	case f.recipe != "" && (f.in != "" || f.data != "" || f.split != "" || f.model != "" || len(f.with) > 0):
		return usagef("--recipe measures the gradient of a recipe over its own data; it goes with -n, --weights and --roofline alone")
	case f.ivps && (f.pareto || f.roof || f.in != "" || f.data != "" || f.weights != "" || f.model != "" || len(f.with) > 0 || f.n > 0):
		return usagef("--problems solves plain Go functions; it goes with --methods, --time and --out alone")
	case len(f.methods) > 0 && !f.ivps:
		return usagef("--methods goes with --problems")
	case f.out != "" && !f.pareto && !f.ivps:
		return usagef("--out goes with --pareto and --problems")
	}
	return nil
}

// benching is a run of bench.
type benching struct {
	*app
	f       *benchFlags
	src     *source
	res     *driver.Result // the package as it is, lowered
	options driver.Options
	tmp     string // holds the weights that all programs read
}

// with is one --with: a solver for a slot.
type with struct{ slot, by string }

func (b *benching) withs() ([]with, error) {
	var out []with
	for _, w := range b.f.with {
		slot, by, ok := strings.Cut(w, "=")
		if slot, by = strings.TrimSpace(slot), strings.TrimSpace(by); !ok || slot == "" || by == "" {
			return nil, usagef("--with wants SOLVER=METHOD, as 'Fwd=rk4{steps: 20}', not %q", w)
		}
		out = append(out, with{slot, by})
	}
	return out, nil
}

// slots are the slots of a model, and the places of the solves that use each.
func (b *benching) slots(model string) (names []string, places map[string][]string) {
	places = map[string][]string{}
	for _, m := range b.res.Program.Models {
		if m.Name != model {
			continue
		}
		slots, solves := m.Slots()
		for _, s := range slots {
			names = append(names, s)
			for _, x := range solves[s] {
				places[s] = append(places[s], x.Span().String())
			}
		}
	}
	return names, places
}

// free is a name for a model that the package does not use: base and a number.
func (b *benching) free(base string, n int) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(b.res.Module.Models, func(m *ir.Model) bool { return strings.HasPrefix(m.Name, name) })
	}
	for taken(base) {
		base += "_"
	}
	return fmt.Sprintf("%s%d", base, n)
}

// open compiles the package with variants, builds it and starts it.
func (b *benching) open(precision string, variants []driver.Variant) (*session, error) {
	o := b.options
	o.Precision, o.Variants = precision, variants
	res, err := b.compile(b.src, o)
	if err != nil {
		return nil, err
	}
	return b.app.open(b.src, res)
}

// ask sends a bench request with the batch and the weights, and shows how far it is.
func (b *benching) ask(s *session, q *rt.BenchQuery, batch *batch, what string) (*rt.BenchResult, error) {
	bar := b.newProgress(nil)
	bar.text = shareText
	raw, err := s.ask(&rt.Request{Do: "bench", Bench: q, Batch: batch.inline, Data: batch.block, Weights: b.weights()}, func(e *child.Event) {
		if e.Type == "progress" {
			bar.step(what, e.Progress)
		}
	})
	bar.done()
	if err != nil {
		return nil, err
	}
	res := new(rt.BenchResult)
	if err := json.Unmarshal(raw, res); err != nil {
		return nil, internal(err)
	}
	return res, nil
}

func (b *benching) weights() string { return filepath.Join(b.tmp, "weights.safetensors") }

// writeWeights writes the weights that every program is measured with, in the precision of the package, so
// that a reference in float64 has the same ones.
func (b *benching) writeWeights() error {
	dir, err := os.MkdirTemp("", "ndec-bench-")
	if err != nil {
		return ioError("weights", err)
	}
	b.tmp = dir
	if b.precision == "f64" {
		return writeWeights[float64](b.weights(), b.res.Module, b.f.weights)
	}
	return writeWeights[float32](b.weights(), b.res.Module, b.f.weights)
}

func writeWeights[R rt.Float](path string, m *ir.Module, file string) error {
	layout := layoutOf(m)
	w := make([]R, rt.LayoutLen(layout))
	rt.InitParams(w, layout, 0)
	if file != "" {
		if err := rt.LoadFile(file, w, layout); err != nil {
			return problems(err)
		}
	}
	if err := rt.SaveFile(path, w, layout, driver.Version); err != nil {
		return ioError("weights", err)
	}
	return nil
}

func (b *benching) close() {
	if b.tmp != "" {
		os.RemoveAll(b.tmp)
	}
}

// weightsText says which weights were used.
func (b *benching) weightsText() string {
	switch {
	case len(b.res.Module.Params) == 0:
		return "no parameters"
	case b.f.weights == "":
		return "no weights given: untrained parameters of seed 0"
	}
	return "weights " + b.f.weights
}
