package cudagen

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Products of layers have kernels of groups as well (prelude/layer_group.cuh), in the image for devices whose tensor cores multiply for four warps at a time.
// Products of a function that follow each other are one kernel there, whose blocks have all columns of their samples: what one gives is read by the next
// while it is in a cache, and not once for every 64 columns. So are sums of outer products, each by itself. The launcher puts them in the places of the
// kernels that they replace.

const (
	layerThreads  = 256 // of a block: two groups
	manyOperands  = 24
	layerResident = 2 // blocks of a multiprocessor: one multiplies while the other does the rest
)

// grouping is a run of pieces that one kernel of groups does.
type grouping struct {
	pieces []*piece
	shared int // bytes of a block
}

// staged are the bytes through which so many columns go.
func staged(columns int, as operands) int {
	return as.parts * streamedRows * min(groupColumns, (columns+15)/16*16) * 2
}

// pays reports whether a matrix is large enough: neither side is shorter than what an instruction multiplies.
func pays(n, k int) bool { return min(n, k) >= smallLen }

// groupings are the runs of l.
func (e *emitter) groupings(l *layerFunc) (out []grouping) {
	if e.m.Real != ir.F32 {
		return nil
	}
	var run grouping
	large := false
	var before *piece // the one before
	end := func() {
		if large {
			out = append(out, run)
		}
		run, large = grouping{}, false
	}
	for _, pc := range l.pieces {
		last := before
		before = pc
		switch {
		case pc.kind == byProduct && pc.whole == nil && pc.steps[0].V.Type.Elem == ir.F32:
			m := e.matrix(l.fn, pc)
			run.pieces, run.shared = append(run.pieces, pc), max(run.shared, staged(m.n, m.as))
			large = large || pays(m.n, m.k)
			continue
		case pc.kind == bySum && pc.sum.Form != plan.AddTo && !overPlaces(pc.sum):
			end()
			o := e.outerOf(l.fn, pc)
			run, large = grouping{[]*piece{pc}, staged(o.columns, o.as)}, pays(o.rows, o.columns)
			if l.totals(last, o) {
				run.pieces = []*piece{last, pc}
			}
		}
		end()
	}
	end()
	return out
}

// totals reports whether pc sums the rows of o, as what comes back to a bias is that to the layer's matrix without its operand.
func (l *layerFunc) totals(pc *piece, o layerOuter) bool {
	return pc != nil && pc.kind == bySum && pc.sum.Form == plan.AddTo && !overPlaces(pc.sum) && l.fn.elem(pc.sum.V, index{expr: "i"}) == o.a.x
}

// groupsLayers reports whether some kernel that goes layer by layer has any.
func (e *emitter) groupsLayers(kernels []*kernel) bool {
	seen := map[*ir.Func]bool{}
	some := false
	for _, k := range kernels {
		if k.form == layered {
			e.inForm(k, func() {
				e.visit(k.fn.IR, seen, func(f *ir.Func) {
					if l := e.layerFuncs[f]; l != nil {
						some = some || len(e.groupings(l)) > 0
					}
				})
			})
		}
	}
	return some
}

// layerGroups prints the kernels of groups of l, behind those that they replace.
func (e *emitter) layerGroups(l *layerFunc) {
	groupings := e.groupings(l)
	if len(groupings) == 0 {
		return
	}
	e.setApart(false)
	e.p.line("#ifdef NDEC_GROUPS")
	for _, g := range groupings {
		e.layerGroup(l, g)
		e.p.line("")
	}
	e.p.line("#endif")
	e.p.line("")
	e.setApart(true)
}

// noGroups is what is left of that where all of them were alike with others.
const noGroups = "#endif\n\n#ifdef NDEC_GROUPS\n#endif\n\n#ifndef " + OnlyGroups + "\n"

func (e *emitter) layerGroup(l *layerFunc, g grouping) {
	p, fn, first := e.p, l.fn, g.pieces[0]
	of := GroupKernel{Of: first.kernel, Kernel: e.global.pick(first.kernel + "_group"), Block: layerThreads, Rows: 1}
	fn.placed, fn.regs = l.placed, map[*ir.Value]string{}
	defer func() { fn.placed, fn.regs = nil, nil }()
	var addresses []address
	rows := "" // where the total of rows is
	for i, pc := range g.pieces {
		if i > 0 {
			of.With = append(of.With, pc.kernel)
		}
		for _, a := range pc.addresses {
			if a.place.sum != nil && i+1 < len(g.pieces) { // the total of rows
				rows = fn.s.pick("rows") + "_at"
				a.param = "real *" + rows
			}
			at := slices.IndexFunc(addresses, func(b address) bool { return b.place == a.place })
			if at < 0 {
				at, addresses = len(addresses), append(addresses, a)
			} else if strings.HasPrefix(addresses[at].param, "const ") { // one of both may write it
				addresses[at].param = a.param
			}
			of.Takes = append(of.Takes, at)
		}
	}
	if first.kind == bySum {
		pc := g.pieces[len(g.pieces)-1]
		o := e.outerOf(fn, pc)
		of.Rows = outerTilesOf(o.rows, o.columns, groupColumns)
		doc := o.doc + ", by two groups"
		if rows != "" {
			doc += fmt.Sprintf(", and of %s, their rows", clean(first.sum.Sum.Name))
		}
		e.layerGroupHead(of.Kernel, doc, addresses)
		p.line("ndec_part part(n, %d);", of.Rows)
		e.weights(fn.f, pc)
		p.source(pc.sum.V.Span)
		find := entries(pc.addresses)
		p.line("ndec_layer_group_outer<%s, %d, %d>(part, %s,", o.as.name, o.rows, o.columns, l.counted)
		p.summand("int i, int s", o.a.x, o.a.before, find)
		p.summand("int j, int s", o.b.x, o.b.before, find)
		add := o.add(l)
		if rows != "" {
			add = strings.TrimSuffix(add, ");") + ","
		}
		p.line("\t%s", add)
		if rows != "" {
			p.line("\t[&](int i, real x) { %s[part.number * %d + i] += x; });", rows, o.rows)
		}
	} else {
		var sizes []string
		for _, pc := range g.pieces {
			m := e.matrix(fn, pc)
			sizes = append(sizes, fmt.Sprintf("%d by %d", m.n, m.k))
		}
		e.layerGroupHead(of.Kernel, fmt.Sprintf("products of %s for %d samples a block, by two groups: %s", clean(fn.f.IR.Name), layerGroup, strings.Join(sizes, ", ")), addresses)
		e.weights(fn.f, g.pieces...)
		for _, pc := range g.pieces {
			fn.regs = map[*ir.Value]string{} // what the product before had in registers is in memory
			m := e.matrix(fn, pc)
			p.source(m.v.Span)
			p.line("ndec_layer_group_product<%s, %d, %d>(n,", m.as.name, m.n, m.k)
			e.productElements(l, pc, m, entries(pc.addresses))
		}
	}
	p.line("}")
	e.k.Groups = append(e.k.Groups, of)
	e.k.Shared = append(e.k.Shared, SharedMemory{Kernel: of.Kernel, Bytes: g.shared, Blocks: resident(len(addresses))})
}

// resident is the number of blocks of a multiprocessor for a kernel with so many arrays: each block has 128 registers a thread where there are two, and what is done to
// the elements of a product takes some for each array.
func resident(arrays int) int {
	if arrays > manyOperands {
		return 1
	}
	return layerResident
}

// finds are the lines by which a thread finds its sample's part of what lies at addresses.
func finds(addresses []address) (lines []string) {
	for _, a := range addresses {
		if a.find != "" {
			lines = append(lines, a.find)
		}
	}
	return lines
}

// entries are those of a kernel of groups.
func entries(addresses []address) []string {
	lines := finds(addresses)
	for i := range lines {
		if column := strings.Replace(lines[i], "ndec_column<", "ndec_entry<", 1); column != lines[i] {
			lines[i] = strings.Replace(column, "_at + s, n}", "_at, s, n}", 1)
		}
	}
	return lines
}

// layerGroupHead prints the head of a kernel of groups. What lies at its addresses is apart, so that loads need not wait for the stores before them.
func (e *emitter) layerGroupHead(name, doc string, addresses []address) {
	params := append([]string{"long long count"}, e.memoryArgs()...)
	params = append(params, "const ndec_stepping *by", "long long room")
	for _, a := range addresses {
		params = append(params, a.param)
	}
	for i := range params {
		params[i] = strings.Replace(params[i], " *", " *__restrict__ ", 1)
	}
	e.p.line("// %s: %s.", name, doc)
	e.p.line("NDEC_KERNEL void __launch_bounds__(%d, %d) %s(%s) {", layerThreads, resident(len(addresses)), name, strings.Join(params, ", "))
	e.p.line("int n = (int)count;")
}

// LayerGroups is how products of layers go on devices that multiply for several warps at a time.
type LayerGroups struct {
	Kernels, Replaced int
	Clocks            float64 // of tensor cores, of the products in them, for a sample and an evaluation of the field; in a gradient there and back
}

// What says it in a few words.
func (b *LayerGroups) What() string {
	return fmt.Sprintf("%s of groups for %d of these, %.2g clocks of tensor cores a sample", plural(b.Kernels, "kernel"), b.Replaced, b.Clocks)
}

// layerGrouped is that of k, which launches kernels of these names; nil without any.
func (e *emitter) layerGrouped(k *kernel, names map[string]bool) *LayerGroups {
	kernels, replaced := map[string]bool{}, map[string]bool{}
	for _, g := range e.k.Groups {
		if g.Rows > 0 && !slices.ContainsFunc(append(g.With, g.Of), func(name string) bool { return !names[name] }) {
			kernels[g.Kernel], replaced[g.Of] = true, true
			for _, name := range g.With {
				replaced[name] = true
			}
		}
	}
	if len(kernels) == 0 {
		return nil
	}
	b := &LayerGroups{Kernels: len(kernels), Replaced: len(replaced)}
	reverses := reversesOf(k.fn.IR)
	visitSolves(k.fn.IR, map[*ir.Func]bool{}, func(s *ir.Solve) {
		clocks := e.groupedClocks(s.Field)
		if r := reverses[s]; r != nil {
			for _, v := range r.StepVJP.Values {
				if v.Op == ir.OpCall {
					clocks += e.groupedClocks(v.Attr.Func) / float64(max(s.StepEvals, 1))
				}
			}
		}
		b.Clocks = max(b.Clocks, clocks)
	})
	return b
}

// groupedClocks is what the products of f take in kernels of groups, for a sample.
func (e *emitter) groupedClocks(f *ir.Func) (clocks float64) {
	l := e.layerFuncs[f]
	if l == nil {
		return 0
	}
	for _, g := range e.groupings(l) {
		for _, pc := range g.pieces {
			switch {
			case pc.kind == bySum && pc.sum.Form == plan.AddTo: // comes along
			case pc.kind == bySum:
				o := e.outerOf(l.fn, pc)
				clocks += packing{Terms: (o.rows + layerGroup - 1) / layerGroup * layerGroup, Results: o.columns, As: o.as}.clocks()
			default:
				m := e.matrix(l.fn, pc)
				clocks += packing{Terms: m.k, Results: m.n, As: m.as}.clocks()
			}
		}
	}
	return clocks
}
