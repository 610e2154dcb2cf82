package rt

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
)

const (
	sharingViolation = syscall.Errno(32) // ERROR_SHARING_VIOLATION
	deleteOnClose    = 0x04000000        // FILE_FLAG_DELETE_ON_CLOSE
)

// lock reserves a folder for this process until what it gives is closed, at the end of the process at the latest. The error is errLocked where another
// one has it. Windows locks files, not folders: a file in it is opened for nobody else, and goes when it is closed.
func lock(dir string) (io.Closer, error) {
	path := filepath.Join(dir, ".lock")
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_HIDDEN|deleteOnClose, 0)
	switch {
	case errors.Is(err, sharingViolation):
		return nil, errLocked
	case err != nil:
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}
