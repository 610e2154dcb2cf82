package codegen_test

import (
	"os"

	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestMain lets the collector of garbage rest: hundreds of programs are compiled and interpreted here, one after
// another, and nothing of them stays.
func TestMain(m *testing.M) {
	driver.RestCollector()
	os.Exit(m.Run())
}
