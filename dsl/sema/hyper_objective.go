package sema

import (
	"math"

	"ndec.dev/ndec/dsl/syntax"
	"ndec.dev/ndec/ir"
)

// HyperError is residual_error or trajectory_error of a hypersolver against a reference solve from
// the same start. Its type is a real scalar; of N steps, N drawn from MinSteps..MaxSteps for every batch (the mean
// over all of them where the optimiser is lstsq), it is
//
//	residual:   mean over k < N of |g_k - (z_{k+1} - base(z_k)) / h^(p+1)|²
//	trajectory: mean over 0 < k <= N of |zH_k - z_k|²
//
// where h = (To-From)/N, z_k is the reference at From + k h, base is one step of the base method of
// order p, g_k the residual at z_k and zH_k the solution of the hypersolver in N steps. Squares
// are summed over states.
type HyperError struct {
	Node
	Residual           bool
	Solver             *Solver // with Hyper set
	System             *System
	Starts, Extras     []Expr // by state, by context
	From, To           float64
	MinSteps, MaxSteps int
	Reference          *Solver
}

// hyperErrorKeys are the named arguments of the objectives of hypersolvers.
var hyperErrorKeys = []string{"over", "steps", "reference"}

// maxMesh bounds the mesh points of one objective, since each is a part of the emitted program.
const maxMesh = 4096

// hyperError is residual_error(H, Sys{…}, over: a..b, steps: n..m, reference: R) and its relative.
func (c *checker) hyperError(residual bool, x *syntax.CallExpr, piped Expr, e *env) Expr {
	at := x.At()
	name := x.Fn.(*syntax.Ident).Name
	if e.where != inRecipe {
		c.errorf("NDE0715", at, "%s is an objective and stands in recipes only", name)
		return invalid(at)
	}
	var plain []syntax.Expr
	named := map[string]syntax.Expr{}
	for _, a := range x.Args {
		switch {
		case a.Key == nil:
			plain = append(plain, a.Value)
		case !contains(hyperErrorKeys, a.Key.Name):
			c.errorf("NDE0307", a.Key.At(), "%s has no argument %q%s", name, a.Key.Name, didYouMean(a.Key.Name, hyperErrorKeys))
			return invalid(at)
		case named[a.Key.Name] != nil:
			c.errorf("NDE0525", a.Key.At(), "%s is given twice", a.Key.Name)
			return invalid(at)
		default:
			named[a.Key.Name] = a.Value
		}
	}
	if piped != nil || len(plain) != 2 || named["over"] == nil || named["reference"] == nil {
		c.errorf("NDE0303", at, "%s is written %s(H, Sys{...}, over: a..b, steps: n, reference: R)", name, name)
		return invalid(at)
	}
	out := &HyperError{Node: Node{T: Scalar(Real), At: at}, Residual: residual}
	if !c.hyperSteps(out, plain[0], named["steps"], e) {
		return invalid(at)
	}
	sys, starts, extras, ok := c.systemLiteral(plain[1], at, e)
	if !ok || !c.hyperFits(out.Solver, sys, plain[0].At()) {
		return invalid(at)
	}
	out.System, out.Starts, out.Extras = sys, starts, extras
	over, isRange := named["over"].(*syntax.RangeExpr)
	if !isRange {
		c.errorf("NDE0526", named["over"].At(), "over: wants a range a..b")
		return invalid(at)
	}
	for i, end := range []syntax.Expr{over.Lo, over.Hi} {
		v, ok := c.timeOf(end, e)
		l := literal(v)
		if ok && l == nil {
			c.errorf("NDE0610", end.At(), "over: of %s wants constants, so that its mesh is known", name)
		}
		if l == nil {
			return invalid(at)
		}
		*[]*float64{&out.From, &out.To}[i] = l.Num
	}
	if out.From == out.To || math.IsInf(out.From-out.To, 0) {
		c.errorf("NDE0526", over.At(), "over: of %s wants two different finite times", name)
		return invalid(at)
	}
	if out.Reference = c.solverRef(named["reference"]); out.Reference == nil || !c.hyperFits(out.Reference, sys, named["reference"].At()) {
		return invalid(at)
	}
	return out
}

// hyperSteps reads the hypersolver and steps: n or n..m, which is the declaration's number when
// left out.
func (c *checker) hyperSteps(out *HyperError, h, steps syntax.Expr, e *env) bool {
	id, ok := h.(*syntax.Ident)
	d := (*decl)(nil)
	if ok {
		d = c.find(id, "NDE0501", "hypersolver")
	} else {
		c.errorf("NDE0303", h.At(), "the first argument is the name of a hypersolver; steps: gives the number of its steps")
	}
	if d == nil || !c.touch(d) || d.hyper == nil {
		return false
	}
	s := *d.hyper.Base
	s.Name, s.Hyper, s.StepSize = d.name, d.hyper, 0
	out.Solver = &s
	out.MinSteps, out.MaxSteps = s.Steps, s.Steps
	if steps != nil {
		lo, hi := steps, steps
		if r, ok := steps.(*syntax.RangeExpr); ok {
			lo, hi = r.Lo, r.Hi
		}
		if out.MinSteps, ok = c.sizeOf(lo, e); !ok {
			return false
		}
		if out.MaxSteps, ok = c.sizeOf(hi, e); !ok {
			return false
		}
	} else if s.Steps == 0 {
		c.errorf("NDE0605", h.At(), "hypersolver %s has no number of steps here: write steps: n or n..m, or a default in its base", d.name)
		return false
	}
	n, m := out.MinSteps, out.MaxSteps
	if m < n || m > maxMesh || (n+m)*(m-n+1)/2 > maxMesh {
		c.errorf("NDE0611", h.At(), "steps: %d..%d is not a range of at most %d steps together", n, m, maxMesh)
		return false
	}
	return true
}

// fitted reports whether the optimiser of a recipe needs no steps.
func fitted(b *block) bool {
	s, ok := ir.FindSetting(b.got, "optimizer")
	return ok && s.Choice != nil && s.Choice.Row == "lstsq"
}
