package rt

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
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

// UnmarshalJSON reads null as NaN.
func (n *number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = number(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(string(b), 64)
	*n = number(v)
	return err
}

// runFolder holds the open logs of one recipe.
type runFolder struct {
	dir     string
	columns []string
	csv     *os.File
	jsonl   *os.File
	line    []byte
	every   time.Duration // between checkpoints
	saved   time.Time
	write   func(path string, write func(io.Writer) error) error // writeFile, but in tests
}

// reserve makes a folder and keeps other trainings from it until what it gives is closed: two of them would write into the same logs and checkpoints.
func reserve(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	held, err := lock(dir)
	if errors.Is(err, errLocked) {
		return nil, fmt.Errorf("run folder %s is that of another training, which goes on: wait for its end, or take another folder: %w", dir, ErrOption)
	}
	return held, err
}

// errLocked is what lock says of a folder that another process, or this one, has reserved.
var errLocked = errors.New("reserved")

// checkpointEvery bounds the work that a crash can lose.
const checkpointEvery = 30 * time.Second

// openRunFolder makes the folder and the two logs; columns are the keys of
// every line, in order, and those of validation stay empty in most lines. The
// logs start with what is given of an earlier run's, or anew.
func openRunFolder(dir string, columns []string, every time.Duration, earlier logs) (*runFolder, error) {
	if err := os.MkdirAll(filepath.Join(dir, "checkpoints"), 0o755); err != nil {
		return nil, err
	}
	if every <= 0 {
		every = checkpointEvery
	}
	r := &runFolder{dir: dir, columns: columns, every: every, saved: time.Now(), write: writeFile}
	if earlier.csv == nil {
		earlier.csv = []byte(strings.Join(columns, ",") + "\n")
	}
	var err error
	if r.csv, err = startLog(filepath.Join(dir, "metrics.csv"), earlier.csv); err != nil {
		return nil, err
	}
	if r.jsonl, err = startLog(filepath.Join(dir, "metrics.jsonl"), earlier.jsonl); err != nil {
		r.csv.Close()
		return nil, err
	}
	return r, nil
}

// startLog replaces a file by its new beginning and opens its end.
func startLog(path string, start []byte) (*os.File, error) {
	err := writeFile(path, func(out io.Writer) error {
		_, err := out.Write(start)
		return err
	})
	if err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
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
