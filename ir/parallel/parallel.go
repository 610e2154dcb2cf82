// Package parallel runs independent pieces of work of a compilation at the same time.
package parallel

import (
	"fmt"
	"runtime/debug"
	"sync"
)

// Failure is the panic value of Do: what a piece panicked with, and where.
type Failure struct {
	Value any
	Stack []byte
}

func (f *Failure) Error() string { return fmt.Sprint(f.Value) }

// Do runs fs at the same time and returns when all have ended. They must not write what another one reads. If some
// panic it panics with the *Failure of the first of them, so that results do not depend on who was faster.
func Do(fs ...func()) {
	failed := make([]*Failure, len(fs))
	run := func(i int) {
		defer func() {
			if r := recover(); r != nil {
				failed[i] = &Failure{r, debug.Stack()}
			}
		}()
		fs[i]()
	}
	var wg sync.WaitGroup
	for i := 1; i < len(fs); i++ {
		wg.Go(func() { run(i) })
	}
	if len(fs) > 0 {
		run(0)
	}
	wg.Wait()
	for _, f := range failed {
		if f != nil {
			panic(f)
		}
	}
}

// Start runs f beside what follows. The function that it gives returns when f has ended, and panics as Do does.
func Start(f func()) (wait func()) {
	var wg sync.WaitGroup
	wg.Add(1)
	var failed any
	go func() {
		defer wg.Done()
		defer func() { failed = recover() }()
		Do(f)
	}()
	return func() {
		wg.Wait()
		if failed != nil {
			panic(failed)
		}
	}
}

// Each runs f(0) to f(n-1) as Do does.
func Each(n int, f func(i int)) {
	fs := make([]func(), n)
	for i := range fs {
		fs[i] = func() { f(i) }
	}
	Do(fs...)
}
