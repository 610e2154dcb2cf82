package rt

// Streamer is a source of generated rows that can give others of the same kind.
type Streamer interface {
	Source
	// Pass is the source of the rows of a pass over the data, from 0, which is the source itself.
	Pass(n int) Source
}

// Fresh makes new rows for every pass over the training data, so that no batch sees a row again.
type Fresh struct{ Of Streamer }

// Load makes the rows of the first pass.
func (f Fresh) Load(dir string, cols []ColumnSpec) (*Table, error) { return f.Of.Load(dir, cols) }

// pass makes the rows of a pass.
func (f Fresh) pass(d *DataEntry, dir string, n int) (*Table, error) {
	p := *d
	p.Source = f.Of.Pass(n)
	return p.Load(dir)
}

// passSeed is the seed of the rows of a pass.
func passSeed(seed uint64, n int) uint64 {
	if n == 0 {
		return seed
	}
	return Key{Seed: seed, Step: uint64(n), Site: 0x70617373}.Stream().Bits(0)
}
