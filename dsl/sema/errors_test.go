package sema_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"ndec.dev/ndec/dsl/sema"
)

var wantComment = regexp.MustCompile(`/\* ERROR (NDE[0-9]{4}) "(.*?)" \*/`)

// tokenBefore is the offset of the token that ends before the comment at offset end.
func tokenBefore(src string, end int) int {
	end = len(strings.TrimRight(src[:end], " \t"))
	word := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	i := end
	for i > 0 {
		r, n := utf8.DecodeLastRuneInString(src[:i])
		if !word(r) {
			break
		}
		i -= n
	}
	if i < end {
		return i
	}
	for _, op := range []string{"|>", "..", "||", "&&", "==", "!=", "<=", ">=", ":="} {
		if strings.HasSuffix(src[:end], op) {
			return end - 2
		}
	}
	return end - 1
}

// TestErrorComments: /* ERROR code "text" */ stands right after the token at which the
// diagnostic points; text is a part of its text. Nothing else may be reported.
func TestErrorComments(t *testing.T) {
	files, err := filepath.Glob("testdata/*.nde")
	if err != nil || len(files) == 0 {
		t.Fatal("no test programs", err)
	}
	for _, path := range files {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		src := string(raw)
		type want struct{ code, text string }
		wants := map[int]want{}
		for _, m := range wantComment.FindAllStringSubmatchIndex(src, -1) {
			wants[tokenBefore(src, m[0])] = want{src[m[2]:m[3]], src[m[4]:m[5]]}
		}
		_, l := check(t, filepath.Base(path), src, sema.Options{})
		for _, d := range l {
			w, ok := wants[d.Span.Start.Offset]
			if !ok || w.code != string(d.Code) || !strings.Contains(d.Text, w.text) {
				t.Errorf("unexpected %v", d)
				continue
			}
			delete(wants, d.Span.Start.Offset)
		}
		for at, w := range wants {
			t.Errorf("%s:%d: missing %s %q", path, 1+strings.Count(src[:at], "\n"), w.code, w.text)
		}
	}
}
