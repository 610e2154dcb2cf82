package child

import (
	"errors"
	"strings"
	"testing"
)

// TestNoBuild: what the go command lacks is no mistake of the compiler, and is said first with what to do.
func TestNoBuild(t *testing.T) {
	failed := errors.New("exit status 1")
	for _, c := range []struct{ out, want string }{
		{"go: errors parsing go.mod:\ngo.mod:3: invalid go version 1.26.0: must match format 1.23\n", "Go 1.26"},
		{"go: go.mod requires go >= 1.26 (running go 1.24.1; GOTOOLCHAIN=local)\n", "Go 1.26"},
		{"go: download go1.26 for linux/amd64: toolchain not available\n", "Go 1.26"},
		{"build cache is required, but could not be located: GOCACHE is not defined and neither $XDG_CACHE_HOME nor $HOME are defined\n", "set GOCACHE"},
		{"failed to initialize build cache at /x: mkdir /x: permission denied", "set GOCACHE"},
		{"# ndec.dev/ndec/rt\n/tmp/link: mapping output file failed: no space left on device", "disk is full"},
		{"go: something else", "says why"},
	} {
		err := noBuild(failed, c.out)
		first, rest, _ := strings.Cut(err.Error(), "\n")
		if !errors.Is(err, ErrBuild) || !errors.Is(err, failed) || !strings.Contains(first, c.want) || rest == "" {
			t.Errorf("of %q it says %q, want %q", c.out, err, c.want)
		}
	}
	if err := noBuild(failed, "# ndec.dev/ndec/model\nmodel/m.go:3:2: undefined: x\n"); errors.Is(err, ErrBuild) || !strings.Contains(err.Error(), "compiler bug") {
		t.Errorf("code that does not compile is: %v", err)
	}
}
