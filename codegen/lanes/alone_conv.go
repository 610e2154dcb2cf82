package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// A convolution of one sample, and its derivative by the image, has successive places of a plane in the lanes. The image is
// copied into a frame of zeros first; a vector then goes over the end of a row into the next one, and the results of the places
// between them, which are none, are left out when the sums are brought to their place. So a plane takes as many vectors as its framed
// rows side by side fill. A tile of registers has some channels by some vectors; a weight is read once for all of its vectors, and is
// the same in all lanes. Windows that are some places apart read planes of every so-manieth row and column, in which they are
// next to each other. Products are added in the order that they have in a block.
//
// Windows, what puts them back, and derivatives by weights go element by element, each of them the same in all lanes.

// planes is where the image of a convolution of one sample lies, and its sums: places in the margins, in elements.
type planes struct {
	framing
	step   [2]int // of the windows
	rows   [2]int // rows and columns of a plane, with the zeros around
	plane  int    // elements from a channel to the next
	apart  [2]int // rows and columns of the planes that windows some apart read
	part   int    // elements from one of these to the next; 0 where windows are next to each other
	parts  int    // where these begin
	sums   int    // where the sums begin
	strip  int    // elements from the sums of a channel to those of the next
	places int    // all of them
}

// oddLines is a number of elements for at least n, whose lines of the cache are odd in number, so that equal places of many channels
// do not fall into one set of it.
func (s *Set) oddLines(n int) int { return s.padded(1) * ((n+s.padded(1)-1)/s.padded(1) | 1) }

// planesOf are those of a convolution.
func (s *Set) planesOf(v *ir.Value) planes {
	p := planes{framing: framingOf(v), step: [2]int{1, 1}}
	sweeps := convSweeps(v)
	for i := range p.step {
		p.step[i] = sweeps[i][0].step
		n := p.before[i] + p.size[i] + p.after[i]
		p.apart[i] = (n + p.step[i] - 1) / p.step[i]
		p.rows[i] = p.apart[i] * p.step[i]
	}
	p.plane = s.oddLines(p.rows[0] * p.rows[1])
	end := p.channels*p.plane + s.padded(1) // vectors reach behind the last place
	if p.step != [2]int{1, 1} {
		p.parts, p.part = end, s.oddLines(p.apart[0]*p.apart[1])
		end += p.channels*p.step[0]*p.step[1]*p.part + s.padded(1)
	}
	p.sums = end
	for _, h := range sweeps[0] {
		for _, w := range sweeps[1] {
			p.strip = max(p.strip, s.padded(p.along(h, w)))
		}
	}
	groups, _ := axesOf(v)
	p.places = end + v.Type.Shape[0]/groups*p.strip
	return p
}

// along is the number of places that sweeps of rows and columns go over, those between the rows included.
func (p *planes) along(h, w sweep) int { return (h.n-1)*p.apart[1] + w.n }

// convSweeps are the sweeps over the rows and columns of a convolution's result.
func convSweeps(v *ir.Value) [2][]sweep {
	_, axes := axesOf(v)
	if v.Op == ir.OpConvInput {
		return [2][]sweep{backward(axes[0]), backward(axes[1])}
	}
	return [2][]sweep{forward(axes[0]), forward(axes[1])}
}

// inMargins is element ix of the margins.
func (c *compiler) inMargins(e asm.Elem, ix index) asm.Mem {
	return along(c.b.Arg(argFrame).At(c.k.margins.Off), ix, e.Bytes())
}

// convAlone prints a convolution of one sample, or its derivative by the image.
func (c *compiler) convAlone(v *ir.Value) {
	groups, axes := axesOf(v)
	p := c.set.planesOf(v)
	e, l := c.kind(v.Type.Elem).elem(), c.vectorLen()
	c.framedAlone(v.Args[1], &p)
	kernel := gridOf(axes[0].Kernel, axes[1].Kernel)
	outs, ins := v.Args[0].Type.Shape[0]/groups, v.Args[0].Type.Shape[1]
	made, read := outs, ins // channels of a group, of the result and of the image
	if v.Op == ir.OpConvInput {
		made, read = ins, outs
	}
	sweeps := convSweeps(v)
	c.source(v)
	c.repeat(groups, func(g index) {
		for _, h := range sweeps[0] {
			for _, w := range sweeps[1] {
				vectors := (p.along(h, w) + l - 1) / l
				t := tileOf(c.b.ISA.Registers(), made, vectors, 1, true, convLines(w), 0.01)
				c.tiles(vectors, t.places, func(qs []index) {
					c.tiles(made, t.channels, func(os []index) {
						sums := c.sums(c.kind(v.Type.Elem), t, len(os), len(qs), func(int, int, int) asm.Vec { return c.b.Const(e, 0) })
						c.repeat(read, func(i index) {
							p.taps(c, h, w, func(place, ka, kb index) {
								sums.add(c, func(o, _ int) asm.Vec {
									out, in := os[o], i
									if v.Op == ir.OpConvInput {
										out, in = i, os[o]
									}
									return c.elem(v.Args[0], kernel.at(add(add(g.times(outs), out).times(ins), in), ka, kb)).v[0]
								}, func(q, _ int) asm.Vec {
									return c.b.Load(e, c.inMargins(e, add(add(p.channel(add(g.times(read), i)), place), qs[q].times(l))))
								})
							})
						})
						sums.each(func(o, q, _ int, sum asm.Vec) {
							c.b.Store(e, sum, c.inMargins(e, add(os[o].times(p.strip), qs[q].times(l)).plus(p.sums)))
						})
					})
				})
				c.settled(v, &p, g, h, w, made)
			}
		}
	})
}

// convLines is the number of lines of the cache that a vector takes in the mean: of the places of a kernel next to each other, most
// begin within a line.
func convLines(w sweep) float64 { return 2 - 1/float64(max(1, w.taps)) }

// channel is where a channel's image begins, or the first of its planes of every so-manieth row and column.
func (p *planes) channel(i index) index {
	if p.part > 0 {
		return i.times(p.step[0] * p.step[1] * p.part).plus(p.parts)
	}
	return i.times(p.plane)
}

// taps runs body for the places of a kernel: how far its element lies from that which the result's place has in the channel's image.
// Where windows are apart and places of the kernel are many, those that read the same plane are a loop of their own.
func (p *planes) taps(c *compiler, h, w sweep, body func(place, ka, kb index)) {
	few := h.taps*w.taps <= fewTaps
	for _, rows := range p.runs(0, h, few) {
		for _, cols := range p.runs(1, w, few) {
			plane := (rows.of*p.step[1] + cols.of) * p.part
			c.taps(rows.n, cols.n, func(a, b index) {
				row, col := a.times(rows.offBy).plus(rows.off), b.times(cols.offBy).plus(cols.off)
				body(add(row.times(p.apart[1]), col).plus(plane), a.times(rows.kBy).plus(rows.k), b.times(cols.kBy).plus(cols.k))
			})
		}
	}
}

// tapRun is n places of an axis of a kernel, from k on and kBy apart, which read plane of, off rows or columns further and offBy apart.
type tapRun struct{ n, k, kBy, of, off, offBy int }

// runs are those of the places that a sweep reads: where they are few one for each, in their order.
func (p *planes) runs(axis int, s sweep, few bool) []tapRun {
	step := p.step[axis]
	one := func(j, n, by int) tapRun {
		at := p.before[axis] + s.off + j*s.offBy
		return tapRun{n, s.k + j*s.kBy, by * s.kBy, at % step, at / step, by * s.offBy / step}
	}
	by := s.taps // places of the kernel to the next one of a run
	if !few {
		for by = 1; by*s.offBy%step != 0; by++ {
		}
	}
	var out []tapRun
	for j := range min(by, s.taps) {
		out = append(out, one(j, (s.taps-j+by-1)/by, by))
	}
	return out
}

// framedAlone copies an image into its frame of zeros, and from there to planes of every so-manieth row and column where windows are apart.
func (c *compiler) framedAlone(x *ir.Value, p *planes) {
	e := c.kind(x.Type.Elem).elem()
	c.b.Note("the image in a frame of zeros")
	c.zerosAlone(e, p.channels*p.plane+c.set.padded(1))
	rows, n := p.size[0], p.size[1]
	from, to := gridOf(rows, n), grid{p.plane, p.rows[1]}
	if n == p.rows[1] { // no zeros between rows
		rows, n = 1, rows*n
	}
	place := func(ch, row, col index) asm.Mem {
		return c.inMargins(e, to.at(ch, row.plus(p.before[0]), col.plus(p.before[1])))
	}
	c.eachRow(p.channels, rows, n, func(ch, row, col index, valid int) {
		ix := from.at(ch, row, col)
		ix.vec = true
		if valid < c.vectorLen() {
			ix.tail = valid
		}
		c.b.Store(e, c.valid(c.elem(x, ix), ix).v[0], place(ch, row, col))
	}, func(ch, row, col index) {
		c.b.StoreOne(e, c.elem(x, from.at(ch, row, col)).v[0], place(ch, row, col))
	})
	if p.part == 0 {
		return
	}
	c.b.Note("its rows and columns that windows read together")
	part := gridOf(p.apart[0], p.apart[1])
	if p.step[1] == 2 {
		c.halvedAlone(e, p)
		return
	}
	c.repeat(p.channels, func(ch index) {
		c.repeat(p.step[0], func(f index) {
			c.repeat(p.step[1], func(g index) {
				c.repeat(p.apart[0], func(row index) {
					c.repeat(p.apart[1], func(col index) {
						one := c.b.Broadcast(e, c.inMargins(e, to.at(ch, add(row.times(p.step[0]), f), add(col.times(p.step[1]), g))))
						c.b.StoreOne(e, one, c.inMargins(e, add(add(p.channel(ch), add(f.times(p.step[1]), g).times(p.part)), part.at(at(0), row, col))))
					})
				})
			})
		})
	})
}

// halvedAlone brings rows of a framed image to the planes of their even and of their odd columns, by vectors: two of a row make one of a plane. One may
// reach over the end of a row, into what is written after it.
func (c *compiler) halvedAlone(e asm.Elem, p *planes) {
	l := c.vectorLen()
	framed := grid{p.plane, p.rows[1]}
	c.repeat(p.channels, func(ch index) {
		c.repeat(p.step[0], func(f index) {
			for odd := range 2 {
				c.repeat(p.apart[0], func(row index) {
					c.repeat((p.apart[1]+l-1)/l, func(k index) {
						from := framed.at(ch, add(row.times(p.step[0]), f), k.times(2*l))
						x, y := c.b.Load(e, c.inMargins(e, from)), c.b.Load(e, c.inMargins(e, from.plus(l)))
						to := add(add(p.channel(ch), f.times(2*p.part)), add(row.times(p.apart[1]), k.times(l)))
						c.b.Store(e, c.b.Alternate(e, x, y, odd), c.inMargins(e, to.plus(odd*p.part)))
					})
				})
			}
		})
	})
}

// zerosAlone clears the first n places of the margins, which are whole vectors.
func (c *compiler) zerosAlone(e asm.Elem, n int) {
	const together = 8
	zero := c.b.Const(e, 0)
	l := c.vectorLen()
	some := func(from index, vectors int) {
		for k := range vectors {
			c.b.Store(e, zero, c.inMargins(e, from.plus(k*l)))
		}
	}
	runs, rest := n/l/together, n/l%together
	c.repeat(runs, func(i index) { some(i.times(together*l), together) })
	some(at(runs*together*l), rest)
}

// settled brings the sums of a sweep to the places of the result.
func (c *compiler) settled(v *ir.Value, p *planes, g index, h, w sweep, made int) {
	field, e := c.fieldOf(v), c.kind(v.Type.Elem).elem()
	height, width := v.Type.Shape[len(v.Type.Shape)-2], v.Type.Shape[len(v.Type.Shape)-1]
	if len(v.Type.Shape) == 2 {
		height = 1
	}
	to, from := gridOf(height, width), grid{p.strip, p.apart[1]}
	sum := func(o, row, col index) asm.Mem { return c.inMargins(e, from.at(o, row, col).plus(p.sums)) }
	place := func(o, row, col index) index {
		return to.at(add(g.times(made), o), row.times(h.apart).plus(h.from), col.times(w.apart).plus(w.from))
	}
	one := func(o, row, col index) {
		c.b.StoreOne(e, c.b.Broadcast(e, sum(o, row, col)), c.place(field, place(o, row, col), 0))
	}
	if h.apart > 1 || w.apart > 1 {
		c.repeat(made, func(o index) {
			c.repeat(h.n, func(row index) { c.repeat(w.n, func(col index) { one(o, row, col) }) })
		})
		return
	}
	rows, n := h.n, w.n
	if n == p.apart[1] { // nothing between rows
		rows, n = 1, rows*n
	}
	c.eachRow(made, rows, n, func(o, row, col index, _ int) {
		ix := place(o, row, col)
		ix.vec = true
		c.b.Store(e, c.b.Load(e, sum(o, row, col)), c.place(field, ix, 0))
	}, one)
}

// eachRow runs vector for the vectors of the rows of some channels, which lie one behind the other, in their order, and one for the
// elements of the last rows, where a vector would reach over the end. valid is the number of elements of a vector that are of its
// row; in rows that are longer the last vector begins where it ends with the row.
func (c *compiler) eachRow(channels, rows, n int, vector func(ch, row, k index, valid int), one func(ch, row, k index)) {
	l := c.vectorLen()
	last := 0 // rows in which a vector would reach over the end
	if n < l {
		last = (l+n-1)/n - 1
	}
	alone := min(channels, last/rows) // channels of such rows
	whole := channels - alone
	if last%rows > 0 && whole > 0 {
		whole--
	}
	some := func(ch index, from, to int, body func(row index)) {
		c.repeat(to-from, func(row index) { body(row.plus(from)) })
	}
	vectors := func(ch, row index) {
		if n < l {
			vector(ch, row, at(0), n)
			return
		}
		c.repeat(n/l, func(k index) { vector(ch, row, k.times(l), l) })
		if n%l > 0 {
			vector(ch, row, at(n-l), l)
		}
	}
	ones := func(ch, row index) { c.repeat(n, func(k index) { one(ch, row, k) }) }
	c.repeat(whole, func(ch index) { some(ch, 0, rows, func(row index) { vectors(ch, row) }) })
	if whole+alone < channels {
		ch := at(whole)
		some(ch, 0, rows-last%rows, func(row index) { vectors(ch, row) })
		some(ch, rows-last%rows, rows, func(row index) { ones(ch, row) })
	}
	c.repeat(alone, func(ch index) {
		ch = ch.plus(channels - alone)
		some(ch, 0, rows, func(row index) { ones(ch, row) })
	})
}

// convSlots is the number of vector operations of AVX-512 that a convolution of one sample takes: multiply-adds, those for places
// between the rows included, and what brings the image and the sums to their places.
func (s *Set) convSlots(v *ir.Value) float64 {
	p := s.planesOf(v)
	sweeps := convSweeps(v)
	l := s.padded(1)
	made := v.Type.Shape[0]
	slots := p.sums/l + 2*p.channels*p.size[0]*((p.size[1]+l-1)/l) + 2*made*p.strip/l
	for _, h := range sweeps[0] {
		for _, w := range sweeps[1] {
			groups, _ := axesOf(v)
			slots += made * p.channels / groups * h.taps * w.taps * ((p.along(h, w) + l - 1) / l)
		}
	}
	if p.part > 0 && p.step[1] == 2 { // loads, shuffles and a store
		slots += 6 * p.channels * p.rows[0] * 2 * ((p.apart[1] + l - 1) / l)
	} else if p.part > 0 { // one element after the other
		slots += 2 * p.channels * p.rows[0] * p.rows[1]
	}
	return float64(slots)
}
