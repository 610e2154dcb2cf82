package rt

import (
	"syscall"
	"time"
	"unsafe"
)

// busyTime is the processor time of the calling thread from some moment on. A thread that waits for a processor because others
// use it gets no older by this clock.
func busyTime() time.Duration {
	const threadClock = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	if _, _, e := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, threadClock, uintptr(unsafe.Pointer(&t)), 0); e != 0 {
		return wallTime()
	}
	return time.Duration(t.Nano())
}
