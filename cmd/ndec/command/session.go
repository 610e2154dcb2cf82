package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"ndec.dev/ndec/cmd/ndec/child"
	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/diag"
	"ndec.dev/ndec/rt"
)

// session is a compiled package that runs as a child process.
type session struct {
	app     *app
	src     *source
	dir     string // of the sources, absolute
	res     *driver.Result
	proc    *child.Process
	stopped atomic.Bool // by a signal
	killed  atomic.Bool // by a second one
	signals chan os.Signal
}

// open builds the emitted package of res and starts it. The first SIGINT or SIGTERM from here on ends
// the current request after its step, the second at once.
func (a *app) open(src *source, res *driver.Result) (*session, error) {
	dir, err := filepath.Abs(src.dir)
	if err != nil {
		return nil, internal(err)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	exe, err := child.Build(ctx, res, a.onDevice())
	cancel()
	switch {
	case errors.Is(err, context.Canceled):
		return nil, &exitError{exitInterrupted, errors.New("interrupted while compiling; nothing was written")}
	case errors.Is(err, child.ErrNoGo), errors.Is(err, child.ErrBuild), errors.Is(err, child.ErrNoCUDA):
		return nil, problems(err)
	case err != nil:
		return nil, internal(err)
	}
	s := &session{app: a, src: src, dir: dir, res: res, signals: make(chan os.Signal, 2)}
	if s.proc, err = child.Start(exe); err != nil {
		return nil, internal(err)
	}
	signal.Notify(s.signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		for range s.signals {
			if s.stopped.Swap(true) {
				s.killed.Store(true)
				s.proc.Kill()
				continue
			}
			s.proc.Stop()
		}
	}()
	return s, nil
}

func (s *session) close() {
	signal.Stop(s.signals)
	close(s.signals)
	s.proc.Close()
}

// ask sends a request and gives its result, or an error with its exit code.
func (s *session) ask(q *rt.Request, hear func(*child.Event)) (json.RawMessage, error) {
	q.Dir = s.dir
	if s.app.onDevice() {
		q.Device = s.app.device
	}
	result, err := s.proc.Do(q, func(e *child.Event) {
		s.app.sayDevice(e)
		if hear != nil {
			hear(e)
		}
	})
	var failed *child.Error
	switch {
	case err == nil:
		return result, nil
	case s.killed.Load():
		return nil, &exitError{exitInterrupted, errors.New("ended at once; what was written before is whole")}
	case errors.As(err, &failed) && failed.Kind == "interrupted", s.stopped.Load() && errors.Is(err, child.ErrCrashed):
		return nil, &exitError{exitInterrupted, errors.New("interrupted")}
	case errors.As(err, &failed) && failed.Kind != "io":
		return nil, problems(failed)
	}
	return nil, internal(err)
}

// known checks a name that the user gave against those of the program; what is "recipe", "model" ….
func known(what, name string, names []string) error {
	for _, n := range names {
		if n == name {
			return nil
		}
	}
	text := fmt.Sprintf("there is no %s %q", what, name)
	switch near := diag.Suggest(name, names); {
	case near != "":
		text += fmt.Sprintf("; did you mean %s?", near)
	case len(names) > 0:
		text += "; there is " + strings.Join(names, ", ")
	}
	return problems(errors.New(text))
}

// oneSource is the package of the single argument, or of the working folder.
func oneSource(args []string) (*source, error) {
	if len(args) == 0 {
		return load(".")
	}
	return load(args[0])
}

// ioError is an I/O problem with what was being done.
func ioError(what string, err error) error {
	return internal(fmt.Errorf("%s: %w", what, err))
}
