package rt

// ConvAxis is one spatial axis of a convolution.
type ConvAxis struct {
	Stride, Pad, Dilation int
	In, Kernel, Out       int // lengths of input, kernel and output
}

// span is the range of output places whose input at place k of the kernel is no padding.
func (a *ConvAxis) span(k int) (lo, hi int) {
	first := k*a.Dilation - a.Pad // input of output 0
	if first < 0 {
		lo = (-first + a.Stride - 1) / a.Stride
	}
	hi = min(a.Out, (a.In-1-first)/a.Stride+1)
	if first >= a.In {
		hi = 0
	}
	return lo, max(lo, hi)
}

// ConvShape is a convolution: Out output channels from In input channels in groups. Weights are
// [Out, In/Groups, kernel], inputs [In, …], outputs [Out, …], row-major. One axis alone has H of length 1.
type ConvShape struct {
	Out, In, Groups int
	H, W            ConvAxis
}

// rows calls f for every pair of an input row and an output row that a place of the kernel joins:
// its weight's index, the starts of the rows, and the range of output places.
func (c *ConvShape) rows(f func(w, x, y, lo, hi int)) {
	og, ig := c.Out/c.Groups, c.In/c.Groups
	h, v := &c.H, &c.W
	for o := range c.Out {
		for i := range ig {
			in := (o/og*ig + i) * h.In
			for a := range h.Kernel {
				top, bottom := h.span(a)
				for b := range v.Kernel {
					lo, hi := v.span(b)
					k := ((o*ig+i)*h.Kernel+a)*v.Kernel + b
					for p := top; p < bottom; p++ {
						f(k, (in+p*h.Stride+a*h.Dilation-h.Pad)*v.In+b*v.Dilation-v.Pad, (o*h.Out+p)*v.Out, lo, hi)
					}
				}
			}
		}
	}
}

// Conv is y[o,p] = Σ w[o,i,k] x[i, p·stride + k·dilation - pad]; terms are added in the order i, k.
func Conv[R Float](c ConvShape, y, w, x []R) {
	Clear(y)
	s := c.W.Stride
	c.rows(func(k, at, to, lo, hi int) {
		f := w[k]
		if s == 1 {
			xs := x[at+lo : at+hi]
			ys := y[to+lo:][:len(xs)]
			for j, v := range xs {
				ys[j] += R(f * v)
			}
			return
		}
		for q := lo; q < hi; q++ {
			y[to+q] += R(f * x[at+q*s])
		}
	})
}

// ConvInput is x[i,q] = Σ w[o,i,k] y[o,p] with q = p·stride + k·dilation - pad: the derivative of Conv
// by x, and a transposed convolution.
func ConvInput[R Float](c ConvShape, x, w, y []R) {
	Clear(x)
	s := c.W.Stride
	c.rows(func(k, at, to, lo, hi int) {
		f := w[k]
		if s == 1 {
			ys := y[to+lo : to+hi]
			xs := x[at+lo:][:len(ys)]
			for j, v := range ys {
				xs[j] += R(f * v)
			}
			return
		}
		for q := lo; q < hi; q++ {
			x[at+q*s] += R(f * y[to+q])
		}
	})
}

// ConvWeight is w[o,i,k] = Σ x[i, p·stride + k·dilation - pad] y[o,p], the derivative of Conv by w.
func ConvWeight[R Float](c ConvShape, w, x, y []R) {
	Clear(w)
	s := c.W.Stride
	c.rows(func(k, at, to, lo, hi int) {
		sum := w[k]
		if s == 1 {
			xs := x[at+lo : at+hi]
			ys := y[to+lo:][:len(xs)]
			for j, v := range xs {
				sum += R(v * ys[j])
			}
		} else {
			for q := lo; q < hi; q++ {
				sum += R(x[at+q*s] * y[to+q])
			}
		}
		w[k] = sum
	})
}

// Windows copies y[c,k,p] = x[c, p·stride + k·dilation - pad]; padding is 0. Out and Groups of c have
// no meaning.
func Windows[R Float](c ConvShape, y, x []R) {
	Clear(y)
	c.windows(func(at, to, lo, hi int) {
		for q := lo; q < hi; q++ {
			y[to+q] = x[at+q*c.W.Stride]
		}
	})
}

// Unwindows adds windows back to where they come from: the derivative of Windows.
func Unwindows[R Float](c ConvShape, x, y []R) {
	Clear(x)
	c.windows(func(at, to, lo, hi int) {
		for q := lo; q < hi; q++ {
			x[at+q*c.W.Stride] += y[to+q]
		}
	})
}

func (c *ConvShape) windows(f func(x, y, lo, hi int)) {
	h, v := &c.H, &c.W
	for i := range c.In {
		for a := range h.Kernel {
			top, bottom := h.span(a)
			for b := range v.Kernel {
				lo, hi := v.span(b)
				for p := top; p < bottom; p++ {
					to := (((i*h.Kernel+a)*v.Kernel+b)*h.Out + p) * v.Out
					f((i*h.In+p*h.Stride+a*h.Dilation-h.Pad)*v.In+b*v.Dilation-v.Pad, to, lo, hi)
				}
			}
		}
	}
}
