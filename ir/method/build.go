package method

import (
	"fmt"
	"math/big"
	"slices"

	"ndec.dev/ndec/ir"
)

// Config is what Build needs beside the solve itself.
type Config struct {
	Control Control // of adaptive methods; the zero value is the default, see ControlOf
	// ATols and RTols are tolerances by state of the norm, instead of those of the solve; nil: none.
	ATols, RTols []float64
	MaxNorm      bool // of adaptive methods: the largest error counts, not the root mean square

	// Residual makes a hypersolver of a fixed-step method of order p: it adds h^(p+1) r to the
	// new states. (t, h, y…, k1…, c…) -> r…, one per entry of Residuals, which are indices of
	// states; k1 is the field at the start of the step, which is not evaluated again.
	Residual  *ir.Func
	Residuals []int

	Noise *Noise // of stochastic methods
}

// Build gives s the functions and constants of a method. s has to have Name, States, Extras, Times
// and Field (appended to m already), and Steps or StepSize, or RTol, ATol, MaxSteps and perhaps
// FirstStep; Build sets the others but Sensitivity and Record, and appends the functions to m under
// names such as "Moons.0.step". An error is about what a program may get wrong but a checker
// did not see.
//
// Stage i is y + (h a_i1) k1 + (h a_i2) k2 + …, from left to right, zero coefficients left out; h a_ij
// is computed in f64 and then rounded to the state's element type. The new state and the error
// h Σ (b-bhat) k are summed in the same way.
func Build(m *ir.Module, s *ir.Solve, row *Row, cfg Config) error {
	if row != nil && row.Family == Stochastic && !row.Later {
		return buildStochastic(m, s, row, cfg)
	}
	if err := buildable(s, row, &cfg); err != nil {
		return fmt.Errorf("solve %s: %w", s.Name, err)
	}
	within(m, s)
	s.Method, s.Own = row.Name, row.Own
	s.Adaptive, s.FSAL = row.Adaptive(), row.FSAL()
	s.Order, s.StepEvals, s.DenseEvals = row.Order(), row.Evals(), row.DenseEvals()

	n := &maker{s: s, cfg: cfg, tab: row.Tableau, real: m.Real}
	if row.Split != nil {
		return n.buildSplitting(m, row.Split)
	}
	if row.Nystrom != nil {
		if err := n.buildNystrom(m, row.Nystrom); err != nil {
			return err
		}
		n.adapt(m, s)
		return nil
	}
	if row.Memory != nil {
		plain := *s // what the error norm and the first step see
		n.buildMemory(m, row.Memory)
		(&maker{s: &plain, cfg: cfg, real: m.Real}).adapt(m, s)
		return nil
	}
	s.Step = m.AddFunc(n.step("step", false))
	s.DenseStep = m.AddFunc(n.step("dense_step", true))
	s.Dense = m.AddFunc(n.dense())
	s.Replay = m.AddFunc(n.replay("replay", false))
	s.ReplayAt = m.AddFunc(n.replay("replay_at", true))
	if s.DenseEvals == 0 && s.Inside() {
		s.ReplayDense = m.AddFunc(n.replayDense())
	}
	n.adapt(m, s)
	return nil
}

// adapt gives s, where its steps are chosen, the functions that choose them.
func (n *maker) adapt(m *ir.Module, s *ir.Solve) {
	if !s.Adaptive {
		return
	}
	s.Norm = m.AddFunc(n.norm())
	if s.FirstEvals = 1; s.StepGroup == "" {
		s.First = m.AddFunc(n.first())
	} else {
		norms, bend, length := n.firstTogether()
		s.FirstNorms, s.FirstBend, s.FirstLength = m.AddFunc(norms), m.AddFunc(bend), m.AddFunc(length)
	}
	s.Control = m.AddFunc(n.control())
	s.MinFactor = n.cfg.Control.Min
}

func buildable(s *ir.Solve, row *Row, cfg *Config) error {
	if row == nil || row.Tableau == nil && row.Split == nil && row.Nystrom == nil && row.Memory == nil || row.Later {
		return fmt.Errorf("the method cannot be compiled yet")
	}
	if s.Field == nil || len(s.States) == 0 {
		return fmt.Errorf("no field or no states")
	}
	if !row.Adaptive() {
		if cfg.Residual != nil && row.Tableau == nil {
			return fmt.Errorf("a residual needs a Runge-Kutta method, and %s is none", row.Name)
		}
		if s.Steps <= 0 && !(s.StepSize > 0) {
			return fmt.Errorf("%s needs a number of steps or a step size", row.Name)
		}
		return nil
	}
	if cfg.Residual != nil {
		return fmt.Errorf("a residual needs a fixed-step method, %s is adaptive", row.Name)
	}
	if s.RTol < 0 || !(s.ATol > 0) {
		return fmt.Errorf("tolerances %g and %g: rtol has to be at least 0, atol above 0", s.RTol, s.ATol)
	}
	if usual := row.control(""); cfg.Control.Row == nil || s.Compat != "" && cfg.Control.Row == usual.Row {
		cfg.Control = row.control(s.Compat)
	}
	if cfg.Control.Row == nil || cfg.Control.Row.Later {
		return fmt.Errorf("the step control cannot be compiled yet")
	}
	for _, st := range s.States {
		if st.InNorm {
			return nil
		}
	}
	return fmt.Errorf("no state counts in the error norm")
}

// maker builds the functions of one solve.
type maker struct {
	s    *ir.Solve
	cfg  Config
	tab  *Tableau
	real ir.Elem
}

func (n *maker) newFunc(suffix, doc string) *ir.Builder {
	b := ir.NewFunc(n.s.Name+"."+suffix, n.s.Span, n.real)
	b.Func.Doc = doc
	return b
}

// scalar adds an f64 scalar argument.
func scalar(b *ir.Builder, name string) *ir.Value { return b.Arg(name, ir.Scalar(ir.F64)) }

// states adds an argument per state, named as the state with a suffix.
func (n *maker) states(b *ir.Builder, suffix string) []*ir.Value {
	var out []*ir.Value
	for _, st := range n.s.States {
		out = append(out, b.Arg(st.Name+suffix, st.Type))
	}
	return out
}

func (n *maker) extras(b *ir.Builder) []*ir.Value {
	var out []*ir.Value
	for i, t := range n.s.Extras {
		name := fmt.Sprintf("c%d", i)
		if args, at := n.s.Field.Args, 1+len(n.s.Plain())+i; len(args) > at {
			name = args[at].Name
		}
		out = append(out, b.Arg(name, t))
	}
	return out
}

func (n *maker) resultNames(suffix string) []string {
	var out []string
	for _, st := range n.s.States {
		out = append(out, st.Name+suffix)
	}
	return out
}

// step builds Step or DenseStep.
func (n *maker) step(suffix string, dense bool) *ir.Func {
	doc := "one step"
	if dense {
		doc = "one step with the data for dense output"
	}
	b := n.newFunc(suffix, doc)
	st := &stepper{maker: n, b: b, t: scalar(b, "t"), h: scalar(b, "h"), y: n.states(b, "")}
	if n.s.FSAL {
		st.setStage(0, n.states(b, "_k"))
	}
	st.c = n.extras(b)

	y1 := st.end()
	results, labels := y1, n.resultNames("_next")
	if n.s.Adaptive {
		results = append(results[:len(results):len(results)], st.combine(nil, "_err", "he", n.errorWeights())...)
		labels = append(labels, n.resultNames("_err")...)
	}
	if n.s.FSAL {
		results = append(results, st.stage(len(n.tab.B)-1)...)
		labels = append(labels, n.resultNames("_knext")...)
	}
	if dense {
		results, labels = st.withData(results, labels)
	}
	b.Func.ResultNames = labels
	return b.Return(results...)
}

// withData adds the data for dense output to results and their labels.
func (s *stepper) withData(results []*ir.Value, labels []string) ([]*ir.Value, []string) {
	results = slices.Clip(results)
	for p, d := range s.data() {
		results = append(results, d...)
		labels = append(labels, s.resultNames(fmt.Sprintf("_d%d", p+1))...)
	}
	return results, labels
}

// replayDense builds ReplayDense.
func (n *maker) replayDense() *ir.Func {
	b := n.newFunc("replay_dense", "one step, and the data for dense output, as a function of its start alone, for derivatives")
	st := &stepper{maker: n, b: b, t: scalar(b, "t"), h: scalar(b, "h")}
	st.y, st.c = n.states(b, ""), n.extras(b)
	results, labels := st.withData(st.end(), n.resultNames("_next"))
	b.Func.ResultNames = labels
	return b.Return(results...)
}

// errorWeights are those of the error. Steps of another library trust all of the difference.
func (n *maker) errorWeights() []*big.Rat {
	if n.s.Compat != "" {
		return n.tab.Difference()
	}
	return n.tab.ErrorWeights()
}

// replay builds Replay or ReplayAt: no stage is taken over from the step before.
func (n *maker) replay(suffix string, at bool) *ir.Func {
	doc := "one step as a function of its start alone, for derivatives"
	if at {
		doc = "the states inside one step as a function of its start alone, for derivatives"
	}
	b := n.newFunc(suffix, doc)
	st := &stepper{maker: n, b: b, t: scalar(b, "t"), h: scalar(b, "h")}
	var theta *ir.Value
	if at {
		theta = scalar(b, "theta")
	}
	st.y, st.c = n.states(b, ""), n.extras(b)
	if !at {
		b.Func.ResultNames = n.resultNames("_next")
		return b.Return(st.end()...)
	}
	if n.cfg.Residual != nil {
		st.end()
	}
	b.Func.ResultNames = n.resultNames("_at")
	return b.Return(n.continuous(b, theta, st.h, st.y, st.data())...)
}

// dense builds Dense. y1 is an argument by the form of the loop; the data alone determine the result.
func (n *maker) dense() *ir.Func {
	b := n.newFunc("dense", "the states inside a step, at t + theta*h")
	theta, h := scalar(b, "theta"), scalar(b, "h")
	y := n.states(b, "")
	n.states(b, "_next")
	var data [][]*ir.Value
	for p := range n.dataLen() {
		data = append(data, n.states(b, fmt.Sprintf("_d%d", p+1)))
	}
	b.Func.ResultNames = n.resultNames("_at")
	return b.Return(n.continuous(b, theta, h, y, data)...)
}

// dataLen is the number of data per state for dense output.
func (n *maker) dataLen() int {
	if n.cfg.Residual != nil {
		return n.tab.Degree() + 1
	}
	return n.tab.Degree()
}

// continuous is y + h theta (d1 + theta (d2 + …)), and, of a hypersolver, + h theta^(p+1) d of the
// residual, whose term grows as the local error that it stands for.
func (n *maker) continuous(b *ir.Builder, theta, h *ir.Value, y []*ir.Value, data [][]*ir.Value) []*ir.Value {
	scale := b.Mul(h, theta)
	residual := b.Mul(scale, power(b, theta, n.tab.Order))
	degree := n.tab.Degree()
	var out []*ir.Value
	for i, st := range n.s.States {
		e := st.Type.Elem
		th := b.Cast(theta, e)
		sum := data[degree-1][i]
		for p := degree - 2; p >= 0; p-- {
			sum = b.Add(data[p][i], b.Mul(th, sum))
		}
		v := b.Add(y[i], b.Mul(b.Cast(scale, e), sum))
		if n.cfg.Residual != nil {
			v = b.Add(v, b.Mul(b.Cast(residual, e), data[degree][i]))
		}
		out = append(out, v.Named(st.Name+"_at"))
	}
	return out
}

// power is x^n by multiplication.
func power(b *ir.Builder, x *ir.Value, n int) *ir.Value {
	v := x
	for range n - 1 {
		v = b.Mul(v, x)
	}
	return v
}

// stepper writes the body of one step. Stages, nodes and coefficients are made when first used.
type stepper struct {
	*maker
	b        *ir.Builder
	t, h     *ir.Value
	y, c, y1 []*ir.Value
	k        [][]*ir.Value // [stage][state], nil of those that nothing has needed
	at       map[int]Stage // where k is taken, as far as it is evaluated here
	residual []*ir.Value   // of hypersolvers: per state, nil where there is none
	shared   map[string]*ir.Value
}

// share makes a value once per key.
func (s *stepper) share(key string, build func() *ir.Value) *ir.Value {
	if s.shared == nil {
		s.shared = map[string]*ir.Value{}
	}
	if s.shared[key] == nil {
		s.shared[key] = build()
	}
	return s.shared[key]
}

// scaled is h*x in f64.
func (s *stepper) scaled(x *big.Rat) *ir.Value {
	return s.share(x.RatString(), func() *ir.Value {
		return s.b.Mul(s.h, s.b.Const(number(x), ir.F64))
	})
}

// Stage is one evaluation of the field in a step: where, and with what weight h b in the new state.
type Stage struct {
	T, Weight *ir.Value // f64
	Y         []*ir.Value
}

// Stages writes a step of s into b: the stages whose weight is not zero, and the new states. A sum of Weight times
// anything at (T, Y) is the integral over the step by the method's own quadrature. row is that of s.
func Stages(b *ir.Builder, s *ir.Solve, row *Row, t, h *ir.Value, y, c []*ir.Value) (stages []Stage, end []*ir.Value) {
	st := &stepper{maker: &maker{s: s, tab: row.Tableau, real: b.Real}, b: b, t: t, h: h, y: y, c: c}
	for i, w := range row.Tableau.B {
		if w.Sign() != 0 {
			st.stage(i)
			at := st.at[i]
			stages = append(stages, Stage{T: at.T, Weight: st.scaled(w), Y: at.Y})
		}
	}
	return stages, st.end()
}

// endsAt reports whether stage j is the field at the new state.
func (s *stepper) endsAt(j int) bool {
	return s.tab.C[j].Cmp(one) == 0 && equal(s.tab.A[j], s.tab.B)
}

// stage gives k of stage i (from 0), and makes those that it needs before it.
func (s *stepper) stage(i int) []*ir.Value {
	if s.k != nil && s.k[i] != nil {
		return s.k[i]
	}
	t, y := s.t, s.y
	switch {
	case s.endsAt(i):
		y = s.end()
	case i > 0:
		y = s.combine(s.y, fmt.Sprintf("_y%d", i+1), fmt.Sprintf("ha%d", i+1), s.tab.A[i])
	}
	if s.tab.C[i].Sign() != 0 {
		t = s.share("t+"+s.tab.C[i].RatString(), func() *ir.Value {
			return s.b.Add(s.t, s.scaled(s.tab.C[i])).Named(fmt.Sprintf("t%d", i+1))
		})
	}
	if s.at == nil {
		s.at = map[int]Stage{}
	}
	s.at[i] = Stage{T: t, Y: y}
	in := append([]*ir.Value{t}, y...)
	k := Evaluate(s.b, s.s, append(in, s.c...), s.t, s.h)
	for x, st := range s.s.States {
		k[x].Named(fmt.Sprintf("%s_k%d", st.Name, i+1))
	}
	s.setStage(i, k)
	return k
}

// make makes the stages that weights need, so that they stand before their sum.
func (s *stepper) make(w []*big.Rat) {
	for j, x := range w {
		if x.Sign() != 0 {
			s.stage(j)
		}
	}
}

func (s *stepper) setStage(i int, k []*ir.Value) {
	if s.k == nil {
		s.k = make([][]*ir.Value, len(s.tab.A))
	}
	s.k[i] = k
}

// combine is y + Σ (h w_j) k_j per state, without y where it is nil. label names the weights: h w_2 of
// label "ha3" is ha32.
func (s *stepper) combine(y []*ir.Value, suffix, label string, w []*big.Rat) []*ir.Value {
	s.make(w)
	var out []*ir.Value
	for i, st := range s.s.States {
		var sum *ir.Value
		if y != nil {
			sum = y[i]
		}
		for j, x := range w {
			if x.Sign() == 0 {
				continue
			}
			k := s.stage(j)[i]
			c := s.share(x.RatString()+" "+st.Type.Elem.String(), func() *ir.Value {
				return s.b.Cast(s.scaled(x), st.Type.Elem).Named(fmt.Sprintf("%s%d", label, j+1))
			})
			sum = add(s.b, sum, s.b.Mul(c, k))
		}
		if y == nil || sum != y[i] {
			sum.Named(st.Name + suffix)
		}
		out = append(out, sum)
	}
	return out
}

func add(b *ir.Builder, x, y *ir.Value) *ir.Value {
	if x == nil {
		return y
	}
	return b.Add(x, y)
}

// end is the new state.
func (s *stepper) end() []*ir.Value {
	if s.y1 != nil {
		return s.y1
	}
	y1 := s.combine(s.y, "_next", "hb", s.tab.B)
	s.y1 = y1
	if s.cfg.Residual == nil {
		return y1
	}
	in := append([]*ir.Value{s.t, s.h}, s.y...)
	in = append(append(in, s.stage(0)...), s.c...)
	s.residual = make([]*ir.Value, len(s.s.States))
	h := power(s.b, s.h, s.tab.Order+1)
	for i, r := range s.b.CallAll(s.cfg.Residual, in...) {
		x := s.cfg.Residuals[i]
		st := s.s.States[x]
		s.residual[x] = r
		y1[x] = s.b.Add(y1[x], s.b.Mul(s.b.Cast(h, st.Type.Elem), r)).Named(st.Name + "_next")
	}
	return y1
}

// data for dense output: d_p = Σ_i Dense[i][p] k_i per power and state; of hypersolvers one more,
// h^p times the residual.
func (s *stepper) data() [][]*ir.Value {
	b := s.b
	var out [][]*ir.Value
	for p := 1; p <= s.tab.Degree(); p++ {
		w := s.tab.DenseWeights(p)
		s.make(w)
		var ds []*ir.Value
		for i, st := range s.s.States {
			var sum *ir.Value
			for j, x := range w {
				if x.Sign() == 0 {
					continue
				}
				c := s.share(fmt.Sprintf("dense %s %s", x.RatString(), st.Type.Elem), func() *ir.Value { return b.Const(number(x), st.Type.Elem) })
				sum = add(b, sum, b.Mul(c, s.stage(j)[i]))
			}
			ds = append(ds, sum)
		}
		out = append(out, ds)
	}
	if s.cfg.Residual == nil {
		return out
	}
	var ds []*ir.Value
	h := power(b, s.h, s.tab.Order)
	for i, st := range s.s.States {
		r := s.residual[i]
		if r == nil {
			ds = append(ds, b.Zeros(st.Type))
			continue
		}
		ds = append(ds, b.Mul(b.Cast(h, st.Type.Elem), r))
	}
	return append(out, ds)
}
