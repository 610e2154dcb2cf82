package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Statements over whole arrays, layer by layer: nodes have pieces of their own, copies a thread for each element, convolutions are products
// at every place, or, in groups, sums that a thread makes for an element, and so are reductions and choices of rows. What a sample gives to the
// weights of a convolution, or to a bias along its places, is added up over samples and places at once where nobody else reads it.

// cutWhole makes the pieces of a statement over whole arrays.
func (e *emitter) cutWhole(l *layerFunc, n *plan.Nest, root bool, add func(*piece) *piece, bySamples func(*plan.Nest)) bool {
	v, f := n.Steps[0].V, l.fn.f
	elements := func(kind pieceKind) {
		add(&piece{kind: kind, extent: v.Type.Len(), rows: v.Type.Len(), whole: v})
	}
	switch v.Op {
	case ir.OpCall:
		callee := e.plan.Of(v.Attr.Func)
		if callee.Needs.Stats > 0 && f.Needs.Accum && !callee.Needs.Accum || e.layersOf(callee, root) == nil {
			return false
		}
		l.arguments(v)
		add(&piece{kind: byCall, whole: v})
	case ir.OpMap, ir.OpScan:
		lp := loopIn(v)
		callee := e.layersOf(e.plan.Of(lp.fn), root)
		if callee == nil || lp.n*(1+e.listed(callee)) > mostListed {
			return false
		}
		l.arguments(v)
		add(&piece{kind: byLoop, whole: v})
	case ir.OpSolve:
		if !root || !e.layerSolves(v.Attr.Solve) {
			return false
		}
		l.arguments(v)
		add(&piece{kind: bySolve, whole: v})
	case ir.OpRev:
		if !root || !e.layerReverses(v) {
			return false
		}
		l.arguments(v)
		add(&piece{kind: byReverse, whole: v})
	case ir.OpConv, ir.OpConvInput:
		if !uniform(f, v.Args[0]) { // of each sample: no block could share them
			return false
		}
		if oneGroup(v) {
			elements(byProduct)
		} else {
			elements(byElement)
		}
	case ir.OpConvWeight, ir.OpWindows, ir.OpUnwindows, ir.OpCumsum, ir.OpLocate, ir.OpTake, ir.OpScatter, ir.OpMatMul:
		elements(byElement)
	case ir.OpSum, ir.OpReduceMax, ir.OpReduceMin:
		if v.Type.IsScalar() {
			bySamples(n)
		} else {
			elements(byElement)
		}
	case ir.OpArgmax:
		bySamples(n)
	case ir.OpUniform:
		if v.Type.IsScalar() {
			bySamples(n)
		} else {
			elements(byElement)
		}
	default:
		loops, clear := plan.CopyLoops(v)
		if loops == nil {
			return false
		}
		if clear {
			add(&piece{kind: byElement, copy: &plan.CopyLoop{}, clear: true, to: v, extent: v.Type.Len(), rows: v.Type.Len()})
		}
		for i := range loops {
			rows := 1
			for _, d := range loops[i].Over {
				rows *= d
			}
			add(&piece{kind: byElement, copy: &loops[i], to: v, extent: rows, rows: rows})
		}
	}
	return true
}

// oneGroup reports whether all channels of a convolution see each other.
func oneGroup(v *ir.Value) bool {
	groups, _, err := v.Attr.Conv()
	return err == nil && groups == 1
}

// prune takes away the pieces of what is only added up over samples, by kernels of sums that make it on their way, and reports whether that is all
// that comes back to weights of convolutions.
func (l *layerFunc) prune() bool {
	read := func(v *ir.Value) bool {
		return l.fn.f.Places[v].Kind == plan.Result || slices.Contains(l.fn.f.IR.Results, v) && !l.onlySummed(v) ||
			slices.ContainsFunc(l.pieces, func(p *piece) bool { return p.whole != v && slices.Contains(p.reads(l.fn.f), v) })
	}
	l.pieces = slices.DeleteFunc(l.pieces, func(p *piece) bool {
		return p.kind == byElement && len(p.steps) == 0 && p.whole != nil && (p.whole.Op == ir.OpConvWeight || p.whole.Op == ir.OpSum) && !read(p.whole)
	})
	return !slices.ContainsFunc(l.pieces, func(p *piece) bool { return p.whole != nil && p.whole.Op == ir.OpConvWeight })
}

// onlySummed reports whether all results that v is go to running sums.
func (l *layerFunc) onlySummed(v *ir.Value) bool {
	for i, r := range l.fn.f.IR.Results {
		if r == v && l.fn.f.Sums[i] == nil {
			return false
		}
	}
	return true
}

// element prints what element i of a statement over whole arrays needs, and gives its expression.
func (fn *function) element(v *ir.Value) string {
	t := fn.e.elem(v.Type.Elem)
	array := func(i int) string { return fn.array(v.Args[i]) }
	switch v.Op {
	case ir.OpConv, ir.OpConvInput:
		name, shape := convShape(v)
		return fmt.Sprintf("ndec_%s_at<%s>(%s, i, %s, %s)", name, t, shape, array(0), array(1))
	case ir.OpWindows, ir.OpUnwindows:
		name, shape := convShape(v)
		return fmt.Sprintf("ndec_%s_at<%s>(%s, i, %s)", name, t, shape, array(0))
	case ir.OpCumsum:
		return fmt.Sprintf("ndec_cumsum_at<%s>(%s, i, %d, %d)", t, array(0), v.Type.Shape[v.Attr.Index], plan.Strides(v.Type.Shape)[v.Attr.Index])
	case ir.OpLocate:
		return fmt.Sprintf("ndec_locate(%s, %s, %d)", array(0), bare(fn.elem(v.Args[1], at(0))), v.Attr.Index)
	case ir.OpTake:
		count, rows := v.Args[1].Type.Shape[0], v.Args[0].Type.Shape[0]
		return fmt.Sprintf("ndec_take_at<%s>(%s, %s, i, %d, %d)", t, array(0), array(1), v.Type.Len()/count, rows)
	case ir.OpScatter:
		count := v.Args[1].Type.Shape[0]
		return fmt.Sprintf("ndec_scatter_at<%s>(%s, %s, i, %d, %d, %d)", t, array(0), array(1), count, v.Args[0].Type.Len()/count, v.Attr.Index)
	case ir.OpUniform:
		return fmt.Sprintf("ndec_draw_at(%s, %du, %s, i)", array(0), v.Attr.Index, bare(fn.elem(v.Args[1], at(0))))
	case ir.OpMatMul:
		k, n := v.Args[1].Type.Shape[0], v.Args[1].Type.Shape[1]
		return fmt.Sprintf("ndec_matmul_at<%s>(%s, %s, i, %d, %d)", t, array(0), array(1), k, n)
	}
	r := reductionOf(v)
	name := fn.s.pick("total")
	fn.p.line("%s %s = %s;", t, name, bare(reduceStart(v)))
	fn.p.line("for (int k = 0; k < %d; k++) {", r.places)
	x := bare(fn.elem(v.Args[0], index{expr: r.element("i", "k")}))
	switch v.Op {
	case ir.OpSum:
		fn.p.line("%s += %s;", name, x)
	case ir.OpReduceMax:
		fn.p.line("%s = ndec_max(%s, %s);", name, name, x)
	case ir.OpReduceMin:
		fn.p.line("%s = ndec_min(%s, %s);", name, name, x)
	}
	fn.p.line("}")
	return name
}

// reduction says which elements of its operand an element of a reduction has: so many, one at each place of the axes that go.
type reduction struct {
	places int
	kept   []strided
	gone   []strided
}

// strided is an axis, or several as one.
type strided struct{ length, stride int }

func reductionOf(v *ir.Value) reduction {
	shape := v.Args[0].Type.Shape
	by := plan.Strides(shape)
	r := reduction{places: 1}
	add := func(to []strided, a strided) []strided {
		if n := len(to); n > 0 && to[n-1].stride == a.length*a.stride {
			to[n-1] = strided{to[n-1].length * a.length, a.stride}
			return to
		}
		return append(to, a)
	}
	for i, d := range shape {
		if a := (strided{d, by[i]}); len(v.Attr.Ints) == 0 || slices.Contains(v.Attr.Ints, i) {
			r.gone, r.places = add(r.gone, a), r.places*d
		} else {
			r.kept = add(r.kept, a)
		}
	}
	return r
}

// element is the flat index of the operand's element at a place, of the element i of the result.
func (r reduction) element(i, place string) string {
	var terms []string
	for _, part := range []struct {
		of   string
		axes []strided
	}{{i, r.kept}, {place, r.gone}} {
		inner := 1
		for _, a := range part.axes {
			inner *= a.length
		}
		for k, a := range part.axes {
			inner /= a.length
			x := part.of
			if inner > 1 {
				x += fmt.Sprintf(" / %d", inner)
			}
			if k > 0 {
				x += fmt.Sprintf(" %% %d", a.length)
			}
			if a.stride > 1 {
				x += fmt.Sprintf(" * %d", a.stride)
			}
			terms = append(terms, x)
		}
	}
	return strings.Join(terms, " + ")
}

// sliceBytes bounds the sums of a parameter's slices for a part of a batch, sliceBlocks are the blocks of one that slices fill.
const (
	sliceBytes  = 1 << 20
	sliceBlocks = 64
)

// overPlaces reports whether s adds something to a running sum that is itself a sum over places of a sample: what comes back to the weights of a
// convolution, or to what is the same along axes.
func overPlaces(s plan.Step) bool {
	return s.Form == plan.AddTo && (s.V.Op == ir.OpConvWeight || s.V.Op == ir.OpSum && !s.V.Type.IsScalar())
}

// placesOf is the number of these places, else 1.
func placesOf(s plan.Step) int {
	switch {
	case !overPlaces(s):
		return 1
	case s.V.Op == ir.OpSum:
		return reductionOf(s.V).places
	}
	y := s.V.Args[1].Type
	return y.Len() / y.Shape[0]
}

// slicesOf is the number of slices of the places, each of which has a row of sums for a part of the batch: as many as give such a part
// enough blocks.
func slicesOf(s plan.Step, real ir.Elem) int {
	places, n := placesOf(s), s.V.Type.Len()
	if places == 1 {
		return 1
	}
	blocks := (n + 3) / 4
	if s.V.Op == ir.OpConvWeight && oneGroup(s.V) {
		out := s.V.Type.Shape[0]
		blocks = outerTiles(max(out, n/out), min(out, n/out), real)
	}
	most := max(1, min(places, (sliceBlocks+blocks-1)/blocks, sliceBytes/(n*real.Bytes())))
	each := (places + most - 1) / most
	return (places + each - 1) / each
}

// layerSlices are the most slices of the sums of each parameter in what f runs.
func (e *emitter) layerSlices(f *ir.Func) map[*ir.Param]int {
	out := map[*ir.Param]int{}
	e.visit(f, map[*ir.Func]bool{}, func(f *ir.Func) {
		if l := e.layerFuncs[f]; l != nil {
			for _, p := range l.pieces {
				if p.kind == bySum {
					out[p.sum.Sum] = max(out[p.sum.Sum], p.slices)
				}
			}
		}
	})
	return out
}
