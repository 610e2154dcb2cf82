package lanes

import (
	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// Convolutions of a block of samples are implicit: lanes are samples, no matrix of windows is made, and a tile of registers
// has some channels of the result by some places next to each other. Loops go over places and channels, so that the length of
// the text depends on the kernel alone. Where windows reach over the edge, the image is first copied into a frame of zeros,
// for which all convolutions share a place. Products of an element are added in the order of package rt.

// convolves reports whether a nest is a convolution or a derivative of one.
func convolves(n *plan.Nest) bool {
	switch n.Steps[0].V.Op {
	case ir.OpConv, ir.OpConvInput, ir.OpConvWeight:
		return n.Steps[0].Form == plan.Whole
	}
	return false
}

// convVectors is the number of vectors that a convolution computes together: those of a line of the cache, since its images
// are larger than the caches that have room for all lines of a block.
func convVectors(isa asm.ISA) int { return min(RowBytes, max(64, isa.Bytes())) / isa.Bytes() }

// axesOf are the two spatial axes of a convolution or of windows; one axis alone comes after one of length 1.
func axesOf(v *ir.Value) (groups int, axes [2]ir.ConvAxis) {
	groups, all, err := v.Attr.Conv()
	if err != nil {
		panic("lanes: " + err.Error())
	}
	axes[0] = ir.ConvAxis{Stride: 1, Dilation: 1, In: 1, Kernel: 1}
	copy(axes[2-len(all):], all)
	return groups, axes
}

// sweep is a run over n places of an axis of the result, from one on and some apart. Run p reads the places p step + off +
// j offBy of the image with places k + j kBy of the kernel, for j below taps.
type sweep struct {
	from, apart, n int
	step           int
	taps           int
	k, kBy         int
	off, offBy     int
}

// forward is the sweep over the outputs of a convolution.
func forward(a ir.ConvAxis) []sweep {
	return []sweep{{apart: 1, n: a.Out(), step: a.Stride, taps: a.Kernel, kBy: 1, off: -a.Pad, offBy: a.Dilation}}
}

// backward are the sweeps over its inputs: those that are a stride apart read outputs with the same places of the kernel.
func backward(a ir.ConvAxis) []sweep {
	var out []sweep
	for from := range min(a.Stride, a.In) {
		s := sweep{from: from, apart: a.Stride, n: (a.In - from + a.Stride - 1) / a.Stride, step: 1}
		for k := range a.Kernel {
			if (from+a.Pad-k*a.Dilation)%a.Stride != 0 {
				continue
			}
			off := (from + a.Pad - k*a.Dilation) / a.Stride
			switch s.taps {
			case 0:
				s.k, s.off = k, off
			case 1:
				s.kBy, s.offBy = k-s.k, off-s.off
			}
			s.taps++
		}
		out = append(out, s)
	}
	return out
}

// reach is how far sweeps read before and after n places.
func reach(sweeps []sweep, n int) (before, after int) {
	for _, s := range sweeps {
		for _, p := range []int{0, s.n - 1} {
			for _, j := range []int{0, s.taps - 1} {
				if s.taps > 0 {
					at := p*s.step + s.off + j*s.offBy
					before, after = max(before, -at), max(after, at-(n-1))
				}
			}
		}
	}
	return before, after
}

// grid gives places in an array of planes with rows and columns.
type grid struct{ plane, width int }

func gridOf(height, width int) grid { return grid{height * width, width} }

func (g grid) at(plane, row, col index) index {
	return add(add(plane.times(g.plane), row.times(g.width)), col)
}

// image is an operand as an operator reads it, one vector at a time; top and left are where its first place lies.
type image struct {
	grid
	top, left int
	read      func(ix index, part int) asm.Vec
}

// reader reads elements of v one vector at a time; shared says that all vectors are the same.
func (c *compiler) reader(v *ir.Value) (read func(ix index, part int) asm.Vec, shared bool) {
	off, b := 0, v
	for c.pf.Places[b].Kind == plan.View {
		off, b = off+c.pf.Places[b].Offset, c.pf.Places[b].Base
	}
	if f := c.k.byVal[b]; f != nil {
		return func(ix index, part int) asm.Vec {
			return c.one(c.kind(f.Elem).elem(), c.place(f, ix.plus(off), part))
		}, false
	}
	switch c.pf.Places[b].Kind {
	case plan.Literal, plan.Table, plan.Memory:
		shared = true
	}
	return func(ix index, part int) asm.Vec { return c.elem(b, ix.plus(off)).v[part] }, shared
}

// repeat runs body for the indices below n, in a loop if there are several.
func (c *compiler) repeat(n int, body func(i index)) {
	if n == 1 {
		body(at(0))
		return
	}
	if n > 1 {
		c.b.Loop(n, func(l *asm.Loop) { body(at(0).along(l, 1)) })
	}
}

// conv prints a convolution, or its derivative by the image.
func (c *compiler) conv(v *ir.Value) {
	groups, axes := axesOf(v)
	src := c.framed(v, v.Args[1])
	weight, shared := c.reader(v.Args[0])
	kernel := gridOf(axes[0].Kernel, axes[1].Kernel)
	outs, ins := v.Args[0].Type.Shape[0]/groups, v.Args[0].Type.Shape[1]
	made, read := outs, ins // channels of a group, of the result and of the image
	sweeps := [2][]sweep{forward(axes[0]), forward(axes[1])}
	to := gridOf(axes[0].Out(), axes[1].Out())
	if v.Op == ir.OpConvInput {
		made, read = ins, outs
		sweeps = [2][]sweep{backward(axes[0]), backward(axes[1])}
		to = gridOf(axes[0].In, axes[1].In)
	}
	kind := c.kind(v.Type.Elem)
	c.source(v)
	c.repeat(groups, func(g index) {
		for _, h := range sweeps[0] {
			for _, w := range sweeps[1] {
				t := tileOf(c.b.ISA.Registers(), made, w.n, c.count(kind), shared, 1, 0.01)
				c.repeat(h.n, func(p index) {
					c.tiles(w.n, t.places, func(qs []index) {
						c.tiles(made, t.channels, func(os []index) {
							sums := c.sums(kind, t, len(os), len(qs), func(int, int, int) asm.Vec { return c.b.Const(kind.elem(), 0) })
							c.repeat(read, func(i index) {
								c.taps(h.taps, w.taps, func(a, b index) {
									rows, cols := a.times(h.offBy).plus(h.off+src.top), b.times(w.offBy).plus(w.off+src.left)
									ka, kb := a.times(h.kBy).plus(h.k), b.times(w.kBy).plus(w.k)
									sums.add(c, func(o, part int) asm.Vec {
										out, in := os[o], i
										if v.Op == ir.OpConvInput {
											out, in = i, os[o]
										}
										return weight(kernel.at(add(add(g.times(outs), out).times(ins), in), ka, kb), part)
									}, func(q, part int) asm.Vec {
										return src.read(src.at(add(g.times(read), i), add(p.times(h.step), rows), add(qs[q].times(w.step), cols)), part)
									})
								})
							})
							c.apart(func() {
								for o := range os {
									for q := range qs {
										ix := to.at(add(g.times(made), os[o]), p.times(h.apart).plus(h.from), qs[q].times(w.apart).plus(w.from))
										c.convolved(v, ix, sums.of(o, q))
									}
								}
							})
						})
					})
				})
			}
		}
	})
}

// convWeight prints the derivative of a convolution by its weights. Sums of a tile stay in registers along some rows of the
// outputs: as many as the first cache has of the cotangents that the tile reads, beside the image. Between them they lie in
// memory.
func (c *compiler) convWeight(v *ir.Value) {
	groups, axes := axesOf(v)
	src := c.framed(v, v.Args[0])
	cotangent, _ := c.reader(v.Args[1])
	kernel := gridOf(axes[0].Kernel, axes[1].Kernel)
	from := gridOf(axes[0].Out(), axes[1].Out())
	outs, ins := v.Type.Shape[0]/groups, v.Type.Shape[1]
	field, kind := c.fieldOf(v), c.kind(v.Type.Elem)
	h, w := forward(axes[0])[0], forward(axes[1])[0]
	t := tileOf(c.b.ISA.Registers(), outs, kernel.width, c.count(kind), false, 1, 0.01)
	along := rowsAlong(h.n, t.channels*w.n*c.set.rowBytes(v.Type.Elem)) // lines between those of the tile are no use to others
	c.source(v)
	if along < h.n {
		c.zeros(v, func(ix index, part int) asm.Mem { return c.place(field, ix, part) }, at(0), v.Type.Len())
	}
	c.tiles(h.n, along, func(ps []index) {
		c.repeat(groups, func(g index) {
			c.repeat(axes[0].Kernel, func(a index) {
				c.tiles(outs, t.channels, func(os []index) {
					c.repeat(ins, func(i index) {
						c.tiles(kernel.width, t.places, func(bs []index) {
							place := func(o, b, part int) asm.Mem {
								return c.place(field, kernel.at(add(add(g.times(outs), os[o]).times(ins), i), a, bs[b]), part)
							}
							sums := c.sums(kind, t, len(os), len(bs), func(o, b, part int) asm.Vec {
								if along == h.n {
									return c.b.Const(kind.elem(), 0)
								}
								return c.one(kind.elem(), place(o, b, part))
							})
							c.repeat(len(ps), func(r index) {
								p := add(ps[0], r)
								c.repeat(w.n, func(q index) {
									row := add(p.times(h.step), a.times(h.offBy)).plus(h.off + src.top)
									sums.add(c, func(o, part int) asm.Vec {
										return cotangent(from.at(add(g.times(outs), os[o]), p, q), part)
									}, func(b, part int) asm.Vec {
										return src.read(src.at(add(g.times(ins), i), row, add(q.times(w.step), bs[b].times(w.offBy)).plus(w.off+src.left)), part)
									})
								})
							})
							sums.each(func(o, b, part int, sum asm.Vec) { c.storeOne(kind.elem(), sum, place(o, b, part)) })
						})
					})
				})
			})
		})
	})
}

// firstCache is how many bytes of cotangents a tile of weights may read again and again; the image has the rest of 32 KiB.
const firstCache = 28 << 10

// rowsAlong is the number of rows, of n with some bytes each, that a tile of weights goes along at a time: one that divides n, so
// that the text has one size of them, where that is no less than half of what there is room for.
func rowsAlong(n, bytes int) int {
	most := min(n, max(1, firstCache/bytes))
	for k := most; 2*k >= most; k-- {
		if n%k == 0 {
			return k
		}
	}
	return (n + (n+most-1)/most - 1) / ((n + most - 1) / most)
}

// fewTaps is the number of places of a kernel up to which they are spelled out.
const fewTaps = 9

// taps runs body for the places of a kernel.
func (c *compiler) taps(h, w int, body func(a, b index)) {
	spell := func(n int, body func(i index)) {
		for i := range n {
			body(at(i))
		}
	}
	rows, cols := spell, spell
	if h*w > fewTaps {
		rows = c.repeat
	}
	if w > fewTaps {
		cols = c.repeat
	}
	rows(h, func(a index) { cols(w, func(b index) { body(a, b) }) })
}

// tile is the number of channels and of places that are computed together.
type tile struct {
	channels, places int
	shared           bool // factors of channels are the same for all vectors
}

// groups are the factors of places that meet one factor of each channel: of all vectors together, or of each by itself.
func (t tile) groups(places, parts int) (all [][][2]int) {
	for part := range parts {
		if part == 0 || !t.shared {
			all = append(all, nil)
		}
		g := &all[len(all)-1]
		for q := range places {
			*g = append(*g, [2]int{q, part})
		}
	}
	return all
}

// tileOf is the tile that takes the least time for some channels by places, in some registers of a processor that does two
// multiply-adds and two loads at a time and has a product after four, when a few more are under way. Loads cost something of
// their own, that of a place as much as it takes lines of the cache, and so does every other size of tiles at an end, since it is
// text: a share of the whole.
func tileOf(registers, channels, places, parts int, shared bool, lines, text float64) tile {
	best, least := tile{1, 1, shared}, 0.0
	sizes := func(n, t int) [][2]int { // number and size of the tiles along an axis
		if n%t == 0 {
			return [][2]int{{n / t, t}}
		}
		return [][2]int{{n / t, t}, {1, n % t}}
	}
	for o := 1; o <= min(channels, registers); o++ {
		for q := 1; q <= min(places, registers); q++ {
			meet := q // factors of places that meet one factor of a channel, as in groups
			if shared {
				meet *= parts
			}
			if o*q*parts+min(o, meet)+1 > registers {
				break
			}
			cost := 0.0
			os, qs := sizes(channels, o), sizes(places, q)
			for _, x := range os {
				for _, y := range qs {
					loads := float64(y[1]*parts)*lines + float64(x[1])
					if !shared {
						loads = (float64(y[1])*lines + float64(x[1])) * float64(parts)
					}
					cost += float64(x[0]*y[0]) * (max(float64(x[1]*y[1]*parts)/2, loads/2, 5) + 0.1*loads)
				}
			}
			if cost *= 1 + text*float64(len(os)*len(qs)); least == 0 || cost < least {
				best, least = tile{o, q, shared}, cost
			}
		}
	}
	return best
}

// tileSums are the running sums of a tile.
type tileSums struct {
	tile
	w     kind
	parts int
	v     []asm.Vec // by channel, place and vector
}

// sums begins the sums of a tile.
func (c *compiler) sums(w kind, t tile, channels, places int, start func(o, q, part int) asm.Vec) *tileSums {
	s := &tileSums{tile: tile{channels, places, t.shared}, w: w, parts: c.count(w)}
	for o := range channels {
		for q := range places {
			for part := range s.parts {
				s.v = append(s.v, c.b.Var(w.elem(), start(o, q, part)))
			}
		}
	}
	return s
}

// each runs f for every sum.
func (s *tileSums) each(f func(o, q, part int, sum asm.Vec)) {
	for i, sum := range s.v {
		f(i/s.parts/s.places, i/s.parts%s.places, i%s.parts, sum)
	}
}

// of are the vectors of the sum of a channel and a place.
func (s *tileSums) of(o, q int) []asm.Vec {
	at := (o*s.places + q) * s.parts
	return s.v[at : at+s.parts]
}

// add adds the products of factors of channels with factors of places. The fewer ones stay in registers meanwhile.
func (s *tileSums) add(c *compiler, channel, place func(i, part int) asm.Vec) {
	fma := func(o int, q [2]int, x, y asm.Vec) {
		c.b.Accumulate(s.w.elem(), s.v[(o*s.places+q[0])*s.parts+q[1]], x, y)
	}
	for _, g := range s.groups(s.places, s.parts) {
		if s.channels <= len(g) {
			var xs []asm.Vec
			for o := range s.channels {
				xs = append(xs, channel(o, g[0][1]))
			}
			for _, q := range g {
				y := place(q[0], q[1])
				for o, x := range xs {
					fma(o, q, x, y)
				}
			}
			continue
		}
		var ys []asm.Vec
		for _, q := range g {
			ys = append(ys, place(q[0], q[1]))
		}
		for o := range s.channels {
			x := channel(o, g[0][1])
			for i, q := range g {
				fma(o, q, x, ys[i])
			}
		}
	}
}

// windows copies the windows of an image.
func (c *compiler) windows(v *ir.Value) {
	src := c.framed(v, v.Args[0])
	field, e := c.fieldOf(v), c.kind(v.Type.Elem).elem()
	c.source(v)
	c.eachWindow(v, src, func(in, out index) {
		for part := range c.count(c.kind(v.Type.Elem)) {
			c.storeOne(e, src.read(in, part), c.place(field, out, part))
		}
	})
}

// unwindows adds windows up where they come from.
func (c *compiler) unwindows(v *ir.Value) {
	f := framingOf(v)
	field, kind := c.fieldOf(v), c.kind(v.Type.Elem)
	to := gridOf(f.size[0], f.size[1])
	m := &image{grid: to}
	sums := func(ix index, part int) asm.Mem { return c.place(field, ix, part) }
	if f.wanted() {
		m, sums = &image{grid: f.grid(), top: f.before[0], left: f.before[1]}, c.margins(v)
	}
	c.source(v)
	c.zeros(v, sums, at(0), f.channels*m.plane)
	read, _ := c.reader(v.Args[0])
	c.eachWindow(v, m, func(in, out index) {
		for part := range c.count(kind) {
			at := sums(in, part)
			c.storeOne(kind.elem(), c.b.Add(kind.elem(), c.one(kind.elem(), at), read(out, part)), at)
		}
	})
	if !f.wanted() {
		return
	}
	c.repeat(f.channels, func(ch index) {
		c.repeat(f.size[0], func(row index) {
			c.repeat(f.size[1], func(col index) {
				for part := range c.count(kind) {
					sum := c.one(kind.elem(), sums(m.at(ch, row.plus(m.top), col.plus(m.left)), part))
					c.storeOne(kind.elem(), sum, c.place(field, to.at(ch, row, col), part))
				}
			})
		})
	})
}

// eachWindow gives the places of an element of a window in its image and in the array of windows.
func (c *compiler) eachWindow(v *ir.Value, m *image, body func(in, out index)) {
	_, axes := axesOf(v)
	h, w := forward(axes[0])[0], forward(axes[1])[0]
	to := gridOf(h.n, w.n)
	c.repeat(framingOf(v).channels, func(ch index) {
		c.repeat(h.taps, func(a index) {
			c.repeat(w.taps, func(b index) {
				c.repeat(h.n, func(p index) {
					c.repeat(w.n, func(q index) {
						row := add(p.times(h.step), a.times(h.offBy)).plus(h.off + m.top)
						col := add(q.times(w.step), b.times(w.offBy)).plus(w.off + m.left)
						window := add(add(ch.times(h.taps), a).times(w.taps), b)
						body(m.at(ch, row, col), to.at(window, p, q))
					})
				})
			})
		})
	})
}
