package golden

import (
	"strings"
	"testing"

	"ndec.dev/ndec/dsl/layer"
	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/ir/recipe"
)

// design are the names that the language promises, by kind.
var design = map[string]string{
	"function": `tanh relu softplus sigmoid silu gelu elu sin cos exp log sqrt abs sign square clamp min max sum mean dot norm sqnorm
		concat stack flatten reshape transpose reverse expand augment depthcat scalar eye diag outer linsolve select map initial signal linspace
		draw log_prob kl cross_entropy mse huber accuracy l2 softmax logsumexp log_softmax argmax atan2 tan asin acos atan sinh cosh cumsum
		cross mod wrap logdet col first multishoot anneal residual_error trajectory_error standardize unstandardize logscale rhs detach avg
		partial real grad jac div hess jvp vjp solve mish softsign selu leaky_relu hardtanh gelu_tanh snake l1
		normal uniform laplace rademacher rising falling crossing every`,
	"layer":       "Linear MLP PReLU Conv1d Conv2d ConvTranspose2d AvgPool2d MaxPool2d LayerNorm GroupNorm GRU LSTM",
	"basis":       "fourier cheby poly rbf steps",
	"time":        "concat concat_v2 squash concatsquash concatcoord blend hyper",
	"source":      "moons spirals circles gaussians swiss_roll mnist csv npy npz safetensors idx simulate sampler gaussians8 spirals2 rings pinwheel checkerboard gaussians_spiral spheres annuli diffeqml",
	"split":       "random by_time by_column",
	"optimizer":   "sgd adam adamw rmsprop lbfgs lstsq",
	"schedule":    "constant cosine plateau exponential onecycle warmup",
	"clip":        "norm value",
	"stop":        "early",
	"checkpoint":  "best every",
	"adversary":   "pgd active",
	"method":      "euler midpoint heun rk4 alf dopri5 tsit5 leapfrog implicit_euler bdf dopri8 euler_maruyama euler_heun milstein shooting",
	"sensitivity": "backprop checkpoint adjoint interpolated forward reversible",
}

// awaited are names of the design that are known and may be refused with a limitation; nothing joins them.
var awaited = map[string]bool{"method implicit_euler": true, "method bdf": true, "method shooting": true}

// TestDesign: every name that the design promises is known and documented, and nothing becomes a limitation again.
func TestDesign(t *testing.T) {
	known := map[string]map[string]bool{}
	waits := map[string]bool{}
	add := func(kind, name string, later bool) {
		if known[kind] == nil {
			known[kind] = map[string]bool{}
		}
		known[kind][name] = true
		if later {
			waits[kind+" "+name] = true
		}
	}
	for _, f := range sema.Functions() {
		add("function", f.Name, false)
	}
	for _, n := range layer.Names() {
		add("layer", n, false)
	}
	for _, n := range layer.BasisNames() {
		add("basis", n, false)
	}
	for _, r := range layer.TimeRows() {
		add("time", r.Name, false)
	}
	for _, g := range []recipe.Group{recipe.Source, recipe.Split, recipe.Optimizer, recipe.Schedule, recipe.Clip, recipe.Stop, recipe.Checkpoint, recipe.Adversary} {
		for _, r := range recipe.Rows(g) {
			add(string(g), r.Name, r.Later)
		}
	}
	for kind, g := range map[string]method.Group{"method": method.Solver, "sensitivity": method.Sensitivity} {
		for _, r := range method.Rows(g) {
			add(kind, r.Name, r.Later)
		}
	}
	for kind, names := range design {
		for _, n := range strings.Fields(names) {
			if !known[kind][n] {
				t.Errorf("there is no %s %s", kind, n)
			}
		}
	}
	for n := range waits {
		if !awaited[n] {
			t.Errorf("%s has become a limitation", n)
		}
	}
}
