package lanes

import (
	"fmt"

	"ndec.dev/ndec/ir"
)

// Events of a solve (ir.Event): kernels give states and guards along the accepted steps of every sample, search (seek.go) and reset.

// Inside ends the names of states at a place in a step.
const Inside = ".in"

// Guard is the name of the result of Look that is the guard of event i.
func Guard(i int) string { return fmt.Sprintf("%sguard%d", Own, i) }

// lookArgs are the arguments of Look before the states: the place, the start, the length and the end of the step. Then come the
// states before and after it, the data of dense output, and the extras.
var lookArgs = []string{"theta", "t", "h", "next"}

// addEvents compiles the functions of events.
func (s *Set) addEvents(l *Solve) error {
	sv := l.IR
	if len(sv.Events) == 0 {
		return nil
	}
	f := s.look(sv)
	if err := s.Plan.Extra(f); err != nil {
		return err
	}
	var err error
	if l.Look, err = s.Add(f); err != nil {
		return err
	}
	l.Data = len(sv.Dense.Args) - 2 - 2*l.States
	if err := s.addSearch(l); err != nil {
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
	return nil
}

// look is the function of Solve.Look. At the end of a step the states are those after it, to the bit.
func (s *Set) look(sv *ir.Solve) *ir.Func {
	b := ir.NewFunc(sv.Name+".lanelook", sv.Span, s.real())
	x := map[string]*ir.Value{}
	for _, n := range lookArgs {
		x[n] = b.Arg(Own+n, ir.Scalar(ir.F64))
	}
	var before, after, data, c []*ir.Value
	guards := sv.Guards()
	for _, st := range sv.States {
		before = append(before, b.Arg(st.Name+".at", st.Type))
	}
	for _, st := range sv.States {
		after = append(after, b.Arg(st.Name, st.Type))
	}
	for i, a := range sv.Dense.Args[2+2*len(sv.States):] {
		data = append(data, b.Arg(Data(i), a.Type))
	}
	for i, t := range sv.Extras {
		c = append(c, b.Arg(fmt.Sprintf("extra.%d", i), t))
	}
	end := b.Binary(ir.OpEq, x["theta"], b.Const(1, ir.F64))
	at := choose(b, end, after, s.inside(b, sv, cat([]*ir.Value{x["theta"], x["h"]}, before, after, data)))
	names, vs := named(sv.States, Inside), at
	if len(guards) == 0 {
		return finish(b, names, vs)
	}
	time := b.Select(end, x["next"], b.Add(x["t"], b.Mul(x["theta"], x["h"])))
	for i, g := range b.Inline(sv.Guard, cat([]*ir.Value{time}, ir.Pick(at, sv.Plain()), c)) {
		names, vs = append(names, Guard(guards[i])), append(vs, g)
	}
	return finish(b, names, vs)
}
