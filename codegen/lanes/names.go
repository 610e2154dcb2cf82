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
	d := directory{{s.MaskOff, s.MaskOff + RowBytes, "", "mask", RowBytes}}
	add := func(k *Kernel) {
		for _, f := range k.Fields {
			n := s.rowBytes(f.Elem)
			d = append(d, placed{f.Off, f.Off + f.Rows*n, k.Name, f.Name, n})
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

// parametric are the places of parameters, of what is derived from them, and of sums of their gradients.
func (s *Set) parametric() (params, derived, sums directory) {
	if s.alone != nil { // which reads copies
		return nil, nil, nil
	}
	list := func(qs []*ir.Param) (d directory) {
		for _, q := range qs {
			n := q.Type.Elem.Bytes()
			d = append(d, placed{s.params[q], s.params[q] + q.Type.Len()*n, "", q.Name, n})
		}
		return d
	}
	params, derived = list(s.Plan.Module.Params), list(s.Plan.Module.Derived)
	for _, q := range s.Plan.Module.Params {
		sums = append(sums, placed{s.sums[q], s.sums[q] + q.Type.Len(), "", q.Name, 1})
	}
	return params, derived, sums
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
	step := 0 // bytes of a vector of the frame or the sums
	of := ""
	switch arg {
	case argFrame:
		p, step = w.frame.at(off), w.isa.Bytes()
	case argParams:
		p = w.params.at(off)
	case argPrepared:
		p = w.derived.at(off)
	case argSums:
		if p = w.sums.at(off / w.isa.Bytes()); p != nil {
			off, of = off/w.isa.Bytes(), "sum of "
		}
	}
	if p == nil {
		return b
	}
	b = append(b, of...)
	if p.kernel != "" && p.kernel != w.kernel {
		b = append(append(b, p.kernel...), '.')
	}
	b = append(b, p.name...)
	if p.to-p.from > p.row {
		b = append(strconv.AppendInt(append(b, '['), int64((off-p.from)/p.row), 10), ']')
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
