package rt

import "embed"

// SourceFiles is the source code of this package, for the ndec command, which compiles emitted programs offline. A program
// that does not name it does not carry it.
//
//go:embed *.go *.s
var SourceFiles embed.FS
