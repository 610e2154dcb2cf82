package rt

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// writeFile writes to a temporary name beside path, syncs and renames, so that
// the file is either the old one or whole.
func writeFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	b := bufio.NewWriter(f)
	if err = write(b); err != nil {
		return err
	}
	if err = b.Flush(); err != nil {
		return err
	}
	if err = f.Chmod(0o644); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// number is a JSON number, or null for a value that is not finite.
type number float64

func (n number) MarshalJSON() ([]byte, error) {
	if !finite(float64(n)) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, float64(n), 'g', 17, 64), nil
}

// runFolder holds the open logs of one recipe.
type runFolder struct {
	dir     string
	columns []string
	csv     *os.File
	jsonl   *os.File
	line    []byte
	saved   time.Time
}

// checkpointEvery bounds the work that a crash can lose.
const checkpointEvery = 30 * time.Second

// openRunFolder makes the folder and the two logs; columns are the keys of
// every line, in order, and those of validation stay empty in most lines.
func openRunFolder(dir string, columns []string) (*runFolder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "checkpoints"), 0o755); err != nil {
		return nil, err
	}
	r := &runFolder{dir: dir, columns: columns, saved: time.Now()}
	var err error
	if r.csv, err = os.Create(filepath.Join(dir, "metrics.csv")); err != nil {
		return nil, err
	}
	if r.jsonl, err = os.Create(filepath.Join(dir, "metrics.jsonl")); err != nil {
		r.csv.Close()
		return nil, err
	}
	var head []byte
	for i, c := range columns {
		if i > 0 {
			head = append(head, ',')
		}
		head = append(head, c...)
	}
	_, err = r.csv.Write(append(head, '\n'))
	return r, err
}

// log writes one line to both files; absent marks values left out.
func (r *runFolder) log(values []float64, absent []bool) error {
	r.line = r.line[:0]
	for i, v := range values {
		if i > 0 {
			r.line = append(r.line, ',')
		}
		if !absent[i] {
			r.line = strconv.AppendFloat(r.line, v, 'g', -1, 64)
		}
	}
	if _, err := r.csv.Write(append(r.line, '\n')); err != nil {
		return err
	}
	r.line = append(r.line[:0], '{')
	for i, v := range values {
		if absent[i] {
			continue
		}
		if len(r.line) > 1 {
			r.line = append(r.line, ", "...)
		}
		r.line = strconv.AppendQuote(r.line, r.columns[i])
		r.line = append(r.line, ": "...)
		if finite(v) {
			r.line = strconv.AppendFloat(r.line, v, 'g', -1, 64)
		} else {
			r.line = append(r.line, "null"...)
		}
	}
	_, err := r.jsonl.Write(append(r.line, '}', '\n'))
	return err
}

// state is checkpoints/<name>/state.json.
type state struct {
	Format  int     `json:"format"`
	Recipe  string  `json:"recipe"`
	Layout  string  `json:"layout"`
	Version string  `json:"ndec"`
	Seed    uint64  `json:"seed"`
	Step    int     `json:"step"`
	Epoch   int     `json:"epoch"`
	Batch   int     `json:"batch"` // steps done in the epoch
	Best    *number `json:"best,omitempty"`
}

// checkpoint writes a whole folder under a temporary name and swaps it in; the
// previous one is removed only after that.
func checkpoint[R Float](r *runFolder, name string, w, free []R, layout []Tensor, m *moments[R], s state) (err error) {
	root := filepath.Join(r.dir, "checkpoints")
	tmp, err := os.MkdirTemp(root, "."+name+".*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err = os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	if err = SaveFile(filepath.Join(tmp, "weights.safetensors"), w, layout, s.Version); err != nil {
		return err
	}
	// The free numbers themselves go into train.safetensors: units of
	// constrained parameters would not come back bit for bit.
	train := []NamedData[R]{{Name: "free", Shape: []int{len(free)}, Data: free}}
	for i, slot := range m.names {
		train = append(train, NamedData[R]{Name: slot, Shape: []int{len(w)}, Data: m.slot[i]})
	}
	err = writeFile(filepath.Join(tmp, "train.safetensors"), func(out io.Writer) error {
		return EncodeTensors(out, train, map[string]string{"layout": s.Layout, "step": strconv.Itoa(s.Step)})
	})
	if err != nil {
		return err
	}
	if err = writeJSON(filepath.Join(tmp, "state.json"), s); err != nil {
		return err
	}
	final, old := filepath.Join(root, name), filepath.Join(root, "."+name+".old")
	if err = os.RemoveAll(old); err != nil {
		return err
	}
	if err = os.Rename(final, old); err != nil && !os.IsNotExist(err) {
		return err
	}
	if err = os.Rename(tmp, final); err != nil {
		return err
	}
	r.saved = time.Now()
	return os.RemoveAll(old)
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return writeFile(path, func(out io.Writer) error {
		_, err := out.Write(append(b, '\n'))
		return err
	})
}

func (r *runFolder) close() error {
	err := r.csv.Close()
	if e := r.jsonl.Close(); err == nil {
		err = e
	}
	return err
}
