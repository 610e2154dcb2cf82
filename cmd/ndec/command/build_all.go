package command

import (
	"runtime"
	"sync/atomic"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/nvcc"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/ir/parallel"
)

// compiled is a package before it is written.
type compiled struct {
	dir   string // where it goes
	res   *driver.Result
	found []diag.List // what every compilation found; the last one may have errors
	err   error
}

// compileFor compiles a package for a folder, with its own copy of rt if it carries one.
func compileFor(s *source, o driver.Options, dir string) *compiled {
	c := &compiled{dir: dir}
	o.Dir = s.abs
	if o.Assemble == nil { // no compiler is here
		o.Assemble = driver.Kept(dir, nvcc.Images)
	}
	compile := func() (ok bool) {
		res, ds := driver.Compile(s.files, o)
		c.res, c.found = res, append(c.found, ds)
		return !ds.HasErrors()
	}
	if compile() && carriesRuntime(c.res.Module) {
		if o.Runtime, o.RuntimeFiles, c.err = runtimeCopy(dir); c.err == nil {
			compile()
		}
	}
	return c
}

// compileAll compiles packages beside each other, twice as many at a time as there are processors for Go, and hands them to take in their order. After
// an error no other is begun.
func compileAll(srcs []*source, compile func(*source) *compiled, take func(*source, *compiled) error) (err error) {
	room := make(chan struct{}, 2*runtime.GOMAXPROCS(0)) // some wait for images that a compiler makes
	var stop atomic.Bool
	out := make([]*compiled, len(srcs))
	wait := make([]func(), len(srcs))
	for i, s := range srcs {
		wait[i] = parallel.Start(func() {
			room <- struct{}{}
			defer func() { <-room }()
			if !stop.Load() {
				out[i] = compile(s)
			}
		})
	}
	for i, s := range srcs {
		wait[i]() // for those after an error, too: nothing is left behind
		if err == nil {
			err = take(s, out[i])
		}
		out[i] = nil
		if err != nil {
			stop.Store(true)
		}
	}
	return err
}
