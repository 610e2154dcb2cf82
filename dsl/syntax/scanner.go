package syntax

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"ndec.dev/ndec/ir/diag"
)

const (
	maxSource       = 1 << 20 // bytes; the spans of a larger file would cost hundreds of megabytes
	maxScanComments = 50      // lexical complaints, after which the rest is surely not a program
	byteOrderMark   = '\uFEFF'
)

// A lexeme is a token with its text and place. Auto tells a semicolon that a newline stands for.
type lexeme struct {
	tok  Token
	text string
	span diag.Span
	auto bool
}

// scanner turns the bytes of a file into lexemes and comments.
type scanner struct {
	name     string
	src      string
	rows     [tokenCount]tokenRow
	pos      diag.Pos // of the next byte
	lexemes  []lexeme
	comments []*Comment
	newline  *diag.Pos // a newline at which a semicolon is due, unless "|>" follows
	errs     diag.List
}

// inUTF16 reports whether a file begins as text in UTF-16 does, of either order of bytes.
func inUTF16(src []byte) bool {
	return bytes.HasPrefix(src, []byte{0xff, 0xfe}) || bytes.HasPrefix(src, []byte{0xfe, 0xff})
}

// scan returns the tokens of src, the last of them EOF, and its comments.
func scan(name string, src []byte) ([]lexeme, []*Comment, diag.List) {
	s := &scanner{name: name, rows: tokenRows(), pos: diag.Pos{File: name, Line: 1, Col: 1}}
	if len(src) > maxSource {
		s.errs.Errorf("NDE0108", diag.Span{Start: s.pos, End: s.pos},
			"the file has %d bytes, and a source file may have at most %d", len(src), maxSource)
		src = nil
	} else if inUTF16(src) {
		s.errs.Errorf("NDE0102", diag.Span{Start: s.pos, End: s.pos}, "this is text in UTF-16: save the file as UTF-8")
		src = nil
	}
	s.src = string(src)
	for s.next() && len(s.errs) < maxScanComments {
	}
	s.flushNewline(EOF)
	s.lexemes = append(s.lexemes, lexeme{tok: EOF, span: diag.Span{Start: s.pos, End: s.pos}})
	return s.lexemes, s.comments, s.errs
}

// peek is the byte n places ahead, or 0 at the end.
func (s *scanner) peek(n int) byte {
	if s.pos.Offset+n < len(s.src) {
		return s.src[s.pos.Offset+n]
	}
	return 0
}

// advance steps over n bytes and keeps count of lines.
func (s *scanner) advance(n int) {
	for _, b := range []byte(s.src[s.pos.Offset : s.pos.Offset+n]) {
		s.pos.Offset++
		s.pos.Col++
		if b == '\n' {
			s.pos.Line++
			s.pos.Col = 1
		}
	}
}

// from is the span from a place to here.
func (s *scanner) from(start diag.Pos) diag.Span { return diag.Span{Start: start, End: s.pos} }

// text is the source from a place to here.
func (s *scanner) text(start diag.Pos) string { return s.src[start.Offset:s.pos.Offset] }

func (s *scanner) errorf(code diag.Code, at diag.Span, format string, args ...any) {
	s.errs.Errorf(code, at, format, args...)
}

// instead is the text that puts the last complaint right.
func (s *scanner) instead(text string) {
	d := &s.errs[len(s.errs)-1]
	d.Fix = []diag.Edit{{Span: d.Span, New: text}}
}

// emit adds the token that began at start, after the semicolon that may be due.
func (s *scanner) emit(tok Token, start diag.Pos) {
	s.flushNewline(tok)
	s.lexemes = append(s.lexemes, lexeme{tok: tok, text: s.text(start), span: s.from(start)})
}

// flushNewline adds the semicolon of an earlier newline, unless tok continues the line.
func (s *scanner) flushNewline(tok Token) {
	if s.newline != nil && tok != Pipe {
		s.lexemes = append(s.lexemes, lexeme{tok: Semi, text: "\n", span: diag.Span{Start: *s.newline, End: *s.newline}, auto: true})
	}
	s.newline = nil
	if tok == EOF && s.endsLine() {
		s.lexemes = append(s.lexemes, lexeme{tok: Semi, text: "\n", span: diag.Span{Start: s.pos, End: s.pos}, auto: true})
	}
}

// endsLine reports whether a newline after the last token stands for a semicolon.
func (s *scanner) endsLine() bool {
	n := len(s.lexemes)
	if n == 0 {
		return false
	}
	switch last := s.lexemes[n-1]; last.tok {
	case Name, Int, Float, String, RParen, RBrack, RBrace, Bad:
		return true
	case Keyword:
		switch last.text {
		case "return", "stop", "true", "false":
			return true
		}
		return n > 1 && s.lexemes[n-2].tok == Dot // a column that is called like a keyword
	}
	return false
}

// next scans one token, comment or run of space; false at the end.
func (s *scanner) next() bool {
	if s.pos.Offset >= len(s.src) {
		return false
	}
	start := s.pos
	switch c := s.peek(0); {
	case c == '\n':
		s.noteNewline(start)
		s.advance(1)
	case c == ' ' || c == '\t' || c == '\r':
		s.advance(1)
	case c == '/' && s.peek(1) == '/':
		s.lineComment(start)
	case c == '/' && s.peek(1) == '*':
		s.blockComment(start)
	case '0' <= c && c <= '9':
		s.number(start)
	case c == '.' && '0' <= s.peek(1) && s.peek(1) <= '9' && s.lastTok() != Dot:
		s.advance(1)
		s.digits()
		s.errorf("NDE0103", s.from(start), "a decimal point must have a digit before it: write 0%s", s.text(start))
		s.instead("0" + s.text(start))
		s.emit(Float, start)
	case c == '"':
		s.quoted(start)
	case c == '`':
		s.raw(start)
	default:
		if r, size := utf8.DecodeRuneInString(s.src[start.Offset:]); isLetter(r) {
			s.ident(start)
		} else if !s.operator(start) {
			s.illegal(start, r, size)
		}
	}
	return true
}

// noteNewline remembers the first newline after a token that ends a line.
func (s *scanner) noteNewline(at diag.Pos) {
	if s.newline == nil && s.endsLine() {
		s.newline = &at
	}
}

func (s *scanner) lastTok() Token {
	if len(s.lexemes) == 0 {
		return EOF
	}
	return s.lexemes[len(s.lexemes)-1].tok
}

func isLetter(r rune) bool { return r == '_' || r != utf8.RuneError && unicode.IsLetter(r) }

func (s *scanner) ident(start diag.Pos) {
	for s.pos.Offset < len(s.src) {
		r, size := utf8.DecodeRuneInString(s.src[s.pos.Offset:])
		if !isLetter(r) && !unicode.IsDigit(r) {
			break
		}
		s.advance(size)
	}
	if IsKeyword(s.text(start)) {
		s.emit(Keyword, start)
	} else {
		s.emit(Name, start)
	}
}

// digits steps over digits and "_".
func (s *scanner) digits() {
	n := 0
	for c := s.peek(n); '0' <= c && c <= '9' || c == '_'; c = s.peek(n) {
		n++
	}
	s.advance(n)
}

// number scans digits, a fraction, an exponent. "0..1" is an integer, a range and an integer.
func (s *scanner) number(start diag.Pos) {
	tok := Int
	s.digits()
	if s.peek(0) == '.' && s.peek(1) != '.' {
		whole := s.text(start)
		s.advance(1)
		tok = Float
		if c := s.peek(0); c < '0' || c > '9' {
			s.errorf("NDE0103", s.from(start), "a decimal point must be followed by a digit: write %s.0", whole)
			s.instead(whole + ".0")
			s.emit(tok, start)
			return
		}
		s.digits()
	}
	if c := s.peek(0); c == 'e' || c == 'E' {
		tok = Float
		s.advance(1)
		if c := s.peek(0); c == '+' || c == '-' {
			s.advance(1)
		}
		if c := s.peek(0); c < '0' || c > '9' {
			s.errorf("NDE0104", s.from(start), "the exponent of %s has no digits: write one as in 1e-3", s.text(start))
		}
		s.digits()
	}
	if t := s.text(start); strings.Contains(t, "__") || strings.HasSuffix(t, "_") || strings.Contains(t, "_.") ||
		strings.Contains(t, "._") || strings.Contains(t, "_e") || strings.Contains(t, "_E") {
		s.errorf("NDE0104", s.from(start), "in %s a _ does not stand between two digits: write it as in 10_000", t)
	}
	if r, _ := utf8.DecodeRuneInString(s.src[s.pos.Offset:]); isLetter(r) {
		for isLetter(r) || unicode.IsDigit(r) {
			s.advance(utf8.RuneLen(r))
			r, _ = utf8.DecodeRuneInString(s.src[s.pos.Offset:])
		}
		s.errorf("NDE0104", s.from(start), "%s is neither a number nor a name: a name begins with a letter, "+
			"and numbers are decimal", s.text(start))
	}
	s.emit(tok, start)
}

// quoted scans "…" with the escapes of Go.
func (s *scanner) quoted(start diag.Pos) {
	s.advance(1)
	for {
		switch c := s.peek(0); {
		case s.pos.Offset >= len(s.src) || c == '\n':
			s.errorf("NDE0105", s.from(start), "the string is not closed: write the second \" on the same line")
			s.emit(String, start)
			return
		case c == '"':
			s.advance(1)
			if _, err := unquote(s.text(start)); err != nil {
				s.errorf("NDE0107", s.from(start), "the string has an escape that Go does not know: write \\\\ for a backslash, \\n, \\t, \\\" or \\u00e9")
			}
			s.emit(String, start)
			return
		case c == '\\' && s.pos.Offset+1 < len(s.src) && s.peek(1) != '\n':
			s.advance(2)
		default:
			s.char()
		}
	}
}

// raw scans `…`, which may span lines.
func (s *scanner) raw(start diag.Pos) {
	s.advance(1)
	for s.pos.Offset < len(s.src) && s.peek(0) != '`' {
		s.char()
	}
	if s.pos.Offset >= len(s.src) {
		s.errorf("NDE0105", diag.Span{Start: start, End: start}, "the string is not closed: write the second ` at its end")
	} else {
		s.advance(1)
	}
	s.emit(String, start)
	last := &s.lexemes[len(s.lexemes)-1]
	last.text = strings.ReplaceAll(last.text, "\r", "") // as in Go, so that line ends do not matter
}

// char steps over a character of a string or comment, where any but NUL and broken ones may stand.
func (s *scanner) char() {
	r, size := utf8.DecodeRuneInString(s.src[s.pos.Offset:])
	start := s.pos
	s.advance(size)
	if r == 0 || r == utf8.RuneError && size == 1 || r == byteOrderMark {
		s.encoding(start, r)
	}
}

// encoding complains about what no text file should hold.
func (s *scanner) encoding(start diag.Pos, r rune) {
	if n := len(s.errs); n > 0 && s.errs[n-1].Code == "NDE0102" && s.errs[n-1].Span.End == start {
		s.errs[n-1].Span.End = s.pos // one complaint for a run of them
		s.errs[n-1].Fix = nil
		return
	}
	switch {
	case r == byteOrderMark && start.Offset == 0:
		s.errorf("NDE0102", s.from(start), "the file begins with a byte order mark: save it as UTF-8 without one")
		s.instead("")
	case r == byteOrderMark:
		s.errorf("NDE0102", s.from(start), "a byte order mark stands within the text: delete it")
		s.instead("")
	case r == 0:
		s.errorf("NDE0102", s.from(start), "a NUL byte stands within the text: delete it, or is this a binary file?")
	default:
		s.errorf("NDE0102", s.from(start), "this is not UTF-8: save the file as UTF-8")
	}
}

// lineComment scans // to the end of the line; a carriage return before the newline is dropped.
func (s *scanner) lineComment(start diag.Pos) {
	for s.pos.Offset < len(s.src) && s.peek(0) != '\n' {
		s.char()
	}
	s.comment(start, strings.TrimRight(s.text(start), " \t\r"))
}

// blockComment scans /* to */. One with a newline in it ends the line as the newline would.
func (s *scanner) blockComment(start diag.Pos) {
	end := strings.Index(s.src[start.Offset+2:], "*/")
	if end < 0 {
		s.errorf("NDE0106", diag.Span{Start: start, End: start}, "the comment is not closed: write */ at its end")
		s.advance(len(s.src) - start.Offset)
		return
	}
	for stop := start.Offset + 2 + end; s.pos.Offset < stop; {
		s.char()
	}
	s.advance(2)
	if s.pos.Line > start.Line {
		s.noteNewline(start)
	}
	s.comment(start, strings.ReplaceAll(s.text(start), "\r\n", "\n"))
}

func (s *scanner) comment(start diag.Pos, text string) {
	s.comments = append(s.comments, &Comment{Range: Range{s.from(start)}, Text: text})
}

// operator scans the longest operator or delimiter that stands here.
func (s *scanner) operator(start diag.Pos) bool {
	for length := 2; length > 0; length-- {
		if start.Offset+length > len(s.src) {
			continue
		}
		for t := Pipe; t < tokenCount; t++ {
			if s.rows[t].text == s.src[start.Offset:start.Offset+length] {
				s.advance(length)
				s.emit(t, start)
				return true
			}
		}
	}
	return false
}

// illegal complains about a character that begins no token, with what to write for common ones.
func (s *scanner) illegal(start diag.Pos, r rune, size int) {
	s.advance(size)
	if r == 0 || r == utf8.RuneError && size == 1 || r == byteOrderMark {
		s.encoding(start, r)
		if r != byteOrderMark || start.Offset > 0 {
			s.emit(Bad, start)
		}
		return
	}
	if n := len(s.lexemes); n > 0 && s.lexemes[n-1].tok == Bad && s.lexemes[n-1].span.End == start {
		s.lexemes[n-1].span.End = s.pos // one complaint for a run of them
		return
	}
	instead, plain := "", ""
	switch r {
	case '\'':
		instead = `: strings are written "...", a derivative der(x)`
	case '%':
		instead = ": the remainder is mod(x, y)"
	case '#':
		instead, plain = ": comments begin with //", "//"
	case '&':
		instead, plain = `: "and" is written &&`, "&&"
	case '|':
		instead = `: "or" is written ||, a pipeline |>`
	case '“', '”', '‘', '’':
		instead, plain = `: write the plain quote "`, `"`
	case '−', '–', '—':
		instead, plain = ": write the plain minus -", "-"
	case '·', '×':
		instead = ": write * or @"
	case '\u00a0':
		instead, plain = ": it is a space that does not break; write a plain one", " "
	}
	s.errorf("NDE0101", s.from(start), "unexpected character %s%s", describeRune(r), instead)
	if plain != "" {
		s.instead(plain)
	}
	s.emit(Bad, start)
}

func describeRune(r rune) string {
	if unicode.IsPrint(r) && r != ' ' {
		return fmt.Sprintf("%q (%U)", string(r), r)
	}
	return fmt.Sprintf("%U", r)
}
