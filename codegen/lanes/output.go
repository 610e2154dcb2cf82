package lanes

import "ndec.dev/ndec/ir"

// Output times of a solve. Each sample has steps of its own, and so its own output times in a step. A kernel goes over rows of outputs (rows.go): of all samples
// whose next output that of a row is, it takes those that have reached its time.

// Arguments of Output before the states: the first output of each sample that is not done and whether it may be in the step, the row, its times, t1-t0, and
// start, end and length of the step; where there are events 1 for samples that have one at the end. Then come the states before and after the step, the data of
// dense output, what the row has, and what the loop over rows goes by.
const (
	OutputNext = Own + "next"
	OutputOpen = Own + "open"
	OutputRow  = Own + "row"
	OutputAt   = Own + "at"
	OutputSpan = Own + "span"
	OutputT    = Own + "t"
	OutputEnd  = Own + "end"
	OutputH    = Own + "h"
	OutputHit  = Own + "hit"
)

// Results of Output besides what the row has then, for a way back: 1 for samples that are taken, and where in the step; of solves in stretches the states there.
const (
	OutputTaken = Own + "taken"
	OutputPlace = Own + "place"
)

// Row ends the names of what a row of outputs has of a state, as an argument and, in its place, as a result.
const (
	Row     = ".row"
	rowNext = ".row_next"
)

// addOutput compiles the function of output times.
func (s *Set) addOutput(l *Solve) error {
	sv := l.IR
	if sv.Times == 0 {
		return nil
	}
	l.Data = len(sv.Dense.Args) - 2 - 2*l.States
	l.Gives = s.given(sv)
	f, rows := s.output(l)
	if err := s.Plan.Extra(f); err != nil {
		return err
	}
	l.Rows = 1
	if !sv.Record && !sv.Stretches { // else Go keeps something of each row
		l.Rows = max(1, rowSlots/max(1, s.held(s.Plan.Of(f).Cost)))
	}
	at := l.alongStep()
	if _, ok := at[OutputT]; ok {
		at.put(OutputEnd, l.Step.field(Own+"t"))
	}
	if l.Search != nil {
		at.put(OutputHit, l.Search.Begin.field(SearchHit))
	}
	var err error
	l.Output, err = s.addRunning(f, running{carry: map[int]int{0: 0, 1: 1}, alike: alikeArgs{2: true}, rows: rows, lies: at})
	if err != nil {
		return err
	}
	return s.addOrder(l)
}

// counts is the type of numbers of output times: real numbers, which are fewer vectors, as long as these tell them apart.
func (s *Set) counts(sv *ir.Solve) ir.Elem {
	if sv.Times > 1<<24 {
		return ir.F64
	}
	return s.real()
}

// given says which states of a solve are read at its output times.
func (s *Set) given(sv *ir.Solve) []bool {
	read := make([]bool, len(sv.States))
	for _, pf := range s.Plan.Funcs {
		for _, v := range pf.IR.Values {
			for _, a := range v.Args {
				switch {
				case a.Op != ir.OpSolve || a.Attr.Solve != sv || v.Op == ir.OpRev:
				case v.Op != ir.OpResult: // it takes all
					for i := range read {
						read[i] = !sv.States[i].Memory
					}
				case v.Attr.Index < len(read):
					read[v.Attr.Index] = !sv.States[v.Attr.Index].Memory
				}
			}
		}
	}
	return read
}

// GivenStates are the states that the solve gives at its output times.
func (l *Solve) GivenStates() (out []int) {
	for i, is := range l.Gives {
		if is {
			out = append(out, i)
		}
	}
	return out
}

// output is the function of Solve.Output, and where it has its rows.
func (s *Set) output(l *Solve) (*ir.Func, *rowPlaces) {
	sv := l.IR
	given := ir.Pick(sv.States, l.GivenStates())
	b := ir.NewFunc(sv.Name+".laneoutput", sv.Span, s.real())
	x := map[string]*ir.Value{}
	names := []string{OutputNext, OutputOpen, OutputRow, OutputAt, OutputSpan, OutputT, OutputEnd, OutputH}
	if len(sv.Events) > 0 {
		names = append(names, OutputHit)
	}
	for _, n := range names {
		e := ir.F64
		if n == OutputNext || n == OutputOpen {
			e = s.counts(sv)
		}
		x[n] = b.Arg(n, ir.Scalar(e))
	}
	var before, after, data, row []*ir.Value
	for _, st := range sv.States {
		before = append(before, b.Arg(st.Name+".at", st.Type))
	}
	for _, st := range sv.States {
		after = append(after, b.Arg(st.Name, st.Type))
	}
	for i, a := range sv.Dense.Args[2+2*len(sv.States):] {
		data = append(data, b.Arg(Data(i), a.Type))
	}
	for _, st := range given {
		row = append(row, b.Arg(st.Name+Row, st.Type))
	}
	for _, n := range outputRowArgs(given) {
		b.Arg(n, ir.Scalar(ir.F64))
	}
	num := func(v float64) *ir.Value { return b.Const(v, ir.F64) }
	at, t, end := x[OutputAt], x[OutputT], x[OutputEnd]
	none := b.Const(0, s.counts(sv))
	mine := b.Binary(ir.OpAnd, b.Binary(ir.OpLt, none, x[OutputOpen]), b.Binary(ir.OpEq, x[OutputNext], b.Cast(x[OutputRow], s.counts(sv))))
	reached := b.Binary(ir.OpLe, b.Mul(b.Sub(at, end), x[OutputSpan]), num(0))
	atEnd := b.Binary(ir.OpEq, at, end)
	if hit := x[OutputHit]; hit != nil { // at an event the states are those after it
		reached = b.Binary(ir.OpAnd, reached, b.Unary(ir.OpNot, b.Binary(ir.OpAnd, atEnd, b.Binary(ir.OpLt, num(0), hit))))
	}
	taken := b.Binary(ir.OpAnd, mine, reached)
	atStart := b.Binary(ir.OpEq, at, t)
	theta := b.Binary(ir.OpDiv, b.Sub(at, t), x[OutputH])
	inside := s.inside(b, sv, cat([]*ir.Value{theta, x[OutputH]}, before, after, data))
	states := choose(b, atStart, before, choose(b, atEnd, after, inside))
	results, vs := []string{OutputNext + "_next", OutputOpen + "_next"}, []*ir.Value{
		b.Add(x[OutputNext], b.Cast(taken, none.Type.Elem)),
		b.Select(b.Binary(ir.OpAnd, mine, b.Unary(ir.OpNot, reached)), none, x[OutputOpen]),
	}
	if sv.Record || sv.Stretches {
		results = append(results, OutputTaken, OutputPlace)
		vs = append(vs, b.Cast(taken, ir.F64), b.Select(atStart, num(0), b.Select(atEnd, num(1), theta)))
	}
	results, vs = append(results, named(given, rowNext)...), append(vs, choose(b, taken, ir.Pick(states, l.GivenStates()), row)...)
	if sv.Stretches {
		results, vs = append(results, named(sv.States, Inside)...), append(vs, states...)
	}
	return finish(b, results, vs), &rowPlaces{sv.Times}
}
