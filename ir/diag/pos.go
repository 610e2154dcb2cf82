package diag

import "fmt"

// Pos is a place in a source file. Line and Col count from 1, Col in bytes (as Go does).
// The zero Pos is "no position".
type Pos struct {
	File   string
	Offset int
	Line   int
	Col    int
}

// IsValid reports whether p names a place.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String is "file:line:col", the form that editors jump to.
func (p Pos) String() string {
	if !p.IsValid() {
		return "-"
	}
	if p.File == "" {
		return fmt.Sprintf("%d:%d", p.Line, p.Col)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Span is the source text from Start up to but not including End.
type Span struct{ Start, End Pos }

// IsValid reports whether s names a place.
func (s Span) IsValid() bool { return s.Start.IsValid() }

// String is "file:line" of the start, the form used in comments of dumps and emitted code.
func (s Span) String() string {
	if !s.IsValid() {
		return "-"
	}
	return fmt.Sprintf("%s:%d", s.Start.File, s.Start.Line)
}
