package ir

import (
	"reflect"
	"testing"
)

// The text of a module says which fields of a file a column is made of: a run does not go on with others.
func TestPortText(t *testing.T) {
	m := &Module{Package: "p", Real: F32, Data: []*DataSet{{Name: "D", Columns: []Port{
		{Name: "q", Type: Tensor(F32, 2), Fields: []string{"q 1", "q2"}},
		{Name: "load", Type: Scalar(F32), Fields: []string{"payload"}, First: true},
		{Name: "m", Type: Tensor(Bool, 2), Classes: 2, Present: "q"},
		{Name: "y", Type: Scalar(I32), Classes: 3},
	}}}}
	got, err := ParseModule("m", m.String())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Data[0].Columns, m.Data[0].Columns) {
		t.Errorf("%v became %v", m.Data[0].Columns, got.Data[0].Columns)
	}
}
