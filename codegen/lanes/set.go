package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// RowBytes is the size of a row of real numbers, one of each sample of a block; wideRow is that of a wide one (wide.go).
const RowBytes, wideRow = 128, 256

// Unsupported says what cannot be compiled to lanes yet, and where.
type Unsupported struct {
	What string
	Func *ir.Func
	At   *ir.Value
}

func (u *Unsupported) Error() string {
	s := fmt.Sprintf("%s in %s", u.What, u.Func.Name)
	if u.At != nil && u.At.Span.IsValid() {
		s += " (" + u.At.Span.String() + ")"
	}
	return s
}

// Field is a value in the frame, or in what a step keeps for its way back (kept.go): Rows rows of an element type.
type Field struct {
	Name string
	Elem ir.Elem
	Rows int
	Off  int
	Kept bool
	// Apart is the number of elements from one sample to the next where a few samples have the elements of each one after the
	// other; 0 where a row has an element of each sample.
	Apart int
	// Of what lies in rows of outputs, somewhere in the frame: the number of bytes from the frame to the first of them. See rows.go.
	Start *Field
}

// Kernel is a compiled function, or a piece of one between nodes that Go runs.
type Kernel struct {
	Func   *ir.Func
	Name   string
	Fields []*Field
	byVal  map[*ir.Value]*Field
	// Args and Results are where these lie.
	Args, Results []*Field
	margins       *Field // where images are put into a frame of zeros
	turned        *Field // where outer products have the factors of a block
	tiles         tilePlaces
	tallSums      *Field // where the sums of a tall tile are

	pf      *plan.Func
	nests   []*plan.Nest // those of the kernel
	carry   map[int]int  // results that become arguments of the next run
	again   bool         // it repeats itself, see again.go
	rows    *rowPlaces   // it goes over rows of outputs, see rows.go; nil of others
	lies    lying        // arguments and results that lie where other kernels have them
	alike   map[*ir.Value]bool
	record  *Record                // of what is the same for all samples; nil where there is nothing
	kept    keptPlaces             // of arguments and results; none in most
	inner   bool                   // other kernels call it
	between map[*ir.Value]*between // what lies between calls, by either
	first   map[*ir.Value]int      // places of numbers that are alike
	also    []*ir.Func             // further functions that it is the kernel of
	taken   taken                  // what it has in registers when it begins and ends
	packed  bool                   // of few samples: these are in its lanes
	code    [len(asm.ISAs) + 1]*asm.Code

	// Of a piece of a Node: the nodes before and after it, and whether it is the last one.
	part     bool
	from, to *NodeStep
	last     bool

	// Of a kernel that no plan says: what prints it, and which others it runs.
	written func(c *compiler)
	calls   []*Kernel
}

// Set is the kernels of a package.
type Set struct {
	Plan    *plan.Plan
	Kernels []*Kernel // callees before callers
	Nodes   []*Node
	Size    int // bytes of the frame
	row     int // bytes of a row of real numbers
	// Args are names and types, in Go, of the pointers that every kernel takes: the frame, the parameters, what
	// is computed from these, and the sums of gradients.
	Args []string
	// MaskOff is the place of a row of masks: of the samples that count in sums over samples.
	MaskOff int
	// Hold is how long a kernel may take without pauses, as holdSlots counts, for which Go's collector waits.
	Hold int
	// Tiles says that there are kernels with products on tiles, too; to be set before anything is added. TilePacks are the matrices that they read.
	Tiles     bool
	TilePacks []*TilePack

	margins, turned, tileRoom, tallSums *Field // of the kernels compiled last

	byFunc map[key]*Kernel
	byForm map[string]*Kernel
	solves map[solveKey]*Solve
	revs   map[revKey]*Rev
	nodes  map[*ir.Func]*Node
	name   func(*ir.Func) string
	params map[*ir.Param]int // offset in Params, or in the prepared values

	records  map[key]*Record
	inRecord map[*ir.Param]Entry // values and sums of records
	sums     map[*ir.Param]sumPlaces
	sumsEnd  SumPlace

	within int       // how deep in adding
	added  []*Kernel // to be compiled
	// scratch are the files that each worker compiles in, whose memory serves one kernel after the other.
	scratch []*asm.File

	alone *alone // of kernels for one sample: what these read; nil for blocks of samples
}

// spillSlots is the number of vectors of the frame that kernels may use when they run out of registers.
const spillSlots = 1024

// New is an empty set; name gives kernels their names.
func New(p *plan.Plan, name func(*ir.Func) string) *Set { return newSet(p, RowBytes, name) }

func newSet(p *plan.Plan, row int, name func(*ir.Func) string) *Set {
	s := &Set{Plan: p, row: row, Hold: holdSlots, Args: []string{"fr *frame", "w *Params", "pre *prepared", "sums *Real"}, byFunc: map[key]*Kernel{}, byForm: map[string]*Kernel{}, solves: map[solveKey]*Solve{}, revs: map[revKey]*Rev{}, nodes: map[*ir.Func]*Node{}, records: map[key]*Record{}, inRecord: map[*ir.Param]Entry{}, name: name, params: map[*ir.Param]int{}, sums: map[*ir.Param]sumPlaces{}}
	off := 0
	for _, q := range p.Module.Params {
		s.params[q] = off
		off += q.Type.Len() * q.Type.Elem.Bytes()
	}
	s.placeSums()
	off = 0
	for _, q := range p.Module.Derived {
		n := q.Type.Elem.Bytes()
		off = (off + n - 1) / n * n
		s.params[q] = off
		off += q.Type.Len() * n
	}
	s.Size = spillSlots*64 + 256
	s.MaskOff = s.Size
	s.Size += s.row
	return s
}

// Samples is the number of samples of a block; of few samples that of a row, which is longer.
func (s *Set) Samples() int {
	if s.few() > 0 {
		return s.padded(1)
	}
	return s.row / s.real().Bytes()
}

func (s *Set) real() ir.Elem { return s.Plan.Module.Real }

// Of is the kernel of f with arguments of every sample; nil if there is none.
func (s *Set) Of(f *ir.Func) *Kernel { return s.byFunc[key{f: f}] }

// callee is the kernel that k runs at a call, map or scan.
func (s *Set) callee(k *Kernel, v *ir.Value) *Kernel {
	if v.Op == ir.OpCall {
		return s.byFunc[k.handed(v).key(v.Attr.Func)]
	}
	return s.Of(loopOf(v).fn)
}

// Add compiles f and what it calls. On an error the set is as it was.
func (s *Set) Add(f *ir.Func) (*Kernel, error) { return s.addRunning(f, running{}) }

// running says how a kernel is run again and again: which results become arguments of its next run, which arguments are alike,
// whether it is a step that the kernel itself repeats or goes over rows of outputs, and what of it lies where other kernels have it or in what a step keeps.
type running struct {
	carry map[int]int
	alike alikeArgs
	again bool
	rows  *rowPlaces
	lies  lying
	kept  keptPlaces
	inner bool // a kernel calls it
}

// key tells kernels of a function apart.
func (r running) key(f *ir.Func) key {
	at := r.alike.key(f)
	at.kept = r.kept.String()
	at.lies = r.lies.String()
	return at
}

// addRunning is Add of a function that is run again and again.
func (s *Set) addRunning(f *ir.Func, how running) (*Kernel, error) {
	var k *Kernel
	err := s.adding(func() (err error) {
		k, err = s.add(f, how)
		return err
	})
	if err != nil {
		return nil, err
	}
	return k, nil
}

// field gives a value a place in the frame.
func (s *Set) field(k *Kernel, name string, t ir.Type) *Field {
	f := &Field{Name: name, Elem: t.Elem, Rows: t.Len(), Off: s.Size}
	if s.few() > 0 {
		s.fieldOfFew(f)
	} else if s.alone != nil {
		f.Rows = s.padded(f.Rows)
	}
	s.Size = f.Off + s.FieldBytes(f)
	k.Fields = append(k.Fields, f)
	return f
}

// rowBytes is the size of a row: integers and masks are as wide as real numbers.
func (s *Set) rowBytes(e ir.Elem) int {
	if s.few() > 0 {
		return s.Samples() * s.ElemBytes(e)
	}
	if s.alone != nil {
		return s.ElemBytes(e)
	}
	if e == ir.F64 {
		return s.Samples() * 8
	}
	return s.row
}

// layout gives places to arguments, results and what lives in memory.
func (s *Set) layout(k *Kernel) {
	f, pf := k.Func, k.pf
	s.layoutAlike(k)
	for i, a := range f.Args {
		name := a.Name
		if name == "" {
			name = fmt.Sprintf("arg%d", i)
		}
		k.byVal[a] = s.fieldAt(k, name, a.Type, k.kept.args, i)
		k.Args = append(k.Args, k.byVal[a])
	}
	k.rows.layout(k)
	for i, r := range f.Results {
		if pf.Sums[i] != nil || pf.Places[r].Kind == plan.Stat {
			k.Results = append(k.Results, nil)
			continue
		}
		if row := k.rows.of(s, k, i); row != nil {
			k.Results, k.byVal[r] = append(k.Results, row), row
			continue
		}
		name := fmt.Sprintf("out%d", i)
		if i < len(f.ResultNames) && f.ResultNames[i] != "" {
			name = f.ResultNames[i]
		}
		fd := s.fieldAt(k, name, r.Type, k.kept.results, i)
		k.Results = append(k.Results, fd)
		if pl := pf.Places[r]; k.byVal[r] == nil && pl.Kind != plan.Literal && pl.Kind != plan.Table && pl.Kind != plan.Memory && pl.Kind != plan.View && r.Op != ir.OpArg {
			k.byVal[r] = fd
		}
	}
	s.layoutMargins(k)
	s.layoutSums(k)
	s.layoutTiles(k)
	s.layoutTall(k)
	outside := map[*ir.Value]bool{} // values that are read in another segment, or by a call
	stats := map[*ir.Value]bool{}   // statistics that are read
	s.crossing(pf, s.segments(pf, k.nests, stays(asm.AVX512)), outside, stats)
	segs := s.segments(pf, k.nests, stays(asm.AVX2)) // between calls, these are finer
	where := s.crossing(pf, segs, outside, stats)
	for i, r := range f.Results {
		if pf.Sums[i] == nil {
			outside[base(pf, r)] = true
		}
	}
	names := newValueNames(k)
	s.layoutBetween(k, names)
	s.handedOver(k, segs, where)
	passing := s.passing(k)
	for _, v := range f.Values {
		if k.byVal[v] != nil || k.alike[v] || v.Type.Elem == ir.Tuple || passing[v] {
			continue
		}
		pl := pf.Places[v]
		switch pl.Kind {
		case plan.Scalars, plan.Register:
			if outside[v] {
				k.byVal[v] = s.field(k, names.of(v), v.Type)
			}
		case plan.Local, plan.Work:
			k.byVal[v] = s.field(k, names.of(v), v.Type)
		case plan.Stat:
			if stats[v] {
				k.byVal[v] = s.field(k, names.of(v), v.Type)
			}
		}
	}
}

// crossing finds the values that are read in another segment than that which computes them, or by a call, and the statistics that are
// read. where is the segment that computes a value.
func (s *Set) crossing(pf *plan.Func, segs [][]*plan.Nest, outside, stats map[*ir.Value]bool) (where map[*ir.Value]int) {
	f := pf.IR
	where = make(map[*ir.Value]int, len(f.Values))
	loop := make(map[*ir.Value]*plan.Nest, len(f.Values))
	for i, seg := range segs {
		for _, n := range seg {
			for _, st := range n.Steps {
				if st.Form != plan.AddTo {
					where[st.V], loop[st.V] = i, n
				}
			}
		}
	}
	for _, v := range f.Values {
		if v.Op == ir.OpResult {
			where[v] = where[v.Args[0]]
		}
	}
	for i, seg := range segs {
		for _, n := range seg {
			for _, st := range n.Steps {
				read := func(v *ir.Value) {
					v = base(pf, v)
					apart := loop[v] != n && (pf.Places[v].Kind == plan.Register || s.rolled(pf, n) || loop[v] != nil && s.rolled(pf, loop[v]))
					if where[v] != i || isNode(n) || apart {
						outside[v] = true
					}
				}
				if scattered(st) || s.alone != nil && st.Form == plan.Scatter {
					outside[base(pf, st.V.Args[0])] = true // read after the loop that makes it
				}
				if s.tiled(st) {
					reads(pf, st.V, func(v *ir.Value) { outside[base(pf, v)] = true })
				}
				readsOf(pf, st, func(v *ir.Value) {
					read(v)
					stats[v] = pf.Places[v].Kind == plan.Stat
				})
			}
		}
	}
	return where
}

// base is what v is a view of.
func base(pf *plan.Func, v *ir.Value) *ir.Value {
	if pl := pf.Places[v]; pl != nil && pl.Kind == plan.View {
		return pl.Base
	}
	return v
}

// reads calls f for the operands of v, those of folded ones for these.
func reads(pf *plan.Func, v *ir.Value, f func(*ir.Value)) {
	for _, a := range v.Args {
		if pl := pf.Places[a]; pl != nil && pl.Kind == plan.Folded {
			reads(pf, a, f)
			continue
		}
		f(a)
	}
}

// readsOf calls f for what a step reads.
func readsOf(pf *plan.Func, st plan.Step, f func(*ir.Value)) {
	if st.Form == plan.AddTo {
		f(st.V)
		return
	}
	reads(pf, st.V, f)
	if st.V.Op == ir.OpRev { // it takes the extras of its solve again
		for _, a := range st.V.Args[0].Args {
			f(a)
		}
	}
}

// file is an empty file for an ISA.
func (s *Set) file(isa asm.ISA) *asm.File {
	const rest = spillSlots*64 - asm.RestBytes
	return &asm.File{ISA: isa, Args: s.Pointers(), Slots: min(spillSlots, rest/isa.Bytes()), Rest: rest, Words: spillSlots * 64}
}

// Text is the assembly of kernels for an ISA; header goes first, and export says which ones Go calls.
func (s *Set) Text(isa asm.ISA, header string, kernels []*Kernel, export func(*Kernel) bool) []byte {
	f := s.file(isa)
	f.Header = header
	for _, k := range kernels {
		f.Add(k.code[isa], k.doc(s.alone != nil))
		if export(k) {
			f.Export(k.Name)
		}
	}
	return f.Text()
}

// Reached lists the kernels that a node runs, itself or in what it calls.
func (s *Set) Reached(n *Node) []*Kernel {
	reached := map[*Kernel]bool{}
	visit := func(k *Kernel) { s.reach(k, reached) }
	var node func(n *Node)
	node = func(n *Node) {
		for _, st := range n.Steps {
			visit(st.Kernel)
			if l := st.Solve; l != nil {
				if q := l.Together; q != nil {
					visit(q.Try)
					visit(q.Bend)
					visit(q.Length)
				}
				for _, k := range slices.Concat([]*Kernel{l.Start, l.Step, l.Fill, l.Output, l.Order, l.Anew, l.Look, l.Guards}, l.Search.kernels(), l.Resets) {
					visit(k)
				}
			}
			if r := st.Rev; r != nil {
				for _, k := range append([]*Kernel{r.Step, r.FromKept, r.At, r.Replay, r.Fill, r.FillAt, r.FillReplay}, r.jumps()...) {
					visit(k)
				}
				if r.Node != nil {
					node(r.Node)
				}
			}
			if st.Loop != nil {
				node(st.Loop.Body)
			}
		}
	}
	node(n)
	return slices.DeleteFunc(slices.Clone(s.Kernels), func(k *Kernel) bool { return !reached[k] })
}
