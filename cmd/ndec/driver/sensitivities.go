package driver

import (
	"fmt"
	"math"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/method"
	"ndec.dev/ndec/ir/plan"
)

// SensitivityCost is what the gradient through a solve of a recipe costs by one sensitivity.
type SensitivityCost struct {
	Solve       string // name in the module
	Where       diag.Span
	Sensitivity string // with its options
	InUse       bool   // the program takes it
	Refused     string // why the program does not compile with it; the rest is then 0

	Step plan.Cost // of a step of the solve
	Back plan.Cost // of the way back, for a step of the solve; of an adjoint equation with as many steps as the solve
	// Bytes are kept by a worker for each step, and SomeBytes for every n-th step besides; Bound is a bound on all of them.
	Bytes, SomeBytes, EveryNth, Bound int
	AtMost                            int // steps that are recorded at once; 0 where that is not known
}

// Gradient is the time of loss and gradient over that of the loss, as far as steps go: in slots of vector operations.
func (c SensitivityCost) Gradient() float64 {
	return float64(c.Step.Slots+c.Back.Slots) / float64(max(c.Step.Slots, 1))
}

// Memory is the number of bytes that a worker keeps; -1 where it depends on steps that are not known.
func (c SensitivityCost) Memory() int {
	switch {
	case c.Bound > 0:
		return c.Bound
	case c.Bytes == 0 && c.SomeBytes == 0:
		return 0
	case c.AtMost == 0:
		return -1
	}
	n := c.Bytes * c.AtMost
	if c.EveryNth > 0 { // and those between two of them on the way back
		n += c.SomeBytes * ((c.AtMost+c.EveryNth-1)/c.EveryNth + c.EveryNth - 1)
	}
	return n
}

// Sensitivities says, for each solve of a recipe that a gradient goes through, what every sensitivity costs: as the program
// has it, and with each of the others in its place. It compiles the program once for each.
func Sensitivities(files map[string]string, opts Options) ([]SensitivityCost, diag.List) {
	opts.Until, opts.Unverified, opts.Dump = "plan", true, nil
	res, ds := Compile(files, opts)
	if ds.HasErrors() {
		return nil, ds
	}
	var out []SensitivityCost
	for _, used := range res.sensitivityCosts() {
		used.InUse = true
		out = append(out, used)
		for _, row := range method.Rows(method.Sensitivity) {
			if name, _, _ := strings.Cut(used.Sensitivity, "{"); name != row.Name {
				out = append(out, sensitivityCost(files, opts, used, row.Name))
			}
		}
	}
	return out, nil
}

// sensitivityCost is the cost of the gradient through a solve with another sensitivity.
func sensitivityCost(files map[string]string, opts Options, used SensitivityCost, name string) SensitivityCost {
	opts.Sensitivity = map[string]string{used.Solve: name}
	res, ds := Compile(files, opts)
	for _, d := range ds {
		if d.Severity == diag.Error {
			return SensitivityCost{Solve: used.Solve, Where: used.Where, Sensitivity: name, Refused: fmt.Sprintf("%s [%s]", d.Text, d.Code)}
		}
	}
	for _, c := range res.sensitivityCosts() {
		if c.Solve == used.Solve {
			return c
		}
	}
	return SensitivityCost{Solve: used.Solve, Where: used.Where, Sensitivity: name}
}

// sensitive gives solves of m other sensitivities, by name, with options that suit them.
func sensitive(m *ir.Module, names map[string]string) {
	for _, s := range m.Solves {
		name := names[s.Name]
		if name == "" {
			continue
		}
		s.Sensitivity = ir.Choice{Row: name}
		if name != "checkpoint" {
			continue
		}
		every := 32.0 // as many between kept states as kept ones, where steps are known
		if s.Steps > 0 {
			every = math.Ceil(math.Sqrt(float64(s.Steps * perTime(s))))
		}
		s.Sensitivity.Options = []ir.Setting{{Key: "every", Num: every}}
	}
}

// perTime is how often a solve takes its steps.
func perTime(s *ir.Solve) int {
	if s.PerSample {
		return s.Times
	}
	return 1
}

// sensitivityCosts are those of the gradients of the recipes, each solve once.
func (res *Result) sensitivityCosts() []SensitivityCost {
	var out []SensitivityCost
	at := map[string]int{}
	of := func(s *ir.Solve) *SensitivityCost {
		name := originOf(s)
		i, ok := at[name]
		if !ok {
			i = len(out)
			at[name] = i
			out = append(out, SensitivityCost{Solve: name, Where: s.Span})
		}
		return &out[i]
	}
	seen := map[any]bool{}
	add := func(to *plan.Cost, c plan.Cost) {
		to.MulAdds += c.MulAdds
		to.Elem += c.Elem
		to.Trans += c.Trans
		to.Slots += c.Slots
		to.FunctionSlots += c.FunctionSlots
	}
	var walk func(f *ir.Func, times int)
	walk = func(f *ir.Func, times int) {
		for _, v := range f.Values {
			switch v.Op {
			case ir.OpSolve:
				s := v.Attr.Solve
				if seen[s] {
					continue
				}
				seen[s] = true
				c := of(s)
				step := res.Plan.Of(s.Step).Cost
				switch {
				case strings.Contains(s.Name, ".adjoint"):
					add(&c.Back, step)
					if s.Record {
						c.Bytes, c.AtMost = 16+res.bytesOf(s), s.Steps*perTime(s)
					}
				case strings.Contains(s.Name, ".tangent"):
					for range times {
						add(&c.Back, step)
					}
				case s.Record:
					res.kept(c, s)
				}
				c.Step = step
				for _, origin := range res.Module.Solves {
					if origin.Name == c.Solve {
						c.Step = res.Plan.Of(origin.Step).Cost
						c.Sensitivity = sensitivityText(origin, s)
					}
				}
				if c.Sensitivity == "" {
					c.Sensitivity = sensitivityText(s, s)
				}
			case ir.OpRev:
				r := v.Attr.Rev
				if seen[r.StepVJP] {
					continue
				}
				seen[r.StepVJP] = true
				if r.Solve.Stretches {
					walk(r.StepVJP, 1)
					continue
				}
				c := of(r.Solve)
				add(&c.Back, res.Plan.Of(r.StepVJP).Cost)
				if r.Solve.Remakes() {
					add(&c.Back, res.Plan.Of(r.Solve.Replay).Cost)
				}
			case ir.OpMap:
				walk(v.Attr.Map.Fn, v.Attr.Map.N)
			case ir.OpScan:
				walk(v.Attr.Scan.Fn, 1)
			case ir.OpCall:
				walk(v.Attr.Func, times)
			}
		}
	}
	for _, r := range res.Module.Recipes {
		if r.Grad != nil {
			walk(r.Grad, 1)
		}
	}
	through := out[:0] // others have no gradient
	for _, c := range out {
		if c.Back != (plan.Cost{}) {
			through = append(through, c)
		}
	}
	return through
}

// kept says what a recorded solve keeps.
func (res *Result) kept(c *SensitivityCost, s *ir.Solve) {
	state := res.bytesOf(s)
	c.AtMost = s.Steps * perTime(s)
	switch {
	case s.KeepEvery > 0:
		c.Bytes, c.SomeBytes, c.EveryNth = 16, state+8, s.KeepEvery
	case s.KeepBytes > 0:
		c.Bound = s.KeepBytes
	case s.Stretches: // a few states, as many as there are events and output times
	case s.Undo && (s.Adaptive || len(s.Events) > 0):
		c.Bytes = 24
	case s.Undo:
	default:
		c.Bytes = 16 + state
	}
}

// bytesOf is the size of the states of s.
func (res *Result) bytesOf(s *ir.Solve) int {
	n := 0
	for _, st := range s.States {
		n += st.Type.Len() * st.Type.Elem.Bytes()
	}
	return n
}

// originOf is the name of the solve that a differentiated one was made from.
func originOf(s *ir.Solve) string {
	name := s.Name
	for _, made := range []string{".rec", ".adjoint", ".tangent"} {
		name, _, _ = strings.Cut(name, made)
	}
	return name
}

// sensitivityText spells the sensitivity of s, of which made is what its gradient runs.
func sensitivityText(s, made *ir.Solve) string {
	name := s.Sensitivity.Row
	if name == "" {
		name = "backprop"
	}
	switch {
	case made.KeepEvery > 0:
		name += fmt.Sprintf("{every: %d}", made.KeepEvery)
	case made.KeepBytes > 0:
		name += fmt.Sprintf("{memory: %d}", made.KeepBytes)
	}
	return name
}
