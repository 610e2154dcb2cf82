package cudagen

import (
	"reflect"
	"slices"
	"testing"

	"ndec.dev/ndec/ir"
)

// Every element-wise primitive has a spelling. Whole-array operators are covered by TestRandomModules, whose
// modules use every operator.
func TestSpellings(t *testing.T) {
	for op := ir.Op(1); op < ir.NumOps; op++ {
		_, spelled := spellings[op]
		if elem := op.Info().Class == ir.ClassElem; elem != spelled {
			t.Errorf("%s: element-wise %t, spelled %t", op, elem, spelled)
		}
	}
}

// What a solve can be is known here: a new field of ir.Solve means that the loop changes, and somebody has to
// look at solve.go of this package before it is added below.
func TestSolveFields(t *testing.T) {
	known := []string{"Name", "Span", "System", "Solver", "Method", "Own", "Region", "States", "Extras", "Times", "Stops", "Adaptive", "FSAL", "Order",
		"Steps", "StepSize", "RTol", "ATol", "FirstStep", "MinStep", "MaxStep", "MinFactor", "MaxSteps", "StepEvals", "DenseEvals", "BeginEvals", "Field", "Piece", "Within", "Begin", "Step",
		"DenseStep", "Dense", "Norm", "First", "FirstNorms", "FirstBend", "FirstLength", "FirstEvals", "Control", "Replay", "ReplayAt", "ReplayDense", "Sensitivity", "Record",
		"Events", "EventTol", "EventMax", "Guard", "Stretches",
		"StartSteps", "StartEvals", "Start", "StartDense", "StartAt", "PerSample", "Compat",
		"StepGroup",                      // layer by layer alone
		"KeepEvery", "KeepBytes", "Undo", // less memory: kernels keep every state
		"Given"} // of single steps, which users take on the CPU
	typ := reflect.TypeFor[ir.Solve]()
	for i := range typ.NumField() {
		if name := typ.Field(i).Name; !slices.Contains(known, name) {
			t.Errorf("ir.Solve has a field %s that the CUDA back end does not know", name)
		}
	}
}

func TestSnake(t *testing.T) {
	for in, want := range map[string]string{"Moons.0.step": "moons_0_step", "FitTiny": "fit_tiny", "f.0.weight": "f_0_weight", "α": "u03b1", "x²": "x",
		"2x": "v2x", "ndec_x": "vndec_x", "HNN": "hnn", "": "v"} {
		if got := snake(in); got != want {
			t.Errorf("snake(%q) = %q, want %q", in, got, want)
		}
	}
}
