package lanes

import (
	"fmt"
	"maps"

	"ndec.dev/ndec/ir"
)

// Events of a solve (ir.Event): kernels give states and guards along the accepted steps of every sample, search (seek.go) and reset.

// Inside ends the names of states at a place in a step.
const Inside = ".in"

// Guard is the name of the result of Guards that is the guard of event i.
func Guard(i int) string { return fmt.Sprintf("%sguard%d", Own, i) }

// lookArgs are the arguments of Guards and Look before the states: the place, the start, the length and the end of the step. Then come the
// states before and after it, the data of dense output, and the extras.
var lookArgs = []string{"theta", "t", "h", "next"}

// addEvents compiles the functions of events.
func (s *Set) addEvents(l *Solve) error {
	sv := l.IR
	if len(sv.Events) == 0 {
		return nil
	}
	l.Data = len(sv.Dense.Args) - 2 - 2*l.States
	at := l.alongStep()
	if err := s.beginSearch(l, at); err != nil {
		return err
	}
	add := func(name string, results func(x *inStep) ([]string, []*ir.Value)) (*Kernel, error) {
		x := s.inStep(sv, name)
		names, vs := results(x)
		f := finish(x.b, names, vs)
		if err := s.Plan.Extra(f); err != nil {
			return nil, err
		}
		k, err := s.addRunning(f, running{lies: maps.Clone(at)})
		if err == nil {
			for i, a := range f.Args { // further kernels have them there, too
				at[a.Name] = k.Args[i]
			}
		}
		return k, err
	}
	var err error
	if len(sv.Guards()) > 0 {
		l.Guards, err = add("lanelook", func(x *inStep) (names []string, vs []*ir.Value) {
			return x.names, x.guards(x.place(x.arg["theta"]))
		})
		if err != nil {
			return err
		}
	}
	l.Look, err = add("laneinside", func(x *inStep) ([]string, []*ir.Value) {
		states, _ := x.place(x.arg["theta"])
		return named(sv.States, Inside), states
	})
	if err != nil {
		return err
	}
	if err := s.addSearch(l, at); err != nil {
		return err
	}
	l.Resets = make([]*Kernel, len(sv.Events))
	for i, e := range sv.Events {
		if e.Reset == nil {
			continue
		}
		if l.Resets[i], err = s.Add(e.Reset); err != nil {
			return err
		}
	}
	if s.happensAtOnce(l) {
		l.Search.Happen, err = s.addHappen(l, at)
	}
	return err
}

// inStep is a function of what happens along a step.
type inStep struct {
	s             *Set
	b             *ir.Builder
	sv            *ir.Solve
	arg           map[string]*ir.Value
	all           []*ir.Value // arguments of dense output after place and length
	after, extras []*ir.Value
	names         []string // of the guards
}

// inStep begins such a function.
func (s *Set) inStep(sv *ir.Solve, name string) *inStep {
	x := &inStep{s: s, b: ir.NewFunc(sv.Name+"."+name, sv.Span, s.real()), sv: sv, arg: map[string]*ir.Value{}}
	for _, n := range lookArgs {
		x.arg[n] = x.b.Arg(Own+n, ir.Scalar(ir.F64))
	}
	for _, st := range sv.States {
		x.all = append(x.all, x.b.Arg(st.Name+".at", st.Type))
	}
	for _, st := range sv.States {
		x.after = append(x.after, x.b.Arg(st.Name, st.Type))
	}
	x.all = append(x.all, x.after...)
	for i, a := range sv.Dense.Args[2+2*len(sv.States):] {
		x.all = append(x.all, x.b.Arg(Data(i), a.Type))
	}
	for i, t := range sv.Extras {
		x.extras = append(x.extras, x.b.Arg(fmt.Sprintf("extra.%d", i), t))
	}
	for _, g := range sv.Guards() {
		x.names = append(x.names, Guard(g))
	}
	return x
}

// place gives states and time at a place in the step. At the end the states are those after it, to the bit.
func (x *inStep) place(theta *ir.Value) (states []*ir.Value, time *ir.Value) {
	if theta.IsConst(1) {
		return x.after, x.arg["next"]
	}
	b := x.b
	states = x.s.inside(b, x.sv, cat([]*ir.Value{theta, x.arg["h"]}, x.all))
	time = b.Add(x.arg["t"], b.Mul(theta, x.arg["h"]))
	if theta.Op == ir.OpConst {
		return states, time
	}
	end := b.Binary(ir.OpEq, theta, b.Const(1, ir.F64))
	return choose(b, end, x.after, states), b.Select(end, x.arg["next"], time)
}

// guards are the guards of states at a time.
func (x *inStep) guards(states []*ir.Value, time *ir.Value) []*ir.Value {
	return x.b.Inline(x.sv.Guard, cat([]*ir.Value{time}, ir.Pick(states, x.sv.Plain()), x.extras))
}
