package driver

import (
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/plan"
)

// HyperCost is what a step of a hypersolver costs beside its base.
type HyperCost struct {
	plan.SolveCost
	MulAdds, Trans int     // of the residual, per step
	Over           float64 // multiply-adds of a step, in steps of the base
}

// HyperCosts lists the solves of res by a hypersolver, each once.
func (res *Result) HyperCosts() []HyperCost {
	noisy := map[string]bool{} // their methods evaluate the noise beside the field
	for _, s := range res.Program.Systems {
		noisy[s.Name] = len(s.Noise) > 0
	}
	var out []HyperCost
	for _, c := range res.Plan.SolveCosts() {
		base := c.Evals * c.PerEval.MulAdds
		h := HyperCost{SolveCost: c, MulAdds: c.PerStep.MulAdds - base, Trans: c.PerStep.Trans - c.Evals*c.PerEval.Trans}
		if c.Adaptive || c.SavedPerStep > 0 || noisy[c.System] || h.MulAdds <= 0 || base == 0 {
			continue
		}
		h.Over = float64(c.PerStep.MulAdds) / float64(base)
		out = append(out, h)
	}
	return out
}

// dear is from how many steps of its base on a step of a hypersolver is worth a warning.
const dear = 10

// vetCosts warns of what costs much more than the rest.
func (res *Result) vetCosts() diag.List {
	var ds diag.List
	said := map[string]bool{}
	for _, h := range res.HyperCosts() {
		if h.Over < dear || said[h.System+h.Method] {
			continue
		}
		said[h.System+h.Method] = true
		ds.Warnf("W1235", h.Span, "a step with this residual costs as much as %.0f steps of %s: it pays only where it saves that many; ndec bench --pareto says whether, a smaller net costs less", h.Over, h.Method)
	}
	return ds
}
