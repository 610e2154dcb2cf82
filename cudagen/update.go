package cudagen

import (
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// The update of weights on the device, so that a training step leaves nothing there but its sums. The formulas are those of
// prelude/optim.cuh; rt/device_update.go says which numbers of an optimiser they get.

// UpdateKernels are the kernels between the gradient of a batch and the next step; zero where no recipe has an
// optimiser that kernels know.
type UpdateKernels struct {
	Mean, Parts, Norm, Average string
	By                         []UpdateKernel
}

// UpdateKernel moves weights by one kind of optimiser.
type UpdateKernel struct{ Form, Kernel string }

// updateForm is how an optimiser of prelude/optim.cuh is called: its form, shared by optimisers that differ in what the
// host computes, the moments that it keeps and the numbers that it is given.
type updateForm struct {
	name    string
	moments int
	numbers []string
}

var updateForms = map[string]updateForm{
	"sgd":     {"sgd", 1, []string{"lr", "momentum", "dampening", "nesterov", "decay", "first"}},
	"adam":    adamForm,
	"adamw":   adamForm,
	"rmsprop": {"rmsprop", 3, []string{"lr", "alpha", "eps", "decay", "momentum", "centered"}},
}

var adamForm = updateForm{"adam", 2, []string{"shrink", "decay", "beta1", "beta2", "eps", "size", "root"}}

// moments are the arrays that every update kernel is given, though not all use them.
const moments = 3

// updateKernels prints the update of the optimisers of recipes that have a gradient kernel.
func (e *emitter) updateKernels(kernels []*kernel) {
	p, u := e.p, &e.k.Update
	for _, k := range kernels {
		if k.kind != grad {
			continue
		}
		s, ok := ir.FindSetting(k.recipe.Settings, "optimizer")
		if !ok || s.Choice == nil {
			continue
		}
		form, known := updateForms[s.Choice.Row]
		if !known || slices.ContainsFunc(u.By, func(b UpdateKernel) bool { return b.Form == form.name }) {
			continue
		}
		by := UpdateKernel{form.name, e.global.pick("update_" + form.name)}
		u.By = append(u.By, by)
		e.setApart(true)
		p.line("// %s moves weights [lo, hi) by %s.", by.Kernel, form.name)
		args := []string{"long long lo", "long long hi", "real *w", "const real *g"}
		use := []string{"w[i]", "clip(g[i])"}
		for i := range moments {
			name := "m" + string(rune('0'+i))
			args = append(args, "real *"+name)
			if i < form.moments {
				use = append(use, name+"[i]")
			}
		}
		args = append(args, "const double *norm", "double kind", "double most")
		for _, n := range form.numbers {
			args, use = append(args, "double "+n), append(use, n)
		}
		p.line("NDEC_KERNEL void __launch_bounds__(256, 1) %s(%s) {", by.Kernel, strings.Join(args, ", "))
		p.line("ndec_clip clip = {*norm, kind, most};")
		p.line("long long i = lo + (long long)blockIdx.x * blockDim.x + threadIdx.x;")
		p.line("if (i < hi) ndec_%s(%s);", form.name, strings.Join(use, ", "))
		p.line("}")
		p.line("")
	}
	if len(u.By) == 0 {
		return
	}
	u.Mean, u.Parts, u.Norm, u.Average = e.global.pick("update_mean"), e.global.pick("update_norm_parts"), e.global.pick("update_norm"), e.global.pick("update_average")
	p.line("// The mean gradient of a batch, its norm in two kernels, and the running average of weights.")
	p.line("NDEC_KERNEL void __launch_bounds__(256, 1) %s(const real *in, real *out, long long len, double rows) { ndec_mean(in, out, len, rows); }", u.Mean)
	p.line("NDEC_KERNEL void __launch_bounds__(256, 1) %s(const real *g, long long len, double *parts) { ndec_norm_parts(g, len, parts); }", u.Parts)
	p.line("NDEC_KERNEL void __launch_bounds__(32, 1) %s(const double *parts, long long count, double *norm) { ndec_norm(parts, count, norm); }", u.Norm)
	p.line("NDEC_KERNEL void __launch_bounds__(256, 1) %s(real *mean, const real *w, long long len, double share) {", u.Average)
	p.line("long long i = (long long)blockIdx.x * blockDim.x + threadIdx.x;")
	p.line("if (i < len) ndec_average(mean[i], w[i], share);")
	p.line("}")
	p.line("")
}

// names lists the kernels.
func (u *UpdateKernels) names() []string {
	if len(u.By) == 0 {
		return nil
	}
	out := []string{u.Mean, u.Parts, u.Norm, u.Average}
	for _, b := range u.By {
		out = append(out, b.Kernel)
	}
	return out
}
