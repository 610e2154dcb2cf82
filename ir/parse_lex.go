package ir

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"ndec.dev/ndec/ir/diag"
)

// tokenKind is the kind of a token of the text form.
type tokenKind uint8

const (
	tokEOF    tokenKind = iota
	tokName             // letters, digits, _ and dots
	tokString           // "…", unquoted in text
	tokNumber           // 1, -2.5e-3; inf and nan are names, -inf a number
	tokValue            // %1, %h: text without %
	tokPunct            // one character, or ->
)

type token struct {
	kind tokenKind
	text string
	line int
}

// textError is an error at a line of a text.
type textError struct {
	name string
	line int
	text string
}

func (e *textError) Error() string { return fmt.Sprintf("%s:%d: %s", e.name, e.line, e.text) }

// lex cuts src into tokens. A comment that ends in :number is the place in the source of what
// stands on its line.
func lex(name, src string) ([]token, map[int]diag.Span, error) {
	var toks []token
	spans := map[int]diag.Span{}
	line := 1
	for i := 0; i < len(src); {
		r, size := utf8.DecodeRuneInString(src[i:])
		if r == utf8.RuneError && size == 1 {
			return nil, nil, &textError{name, line, "not UTF-8"}
		}
		add := func(kind tokenKind, n int, text string) {
			toks = append(toks, token{kind, text, line})
			i += n
		}
		switch {
		case r == '\n':
			line++
			i++
		case unicode.IsSpace(r) || r == ';':
			i += size
		case strings.HasPrefix(src[i:], "//"):
			n := strings.IndexByte(src[i:], '\n')
			if n < 0 {
				n = len(src) - i
			}
			if s, ok := spanOf(src[i+2 : i+n]); ok {
				spans[line] = s
			}
			i += n
		case r == '"':
			q, err := strconv.QuotedPrefix(src[i:])
			if err != nil {
				return nil, nil, &textError{name, line, "bad string"}
			}
			text, err := strconv.Unquote(q)
			if err != nil {
				return nil, nil, &textError{name, line, "bad string"}
			}
			add(tokString, len(q), text)
		case r == '%':
			n := 1 + span(src[i+1:], func(r rune) bool { return isNameRune(r, false) })
			add(tokValue, n, src[i+1:i+n])
		case strings.HasPrefix(src[i:], "->"):
			add(tokPunct, 2, "->")
		case strings.HasPrefix(src[i:], "-inf"):
			add(tokNumber, 4, "-inf")
		case '0' <= r && r <= '9' || r == '-' && i+1 < len(src) && '0' <= src[i+1] && src[i+1] <= '9':
			n := numberLen(src[i:])
			add(tokNumber, n, src[i:i+n])
		case isNameRune(r, true):
			n := span(src[i:], func(r rune) bool { return isNameRune(r, false) })
			add(tokName, n, src[i:i+n])
		default:
			add(tokPunct, size, src[i:i+size])
		}
	}
	return append(toks, token{tokEOF, "end of text", line}), spans, nil
}

// span is the length of the start of s that in accepts.
func span(s string, in func(rune) bool) int {
	for i, r := range s {
		if !in(r) {
			return i
		}
	}
	return len(s)
}

// numberLen is the length of the decimal number at the start of s.
func numberLen(s string) int {
	n := 1
	for n < len(s) {
		c := s[n]
		digit := '0' <= c && c <= '9'
		sign := (c == '+' || c == '-') && s[n-1] == 'e'
		if !digit && !sign && c != '.' && c != 'e' {
			break
		}
		n++
	}
	return n
}

// spanOf reads " file:line" after //.
func spanOf(comment string) (diag.Span, bool) {
	text := strings.TrimSpace(comment)
	i := strings.LastIndexByte(text, ':')
	if i < 0 {
		return diag.Span{}, false
	}
	n, err := strconv.Atoi(text[i+1:])
	if err != nil || n < 1 || strconv.Itoa(n) != text[i+1:] {
		return diag.Span{}, false
	}
	p := diag.Pos{File: text[:i], Line: n, Col: 1}
	if strings.TrimSpace(p.File) != p.File || strings.ContainsFunc(p.File, unicode.IsControl) {
		return diag.Span{}, false
	}
	return diag.Span{Start: p, End: p}, true
}
