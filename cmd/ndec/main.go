// Command ndec compiles models of continuous-depth learning. See README.md.
package main

import (
	"os"

	"ndec.dev/ndec/cmd/ndec/command"
	"ndec.dev/ndec/cmd/ndec/driver"
)

func main() {
	driver.RestCollector()
	os.Exit(command.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
