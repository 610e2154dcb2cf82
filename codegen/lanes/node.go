package lanes

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Node is a function that runs solves, itself or in what it calls: kernels for what lies between them, which Go
// runs in turn with the loops of the solves.
type Node struct {
	Func  *ir.Func
	Frame *Kernel // the places of all its values; it has no code itself
	Steps []NodeStep
}

// NodeStep is one of a kernel, a solve, a reverse sweep, or a call, map or scan of a Node.
type NodeStep struct {
	Kernel *Kernel
	Solve  *Solve
	Rev    *Rev
	Loop   *Loop

	Value *ir.Value // of all but a Kernel
	// Of a Solve: where its span lies; T1 is the end, or the output times.
	T0, T1 *Field
	Stops  *Field // of a Solve with stops
	// Of a Solve with output times: where the states at these go, nil for memory of the method. Of a Rev of one:
	// where their cotangents lie.
	Out []*Field
	// Stats are the statistics that kernels read, which Go stores for them.
	Stats []Stat
}

// Stat is a statistic of solve Slot of the function: number Index among those of ir.
type Stat struct {
	Field       *Field
	Slot, Index int
}

// Loop is a call, map or scan of a Node.
type Loop struct {
	Body    *Node
	N       int // runs
	Carry   int // results that become arguments of the next run
	Back    bool
	Guard   bool
	Call    bool     // neither map nor scan: results stay in the frame of Body
	In, Out []*Field // operands that have slices and results that are stacked, whole; nil for others
}

// Refilled is the solve of a function of a batch whose lanes take the next sample when theirs has ended: its only one,
// adaptive, in no loop and with nothing but its end. Nil if there is none.
func (n *Node) Refilled() *NodeStep {
	var one *NodeStep
	for i, st := range n.Steps {
		switch {
		case st.Kernel != nil:
		case one != nil || st.Solve == nil:
			return nil
		default:
			one = &n.Steps[i]
		}
	}
	if one == nil {
		return nil
	}
	if s := one.Solve.IR; !s.Adaptive || s.StepGroup != "" || s.Record || s.Times > 0 || cut(s) {
		return nil
	}
	return one
}

// runsSolves reports whether f runs solves or guarded scans, itself or in what it calls.
func runsSolves(f *ir.Func) bool { return slices.ContainsFunc(f.Values, isBreak) }

// isBreak reports whether Go runs v: a solve, what runs some, or a scan whose guard has to be reported.
func isBreak(v *ir.Value) bool {
	switch v.Op {
	case ir.OpSolve, ir.OpRev:
		return true
	case ir.OpScan:
		return v.Attr.Scan.Guard || runsSolves(v.Attr.Scan.Fn)
	case ir.OpCall, ir.OpMap:
		return runsSolves(v.Callees()[0])
	}
	return false
}

// AddNode compiles a function with solves. On an error the set is as it was.
func (s *Set) AddNode(f *ir.Func) (*Node, error) {
	var n *Node
	err := s.adding(func() (err error) {
		n, err = s.node(f)
		return err
	})
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (s *Set) node(f *ir.Func) (*Node, error) {
	if n := s.nodes[f]; n != nil {
		return n, nil
	}
	pf := s.Plan.Of(f)
	if pf == nil {
		return nil, fmt.Errorf("lanes: function %s has no plan", f.Name)
	}
	for _, v := range f.Values {
		var err error
		switch {
		case v.Op == ir.OpSolve:
			_, err = s.solveOf(f, v)
		case v.Op == ir.OpRev:
			_, err = s.revOf(f, v)
		case isBreak(v):
			_, err = s.node(v.Callees()[0])
		case v.Op == ir.OpCall, v.Op == ir.OpMap, v.Op == ir.OpScan:
			_, err = s.add(v.Callees()[0], running{})
		}
		if err != nil {
			return nil, err
		}
	}
	frame := &Kernel{Func: f, Name: s.name(f), pf: pf, nests: pf.Nests, byVal: map[*ir.Value]*Field{}, packed: s.packs(f)}
	s.layout(frame)
	node := &Node{Func: f, Frame: frame}
	piece := func() *Kernel {
		return &Kernel{Func: f, Name: fmt.Sprintf("%sPart%d", s.name(f), len(node.Steps)), pf: pf, byVal: frame.byVal,
			Args: frame.Args, Results: frame.Results, margins: frame.margins, turned: frame.turned, tiles: frame.tiles, tallSums: frame.tallSums, packed: frame.packed, part: true}
	}
	k := piece()
	emit := func() {
		if len(k.nests) == 0 && k.from == nil && k.to == nil && !k.last {
			return
		}
		s.join(k)
		node.Steps = append(node.Steps, NodeStep{Kernel: k})
	}
	for _, n := range pf.Nests {
		v := n.Steps[0].V
		if !isNode(n) || !isBreak(v) {
			k.nests = append(k.nests, n)
			continue
		}
		st, err := s.step(frame, v, len(node.Steps))
		if err != nil {
			return nil, err
		}
		k.to = st
		emit()
		node.Steps = append(node.Steps, *st)
		k = piece()
		k.from = st
	}
	k.last = true
	emit()
	s.Nodes = append(s.Nodes, node)
	s.nodes[f] = node
	return node, nil
}

// step gives a node that Go runs the places of what it takes and gives.
func (s *Set) step(frame *Kernel, v *ir.Value, number int) (*NodeStep, error) {
	st := &NodeStep{Value: v}
	var err error
	results := map[int]*Field{} // those that have places
	for _, u := range frame.Func.Values {
		if u.Op != ir.OpResult || u.Args[0] != v {
			continue
		}
		f := frame.byVal[u]
		switch pl := frame.pf.Places[u]; {
		case f == nil:
		case pl.Kind == plan.Stat:
			st.Stats = append(st.Stats, Stat{f, pl.Solve, pl.Index})
		case pl.Kind != plan.Sum:
			results[u.Attr.Index] = f
		}
	}
	place := func(what string, i int, t ir.Type) *Field {
		return s.field(frame, fmt.Sprintf("step%d_%s%d", number, what, i), t)
	}
	operand := func(i int) *Field { // where operand i lies, or is brought to
		if f := frame.byVal[v.Args[i]]; f != nil {
			return f
		}
		return place("in", i, v.Args[i].Type)
	}
	result := func(i int, t ir.Type) *Field {
		if f := results[i]; f != nil {
			return f
		}
		return place("out", i, t)
	}
	switch v.Op {
	case ir.OpSolve:
		sv := v.Attr.Solve
		if st.Solve, err = s.solveOf(frame.Func, v); err != nil {
			return nil, err
		}
		st.T0, st.T1 = operand(0), operand(1)
		if sv.Stops > 0 {
			st.Stops = operand(2)
		}
		for i, t := range sv.ResultTypes()[:len(sv.States)] {
			switch {
			case sv.Times == 0:
			case !st.Solve.Gives[i]:
				st.Out = append(st.Out, nil)
			default:
				st.Out = append(st.Out, result(i, t))
			}
		}
	case ir.OpRev:
		if st.Rev, err = s.revOf(frame.Func, v); err != nil {
			return nil, err
		}
		if sv := v.Attr.Rev.Solve; sv.Times > 0 {
			for i, state := range sv.States {
				if state.Memory {
					st.Out = append(st.Out, nil)
					continue
				}
				st.Out = append(st.Out, operand(1+i))
			}
		}
	case ir.OpCall:
		st.Loop = &Loop{Body: s.nodes[v.Attr.Func], N: 1, Call: true}
	default:
		l := loopOf(v)
		lp := &Loop{Body: s.nodes[l.fn], N: l.n, Carry: l.carry, Back: l.back, Guard: v.Op == ir.OpScan && v.Attr.Scan.Guard}
		for i := range v.Args {
			lp.In = append(lp.In, nil)
			if l.sliced(i) {
				lp.In[i] = operand(i)
			}
		}
		for i, r := range lp.Body.Frame.Results {
			lp.Out = append(lp.Out, nil)
			switch {
			case r == nil && (i < l.carry || results[i] != nil):
				return nil, &Unsupported{"a statistic of a loop's run", frame.Func, v}
			case i >= l.carry && results[i] != nil:
				lp.Out[i] = results[i]
			}
		}
		st.Loop = lp
	}
	return st, nil
}

// handIn stores the operands of a node where its loop reads them.
func (c *compiler) handIn(st *NodeStep) {
	v := st.Value
	store := func(to *Field, a *ir.Value) {
		if c.k.byVal[a] != to {
			c.each(a.Type.Len(), func(ix index) { c.storeField(to, ix, c.elem(a, ix)) })
		}
	}
	clear := func(f *Field) {
		zero := c.splat(f.Elem, 0)
		c.each(f.Rows, func(ix index) { c.storeField(f, ix, zero) })
	}
	c.b.Note("operands of " + v.Op.String())
	c.columns(func() {
		switch {
		case st.Solve != nil:
			l := st.Solve
			store(st.T0, v.Args[0])
			store(st.T1, v.Args[1])
			if st.Stops != nil {
				store(st.Stops, v.Args[2])
			}
			ys, cs := v.Args[l.IR.Lead():][:l.States], v.Args[l.IR.Lead()+l.States:]
			for i, a := range ys {
				store(l.Step.Args[l.Lead()+i], a)
			}
			for i, a := range cs {
				store(l.Step.Args[l.Lead()+l.States+l.Slopes+i], a)
			}
		case st.Rev != nil:
			r := st.Rev
			n, m := len(r.IR.Solve.States), len(r.IR.Solve.Extras)
			for i, a := range v.Args[0].Args[r.IR.Solve.Lead()+n:] {
				store(r.Step.Args[3+n+i], a)
				if r.At != nil && r.IR.AtVJP != nil {
					store(r.At.Args[4+n+i], a)
				}
				for _, k := range r.jumps() {
					store(k.Args[2+n+i], a)
				}
			}
			for _, k := range r.Events {
				end := k.Args[len(k.Args)-1]
				if r.IR.Solve.MayStop() {
					store(end, v.Args[1+n])
				} else {
					clear(end)
				}
			}
			bars := r.Step.Args[3+n+m:]
			for i, a := range v.Args[1 : 1+n] {
				switch {
				case st.Out == nil:
					store(bars[i], a)
				case st.Out[i] != nil:
					store(st.Out[i], a)
				}
			}
			bars = bars[:len(bars)-r.Kept]
			if r.IR.Solve.TakesStops() {
				store(bars[len(bars)-1], v.Args[len(v.Args)-1])
				bars = bars[:len(bars)-1]
			}
			if st.Out == nil {
				bars = bars[n:]
			}
			for _, f := range bars {
				clear(f)
			}
		default:
			l := st.Loop
			for i, a := range v.Args {
				if !l.Call && l.In[i] != nil {
					store(l.In[i], a)
				} else {
					store(l.Body.Frame.Args[i], a)
				}
			}
		}
	})
}

// handOut copies the results of a node to their places.
func (c *compiler) handOut(st *NodeStep) {
	c.b.Note("results of " + st.Value.Op.String())
	c.columns(func() {
		for i, to := range c.results(st.Value) {
			if to == nil {
				continue
			}
			var from *Field
			switch {
			case st.Loop != nil && st.Loop.Call:
				from = st.Loop.Body.Frame.Results[i]
			case st.Loop != nil && i < st.Loop.Carry:
				from = st.Loop.Body.Frame.Args[i]
			case st.Loop != nil, st.Solve != nil && st.Out != nil:
				continue // they are there
			case st.Solve != nil:
				from = st.Solve.Step.Args[st.Solve.Lead()+i]
			default:
				n, m := len(st.Rev.IR.Solve.States), len(st.Rev.IR.Solve.Extras)
				from = st.Rev.Step.Args[3+n+m+i]
			}
			if from != nil {
				c.each(to.Rows, func(ix index) { c.storeField(to, ix, c.loadField(from, ix)) })
			}
		}
	})
}
