package command

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"ndec.dev/ndec/cmd/ndec/picture"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// What models do is asked of the compiled program: nothing here evaluates a model itself.

// component is one number of a state.
type component struct {
	name        string
	state, elem int
}

// componentsOf lists the numbers of the states of a solve, without its integrals.
func componentsOf(s *ir.Solve) []component {
	var out []component
	for i, st := range s.States {
		if !st.InNorm {
			continue
		}
		for k, name := range cellNames(ir.Port{Name: st.Name, Type: st.Type}) {
			out = append(out, component{name, i, k})
		}
	}
	return out
}

// rows are points to start from, as columns of a batch, with classes where the data has them.
type rows struct {
	columns map[string][]json.RawMessage
	labels  []int // nil without
	classes int
	n       int
}

// dataFor is the data block that feeds a model: the one named, the recipe's, or the first with its inputs. Where none has columns of
// their names, a recipe may say from what it calls the model: the feeds.
func (p *artist) dataFor(m *ir.Model) (*ir.DataSet, []sema.Feed, error) {
	d, err := p.dataByNames(m)
	if err == nil {
		return d, nil, nil
	}
	recipe := ""
	if p.recipe != nil {
		recipe = p.recipe.Name
	}
	if d, feeds := fedFrom(p.mod, p.program, m, recipe, p.flags.data); d != nil {
		return d, feeds, nil
	}
	return nil, nil, err
}

// dataByNames is the data block that has the inputs of a model as columns.
func (p *artist) dataByNames(m *ir.Model) (*ir.DataSet, error) {
	if p.flags.data != "" {
		if err := knownData(p.mod, p.flags.data); err != nil {
			return nil, err
		}
		for _, d := range p.mod.Data {
			if d.Name == p.flags.data && hasColumns(d.Columns, m) {
				return d, nil
			}
		}
		return nil, fmt.Errorf("data %s has not the inputs of model %s", p.flags.data, m.Name)
	}
	var sets []*ir.DataSet
	recipes := p.mod.Recipes
	if p.recipe != nil {
		recipes = []*ir.Recipe{p.recipe}
	}
	for _, r := range recipes {
		if d := recipeData(p.mod, r); d != nil {
			sets = append(sets, d)
		}
	}
	for _, d := range append(sets, p.mod.Data...) {
		if hasColumns(d.Columns, m) {
			return d, nil
		}
	}
	var names []string
	for _, in := range m.Inputs {
		names = append(names, in.Name)
	}
	return nil, fmt.Errorf("no data block has the inputs of model %s (%s); give points with --in", m.Name, strings.Join(names, ", "))
}

// recipeData is the test data of a recipe, or what it is trained on.
func recipeData(m *ir.Module, r *ir.Recipe) *ir.DataSet {
	for _, key := range []string{"test", "data"} {
		if set, ok := ir.FindSetting(r.Settings, key); ok {
			for _, d := range m.Data {
				if d.Name == set.Text {
					return d
				}
			}
		}
	}
	return nil
}

// hasPoints says why there are no points to start model m from, or gives nil.
func (p *artist) hasPoints(m *ir.Model) error {
	if p.flags.in != "" {
		return nil
	}
	_, _, err := p.dataFor(m)
	return err
}

// rowsFor are at most n points to start model m from, evenly spaced in the data since sources may be sorted
// by class.
func (p *artist) rowsFor(m *ir.Model, n int) (*rows, error) {
	var columns map[string][]json.RawMessage
	var raw json.RawMessage
	var by []sema.Feed
	var err error
	r := &rows{}
	label := ""
	if p.flags.in != "" {
		cols := columnsOf(m.Inputs)
		t, err := readBatch(p.flags.in, cols)
		if err != nil {
			return nil, err
		}
		raw = tableJSON(t, cols)
	} else {
		d, feeds, err := p.dataFor(m)
		if err != nil {
			return nil, problems(err)
		}
		by = feeds
		if raw, err = p.ask(&rt.Request{Do: "data", Data: d.Name, Points: n}); err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(d.Columns, func(c ir.Port) bool { return c.Classes > 0 && c.Type.Elem == ir.I32 }); i >= 0 {
			label, r.classes = d.Columns[i].Name, d.Columns[i].Classes
		}
	}
	if err = json.Unmarshal(raw, &columns); err != nil {
		return nil, internal(err)
	}
	if columns, err = fed(columns, by); err != nil {
		return nil, err
	}
	r.columns = map[string][]json.RawMessage{}
	for name, cells := range columns {
		r.n = min(n, len(cells))
		kept := make([]json.RawMessage, r.n)
		for i := range kept {
			kept[i] = cells[i*len(cells)/r.n]
		}
		r.columns[name] = kept
	}
	for _, cell := range r.columns[label] {
		var class int
		if err := json.Unmarshal(cell, &class); err != nil {
			return nil, internal(err)
		}
		r.labels = append(r.labels, class)
	}
	if r.n == 0 {
		return nil, problems(fmt.Errorf("there are no points to start model %s from", m.Name))
	}
	return r, nil
}

// classNames are names of the classes for a legend; nil without.
func (r *rows) classNames() []string {
	var names []string
	for c := range r.classes {
		names = append(names, fmt.Sprintf("class %d", c))
	}
	return names
}

func (r *rows) class(row int) int {
	if r.labels == nil {
		return 0
	}
	return r.labels[row]
}

// batch is the points as an inline batch for model m.
func (r *rows) batch(m *ir.Model) (json.RawMessage, error) {
	batch := map[string][]json.RawMessage{}
	for _, in := range m.Inputs {
		batch[in.Name] = r.columns[in.Name]
	}
	text, err := json.Marshal(batch)
	if err != nil {
		return nil, internal(err)
	}
	return text, nil
}

// ask sends a request once: pictures share what they are made of.
func (p *artist) ask(q *rt.Request) (json.RawMessage, error) {
	if q.Do != "data" {
		q.Weights = p.weights
	}
	key, err := json.Marshal(q)
	if err != nil {
		return nil, internal(err)
	}
	if raw, ok := p.cache[string(key)]; ok {
		return raw, nil
	}
	if err := p.open(); err != nil {
		return nil, err
	}
	raw, err := p.s.ask(q, nil)
	if err == nil {
		p.cache[string(key)] = raw
	}
	return raw, err
}

// ways are the paths of the states of one solve, by row.
type ways struct {
	t      [][]float64
	x      [][][]float64 // by row and state, row-major; NaN where the solve failed or is not finite
	failed int
	why    string
}

// mostNumbers bounds what is asked of the program at once.
const mostNumbers = 4 << 20

// fewEnough is the number of points of which the paths of a solve can be asked, at so many times: of wide
// states fewer than of narrow ones.
func (p *artist) fewEnough(s *ir.Solve, times int) int {
	width := 0
	for _, st := range s.States {
		width += st.Type.Len()
	}
	return min(p.points, max(mostNumbers/(times*max(width, 1)), 1))
}

// waysOf looks along solve k of model m from every row, at so many times.
func (p *artist) waysOf(m *ir.Model, k int, r *rows, times int) (*ways, error) {
	batch, err := r.batch(m)
	if err != nil {
		return nil, err
	}
	raw, err := p.ask(&rt.Request{Do: "path", Model: m.Name, Solve: k, Points: times, Batch: batch})
	if err != nil {
		return nil, err
	}
	var res rt.PathResult
	if err := json.Unmarshal(raw, &res); err != nil {
		return nil, internal(err)
	}
	w := &ways{t: res.T, failed: len(res.Failed)}
	if w.failed > 0 {
		w.why = res.Failed[0]
	}
	for _, states := range res.X {
		var row [][]float64
		for _, s := range states {
			xs := make([]float64, len(s))
			for i := range s {
				xs[i] = float64(s[i])
			}
			row = append(row, xs)
		}
		w.x = append(w.x, row)
	}
	return w, nil
}

// along is one component of a row along time.
func (w *ways) along(row int, s *ir.Solve, c component) []float64 {
	width := s.States[c.state].Type.Len()
	out := make([]float64, len(w.t[row]))
	for k := range out {
		out[k] = w.x[row][c.state][k*width+c.elem]
	}
	return out
}

// plane are the paths of two components.
func (w *ways) plane(r *rows, s *ir.Solve, axes [2]component) []picture.Path {
	var out []picture.Path
	for row := range w.x {
		out = append(out, picture.Path{T: w.t[row], X: w.along(row, s, axes[0]), Y: w.along(row, s, axes[1]), Class: r.class(row)})
	}
	return out
}

// note says that solves failed.
func (w *ways) note(m *ir.Model) []string {
	if w.failed == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%s: %d of %d paths end early (%s).", m.Name, w.failed, len(w.x), w.why)}
}

// fieldAt asks for the right-hand side of solve k at times and states, for the first row.
func (p *artist) fieldAt(m *ir.Model, k int, r *rows, times []float64, states [][]float64) ([][]float64, error) {
	one := &rows{columns: map[string][]json.RawMessage{}}
	for name, cells := range r.columns {
		one.columns[name] = cells[:1]
	}
	batch, err := one.batch(m)
	if err != nil {
		return nil, err
	}
	raw, err := p.ask(&rt.Request{Do: "field", Model: m.Name, Solve: k, Batch: batch, Times: times, States: states})
	if err != nil {
		return nil, err
	}
	var res rt.FieldResult
	if err := json.Unmarshal(raw, &res); err != nil {
		return nil, internal(err)
	}
	out := make([][]float64, len(res.DX))
	for i, d := range res.DX {
		for _, x := range d {
			out[i] = append(out[i], float64(x))
		}
	}
	return out, nil
}

// outputsAt evaluates model m on a batch and gives one output, row-major, and the mean number of evaluations
// of each solve. Failed rows are NaN.
func (p *artist) outputsAt(m *ir.Model, batch json.RawMessage, output ir.Port) (values, nfe []float64, err error) {
	raw, err := p.ask(&rt.Request{Do: "run", Model: m.Name, Batch: batch})
	if err != nil {
		return nil, nil, err
	}
	var ans runAnswer
	if err := json.Unmarshal(raw, &ans); err != nil {
		return nil, nil, internal(err)
	}
	for _, s := range ans.Stats {
		mean, _ := meanAndMost(s.NFE)
		nfe = append(nfe, mean)
	}
	var outputs map[string][]any
	if err := json.Unmarshal(ans.Outputs, &outputs); err != nil {
		return nil, nil, internal(err)
	}
	for _, v := range outputs[output.Name] {
		var cells []float64
		flatten(&cells, v)
		for len(cells) < output.Type.Len() {
			cells = append(cells, math.NaN())
		}
		values = append(values, cells...)
	}
	return values, nfe, nil
}

// caption names a model, how it is solved and what that costs.
func (p *artist) caption(m *ir.Model, k int, r *rows) (string, error) {
	if len(m.Solves) == 0 {
		return m.Name, nil
	}
	batch, err := r.batch(m)
	if err != nil {
		return "", err
	}
	_, nfe, err := p.outputsAt(m, batch, m.Outputs[0])
	if err != nil {
		return "", err
	}
	s := m.Solves[k]
	how := s.Method
	if s.Solver != "" {
		how = fmt.Sprintf("%s (%s)", s.Solver, s.Method)
	}
	return fmt.Sprintf("%s: %s, %.4g evaluations", m.Name, how, nfe[k]), nil
}
