package recipe

// DataKeys are the settings of a data block.
func DataKeys() []Option { return dataKeys }

var dataKeys = []Option{
	{Key: "source", Kind: Choice, Required: true, Group: Source, Doc: "where rows come from"},
	{Key: "split", Kind: Choice, Group: Split, Doc: "shares for training, validation and test"},
	{Key: "stream", Kind: Bool, Doc: "new rows in every epoch, so that no batch sees a row again; of generated sources"},
}

func count(def float64) Option {
	return Option{Key: "n", Kind: Int, Default: def, Min: 1, Max: maxCount, Field: "N", Doc: "number of rows"}
}

func noise(doc string) Option {
	return Option{Key: "noise", Kind: Number, Max: inf, Field: "Noise", Doc: doc}
}

var dataSeed = Option{Key: "seed", Kind: Int, Min: 0, Max: 1 << 53, Field: "Seed", Doc: "of the generator"}

var path = Option{Key: "path", Kind: Text, Required: true, Field: "File",
	Doc: "file, relative to the folder of the .nde file; a pattern such as logs/*.csv joins files"}

func size(key, field string, def float64, doc string) Option {
	return Option{Key: key, Kind: Number, Default: def, Max: inf, Field: field, Doc: doc}
}

func planeOf(classes int) *Points { return &Points{Dim: 2, Classes: classes} }

var sources = []Row{
	{Name: "moons", Make: "Moons", Points: planeOf(2), Doc: "two interleaved half circles: x [2]real, y label[2]", Options: []Option{
		count(512), noise("width of a uniform number added to both coordinates"), dataSeed}},
	{Name: "circles", Make: "Circles", Points: planeOf(2), Doc: "concentric circles: x [2]real, y label[2]", Options: []Option{
		count(512), noise("standard deviation of points"),
		{Key: "factor", Kind: Number, Default: 0.5, Max: inf, Open: true, Field: "Factor", Doc: "radius of the inner circle"},
		dataSeed}},
	{Name: "spirals", Make: "Spirals", Points: planeOf(2), Doc: "two spirals: x [2]real, y label[2]", Options: []Option{
		count(512), noise("width of a uniform number added to each coordinate"), dataSeed}},
	{Name: "gaussians", Make: "Gaussians", Points: &Points{Dim: -2, By: "k"}, Doc: "clusters on a circle: x [d]real, y label[k]", Options: []Option{
		count(512),
		{Key: "k", Kind: Int, Default: 3, Min: 1, Max: maxCount, Field: "K", Doc: "number of clusters"},
		{Key: "std", Kind: Number, Default: 0.5, Max: inf, Field: "Std", Doc: "standard deviation of a cluster"},
		{Key: "radius", Kind: Number, Default: 3, Max: inf, Field: "Radius", Doc: "of the circle"},
		dataSeed}},
	{Name: "gaussians_spiral", Make: "GaussiansSpiral", Points: &Points{Dim: -2, By: "k"}, Doc: "clusters on a spiral (torchdyn): x [d]real, y label[k]", Options: []Option{
		count(512),
		{Key: "k", Kind: Int, Default: 7, Min: 1, Max: maxCount, Field: "K", Doc: "number of clusters"},
		{Key: "per_loop", Kind: Int, Default: 4, Min: 1, Max: maxCount, Field: "PerLoop", Doc: "clusters in a turn"},
		size("radius", "Radius", 1, "of the first cluster"), size("end_radius", "EndRadius", 0.2, "of the last cluster"),
		size("std", "Std", 0.3, "standard deviation of the first cluster"), size("end_std", "EndStd", 0.1, "of the last cluster"),
		dataSeed}},
	{Name: "spheres", Make: "Spheres", Points: &Points{Dim: -1, Classes: 2}, Doc: "a sphere in a sphere, of as many dimensions as x has numbers (torchdyn): x [d]real, y label[2], 1 inside", Options: []Option{
		count(512), size("inner", "Inner", 0.5, "radius of the inner sphere"), size("outer", "Outer", 1, "radius of the outer sphere"),
		noise("standard deviation of points"), dataSeed}},
	{Name: "annuli", Make: "Annuli", Points: &Points{Dim: -1, Classes: 2}, Doc: "a ball in a shell, of as many dimensions as x has numbers (Augmented Neural ODEs): x [d]real, y label[2], 1 inside", Options: []Option{
		count(512), size("inner", "Inner", 0.5, "radius of the ball, which has a third of the rows"),
		size("from", "From", 1, "inner radius of the shell"), size("to", "To", 1.5, "outer radius of the shell"), dataSeed}},
	{Name: "diffeqml", Make: "DiffEqML", Points: planeOf(1), Doc: "the logo of DiffEqML (torchdyn): x [2]real", Options: []Option{
		count(512), noise("standard deviation of points, beside that of 0.01 of the density estimate"), dataSeed}},
	{Name: "csv", Make: "CSV", Gaps: true, Doc: "a table with a header line", Options: []Option{path,
		{Key: "window", Kind: Int, Min: 0, Max: maxCount, Field: "Window", Doc: "rows per sample; 0: one, without an axis"},
		{Key: "stride", Kind: Int, Min: 0, Max: maxCount, Field: "Stride", Doc: "rows between samples; 0: the window"},
		{Key: "run", Kind: Text, Field: "Run", Doc: "field that tells recordings apart, by any text; windows straddle neither two of them nor two files"}}},
	{Name: "npy", Make: "NPY", Gaps: true, Doc: "one array of NumPy, rows first; for one column", Options: []Option{path}},
	{Name: "npz", Make: "NPZ", Gaps: true, Doc: "arrays of NumPy by column name, rows first", Options: []Option{path}},
	{Name: "swiss_roll", Make: "SwissRoll", Points: planeOf(1), Doc: "a rolled-up plane (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "gaussians8", Make: "Gaussians8", Points: planeOf(8), Doc: "eight clusters on a circle (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "spirals2", Make: "Spirals2", Points: planeOf(2), Doc: "two spirals of the density-estimation sets (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "rings", Make: "Rings", Points: planeOf(4), Doc: "concentric rings (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "pinwheel", Make: "Pinwheel", Points: planeOf(5), Doc: "arms of a pinwheel (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "checkerboard", Make: "Checkerboard", Points: planeOf(1), Doc: "squares of a checkerboard (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "mnist", Make: "MNIST", Points: &Points{Dim: 784, Classes: 10}, Doc: "handwritten digits, from the four canonical files: img [1, 28, 28]real from 0 to 1, y label[10]", Options: []Option{
		{Key: "dir", Kind: Text, Required: true, Field: "Dir", Doc: "folder of the files, gzipped or not"},
		{Key: "part", Kind: Name, Name: "train", Choices: []string{"train", "test"}, Field: "Part", Doc: "60,000 digits to learn from or 10,000 others"},
		{Key: "n", Kind: Int, Min: 0, Max: maxCount, Field: "N", Doc: "first rows only; 0: all"}}},
	{Name: "safetensors", Make: "SafeTensors", Gaps: true, Doc: "tensors by column name, rows first", Options: []Option{path}},
	{Name: "idx", Make: "IDX", Columns: Files, Doc: "files of the MNIST kind, gzipped or not, rows first, column: \"file\""},
	{Name: "sampler", Make: "Sampler", Columns: Sampled, Doc: "each column drawn from a distribution, column: normal(m, s) or uniform(a, b)", Options: []Option{count(8192), dataSeed}},
	{Name: "simulate", Make: "Simulation", Doc: "rows from solves of a system of the package; each column is a state, integral or output along the times, a context, an input, or t", Options: []Option{
		{Key: "of", Kind: Any, Required: true, Doc: "the system, with constants or normal(m, s), uniform(a, b) for its states, contexts and inputs: Sys{x: normal(0, 1)}"},
		{Key: "at", Kind: Any, Required: true, Doc: "the times, a constant vector; the first one is that of the start"},
		{Key: "with", Kind: Any, Required: true, Doc: "the solver"},
		count(1024), noise("standard deviation of what is added to each number that the solve gives"), dataSeed}},
}

func share(key string) Option {
	return Option{Key: key, Kind: Number, Max: 1, Doc: "share of the rows"}
}

var shares = []Option{share("train"), share("val"), share("test")}

var splits = []Row{
	{Name: "random", Doc: "rows by lot", Options: append(append([]Option(nil), shares...), dataSeed)},
	{Name: "by_time", Doc: "first rows for training, last ones for test", Options: shares},
	{Name: "by_column", Doc: "by lot, rows with the same value of a column together", Options: append(append([]Option{
		{Key: "of", Kind: Column, Required: true, Doc: "column with one number a row, such as the number of a recording"}}, shares...), dataSeed)},
}
