package sema

import (
	"slices"
	"strings"

	"ndec.dev/ndec/ir"
)

// Function is a function of the language as the manual shows it.
type Function struct {
	Name    string
	Group   string // one of FunctionGroups
	Use     string // "clamp(x, lo, hi)"
	Doc     string
	Formula string // "" where the words say it
}

// FunctionGroups are the sections of the manual page of functions, in order.
func FunctionGroups() []string {
	return []string{"Element by element", "Of two and more operands", "Over axes", "Shape", "Losses and figures", "Derivatives", "Solves", "Events", "Distributions and random numbers", "Data"}
}

// forms documents what is no single operator: uses, and words.
var forms = map[string]Function{
	"min":              {Group: "Over axes", Use: "min(x), min(x, axis: k), min(x, y)", Doc: "smallest element, along an axis too; of two operands the smaller"},
	"max":              {Group: "Over axes", Use: "max(x), max(x, axis: k), max(x, y)", Doc: "largest element, along an axis too; of two operands the larger"},
	"sum":              {Group: "Over axes", Use: "sum(x), sum(x, axis: k)", Doc: "sum of the elements"},
	"mean":             {Group: "Over axes", Use: "mean(x), mean(x, axis: k)", Doc: "mean of the elements of one sample; the mean over samples is avg"},
	"cumsum":           {Group: "Over axes", Use: "cumsum(x, axis: k)", Doc: "running sums along an axis, the first one if none is given"},
	"reverse":          {Group: "Over axes", Use: "reverse(x, axis: k)", Doc: "the elements in reverse along an axis, the first one if none is given"},
	"concat":           {Group: "Shape", Use: "concat(a, b, ..., axis: k)", Doc: "one behind the other along an axis, the first one if none is given; scalars count as vectors of one element"},
	"stack":            {Group: "Shape", Use: "stack(a, b, ...), [a, b, ...]", Doc: "equal shapes along a new leading axis"},
	"flatten":          {Group: "Shape", Use: "flatten(x)", Doc: "all elements as a vector"},
	"reshape":          {Group: "Shape", Use: "reshape(x, n, m, ...)", Doc: "the same elements in another shape"},
	"expand":           {Group: "Shape", Use: "expand(x, n, m, ...)", Doc: "x repeated along new leading axes; n, m, ... is the whole shape, which ends in that of x"},
	"transpose":        {Group: "Shape", Use: "transpose(x)", Doc: "axes in reverse order"},
	"scalar":           {Group: "Shape", Use: "scalar(x)", Doc: "the one element of x"},
	"augment":          {Group: "Shape", Use: "augment(x, n)", Doc: "x with n zeros, or channels of zeros, behind it"},
	"depthcat":         {Group: "Shape", Use: "depthcat(x, t)", Doc: "x with t behind it as a component or a channel"},
	"eye":              {Group: "Shape", Use: "eye(n)", Doc: "unit matrix"},
	"diag":             {Group: "Shape", Use: "diag(v)", Doc: "diagonal matrix of a vector"},
	"linspace":         {Group: "Shape", Use: "linspace(a, b, n)", Doc: "n times from a to b at equal distances"},
	"first":            {Group: "Shape", Use: "first(x)", Doc: "x[0]"},
	"onehot":           {Group: "Losses and figures", Use: "onehot(y)", Doc: "vector with 1 at the class of a label and 0 elsewhere, for nets that take a class"},
	"real":             {Group: "Element by element", Use: "real(t)", Doc: "a time, whole number or condition as a real"},
	"select":           {Group: "Of two and more operands", Use: "select(c, a, b)", Doc: "a where the condition holds, b elsewhere; the derivative goes through the chosen one"},
	"cross_entropy":    {Group: "Losses and figures", Use: "cross_entropy(scores, y)"},
	"accuracy":         {Group: "Losses and figures", Use: "accuracy(scores, y)"},
	"solve":            {Group: "Solves", Use: "solve(S{x: x}, over: a..b, with: M), solve(S{x: x}, from: a, at: times, with: M)", Doc: "the end of a system, or its way along output times; of models, recipes and tests"},
	"rhs":              {Group: "Solves", Use: "rhs(S{x: x}, t: t)", Doc: "the right-hand side of a system at one point"},
	"signal":           {Group: "Solves", Use: "S{u: signal(ts, us)}", Doc: "an input that has the values us at the ascending times ts; what it is between them says its interp:"},
	"multishoot":       {Group: "Solves", Use: "multishoot(S{x: xs}, at: ts, group: n, with: M)", Doc: "a solve along ts that starts again from the data at every n-th time; its gap is the mean squared distance between where a group ends and the data that the next one starts from"},
	"initial":          {Group: "Solves", Use: "initial(x)", Doc: "the start of a state, in the equations of its system"},
	"residual_error":   {Group: "Losses and figures", Use: "residual_error(H, S{x: x}, over: a..b, steps: n, reference: R)", Doc: "mean squared distance of a hypersolver's residual from that of a reference"},
	"trajectory_error": {Group: "Losses and figures", Use: "trajectory_error(H, S{x: x}, over: a..b, steps: n, reference: R)", Doc: "mean squared distance of a hypersolver's trajectory from that of a reference"},
	"avg":              {Group: "Losses and figures", Use: "avg(e)", Doc: "mean over the samples of a batch, in recipes"},
	"l2":               {Group: "Losses and figures", Use: "l2(f)", Doc: "sum of squares of all parameters of a net, system or model"},
	"anneal":           {Group: "Losses and figures", Use: "anneal(from: a, to: b, steps: n)", Doc: "a weight that goes from a to b during the first n steps of training; b in evaluations"},
	"map":              {Group: "Of two and more operands", Use: "map(f, xs)", Doc: "a net or fn applied to each element along the leading axis"},
	"draw":             {Group: "Distributions and random numbers", Use: "draw(d), draw(d, [n])", Doc: "a random value of a distribution, by the seed of the call; a new one for each sample and training step, the same ones in every evaluation"},
	"log_prob":         {Group: "Distributions and random numbers", Use: "log_prob(d, x)", Doc: "logarithm of the density, summed over the elements"},
	"kl":               {Group: "Distributions and random numbers", Use: "kl(p, q)", Doc: "Kullback-Leibler divergence of two distributions of one family, summed over the elements"},
	"normal":           {Group: "Distributions and random numbers", Use: "normal(m, s)", Doc: "normal distribution by mean and standard deviation"},
	"uniform":          {Group: "Distributions and random numbers", Use: "uniform(a, b)", Doc: "uniform distribution"},
	"laplace":          {Group: "Distributions and random numbers", Use: "laplace(m, b)", Doc: "Laplace distribution by mean and scale"},
	"rademacher":       {Group: "Distributions and random numbers", Use: "rademacher()", Doc: "-1 or 1"},
	"standardize":      {Group: "Data", Use: "standardize(x, D.c, per: element)", Doc: "x minus the mean of a column of the training rows, over its deviation; per: element, channel or all"},
	"unstandardize":    {Group: "Data", Use: "unstandardize(x, D.c, per: element)", Doc: "the inverse of standardize"},
	"logscale":         {Group: "Data", Use: "logscale(D.c)", Doc: "logarithm of the determinant of standardize, for densities in raw units"},
	"col":              {Group: "Data", Use: "q [2]real = col(\"a\", \"b\"), load real = first(col(\"load\"))", Doc: "fields of a csv file that a column is made of; first: those of the first row of a window"},
	"rising":           {Group: "Events", Use: "when rising(e) { ... }", Doc: "e passes zero from below"},
	"falling":          {Group: "Events", Use: "when falling(e) { ... }", Doc: "e passes zero from above"},
	"crossing":         {Group: "Events", Use: "when crossing(e) { ... }", Doc: "e passes zero either way"},
	"every":            {Group: "Events", Use: "when every(dt) { ... }", Doc: "at multiples of dt"},
	"grad":             {Group: "Derivatives", Use: "grad(E, x)", Doc: "gradient of a scalar, total through definitions", Formula: "∂E/∂x"},
	"partial":          {Group: "Derivatives", Use: "partial(E, x)", Doc: "gradient of a scalar with definitions held", Formula: "∂E/∂x"},
	"jac":              {Group: "Derivatives", Use: "jac(v, x)", Doc: "Jacobian, of shape shape(v), shape(x)", Formula: "∂v/∂x"},
	"div":              {Group: "Derivatives", Use: "div(v, x)", Doc: "divergence; `by:` takes an estimator, or `{train: hutchinson, eval: exact}`", Formula: "Σ ∂v_i/∂x_i"},
	"hess":             {Group: "Derivatives", Use: "hess(E, x)", Doc: "second derivatives, of shape shape(x), shape(x)", Formula: "∂²E/∂x²"},
	"jvp":              {Group: "Derivatives", Use: "jvp(v, x, dx)", Doc: "derivative in a direction", Formula: "∂v/∂x dx"},
	"vjp":              {Group: "Derivatives", Use: "vjp(v, x, w)", Doc: "product with the Jacobian from the left", Formula: "wᵀ ∂v/∂x"},
}

// inPlace are forms that stand in one place only: columns of data, guards of events.
var inPlace = map[string]bool{"col": true, "rising": true, "falling": true, "crossing": true, "every": true}

// overAxes are the operators that reduce their operand.
var overAxes = map[string]bool{"softmax": true, "log_softmax": true, "logsumexp": true, "argmax": true, "norm": true, "sqnorm": true, "logdet": true}

var lossNames = map[string]bool{"mse": true, "huber": true, "l1": true}

// Functions lists the functions of the language, those that are one operator by the row of the operator.
func Functions() []Function {
	byName := map[string]Function{}
	operator := func(name string, op ir.Op, arity int) {
		f := Function{Name: name, Doc: op.Info().Doc, Formula: op.Info().Formula, Group: "Element by element"}
		args := []string{"x", "y", "z"}
		if name == "clamp" {
			args = []string{"x", "lo", "hi"}
		}
		switch {
		case lossNames[name]:
			f.Group = "Losses and figures"
		case overAxes[name]:
			f.Group = "Over axes"
		case arity > 1:
			f.Group = "Of two and more operands"
		}
		f.Use = name + "(" + strings.Join(args[:arity], ", ") + ")"
		byName[name] = f
	}
	for _, u := range unaryOps {
		operator(u.name, u.op, 1)
	}
	for _, p := range plainOps {
		operator(p.name, p.op, p.arity)
	}
	operator("cross_entropy", ir.OpCrossEntropy, 2)
	operator("accuracy", ir.OpAccuracy, 2)
	for name, f := range forms {
		if row, ok := byName[name]; ok {
			f.Doc, f.Formula = row.Doc, row.Formula
		}
		f.Name = name
		byName[name] = f
	}
	var out []Function
	for _, n := range sortedKeys(byName) {
		if builtins[n] != nil || specialForms()[n] != nil || inPlace[n] {
			out = append(out, byName[n])
		}
	}
	slices.SortStableFunc(out, func(a, b Function) int {
		groups := FunctionGroups()
		return slices.Index(groups, a.Group) - slices.Index(groups, b.Group)
	})
	return out
}
