package driver

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// ReadFile reads a file that somebody named, or that lies in a folder somebody named. It does not wait for one who writes into a
// named pipe; what this process was given, as /dev/stdin or /dev/fd/3, it reads to its end. Errors wrap those of package fs.
func ReadFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if given := strings.HasPrefix(filepath.ToSlash(path), "/dev/"); !given && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file of text but a folder, a pipe or a device: move it away, or copy what it gives into a file: %w", path, fs.ErrInvalid)
	}
	return os.ReadFile(path)
}
