// Package diag holds positions and diagnostics: what every phase uses to complain.
package diag

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
)

// Severity tells an error from a warning.
type Severity uint8

// Error stops compilation, Warning does not.
const (
	Error Severity = iota
	Warning
)

// Code names a diagnostic: NDE0302 for errors, W1203 for warnings. Codes are stable.
type Code string

// Note is a further place that explains a diagnostic.
type Note struct {
	Span Span
	Text string
}

// Edit replaces the source text of Span by New. A span without length inserts.
type Edit struct {
	Span Span
	New  string
}

// Diagnostic is one complaint about a program. Text says what is wrong and, after a semicolon
// or colon, what to write instead; Remedy adds a longer way out where one line is not enough.
type Diagnostic struct {
	Severity Severity
	Code     Code
	Span     Span
	Text     string
	Remedy   string
	Notes    []Note
	Fix      []Edit
}

// String is "file:line:col: text [CODE]".
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s: %s [%s]", d.Span.Start, d.Text, d.Code)
}

// List collects diagnostics of a run.
type List []Diagnostic

// Errorf adds an error. A Meant among args gives it the fix that puts the name in the place of what
// stands at.
func (l *List) Errorf(code Code, at Span, format string, args ...any) {
	d := Diagnostic{Code: code, Span: at, Text: fmt.Sprintf(format, args...)}
	for _, a := range args {
		if m, ok := a.(Meant); ok && m != "" {
			d.Fix = []Edit{{Span: at, New: string(m)}}
		}
	}
	*l = append(*l, d)
}

// Meant is the name that was probably meant, or "". In a text it stands as a question after a
// semicolon.
type Meant string

func (m Meant) String() string {
	if m == "" {
		return ""
	}
	return "; did you mean " + strconv.Quote(string(m)) + "?"
}

// Warnf adds a warning.
func (l *List) Warnf(code Code, at Span, format string, args ...any) {
	*l = append(*l, Diagnostic{Severity: Warning, Code: code, Span: at, Text: fmt.Sprintf(format, args...)})
}

// HasErrors reports whether an error is among l.
func (l List) HasErrors() bool {
	for _, d := range l {
		if d.Severity == Error {
			return true
		}
	}
	return false
}

// OnePerLine keeps the complaint of each line that was made first, since others of the line mostly
// follow from it; mistakes go before known limitations, errors before warnings.
func (l List) OnePerLine() List {
	type line struct {
		file string
		n    int
	}
	weight := func(d *Diagnostic) int {
		switch {
		case d.Severity == Warning:
			return 2
		case strings.HasPrefix(string(d.Code), "NDE08"):
			return 1
		}
		return 0
	}
	best := map[line]int{}
	for i := range l {
		at := line{l[i].Span.Start.File, l[i].Span.Start.Line}
		if j, seen := best[at]; at.n > 0 && (!seen || weight(&l[i]) < weight(&l[j])) {
			best[at] = i
		}
	}
	var out List
	for i, d := range l {
		at := line{d.Span.Start.File, d.Span.Start.Line}
		if at.n == 0 || best[at] == i {
			out = append(out, d)
		}
	}
	return out
}

// Sort orders by file, position and code, so that output does not depend on the order of checking.
func (l List) Sort() {
	sort.SliceStable(l, func(i, j int) bool {
		a, b := l[i], l[j]
		if a.Span.Start.File != b.Span.Start.File {
			return a.Span.Start.File < b.Span.Start.File
		}
		if a.Span.Start.Offset != b.Span.Start.Offset {
			return a.Span.Start.Offset < b.Span.Start.Offset
		}
		return a.Code < b.Code
	})
}
