package recipe

// targets are what `target NAME{…}` may ask for. They leave nothing to the runtime: back ends read them.
var targets = []Row{
	{Name: "go", InIR: true, Doc: "a Go package, which is always made", Options: []Option{
		{Key: "package", Kind: Text, Doc: "name of the package, which has to be that of the program"},
		{Key: "jacobians", Kind: Any, Doc: "models whose derivatives by their inputs are models of the package too: [Step]"},
		{Key: "alloc", Kind: Name, Choices: []string{"none"}, Doc: "none puts a test into the package that Forward of each model allocates nothing"},
		{Key: "runtime", Kind: Name, Choices: []string{"embedded"}, Doc: "embedded puts a copy of rt beside the package, into a folder rt, so that it imports the standard library alone"},
	}},
	{Name: "cuda", InIR: true, Doc: "kernels for NVIDIA devices beside the Go package", Options: []Option{
		{Key: "arch", Kind: Texts, Doc: "devices that nvcc makes PTX for, where it is there: [\"sm_80\", \"sm_90\"]; sm_80 if not given"},
		{Key: "fuse", Kind: Name, Name: "solve", Choices: []string{"step", "solve"}, Doc: "what one launch holds at least; all kernels hold the whole solve"},
	}},
}
