// Command ndec compiles models of continuous-depth learning. See README.md.
package main

import (
	"os"
	"runtime/debug"

	"ndec.dev/ndec/cmd/ndec/command"
)

func main() {
	debug.SetGCPercent(400) // a compilation is over before its garbage is much
	os.Exit(command.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
