package lanes

import (
	"slices"
	"strconv"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/ir"
)

// Names of places, for comments in the text.

// placed is a field of a kernel, or a parameter, with where it begins and ends.
type placed struct {
	from, to int
	kernel   string // "" for parameters
	name     string
	row      int // bytes of an element
	// Of few samples: the elements from one sample to the next, or the bytes of a number of each.
	apart, number int
	// Of a matrix whose rows are padded: its columns, and the elements from one row to the next.
	columns, padded int
}

// element is the number of the one that lies so many bytes from the beginning.
func (p *placed) element(off int) int {
	i := off / p.row
	if p.columns > 0 {
		i = i/p.padded*p.columns + i%p.padded
	}
	return i
}

// ofFew appends which element of which sample lies so many bytes from the beginning.
func (p *placed) ofFew(b []byte, off int) []byte {
	k, sample := off/p.row, 0
	if p.apart > 0 {
		k, sample = k%p.apart, k/p.apart
	} else {
		sample = off % p.row / p.number
	}
	if p.to-p.from > p.row {
		b = append(strconv.AppendInt(append(b, '['), int64(k), 10), ']')
	}
	if sample > 0 {
		b = strconv.AppendInt(append(b, " | "...), int64(sample), 10)
	}
	return b
}

// directory are places by where they begin.
type directory []placed

func (d directory) at(off int) *placed {
	i, found := slices.BinarySearchFunc(d, off, func(p placed, off int) int { return p.from - off })
	if !found {
		i--
	}
	if i < 0 || off >= d[i].to {
		return nil
	}
	return &d[i]
}

// framed are the places of the frame.
func (s *Set) framed() directory {
	var d directory
	if s.alone == nil {
		d = directory{{from: s.MaskOff, to: s.MaskOff + s.row, name: "mask", row: s.row}}
	}
	add := func(k *Kernel) {
		for _, f := range k.Fields {
			p := placed{from: f.Off, to: f.Off + s.FieldBytes(f), kernel: k.Name, name: f.Name, row: s.rowBytes(f.Elem)}
			switch {
			case f.Apart > 0:
				p.row, p.apart = s.ElemBytes(f.Elem), f.Apart
			case s.few() > 0:
				p.number = s.ElemBytes(f.Elem)
			}
			d = append(d, p)
		}
	}
	for _, k := range s.Kernels {
		add(k)
	}
	for _, n := range s.Nodes {
		add(n.Frame)
	}
	slices.SortFunc(d, func(x, y placed) int { return x.from - y.from })
	return d
}

// parametric are the places of parameters, and of what is derived from them.
func (s *Set) parametric() (params, derived directory) {
	if s.alone != nil { // which reads copies
		return nil, nil
	}
	list := func(qs []*ir.Param) (d directory) {
		for _, q := range qs {
			n := q.Type.Elem.Bytes()
			d = append(d, placed{from: s.params[q], to: s.params[q] + q.Type.Len()*n, name: q.Name, row: n})
		}
		return d
	}
	return list(s.Plan.Module.Params), list(s.Plan.Module.Derived)
}

// summed are the places of sums of gradients.
func (s *Set) summed(isa asm.ISA) (d directory) {
	for _, q := range slices.Concat(s.Plan.Module.Params, s.Plan.Module.Derived) {
		n := q.Type.Elem.Bytes()
		e := asm.F32
		if n == asm.F64.Bytes() {
			e = asm.F64
		}
		inLanes, inTiles := s.Sums(q)
		if inLanes != nil {
			from := inLanes.bytes(e, isa)
			d = append(d, placed{from: from, to: from + inLanes.Len*isa.Bytes(), name: q.Name, row: isa.Bytes()})
		}
		if inTiles != nil {
			from, padded := inTiles.bytes(e, isa), paddedRow(q)
			d = append(d, placed{from: from, to: from + q.Type.Shape[0]*padded*n, name: q.Name, row: n, columns: inTiles.Columns, padded: padded})
		}
	}
	slices.SortFunc(d, func(x, y placed) int { return x.from - y.from })
	return d
}

// what names places for the text of a kernel.
type what struct {
	frame, params, derived, sums directory
	kernel                       string
	isa                          asm.ISA
}

// place appends the element that lies so many bytes from an argument: of its own places a kernel has names alone, of others' with the
// kernel before. Behind it stands which vector of the block, but the first.
func (w *what) place(b []byte, arg, off int) []byte {
	var p *placed
	step := 0 // bytes of a vector of the frame
	of := ""
	switch arg {
	case argFrame:
		p, step = w.frame.at(off), w.isa.Bytes()
	case argParams:
		p = w.params.at(off)
	case argPrepared:
		p = w.derived.at(off)
	case argSums:
		p, of = w.sums.at(off), "sum of "
	}
	if p == nil {
		return b
	}
	b = append(b, of...)
	if p.kernel != "" && p.kernel != w.kernel {
		b = append(append(b, p.kernel...), '.')
	}
	b = append(b, p.name...)
	if p.apart > 0 || p.number > 0 {
		return p.ofFew(b, off-p.from)
	}
	if p.to-p.from > p.row {
		b = append(strconv.AppendInt(append(b, '['), int64(p.element(off-p.from)), 10), ']')
	}
	if v := (off - p.from) % p.row; step > 0 && v >= step {
		b = strconv.AppendInt(append(b, " | "...), int64(v/step), 10)
	}
	return b
}

// valueNames gives values of a kernel names: their own, or that of their operator.
type valueNames map[string]int

func newValueNames(k *Kernel) valueNames {
	names := valueNames{}
	for _, f := range k.Fields {
		names[f.Name]++
	}
	return names
}

func (n valueNames) of(v *ir.Value) string {
	name := v.Name
	if name == "" {
		name = v.Op.String()
	}
	if n[name]++; n[name] > 1 {
		name += "_" + strconv.Itoa(n[name])
		n[name]++
	}
	return name
}
