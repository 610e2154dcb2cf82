package codegen_test

import (
	"os"
	"runtime/debug"
	"testing"
)

// TestMain lets the collector of garbage rest: hundreds of programs are compiled and interpreted here, one after
// another, and nothing of them stays.
func TestMain(m *testing.M) {
	debug.SetGCPercent(400)
	os.Exit(m.Run())
}
