package golden

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/cmd/ndec/driver"
)

// TestGradCheck: the command finds the gradient of every recipe of the examples and of the generated packages equal to
// central differences. Takes minutes; runs where NDEC_TEST_EXAMPLES is set.
func TestGradCheck(t *testing.T) {
	if os.Getenv("NDEC_TEST_EXAMPLES") == "" {
		t.Skip("NDEC_TEST_EXAMPLES is not set")
	}
	ndec := filepath.Join(t.TempDir(), "ndec")
	if out, err := exec.Command("go", "build", "-o", ndec, "../cmd/ndec").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	check := func(t *testing.T, dir string, files map[string]string, set map[string]string) {
		res, ds := driver.Compile(files, driver.Options{Set: set, Until: "ir"})
		if ds.HasErrors() {
			t.Fatal(ds)
		}
		for _, r := range res.Module.Recipes {
			args := []string{"grad", ".", "--recipe", r.Name, "--check"}
			for name, value := range set {
				args = append(args, "--set", name+"="+value)
			}
			cmd := exec.Command(ndec, args...)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("ndec %s: %v\n%s", strings.Join(args, " "), err, out)
			} else if !strings.Contains(string(out), "worst difference") {
				t.Errorf("ndec %s compares nothing:\n%s", strings.Join(args, " "), out)
			}
		}
	}
	seen := map[string]bool{} // texts of examples, with small data
	for name, e := range examples {
		maps.Copy(seen, texts(sourceOf(t, name, false)))
		if name == "01_moons.nde" { // with 02
			continue
		}
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if e.data != "" {
				dir = exampleData(t, e.data)
			}
			files := sourceOf(t, name, true)
			for n, text := range files {
				if err := os.WriteFile(filepath.Join(dir, n), []byte(text), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			check(t, dir, files, e.set)
		})
	}
	generated, err := filepath.Glob("../generated/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range generated {
		sources, err := filepath.Glob(filepath.Join(dir, "*.nde"))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(sources)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			files := map[string]string{}
			for _, s := range sources {
				text, err := os.ReadFile(s)
				if err != nil {
					t.Fatal(err)
				}
				files[s] = string(text)
			}
			if len(files) == 1 && seen[files[sources[0]]] {
				return // the program of an example, over all of its data
			}
			check(t, dir, files, nil)
		})
	}
}

// texts is the set of the texts of files.
func texts(files map[string]string) map[string]bool {
	out := map[string]bool{}
	for _, text := range files {
		out[text] = true
	}
	return out
}
