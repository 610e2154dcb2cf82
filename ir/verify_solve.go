package ir

import (
	"errors"
	"fmt"
)

// signature is what a function of a solve or a program has to take and give. More allows further
// results (or, in args, further arguments) after those listed.
type signature struct {
	role                  string
	f                     *Func
	args, results         []Type
	moreArgs, moreResults bool
}

func (c *checker) sign(rows ...signature) error {
	for _, r := range rows {
		if r.f == nil {
			continue
		}
		if !c.funcs[r.f] {
			return fmt.Errorf("%s: function %s is not in the module", r.role, r.f.Name)
		}
		if err := prefix(valueTypes(r.f.Args), r.args, r.moreArgs); err != nil {
			return fmt.Errorf("%s: arguments of %s: %w", r.role, r.f.Name, err)
		}
		if err := prefix(valueTypes(r.f.Results), r.results, r.moreResults); err != nil {
			return fmt.Errorf("%s: results of %s: %w", r.role, r.f.Name, err)
		}
	}
	return nil
}

// prefix reports how got differs from want, or from a start of it that is want when more is set.
func prefix(got, want []Type, more bool) error {
	if len(got) < len(want) || len(got) > len(want) && !more {
		return fmt.Errorf("%d and not %d", len(got), len(want))
	}
	for i, t := range want {
		if !got[i].Equal(t) {
			return fmt.Errorf("number %d is %s and not %s", i, got[i], t)
		}
	}
	return nil
}

func types(lists ...[]Type) []Type {
	var out []Type
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// f64s is n scalars of time, step or error.
func f64s(n int) []Type {
	ts := make([]Type, n)
	for i := range ts {
		ts[i] = Scalar(F64)
	}
	return ts
}

func (s *Solve) stateTypes() []Type {
	var ts []Type
	for _, st := range s.States {
		ts = append(ts, st.Type)
	}
	return ts
}

// solve checks the signatures that Solve documents.
func (c *checker) solve(s *Solve) error {
	if len(s.States) == 0 {
		return errors.New("no states")
	}
	y := s.stateTypes()
	for _, t := range types(y, s.Extras) {
		if err := checkType(t); err != nil || t.Elem == Tuple {
			return fmt.Errorf("bad type %s of a state or extra", t)
		}
	}
	if s.Times < 0 || s.Times > 1<<24 || s.Stops < 0 || s.Stops > 1<<24 {
		return fmt.Errorf("%d output times, %d stops", s.Times, s.Stops)
	}
	for _, need := range []struct {
		role string
		ok   bool
	}{
		{"field", s.Field != nil},
		{"piece of the inputs, or field that takes it", (s.Piece == nil) == (s.Within == nil)},
		{"step", s.Step != nil},
		{"norm", s.Norm != nil || !s.Adaptive},
		{"start of the method's memory", s.Begin == nil || s.Start == nil},
		{"state of the system", len(s.Plain()) > 0},
		{"control", s.Control != nil || !s.Adaptive},
		{"first step", s.First != nil || s.FirstLength != nil || s.FirstStep != 0 || !s.Adaptive},
		{"first step of a batch that fits the loop", (s.FirstNorms != nil) == (s.FirstBend != nil) && (s.FirstNorms != nil) == (s.FirstLength != nil) && (s.StepGroup == "" && s.FirstLength == nil || s.StepGroup != "" && s.First == nil)},
		{"number or length of steps", s.Steps > 0 || s.StepSize > 0 || s.Adaptive},
		{"dense output", s.Dense != nil || s.Times == 0 && !s.Cuts()}, // without DenseStep it needs the ends of a step alone
		{"first step of a method of several steps that fits the loop", s.Start == nil || s.StartDense != nil && s.StartSteps > 0 && !s.Adaptive && !s.FSAL},
		{"output times of the grid", !s.PerSample || s.Times > 0 && s.Steps > 0 && !s.Adaptive},
		{"steps of another library that fit the loop", s.Compat == "" || s.Adaptive && s.Stops == 0 && len(s.Events) == 0},
		{"steps of a batch that fit the loop", s.StepGroup == "" || s.Adaptive},
		{"guard", (s.Guard != nil) == (len(s.Guards()) > 0)},
		{"events between stretches", !s.Stretches || s.Record && !s.Remakes() && len(s.Events) > 0},
		{"bound of events", len(s.Events) == 0 || s.EventTol > 0 && s.EventMax > 0},
	} {
		if !need.ok {
			return fmt.Errorf("no %s", need.role)
		}
	}
	x := Pick(y, s.Plain())
	var k, stepResults []Type
	stepResults = y
	if s.Adaptive {
		stepResults = types(stepResults, x)
	}
	if s.FSAL {
		k = x
		stepResults = types(stepResults, x)
	}
	var d []Type // the data for Dense
	if n := len(stepResults); s.DenseStep != nil && len(s.DenseStep.Results) > n {
		d = valueTypes(s.DenseStep.Results[n:])
	}
	var piece []Type
	if s.Piece != nil {
		piece = valueTypes(s.Piece.Results)
	}
	stepArgs := types(f64s(2), y, k, s.Extras)
	for _, e := range s.Events {
		if e.Kind == Every && !(e.Every > 0) {
			return fmt.Errorf("event every %g", e.Every)
		}
		if err := c.sign(signature{role: "reset", f: e.Reset, args: types(f64s(1), x, s.Extras), results: x}); err != nil {
			return err
		}
	}
	controlArgs := 3
	if s.Ratios() {
		controlArgs = 5
	}
	return c.sign(
		signature{role: "guard", f: s.Guard, args: types(f64s(1), x, s.Extras), results: f64s(len(s.Guards()))},
		signature{role: "extras", f: s.Given, moreArgs: true, results: s.Extras},
		signature{role: "field", f: s.Field, args: types(f64s(1), x, s.Extras), results: x},
		signature{role: "piece of the inputs", f: s.Piece, args: types(f64s(1), s.Extras), results: piece},
		signature{role: "field inside a step", f: s.Within, args: types(f64s(1), x, piece), results: x},
		signature{role: "start of the memory", f: s.Begin, args: types(f64s(1), y, s.Extras), results: y},
		signature{role: "first step of several", f: s.Start, args: types(f64s(2), y, s.Extras), results: y},
		signature{role: "dense output of the first step", f: s.StartDense, args: types(f64s(2), y, y), results: y},
		signature{role: "replay inside the first step", f: s.StartAt, args: types(f64s(3), y, s.Extras), results: y},
		signature{role: "step", f: s.Step, args: stepArgs, results: stepResults},
		signature{role: "dense step", f: s.DenseStep, args: stepArgs, results: stepResults, moreResults: true},
		signature{role: "dense output", f: s.Dense, args: types(f64s(2), y, y, d), results: y},
		signature{role: "norm", f: s.Norm, args: types(f64s(2), x, x, x), results: f64s(1)},
		signature{role: "first step", f: s.First, args: types(f64s(4), x, x, s.Extras), results: f64s(1)},
		signature{role: "norms of the first step", f: s.FirstNorms, args: types(f64s(2), x, x), results: f64s(2)},
		signature{role: "second derivative at the first step", f: s.FirstBend, args: types(f64s(6), x, x, s.Extras), results: f64s(1)},
		signature{role: "length of the first step", f: s.FirstLength, args: f64s(4), results: f64s(1)},
		signature{role: "control", f: s.Control, args: f64s(controlArgs), results: f64s(1)},
		signature{role: "replay", f: s.Replay, args: types(f64s(2), y, s.Extras), results: y},
		signature{role: "replay inside a step", f: s.ReplayAt, args: types(f64s(3), y, s.Extras), results: y},
		signature{role: "replay with the data of dense output", f: s.ReplayDense, args: types(f64s(2), y, s.Extras), results: y, moreResults: true},
	)
}

// rev checks the signatures that Rev documents.
func (c *checker) rev(r *Rev) error {
	s := r.Solve
	y := s.stateTypes()
	var ps []Type
	for _, p := range r.Params {
		if !c.params[p] {
			return fmt.Errorf("parameter %s is not in the module", p.Name)
		}
		ps = append(ps, p.Type)
	}
	if (s.Times > 0 || s.Cuts()) && (r.AtVJP == nil) == (r.DenseVJP == nil) && !s.Stretches {
		return errors.New("no derivative at output times")
	}
	if s.Start != nil && (r.StartVJP == nil || (r.AtVJP == nil) != (r.StartAtVJP == nil)) {
		return errors.New("no derivative of the first step")
	}
	if s.Rebegins() && !s.Stretches && r.BeginVJP == nil {
		return errors.New("no derivative of where memory begins anew")
	}
	if (r.Keep == nil) != (r.KeptVJP == nil) {
		return errors.New("half of a derivative")
	}
	if r.Keep != nil && (len(r.Keep.Results) <= len(s.Step.Results) || s.FSAL && !s.Adaptive || s.Times > 0 || s.Stops > 0 || s.Cuts()) {
		return errors.New("a step in halves that gives nothing, or of a solve that does more than take steps")
	}
	if r.First < 0 || (r.First > 0) != (r.StartKeep != nil) || r.First > 0 && (r.Keep == nil || !s.FSAL || r.First > len(r.Keep.Results)-len(s.Step.Results)) {
		return errors.New("what a first stage keeps belongs to no step, or nobody makes it")
	}
	var step, stepResults []Type // of a Step that gives more
	if r.Keep != nil {
		step, stepResults = valueTypes(s.Step.Args), valueTypes(s.Step.Results)
	}
	results := types(y, s.Extras, ps)
	if len(r.Events) != len(s.Events) {
		return fmt.Errorf("%d derivatives of %d events", len(r.Events), len(s.Events))
	}
	for _, f := range r.Events {
		if err := c.sign(signature{role: "event", f: f, args: types(f64s(1), y, s.Extras, y, f64s(1)), results: results}); err != nil {
			return err
		}
	}
	lead := f64s(2)
	if s.TakesStops() {
		lead = append(lead, Tensor(F64, s.Stops))
	}
	if err := c.sign(
		signature{role: "dense output", f: r.DenseVJP, args: types(f64s(2), y), results: y, moreResults: true},
		signature{role: "step", f: r.StepVJP, args: types(lead, y, s.Extras, y, r.DataTypes()), results: results},
		signature{role: "first step", f: r.StartVJP, args: types(f64s(2), y, s.Extras, y), results: results},
		signature{role: "memory that begins anew", f: r.BeginVJP, args: types(f64s(1), y, s.Extras, y), results: results},
		signature{role: "output times in the first step", f: r.StartAtVJP, args: types(f64s(3), y, s.Extras, y), results: results},
		signature{role: "step that keeps", f: r.Keep, args: step, results: stepResults, moreResults: true},
		signature{role: "first stage that keeps", f: r.StartKeep, args: types(f64s(1), y, s.Extras), results: types(Pick(y, s.Plain()), r.KeptTypes()[:r.First])},
		signature{role: "step from what was kept", f: r.KeptVJP, args: types(f64s(2), y, s.Extras, r.KeptTypes(), y), results: results},
		signature{role: "output times", f: r.AtVJP, args: types(f64s(3), y, s.Extras, y), results: results},
	); err != nil {
		return err
	}
	for _, f := range r.Funcs() {
		if f == r.DenseVJP || f == r.Keep || f == r.StartKeep {
			continue
		}
		for i := len(results) - len(ps); i < len(results); i++ {
			if i >= len(f.Accum) || !f.Accum[i] {
				return fmt.Errorf("%s: result %d, of a parameter, is not marked as a sum", f.Name, i)
			}
		}
	}
	return nil
}

// statistics are the types of the five statistics of each solve.
func statistics(solves []*Solve) []Type {
	var ts []Type
	for range solves {
		ts = append(ts, Scalar(I32), Scalar(I32), Scalar(I32), Scalar(I32), Scalar(F64))
	}
	return ts
}

func portTypes(ports []Port) []Type {
	ts := make([]Type, len(ports))
	for i, p := range ports {
		ts[i] = p.Type
	}
	return ts
}

// programs checks models, recipes and the preparation of derived parameters.
func (c *checker) programs() error {
	for _, x := range c.m.Models {
		if err := c.model(x); err != nil {
			return fmt.Errorf("model %s: %w", x.Name, err)
		}
	}
	for _, r := range c.m.Recipes {
		if err := c.recipe(r); err != nil {
			return fmt.Errorf("recipe %s: %w", r.Name, err)
		}
	}
	if len(c.m.Derived) > 0 && c.m.Prepare == nil {
		return errors.New("derived parameters, and no function that computes them")
	}
	var ts []Type
	for _, p := range c.m.Derived {
		ts = append(ts, p.Type)
	}
	return c.sign(signature{role: "derived parameters", f: c.m.Prepare, results: ts})
}

// keyed appends the key of random draws.
func keyed(in []Type, key bool) []Type {
	if key {
		return append(in, KeyType)
	}
	return in
}

func (c *checker) listed(solves []*Solve) error {
	for _, s := range solves {
		if !c.solves[s] {
			return fmt.Errorf("solve %s is not in the module", s.Name)
		}
	}
	return nil
}

func (c *checker) model(x *Model) error {
	if err := c.listed(x.Solves); err != nil {
		return err
	}
	if x.Func == nil {
		return errors.New("no function")
	}
	if len(x.Paths) > 0 && len(x.Paths) != len(x.Solves) {
		return fmt.Errorf("%d paths of %d solves", len(x.Paths), len(x.Solves))
	}
	in := keyed(portTypes(x.Inputs), x.Keyed())
	rows := []signature{{role: "function", f: x.Func, args: in, results: types(portTypes(x.Outputs), statistics(x.Solves))}}
	for i, p := range x.Paths {
		s := x.Solves[i]
		rows = append(rows, signature{role: "path of " + s.Name, f: p, args: in, results: types(f64s(2), s.LeadTypes()[2:], s.stateTypes(), s.Extras)})
	}
	return c.sign(rows...)
}

func (c *checker) recipe(r *Recipe) error {
	for _, solves := range [][]*Solve{r.Solves, r.TrainingSolves} {
		if err := c.listed(solves); err != nil {
			return err
		}
	}
	var ps []Type
	for _, p := range append(append([]*Param(nil), r.Trained...), r.Frozen...) {
		if !c.params[p] || p.Derived {
			return fmt.Errorf("parameter %s is not one of the module's", p.Name)
		}
	}
	for _, p := range r.Trained {
		ps = append(ps, p.Type)
	}
	var through []Type
	for _, p := range r.Through {
		if !c.params[p] || !p.Derived {
			return fmt.Errorf("parameter %s is not a derived one of the module", p.Name)
		}
		through = append(through, p.Type)
	}
	if (r.Pull != nil) != (len(through) > 0) {
		return errors.New("gradients through derived parameters, and no function that takes them on, or the other way round")
	}
	if r.Objective == nil || len(r.Objective.Results) == 0 || !r.Objective.Results[0].Type.IsScalar() {
		return errors.New("no objective that gives a number")
	}
	in := keyed(portTypes(r.Columns), r.Keyed())
	out := valueTypes(r.Objective.Results)
	var attack []Type
	if r.Attack != nil {
		if r.Attacked < 0 || r.Attacked >= len(in) {
			return fmt.Errorf("no column %d to attack", r.Attacked)
		}
		attack = []Type{in[r.Attacked], Scalar(I32)}
	}
	return c.sign(
		signature{role: "objective", f: r.Objective, args: in, results: out},
		signature{role: "objective in training", f: r.Training, args: in, results: out},
		signature{role: "combination of metrics", f: r.Combine, moreArgs: true, moreResults: true},
		signature{role: "attack", f: r.Attack, args: in, results: attack},
		signature{role: "design", f: r.Design, args: in, moreResults: true},
		signature{role: "gradient by inputs", f: r.GradInputs, args: in, moreResults: true},
		signature{role: "gradient", f: r.Grad, args: in, results: types(out, ps, through)},
		signature{role: "gradient through derived parameters", f: r.Pull, args: through, results: ps},
	)
}
