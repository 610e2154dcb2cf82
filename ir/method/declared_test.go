package method

import (
	"math"
	"math/big"
	"strings"
	"testing"

	"ndec.dev/ndec/ir/method/testode"
)

// A declared tableau is the row that it says: bosh3 and heun3 declared are those of the table.
func TestDeclared(t *testing.T) {
	third := [][]*big.Rat{{}, rats("1/2"), rats("-1 2")}
	r, err := Declared("Kutta", 3, rats("0 1/2 1"), third, rats("1/6 2/3 1/6"), rats("0 1 0"))
	if err != nil || r.Order() != 3 || r.Tableau.Embedded != 2 || !r.Adaptive() || r.DenseEvals() != 1 || r.DenseOrder() != 3 {
		t.Fatalf("%+v, %v", r, err)
	}
	b := bosh3()
	r, err = Declared("B", 3, b.C, b.A, b.B, b.BHat)
	if err != nil || !r.FSAL() || r.DenseEvals() != 0 || r.Tableau.Embedded != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	for i, row := range b.Dense { // Hermite is the interpolant of bosh3
		for p, x := range row {
			if r.Tableau.Dense[i][p].Cmp(x) != 0 {
				t.Errorf("dense weight %d of stage %d: %s instead of %s", p+1, i+1, r.Tableau.Dense[i][p], x)
			}
		}
	}
	for _, c := range []struct {
		order   int
		c, b, e string
		a3      string
		want    string
	}{
		{3, "0 1/2 1", "1/6 1/3 1/2", "", "-1 2", "weights: the sum of b_i c_i is 2/3 instead of 1/2, as order 2 wants"},
		{4, "0 1/2 1", "1/6 2/3 1/6", "", "-1 2", "of b_i c_i a_ij c_j is 1/6 instead of 1/8, as order 4 wants"},
		{2, "0 1/2 1", "1/6 2/3 1/6", "", "-1 2", "conditions of order 3 hold too"},
		{3, "0 1/2 3/4", "1/6 2/3 1/6", "", "-1 2", "row 3 adds up to"},
		{3, "0 1/2 1", "1/6 2/3 1/6", "1/6 2/3 1/6", "-1 2", "no error estimate"},
		{3, "0 1/2 1", "1/6 2/3 1/6", "1 1 1", "-1 2", "add up to 1"},
		{3, "0 1/2 1", "1/6 2/3 1/6", "", "-1 1 1", "can only use those before it"},
		{3, "0 1/2", "1/6 2/3 1/6", "", "-1 2", "do not agree"},
	} {
		var e []*big.Rat
		if c.e != "" {
			e = rats(c.e)
		}
		_, err := Declared("M", c.order, rats(c.c), [][]*big.Rat{{}, rats("1/2"), rats(c.a3)}, rats(c.b), e)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// The order of a declared method shows in what it computes.
func TestDeclaredConverges(t *testing.T) {
	r, err := Declared("Kutta", 3, rats("0 1/2 1"), [][]*big.Rat{{}, rats("1/2"), rats("-1 2")}, rats("1/6 2/3 1/6"), nil)
	if err != nil {
		t.Fatal(err)
	}
	p := testode.ByName("euler_rigid_body")
	e1, e2 := distance(march(buildRow(t, p, r), p, 800), p.Want()), distance(march(buildRow(t, p, r), p, 1600), p.Want())
	near15(t, r.Name, math.Log2(e1/e2), 3)
}
