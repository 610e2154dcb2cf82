package lanes

import (
	"fmt"
	"slices"
	"strings"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Rows of outputs. The kernel of output times goes over those rows that samples have reached, in a loop of its own. Times and states of a row are not
// copied: they lie where the solve has them from its caller, and a number says where that is.

// OutputLeft is a further argument of Output, of which the first lane counts: after how many rows to go back. Then come, by RowStart, how many bytes the
// first row lies behind the frame, of the times and of each state that is given.
const OutputLeft = Own + "left"

// RowStart is the name of the argument that says where the first row lies of what an argument has row by row.
func RowStart(arg string) string { return arg + ".start" }

// outputRowArgs are these arguments.
func outputRowArgs(given []ir.SolveState) []string {
	names := []string{OutputLeft, RowStart(OutputAt)}
	for _, st := range given {
		names = append(names, RowStart(st.Name+Row))
	}
	return names
}

// rowPlaces says of a kernel that it goes over so many rows.
type rowPlaces struct{ times int }

func (r *rowPlaces) String() string {
	if r == nil {
		return ""
	}
	return fmt.Sprint(r.times)
}

// layout takes the arguments that lie in rows out of the frame of a kernel.
func (r *rowPlaces) layout(k *Kernel) {
	if r == nil {
		return
	}
	for i, a := range k.Func.Args {
		start := k.field(RowStart(a.Name))
		if start == nil {
			continue
		}
		own := k.Args[i]
		k.Fields = slices.DeleteFunc(k.Fields, func(f *Field) bool { return f == own })
		k.Args[i] = &Field{Name: own.Name, Elem: own.Elem, Rows: own.Rows, Start: start}
		k.byVal[a] = k.Args[i]
	}
}

// of is the place of result i if that of the argument is its own: of what lies in rows, which is read no more where an element is written, and, where a
// kernel reads each argument once, of what goes on to the next run.
func (r *rowPlaces) of(s *Set, k *Kernel, i int) *Field {
	if r == nil {
		return nil
	}
	loops := slices.ContainsFunc(k.nests, func(n *plan.Nest) bool { return isNode(n) || !s.straight(k.pf, n) })
	if j, ok := k.carry[i]; ok && !loops && len(s.segments(k.pf, k.nests, stays(asm.AVX2))) == 1 {
		return k.Args[j]
	}
	state, ok := strings.CutSuffix(k.Func.ResultNames[i], rowNext)
	if !ok {
		return nil
	}
	return k.field(state + Row)
}

// rowByRow prints the loops over rows around one of them: one over the next row that a sample has to take, from which the other goes on as long as samples have
// to take the row that follows. So rows do not wait for the numbers of those before.
func (c *compiler) rowByRow(take func()) {
	b, e := c.b, asm.F64
	place := func(name string) asm.Mem { return b.Arg(argFrame).At(c.k.field(name).Off) }
	count := c.kind(c.k.field(OutputNext).Elem).elem()
	one, end := b.Const(e, 1), b.Const(count, float64(c.k.rows.times))
	left := func() asm.Vec { return b.Cmp(e, asm.Less, b.Const(e, 0), b.Broadcast(e, place(OutputLeft))) }
	lanes := func(each func(open, next asm.Vec)) {
		for off := 0; off < count.Bytes()*c.set.Samples(); off += b.ISA.Bytes() {
			each(b.Cmp(count, asm.Less, b.Const(count, 0), b.Load(count, place(OutputOpen).At(off))), b.Load(count, place(OutputNext).At(off)))
		}
	}
	number := func(x asm.Vec) asm.Vec { // of the first lane
		if count == asm.F32 {
			x = b.LowerToF64(x)
		}
		return x
	}
	b.WhileAny(func(l *asm.Loop) asm.Vec {
		c.outputs.from = l.Over("rows from which others follow")
		b.WhileAny(func(l *asm.Loop) asm.Vec {
			c.outputs.next = l.Over("rows of outputs")
			take()
			b.Note("the next row, if a sample has to take it")
			row := b.Add(e, b.Broadcast(e, place(OutputRow)), one)
			b.StoreOne(e, row, place(OutputRow))
			b.StoreOne(e, b.Sub(e, b.Broadcast(e, place(OutputLeft)), one), place(OutputLeft))
			wanted := row
			if count == asm.F32 {
				wanted = b.ToF32(row, row)
			}
			var some []asm.Vec
			lanes(func(open, next asm.Vec) {
				mine := b.And(count, open, b.Cmp(count, asm.Equal, next, wanted))
				some = append(some, b.And(count, mine, b.Cmp(count, asm.Less, next, end)))
			})
			for len(some) > 1 {
				some = append(some[2:], b.Or(count, some[0], some[1]))
			}
			return b.And(count, some[0], left())
		})
		b.Note("the first row that a sample has to take, if there is one")
		row := end
		lanes(func(open, next asm.Vec) { row = b.ClampAbove(count, b.Select(count, open, next, end), row) })
		row = number(b.LeastLane(count, row))
		b.StoreOne(e, row, place(OutputRow))
		return b.And(e, b.Cmp(e, asm.Less, row, b.Const(e, float64(c.k.rows.times))), left())
	})
	c.outputs = rowLoops{}
}

// rowLoops are the loops around a row of outputs.
type rowLoops struct{ from, next *asm.Loop }

// inRow is m in the present row of f.
func (c *compiler) inRow(m asm.Mem, f *Field) asm.Mem {
	number := func(f *Field) asm.Mem { return c.b.Arg(argFrame).At(f.Off) }
	row := number(c.k.field(OutputRow))
	bytes := f.Rows * c.set.rowBytes(f.Elem)
	return m.Chosen(c.outputs.from, 1, number(f.Start)).Chosen(c.outputs.from, bytes, row).Along(c.outputs.next, bytes)
}
