package ir

// field is one line of a block of the text form: its key, and a pointer to where it is kept. The
// printer and the reader switch on the pointer's type, so that both follow these lists.
type field struct {
	key string
	at  any
}

func (s *Solve) fields() []field {
	return []field{
		{"system", &s.System}, {"solver", &s.Solver}, {"method", &s.Method}, {"own", &s.Own}, {"region", &s.Region},
		{"states", &s.States}, {"extras", &s.Extras}, {"times", &s.Times}, {"stops", &s.Stops},
		{"adaptive", &s.Adaptive}, {"fsal", &s.FSAL}, {"record", &s.Record}, {"keepevery", &s.KeepEvery}, {"keepbytes", &s.KeepBytes}, {"undo", &s.Undo}, {"stretches", &s.Stretches},
		{"order", &s.Order}, {"steps", &s.Steps}, {"stepsize", &s.StepSize}, {"persample", &s.PerSample}, {"compat", &s.Compat}, {"stepgroup", &s.StepGroup},
		{"rtol", &s.RTol}, {"atol", &s.ATol}, {"firststep", &s.FirstStep}, {"minstep", &s.MinStep}, {"maxstep", &s.MaxStep}, {"minfactor", &s.MinFactor}, {"maxsteps", &s.MaxSteps},
		{"stepevals", &s.StepEvals}, {"denseevals", &s.DenseEvals}, {"firstevals", &s.FirstEvals}, {"beginevals", &s.BeginEvals}, {"startsteps", &s.StartSteps}, {"startevals", &s.StartEvals},
		{"events", &s.Events}, {"eventtol", &s.EventTol}, {"eventmax", &s.EventMax}, {"guard", &s.Guard},
		{"field", &s.Field}, {"piece", &s.Piece}, {"within", &s.Within}, {"begin", &s.Begin}, {"start", &s.Start}, {"startdense", &s.StartDense}, {"step", &s.Step}, {"densestep", &s.DenseStep}, {"dense", &s.Dense}, {"norm", &s.Norm},
		{"first", &s.First}, {"firstnorms", &s.FirstNorms}, {"firstbend", &s.FirstBend}, {"firstlength", &s.FirstLength}, {"control", &s.Control}, {"replay", &s.Replay}, {"replayat", &s.ReplayAt}, {"replaydense", &s.ReplayDense}, {"startat", &s.StartAt}, {"given", &s.Given},
		{"sensitivity", &s.Sensitivity},
	}
}

func (r *Rev) fields() []field {
	return []field{{"solve", &r.Solve}, {"region", &r.Region}, {"stepvjp", &r.StepVJP}, {"atvjp", &r.AtVJP}, {"densevjp", &r.DenseVJP}, {"startvjp", &r.StartVJP}, {"startatvjp", &r.StartAtVJP}, {"beginvjp", &r.BeginVJP}, {"keep", &r.Keep}, {"keptvjp", &r.KeptVJP}, {"startkeep", &r.StartKeep}, {"first", &r.First}, {"eventvjps", &r.Events}, {"params", &r.Params}}
}

func (m *Model) fields() []field {
	return []field{{"doc", &m.Doc}, {"func", &m.Func}, {"inputs", &m.Inputs}, {"outputs", &m.Outputs}, {"solves", &m.Solves}, {"paths", &m.Paths}}
}

func (r *Recipe) fields() []field {
	return []field{
		{"doc", &r.Doc}, {"columns", &r.Columns}, {"objective", &r.Objective}, {"combine", &r.Combine}, {"metrics", &r.Metrics},
		{"solves", &r.Solves}, {"training", &r.Training}, {"trainingsolves", &r.TrainingSolves}, {"grad", &r.Grad}, {"gradinputs", &r.GradInputs}, {"attack", &r.Attack}, {"attacked", &r.Attacked}, {"design", &r.Design}, {"trained", &r.Trained}, {"through", &r.Through}, {"pull", &r.Pull}, {"frozen", &r.Frozen},
		{"set", &r.Settings},
	}
}

func (d *DataSet) fields() []field {
	return []field{{"doc", &d.Doc}, {"columns", &d.Columns}, {"set", &d.Settings}}
}

func (m *Module) fields() []field {
	return []field{{"doc", &m.Doc}, {"files", &m.Files}, {"prepare", &m.Prepare}}
}

// attrForm says how the attribute of an operator is spelled, after its operands unless noted.
type attrForm uint8

const (
	attrNone  attrForm = iota
	attrShape          // [2,3]
	attrPairs          // [0:2, 1:3]
	attrAxis           // axis 0
	attrAxes           // axes [0,1]; nothing for all of them
	attrElem           // f64
	attrClass          // 5 f32: length and element type
	attrIndex          // 2
	attrNum            // 0.01
	attrFunc           // name, before the operands
	attrSolve          // name, before the operands
	attrRev            // name, before the operands
	attrMap            // name n mapped, before the operands
	attrScan           // name n carry mapped, back and guard if it is, before the operands
	attrSite           // 123 [2,3]: site and shape
)

func (op Op) attrForm() attrForm {
	switch op {
	case OpReshape, OpTranspose, OpExpand, OpConv, OpConvInput, OpConvWeight, OpWindows, OpUnwindows:
		return attrShape
	case OpSlice, OpPad:
		return attrPairs
	case OpConcat, OpReverse, OpCumsum:
		return attrAxis
	case OpSum, OpReduceMax, OpReduceMin, OpMean:
		return attrAxes
	case OpCast:
		return attrElem
	case OpOneHot:
		return attrClass
	case OpResult, OpScatter, OpLocate:
		return attrIndex
	case OpLeakyRelu:
		return attrNum
	case OpCall:
		return attrFunc
	case OpSolve:
		return attrSolve
	case OpRev:
		return attrRev
	case OpMap:
		return attrMap
	case OpScan:
		return attrScan
	case OpUniform:
		return attrSite
	}
	return attrNone
}

// Spellings of initialisers and transforms.
var (
	initNames = [...]string{InitZeros: "zeros", InitConst: "const", InitUniform: "uniform", InitNormal: "normal", InitLinearDefault: "linear", InitData: "data",
		InitLaplace: "laplace", InitRademacher: "rademacher"}
	transformNames = [...]string{NoTransform: "none", Above: "above", Below: "below", Between: "between"}
)

// globalRegion is the outer region of a kind that every module shares; nil for others.
func globalRegion(k RegionKind) *Region {
	for _, r := range []*Region{ModuleRegion, ParamsRegion, BatchRegion, SampleRegion} {
		if r.Kind == k {
			return r
		}
	}
	return nil
}

// label is the last part of the path of r: its kind, and the name it may have.
func (r *Region) label() string {
	if r.Name == "" {
		return r.Kind.String()
	}
	return r.Kind.String() + "(" + quoteName(r.Name) + ")"
}
