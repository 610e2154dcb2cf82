package command

import (
	"os"
	"path/filepath"
	"runtime"
	"sync"
)

// saving writes pictures beside the making of the next ones, on as many cores as there are.
type saving struct {
	group sync.WaitGroup
	room  chan struct{}
	saved []*saved
}

// saved is a picture, and why it could not be written.
type saved struct {
	plotted
	err error
}

func newSaving() *saving { return &saving{room: make(chan struct{}, runtime.GOMAXPROCS(0))} }

// start writes a drawing, which nobody changes any more.
func (s *saving) start(dir string, d drawing, kind string, notes []string, formats []string) {
	one := &saved{plotted: plotted{Kind: kind, Notes: notes}}
	s.saved = append(s.saved, one)
	s.room <- struct{}{}
	s.group.Go(func() {
		defer func() { <-s.room }()
		if err := os.MkdirAll(dir, 0o755); err != nil {
			one.err = ioError("folder for pictures", err)
			return
		}
		var err error
		if one.Files, err = d.figure.Save(filepath.Join(dir, d.name), formats...); err != nil {
			one.err = ioError("picture", err)
		}
	})
}

// wait gives the pictures up to the first that could not be written, in the order in which they began.
func (s *saving) wait() ([]plotted, error) {
	s.group.Wait()
	var made []plotted
	for _, one := range s.saved {
		if one.err != nil {
			return made, one.err
		}
		made = append(made, one.plotted)
	}
	return made, nil
}
