package golden

import (
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/diag"
)

// TestLeastSquaresRules: what least squares cannot fit is said by the rule over the IR.
func TestLeastSquaresRules(t *testing.T) {
	for _, code := range []diag.Code{"NDE0612", "NDE0613", "NDE0614", "NDE0615"} {
		e, ok := diag.Lookup(code)
		if !ok {
			t.Fatal(code, "has no entry")
		}
		_, ds := driver.Compile(map[string]string{"a.nde": e.Bad}, driver.Options{})
		if ds = withoutWarnings(ds); len(ds) != 1 || ds[0].Code != code {
			t.Errorf("%s: got %v", code, ds)
		}
		if _, ds := driver.Compile(map[string]string{"a.nde": e.Fixed}, driver.Options{}); ds.HasErrors() {
			t.Errorf("%s, put right: %v", code, ds)
		}
	}
}

// withoutWarnings leaves them out, of columns that the small programs do not read.
func withoutWarnings(l diag.List) diag.List {
	var out diag.List
	for _, d := range l {
		if d.Severity == diag.Error {
			out = append(out, d)
		}
	}
	return out
}
