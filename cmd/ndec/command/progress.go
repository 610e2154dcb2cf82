package command

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"ndec.dev/ndec/cmd/ndec/child"
)

const (
	linesEvery = 2 * time.Second        // between lines, where there is no terminal
	drawsEvery = 100 * time.Millisecond // between drawings of the bar, on one
	barWidth   = 24                     // cells
)

// progress shows how training goes: a bar in place on a terminal, rarer lines elsewhere, nothing
// with -q.
type progress struct {
	w       io.Writer // nil is quiet
	columns int       // of the terminal, 0 where there is none
	prefix  string
	recipe  string
	begun   time.Time
	first   int // step at begun
	shown   time.Time
	last    *child.Progress
}

func (a *app) newProgress(seed *uint64) *progress {
	p := &progress{w: a.err}
	if a.quiet {
		p.w = nil
	}
	if isTerminal(a.err) {
		p.columns = 80
		if w, _, err := term.GetSize(int(a.err.(*os.File).Fd())); err == nil && w > 0 {
			p.columns = w
		}
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
	}
	p.last = e
	every := linesEvery
	if p.columns > 0 {
		every = drawsEvery
	}
	if now.Sub(p.shown) >= every {
		p.shown = now
		p.show(now)
	}
}

func (p *progress) show(now time.Time) {
	text := p.prefix + progressText(p.recipe, p.last, p.first, now.Sub(p.begun), p.columns > 0)
	if p.columns == 0 {
		fmt.Fprintln(p.w, text)
		return
	}
	if r := []rune(text); len(r) >= p.columns {
		text = string(r[:p.columns-1]) // a wrapped line could not be drawn over
	}
	fmt.Fprintf(p.w, "\r\x1b[K%s", text)
}

// done ends the bar of a recipe.
func (p *progress) done() {
	if p.w == nil || p.last == nil {
		return
	}
	p.show(time.Now())
	if p.columns > 0 {
		fmt.Fprintln(p.w)
	}
	p.last = nil
}

// progressText is one drawing: Fit  epoch 12/300 ████▌   37/64  11.8 it/s  0:24 left  loss 0.312  acc 0.981  nfe 26.
// The bar is of the epoch's batches, or of all steps when an epoch is one batch.
func progressText(recipe string, e *child.Progress, first int, elapsed time.Duration, bar bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  epoch %d/%d", recipe, min(e.Epoch+1, e.Epochs), e.Epochs)
	done, all := e.Batch, e.Batches
	if all <= 1 {
		done, all = e.Step, e.Steps
	}
	if bar {
		b.WriteString(" " + barText(done, all))
	}
	if e.Batches > 1 {
		fmt.Fprintf(&b, "  %d/%d", done, all)
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
	return b.String()
}

// barText fills a bar in eighths of a cell.
func barText(done, all int) string {
	eighths := barWidth * 8
	if all > 0 {
		eighths = eighths * min(done, all) / all
	}
	text := strings.Repeat("█", eighths/8)
	cells := eighths / 8
	if rest := eighths % 8; rest > 0 {
		text += string([]rune(" ▏▎▍▌▋▊▉")[rest])
		cells++
	}
	return text + strings.Repeat(" ", barWidth-cells)
}

// figure is a number for people, with three digits; "nan" if it is not finite.
func figure(x *float64) string {
	if x == nil {
		return "nan"
	}
	return fmt.Sprintf("%.3g", *x)
}
