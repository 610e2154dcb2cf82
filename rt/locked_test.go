package rt

import (
	"errors"
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
	if runtime.GOOS != "windows" && runtime.GOARCH != "wasm" {
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
}
