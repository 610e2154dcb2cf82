package lower

import (
	"fmt"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// config is what a method needs from a solver: its step control, and of a hypersolver the residual.
func (s *scope) config(by *sema.Solver, sys *system, solve *ir.Solve) method.Config {
	cfg := method.Config{MaxNorm: by.MaxNorm, ATols: by.ATols, RTols: by.RTols}
	if by.Control.Row != "" {
		cfg.Control = method.ControlOf(&by.Control)
	}
	if by.Hyper == nil {
		return cfg
	}
	cfg.Residual = s.residualFunc(by.Hyper, sys, solve.Name+".residual")
	cfg.Residual.Region = ir.SampleRegion.Inside(ir.RegionSolve, solve.Name).Inside(ir.RegionStep, "")
	for _, r := range by.Hyper.Residuals {
		cfg.Residuals = append(cfg.Residuals, r.State)
	}
	return cfg
}

// residualFunc is (t, h, states…, integrals…, slopes…, slopes of integrals…, extras…) ->
// residuals, a function of its own for every solve, as its field is.
func (l *lowerer) residualFunc(h *sema.Hyper, sys *system, name string) *ir.Func {
	s := l.scope(name, fmt.Sprintf("residual of hypersolver %s", h.Name), h.Span)
	s.arg(sys.Time)
	step := s.b.Arg("h", ir.Scalar(ir.F64))
	states := func(prefix string, vars func(i int) *sema.Var) {
		for i := range sys.States {
			s.arg(vars(i))
		}
		for _, q := range sys.Integrals {
			s.b.Span = q.Span
			s.b.Arg(prefix+q.Name, ir.Scalar(l.m.Real)) // residuals cannot see integrals
		}
	}
	states("", func(i int) *sema.Var { return sys.States[i].Var })
	states("d", func(i int) *sema.Var { return h.Slopes[i] })
	s.extraArgs(sys)
	s.b.Span = h.Span
	s.vars[h.Step] = s.b.Cast(step, l.m.Real)
	var results []*ir.Value
	for _, r := range h.Residuals {
		results = append(results, s.expr(r.Expr))
		s.b.Func.ResultNames = append(s.b.Func.ResultNames, "r"+sys.States[r.State].Var.Name)
	}
	return l.add(s.b.Return(results...))
}
