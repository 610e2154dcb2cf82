package lanes

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// What a step keeps for its way back (ir.Rev.Keep) lies in a piece of memory of its own, one for each step of a block: the tape of
// the solve has it. Kernels write it there on the way forward and read it there on the way back, by the pointer that others have for
// their record, and a call moves the pointer on to what the callee keeps. So nothing of it is copied.

// keptPlaces says which arguments and results of a function lie in what a step keeps, and at which bytes.
type keptPlaces struct{ args, results map[int]int }

func (p keptPlaces) any() bool { return len(p.args)+len(p.results) > 0 }

// String spells p, as kernels are told apart by it.
func (p keptPlaces) String() string {
	var out []string
	for _, side := range []struct {
		name string
		at   map[int]int
	}{{"arg", p.args}, {"result", p.results}} {
		for _, i := range sorted(side.at) {
			out = append(out, fmt.Sprintf("%s %d at %d", side.name, i, side.at[i]))
		}
	}
	return strings.Join(out, ", ")
}

func sorted(m map[int]int) []int {
	var keys []int
	for i := range m {
		keys = append(keys, i)
	}
	slices.Sort(keys)
	return keys
}

// fieldAt is field, or the place of argument or result i in what is kept or where another kernel has it.
func (s *Set) fieldAt(k *Kernel, name string, t ir.Type, kept map[int]int, i int) *Field {
	if f := k.lies[name]; f != nil {
		return f
	}
	if off, ok := kept[i]; ok {
		return &Field{Name: name, Elem: t.Elem, Rows: t.Len(), Off: off, Kept: true}
	}
	return s.field(k, name, t)
}

// keptOf says what the callee of a call keeps for k, by offsets from the byte that is returned.
func (k *Kernel) keptOf(call *ir.Value) (p keptPlaces, from int) {
	if h := k.between[call]; h != nil {
		return h.places, 0
	}
	if !k.kept.any() {
		return p, 0
	}
	at := map[*ir.Value]int{}
	p = keptPlaces{map[int]int{}, map[int]int{}}
	for i, off := range k.kept.args {
		at[k.Func.Args[i]] = off
	}
	for i, a := range call.Args {
		if off, ok := at[a]; ok && a.Type.Len() > unrolled { // few rows are handed as others are, so that stages share a kernel
			p.args[i] = off
		}
	}
	for i := range k.kept.results {
		switch r := k.Func.Results[i]; {
		case slices.Index(k.Func.Results, r) < i: // it has another place already, from which it is copied
		case r == call:
			p.results[0] = k.kept.results[i]
		case r.Op == ir.OpResult && r.Args[0] == call:
			p.results[r.Attr.Index] = k.kept.results[i]
		}
	}
	if !p.any() {
		return keptPlaces{}, 0
	}
	first := true
	for _, side := range []map[int]int{p.args, p.results} {
		for _, off := range side {
			if first || off < from {
				from, first = off, false
			}
		}
	}
	for _, side := range []map[int]int{p.args, p.results} {
		for i := range side {
			side[i] -= from
		}
	}
	return p, from
}

// keptAt is the byte at which what a callee keeps begins.
func (k *Kernel) keptAt(call *ir.Value) int {
	_, from := k.keptOf(call)
	return from
}

// handed says how k calls a function: which arguments are alike, and what it keeps.
func (k *Kernel) handed(call *ir.Value) running {
	kept, _ := k.keptOf(call)
	return running{alike: k.passed(call), kept: kept, inner: true}
}

// solveKey tells solves apart that keep what their way back needs from the same ones that do not, and revKey their sweeps.
type solveKey struct {
	sv   *ir.Solve
	keep *ir.Func
}

type revKey struct {
	r    *ir.Rev
	kept bool
}

// solveOf is the solve v of f, and revOf its sweep v.
func (s *Set) solveOf(f *ir.Func, v *ir.Value) (*Solve, error) {
	r, err := s.keeping(f, v)
	if err != nil {
		return nil, err
	}
	return s.AddSolve(v.Attr.Solve, r)
}

func (s *Set) revOf(f *ir.Func, v *ir.Value) (*Rev, error) {
	r, err := s.keeping(f, v.Args[0])
	if err != nil {
		return nil, err
	}
	return s.AddRev(v.Attr.Rev, r != nil)
}

// keeping is the sweep for which v, a solve in f, keeps what it needs of each step: the only one over it, where that may be kept,
// is of real numbers and has no record. Nil if there is none.
func (s *Set) keeping(f *ir.Func, v *ir.Value) (*ir.Rev, error) {
	var one *ir.Rev
	for _, u := range f.Values {
		if u.Op != ir.OpRev || u.Args[0] != v {
			continue
		}
		if one != nil {
			return nil, nil
		}
		one = u.Attr.Rev
	}
	if one == nil || one.Keep == nil || ByPieces(one.Solve) {
		return nil, nil
	}
	if slices.ContainsFunc(one.KeptTypes(), func(t ir.Type) bool { return t.Elem != s.real() }) {
		return nil, nil
	}
	if most, err := s.mostKept(one); most == 0 || err != nil {
		return nil, err
	}
	times := (&Solve{Alike: stepsAlike(one.Solve)}).times()
	for _, g := range []*ir.Func{one.Keep, one.KeptVJP, one.StartKeep} {
		if g == nil {
			continue
		}
		if err := s.planned(g); err != nil {
			return nil, err
		}
		if s.record(g, times) != nil {
			return nil, nil
		}
	}
	return one, nil
}

// planned plans a function that was made here, and what it calls.
func (s *Set) planned(f *ir.Func) error {
	if s.Plan.Of(f) != nil {
		return nil
	}
	for _, v := range f.Values {
		for _, g := range v.Callees() {
			if err := s.planned(g); err != nil {
				return err
			}
		}
	}
	return s.Plan.Extra(f)
}

// KeepsSome reports whether l keeps what the way back takes of some steps, the first ones of each sample, since there are more, or nobody
// knows how many there will be. The others are made again.
func (l *Solve) KeepsSome() bool {
	return l.Keep != nil && (l.IR.Adaptive || l.IR.StepSize > 0 || l.IR.Steps > l.MostKept)
}

// The memory of a worker for what the steps of a block keep, in bytes. What fits into nearRoom is made again more slowly than it is read,
// for it comes from caches of the core and takes some vectors only. Beyond, it is written to what all cores share and comes from there, at the time of
// some farWork half cycles for a vector: what took as long to make or longer has farRoom.
const (
	nearRoom = 4 << 20
	farRoom  = 32 << 20
	farWork  = 45
)

// leastKept is the number of steps that have to fit where nobody knows how many there will be. Of given steps two thirds have to: the others go where
// nobody reads them, which takes as long as half of them gain, and the way back has a second kernel.
const leastKept = 16

// mostKept is the number of steps of which a solve keeps what the way back by r takes; 0 where that is not worth it.
func (s *Set) mostKept(r *ir.Rev) (int, error) {
	for _, f := range []*ir.Func{r.StepVJP, r.KeptVJP} {
		if err := s.planned(f); err != nil {
			return 0, err
		}
	}
	vectors := 0
	for _, t := range r.KeptTypes() {
		vectors += t.Len()
	}
	room := nearRoom
	if saved := s.Plan.Of(r.StepVJP).Cost.Slots - s.Plan.Of(r.KeptVJP).Cost.Slots; saved >= farWork*vectors {
		room = farRoom
	}
	most := room / (vectors * RowBytes)
	if sv := r.Solve; (sv.Adaptive || sv.StepSize > 0) && most < leastKept || 3*most < 2*sv.Steps {
		return 0, nil
	}
	return most, nil
}

// keeps says how many steps keep what their way back takes, for people; empty where none does.
func (n *Node) keeps() string {
	out := ""
	for _, st := range n.Steps {
		if l := st.Solve; l != nil && l.Keep != nil {
			most := "every step of %s keeps what its way back takes, %.2g MiB"
			steps := l.IR.Steps
			if l.KeepsSome() {
				steps = l.MostKept
				most = fmt.Sprintf("the first %d steps of %%s keep what their way back takes, up to %%.2g MiB", steps)
			}
			out += "; " + fmt.Sprintf(most, l.IR.Name, float64(steps*l.KeptLen()*RowBytes)/(1<<20))
		}
	}
	return out
}

// KeptLen is the number of elements that a step keeps.
func (l *Solve) KeptLen() (n int) {
	for _, t := range l.Kept() {
		n += t.Len()
	}
	return n
}

// Kept are the types of what a step keeps for its way back, in the order in which that takes it and in which it lies there.
func (l *Solve) Kept() []ir.Type {
	if l.Keep == nil {
		return nil
	}
	var ts []ir.Type
	for i := range len(l.Keep.Results) - len(l.IR.Step.Results) {
		ts = append(ts, l.Keep.Results[l.keptResult(i)].Type)
	}
	return ts
}

// keptResult is the result of Keep that is part i of it, or of that of the next step.
func (l *Solve) keptResult(i int) int {
	if i < l.First {
		return len(l.Keep.Results) - l.First + i
	}
	return len(l.IR.Step.Results) + i - l.First
}

// KeptName names part i of it for people.
func (l *Solve) KeptName(i int) string { return nameAt(l.Keep, l.keptResult(i)) }

// Kept is the name of result i of a Step that its way back takes.
func Kept(i int) string { return fmt.Sprintf("%skept%d", Own, i) }

func keptNames(vs []*ir.Value) []string {
	var out []string
	for i := range vs {
		out = append(out, Kept(i))
	}
	return out
}

// keptAts are the bytes at which its parts begin, and where those of the next step do.
func (l *Solve) keptAts() (at []int, next int) {
	for _, t := range l.Kept() {
		at = append(at, next)
		next += t.Len() * RowBytes
	}
	return at, next
}

// keptResults are the places of what a Step keeps, its last results. What it hands on belongs to the next step.
func (l *Solve) keptResults(step *ir.Func) keptPlaces {
	at, next := l.keptAts()
	p, from := keptPlaces{results: map[int]int{}}, len(step.Results)-len(at)
	for i := range at {
		if i < l.First {
			p.results[len(step.Results)-l.First+i] = next + at[i]
		} else {
			p.results[from+i-l.First] = at[i]
		}
	}
	return p
}

// keptByStart are those of what Start keeps for the first step, its last results.
func (l *Solve) keptByStart(start *ir.Func) keptPlaces {
	at, _ := l.keptAts()
	p := keptPlaces{results: map[int]int{}}
	for i := range l.First {
		p.results[len(start.Results)-l.First+i] = at[i]
	}
	return p
}

// keptArgs are those of the step back, which takes it.
func (l *Solve) keptArgs(args []*ir.Value) keptPlaces {
	at, _ := l.keptAts()
	p := keptPlaces{args: map[int]int{}}
	for i, a := range args {
		p.args[a.Attr.Index] = at[i]
	}
	return p
}
