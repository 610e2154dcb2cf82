package cuda

import "embed"

// SourceFiles is the source code of this package, as rt.SourceFiles is that of rt.
//
//go:embed *.go include/cuda.h
var SourceFiles embed.FS
