package command

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"ndec.dev/ndec/cmd/ndec/child"
)

const (
	linesEvery = 2 * time.Second // between lines, where there is no terminal
	barWidth   = 24              // cells
)

// progress shows how training goes: a bar in place on a terminal, rarer lines elsewhere, nothing
// with -q.
type progress struct {
	w        io.Writer // nil is quiet
	terminal bool
	prefix   string
	recipe   string
	begun    time.Time
	first    int // step at begun
	shown    time.Time
	last     *child.Progress
	text     func(recipe string, e *child.Progress, first int, elapsed time.Duration) (head, tail string)

	bars       *mpb.Progress // on a terminal, while a recipe runs
	bar        *mpb.Bar
	mu         sync.Mutex // guards what the bar draws beside itself
	head, tail string
}

func (a *app) newProgress(seed *uint64) *progress {
	p := &progress{w: a.err, terminal: isTerminal(a.err), text: progressText}
	if a.quiet {
		p.w = nil
	}
	if seed != nil {
		p.prefix = fmt.Sprintf("seed %d  ", *seed)
	}
	return p
}

// step takes the figures of a step.
func (p *progress) step(recipe string, e *child.Progress) {
	if p.w == nil {
		return
	}
	now := time.Now()
	if p.last == nil {
		p.recipe, p.begun, p.first, p.shown = recipe, now, e.Step, now
		p.begin(e)
	}
	p.last = e
	if p.terminal || now.Sub(p.shown) >= linesEvery {
		p.shown = now
		p.show(now)
	}
}

// begin starts a bar: the epoch before it, the figures after it.
func (p *progress) begin(e *child.Progress) {
	if !p.terminal {
		return
	}
	p.bars = mpb.New(mpb.WithOutput(p.w), mpb.WithAutoRefresh(), mpb.WithWidth(barWidth))
	text := func(s *string) decor.Decorator {
		return decor.Any(func(decor.Statistics) string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return *s
		})
	}
	style := mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("▌").Padding(" ")
	p.bar = p.bars.New(int64(e.Steps), style, mpb.PrependDecorators(text(&p.head)), mpb.AppendDecorators(text(&p.tail)))
}

func (p *progress) show(now time.Time) {
	head, tail := p.text(p.recipe, p.last, p.first, now.Sub(p.begun))
	if !p.terminal {
		fmt.Fprintln(p.w, p.prefix+head+tail)
		return
	}
	p.mu.Lock()
	p.head, p.tail = p.prefix+head+" ", tail
	p.mu.Unlock()
	p.bar.SetCurrent(int64(p.last.Step))
}

// done ends the bar of a recipe.
func (p *progress) done() {
	if p.w == nil || p.last == nil {
		return
	}
	p.show(time.Now())
	if p.terminal {
		p.bar.Abort(false) // nothing where it is full
		p.bars.Wait()
	}
	p.last = nil
}

// progressText is what stands before and after the bar:
// Fit  epoch 12/300 ████▌   37/64  11.8 it/s  0:24 left  loss 0.312  acc 0.981  nfe 26.
func progressText(recipe string, e *child.Progress, first int, elapsed time.Duration) (head, tail string) {
	head = fmt.Sprintf("%s  epoch %d/%d", recipe, min(e.Epoch+1, e.Epochs), e.Epochs)
	var b strings.Builder
	if e.Batches > 1 {
		fmt.Fprintf(&b, "  %d/%d", e.Batch, e.Batches)
	}
	if rate := float64(e.Step-first) / elapsed.Seconds(); rate > 0 && elapsed > 0 {
		fmt.Fprintf(&b, "  %.3g it/s", rate)
		if left := time.Duration(float64(e.Steps-e.Step) / rate * float64(time.Second)); e.Step < e.Steps {
			fmt.Fprintf(&b, "  %d:%02d left", int(left.Minutes()), int(left.Seconds())%60)
		}
	}
	fmt.Fprintf(&b, "  loss %s", figure(e.Loss))
	for _, m := range slices.Sorted(maps.Keys(e.Metrics)) {
		fmt.Fprintf(&b, "  %s %s", m, figure(e.Metrics[m]))
	}
	if e.NFE != nil && *e.NFE > 0 {
		fmt.Fprintf(&b, "  nfe %.3g", *e.NFE)
	}
	return head, b.String()
}

// shareText is what stands before and after the bar of a job whose steps are a thousand parts of it.
func shareText(what string, e *child.Progress, first int, elapsed time.Duration) (head, tail string) {
	tail = fmt.Sprintf("%3d %%", 100*e.Step/e.Steps)
	if done := e.Step - first; done > 0 && e.Step < e.Steps {
		left := elapsed * time.Duration(e.Steps-e.Step) / time.Duration(done)
		tail += fmt.Sprintf("  %d:%02d left", int(left.Minutes()), int(left.Seconds())%60)
	}
	return what, "  " + tail
}

// figure is a number for people, with three digits; "nan" if it is not finite.
func figure(x *float64) string {
	if x == nil {
		return "nan"
	}
	return fmt.Sprintf("%.3g", *x)
}
