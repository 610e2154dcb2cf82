package codegen_test

import (
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/method"
)

// sensitivityProblems are solves whose gradients go other ways than that of TestSolves' methods.
func sensitivityProblems() []problem {
	rk4, bosh3 := method.Lookup("rk4"), method.Lookup("bosh3")
	pair, several := systems[1], systems[2]
	ps := []problem{
		// One solve run twice: each run has its own record of steps.
		{of: several, method: rk4, real: ir.F64, twice: true},
		{of: pair, method: bosh3, real: ir.F64, twice: true},
	}
	for _, s := range []ir.Choice{
		{Row: "adjoint"},
		{Row: "adjoint", Options: []ir.Setting{{Key: "restart", Text: "solved"}}},
		{Row: "adjoint", Options: []ir.Setting{{Key: "seminorm", Num: 0}}},
		{Row: "adjoint", Options: []ir.Setting{{Key: "with", Choice: &ir.Choice{Row: "heun3", Options: []ir.Setting{{Key: "steps", Num: 11}}}}}},
		{Row: "quadrature"},
		{Row: "interpolated"},
		{Row: "forward"},
		{Row: "checkpoint", Options: []ir.Setting{{Key: "every", Num: 2}}},
		{Row: "checkpoint", Options: []ir.Setting{{Key: "memory", Num: 3400}}}, // a few states beside the times of 200 steps
	} {
		set := func(x *ir.Solve) { x.Sensitivity = s }
		ps = append(ps, problem{of: several, method: rk4, real: ir.F64, set: set},
			problem{of: pair, method: rk4, real: ir.F64, times: 4, back: true, set: set},
			problem{of: several, method: bosh3, real: ir.F64, times: 3, set: set})
	}
	return ps
}
