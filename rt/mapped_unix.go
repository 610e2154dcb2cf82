//go:build linux || darwin || freebsd || netbsd || openbsd

package rt

import (
	"os"
	"syscall"
	"unsafe"
)

// canMap says that files can be mapped into memory here.
const canMap = true

// mapNumbers maps n float64 of this machine's byte order that lie in a file, the first at a byte that 8 divides. Changes of
// them stay in memory. They stay until the process ends.
func mapNumbers(f *os.File, at, n int) ([]float64, error) {
	b, err := syscall.Mmap(int(f.Fd()), 0, at+8*n, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_PRIVATE)
	if err != nil {
		return nil, os.NewSyscallError("mmap", err)
	}
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(b[at:]))), n), nil
}
