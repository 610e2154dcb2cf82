package child

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"ndec.dev/ndec/rt"
)

// Event is an rt.Event as the parent reads it: results keep their JSON.
type Event struct {
	Type     string          `json:"type"` // progress, metrics, recipe, device, fault, done or error
	Recipe   string          `json:"recipe"`
	Progress *Progress       `json:"progress"`
	Split    string          `json:"split"`
	Eval     *Evaluation     `json:"eval"`
	Result   json.RawMessage `json:"result"`
	Device   string          `json:"device"`
	Left     []string        `json:"left"`
	Fault    *rt.Fault       `json:"fault"`
	Error    string          `json:"error"`
	Kind     string          `json:"kind"` // of an error: input, solve, io, interrupted
}

// Progress is rt.ProgressEvent; figures that are not finite are nil.
type Progress struct {
	Step          int                 `json:"step"`
	Steps         int                 `json:"steps"`
	Epoch         int                 `json:"epoch"`
	Epochs        int                 `json:"epochs"`
	Batch         int                 `json:"batch"`
	Batches       int                 `json:"batches"`
	Loss          *float64            `json:"loss"`
	Metrics       map[string]*float64 `json:"metrics"`
	LR            *float64            `json:"lr"`
	NFE           *float64            `json:"nfe"`
	SamplesPerSec *float64            `json:"samples_per_s"`
}

// Evaluation is rt.Evaluation; figures that are not finite are nil.
type Evaluation struct {
	Loss    *float64            `json:"loss"`
	Metrics map[string]*float64 `json:"metrics"`
	Rows    int                 `json:"rows"`
	NFE     *float64            `json:"nfe"`
	Failed  int                 `json:"failed,omitempty"`
}

// Trained is rt.TrainResult; figures that are not finite are nil.
type Trained struct {
	Recipe      string              `json:"recipe"`
	Stopped     string              `json:"stopped"` // done, max_time, interrupted or failed
	Epochs      int                 `json:"epochs"`
	Steps       int                 `json:"steps"`
	Loss        *float64            `json:"loss"`
	Metrics     map[string]*float64 `json:"metrics"`
	Val         *Evaluation         `json:"val,omitempty"`
	Test        *Evaluation         `json:"test,omitempty"`
	NFE         *float64            `json:"nfe"`
	BackwardNFE *float64            `json:"nfe_backward"`
	Seconds     float64             `json:"seconds"`
	Parameters  int                 `json:"parameters"`
	RunDir      string              `json:"run_dir,omitempty"`
}

// Error is a request that failed.
type Error struct {
	Kind string // input, solve, io or interrupted
	Text string
}

func (e *Error) Error() string { return e.Text }

// ErrCrashed says that the program ended without an answer; the text holds what it printed.
var ErrCrashed = errors.New("the compiled program ended without an answer")

// Process is a running program. Requests are answered one after the other.
type Process struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	stop   sync.Once
	wait   sync.Once
	err    error
}

// Start runs the program that Build gave.
func Start(exe string) (*Process, error) {
	p := &Process{cmd: exec.Command(exe)}
	p.cmd.Stderr = &p.stderr
	var err error
	if p.in, err = p.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.out = bufio.NewReader(out)
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the compiled program: %w", err)
	}
	return p, nil
}

// Do sends a request and hears its events until the last, whose result it gives. A request that
// failed is an *Error.
func (p *Process) Do(q *rt.Request, hear func(*Event)) (json.RawMessage, error) {
	line, err := json.Marshal(q)
	if err != nil {
		return nil, fmt.Errorf("request: %w", err)
	}
	// A program that died, or was told to stop, does not read; what it has to say follows anyway.
	_, _ = p.in.Write(append(line, '\n'))
	for {
		line, err := p.out.ReadBytes('\n')
		if err != nil {
			p.end()
			if noDriver(p.stderr.String()) {
				return nil, &Error{Kind: "input", Text: "there is no NVIDIA driver: libcuda.so.1 is not found (LD_LIBRARY_PATH can name its folder); leave --device out to run on the CPU"}
			}
			return nil, fmt.Errorf("%w: %v\n%s", ErrCrashed, p.err, strings.TrimSpace(p.stderr.String()))
		}
		var e Event
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("the compiled program said %q: %w", line, err)
		}
		switch e.Type {
		case "done":
			return e.Result, nil
		case "error":
			return nil, &Error{Kind: e.Kind, Text: e.Error}
		}
		if hear != nil {
			hear(&e)
		}
	}
}

// Stop asks for the end of the current request after its step; it returns at once.
func (p *Process) Stop() { p.stop.Do(func() { p.in.Close() }) }

// Kill ends the program at once.
func (p *Process) Kill() { _ = p.cmd.Process.Kill() }

// Close ends the program when it is idle, and waits for it.
func (p *Process) Close() {
	p.Stop()
	timer := time.AfterFunc(5*time.Second, p.Kill)
	defer timer.Stop()
	p.end()
}

func (p *Process) end() { p.wait.Do(func() { p.err = p.cmd.Wait() }) }
