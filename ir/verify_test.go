package ir

import (
	"strings"
	"testing"
)

// Every rule is broken once in a module that is right.
func TestVerify(t *testing.T) {
	fn := func(m *Module, name string) *Func { return m.FuncByName(name) }
	swap := func(f *Func, i, j int) { f.Values[i], f.Values[j] = f.Values[j], f.Values[i] }
	last := func(f *Func) *Value { return f.Values[len(f.Values)-1] }
	for _, c := range []struct {
		name string
		do   func(m *Module)
		want string
	}{
		{"real", func(m *Module) { m.Real = Bool }, "module moons: real numbers cannot be bool"},
		{"order", func(m *Module) { swap(fn(m, "shapes"), 2, 3) }, "function shapes: %3 transpose: operand 0 does not come before it"},
		{"other function", func(m *Module) { last(fn(m, "shapes")).Args[0] = fn(m, "f").Args[0] }, "function shapes: %9 reverse: operand 0"},
		{"type", func(m *Module) { fn(m, "f").Results[0].Type = Tensor(F32, 3) }, "function f: %12 mul: type [3]f32, its row says [2]f32"},
		{"id", func(m *Module) { last(fn(m, "f")).ID = 2 }, "function f: %2 mul: its ID is taken"},
		{"id range", func(m *Module) { last(fn(m, "f")).ID = 99 }, "function f: %99 mul: its ID is taken or out of range"},
		{"argument order", func(m *Module) { swap(fn(m, "shapes"), 0, 1) }, "function shapes: %1 arg: value 0 should be argument 0"},
		{"late argument", func(m *Module) { f := fn(m, "shapes"); f.Args = f.Args[:1] }, "function shapes: %1 arg: an argument after other values"},
		{"operator", func(m *Module) { last(fn(m, "f")).Op = NumOps }, "function f: %12 op?: no such operator"},
		{"arity", func(m *Module) { v := last(fn(m, "f")); v.Args = v.Args[:1] }, "function f: %12 mul: 1 operands instead of 2"},
		{"attribute", func(m *Module) { last(fn(m, "shapes")).Attr.Index = 4 }, "function shapes: %9 reverse: [2]f32 has no axis 4"},
		{"result", func(m *Module) { fn(m, "f").Results[0] = &Value{} }, "function f: result 0 is not one of its values"},
		{"accum", func(m *Module) { fn(m, "f").Accum = make([]bool, 2) }, "function f: 2 accumulation marks"},
		{"function name", func(m *Module) { fn(m, "f").Name = "run" }, "two functions are called run"},
		{"parameter index", func(m *Module) { m.Params[1].Index = 0 }, "parameter f.0.bias: index 0 at place 1"},
		{"parameter", func(m *Module) { m.Derived = nil }, "function f: %14 param: its parameter is not in the module"},
		{"callee order", func(m *Module) { m.Funcs[0], m.Funcs[2] = m.Funcs[2], m.Funcs[0] }, "function Moons.field: %5 call: function f does not come before it"},
		{"solve", func(m *Module) { m.Solves = nil }, "function run: %3 solve: its solve is not in the module"},
		{"solve function", func(m *Module) { m.Solves[0].Step = &Func{Name: "g"} }, "function run: %3 solve: function g does not come before it"},
		{"field", func(m *Module) { m.Solves[0].Field = fn(m, "Moons.step") }, "solve Moons.0: field: arguments of Moons.step: 7 and not 4"},
		{"control", func(m *Module) { m.Solves[0].Control = nil }, "solve Moons.0: no control"},
		{"dense", func(m *Module) { m.Solves[0].Dense = nil }, "solve Moons.0: no dense output"},
		{"norm", func(m *Module) { m.Solves[0].Norm = m.Solves[0].Control }, "solve Moons.0: norm: arguments of Moons.control"},
		{"step without memory", func(m *Module) { m.Solves[0].FSAL = false }, "solve Moons.0: step: arguments of Moons.step: 7 and not 5"},
		{"sweep", func(m *Module) { m.revs()[0].AtVJP = m.revs()[0].StepVJP }, "reverse sweep Moons.0.rev: output times: arguments of Moons.stepvjp"},
		{"sum", func(m *Module) { fn(m, "Moons.stepvjp").Accum = nil }, "reverse sweep Moons.0.rev: Moons.stepvjp: result 3, of a parameter"},
		{"model", func(m *Module) { m.Models[0].Outputs = nil }, "model Moons: function: results of run: 6 and not 5"},
		{"path", func(m *Module) { m.Models[0].Paths[0] = fn(m, "run") }, "model Moons: path of Moons.0: results of run"},
		{"objective", func(m *Module) { m.Recipes[0].Objective = nil }, "recipe Train: no objective"},
		{"gradient", func(m *Module) { m.Recipes[0].Trained = nil }, "recipe Train: gradient: results of objective.vjp: 7 and not 6"},
		{"trained", func(m *Module) { m.Recipes[0].Trained = m.Derived }, "recipe Train: parameter f.0.half is not one of the module's"},
		{"prepare", func(m *Module) { m.Prepare = nil }, "derived parameters, and no function"},
	} {
		_, m := moons(t)
		c.do(m)
		if err := Verify(m); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: error %v, want %s", c.name, err, c.want)
		}
	}
}
