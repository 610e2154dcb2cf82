// Package interp is the definition of what a module means: it evaluates IR in float64, one sample
// at a time, with nothing clever. Every pass and back end is compared with it.
package interp

import (
	"fmt"
	"math"
	"slices"

	"ndec.dev/ndec/ir"
)

// Tensor is a value: row-major elements and the shape.
type Tensor struct {
	Data  []float64
	Shape []int
}

// Scalar is a tensor without axes.
func Scalar(x float64) Tensor { return Tensor{Data: []float64{x}} }

// Of is a tensor with the elements and the shape.
func Of(data []float64, shape ...int) Tensor { return Tensor{Data: data, Shape: shape} }

// Machine evaluates the functions of a module. It is not safe for concurrent use.
type Machine struct {
	// Params holds the elements of every parameter, by Param.Index.
	Params [][]float64
	// Round32 rounds every f32 value to float32, as compiled code does.
	Round32 bool
	// Force, if set, gives the steps of a solve instead of its step control: (t, h) of each step, for each of
	// its runs in a Call, the last ones for further runs. It makes finite differences run on the steps of the
	// point in the middle.
	Force map[*ir.Solve][][]Step
	// Group, if set, are the samples that take steps of one length with that of this machine.
	Group Group
	// OnOp, if set, is called for every operator evaluated, with the region of its function.
	OnOp func(f *ir.Func, v *ir.Value)
	// Taken holds the accepted steps of each run of each solve in the last Call.
	Taken map[*ir.Solve][][]Step

	// First is the origin of the first number that an operator made in the last Trace and that was not finite, which
	// need not have reached its results.
	First *Origin

	// Failed holds the solves that did not reach their end, in the order in which they ran.
	Failed []Failure

	prepare *ir.Func                // Module.Prepare
	pulls   map[*ir.Func]*ir.Recipe // by their Grad: recipes with gradients through derived parameters
	derived []datum                 // what it computed, by Param.Index of derived parameters
	depth   int
	frames  [][]datum  // by depth: the values of the function that runs there, by ir.Value.ID
	in      []datum    // of the operator that runs
	args    []ir.Datum // the same
	tracing bool       // values know where they are from; see Trace
	path    []Place    // what runs around the present operator, while tracing
}

// Step is one accepted step of a solve.
type Step struct {
	T, H  float64
	Y     []Tensor
	First bool // made by ir.Solve.Start
	Anew  bool // memory of the method has begun anew before it
}

// Failure is a solve that stopped at time T.
type Failure struct {
	Solve  *ir.Solve
	Status int
	T      float64
	Why    *Origin // of what was not finite, in a Trace
}

// New makes a machine for parameters by name. Those of m that params lacks are zero.
func New(m *ir.Module, params map[string][]float64) (*Machine, error) {
	mc := &Machine{Params: make([][]float64, len(m.Params)), Taken: map[*ir.Solve][][]Step{}}
	for i, p := range m.Params {
		data, ok := params[p.Name]
		if !ok {
			data = make([]float64, p.Type.Len())
		}
		if len(data) != p.Type.Len() {
			return nil, fmt.Errorf("interp: parameter %s has %d elements instead of %d", p.Name, len(data), p.Type.Len())
		}
		mc.Params[i] = data
	}
	for _, r := range m.Recipes {
		if r.Pull != nil {
			if mc.pulls == nil {
				mc.pulls = map[*ir.Func]*ir.Recipe{}
			}
			mc.pulls[r.Grad] = r
		}
	}
	if m.Prepare == nil {
		return mc, nil
	}
	mc.prepare = m.Prepare
	var err error
	mc.derived, err = mc.call(m.Prepare, nil)
	return mc, err
}

// datum is a value during evaluation: its elements, or the components of a tuple.
type datum struct {
	data  []float64
	parts []datum
	tape  *tape     // of a recorded solve
	why   []*Origin // by element, where one is not finite; in a Trace
}

// Call evaluates f. The error is that of a malformed call; a solve that fails says so in its
// statistics. Cotangents that the gradient of a recipe gives to derived parameters are added to those of the trained
// ones, and are no results.
func (m *Machine) Call(f *ir.Func, args ...Tensor) (out []Tensor, err error) {
	ds, err := m.call(f, args)
	if r := m.pulls[f]; r != nil && err == nil {
		ds, err = m.pull(r, ds)
	}
	for i, d := range ds {
		out = append(out, Tensor{Data: d.data, Shape: f.Results[i].Type.Shape})
	}
	return out, err
}

// pull takes the cotangents of derived parameters, the last results of a gradient, on to those of the trained ones.
func (m *Machine) pull(r *ir.Recipe, ds []datum) ([]datum, error) {
	n := len(ds) - len(r.Through)
	var bars []Tensor
	for i, q := range r.Through {
		bars = append(bars, Tensor{Data: ds[n+i].data, Shape: q.Type.Shape})
	}
	more, err := m.call(r.Pull, bars)
	ds = slices.Clone(ds[:n])
	for i, d := range more {
		to := &ds[n-len(r.Trained)+i]
		to.data = slices.Clone(to.data)
		to.add(d)
	}
	return ds, err
}

func (m *Machine) call(f *ir.Func, args []Tensor) (out []datum, err error) {
	if len(args) != len(f.Args) {
		return nil, fmt.Errorf("interp: %s takes %d arguments and gets %d", f.Name, len(f.Args), len(args))
	}
	in := make([]datum, len(args))
	for i, a := range args {
		if len(a.Data) != f.Args[i].Type.Len() {
			return nil, fmt.Errorf("interp: argument %d of %s has %d elements instead of %d", i, f.Name, len(a.Data), f.Args[i].Type.Len())
		}
		in[i] = m.round(f.Args[i].Type, datum{data: a.Data})
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*failure)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	clear(m.Taken)
	m.entered(f, in)
	return m.run(f, in), nil
}

// failure is a module that has no meaning: a derivative node that was not expanded, say.
type failure struct{ text string }

func (f *failure) Error() string { return "interp: " + f.text }

func fail(format string, args ...any) { panic(&failure{fmt.Sprintf(format, args...)}) }

func (m *Machine) run(f *ir.Func, args []datum) []datum {
	m.depth++
	if m.depth > 1000 {
		fail("calls of %s do not end", f.Name)
	}
	defer func() { m.depth-- }()
	env := m.frame(f.IDs())
	for i, a := range f.Args {
		env[a.ID] = args[i]
	}
	for _, v := range f.Values {
		if v.Op == ir.OpArg {
			continue
		}
		if m.OnOp != nil {
			m.OnOp(f, v)
		}
		in := m.in[:0]
		plain := v.Op.Info().Plain()
		if !plain { // which may keep its operands, or run what overwrites them
			in = make([]datum, 0, len(v.Args))
		}
		for _, a := range v.Args {
			in = append(in, env[a.ID])
		}
		if plain {
			m.in = in
		}
		out := m.round(v.Type, m.eval(f, v, in))
		if m.tracing {
			out = m.traced(f, v, in, out)
		}
		env[v.ID] = out
	}
	out := make([]datum, len(f.Results))
	for i, r := range f.Results {
		out[i] = env[r.ID]
	}
	return out
}

// frame is room for n values of the function that runs at the present depth.
func (m *Machine) frame(n int) []datum {
	for len(m.frames) < m.depth {
		m.frames = append(m.frames, nil)
	}
	env := m.frames[m.depth-1]
	if cap(env) < n {
		env = make([]datum, n)
		m.frames[m.depth-1] = env
	}
	env = env[:n]
	clear(env)
	return env
}

func (m *Machine) round(t ir.Type, d datum) datum {
	if m.Round32 && t.Elem == ir.F32 {
		data := make([]float64, len(d.data))
		for i, x := range d.data {
			data[i] = float64(float32(x))
		}
		d.data = data
	}
	return d
}

func (m *Machine) eval(f *ir.Func, v *ir.Value, in []datum) datum {
	switch v.Op {
	case ir.OpConst:
		if v.Attr.Data != nil {
			return datum{data: v.Attr.Data}
		}
		data := make([]float64, v.Type.Len())
		for i := range data {
			data[i] = v.Attr.Num
		}
		return datum{data: data}
	case ir.OpParam:
		if p := v.Attr.Param; p.Derived {
			return m.derived[p.Index]
		}
		return datum{data: m.Params[v.Attr.Param.Index]}
	case ir.OpCall:
		return tuple(m.run(v.Attr.Func, in))
	case ir.OpResult:
		return in[0].parts[v.Attr.Index]
	case ir.OpSolve:
		return m.solve(v.Attr.Solve, in)
	case ir.OpRev:
		return m.reverse(v.Attr.Rev, in)
	case ir.OpMap:
		return m.mapped(v.Attr.Map, in)
	case ir.OpScan:
		return m.scan(v.Attr.Scan, in)
	}
	info := v.Op.Info()
	switch {
	case info.Define != nil:
		return m.define(f, v, in)
	case info.Eval == nil:
		fail("%s holds the operator %s, which has no value of its own", f.Name, v.Op)
	}
	args := m.args[:0]
	for i, d := range in {
		args = append(args, ir.Datum{Type: v.Args[i].Type, Data: d.data})
	}
	m.args = args
	out := make([]float64, v.Type.Len())
	info.Eval(args, &v.Attr, out)
	return datum{data: out}
}

// tuple is one result as it is, several as components.
func tuple(ds []datum) datum {
	if len(ds) == 1 {
		return ds[0]
	}
	return datum{parts: ds}
}

// define evaluates a defined operator through its body.
func (m *Machine) define(f *ir.Func, v *ir.Value, in []datum) datum {
	b := ir.NewFunc(v.Op.String(), v.Span, v.Type.Elem)
	args := make([]*ir.Value, len(v.Args))
	for i, a := range v.Args {
		args[i] = b.Arg(fmt.Sprintf("x%d", i), a.Type)
	}
	body := b.Return(v.Op.Info().Define(b, args, &v.Attr))
	return m.run(body, in)[0]
}

// mapped applies a function to slices along the leading axis.
func (m *Machine) mapped(mp *ir.Map, in []datum) datum {
	out := make([]datum, len(mp.Fn.Results))
	for i, r := range mp.Fn.Results {
		out[i].data = make([]float64, 0, mp.N*r.Type.Len())
	}
	for n := 0; n < mp.N; n++ {
		args := make([]datum, len(in))
		for i, d := range in {
			args[i] = d
			if i < mp.Mapped {
				k := len(d.data) / mp.N
				args[i] = d.slice(n*k, (n+1)*k)
			}
		}
		m.enter(Place{Map: mp, Run: n})
		for i, d := range m.run(mp.Fn, args) {
			out[i].append(d)
		}
		m.leave()
	}
	return datum{parts: out}
}

// scan applies a function again and again to the values that it hands on.
func (m *Machine) scan(s *ir.Scan, in []datum) datum {
	args := append([]datum(nil), in...)
	out := make([]datum, len(s.Fn.Results))
	for i, r := range s.Fn.Results[s.Carry:] {
		n := r.Type.Len()
		if !s.Sums(s.Carry + i) {
			n *= s.N
		}
		out[s.Carry+i].data = make([]float64, n)
	}
	for k := range s.N {
		n := k
		if s.Back {
			n = s.N - 1 - k
		}
		for i := s.Carry; i < s.Carry+s.Mapped; i++ {
			w := len(in[i].data) / s.N
			args[i] = in[i].slice(n*w, (n+1)*w)
		}
		m.enter(Place{Scan: s, Run: n})
		rs := m.run(s.Fn, args)
		m.leave()
		copy(args, rs[:s.Carry])
		for i := s.Carry; i < len(rs); i++ {
			w := len(rs[i].data)
			if !s.Sums(i) {
				out[i].put(n*w, rs[i])
				continue
			}
			out[i].add(rs[i])
		}
	}
	copy(out, args[:s.Carry])
	return datum{parts: out}
}

func finite(xs []float64) bool {
	for _, x := range xs {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}
