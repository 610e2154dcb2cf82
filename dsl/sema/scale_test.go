//go:build unix

package sema_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"ndec.dev/ndec/dsl/sema"
	"ndec.dev/ndec/dsl/syntax"
)

// synthetic is a program of n declarations, five lines each, in which every net and system is used.
func synthetic(n int) string {
	var b strings.Builder
	b.WriteString("package big\n\n")
	for i := range n / 4 {
		fmt.Fprintf(&b, "const c%d = %d.5\n\n// Width %d is used once,\n// by the net of its number.\nconst w%d = %d\n\n", i, i, i, i, 2+i%7)
		fmt.Fprintf(&b, "net f%d(x [2]real) [2]real {\n\tlayer out = Linear(2)\n\th := x |> Linear(w%d) |> tanh\n\treturn c%d * (h |> out)\n}\n\n", i, i, i)
		fmt.Fprintf(&b, "system S%d {\n\tstate x [2]real\n\n\tE := c%d * sqnorm(x)\n\tder(x) = f%d(x) - grad(E, x)\n}\n\n", i, i, i)
	}
	return b.String()
}

// processor is the time that this process has had of the processors, which other work does not disturb.
func processor(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// figures says whether bounds on time are tested, which only a quiet machine keeps.
var figures = os.Getenv("NDEC_TEST_FIGURES") != ""

// checkTime is the processor time of parsing and checking, the best of a few runs, and the memory that they take.
func checkTime(t testing.TB, src string) (best time.Duration, bytes, allocations uint64) {
	t.Helper()
	runs := 1
	if figures {
		runs = 5
	}
	for range runs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := processor(t)
		f, errs := syntax.Parse("big.nde", []byte(src))
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		if _, l := sema.Check([]*syntax.File{f}, sema.Options{}); l.HasErrors() {
			t.Fatal(l[0])
		}
		if d := processor(t) - start; best == 0 || d < best {
			best = d
		}
		runtime.ReadMemStats(&after)
		bytes, allocations = after.TotalAlloc-before.TotalAlloc, after.Mallocs-before.Mallocs
	}
	return best, bytes, allocations
}

// TestScale: 2,000 declarations in about 10,000 lines check within a second, and four times
// the text takes about four times as long and as much.
func TestScale(t *testing.T) {
	largest, _, _ := checkTime(t, largestExample(t))
	if t.Logf("largest example: %v", largest); figures && largest > 5*time.Millisecond {
		t.Errorf("the largest example takes %v", largest)
	}
	small, large := synthetic(500), synthetic(2000)
	a, fewer, less := checkTime(t, small)
	b, bytes, more := checkTime(t, large)
	t.Logf("%d lines: %v; %d lines: %v, %d MB allocated", strings.Count(small, "\n"), a, strings.Count(large, "\n"), b, bytes>>20)
	if lines := strings.Count(large, "\n"); lines < 9500 {
		t.Errorf("only %d lines", lines)
	}
	if figures && (b > 8*a || b > time.Second) {
		t.Errorf("%v for four times what takes %v", b, a)
	}
	if bytes > 5*fewer || more > 5*less {
		t.Errorf("%d bytes in %d pieces for four times what takes %d in %d", bytes, more, fewer, less)
	}
}

// largestExample is the longest of the example programs that stand alone.
func largestExample(t testing.TB) (text string) {
	t.Helper()
	names, err := filepath.Glob(examplesDir + "*.nde")
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range names {
		b, err := os.ReadFile(n)
		if err != nil {
			t.Fatal(err)
		}
		if withFlow[filepath.Base(n)] == "" && len(b) > len(text) {
			text = string(b)
		}
	}
	return text
}

// BenchmarkCheck checks the largest example and the synthetic program.
func BenchmarkCheck(b *testing.B) {
	for name, src := range map[string]string{"largest example": largestExample(b), "10000 lines": synthetic(2000)} {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				f, _ := syntax.Parse("a.nde", []byte(src))
				sema.Check([]*syntax.File{f}, sema.Options{})
			}
		})
	}
}

// TestBadInput: whatever a file holds gives a message within a second, and with no more than 200 MB.
func TestBadInput(t *testing.T) {
	many := func(s string, n int) string { return strings.Repeat(s, n) }
	head := "package p\n\n"
	for _, c := range []struct{ name, src, want string }{
		{"byte order mark", "\ufeffpackage p\n", "NDE0102"},
		{"carriage returns", "package p\r\n\r\nconst x = 1\r\n", ""},
		{"NUL", head + "const x = \x001\n", "NDE0102"},
		{"not UTF-8", head + "// caf\xe9\n", "NDE0102"},
		{"10 MB of brackets", head + "const x = " + many("(", 10<<20), "NDE0108"},
		{"64 KB of brackets", head + "const x = " + many("(", 64<<10), "NDE0109"},
		{"64 KB of braces", head + "const x = " + many("a{b:", 16<<10), "NDE0109"},
		{"64 KB of sums", head + "const x = 1" + many("+1", 32<<10), "NDE0109"},
		{"a constant of itself", head + "const x = x + 1\n", "NDE0205"},
		{"constants of each other", head + "const x = y\nconst y = x\n", "NDE0205"},
		{"a net of itself", head + "net f(x [2]real) [2]real {\n\treturn f(x)\n}\n", "NDE0205"},
		{"nets of each other", head + "net f(x [2]real) [2]real {\n\treturn g(x)\n}\n\nnet g(x [2]real) [2]real {\n\treturn f(x)\n}\n", "NDE0205"},
		{"too many weights", head + "net f(x [2]real) [1000000000]real {\n\treturn x |> Linear(1000000000)\n}\n", "NDE0310"},
		{"too large a tensor", head + "fn f(x [100000, 100000]real) real {\n\treturn sum(x)\n}\n", "NDE0310"},
		{"too large a constant", head + "fn f(x real) real {\n\treturn x * sum(linspace(0, 1, 1000000000))\n}\n", "NDE0310"},
		{"too large a unit matrix", head + "fn f(x real) real {\n\treturn x * sum(eye(100000))\n}\n", "NDE0310"},
		{"a size that overflows", head + "const n = 10^300\n\nfn f(x [n]real) real {\n\treturn sum(x)\n}\n", "NDE0310"},
		{"doubling definitions", head + "fn f(x0 real) real {\n" + func() string {
			var b strings.Builder
			for i := range 2000 {
				fmt.Fprintf(&b, "\tx%d := x%d + x%d\n", i+1, i, i)
			}
			return b.String()
		}() + "\treturn x2000\n}\n", ""},
		{"many messages", head + many("const x = )\n", 5000), "NDE0110"},
		{"many names", head + "fn f(" + many("a, ", 20000) + "a real) real {\n\treturn a\n}\n", "NDE0202"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := processor(t)
		_, l := check(t, "p.nde", c.src, sema.Options{})
		took := processor(t) - start
		runtime.ReadMemStats(&after)
		switch {
		case c.want == "" && len(l) > 0:
			t.Errorf("%s: %v", c.name, l[0])
		case c.want != "" && (len(l) == 0 || string(l[0].Code) != c.want):
			t.Errorf("%s: %v, want %s", c.name, l, c.want)
		}
		if mb := (after.TotalAlloc - before.TotalAlloc) >> 20; figures && took > time.Second || mb > 200 {
			t.Errorf("%s: %v and %d MB", c.name, took, mb)
		}
	}
	// Two packages in a folder, and a name in two files.
	_, _, l := checkFiles(t, map[string]string{"a.nde": head + "const x = 1\n", "b.nde": "package q\n\nconst x = 2\n"}, sema.Options{})
	if len(l) != 1 || l[0].String() != "b.nde:1:9: package q: the other files of this folder are package p [NDE0211]" {
		t.Errorf("two packages: %v", l)
	}
	_, _, l = checkFiles(t, map[string]string{"a.nde": head + "const x = 1\n", "b.nde": head + "const x = 2\n"}, sema.Options{})
	if len(l) != 1 || l[0].String() != "b.nde:3:7: x is declared twice; the first one is at a.nde:3:7 [NDE0202]" {
		t.Errorf("two declarations: %v", l)
	}
}
