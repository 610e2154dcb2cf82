package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// The kernels of pieces, and what they take.

// layerKernels prints the kernels of the pieces of f, and of what it calls.
func (e *emitter) layerKernels(l *layerFunc) {
	if l.open {
		return
	}
	l.open = true
	for _, p := range l.pieces {
		switch p.kind {
		case byCall:
			e.layerKernels(e.layerFuncs[p.whole.Attr.Func])
		case bySolve:
			e.layerSolve(l, p.whole)
		case byReverse:
			e.layerReverse(l, p.whole)
		case byLoop:
			e.layerRuns(l, p.whole)
		}
	}
	for _, p := range l.pieces {
		if !p.node() {
			e.layerPiece(l, p)
		}
	}
	e.layerGroups(l)
}

// layerHead prints the head of a kernel, of a product or another, with these addresses. All have the same leading arguments, whatever they use.
func (e *emitter) layerHead(name, doc string, addresses []string, product bool) {
	p := e.p
	p.line("// %s: %s.", name, doc)
	args := append([]string{"long long count"}, e.memoryArgs()...)
	args = append(args, "const ndec_stepping *by", "long long room")
	bounds := fmt.Sprint(layerGroup)
	if product { // ptxas would spill a few bytes for a fifth block
		bounds = fmt.Sprintf("%d, %d", layerGroup, layerBlocks)
	}
	p.line("NDEC_KERNEL void __launch_bounds__(%s) %s(%s) {", bounds, name, strings.Join(append(args, addresses...), ", "))
	p.line("int n = (int)count;")
}

// weights prints how pieces that read parameters, or what is prepared from them, find them.
func (e *emitter) weights(f *plan.Func, pieces ...*piece) {
	var w, pre bool
	for _, pc := range pieces {
		for _, v := range pc.reads(f) {
			if f.Places[v].Kind == plan.Memory {
				w, pre = w || !v.Attr.Param.Derived, pre || v.Attr.Param.Derived
			}
		}
	}
	if w {
		e.p.line("const Params &w = *ndec_params;")
	}
	if pre {
		e.p.line("const Prepared &pre = *ndec_prepared;")
	}
}

// layerGroup is NDEC_GROUP of the prelude, layerSums NDEC_SUMS; layerBlocks are those of a product that a multiprocessor holds.
const (
	layerGroup  = 128
	layerSums   = 8
	layerBlocks = 4
)

// address is a kernel's argument for what lies at a place, and the lines by which a thread finds its sample's part.
type address struct {
	place place
	param string // declaration of the argument
	find  string // "" of numbers that are only stored
}

// addresses are those of what p reads and writes.
func (e *emitter) addresses(l *layerFunc, p *piece) (out []address, stores []string) {
	fn, f := l.fn, l.fn.f
	here := map[*ir.Value]bool{}
	for _, v := range p.made(f) {
		here[v] = true
	}
	seen := map[place]bool{}
	column := func(pl place, t ir.Type, name string, writes bool) {
		if seen[pl] {
			return
		}
		seen[pl] = true
		elem := e.elem(t.Elem)
		c := map[bool]string{true: "", false: "const "}[writes]
		find := fmt.Sprintf("ndec_column<%s%s> %s = {%s_at + s, n};", c, elem, name, name)
		if t.IsScalar() && !writes {
			find = fmt.Sprintf("%s %s = %s_at[s];", elem, name, name)
		}
		out = append(out, address{pl, fmt.Sprintf("%s%s *%s_at", c, elem, name), find})
	}
	value := func(v *ir.Value) {
		switch pl := f.Places[v]; {
		case pl.Kind == plan.Stat:
			if !seen[place{stats: true}] {
				seen[place{stats: true}] = true
				out = append(out, address{place{stats: true}, "const ndec_stats *st_at", "ndec_column<const ndec_stats> st = {st_at + s, n};"})
			}
		case pl.Kind == plan.ArgScalar || pl.Kind == plan.ArgArray:
			column(place{v: v}, v.Type, fn.name[v], false)
		case pl.Kind == plan.Result:
			column(place{result: pl.Index + 1}, v.Type, fn.res[pl.Index], here[v])
		case l.placed[v] && here[v] && v.Type.IsScalar():
			if name := fn.local(v); !seen[place{v: v}] {
				seen[place{v: v}] = true
				out = append(out, address{place{v: v}, fmt.Sprintf("%s *%s_at", e.elem(v.Type.Elem), name), ""})
				stores = append(stores, fmt.Sprintf("%s_at[s] = %s;", name, name))
			}
		case l.placed[v]:
			column(place{v: v}, v.Type, fn.local(v), here[v])
		}
	}
	for _, v := range p.made(f) {
		value(v)
	}
	for _, v := range p.reads(f) {
		value(v)
	}
	if p.kind == bySum {
		if l.counted == "" {
			l.counted, l.total = fn.s.pick("counted")+"_at", fn.s.pick("total")+"_at"
		}
		out = append(out, address{place{counts: true}, "const int *" + l.counted, ""}, address{place{sum: p.sum.Sum}, "real *" + l.total, ""})
	}
	for i, g := range p.gives {
		name := fmt.Sprintf("given%d", i)
		switch {
		case g.place.result > 0:
			name = fn.res[g.place.result-1]
		case g.place.arg > 0:
			name = fn.s.pick("argument")
		}
		elem := e.elem(g.v.Type.Elem)
		if g.v.Type.IsScalar() {
			out = append(out, address{g.place, fmt.Sprintf("%s *%s_at", elem, name), ""})
			stores = append(stores, fmt.Sprintf("%s_at[s] = %s;", name, bare(fn.elem(g.v, at(0)))))
			continue
		}
		out = append(out, address{g.place, fmt.Sprintf("%s *%s_at", elem, name), fmt.Sprintf("ndec_column<%s> %s = {%s_at + s, n};", elem, name, name)})
		stores = append(stores, fmt.Sprintf("%s[i] = %s;", name, bare(fn.elem(g.v, index{expr: "i"}))))
	}
	for _, a := range out {
		p.refs = append(p.refs, a.place)
	}
	p.addresses = out
	return out, stores
}

// layerPiece prints the kernel of a piece.
func (e *emitter) layerPiece(l *layerFunc, pc *piece) {
	p, fn := e.p, l.fn
	what := map[pieceKind]string{bySample: "values", byElement: "elements", byProduct: "product", bySum: "sums"}[pc.kind]
	pc.kernel = e.global.pick(e.funcs[fn.f.IR] + "_" + what)
	fn.placed, fn.regs = l.placed, map[*ir.Value]string{}
	addresses, stores := e.addresses(l, pc)
	var params []string
	for _, a := range addresses {
		params = append(params, a.param)
	}
	find := finds(addresses)
	lines := func(ls []string) {
		for _, line := range ls {
			p.line("%s", line)
		}
	}
	numbers := func(doc, thread string) { // the head, and what every thread makes for its sample
		e.layerHead(pc.kernel, doc, params, false)
		p.line("ndec_at at(n);")
		e.weights(fn.f, pc)
		p.line("%s", thread)
		p.line("if (s >= n) return;")
		lines(find)
		for _, n := range pc.nests {
			fn.nest(n)
		}
	}
	switch pc.kind {
	case bySample:
		numbers("numbers of "+clean(fn.f.IR.Name)+", a thread a sample", "int s = at.s;")
	case byElement:
		numbers(fmt.Sprintf("%s of %s, a thread an element of a sample", plural(pc.extent, "element"), clean(fn.f.IR.Name)), "int i = at.row, s = at.s;")
		if pc.copy != nil {
			fn.copyElement(pc)
			break
		}
		if v := pc.whole; v != nil {
			p.source(v.Span)
			x := fn.element(v)
			name := fn.register(v)
			p.line("%s %s = %s;", e.elem(v.Type.Elem), name, x)
			fn.keep(l, v, name)
		}
		fn.elements(l, pc.steps)
	case byProduct:
		e.layerProduct(l, pc, params, find)
	case bySum:
		e.layerSum(l, pc, params, find)
	}
	switch {
	case len(pc.nests) > 0 && pc.kind == byElement && len(stores) > 0:
		p.line("if (i == 0) {")
		lines(stores)
		p.line("}")
	case pc.kind != byProduct && pc.kind != bySum:
		lines(stores)
	}
	p.line("}")
	p.line("")
	fn.placed, fn.regs = nil, nil
}

// register is the variable of an element of v.
func (fn *function) register(v *ir.Value) string {
	name := fn.s.pick(localName(v) + "_i")
	fn.regs[v] = name
	return name
}

// keep stores an element where others find it.
func (fn *function) keep(l *layerFunc, v *ir.Value, name string) {
	if l.placed[v] || fn.f.Places[v].Kind == plan.Result {
		fn.p.line("%s[i] = %s;", fn.base(v), name)
	}
}

// elements prints element-wise steps for element i.
func (fn *function) elements(l *layerFunc, steps []plan.Step) {
	for _, s := range steps {
		fn.p.source(s.V.Span)
		x := bare(fn.expr(s.V, index{expr: "i"}))
		name := fn.register(s.V)
		fn.p.line("%s %s = %s;", fn.e.elem(s.V.Type.Elem), name, x)
		fn.keep(l, s.V, name)
	}
}

// copyElement prints the copy of element i of a loop over a shape.
func (fn *function) copyElement(pc *piece) {
	p := fn.p
	p.source(pc.to.Span)
	if pc.clear {
		p.line("%s[i] = 0;", fn.base(pc.to))
		return
	}
	fn.indices(pc.extent, pc.copy.Over)
	p.line("%s[%s] = %s;", fn.base(pc.to), affine(pc.copy.To, pc.copy.ToBy), bare(fn.elem(pc.copy.Src, index{expr: affine(pc.copy.From, pc.copy.FromBy)})))
}

// layerMatrix is the product of a piece: so many results and terms, at each of some places.
type layerMatrix struct {
	v                     *ir.Value
	n, k, places          int
	operand, weight, seen string // of sample s and term k, of result i and term k, and the element of the operand that a place sees
	as                    operands
}

// matrix is that of pc. A convolution is a product for every place of its result: of the weights of all channels and what they see of the operand, or, of a
// transposed one, what gives to that place.
func (e *emitter) matrix(fn *function, pc *piece) (m layerMatrix) {
	if m.v = pc.whole; m.v != nil {
		w, x := m.v.Args[0], m.v.Args[1]
		m.as = operandsOf(e.m, w, x)
		m.n, m.places = m.v.Type.Shape[0], m.v.Type.Len()/m.v.Type.Shape[0]
		m.k = w.Type.Len() / m.n
		name, shape := convShape(m.v)
		see, at := "seen", fmt.Sprintf("i * %d + k", m.k)
		if kernel := w.Type.Len() / w.Type.Shape[0] / m.n; name == "conv_input" {
			see, at = "given", fmt.Sprintf("k / %d * %d + i * %d + k %% %d", kernel, m.n*kernel, kernel, kernel)
		}
		place := "place"
		if m.places == 1 {
			place = "0"
		}
		m.seen = fmt.Sprintf("ndec_conv_%s(%s, k, %s)", see, shape, place)
		m.operand = fmt.Sprintf("j < 0 ? %s(0) : %s", e.elem(m.v.Type.Elem), fn.elem(x, index{expr: "j"}))
		m.weight = fn.elem(w, index{expr: at})
	} else {
		var w, x *ir.Value
		var byK, byN int
		m.v, m.places = pc.steps[0].V, 1
		m.n, m.k, w, x, byK, byN = wideProduct(fn.f, pc.steps[0])
		m.as = operandsOf(e.m, w, x)
		m.operand, m.weight = fn.elem(x, index{expr: "k"}), fn.elem(w, index{expr: strings.Replace(affineOf(byK, byN), "n", "i", 1)})
	}
	if m.as == asHalf { // whose operands would need scales
		m.as = asFloat
	}
	m.operand, m.weight = bare(m.operand), bare(m.weight)
	return m
}

// layerProduct prints the kernel of a product and of what is done to its elements.
func (e *emitter) layerProduct(l *layerFunc, pc *piece, params, find []string) {
	p, fn := e.p, l.fn
	m := e.matrix(fn, pc)
	what := fmt.Sprintf("%d by %d", m.n, m.k)
	if m.places > 1 {
		what += fmt.Sprintf(" at each of %d places", m.places)
	}
	e.layerHead(pc.kernel, fmt.Sprintf("product of %s for %d samples a block: %s", clean(fn.f.IR.Name), layerGroup, what), params, true)
	p.line("ndec_at at(n);")
	e.weights(fn.f, pc)
	p.source(m.v.Span)
	columns, single := layerSums, m.v.Type.Elem == ir.F32 // references of hypersolvers are in double precision in every program
	if single {
		columns = layerColumns(m.n)
	}
	pc.rows = (m.n + columns - 1) / columns * m.places
	if m.places > 1 {
		p.line("int place = at.row %% %d;", m.places)
		p.line("at.row /= %d;", m.places)
	}
	if single {
		p.line("__shared__ unsigned parts[%d];", m.as.parts*8*columns)
		p.line("ndec_layer_product<%s, %d, %d>(n, at, parts,", m.as.name, m.n, m.k)
	} else {
		p.line("ndec_layer_sums<%d, %d>(n, at, %s(0),", m.n, m.k, e.elem(m.v.Type.Elem))
	}
	e.productElements(l, pc, m, find)
}

// productElements prints what a product is made of, and what becomes of its elements, as lambdas.
func (e *emitter) productElements(l *layerFunc, pc *piece, m layerMatrix, find []string) {
	p, fn := e.p, l.fn
	lambda := func(head, body string) { p.lambda(head, body, find) }
	p.depth++
	lambda("[&](int k, int s) {", m.operand)
	if m.seen != "" {
		p.line("int j = %s;", m.seen)
	}
	p.line("return %s;", m.operand)
	p.line("},")
	p.line("[&](int k, int i) { return %s; },", m.weight)
	name := fn.register(m.v)
	before, depth := p.text(), p.depth
	p.depth++
	fn.keep(l, m.v, name)
	if pc.whole != nil {
		fn.elements(l, pc.steps)
	} else {
		fn.elements(l, pc.steps[1:])
	}
	body := p.text()
	p.depth = depth
	p.b.WriteString(before)
	row := map[bool]string{true: "i", false: "row"}[m.places == 1]
	lambda(fmt.Sprintf("[&](int %s, int s, %s %s) {", row, e.elem(m.v.Type.Elem), name), body)
	if m.places > 1 {
		p.line("int i = row * %d + place;", m.places)
	}
	p.b.WriteString(body)
	p.line("});")
	p.depth--
}

// lambda prints the head of a lambda, and those of the declarations that its body needs.
func (p *printer) lambda(head, body string, declarations []string) {
	p.line("%s", head)
	for _, d := range declarations {
		if reads(body, d) {
			p.line("%s", d)
		}
	}
}

// reads reports whether the code of a lambda names the variable that a line declares.
func reads(code, declaration string) bool {
	head, _, _ := strings.Cut(declaration, " = ")
	name := head[strings.LastIndex(head, " ")+1:]
	for _, line := range strings.Split(code, "\n") {
		if !strings.HasPrefix(strings.TrimSpace(line), "//") && mentions(line, name) {
			return true
		}
	}
	return false
}

// layerColumns is ndec_layer_columns of the prelude.
func layerColumns(n int) int {
	if n >= 64 {
		return 64
	}
	return (n + 7) / 8 * 8
}

// mentions reports whether text has the identifier name.
func mentions(text, name string) bool {
	for at := 0; ; {
		k := strings.Index(text[at:], name)
		if k < 0 {
			return false
		}
		k += at
		at = k + len(name)
		if (k == 0 || !letter(text[k-1])) && (at == len(text) || !letter(text[at])) {
			return true
		}
	}
}

func letter(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
