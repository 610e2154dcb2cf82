package driver

import (
	"runtime"
	"runtime/debug"
)

// RestCollector makes the collector of garbage wait until 128 MB are allocated, which is more than most compilations
// take, and rest for long between its runs after that. It is for processes that do little else than compile: everything
// of a compilation is alive until it is over.
func RestCollector() {
	const (
		least  = 4 // MB: where the collector begins at 100 %
		begin  = 64
		after  = 400 // %
		before = 100 * begin / least
	)
	debug.SetGCPercent(before)
	runtime.AddCleanup(new([16]byte), func(int) { debug.SetGCPercent(after) }, 0) // when it has run
}
