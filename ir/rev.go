package ir

// Rev is the reverse sweep of a recorded solve: over the accepted steps, last to first, with the
// recorded t, h and y; step sizes are constants.
//
// Operands of OpRev: the OpSolve value, then one cotangent per state (same shape as the solve's result) and, of
// a solve that an event may end, that of its time; then, where StepVJP takes them, the stops of the solve. Results: one cotangent per start state, one per extra, then one Accum result per
// entry of Params (the sum over steps).
//
// StepVJP: (t, h, y…, c…, y1_bar…) -> y_bar…, c_bar…, param_bar… (Accum).
// Of a solve that keeps stretches it is (t, h, stops if it has any, y…, c…, y_bar…) -> y1_bar…, and so on, from the end of a
// stretch back to its start, and may run solves itself; there is no AtVJP.
// DenseVJP: (theta, h, ysave_bar…) -> y_bar…, d_bar…, for output times and for steps that an event has cut, where dense output is
// linear in states and data: what a step's outputs give is added up first, and StepVJP, which then is (t, h, y…, c…, y1_bar…,
// d_bar…) -> as before, goes over the step once. AtVJP is nil then.
// AtVJP: (t, h, theta, y…, c…, ysave_bar…) -> the same, for output times and for steps that an event has cut; nil where
// there are neither.
// StartVJP, StartAtVJP: the same of steps that Solve.Start has made.
// BeginVJP: (t, y…, c…, y_bar…) -> the same, from the states at a step before which memory has begun anew to those it was made of.
// Keep, KeptVJP: StepVJP in halves, of steps that keep little and, where their length is given, are few; nil else. Keep: Step with
// further results kept…, what the way back needs of it; KeptVJP: (t, h, y…, c…, kept…, y1_bar…) -> as StepVJP. Who solves with Keep and
// has room for what it gives need not make stages again. Where a step takes its first stage over from the one before, the First first
// of kept… belong to that stage: Keep gives them last, of the stage that it hands on, and StartKeep: (t, y…, c…) -> slopes…, these of the
// first step. With no StartKeep, such a stage is made again.
// Events: (t, y…, c…, y1_bar…, t_bar) -> the same, from the states after an event at t to those before it, y…; t_bar is
// the cotangent of the time of an event that ends the solve.
type Rev struct {
	Name     string
	Solve    *Solve
	Region   *Region
	StepVJP  *Func
	AtVJP    *Func
	DenseVJP *Func
	Events   []*Func // per event of the solve
	Params   []*Param

	StartVJP, StartAtVJP *Func
	BeginVJP             *Func
	Keep, KeptVJP        *Func
	StartKeep            *Func
	First                int
}

// InStep reports whether r runs solves that take the steps of a StepGroup. Samples have as many of them as they have stretches, and meet again after
// the sweep.
func (r *Rev) InStep() bool { return r.Solve.Stretches && r.StepVJP.InStep() }

// Funcs lists the functions of r that are set.
func (r *Rev) Funcs() []*Func {
	fs := append([]*Func(nil), r.Events...)
	for _, f := range []*Func{r.StepVJP, r.AtVJP, r.DenseVJP, r.StartVJP, r.StartAtVJP, r.BeginVJP, r.Keep, r.KeptVJP, r.StartKeep} {
		if f != nil {
			fs = append(fs, f)
		}
	}
	return fs
}

// KeptTypes are the types of what Keep gives beside the results of a step, in the order in which KeptVJP takes it.
func (r *Rev) KeptTypes() []Type {
	if r.Keep == nil {
		return nil
	}
	kept := valueTypes(r.Keep.Results[len(r.Solve.Step.Results):])
	own := len(kept) - r.First
	return append(kept[own:len(kept):len(kept)], kept[:own]...)
}

// DataTypes are the types of the cotangents d_bar… of DenseVJP.
func (r *Rev) DataTypes() []Type {
	if r.DenseVJP == nil {
		return nil
	}
	var ts []Type
	for _, v := range r.DenseVJP.Results[len(r.Solve.States):] {
		ts = append(ts, v.Type)
	}
	return ts
}
