package cudagen_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/golden/emutest"
)

// TestDirectSolve has a recipe that solves along times of its data itself: they are a column of all rows.
func TestDirectSolve(t *testing.T) {
	s := programSubject(t, "direct", map[string]string{"direct.nde": `package direct

system Fall {
	state y real
	param k real = 0.5
	der(y) = -k*y
}

data D {
	y real
	ts, goal [8]time
	source: csv{path: "d.csv"}
}

train Fit {
	data: D
	epochs: 1
	optimizer: adam
	path := solve(Fall{y}, from: 0, at: ts, with: rk4{steps: 5})
	minimize sqnorm(path.y - real(goal))
}
`}, "f64")
	s.natural = true // times
	compare(t, []*subject{s})
	if text := string(s.out.Files[0].Text); strings.Count(text, "ndec_far_column<const real>{in1 + row, total}") != 2 || strings.Contains(text, "ndec_column<const real>{in1 + row") {
		t.Errorf("times are no column of all rows, or one of 32 bits:\n%s", text)
	}
}

// TestFarColumns: an element of one of 16,777,217 rows has its own address.
func TestFarColumns(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"ndec.cuh": cudagen.Prelude(), "emulate.cuh": cudagen.Emulation(), "main.cc": `#include "ndec.cuh"
int main(int count, char **) {
	ndec_far_column<float> c = {(float *)64, 16777216ll + count};
	bool near = (long long)&c[300] == 64 + 4 * 300ll * 16777217 && (long long)(c + 200).p == 64 + 4 * 200ll * 16777217;
	return near ? 0 : 1;
}
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	exe := filepath.Join(dir, "far")
	for _, command := range [][]string{{emutest.Compiler(t), "-std=c++17", "-w", "-DNDEC_EMULATE", "-I" + dir, "-o", exe, filepath.Join(dir, "main.cc")}, {exe}} {
		if out, err := exec.Command(command[0], command[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
	}
}
