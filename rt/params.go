package rt

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"math"
)

// Tensor is a row of a layout: one named parameter in the flat weights.
type Tensor struct {
	Name      string // "f.0.weight"
	Shape     []int  // empty for a scalar
	Offset    int    // of the first component, row-major
	Init      Init
	Transform Transform
	Net       string     // net or model that owns it, what Freeze names
	Of        *Statistic // set for a statistic of data, which is computed where training starts
}

// Len is the number of components.
func (t Tensor) Len() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// LayoutLen is the length of the flat weights.
func LayoutLen(layout []Tensor) int {
	n := 0
	for _, t := range layout {
		n = max(n, t.Offset+t.Len())
	}
	return n
}

// LayoutHash identifies names and shapes, in order, and nothing else.
func LayoutHash(layout []Tensor) string {
	h := sha256.New()
	for _, t := range layout {
		fmt.Fprintf(h, "%q %v\n", t.Name, t.Shape)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// InitKind is a way to fill a new tensor.
type InitKind uint8

// Ways to fill a new tensor.
const (
	Zeros         InitKind = iota
	Const                  // A
	Uniform                // U[A, B)
	Normal                 // mean A, standard deviation B
	LinearDefault          // U[-1/√FanIn, 1/√FanIn), PyTorch's for weight and bias of Linear
	Given                  // Data, one number per component
	Laplace                // mean A, scale B
	Rademacher             // -1 or 1
)

// Init says how a new tensor is filled.
type Init struct {
	Kind  InitKind
	A, B  float64
	FanIn int
	Data  []float64
}

// redraws bounds how often a start value that its constraint does not allow is drawn again. The compiler sees to it
// that a hundredth of the distribution is allowed, so that fewer would do.
const redraws = 10_000

// InitParams fills w, each parameter in its own units. Every component is a function of seed, tensor name and
// index, so adding a tensor does not move the others. A number outside the range of the constraint is drawn
// again, at the next step of its key.
func InitParams[R Float](w []R, layout []Tensor, seed uint64) {
	for _, t := range layout {
		h := fnv.New64a()
		h.Write([]byte(t.Name))
		key := Key{Seed: seed ^ h.Sum64(), Site: 0x696e6974}
		s := key.Stream()
		part := w[t.Offset : t.Offset+t.Len()]
		for i := range part {
			part[i] = R(t.Init.draw(s, uint64(i)))
			for key.Step = 1; t.Init.random() && !t.Transform.allows(float64(part[i])) && key.Step < redraws; key.Step++ {
				part[i] = R(t.Init.draw(key.Stream(), uint64(i)))
			}
		}
	}
}

// random reports whether draws from d differ.
func (d Init) random() bool { return d.Kind != Zeros && d.Kind != Const && d.Kind != Given }

func (d Init) draw(s Stream, i uint64) float64 {
	switch d.Kind {
	case Const:
		return d.A
	case Uniform:
		return mad64(d.B-d.A, s.Uniform(i), d.A)
	case Normal:
		return mad64(d.B, s.Normal(i), d.A)
	case Laplace:
		v := s.Uniform(i) - 0.5
		return mad64(-d.B, math.Copysign(Log64(1-2*math.Abs(v)), -v), d.A)
	case Rademacher:
		return math.Copysign(1, s.Uniform(i)-0.5)
	case Given:
		return d.Data[i]
	case LinearDefault:
		k := 1 / math.Sqrt(float64(max(d.FanIn, 1)))
		return mad64(2*k, s.Uniform(i), -k)
	}
	return 0
}
