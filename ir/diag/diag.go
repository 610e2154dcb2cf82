// Package diag holds positions and diagnostics: what every phase uses to complain.
package diag

import (
	"fmt"
	"sort"
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

// Diagnostic is one complaint about a program. Text says what is wrong and, after a semicolon
// or colon, what to write instead; Remedy adds a longer way out where one line is not enough.
type Diagnostic struct {
	Severity Severity
	Code     Code
	Span     Span
	Text     string
	Remedy   string
	Notes    []Note
}

// String is "file:line:col: text [CODE]".
func (d Diagnostic) String() string {
	return fmt.Sprintf("%s: %s [%s]", d.Span.Start, d.Text, d.Code)
}

// List collects diagnostics of a run.
type List []Diagnostic

// Errorf adds an error.
func (l *List) Errorf(code Code, at Span, format string, args ...any) {
	*l = append(*l, Diagnostic{Code: code, Span: at, Text: fmt.Sprintf(format, args...)})
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
