package diag

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Limit is how many diagnostics of a run the renderers show.
const Limit = 20

// Options say how to render: Source gives the text of a file by name (nil or false: no source
// lines), Colour asks for ANSI colours.
type Options struct {
	Source func(file string) (string, bool)
	Colour bool
}

// ANSI sequences: red for errors, yellow for warnings, green for the caret.
const (
	red    = "\x1b[1;31m"
	yellow = "\x1b[1;33m"
	green  = "\x1b[1;32m"
	plain  = "\x1b[0m"
)

// Render writes diagnostics as text: "file:line:col: text [CODE]", the source line with the place
// marked below it, then remedy and notes. After Limit of them a last line tells how many are left.
// The error is that of w.
func Render(w io.Writer, l List, o Options) error {
	var b strings.Builder
	for i, d := range l {
		if i == Limit {
			fmt.Fprintf(&b, "and %d more\n", len(l)-Limit)
			break
		}
		d.render(&b, o)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (d Diagnostic) render(b *strings.Builder, o Options) {
	colour := red
	if d.Severity == Warning {
		colour = yellow
	}
	fmt.Fprintf(b, "%s: %s [%s]\n", d.Span.Start, oneLine(d.Text), o.paint(colour, string(d.Code)))
	o.window(b, d.Span)
	if d.Remedy != "" {
		for _, line := range strings.Split(d.Remedy, "\n") {
			fmt.Fprintf(b, "\t%s\n", line)
		}
	}
	for _, n := range d.Notes {
		fmt.Fprintf(b, "%s: %s\n", n.Span.Start, oneLine(n.Text))
		o.window(b, n.Span)
	}
}

func (o Options) paint(colour, s string) string {
	if !o.Colour {
		return s
	}
	return colour + s + plain
}

// oneLine keeps a message on its line.
func oneLine(s string) string { return strings.ReplaceAll(s, "\n", " ") }

// Window is the source line of a span and a line with carets below it, or "".
func (o Options) Window(s Span) string {
	var b strings.Builder
	o.window(&b, s)
	return b.String()
}

// window writes the source line of a span and a line with carets below it. Tabs are kept in both,
// so that the carets stand right whatever the width of a tab.
func (o Options) window(b *strings.Builder, s Span) {
	line, ok := o.line(s.Start)
	if !ok {
		return
	}
	at := min(max(s.Start.Col-1, 0), len(line))
	width := 1
	if s.End.Line > s.Start.Line {
		width = utf8.RuneCountInString(line[at:])
	} else if s.End.Col > s.Start.Col {
		width = utf8.RuneCountInString(line[at:min(s.End.Col-1, len(line))])
	}
	var before strings.Builder
	for _, r := range line[:at] {
		if r != '\t' {
			r = ' '
		}
		before.WriteRune(r)
	}
	fmt.Fprintf(b, "\t%s\n\t%s%s\n", printable(line), before.String(), o.paint(green, strings.Repeat("^", max(width, 1))))
}

// line is the source line of a place.
func (o Options) line(p Pos) (string, bool) {
	if o.Source == nil || !p.IsValid() {
		return "", false
	}
	text, ok := o.Source(p.File)
	if !ok {
		return "", false
	}
	lines := strings.Split(text, "\n")
	if p.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[p.Line-1], "\r"), true
}

// printable replaces what would disturb a terminal, rune by rune.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || r == 0x7f || r == utf8.RuneError) {
			return '?'
		}
		return r
	}, line)
}

// The forms of JSON output; names and format number are a promise to other tools.
type (
	jsonList struct {
		Format      int              `json:"format"`
		Diagnostics []jsonDiagnostic `json:"diagnostics"`
		More        int              `json:"more,omitempty"`
	}
	jsonDiagnostic struct {
		Severity string     `json:"severity"`
		Code     Code       `json:"code"`
		File     string     `json:"file"`
		Line     int        `json:"line"`
		Col      int        `json:"col"`
		EndLine  int        `json:"end_line"`
		EndCol   int        `json:"end_col"`
		Text     string     `json:"text"`
		Remedy   string     `json:"remedy,omitempty"`
		Notes    []jsonNote `json:"notes,omitempty"`
		Fix      []jsonEdit `json:"fix,omitempty"`
	}
	// jsonEdit replaces the bytes from Start up to End of a file.
	jsonEdit struct {
		File        string `json:"file"`
		Start       int    `json:"start"`
		End         int    `json:"end"`
		Replacement string `json:"replacement"`
	}
	jsonNote struct {
		File string `json:"file"`
		Line int    `json:"line"`
		Col  int    `json:"col"`
		Text string `json:"text"`
	}
)

// RenderJSON writes diagnostics as one JSON object, {"format": 1, "diagnostics": [...]}, with
// "more" telling how many beyond Limit were left out. The error is that of w.
func RenderJSON(w io.Writer, l List) error {
	out := jsonList{Format: 1, Diagnostics: []jsonDiagnostic{}}
	if len(l) > Limit {
		out.More = len(l) - Limit
		l = l[:Limit]
	}
	for _, d := range l {
		j := jsonDiagnostic{
			Severity: d.Severity.String(), Code: d.Code, File: d.Span.Start.File,
			Line: d.Span.Start.Line, Col: d.Span.Start.Col, EndLine: d.Span.End.Line, EndCol: d.Span.End.Col,
			Text: d.Text, Remedy: d.Remedy,
		}
		for _, n := range d.Notes {
			at := n.Span.Start
			j.Notes = append(j.Notes, jsonNote{File: at.File, Line: at.Line, Col: at.Col, Text: n.Text})
		}
		for _, e := range d.Fix {
			j.Fix = append(j.Fix, jsonEdit{e.Span.Start.File, e.Span.Start.Offset, e.Span.End.Offset, e.New})
		}
		out.Diagnostics = append(out.Diagnostics, j)
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(out)
}

// String is "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}
