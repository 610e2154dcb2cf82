package codegen

import (
	"go/build"
	"os"
	"path/filepath"
	"testing"
)

// The go command takes the file of users on every system, whatever the package is called.
func TestAPIFileName(t *testing.T) {
	dir := t.TempDir()
	for _, pkg := range append([]string{"moons", "arm", "a_b"}, restricting...) {
		for _, pkg := range []string{pkg, "robot_" + pkg} {
			name := apiFileName(pkg)
			if err := os.WriteFile(filepath.Join(dir, name), []byte("package p\n"), 0o666); err != nil {
				t.Fatal(err)
			}
			for _, system := range [][2]string{{"linux", "amd64"}, {"darwin", "arm64"}} {
				ctx := build.Default
				ctx.GOOS, ctx.GOARCH = system[0], system[1]
				if ok, err := ctx.MatchFile(dir, name); err != nil || !ok || filepath.Base(name) == "robot_test.go" {
					t.Errorf("%s of package %s is left out on %v: %v", name, pkg, system, err)
				}
			}
		}
	}
	if got := apiFileName("moons"); got != "moons.go" {
		t.Errorf("moons has %s", got)
	}
}
