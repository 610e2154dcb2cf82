//go:build linux || darwin || freebsd || netbsd || openbsd

package rt

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lock reserves a folder for this process until what it gives is closed, at the end of the process at the latest. The error is errLocked where another
// one has it; file systems that have no locks reserve nothing.
func lock(dir string) (io.Closer, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if errors.Is(syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB), syscall.EWOULDBLOCK) {
		f.Close()
		return nil, errLocked
	}
	return f, nil
}
