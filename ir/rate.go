package ir

// RegionKind tells where code runs, and so how often.
type RegionKind uint8

// Regions, outermost first. A solve holds a step region, a step a stage region.
const (
	RegionModule RegionKind = iota // compile time
	RegionParams                   // once per parameter update
	RegionBatch
	RegionSample
	RegionSolve
	RegionStep
	RegionStage
	RegionMap
	RegionRev
	RegionScan
)

var regionNames = [...]string{"module", "params", "batch", "sample", "solve", "step", "stage", "map", "rev", "scan"}

func (k RegionKind) String() string { return regionNames[k] }

// Region is a node of the tree of regions: module > params > batch > sample > solve > step > stage.
type Region struct {
	Kind   RegionKind
	Name   string // of a solve, map, scan or reverse sweep
	Parent *Region
}

// The outer regions are the same for every module.
var (
	ModuleRegion = &Region{Kind: RegionModule}
	ParamsRegion = &Region{Kind: RegionParams, Parent: ModuleRegion}
	BatchRegion  = &Region{Kind: RegionBatch, Parent: ParamsRegion}
	SampleRegion = &Region{Kind: RegionSample, Parent: BatchRegion}
)

// Inside makes a region within r.
func (r *Region) Inside(kind RegionKind, name string) *Region {
	return &Region{Kind: kind, Name: name, Parent: r}
}

// Depth is the distance from the module.
func (r *Region) Depth() int {
	n := 0
	for r != nil && r.Parent != nil {
		n++
		r = r.Parent
	}
	return n
}

// Rate is the innermost region that a value depends on, and whether it differs between samples
// (written with a star). The zero Rate is unknown.
type Rate struct {
	Region    *Region
	PerSample bool
}

// String is "stage", "stage*", "solve(Moons.0)*"; "?" when unknown.
func (r Rate) String() string {
	if r.Region == nil {
		return "?"
	}
	s := r.Region.Kind.String()
	if r.Region.Name != "" {
		s += "(" + r.Region.Name + ")"
	}
	if r.PerSample {
		s += "*"
	}
	return s
}

// Join is the rate of a value that depends on both.
func (r Rate) Join(o Rate) Rate {
	out := Rate{Region: r.Region, PerSample: r.PerSample || o.PerSample}
	if o.Region.Depth() > r.Region.Depth() || r.Region == nil {
		out.Region = o.Region
	}
	return out
}
