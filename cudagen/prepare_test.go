package cudagen_test

import "testing"

// TestPrepare compares what is prepared by a block, in shared memory and beyond, from which models and losses then take it.
func TestPrepare(t *testing.T) {
	beyond := programSubject(t, "beyond", map[string]string{"beyond.nde": `package beyond

model Both(img [1, 80, 80]real) (m real) {
	return mean(img |> Conv2d(2, kernel: 1) |> tanh)
}
`}, "f32")
	shared := programSubject(t, "shared", map[string]string{"shared.nde": `package shared

system Fall {
	state x [300]real
	param c [300]real = 0.5
	param r real = 0.25
	param s [3]real = 0.75
	der(x) = -exp(c) * x * (1 + softplus(r)) + sum(exp(s))
}

model End(x [300]real) (y [300]real) {
	return solve(Fall{x: x}, over: 0..0.1, with: rk4{steps: 2}).x
}
`}, "f64")
	compare(t, []*subject{shared, beyond})
	for _, c := range []struct {
		s      *subject
		beyond bool
	}{{shared, false}, {beyond, true}} {
		if k := c.s.out.Kernels; k.PrepareBlock != 128 && k.PrepareBlock != 256 || k.PrepareBytes > k.Prepared != c.beyond {
			t.Errorf("%s: a block of %d threads prepares %d bytes in %d", c.s.name, k.PrepareBlock, k.Prepared, k.PrepareBytes)
		}
	}
}
