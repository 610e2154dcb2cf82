package lanes

import "ndec.dev/ndec/ir"

// Methods of several steps (ir.Solve.Start) have two kernels for a step, which take and give the same: Step, and Fill, which makes a
// step over several steps of the grid from the states alone and fills the memory. Go runs the one, the other or both, each for the
// samples whose step it is; so do sweeps.

// Filled is the name of the argument of Look and Output that is not 0 where Fill has made the step.
const Filled = Own + "filled"

// addFill compiles the step of l that fills the memory, if its method has one. It reads times and lengths of every sample.
func (s *Set) addFill(l *Solve) error {
	if l.IR.Start == nil {
		return nil
	}
	f := s.fixedStepBy(l, ".lanefill", fixedArgs, func(b *ir.Builder, args []*ir.Value) []*ir.Value { return b.CallAll(l.IR.Start, args...) })
	if err := s.planned(f); err != nil {
		return err
	}
	carry := map[int]int{}
	for i := range l.States {
		carry[i] = 2 + len(fixedArgs) + i
	}
	var err error
	l.Fill, err = s.addRunning(f, running{carry: carry})
	return err
}

// inside is the solution within a step, by the arguments of ir.Solve.Dense; filled is the last argument of who asks, which adds it here.
func (s *Set) inside(b *ir.Builder, sv *ir.Solve, args []*ir.Value) []*ir.Value {
	at := b.Inline(sv.Dense, args)
	if sv.Start == nil {
		return at
	}
	filled := b.Binary(ir.OpLt, b.Const(0, ir.F64), b.Arg(Filled, ir.Scalar(ir.F64)))
	return choose(b, filled, b.Inline(sv.StartDense, args), at)
}

// addFillBack compiles the way back over steps that have filled the memory.
func (s *Set) addFillBack(l *Rev) error {
	r, sv := l.IR, l.IR.Solve
	if sv.Start == nil {
		return nil
	}
	var err error
	if l.Fill, _, err = s.revStepBy(l, r.StartVJP, ".lanerevfill", nil); err != nil {
		return err
	}
	if r.StartAtVJP != nil {
		if l.FillAt, err = s.revAt(r, r.StartAtVJP, ".lanerevfillat"); err != nil {
			return err
		}
	}
	if sv.Remakes() {
		l.FillReplay, err = s.Add(sv.Start)
	}
	return err
}
