package rt

import (
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
)

// TestReserved: a folder belongs to one training at a time.
func TestReserved(t *testing.T) {
	dir := t.TempDir() + "/run"
	first, err := reserve(dir)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOARCH != "wasm" {
		if _, err := reserve(dir); !errors.Is(err, ErrOption) || !strings.Contains(err.Error(), dir+" is that of another training") {
			t.Errorf("a second training: %v", err)
		}
	}
	first.Close()
	again, err := reserve(dir)
	if err != nil {
		t.Fatal(err)
	}
	again.Close()
	left, err := os.ReadDir(dir) // what reserves a folder is no part of it
	if err != nil || len(left) > 0 {
		t.Error(left, err)
	}
}
