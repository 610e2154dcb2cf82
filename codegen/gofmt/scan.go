package gofmt

import (
	"strings"
)

// unknown is what plain panics with where it cannot go on.
var unknown = new(int)

// token is a piece of the text. A newline is a sign.
type token struct {
	kind tokenKind
	text string
}

type tokenKind uint8

const (
	end tokenKind = iota
	word
	literal // number, string or character
	sign
	comment
)

type scanner struct {
	src string
	at  int
	tok token

	behind bool // a comment stands behind code
}

func letter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
func digit(c byte) bool  { return '0' <= c && c <= '9' }

func (s *scanner) is(text string) bool {
	return (s.tok.kind == sign || s.tok.kind == word) && s.tok.text == text
}

func (s *scanner) expect(text string) {
	if !s.is(text) {
		panic(unknown)
	}
	s.next()
}

// take is the text of a token of a kind.
func (s *scanner) take(kind tokenKind) string {
	if s.tok.kind != kind {
		panic(unknown)
	}
	t := s.tok.text
	s.next()
	return t
}

// next reads a token. Blank lines are unknown.
func (s *scanner) next() {
	for s.at < len(s.src) && (s.src[s.at] == ' ' || s.src[s.at] == '\t') {
		s.at++
	}
	from := s.at
	if from == len(s.src) {
		s.tok = token{}
		return
	}
	before := s.tok
	c := s.src[from]
	switch {
	case letter(c):
		for s.at < len(s.src) && (letter(s.src[s.at]) || digit(s.src[s.at])) {
			s.at++
		}
		s.tok = token{word, s.src[from:s.at]}
	case digit(c) || c == '.' && from+1 < len(s.src) && digit(s.src[from+1]):
		s.number()
	case c == '"' || c == '`' || c == '\'':
		s.quoted(c)
	case c == '\n':
		if before.kind == sign && before.text == "\n" {
			panic(unknown)
		}
		s.at++
		s.tok = token{sign, "\n"}
	case strings.HasPrefix(s.src[from:], "//"):
		s.behind = from > 0 && !(before.kind == sign && before.text == "\n")
		s.at = len(s.src)
		if n := strings.IndexByte(s.src[from:], '\n'); n >= 0 {
			s.at = from + n
		}
		t := s.src[from:s.at]
		if t[len(t)-1] == ' ' || t[len(t)-1] == '\t' || strings.ContainsAny(t, "\r\f\v") {
			panic(unknown)
		}
		s.tok = token{comment, t}
	default:
		s.sign()
	}
}

// number reads a number that gofmt leaves as it is.
func (s *scanner) number() {
	from := s.at
	for ; s.at < len(s.src); s.at++ {
		c := s.src[s.at]
		if digit(c) || c == '.' || (c == '+' || c == '-') && (s.src[s.at-1] == 'e' || s.src[s.at-1] == 'p') {
			continue
		}
		if !letter(c) {
			break
		}
		if 'A' <= c && c <= 'Z' || c == 'i' {
			panic(unknown)
		}
	}
	t := s.src[from:s.at]
	if strings.HasPrefix(t, "0x") && strings.ContainsAny(t, "+-") && !strings.Contains(t, "p") {
		panic(unknown) // 0xe+1 is a sum
	}
	s.tok = token{literal, t}
}

// quoted reads a string or character on one line.
func (s *scanner) quoted(q byte) {
	from := s.at
	for s.at++; ; s.at++ {
		if s.at >= len(s.src) || s.src[s.at] == '\n' {
			panic(unknown)
		}
		if s.src[s.at] == '\\' && q != '`' {
			s.at++
		} else if s.src[s.at] == q {
			break
		}
	}
	s.at++
	s.tok = token{literal, s.src[from:s.at]}
}

// signs of more than one character, longer ones first.
var signs = []string{"<<=", ">>=", "&^=", "...", ":=", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>", "&^", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<-"}

func (s *scanner) sign() {
	rest := s.src[s.at:]
	if strings.HasPrefix(rest, "/*") {
		panic(unknown)
	}
	if len(rest) > 1 && strings.IndexByte("=&|<>^+-.", rest[1]) >= 0 {
		for _, t := range signs {
			if strings.HasPrefix(rest, t) {
				if t == "<-" {
					panic(unknown)
				}
				s.at += len(t)
				s.tok = token{sign, t}
				return
			}
		}
	}
	if strings.IndexByte("+-*/%&|^<>=!()[]{},;.:", rest[0]) < 0 {
		panic(unknown)
	}
	s.at++
	s.tok = token{sign, rest[:1]}
}

// precedence of a binary operator; 0 of anything else.
func precedence(op string) int {
	switch op {
	case "*", "/", "%", "<<", ">>", "&", "&^":
		return 5
	case "+", "-", "|", "^":
		return 4
	case "==", "!=", "<", "<=", ">", ">=":
		return 3
	case "&&":
		return 2
	case "||":
		return 1
	}
	return 0
}
