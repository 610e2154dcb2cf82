package lanes

import "ndec.dev/ndec/ir"

// Steps of one length for a batch (ir.Solve.StepGroup): the samples of all blocks meet between an attempt and what is decided on it. Try makes the
// attempt and its error; Step decides on it by the error of the batch, and takes what Try gave as arguments.

// Results of Try, and arguments of Step, by name.
const (
	// TriedErr is the error of a sample, in Step that of the batch.
	TriedErr = Own + "tried_err"
	// Tried ends the names of states after the attempt, and TriedSlope those of the field there.
	Tried      = ".tried"
	TriedSlope = ".tried.k"
)

// Sizes that give the first length: of the state, its derivative and its second derivative.
const (
	SizeState, SizeSlope, SizeBend = Own + "size", Own + "slope", Own + "bend"
)

// Together are the kernels of a StepGroup.
type Together struct {
	// Try is the attempt: (t, h, t1, dir, rtol, atol, states, slopes, extras) to error, states, slopes and data.
	Try *Kernel
	// Bend and Length give the first length where the method chooses it: (t, t1, rtol, atol, sizes of state and slope, states, slopes, extras) to that
	// of the bend; (t, t1, dir, the three sizes) to h. Start gives slopes and the sizes of state and slope. Nil where it is given.
	Bend, Length *Kernel
}

// tryArgs are the arguments of Try before the states.
var tryArgs = []string{"t", "h", "t1", "dir", "rtol", "atol"}

// addTogether compiles the kernels of a StepGroup.
func (s *Set) addTogether(l *Solve) error {
	sv := l.IR
	if sv.StepGroup == "" {
		return nil
	}
	l.Together = &Together{}
	add := func(k **Kernel, f *ir.Func) error {
		err := s.planned(f)
		if err == nil {
			*k, err = s.Add(f)
		}
		return err
	}
	if err := add(&l.Together.Try, s.try(l)); err != nil || sv.FirstStep > 0 {
		return err
	}
	if err := add(&l.Together.Bend, s.firstBend(sv)); err != nil {
		return err
	}
	return add(&l.Together.Length, s.firstLength(sv))
}

// try is the function of Try.
func (s *Set) try(l *Solve) *ir.Func {
	sv := l.IR
	b, x, y, k, c := s.lane(sv, ".lanetry", tryArgs, sv.FSAL)
	a := s.attempt(b, l, clip(b, sv, x), x, y, k, c)
	names, vs := []string{TriedErr}, []*ir.Value{a.err}
	names, vs = append(names, named(sv.States, Tried)...), append(vs, a.y1...)
	if sv.FSAL {
		names, vs = append(names, named(plain(sv), TriedSlope)...), append(vs, a.k1...)
	}
	return finish(b, append(names, data(a.rest)...), append(vs, a.rest...))
}

// tried is an attempt that Try has made, from further arguments of b.
func (s *Set) tried(b *ir.Builder, sv *ir.Solve) (a attempted) {
	for _, st := range sv.States {
		a.y1 = append(a.y1, b.Arg(st.Name+Tried, st.Type))
	}
	if sv.FSAL {
		for _, st := range plain(sv) {
			a.k1 = append(a.k1, b.Arg(st.Name+TriedSlope, st.Type))
		}
	}
	a.err = b.Arg(TriedErr, ir.Scalar(ir.F64))
	return a
}

// firstBend is the function of Together.Bend.
func (s *Set) firstBend(sv *ir.Solve) *ir.Func {
	b, x, y, k, c := s.lane(sv, ".lanebend", []string{"t", "t1", "rtol", "atol", "size", "slope"}, true)
	y = ir.Pick(y, sv.Plain())
	at := cat([]*ir.Value{x["t"], b.Sub(x["t1"], x["t"]), x["rtol"], x["atol"], x["size"], x["slope"]}, y, k, c)
	return finish(b, []string{SizeBend}, b.Inline(sv.FirstBend, at))
}

// firstLength is the function of Together.Length.
func (s *Set) firstLength(sv *ir.Solve) *ir.Func {
	b := ir.NewFunc(sv.Name+".lanelength", sv.Span, s.real())
	x := map[string]*ir.Value{}
	for _, n := range []string{"t", "t1", "dir", "size", "slope", "bend"} {
		x[n] = b.Arg(Own+n, ir.Scalar(ir.F64))
	}
	span := b.Sub(x["t1"], x["t"])
	h := b.Inline(sv.FirstLength, []*ir.Value{span, x["size"], x["slope"], x["bend"]})[0]
	return finish(b, []string{Own + "h"}, []*ir.Value{b.Mul(x["dir"], b.Binary(ir.OpMin, h, b.Mul(x["dir"], span)))})
}
