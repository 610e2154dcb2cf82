//go:build unix

package rt

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestPipes: a pipe that nobody writes into is not waited for.
func TestPipes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rows.csv")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Skip(err)
	}
	if _, err := (CSV{File: path}).Load("", []ColumnSpec{{Name: "x"}}); !errors.Is(err, ErrData) || !strings.Contains(err.Error(), "rows.csv: no file but a pipe") {
		t.Error(err)
	}
	if err := LoadFile(path, make([]float32, 1), nil); !errors.Is(err, ErrWeights) {
		t.Error(err)
	}
	run := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(run, "state.json"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readCheckpoint(run); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "state.json: no file but a pipe") {
		t.Error(err)
	}
}
