package cudagen_test

import (
	"strings"
	"testing"
)

// TestColumns compares kernels whose arrays along output times and runs are columns with the interpreter: no such array is one of a thread.
func TestColumns(t *testing.T) {
	s := programSubject(t, "columns", map[string]string{"columns.nde": source(t, "testdata/columns.nde")}, "f32")
	s.natural, s.rows = true, 5
	compare(t, []*subject{s})
	text := string(s.out.Files[0].Text)
	for _, column := range []string{"const double>{in1 + s, n}, ndec_column<real>{out0 + s, n}, ndec_column<real>{out1 + s, n}", "ndec_column<const real>{in0 + s, n}, ndec_column<real>{out0 + s, n}"} {
		if !strings.Contains(text, column) {
			t.Errorf("there is no %s", column)
		}
	}
	for _, array := range []string{"[15];", "[10];"} {
		if strings.Contains(text, "real path_out"+array) || strings.Contains(text, "real seen_out"+array) || strings.Contains(text, "real ys"+array) {
			t.Errorf("a thread has an array of %s", array)
		}
	}
}
