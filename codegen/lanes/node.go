package lanes

import (
	"fmt"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Node is a function with solves: kernels for what lies between them, which Go runs in turn with the loops
// of the solves.
type Node struct {
	Func  *ir.Func
	Frame *Kernel // the places of all its values; it has no code itself
	Steps []NodeStep
}

// NodeStep is one of a kernel, a solve or a reverse sweep.
type NodeStep struct {
	Kernel *Kernel
	Solve  *Solve
	Rev    *Rev
	Value  *ir.Value // of a Solve or Rev
	T0, T1 *Field    // of a Solve: where its span lies
}

// isBreak reports whether a nest is a node that Go runs.
func isBreak(n *plan.Nest) bool {
	v := n.Steps[0].V
	return n.Steps[0].Form == plan.Whole && (v.Op == ir.OpSolve || v.Op == ir.OpRev)
}

// AddNode compiles a function with solves. On an error the set is as it was.
func (s *Set) AddNode(f *ir.Func) (*Node, error) {
	pf := s.Plan.Of(f)
	if pf == nil {
		return nil, fmt.Errorf("lanes: function %s has no plan", f.Name)
	}
	undo := s.mark()
	n, err := s.node(f, pf)
	if err != nil {
		undo()
		return nil, err
	}
	return n, nil
}

func (s *Set) node(f *ir.Func, pf *plan.Func) (*Node, error) {
	for _, v := range f.Values {
		var err error
		switch v.Op {
		case ir.OpCall:
			_, err = s.add(v.Attr.Func)
		case ir.OpSolve:
			_, err = s.AddSolve(v.Attr.Solve)
		case ir.OpRev:
			_, err = s.AddRev(v.Attr.Rev)
		case ir.OpMap, ir.OpScan:
			err = &Unsupported{v.Op.String(), f, v}
		}
		if err != nil {
			return nil, err
		}
	}
	frame := &Kernel{Func: f, Name: s.name(f), pf: pf, nests: pf.Nests, byVal: map[*ir.Value]*Field{}}
	s.layout(frame)
	node := &Node{Func: f, Frame: frame}
	piece := func() *Kernel {
		return &Kernel{Func: f, Name: fmt.Sprintf("%sPart%d", s.name(f), len(node.Steps)), pf: pf, byVal: frame.byVal,
			Args: frame.Args, Results: frame.Results, part: true}
	}
	k := piece()
	emit := func() {
		if len(k.nests) > 0 || k.from != nil || k.to != nil || k.last {
			s.Kernels = append(s.Kernels, k)
			node.Steps = append(node.Steps, NodeStep{Kernel: k})
		}
	}
	for _, n := range pf.Nests {
		if !isBreak(n) {
			k.nests = append(k.nests, n)
			continue
		}
		v := n.Steps[0].V
		st := NodeStep{Value: v}
		if v.Op == ir.OpSolve {
			st.Solve = s.solves[v.Attr.Solve]
			at := len(node.Steps)
			st.T0 = s.field(frame, fmt.Sprintf("solve%d_t0", at), ir.Scalar(ir.F64))
			st.T1 = s.field(frame, fmt.Sprintf("solve%d_t1", at), ir.Scalar(ir.F64))
		} else {
			st.Rev = s.revs[v.Attr.Rev]
		}
		k.to = &st
		emit()
		node.Steps = append(node.Steps, st)
		k = piece()
		k.from = &st
	}
	k.last = true
	emit()
	var kernels []*Kernel
	for _, st := range node.Steps {
		if st.Kernel != nil {
			kernels = append(kernels, st.Kernel)
		}
	}
	if err := s.try(kernels); err != nil {
		return nil, err
	}
	s.Nodes = append(s.Nodes, node)
	return node, nil
}

// handIn stores the operands of a node where its loop reads them.
func (c *compiler) handIn(st *NodeStep) {
	v := st.Value
	store := func(to *Field, a *ir.Value) {
		c.each(a.Type.Len(), func(ix index) { c.storeField(to, ix, c.elem(a, ix)) })
	}
	c.b.Note("operands of %s", v.Op)
	c.columns(func() {
		if l := st.Solve; l != nil {
			store(st.T0, v.Args[0])
			store(st.T1, v.Args[1])
			for i, a := range v.Args[2 : 2+l.States] {
				store(l.Step.Args[l.Lead()+i], a)
			}
			for i, a := range v.Args[2+l.States:] {
				store(l.Step.Args[l.Lead()+l.States+l.Slopes+i], a)
			}
			return
		}
		r := st.Rev
		n, m := len(r.IR.Solve.States), len(r.IR.Solve.Extras)
		for i, a := range v.Args[0].Args[2+n:] {
			store(r.Step.Args[3+n+i], a)
		}
		for i, a := range v.Args[1:] {
			store(r.Step.Args[3+n+m+i], a)
		}
		for _, f := range r.Step.Args[3+n+m+n:] {
			zero := c.splat(f.Elem, 0)
			c.each(f.Rows, func(ix index) { c.storeField(f, ix, zero) })
		}
	})
}

// handOut copies the results of a node to their places.
func (c *compiler) handOut(st *NodeStep) {
	c.b.Note("results of %s", st.Value.Op)
	c.columns(func() {
		for _, u := range c.k.Func.Values {
			if u.Op != ir.OpResult || u.Args[0] != st.Value {
				continue
			}
			to, i := c.k.byVal[u], u.Attr.Index
			if to == nil || c.pf.Places[u].Kind == plan.Stat || c.pf.Places[u].Kind == plan.Sum {
				continue
			}
			var from *Field
			if l := st.Solve; l != nil {
				from = l.Step.Args[l.Lead()+i]
			} else {
				n, m := len(st.Rev.IR.Solve.States), len(st.Rev.IR.Solve.Extras)
				from = st.Rev.Step.Args[3+n+m+i]
			}
			c.each(u.Type.Len(), func(ix index) { c.storeField(to, ix, c.loadField(from, ix)) })
		}
	})
}
