package rt

import "iter"

// View is one parameter tensor in place: changing Data changes the parameter.
type View[R Float] struct {
	Shape []int
	Data  []R // row-major
}

// Named iterates over the tensors of flat weights by name, in the order of the layout.
func Named[R Float](w []R, layout []Tensor) iter.Seq2[string, View[R]] {
	return func(yield func(string, View[R]) bool) {
		for _, t := range layout {
			if !yield(t.Name, View[R]{t.Shape, w[t.Offset : t.Offset+t.Len()]}) {
				return
			}
		}
	}
}
