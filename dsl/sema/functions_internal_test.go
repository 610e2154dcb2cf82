package sema

import (
	"slices"
	"testing"
)

// TestFunctionsAreDocumented: every function that can be called is on the manual page, with words and a use.
func TestFunctionsAreDocumented(t *testing.T) {
	documented := map[string]bool{}
	for _, f := range Functions() {
		documented[f.Name] = true
		if f.Doc == "" || f.Use == "" || !slices.Contains(FunctionGroups(), f.Group) {
			t.Errorf("%+v", f)
		}
	}
	for _, n := range append(sortedKeys(builtins), sortedKeys(specialForms())...) {
		if !documented[n] {
			t.Errorf("%s is not documented", n)
		}
	}
	for n := range forms {
		if builtins[n] == nil && specialForms()[n] == nil && !inPlace[n] {
			t.Errorf("%s is documented and not there", n)
		}
	}
}
