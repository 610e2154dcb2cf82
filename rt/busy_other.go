//go:build !linux

package rt

import "time"

// busyTime is the time from some moment on: of processor time this system tells too little.
func busyTime() time.Duration { return wallTime() }
