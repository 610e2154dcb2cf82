package method

import (
	"fmt"
	"math/big"
	"testing"
)

func TestTableaux(t *testing.T) {
	for _, r := range Rows(Solver) {
		if r.Tableau == nil {
			if !r.Later {
				t.Errorf("%s has no tableau", r.Name)
			}
			continue
		}
		if err := Check(r.Tableau); err != nil {
			t.Errorf("%s: %v", r.Name, err)
		}
	}
}

// Every coefficient counts: changed in its 12th digit, Check has to fail.
func TestWrongCoefficients(t *testing.T) {
	for _, r := range Rows(Solver) {
		if r.Tableau == nil {
			continue
		}
		sets := map[string][][]*big.Rat{"a": r.Tableau.A, "b": {r.Tableau.B}, "bhat": {r.Tableau.BHat}, "c": {r.Tableau.C}, "dense": r.Tableau.Dense}
		for name, rows := range sets {
			for i, row := range rows {
				for j := range row {
					old := row[j]
					// Continuous decimal weights are known to fewer digits.
					step := big.NewRat(1, 1e12)
					if name == "dense" {
						step = big.NewRat(1, 1e10)
					}
					row[j] = new(big.Rat).Add(old, step)
					if Check(r.Tableau) == nil {
						t.Errorf("%s: wrong %s[%d][%d] passes", r.Name, name, i, j)
					}
					row[j] = old
				}
			}
		}
	}
}

func TestTreeCounts(t *testing.T) {
	got := ""
	for _, ts := range trees(8)[1:] {
		got += fmt.Sprint(len(ts), " ")
	}
	if want := "1 1 2 4 9 20 48 115 "; got != want { // HNW I, table II.2.1
		t.Errorf("trees: %s instead of %s", got, want)
	}
}
