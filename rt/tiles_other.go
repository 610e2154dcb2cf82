//go:build !linux || !amd64 || purego

package rt

// askForTiles says that there are none: kernels with tiles are for Linux.
func askForTiles(Level) (missing string) { return "kernels with tiles are for Linux on amd64" }
