package codegen

import (
	"slices"
	"strings"
)

// restricting are the last parts of file names by which the go command leaves a file out, on other systems and processors
// or outside tests (go help buildconstraint).
var restricting = strings.Fields(`test aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris
	wasip1 windows zos 386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le mips64p32 mips64p32le
	ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm`)

// apiFileName is that of the file of users: robot.go, but robot_arm_api.go, since robot_arm.go is for ARM processors.
func apiFileName(pkg string) string {
	if _, last, ok := cutLast(pkg, "_"); ok && slices.Contains(restricting, last) {
		return pkg + "_api.go"
	}
	return pkg + ".go"
}

// cutLast cuts s around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}
