package golden

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/diag"
)

// optionsOf are those of an entry's flags: --set NAME=VALUE, --with NAME=SOLVER, --target cuda, --cost.
func optionsOf(t *testing.T, e diag.Entry) driver.Options {
	t.Helper()
	opts := driver.Options{Vet: e.Code[0] == 'W'}
	if e.Flags == "" {
		return opts
	}
	opts.CUDA, opts.Costs = e.Flags == "--target cuda", e.Flags == "--cost"
	if opts.CUDA || opts.Costs {
		return opts
	}
	flag, rest, _ := strings.Cut(e.Flags, " ")
	name, value, ok := strings.Cut(rest, "=")
	set := map[string]*map[string]string{"--set": &opts.Set, "--with": &opts.With}[flag]
	if set == nil || !ok {
		t.Fatalf("%s: flags %q", e.Code, e.Flags)
	}
	*set = map[string]string{name: value}
	return opts
}

// waits are codes of constructs that do not compile yet, with the limitation of their corrected program.
var waits = map[diag.Code]diag.Code{}

// TestTextOfCodes: the program of every code gives that diagnostic and no other, at the place and with the text of
// testdata/codes.txt, and its corrected form compiles without any. Only a bug of the compiler has no program.
func TestTextOfCodes(t *testing.T) {
	var texts strings.Builder
	for _, e := range diag.All() {
		if e.Code == "NDE0899" {
			continue
		}
		if e.Bad == "" || e.Fixed == "" {
			t.Errorf("%s has no program", e.Code)
			continue
		}
		opts := optionsOf(t, e)
		_, ds := driver.Compile(diag.Files(e.Bad), opts)
		if len(ds) != 1 || ds[0].Code != e.Code {
			t.Errorf("%s: program gives %v\n%s", e.Code, ds, shortened(e.Bad))
		}
		for _, d := range ds {
			fmt.Fprintf(&texts, "%s\n", shortened(d.String()))
		}
		_, ds = driver.Compile(diag.Files(e.Fixed), opts)
		if limit := waits[e.Code]; limit != "" {
			if len(ds) != 1 || ds[0].Code != limit {
				t.Errorf("%s: its corrected program waits for %s no longer, delete it from waits: %v", e.Code, limit, ds)
			}
			continue
		}
		if len(ds) > 0 {
			t.Errorf("%s: corrected program gives %v\n%s", e.Code, ds, e.Fixed)
		}
	}
	const file = "testdata/codes.txt"
	if updating() {
		if err := os.WriteFile(file, []byte(texts.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), texts.String()); d != "" {
		t.Errorf("messages have changed; run go test ./golden -run TestTextOfCodes -update and read them (-want +got):\n%s", d)
	}
}

func shortened(s string) string {
	if len(s) > 2000 {
		return s[:2000] + "…"
	}
	return s
}
