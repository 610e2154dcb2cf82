//go:build linux || darwin || freebsd || netbsd || openbsd

package rt

import (
	"errors"
	"os"
	"syscall"
)

// lock reserves an open folder for this process until it is closed, at the end of the process at the latest. It is false where another one has it; file
// systems that have no locks reserve nothing.
func lock(folder *os.File) bool {
	return !errors.Is(syscall.Flock(int(folder.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}
