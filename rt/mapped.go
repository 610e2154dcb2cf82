package rt

import (
	"fmt"
	"runtime/debug"
	"unsafe"
)

// Where somebody cuts a file short that is mapped into memory, its numbers are gone, and reading them is a fault that would end the process.

// guarded runs f. A fault of memory in it is the error that lost gives for the address, or else a panic.
func guarded(f func(), lost func(addr uintptr) error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		why := recover()
		if why == nil {
			return
		}
		if fault, ok := why.(interface{ Addr() uintptr }); ok {
			err = lost(fault.Addr())
		}
		if err == nil {
			panic(why)
		}
	}()
	f()
	return nil
}

// reading runs f, which reads t in this goroutine. The error is that a mapped file is shorter now.
func (t *Table) reading(f func()) error {
	for i := range t.Columns {
		if t.Columns[i].file != "" {
			return guarded(f, t.lost)
		}
	}
	f()
	return nil
}

// lost is the error that the number at an address is no longer in its file; nil if it is none of a mapped column.
func (t *Table) lost(addr uintptr) error {
	for i := range t.Columns {
		c := &t.Columns[i]
		if at := addr - uintptr(unsafe.Pointer(unsafe.SliceData(c.Data))); c.file != "" && at < 8*uintptr(len(c.Data)) {
			return fmt.Errorf("column %q, row %d: %s has become shorter while it was read: %w", c.Name, int(at)/8/max(c.Width, 1), c.file, ErrData)
		}
	}
	return nil
}
