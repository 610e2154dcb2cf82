package recipe

// DataKeys are the settings of a data block.
func DataKeys() []Option { return dataKeys }

var dataKeys = []Option{
	{Key: "source", Kind: Choice, Required: true, Group: Source, Doc: "where rows come from"},
	{Key: "split", Kind: Choice, Group: Split, Doc: "shares for training, validation and test"},
	{Key: "stream", Kind: Bool, Later: true, Doc: "fresh rows for every batch"},
}

func count(def float64) Option {
	return Option{Key: "n", Kind: Int, Default: def, Min: 1, Max: maxCount, Field: "N", Doc: "number of rows"}
}

func noise(doc string) Option {
	return Option{Key: "noise", Kind: Number, Max: inf, Field: "Noise", Doc: doc}
}

var dataSeed = Option{Key: "seed", Kind: Int, Min: 0, Max: 1 << 53, Field: "Seed", Doc: "of the generator"}

var path = Option{Key: "path", Kind: Text, Required: true, Field: "File", Doc: "file, relative to the .nde file"}

var sources = []Row{
	{Name: "moons", Make: "Moons", Doc: "two interleaved half circles: x [2]real, y label[2]", Options: []Option{
		count(512), noise("width of a uniform number added to both coordinates"), dataSeed}},
	{Name: "circles", Make: "Circles", Doc: "concentric circles: x [2]real, y label[2]", Options: []Option{
		count(512), noise("standard deviation of points"),
		{Key: "factor", Kind: Number, Default: 0.5, Max: inf, Open: true, Field: "Factor", Doc: "radius of the inner circle"},
		dataSeed}},
	{Name: "spirals", Make: "Spirals", Doc: "two spirals: x [2]real, y label[2]", Options: []Option{
		count(512), noise("width of a uniform number added to each coordinate"), dataSeed}},
	{Name: "gaussians", Make: "Gaussians", Doc: "clusters on a circle: x [2]real, y label[k]", Options: []Option{
		count(512),
		{Key: "k", Kind: Int, Default: 3, Min: 1, Max: maxCount, Field: "K", Doc: "number of clusters"},
		{Key: "std", Kind: Number, Default: 0.5, Max: inf, Field: "Std", Doc: "standard deviation of a cluster"},
		{Key: "radius", Kind: Number, Default: 3, Max: inf, Field: "Radius", Doc: "of the circle"},
		dataSeed}},
	{Name: "csv", Make: "CSV", Doc: "a table with a header line", Options: []Option{path,
		{Key: "window", Kind: Int, Min: 0, Max: maxCount, Field: "Window", Doc: "rows per sample; 0: one, without an axis"},
		{Key: "stride", Kind: Int, Min: 0, Max: maxCount, Field: "Stride", Doc: "rows between samples; 0: the window"},
		{Key: "run", Kind: Text, Field: "Run", Doc: "field that tells recordings apart; windows do not straddle two"}}},
	{Name: "npy", Make: "NPY", Doc: "one array of NumPy, rows first; for one column", Options: []Option{path}},
	{Name: "npz", Make: "NPZ", Doc: "arrays of NumPy by column name, rows first", Options: []Option{path}},
	{Name: "swiss_roll", Make: "SwissRoll", Doc: "a rolled-up plane (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "gaussians8", Make: "Gaussians8", Doc: "eight clusters on a circle (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "spirals2", Make: "Spirals2", Doc: "two spirals of the density-estimation sets (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "rings", Make: "Rings", Doc: "concentric rings (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "pinwheel", Make: "Pinwheel", Doc: "arms of a pinwheel (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "checkerboard", Make: "Checkerboard", Doc: "squares of a checkerboard (FFJORD): x [2]real", Options: []Option{count(512), dataSeed}},
	{Name: "mnist", Make: "MNIST", Doc: "handwritten digits, from the four canonical files: img [1, 28, 28]real from 0 to 1, y label[10]", Options: []Option{
		{Key: "dir", Kind: Text, Required: true, Field: "Dir", Doc: "folder of the files, gzipped or not"},
		{Key: "part", Kind: Name, Name: "train", Choices: []string{"train", "test"}, Field: "Part", Doc: "60,000 digits to learn from or 10,000 others"},
		{Key: "n", Kind: Int, Min: 0, Max: maxCount, Field: "N", Doc: "first rows only; 0: all"}}},
	{Name: "sampler", Make: "Sampler", Columns: true, Doc: "each column drawn from a distribution, column: normal(m, s) or uniform(a, b)", Options: []Option{count(8192), dataSeed}},
	later("safetensors", "tensors by name"),
	later("idx", "files of the MNIST kind"),
	later("simulate", "trajectories of a known system"),
}

// later is a source whose options are not looked at yet.
func later(name, doc string) Row { return Row{Name: name, Later: true, Doc: doc} }

func share(key string) Option {
	return Option{Key: key, Kind: Number, Max: 1, Doc: "share of the rows"}
}

var shares = []Option{share("train"), share("val"), share("test")}

var splits = []Row{
	{Name: "random", Doc: "rows by lot", Options: append(append([]Option(nil), shares...), dataSeed)},
	{Name: "by_time", Doc: "first rows for training, last ones for test", Options: shares},
	{Name: "by_column", Later: true, Doc: "by the value of a column"},
}
