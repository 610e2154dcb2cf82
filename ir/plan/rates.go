package plan

import (
	"fmt"
	"slices"

	"ndec.dev/ndec/ir"
)

// RateCost is the work that has one rate.
type RateCost struct {
	Rate      ir.Rate
	Region    string // "params", "sample", "solve M.0", "step of M.0", …
	Operators int    // that compute something: no arguments, constants, moves and nodes
	Cost      Cost   // of one run of the region
}

// RateCosts says how often what changes: the operators of all functions that are emitted, by their rates, outer regions first.
// An operator is evaluated once in its region, for every sample.
func (p *Plan) RateCosts() []RateCost {
	var out []RateCost
	for _, f := range p.Funcs {
		for _, v := range f.IR.Values {
			if !computes(v) || v.Rate.Region == nil {
				continue
			}
			region := regionText(v.Rate.Region)
			i := slices.IndexFunc(out, func(c RateCost) bool { return c.Region == region && c.Rate.PerSample == v.Rate.PerSample })
			if i < 0 {
				i = len(out)
				out = append(out, RateCost{Rate: v.Rate, Region: region})
			}
			out[i].Operators++
			out[i].Cost.Add(p.CostOf(v), 1)
		}
	}
	slices.SortStableFunc(out, func(a, b RateCost) int { return a.Rate.Region.Depth() - b.Rate.Region.Depth() })
	return out
}

// computes reports whether v makes numbers.
func computes(v *ir.Value) bool {
	switch class := v.Op.Info().Class; {
	case v.Op == ir.OpArg || v.Op == ir.OpResult:
		return false
	default:
		return class != ir.ClassLeaf && class != ir.ClassShape && class != ir.ClassNode
	}
}

// regionText names a region by what it is in: "stage of M.0".
func regionText(r *ir.Region) string {
	if r.Name != "" {
		return fmt.Sprintf("%s %s", r.Kind, r.Name)
	}
	for in := r.Parent; in != nil; in = in.Parent {
		if in.Name != "" {
			return fmt.Sprintf("%s of %s", r.Kind, in.Name)
		}
	}
	return r.Kind.String()
}
