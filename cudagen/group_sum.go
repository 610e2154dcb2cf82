package cudagen

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// A gradient of a group (prelude/group_sum.cuh) has warps with samples, and others that multiply what these lay down: the sums of all weights
// stay in registers of the latter from the first step to the last, and each block writes one row.

// What the sum of a parameter is made of.
type sumKind int

const (
	noSum     sumKind = iota // nothing
	laneSum                  // numbers that are in every lane
	biasSum                  // fragments of which all outer products of another sum are made: a column of that
	vectorSum                // fragments
	matrixSum                // outer products
)

// groupSum is the sum of a parameter; of a matrix of rows and columns, or a vector of rows.
type groupSum struct {
	param         *ir.Param
	number        int
	kind          sumKind
	rows, columns int
	bias          bool // the sum of a bias is one column more of this one
	of            int  // the number of the sum that one of a bias goes with
}

// groupSums is what is planned of a gradient's kernel.
type groupSums struct {
	name    string // of the type that functions add to
	of      []groupSum
	desk    int // places in shared memory: what warps tell each other, with the slot behind it
	losses  int // the sums of losses and counts, each lane's
	lanes   int // and those of parameters
	samples int // threads that have samples
	threads int
	bytes   int // of shared memory
	batch   int // for which the block is small; 0 if it is not
}

// Numbers of the prelude, and limits: rows of a block's warpgroups, and registers that a thread has for sums beside those of a product.
const (
	slotPlace   = 384 // NDEC_SLOT
	rowsOfGroup = 64
	sumRows     = 128
	sumLimit    = 96
)

// sumsOf finds what the sums of k are made of, if a group can have them.
func (e *emitter) sumsOf(k *kernel) (sums []groupSum, ok bool) {
	found := map[*ir.Param]groupSum{}
	ok = true
	add := func(s groupSum) {
		if before, there := found[s.param]; there && before != s {
			ok = false
		}
		found[s.param] = s
	}
	pairs := biases{}
	e.visit(k.fn.IR, map[*ir.Func]bool{}, func(f *ir.Func) {
		pf := e.plan.Of(f)
		fn := e.newFunction(pf)
		fn.far = e.far(pf)
		fn.countProducts()
		for _, n := range pf.Nests {
			for _, s := range n.Steps {
				if s.Sum == nil {
					continue
				}
				one := groupSum{param: s.Sum, kind: laneSum, rows: s.Sum.Type.Len()}
				switch s.Form {
				case plan.OuterRow, plan.OuterCol:
					a, b := s.V.Args[0], s.V.Args[1]
					if a.Type.Len() <= smallLen && b.Type.Len() <= smallLen {
						break
					}
					one = groupSum{param: s.Sum, kind: matrixSum, rows: a.Type.Len(), columns: b.Type.Len()}
					ok = ok && operandsOf(e.m, a, b) == asFloat && !fn.called(fn.sharedOuter(s))
				case plan.AddTo:
					if fragment(pf, s.V) {
						one.kind = vectorSum
					}
				}
				add(one)
				pairs.see(f, s, one)
			}
		}
	})
	bias := pairs.find()
	for _, q := range k.fn.Sums {
		if q != nil {
			s := found[q]
			s.param, s.number = q, len(sums)
			sums = append(sums, s)
		}
	}
	for i := range sums {
		if j := slices.IndexFunc(sums, func(s groupSum) bool { return s.param == bias[sums[i].param] }); bias[sums[i].param] != nil && j >= 0 {
			sums[i].kind, sums[i].of, sums[j].bias = biasSum, j, true
		}
	}
	return sums, ok
}

// biases are the values in each function that are added to parameters as vectors, and the first factors of outer products that are added to others.
type biases map[*ir.Param]map[*ir.Func][]*ir.Value

// see notes a step that adds to the sum one.
func (b biases) see(f *ir.Func, s plan.Step, one groupSum) {
	v := s.V
	switch {
	case one.kind == matrixSum && one.rows >= one.columns: // along the rows of an instruction
		v = v.Args[0]
	case one.kind != vectorSum:
		return
	}
	if b[one.param] == nil {
		b[one.param] = map[*ir.Func][]*ir.Value{}
	}
	b[one.param][f] = append(b[one.param][f], v)
}

// find gives the matrices with which vectors go: whatever is added to such a vector is, once each, the factor of a product that is added to the matrix.
func (b biases) find() map[*ir.Param]*ir.Param {
	of := map[*ir.Param]*ir.Param{}
	taken := map[*ir.Param]bool{}
	sorted := func(vs []*ir.Value) []*ir.Value {
		return slices.SortedFunc(slices.Values(vs), func(a, b *ir.Value) int { return cmp.Compare(a.ID, b.ID) })
	}
	same := func(x, y map[*ir.Func][]*ir.Value) bool {
		return maps.EqualFunc(x, y, func(a, b []*ir.Value) bool { return slices.Equal(sorted(a), sorted(b)) })
	}
	ordered := slices.SortedFunc(maps.Keys(b), func(a, b *ir.Param) int { return cmp.Compare(a.Name, b.Name) })
	for _, v := range ordered {
		if len(v.Type.Shape) != 1 {
			continue
		}
		for _, m := range ordered {
			if len(m.Type.Shape) == 2 && !taken[m] && same(b[v], b[m]) {
				of[v], taken[m] = m, true
				break
			}
		}
	}
	return of
}

// long and short are the sides of a matrix, the first along the rows of an instruction; of a vector 8 columns, all but one for nothing.
func (s *groupSum) long() int { return max(s.rows, s.columns) }
func (s *groupSum) short() int {
	if s.kind == vectorSum {
		return 1
	}
	return min(s.rows, s.columns)
}

// apart reports whether its bias is a product of its own (ndec_group_apart).
func (s *groupSum) apart() bool { return s.bias && s.short()%8 == 0 && s.short() > 64 }

// tiles are the columns that a thread keeps of it, by eight; a bias takes one.
func (s *groupSum) tiles() int {
	n := s.short()
	if s.bias {
		n++
	}
	return (n + 7) / 8
}

// laid are those that lie in the slot.
func (s *groupSum) laid() int {
	if s.apart() {
		return s.tiles() - 1
	}
	return s.tiles()
}

// registers are those that a thread keeps of it.
func (s *groupSum) registers() int {
	if s.kind < vectorSum {
		return 0
	}
	return s.tiles() * 4
}

// slot is the bytes of what is laid down for 16 samples of each of so many threads.
func (s *groupSum) slot(samples int) int {
	up := func(n, to int) int { return (n + to - 1) / to * to }
	switch s.kind {
	case matrixSum:
		return asFloat.parts * samples / 2 * 2 * (up(s.long(), rowsOfGroup) + 8*s.laid())
	case vectorSum:
		return asFloat.parts * samples / 2 * 2 * up(s.rows, rowsOfGroup)
	}
	return 0
}

// instructions are those of the kernel that make it, each of which is for 16 samples of one warp.
func (s *groupSum) instructions() int {
	switch s.kind {
	case matrixSum:
		n := s.laid()
		if n <= 2 { // parts of the short factor lie beside each other
			return asFloat.parts
		}
		n = asFloat.products() * ((n-2)/8 + 1) // of 9 tiles at most
		if s.apart() {
			n += asFloat.parts
		}
		return n
	case vectorSum:
		return asFloat.parts
	}
	return 0
}

// planSums plans the sums of a gradient behind so many bytes of weights: eight warps with samples, or four; nil where no block holds them.
func (e *emitter) planSums(k *kernel, weights int) *groupSums {
	of, ok := e.sumsOf(k)
	longest, registers := 0, 0
	for _, s := range of {
		registers += s.registers()
		if s.kind >= vectorSum {
			longest = max(longest, s.long())
		}
	}
	if !ok || longest == 0 || longest > sumRows || registers > sumLimit {
		return nil
	}
	sizes, batch := []int{8, 4}, 0
	if k.fewBlocks() {
		sizes, batch = sizes[1:], k.batch()
	}
	for _, warps := range sizes {
		g := &groupSums{of: of, desk: weights, samples: 32 * warps, batch: batch}
		g.threads = g.samples + (longest+rowsOfGroup-1)/rowsOfGroup*128
		slot, lanes := 0, 0
		for _, s := range of {
			slot = max(slot, s.slot(g.samples))
			if s.kind == laneSum {
				lanes += s.rows * g.samples * 4
			}
		}
		g.losses = g.desk + slotPlace + slot
		g.lanes = g.losses + k.sums()*g.samples*8
		g.bytes = (g.lanes + lanes + len(of) + 4 + 127) / 128 * 128
		if g.bytes <= e.shares() {
			return g
		}
	}
	return nil
}

// fewBlocks reports whether the batch of k's recipe is so small that blocks of four warps, rather than eight, give every multiprocessor one at most: a batch
// then takes the time of a block, and smaller ones use more of the device. Sums have an order for each size, so that it is chosen here.
func (k *kernel) fewBlocks() bool { return k.recipe != nil && k.batch() <= 128*groupSMs }

// groupGradients chooses the gradients that have a group, once the kernels that go forward have theirs: all weights have to lie in shared
// memory, where the way back reads them with rows and columns changed.
func (e *emitter) groupGradients(kernels []*kernel) {
	for _, k := range kernels {
		if k.form != tiled || k.kind != grad || k.params() == 0 {
			continue
		}
		g := &group{}
		var wanted, fresh []packing
		large := false
		e.inForm(k, func() { wanted, g.left, large = e.wantedOf(k) })
		for _, m := range wanted {
			if _, known := e.packed[m]; !known {
				fresh = append(fresh, m)
			}
		}
		if large && e.place(g, wanted, e.shares()) && len(g.streamed) == 0 && len(g.matrices) == len(wanted) {
			e.inForm(k, func() { g.sums = e.planSums(k, g.weights) })
		}
		if g.sums == nil {
			for _, m := range fresh {
				delete(e.packed, m)
			}
			continue
		}
		e.groups[k] = g
		e.planAgain(k)
		g.name = e.global.pick(k.name + "_group")
		e.inForm(k, func() { e.groupCost(k, g) })
	}
	e.chooseBacks()
}

// gradientBudget is how such a kernel is launched.
func (g *group) gradientBudget(memory int) *GroupBudget {
	b := &GroupBudget{Kernel: g.name, Warps: g.sums.threads / 32, Summing: (g.sums.threads - g.sums.samples) / 32, Blocks: 1, Batch: g.sums.batch, Weights: g.weights, Packed: len(g.matrices), Left: g.left, Products: g.instructions, Clocks: g.clocks}
	for _, s := range g.sums.of {
		b.Slot, b.Kept, b.Outer = max(b.Slot, s.slot(g.sums.samples)), b.Kept+s.registers(), b.Outer+s.instructions()
	}
	b.Bytes = g.sums.bytes
	if with := b.Bytes + g.sums.samples/32*memory; memory > 0 && with <= groupShared {
		b.Arrays, b.Bytes = true, with
	}
	return b
}

// sumTypes prints the type that functions of a group add to.
func (e *emitter) sumTypes(k *kernel, g *groupSums) {
	p := e.p
	g.name = e.global.pick(snake(k.of()) + "_sums")
	p.line("// What is added to the gradient of recipe %s, by warps with samples; all but the numbers of lanes is registers of others.", k.of())
	p.line("struct %s {", g.name)
	for _, s := range g.of {
		switch s.kind {
		case matrixSum:
			p.line("ndec_group_matrix_sum<%d, %d, %d, %t> %s;", s.number, s.rows, s.columns, s.bias, e.fields[s.param])
		case biasSum:
			p.line("ndec_group_bias_sum %s;", e.fields[s.param])
		case vectorSum:
			p.line("ndec_group_vector_sum<%d, %d> %s;", s.number, s.rows, e.fields[s.param])
		case laneSum:
			p.line("ndec_group_lane_sums<%d, %d> %s;", s.rows, g.samples, e.fields[s.param])
		}
	}
	p.line("};")
	p.line("static_assert(sizeof(%s) <= %d, \"shared memory has room for so many bytes\");", g.name, g.bytes-g.lanes)
	p.line("")
}

// registers are those of a thread when the block starts, and what warps without samples and with keep: the latter take what the former do not need beside
// their sums, a product of nine tiles and what goes with it. Of small blocks every thread has enough.
func (g *groupSums) registers() (each, fewer, more int) {
	const product, others, most = 9 * 4, 8, 240
	kept, down := 0, func(n int) int { return n / 8 * 8 }
	for _, s := range g.of {
		kept += s.registers()
	}
	each, fewer = down(smRegisters/g.threads), (kept+product+others+7)/8*8
	if each >= most || fewer >= each {
		return each, 0, 0
	}
	return each, fewer, min(most, down((each*g.threads-fewer*(g.threads-g.samples))/g.samples))
}

// beginSums prints what is done before the block meets for the first time.
func (e *emitter) beginSums(g *groupSums, losses int) {
	p := e.p
	typ := fmt.Sprintf("ndec_group_lane_sums<%d, %d, double>", losses, g.samples)
	p.line("%s &losses_of = *(%[1]s *)(weights + %d);", typ, g.losses)
	p.line("ndec_group_clear(losses_of);")
	p.line("%s &g = *(%[1]s *)(weights + %d);", g.name, g.lanes)
	p.line("ndec_group_ones(weights + %d);", g.desk)
	for _, s := range g.of {
		if s.kind == laneSum {
			p.line("ndec_group_clear(g.%s);", e.fields[s.param])
		}
	}
}

// addSumsUp prints what warps without samples do.
func (e *emitter) addSumsUp(g *groupSums, left string) {
	p := e.p
	p.line("if (ndec_shuffle((int)threadIdx.x / 128, 0) >= %d) { // no samples: these warps add up what others lay down", g.samples/128)
	each, fewer, more := g.registers()
	if fewer > 0 {
		p.line("ndec_group_fewer<%d>(); // of %d registers", fewer, each)
	}
	for _, s := range g.of {
		if s.kind >= vectorSum {
			name := s.param.Name
			if i := slices.IndexFunc(g.of, func(b groupSum) bool { return b.kind == biasSum && b.of == s.number }); i >= 0 {
				name += ", and a column for " + g.of[i].param.Name
			}
			p.line("float sum%d[%d][4] = {}; // %s", s.number, s.tiles(), name)
		}
	}
	next := fmt.Sprintf("ndec_group_next<%d>(weights + %d)", g.threads, g.desk)
	p.line("#pragma unroll 1")
	p.line("for (int order = %s; order >= 0; order = %[1]s) {", next)
	p.line("switch (order) {")
	for _, s := range g.of {
		switch s.kind {
		case matrixSum:
			p.line("case %d: ndec_group_sum_outer<%s, %d, %d, %d, %t>(weights + %d, sum%[1]d); break;", s.number, asFloat.name, g.samples, s.rows, s.columns, s.bias, g.desk)
		case vectorSum:
			p.line("case %d: ndec_group_sum_vector<%d, %d>(weights + %d, sum%[1]d); break;", s.number, g.samples, s.rows, g.desk)
		}
	}
	p.line("}")
	p.line("}")
	for _, s := range g.of {
		switch s.kind {
		case matrixSum:
			p.line("ndec_group_leave_outer<%d, %d, %d>(%s.%s, sum%d);", g.samples, s.rows, s.columns, left, e.fields[s.param], s.number)
		case vectorSum:
			p.line("ndec_group_leave_vector<%d, %d, 0>(%s.%s, sum%d);", g.samples, s.rows, left, e.fields[s.param], s.number)
		case biasSum:
			p.line("ndec_group_leave_vector<%d, %d, %d>(%s.%s, sum%d);", g.samples, s.rows, g.of[s.of].columns, left, e.fields[s.param], s.of)
		}
	}
	if fewer > 0 {
		p.line("ndec_group_more<%d>();", each)
	}
	p.line("} else {")
	if fewer > 0 {
		p.line("ndec_group_more<%d>();", more)
	}
	p.line("int thread = ndec_thread(), lane = thread & 31;")
}

// endSums prints what warps with samples do at the end, and what the block leaves of the sums of lanes.
func (e *emitter) endSums(g *groupSums, left string) {
	p := e.p
	p.line("%s last = {{{lane, 0, memory}}};", g.tile())
	p.line("last.take();")
	p.line("last.give(-1);")
	if each, fewer, _ := g.registers(); fewer > 0 {
		p.line("ndec_group_fewer<%d>();", each)
	}
	p.line("}")
	p.line("__syncthreads();")
	for _, s := range g.of {
		switch s.kind {
		case laneSum:
			p.line("ndec_group_leave_lanes(%s.%s, g.%[2]s);", left, e.fields[s.param])
		case noSum:
			p.line("for (int i = threadIdx.x; i < %d; i += %d) %s.%s[i] = 0;", s.param.Type.Len(), g.threads, left, e.fields[s.param])
		}
	}
}

// tile is the type of a tile of such a kernel.
func (g *groupSums) tile() string {
	return fmt.Sprintf("ndec_group_back<%d, %d, %d>", g.samples, g.threads, g.desk)
}

// wantedOf lists the matrices that the functions of k multiply by, each once whichever side it is read from, counts the products that each warp does, and says
// whether one is from fragment to fragment.
func (e *emitter) wantedOf(k *kernel) (wanted []packing, left int, large bool) {
	for _, f := range e.solvesFirst(k.fn.IR) {
		e.productsOf(e.plan.Of(f), func(m packing, ok bool) {
			switch {
			case !ok:
				left++
				return
			case !slices.Contains(wanted, m.kept()):
				wanted = append(wanted, m.kept())
			}
			large = large || m.large()
		})
	}
	return wanted, left, large
}

// turned is the matrix with rows and columns changed.
func (m packing) turned() packing {
	m.ByK, m.ByN, m.Terms, m.Results = m.ByN, m.ByK, m.Results, m.Terms
	return m
}

// kept is m as it is packed: terms side by side in the array, as forward products of layers have them.
func (m packing) kept() packing {
	if m.ByK > m.ByN {
		return m.turned()
	}
	return m
}

// packedAt is where a matrix lies, and whether with rows and columns changed.
func (e *emitter) packedAt(m packing) (at int, turned, ok bool) {
	at, ok = e.packed[m.kept()]
	return at, m.kept() != m, ok
}

// sampleWarps is the number of a block's warps that have samples.
func (b *GroupBudget) sampleWarps() int { return b.Warps - b.Summing }
