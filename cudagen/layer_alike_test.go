package cudagen

import (
	"strings"
	"testing"
)

// TestUnnamed: kernels are alike if they differ in names of their own and in comments, and in nothing else.
func TestUnnamed(t *testing.T) {
	const kernel = `NDEC_KERNEL void __launch_bounds__(128) a(long long count, real *y_at, const real *x_at, const real *h_at) {
	int n = (int)count;
	ndec_at at(n);
	int s = at.s;
	if (s >= n) return;
	ndec_column<real> y = {y_at + s, n};
	// where it comes from
	real h = h_at[s];
	double sum = 0; // of all
	for (int i = 0; i < 3; i++) sum += ndec_fma(h, w.x[i], 0.5f);
	y[0] = x_at[s] - sum;`
	code := func(old ...string) string {
		text := strings.NewReplacer(old...).Replace(kernel)
		return unnamed(kernelName(text), strings.Split(text, "\n"))
	}
	want := code()
	for _, same := range [][]string{
		{" a(", " b("},
		{"y_at", "z_2_at", "> y =", "> z_2 =", "\ty[", "\tz_2["},
		{"sum", "total", "real h ", "real step ", "(h,", "(step,"},
		{"where it comes from", "from elsewhere", "of all", "of none"},
		{"int i ", "int k ", "; i <", "; k <", "i++", "k++", "[i]", "[k]"},
		{"x_at", "w_at"},
		{"sum", "x"}, // beside a member x
	} {
		if got := code(same...); got != want {
			t.Errorf("%q makes it another:\n%s\n%s", same, got, want)
		}
	}
	for _, other := range [][]string{
		{"x_at[s] - sum", "sum - x_at[s]"}, // names change places
		{"y_at + s", "x_at + s"},
		{"real *y_at, const real *x_at", "const real *x_at, real *y_at"}, // arguments too
		{"const real *h_at", "const double *h_at"},
		{"ndec_fma", "ndec_mul"}, // a function is no name of a kernel's own
		{"w.x", "w.y"},           // nor is a member
		{"w.x", "pre.x"},
		{"i < 3", "i < 4"},
		{"0.5f", "0.25f"},
		{"(128)", "(128, 4)"},
		{"double sum", "real sum"},
	} {
		if got := code(other...); got == want {
			t.Errorf("%q leaves it the same:\n%s", other, got)
		}
	}
}

// TestMergeAlike: the first of kernels that are alike stays, and all launches call it.
func TestMergeAlike(t *testing.T) {
	kernel := func(name, argument, does string) string {
		return "// " + name + ": numbers.\nNDEC_KERNEL void __launch_bounds__(128) " + name + "(long long count, real *" + argument + ") {\n\t" + argument + "[0] = " + does + ";\n}\n\n"
	}
	e := &emitter{}
	e.k.Models = []ModelKernel{{Layers: Layers{Parts: []LayerPart{{Launches: []LayerLaunch{{Kernel: "a"}, {Kernel: "b"}, {Kernel: "c"}}}}}}}
	e.k.Recipes = []RecipeKernel{{Grad: SumKernel{Layers: Layers{Parts: []LayerPart{{Launches: []LayerLaunch{{Kernel: "d"}, {Kernel: "b"}}}}}}}}
	text := e.mergeAlike("head\n" + kernel("a", "x", "1") + kernel("b", "y", "1") + kernel("c", "y", "2") + kernel("d", "z", "1") + kernel("e", "x", "1") + "tail\n")
	want := "head\n" + strings.Replace(kernel("a", "x", "1"), "numbers.", "numbers. It is there for 2 others of the same text.", 1) + kernel("c", "y", "2") + kernel("e", "x", "1") + "tail\n" // no launch of a layer is of e
	if text != want {
		t.Errorf("it is\n%s\nnot\n%s", text, want)
	}
	var called []string
	for _, l := range []*Layers{&e.k.Models[0].Layers, &e.k.Recipes[0].Grad.Layers} {
		called = append(called, l.names()...)
	}
	if got := strings.Join(called, " "); got != "a a c a a" {
		t.Errorf("launches are of %s", got)
	}
}
