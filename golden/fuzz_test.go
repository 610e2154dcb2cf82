package golden

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/ir/diag"
)

// corpus are programs that compile: those of the documentation, of the diagnostics, of tests and examples.
func corpus(t testing.TB) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"../generated/*/*.nde", "testdata/*/*.nde", "../docs/*.md", "../docs/*/*.md", "../README.md"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range names {
			b, err := os.ReadFile(n)
			if err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(n, ".nde") {
				out = append(out, string(b))
				continue
			}
			for _, block := range fenced(string(b), "nde") {
				if strings.Contains("\n"+block, "\npackage ") {
					out = append(out, block)
				}
			}
		}
	}
	for _, e := range diag.All() {
		if files := diag.Files(e.Fixed); len(files) == 1 && len(e.Fixed) < 4000 {
			out = append(out, e.Fixed)
		}
	}
	return out
}

var lexeme = regexp.MustCompile(`"[^"\n]*"|[\pL_][\pL_0-9]*|[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?|\|>|:=|\.\.|[<>=!]=|&&|\|\||[-+*/@^<>=(){}\[\],:.]`)

// kind groups tokens that may take each other's place.
func kind(token string) string {
	switch c := token[0]; {
	case c == '"':
		return "string"
	case c >= '0' && c <= '9':
		return "number"
	case word.MatchString(token):
		return "word"
	case strings.Contains("(){}[]", token):
		return token
	}
	return "operator"
}

var word = regexp.MustCompile(`^[\pL_]`)

// mutated is src with edits changes that often leave a program: a token takes the place of another one of its kind,
// a line is left out, doubled or moved.
func mutated(r *rand.Rand, src string, edits int, pool map[string][]string) string {
	for range edits {
		lines := strings.SplitAfter(src, "\n")
		i, j := r.IntN(len(lines)), r.IntN(len(lines))
		switch r.IntN(8) {
		case 0:
			lines[i] = ""
		case 1:
			lines[i] += lines[i]
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		default:
			places := lexeme.FindAllStringIndex(src, -1)
			if len(places) == 0 {
				return src
			}
			p := places[r.IntN(len(places))]
			old := src[p[0]:p[1]]
			near := lexeme.FindAllString(src, -1)
			choice := old
			for range 20 {
				if r.IntN(4) == 0 {
					all := pool[kind(old)]
					choice = all[r.IntN(len(all))]
				} else {
					choice = near[r.IntN(len(near))]
				}
				if choice != old && kind(choice) == kind(old) {
					break
				}
			}
			if kind(choice) != kind(old) {
				choice = old
			}
			src = src[:p[0]] + choice + src[p[1]:]
			continue
		}
		src = strings.Join(lines, "")
	}
	return src
}

// FuzzCompile compiles programs that are broken a little. Whatever comes of it, no phase breaks a rule of its own, and
// it ends soon.
func FuzzCompile(f *testing.F) {
	programs := corpus(f)
	pool := map[string][]string{}
	for _, src := range programs {
		for _, token := range lexeme.FindAllString(src, -1) {
			pool[kind(token)] = append(pool[kind(token)], token)
		}
	}
	for i := range programs {
		f.Add(uint16(i), uint64(i), uint8(1+i%3))
	}
	debug.SetMemoryLimit(1 << 30)
	f.Fuzz(func(t *testing.T, which uint16, seed uint64, edits uint8) {
		src := mutated(rand.New(rand.NewPCG(seed, 1)), programs[int(which)%len(programs)], int(edits)%6, pool)
		begun := time.Now()
		_, ds := driver.Compile(map[string]string{"a.nde": src}, driver.Options{Vet: true})
		for _, d := range ds {
			if d.Code == "NDE0899" {
				t.Errorf("%v\n%s\n%s", d, d.Remedy, src)
			}
		}
		if d := time.Since(begun); d > 10*time.Second {
			t.Errorf("%v for\n%s", d, src)
		}
	})
}
