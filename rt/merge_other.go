//go:build !amd64 || purego

package rt

import "unsafe"

func mergeRows(to, from unsafe.Pointer, rows int, mask *[32]uint32) bool { return false }

func fillRows(to, from unsafe.Pointer, rows, bytes int, mask *[32]uint32) bool { return false }
