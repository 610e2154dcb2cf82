package golden

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestTestBlocks: the test blocks of a program become Go tests in a package of their own, which hold where
// the checks do and say with both sides where they do not.
func TestTestBlocks(t *testing.T) {
	const src = `package decay

net f(x [2]real) [2]real {
	return x |> Linear(4) |> tanh |> Linear(2)
}

system Decay {
	state x real
	param k real = 1.0
	der(x) = -k * x
}

model Fall(x real) (y real) {
	end := solve(Decay{x: x}, over: 0..1, with: rk4{steps: 10})
	return end.x
}

test Exact {
	params: seed 1
	y := f([0.5, -0.25])
	check abs(Fall(1) - exp(-1)) < 1e-6
	check sqnorm(y) > 0 && sqnorm(y) < 4
}

test Wrong {
	end := solve(Decay{x: 2}, over: 0..1, with: dopri5{rtol: 1e-4})
	check end.nfe == 3
}
`
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	res, ds := driver.Compile(map[string]string{"decay.nde": src}, driver.Options{})
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	dir := t.TempDir()
	overlay := map[string]string{}
	for _, f := range res.Out {
		if strings.HasSuffix(f.Name, ".go") {
			file := filepath.Join(dir, strings.ReplaceAll(f.Name, "/", "_"))
			if err := os.WriteFile(file, f.Text, 0o644); err != nil {
				t.Fatal(err)
			}
			overlay[filepath.Join(root, "golden", "decay", filepath.FromSlash(f.Name))] = file
		}
	}
	list, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, list, 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(dir, "ndetest.test")
	// An overlay has no folders for the assembler; the programs do without its files.
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-tags", "purego", "-overlay", file, "-o", program, "./golden/decay/"+driver.TestPackage)
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	text, err := exec.Command(program, "-test.v").CombinedOutput()
	for _, want := range []string{"--- PASS: TestExact", "--- FAIL: TestWrong", "decay.nde:27: check end.nfe == 3: ", " == 3 does not hold"} {
		if err == nil || !strings.Contains(string(text), want) {
			t.Fatalf("%v: %q is not in\n%s", err, want, text)
		}
	}
}
