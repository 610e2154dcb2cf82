package ir

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRoundTrip(t *testing.T) {
	src, err := os.ReadFile("testdata/moons.ir")
	if err != nil {
		t.Fatal(err)
	}
	m, err := ParseModule("moons.ir", string(src))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(src), m.String()); d != "" {
		t.Error(d)
	}
	if err := Verify(m); err != nil {
		t.Error(err)
	}
}
