package command

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/interp"
	"ndec.dev/ndec/ir/parallel"
	"ndec.dev/ndec/rt"
)

const (
	checkRows       = 8    // of the batch, at most
	checkWork       = 1e6  // numbers that the operators of one loss read and make; fewer rows where they are more
	checkTotal      = 1e9  // numbers of all losses, about: fewer components where they are more
	checkComponents = 16   // of each parameter, at most, evenly spaced
	leastComponents = 2    // of each parameter, whatever they take
	checkDirections = 2    // of parameters with more components, in which all of them move
	checkBound      = 1e-6 // relative difference that passes
	settled         = 1e-2 // differences with a larger error say nothing
)

// checkLine says how far the gradient by one parameter is from central differences.
type checkLine struct {
	// Worst is the largest difference of a component, relative to the parameter's largest component, or of the slope in
	// a direction, relative to the size of the gradient by all components.
	Worst    float64 `json:"worst"`
	Error    float64 `json:"error"`    // that the differences themselves may have, in the same measure
	Compared int     `json:"compared"` // components; all of them, where directions were compared too
	// Refined is Worst where all solves are refined, of recipes with a sensitivity that differentiates the
	// equation: its gradient is that of the loss up to the accuracy of the solves only.
	Refined *float64 `json:"refined,omitempty"`
	passes  bool
}

// grad is loss, metrics and gradient over the rows of t. Samples that fail add nothing.
func (mc *machine) grad(r *ir.Recipe, t *rt.Table, inputs bool) (*gradAnswer, error) {
	in, err := mc.interp()
	if err != nil {
		return nil, err
	}
	cols := columnsOf(r.Columns)
	n := float64(t.Rows)
	terms := metricTerms(r)
	ans := &gradAnswer{Format: 1, Stats: newSites(r.Solves)}
	loss, sums := 0.0, make([]float64, terms)
	g := make([]float64, len(mc.w))
	var real []rt.ColumnSpec
	for _, c := range cols {
		if c.Classes == 0 {
			real = append(real, c)
		}
	}
	byInput := rt.NewTable(real, t.Rows)
	of := func(row int) []interp.Tensor {
		return append(rowArgs(t, cols, row), keyOf(r.Keyed(), rt.Key{Seed: recipeSeed(r)}, row)...)
	}
	together, err := mc.together(r, t.Rows, of, inputs)
	if err != nil {
		return nil, err
	}
	for row := range t.Rows {
		args := of(row)
		in.Failed = nil
		var failed *rt.SolveError
		if together != nil {
			failed = together[row].ascent
		} else if failed, err = ascentFailed(in, r, args, row); err != nil {
			return nil, err
		}
		if failed != nil {
			if ans.Failed == "" {
				ans.Failed = failed.Error()
			}
			continue
		}
		var out, bars []interp.Tensor
		if together != nil {
			out, bars, in.Failed = together[row].out, together[row].bars, together[row].failed
		} else if out, err = in.Call(r.Grad, args...); err != nil {
			return nil, internal(err)
		}
		first := 1 + terms + ir.NumStats*len(r.Solves) // cotangents follow the statistics
		if failed := addStats(ans.Stats, r.Solves, out[1+terms:first], row); failed != nil {
			if ans.Failed == "" {
				ans.Failed = failed.Error()
			}
			continue
		}
		if len(in.Failed) > 0 { // on the way back
			if e := in.Failed[0]; ans.Failed == "" {
				ans.Failed = (&rt.SolveError{Sample: row, Row: -1, Time: e.T, Status: rt.Status(e.Status), Where: e.Solve.Span.String(), Solve: e.Solve.System}).Error()
			}
			continue
		}
		loss += out[0].Data[0]
		for k := range sums {
			sums[k] += out[1+k].Data[0]
		}
		mc.addCotangents(g, r, out[first:], 1/n)
		if !inputs {
			continue
		}
		if together == nil {
			if bars, err = in.Call(r.GradInputs, args...); err != nil {
				return nil, internal(err)
			}
		}
		for i := range real {
			for k, v := range bars[first+i].Data {
				byInput.Columns[i].Row(row)[k] = v / n
			}
		}
	}
	loss /= n
	ans.Loss = finiteOrNil(loss)
	if ans.Metrics, err = meanMetrics(in, r, sums, n); err != nil {
		return nil, err
	}
	ans.Grad = mc.weightsJSON(g)
	if inputs {
		ans.Inputs = tableJSON(byInput, real)
	}
	return ans, nil
}

// metricTerms is the number of terms that the objective gives for its metrics.
func metricTerms(r *ir.Recipe) int {
	return len(r.Objective.Results) - 1 - ir.NumStats*len(r.Solves)
}

// addCotangents adds those of the trained parameters, scaled, to the flat gradient.
func (mc *machine) addCotangents(g []float64, r *ir.Recipe, out []interp.Tensor, scale float64) {
	for i, p := range r.Trained {
		at := mc.layout[p.Index].Offset
		for k, v := range out[i].Data {
			g[at+k] += v * scale
		}
	}
}

func meanMetrics(in *interp.Machine, r *ir.Recipe, sums []float64, n float64) (map[string]*float64, error) {
	args := make([]interp.Tensor, len(sums))
	for i, s := range sums {
		args[i] = interp.Scalar(s / n)
	}
	if r.Combine != nil {
		var err error
		if args, err = in.Call(r.Combine, args...); err != nil {
			return nil, internal(err)
		}
	}
	out := map[string]*float64{}
	for i, name := range r.Metrics {
		out[name] = finiteOrNil(args[i].Data[0])
	}
	return out, nil
}

func finiteOrNil(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}

// weightsJSON spells numbers in the layout of the weights as an object of nested arrays.
func (mc *machine) weightsJSON(g []float64) json.RawMessage {
	b := []byte{'{'}
	for i, t := range mc.layout {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = append(b, fmt.Sprintf("%q: ", t.Name)...)
		b = rt.AppendNested(b, t.Shape, g[t.Offset:t.Offset+t.Len()], false)
	}
	return append(b, '}')
}

// ascentFailed is the failure of an ascent of the recipe's adversary, or nil.
func ascentFailed(in *interp.Machine, r *ir.Recipe, args []interp.Tensor, row int) (*rt.SolveError, error) {
	if r.Attack == nil {
		return nil, nil
	}
	out, err := in.Call(r.Attack, args...)
	if err != nil {
		return nil, internal(err)
	}
	if n := int(out[1].Data[0]); n > 0 {
		return &rt.SolveError{Sample: row, Row: row, Status: rt.NonFinite, Where: r.Attack.Span.String(), Loop: "ascent", Run: n}, nil
	}
	return nil, nil
}

// attacked is a sample where the adversary of the recipe takes its loss. Where it lies is a constant for
// the gradient.
func attacked(in *interp.Machine, r *ir.Recipe, args []interp.Tensor) ([]interp.Tensor, error) {
	if r.Attack == nil {
		return args, nil
	}
	out, err := in.Call(r.Attack, args...)
	if err != nil {
		return nil, internal(err)
	}
	args = slices.Clone(args)
	x := &args[r.Attacked]
	x.Data = slices.Clone(x.Data)
	for k, d := range out[0].Data {
		x.Data[k] += d
	}
	return args, nil
}

// check compares the gradient by every parameter with central differences. Where a sensitivity differentiates the
// equation and not the steps, or the times of a solve or an event move along the flow, the two differ by the error of the solves;
// they have to agree as these are refined.
func (mc *machine) check(r *ir.Recipe, t *rt.Table) (map[string]checkLine, error) {
	lines, err := mc.compare(r, t)
	if err != nil {
		return nil, err
	}
	ofEquation, failed, order := false, false, math.MaxInt
	for _, s := range solvesIn(mc.m) {
		if row := s.Sensitivity.Row; row == "adjoint" || row == "quadrature" || row == "interpolated" || len(s.Events) > 0 {
			ofEquation = true
		}
		if timesMove(mc.m, s) { // they have the derivative of the flow
			ofEquation = true
		}
		if !s.Adaptive {
			order = min(order, max(s.Order, 1))
		}
	}
	for name, c := range lines {
		c.passes = c.Worst <= checkBound || c.Worst <= 2*c.Error && c.Error < settled
		failed = failed || !c.passes
		lines[name] = c
	}
	if !failed || !ofEquation {
		return lines, nil
	}
	restore := refine(mc.m)
	refined, err := mc.compare(r, t)
	restore()
	if err != nil {
		return nil, err
	}
	shrinks := 0.0 // what is left of a difference, at most
	if order < math.MaxInt {
		shrinks = 4 / math.Pow(refinement, float64(order))
	}
	for name, c := range lines {
		to := refined[name].Worst
		c.Refined = &to
		c.passes = to <= max(checkBound, shrinks*c.Worst, 2*refined[name].Error)
		lines[name] = c
	}
	return lines, nil
}

// refinement is how many times as many steps of a given length are taken where a difference has to shrink.
const refinement = 8

// refine makes all solves of m accurate, until restore is called: adaptive ones by tolerances of 1e-10, others by
// more steps.
func refine(m *ir.Module) (restore func()) {
	was := map[*ir.Solve]ir.Solve{}
	for _, s := range solvesIn(m) {
		was[s] = *s
		s.Steps *= refinement
		s.StepSize /= refinement
		s.RTol, s.ATol = min(s.RTol, 1e-10), min(s.ATol, 1e-12)
		s.MaxSteps = max(s.MaxSteps, 1_000_000)
	}
	return func() {
		for s, old := range was {
			*s = old
		}
	}
}

// timesMove reports whether start, end or output times of s are computed.
func timesMove(m *ir.Module, s *ir.Solve) bool {
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if v.Op == ir.OpSolve && v.Attr.Solve == s && (v.Args[0].Op != ir.OpConst || v.Args[1].Op != ir.OpConst) {
				return true
			}
		}
	}
	return false
}

// solvesIn lists the solves that functions of m run, each once.
func solvesIn(m *ir.Module) []*ir.Solve {
	var out []*ir.Solve
	for _, f := range m.Funcs {
		for _, v := range f.Values {
			if s := v.Attr.Solve; s != nil && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// member is what a sample gave whose batch takes steps of one length.
type member struct {
	ascent    *rt.SolveError  // of the recipe's adversary
	out, bars []interp.Tensor // of Grad and of GradInputs
	failed    []interp.Failure
	err       error
}

// together runs the gradient of n samples that take steps of one length (step_group: batch); nil where those of r do not.
func (mc *machine) together(r *ir.Recipe, n int, args func(row int) []interp.Tensor, inputs bool) ([]member, error) {
	if !r.Grad.InStep() {
		return nil, nil
	}
	all := make([]member, n)
	err := rt.InGroup(context.Background(), n, func(i int, of *rt.StepMember) {
		m := &all[i]
		in, err := mc.interp()
		if err == nil {
			in.Group = of
			m.ascent, err = ascentFailed(in, r, args(i), i)
		}
		if err == nil {
			in.Failed = nil
			m.out, err = in.Call(r.Grad, args(i)...)
		}
		if err == nil {
			m.failed = in.Failed
		}
		if err == nil && inputs {
			m.bars, err = in.Call(r.GradInputs, args(i)...)
		}
		m.err = err
	})
	for i := range all {
		err = cmp.Or(err, all[i].err)
	}
	if err != nil {
		return nil, internal(err)
	}
	return all, nil
}

// compare compares the gradient of the mean loss over the first rows with central differences of the
// objective, whose steps are searched for, all on the accepted steps of the solves at the point in the
// middle, since the choice of steps is not differentiated.
func (mc *machine) compare(r *ir.Recipe, t *rt.Table) (map[string]checkLine, error) {
	for _, s := range mc.m.Solves { // differences see how far off events are located
		s.EventTol = min(s.EventTol, 1e-13)
	}
	cols := columnsOf(r.Columns)
	g := make([]float64, len(mc.w))
	in, err := mc.interp()
	if err != nil {
		return nil, err
	}
	sample := func(row int) []interp.Tensor {
		return append(rowArgs(t, cols, row), keyOf(r.Keyed(), rt.Key{Seed: recipeSeed(r)}, row)...)
	}
	rows, work := min(t.Rows, checkRows), 0.0
	if rows > 0 {
		in.OnOp = func(_ *ir.Func, v *ir.Value) {
			work += float64(v.Type.Len())
			for _, a := range v.Args {
				work += float64(a.Type.Len())
			}
		}
		if _, err := in.Call(r.Fitted(), sample(0)...); err != nil {
			return nil, internal(err)
		}
		in.OnOp = nil
		rows = min(rows, max(1, int(checkWork/work)))
	}
	first := 1 + metricTerms(r) + ir.NumStats*len(r.Solves)
	forced := make([]map[*ir.Solve][][]interp.Step, rows)
	args := make([][]interp.Tensor, rows)
	for row := range rows {
		args[row] = sample(row)
		out, err := in.Call(r.Grad, args[row]...)
		if err != nil {
			return nil, internal(err)
		}
		mc.addCotangents(g, r, out[first:], 1/float64(rows))
		if args[row], err = attacked(in, r, args[row]); err != nil {
			return nil, err
		}
		clear(in.Taken)
		if _, err = in.Call(r.Fitted(), args[row]...); err != nil {
			return nil, internal(err)
		}
		forced[row] = sameSteps(mc.m, r, in.Taken)
	}
	loss := func(in *interp.Machine) (float64, error) {
		sum := 0.0
		for row := range rows {
			in.Force = forced[row]
			out, err := in.Call(r.Fitted(), args[row]...)
			if err != nil {
				return 0, internal(err)
			}
			sum += out[0].Data[0] / float64(rows)
		}
		return sum, nil
	}
	const evaluations = 12 // of a difference, about
	components := int(min(checkComponents+checkDirections, checkTotal/(work*float64(rows)*evaluations*float64(len(r.Trained)))))
	probes := probesOf(r.Trained, mc.layout, g, max(leastComponents, components-checkDirections))
	failed := make([]error, len(probes))
	workers := min(runtime.GOMAXPROCS(0), len(probes))
	parallel.Each(workers, func(worker int) {
		w := slices.Clone(mc.w) // for the differences of this worker
		for i := worker; i < len(probes); i += workers {
			failed[i] = probes[i].take(mc.w, w, func() (float64, error) {
				in, err := (&machine{m: mc.m, layout: mc.layout, w: w}).interp()
				if err != nil {
					return 0, err
				}
				return loss(in)
			})
		}
	})
	if err := cmp.Or(failed...); err != nil {
		return nil, err
	}
	lines := map[string]checkLine{}
	for _, p := range probes {
		c := lines[p.of]
		c.Worst, c.Error, c.Compared = min(max(c.Worst, p.off), math.MaxFloat64), min(max(c.Error, p.unsure), math.MaxFloat64), c.Compared+1
		if p.whole {
			c.Compared = len(p.move)
		}
		lines[p.of] = c
	}
	return lines, nil
}

// probe is a slope of the loss that is compared with differences.
type probe struct {
	of     string    // the parameter
	offset int       // of its components in the weights
	move   []float64 // of the components by a unit of the difference
	whole  bool      // all components move
	slope  float64   // by the gradient
	size   float64   // that differences are measured by
	off    float64   // |difference - slope| / size
	unsure float64   // error that the difference may have, / size
}

// probesOf lists what is compared for parameters with gradient g: so many components, evenly spaced, and for those with more
// of them directions in which each component moves as much as every other, one way or the other (Rademacher).
func probesOf(ps []*ir.Param, layout []rt.Tensor, g []float64, components int) []*probe {
	var out []*probe
	for _, p := range ps {
		x := layout[p.Index]
		gx := g[x.Offset : x.Offset+x.Len()]
		largest, norm := 0.0, 0.0
		for _, v := range gx {
			largest, norm = max(largest, math.Abs(v)), math.Hypot(norm, v)
		}
		n := min(x.Len(), components)
		for i := range n {
			k := i * x.Len() / n
			out = append(out, &probe{of: p.Name, offset: x.Offset + k, move: []float64{1}, slope: gx[k], size: largest})
		}
		if n == x.Len() {
			continue
		}
		signs := rand.New(rand.NewPCG(uint64(p.Index), 1))
		for range checkDirections {
			d := &probe{of: p.Name, offset: x.Offset, move: make([]float64, x.Len()), whole: true, size: norm / math.Sqrt(float64(x.Len()))}
			for k := range d.move {
				d.move[k] = float64(2*signs.IntN(2)-1) / math.Sqrt(float64(x.Len()))
				d.slope += d.move[k] * gx[k]
			}
			out = append(out, d)
		}
	}
	return out
}

// take compares, with w0 as the point in the middle and w, equal to it, to move.
func (p *probe) take(w0, w []float64, loss func() (float64, error)) error {
	w0, w = w0[p.offset:p.offset+len(p.move)], w[p.offset:p.offset+len(p.move)]
	at := 0.0 // along move
	if !p.whole {
		at = w0[0]
	}
	d, err := differentiate(func(v float64) (float64, error) {
		for k, m := range p.move {
			w[k] = w0[k] + m*(v-at)
		}
		defer copy(w, w0)
		return loss()
	}, at, checkBound/100*p.size)
	if err != nil {
		return err
	}
	p.off, p.unsure = math.Abs(d.value-p.slope), d.err
	if math.IsNaN(p.off) {
		p.off = math.Inf(1)
	}
	if size := max(p.size, math.Abs(d.value)); size > 0 {
		p.off, p.unsure = p.off/size, p.unsure/size
	}
	return nil
}

// sameSteps gives the steps taken to every form of the solves that took them: the gradient runs a
// recording copy, named after its origin.
func sameSteps(m *ir.Module, r *ir.Recipe, taken map[*ir.Solve][][]interp.Step) map[*ir.Solve][][]interp.Step {
	byName := map[string][][]interp.Step{}
	origin := func(s *ir.Solve) string { return strings.TrimSuffix(s.Name, ".rec") }
	for s, steps := range taken {
		byName[origin(s)] = steps
	}
	out := map[*ir.Solve][][]interp.Step{}
	for _, s := range slices.Concat(m.Solves, r.Ran()) {
		if steps, ok := byName[origin(s)]; ok {
			out[s] = steps
		}
	}
	return out
}

// checkVerdict is the error of a derivative that is wrong.
func checkVerdict(check map[string]checkLine) error {
	for _, name := range slices.Sorted(maps.Keys(check)) {
		c := check[name]
		switch {
		case c.passes:
		case c.Error >= settled:
			return problems(fmt.Errorf("central differences by %s do not settle: their error is about %.2g of its largest component, so they say nothing about its gradient; a kink or noise near these weights does that", name, c.Error))
		case c.Refined != nil:
			return problems(fmt.Errorf("the gradient by %s differs from central differences by %.2g of its largest component, and by %.2g where solves are refined", name, c.Worst, *c.Refined))
		default:
			return problems(fmt.Errorf("the gradient by %s differs from central differences by %.2g of its largest component", name, c.Worst))
		}
	}
	return nil
}
