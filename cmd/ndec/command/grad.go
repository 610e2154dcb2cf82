package command

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// gradAnswer is what grad prints.
type gradAnswer struct {
	Format  int                  `json:"format"`
	Loss    *float64             `json:"loss"` // mean over the batch
	Metrics map[string]*float64  `json:"metrics"`
	Grad    json.RawMessage      `json:"grad"`
	Inputs  json.RawMessage      `json:"inputs,omitempty"`
	Stats   []siteStats          `json:"stats"`
	Failed  string               `json:"failed,omitempty"`
	Check   map[string]checkLine `json:"check,omitempty"`
	Finding *finding             `json:"non_finite,omitempty"` // the first value that was not finite
}

// finite reports whether loss and gradient are, and that no sample failed since something was not.
func (ans *gradAnswer) finite() bool {
	return ans.Loss != nil && !bytes.Contains(ans.Grad, []byte("null")) && !bytes.Contains(ans.Inputs, []byte("null")) &&
		!strings.Contains(ans.Failed, rt.ErrNonFinite.Error())
}

func (a *app) gradCommand() *cobra.Command {
	var f evalFlags
	var recipe string
	var inputs, check bool
	var limit int
	cmd := &cobra.Command{
		Use:   "grad [FILE|DIR] --recipe R",
		Short: "loss, metrics and gradient of a recipe on one batch",
		Long: `grad evaluates the objective of a recipe and its gradient by every parameter on a batch: that of
--in, or the recipe's training data. --check compares the derivative with central differences, in
float64, with the interpreter, over at most 8 rows and on the same solver steps; the steps of the
differences are searched for, and the table says for each parameter how good they are. Parameters with
more than 16 components are compared by 16 of them, fewer in heavy programs, and in two directions in
which all of them move.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			if limit < 0 {
				return usagef("--limit wants a positive number, not %d", limit)
			}
			src, err := oneSource(args)
			if err != nil {
				return err
			}
			res, err := a.compileWith(src, f.with)
			if err != nil {
				return err
			}
			r, err := chosenRecipe(res.Module, recipe)
			if err != nil {
				return err
			}
			if inputs && r.GradInputs == nil {
				return problems(fmt.Errorf("%s: the data of recipe %s has no real columns, so --inputs has nothing to show", r.Span, r.Name))
			}
			ans, err := a.gradAnswer(src, res, r, &f, limit, inputs, check)
			if err != nil {
				return err
			}
			if err := a.printGrad(r, ans); err != nil {
				return err
			}
			if ans.Failed != "" || !ans.finite() {
				return problems(errors.New(ans.Finding.below(cmp.Or(ans.Failed, r.Span.String()+": loss or gradient is not finite"), src)))
			}
			return checkVerdict(ans.Check)
		},
	}
	f.add(cmd)
	a.deviceFlag(cmd)
	fs := cmd.Flags()
	fs.StringVar(&recipe, "recipe", "", "the recipe (default: the only one)")
	fs.IntVar(&limit, "limit", 0, "use the first `N` rows of the batch (default all)")
	fs.BoolVar(&inputs, "inputs", false, "the gradient by the data columns too")
	fs.BoolVar(&check, "check", false, "compare with central differences")
	return cmd
}

// gradAnswer evaluates with the chosen back end, and checks with the interpreter.
func (a *app) gradAnswer(src *source, res *driver.Result, r *ir.Recipe, f *evalFlags, limit int, inputs, check bool) (*gradAnswer, error) {
	if f.backend == "interp" {
		t, err := a.table(f, columnsOf(r.Columns))
		if err != nil {
			return nil, err
		}
		t = t.First(limit)
		mc, err := newMachine(res.Module, f.weights, recipeSeed(r))
		if err != nil {
			return nil, err
		}
		ans, err := mc.grad(r, t, inputs)
		if err == nil && !ans.finite() {
			ans.Finding, err = explainGrad(src, mc, r, t)
			return ans, err
		}
		if err == nil && check && ans.Failed == "" {
			ans.Check, err = a.gradCheck(src, res, r, f, t)
		}
		return ans, err
	}
	q := &rt.Request{Do: "grad", Recipe: r.Name, Inputs: inputs, Limit: limit}
	if err := a.fill(q, f); err != nil {
		return nil, err
	}
	s, err := a.open(src, res)
	if err != nil {
		return nil, err
	}
	defer s.close()
	raw, err := s.ask(q, nil)
	if err != nil {
		return nil, err
	}
	ans := new(gradAnswer)
	if err := json.Unmarshal(raw, ans); err != nil {
		return nil, internal(err)
	}
	if ans.finite() && (!check || ans.Failed != "") {
		return ans, nil
	}
	set, _ := ir.FindSetting(r.Settings, "data")
	t, err := batchOf(s, q, columnsOf(r.Columns), set.Text)
	if err != nil {
		return nil, err
	}
	t = t.First(limit)
	if !ans.finite() {
		mc, err := newMachine(res.Module, f.weights, recipeSeed(r))
		if err != nil {
			return nil, err
		}
		ans.Finding, err = patiently(s, func() (*finding, error) { return explainGrad(src, mc, r, t) })
		return ans, err
	}
	ans.Check, err = a.gradCheck(src, res, r, f, t)
	return ans, err
}

// gradCheck compares the gradient of r over t with central differences. Of a recipe in mixed precision both are taken without the
// rounding of products, whose steps differences would see and gradients do not.
func (a *app) gradCheck(src *source, res *driver.Result, r *ir.Recipe, f *evalFlags, t *rt.Table) (map[string]checkLine, error) {
	if r.Mixed() {
		var err error
		if res, err = a.compileExact(src, f.with); err != nil {
			return nil, err
		}
		if r, err = chosenRecipe(res.Module, r.Name); err != nil {
			return nil, err
		}
	}
	mc, err := newMachine(res.Module, f.weights, recipeSeed(r))
	if err != nil {
		return nil, err
	}
	return mc.check(r, t)
}

// batchOf is the batch that a request meant: its file or inline batch, or else rows of a data block.
func batchOf(s *session, q *rt.Request, cols []rt.ColumnSpec, data string) (*rt.Table, error) {
	text := q.Batch
	switch {
	case q.In != "":
		return readBatch(q.In, cols)
	case text == nil:
		var err error
		if text, err = s.ask(&rt.Request{Do: "data", Data: data, Split: q.Split, Limit: q.Limit}, nil); err != nil {
			return nil, err
		}
		return decodeData(s.res.Module, data, text)
	}
	t, err := rt.DecodeBatch(text, cols)
	if err != nil {
		return nil, problems(err)
	}
	return t, nil
}

// decodeData reads the rows of a data block.
func decodeData(m *ir.Module, data string, text json.RawMessage) (*rt.Table, error) {
	for _, d := range m.Data {
		if d.Name == data {
			t, err := rt.DecodeBatch(text, columnsOf(d.Columns))
			if err != nil {
				return nil, problems(err)
			}
			return t, nil
		}
	}
	return nil, internal(fmt.Errorf("there is no data %s", data))
}

// recipeSeed is the seed that new weights get, as in the emitted package.
func recipeSeed(r *ir.Recipe) uint64 {
	s, _ := ir.FindSetting(r.Settings, "seed")
	return uint64(s.Num)
}

func chosenRecipe(m *ir.Module, name string) (*ir.Recipe, error) {
	if name == "" && len(m.Recipes) == 1 {
		return m.Recipes[0], nil
	}
	if name == "" && len(m.Recipes) > 1 {
		return nil, usagef("--recipe is one of %s", strings.Join(recipeNames(m), ", "))
	}
	if _, err := chosenRecipes(m, []string{name}); err != nil {
		return nil, err
	}
	return recipeByName(m, name), nil
}

func (a *app) printGrad(r *ir.Recipe, ans *gradAnswer) error {
	if a.json {
		if err := json.NewEncoder(a.out).Encode(ans); err != nil {
			return internal(err)
		}
		return nil
	}
	fmt.Fprintf(a.out, "loss %s\n", figure6(ans.Loss))
	for _, m := range slices.Sorted(maps.Keys(ans.Metrics)) {
		fmt.Fprintf(a.out, "%s %s\n", m, figure6(ans.Metrics[m]))
	}
	tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprint(tw, "\nparameter\tcount\tnorm of gradient\tlargest")
	if ans.Check != nil {
		fmt.Fprint(tw, "\tworst difference\tgood to\tof")
		for _, c := range ans.Check {
			if c.Refined != nil {
				fmt.Fprint(tw, "\trefined")
				break
			}
		}
	}
	fmt.Fprintln(tw)
	if err := normLines(tw, ans.Grad, ans.Check); err != nil {
		return err
	}
	if ans.Inputs != nil {
		if err := normLines(tw, ans.Inputs, nil); err != nil {
			return err
		}
	}
	return flush(tw)
}

// normLines prints a line per tensor of a JSON object.
func normLines(w io.Writer, object json.RawMessage, check map[string]checkLine) error {
	var tensors map[string]any
	if err := json.Unmarshal(object, &tensors); err != nil {
		return internal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(tensors)) {
		var xs []float64
		flatten(&xs, tensors[name])
		sum, most := 0.0, 0.0
		for _, x := range xs {
			sum += x * x
			most = max(most, math.Abs(x))
		}
		fmt.Fprintf(w, "%s\t%d\t%.6g\t%.6g", name, len(xs), math.Sqrt(sum), most)
		if c, ok := check[name]; ok {
			fmt.Fprintf(w, "\t%.2g\t%.1g\t%d", c.Worst, c.Error, c.Compared)
			if c.Refined != nil {
				fmt.Fprintf(w, "\t%.2g", *c.Refined)
			}
		}
		fmt.Fprintln(w)
	}
	return nil
}

func flatten(out *[]float64, v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			flatten(out, x)
		}
	case float64:
		*out = append(*out, v)
	default:
		*out = append(*out, math.NaN())
	}
}

func figure6(x *float64) string {
	if x == nil {
		return "nan"
	}
	return fmt.Sprintf("%.6g", *x)
}
