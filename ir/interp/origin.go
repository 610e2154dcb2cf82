package interp

import (
	"slices"

	"ndec.dev/ndec/ir"
)

// Origin is where a number that is not finite came from: an operator that gave it although everything that it was
// made of was finite, an argument of the function that was called, or a parameter.
type Origin struct {
	Func  *ir.Func
	Value *ir.Value // OpArg and OpParam where the number came in from outside
	Index int       // of the element
	Got   float64   // NaN or an infinity
	From  []float64 // the numbers that an element-wise operator made it of, else nil
	Path  []Place   // what ran around it, outermost first
}

// Place is a solve, or the reverse sweep over one, in the middle of a step, or a run of a map or scan.
type Place struct {
	Solve *ir.Solve
	Back  bool // the reverse sweep
	Step  int  // steps accepted before this one
	T, H  float64
	Map   *ir.Map
	Scan  *ir.Scan
	Run   int // of the map or scan, from 0
}

// Trace evaluates f as Call does. why has, for each result, the origin of the first of its elements that is not
// finite, nil where all are; solves that failed have theirs in Failed.
func (m *Machine) Trace(f *ir.Func, args ...Tensor) (out []Tensor, why []*Origin, err error) {
	m.tracing = true
	defer func() { m.tracing, m.path = false, nil }()
	if m.prepare != nil {
		if m.derived, err = m.call(m.prepare, nil); err != nil {
			return nil, nil, err
		}
	}
	m.First = nil
	ds, err := m.call(f, args)
	if err != nil {
		return nil, nil, err
	}
	for i, d := range ds {
		out = append(out, Tensor{Data: d.data, Shape: f.Results[i].Type.Shape})
		why = append(why, d.origin())
	}
	return out, why, nil
}

// origin is that of the first element with one.
func (d datum) origin() *Origin {
	for _, o := range d.why {
		if o != nil {
			return o
		}
	}
	return nil
}

func originOf(ds []datum) *Origin {
	for _, d := range ds {
		if o := d.origin(); o != nil {
			return o
		}
	}
	return nil
}

// at is the origin of element i, nil of a finite one.
func (d datum) at(i int) *Origin {
	if d.why == nil {
		return nil
	}
	return d.why[i]
}

// slice is the part of d from lo to hi.
func (d datum) slice(lo, hi int) datum {
	out := datum{data: d.data[lo:hi]}
	if d.why != nil {
		out.why = d.why[lo:hi]
	}
	return out
}

// append puts the elements of e after those of d.
func (d *datum) append(e datum) {
	if d.why != nil || e.why != nil {
		d.why = append(d.origins(), e.origins()...)
	}
	d.data = append(d.data, e.data...)
}

// origins are those of all elements, in memory of their own.
func (d datum) origins() []*Origin {
	if d.why == nil {
		return make([]*Origin, len(d.data))
	}
	return slices.Clone(d.why)
}

// put writes e over the elements of d from lo on.
func (d *datum) put(lo int, e datum) {
	copy(d.data[lo:], e.data)
	if e.why != nil {
		d.why = d.origins()
		copy(d.why[lo:], e.why)
	}
}

// add adds e to d element by element.
func (d *datum) add(e datum) {
	for j, x := range e.data {
		if d.at(j) == nil && e.at(j) != nil {
			d.why = d.origins()
			d.why[j] = e.why[j]
		}
		d.data[j] += x
	}
}

// entered gives the arguments of the called function the origins of what is not finite in them.
func (m *Machine) entered(f *ir.Func, args []datum) {
	if !m.tracing {
		return
	}
	for i, a := range f.Args {
		args[i] = m.traced(f, a, nil, args[i])
	}
}

// traced is d, the result of v, with the origin of every element that is not finite.
func (m *Machine) traced(f *ir.Func, v *ir.Value, in []datum, d datum) datum {
	if d.parts != nil {
		d.parts = slices.Clone(d.parts)
		for i, p := range d.parts {
			d.parts[i] = m.traced(f, v, nil, p)
		}
		return d
	}
	var why []*Origin
	for i, x := range d.data {
		if x-x == 0 {
			continue
		}
		if why == nil {
			why = make([]*Origin, len(d.data))
		}
		if why[i] = d.at(i); why[i] == nil {
			why[i] = m.inherited(v, in, i)
		}
		if why[i] == nil {
			why[i] = &Origin{Func: f, Value: v, Index: i, Got: x, From: operandsAt(v, in, i), Path: slices.Clone(m.path)}
			if m.First == nil && v.Op.Info().Class != ir.ClassLeaf {
				m.First = why[i]
			}
		}
	}
	d.why = why
	return d
}

// inherited is the origin that element i of v has from the operands, nil where these are finite.
func (m *Machine) inherited(v *ir.Value, in []datum, i int) *Origin {
	if v.Op.Info().Class == ir.ClassElem {
		for k, d := range in {
			if v.Op == ir.OpSelect && k > 0 && (in[0].data[place(in[0], i)] != 0) != (k == 1) {
				continue // not chosen
			}
			if o := d.at(place(d, i)); o != nil {
				return o
			}
		}
		return nil
	}
	// Which elements an operator on arrays reads is found by leaving out all others that are not finite, one
	// group with a common source after the other.
	var groups []*Origin
	for _, d := range in {
		for _, o := range d.why {
			if o != nil && !slices.ContainsFunc(groups, func(g *Origin) bool { return g.Value == o.Value }) {
				groups = append(groups, o)
			}
		}
	}
	if len(groups) < 2 || v.Op.Info().Eval == nil {
		return originOf(in)
	}
	for _, g := range groups {
		args := make([]ir.Datum, len(in))
		for k, d := range in {
			args[k] = ir.Datum{Type: v.Args[k].Type, Data: slices.Clone(d.data)}
			for j, o := range d.why {
				if o != nil && o.Value != g.Value {
					args[k].Data[j] = 1
				}
			}
		}
		out := make([]float64, v.Type.Len())
		v.Op.Info().Eval(args, &v.Attr, out)
		if out[i]-out[i] != 0 {
			return g
		}
	}
	return groups[0]
}

// place is where an element-wise operator looks for element i: scalars stand beside tensors.
func place(d datum, i int) int {
	if len(d.data) == 1 {
		return 0
	}
	return i
}

func operandsAt(v *ir.Value, in []datum, i int) []float64 {
	if v.Op.Info().Class != ir.ClassElem {
		return nil
	}
	var xs []float64
	for _, d := range in {
		xs = append(xs, d.data[place(d, i)])
	}
	return xs
}

// enter says what runs from here on, until leave.
func (m *Machine) enter(p Place) {
	if m.tracing {
		m.path = append(m.path, p)
	}
}

func (m *Machine) leave() {
	if m.tracing {
		m.path = m.path[:len(m.path)-1]
	}
}

// move says where in its solve the innermost place stands.
func (m *Machine) move(step int, t, h float64) {
	if m.tracing {
		p := &m.path[len(m.path)-1]
		p.Step, p.T, p.H = step, t, h
	}
}
