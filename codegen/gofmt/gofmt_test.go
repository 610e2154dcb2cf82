package gofmt

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// decls are the declarations of the generated code here and what they were before they were laid out: with other
// blanks, and no indentation.
func decls(t *testing.T) (list []string) {
	files, _ := filepath.Glob("../../generated/*/*.go")
	more, _ := filepath.Glob("../../rt/*.go")
	for _, name := range append(files, more...) {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, strings.Split(strings.TrimSpace(string(text)), "\n\n")...)
	}
	if len(list) < 1000 {
		t.Fatalf("%d declarations", len(list))
	}
	return list
}

// loose takes indentation and blanks beside signs away from lines of code.
func loose(decl string) string {
	ls := strings.Split(decl, "\n")
	for i, l := range ls {
		l = strings.TrimSpace(l)
		if !strings.HasPrefix(l, "//") && !strings.ContainsAny(l, "\"'`") {
			for _, s := range []string{" + ", " * ", " - ", " / ", ", ", " == ", " := ", " && "} {
				l = strings.ReplaceAll(l, s, strings.TrimSpace(s))
			}
		}
		ls[i] = l
	}
	return strings.Join(ls, "\n")
}

// TestAsGofmt: what is laid out here has the text of go/format, to the byte, and that is most of the functions.
func TestAsGofmt(t *testing.T) {
	funcs, known := 0, 0
	for _, d := range decls(t) {
		for _, text := range []string{d, loose(d)} {
			want, err := format.Source([]byte(text))
			if err != nil {
				continue // a part of a declaration
			}
			got, ok := new(Printer).plain(nil, text)
			if strings.Contains("\n"+d, "\nfunc ") {
				funcs++
				if ok {
					known++
				}
			}
			if ok && !bytes.Equal(got, want) {
				t.Errorf("this:\n%s\nfor\n%s\ngofmt gives:\n%s", got, text, want)
			}
		}
	}
	t.Logf("%d of %d", known, funcs)
	if 2*known < funcs {
		t.Errorf("%d of %d functions", known, funcs)
	}
}

func TestSource(t *testing.T) {
	for _, text := range []string{
		"func f() {\nx := 1 // why\n}",
		"func f() {\nx := a - -b\n}",
		"func f() {\nx := 1 // why\nyyy := 2 // why\n}",
		"func f() {\nxxx := 1 // why\ny := 2 // why\nzzzzzz() // why\nx() // why\ny()\nz() // why\n}",
		"func f() {\nif a {\nx() // é\nyé() // why\nzzz() // why\n}\ny() // why\nxx() // why\n}",
		"func f() {\nx := 1 // why\ny()\nzzz() // why\nif a { // why\nb()\n} // why\nc()\n}",
		"func f() {\nif a { // why\nb() // why\n}\n}",
		"func f() { // why\nx() // why\n}",
		"func f() {\nswitch a {\ncase b: // why\nc()\n// why\n}\n}",
		"func f() {\nif a { b() } // why\nc() // why\n}",
		"func f() {\nx() // why\n// why\ny() // why\n}",
		"var x = [3]T{a*b,c, d+e*f}",
		"// x is y.\nvar x [2]T",
		"var x = 1 // why",
		"func f() {\ndefer l.put(a*b,c)\ngo g()\ndefer func() { g() }()\n}",
		"func f() {\nfor i := 0;;i++ {\n}\nfor ;; {\n}\nfor ;a; {\n}\nfor ;;i++ {\n}\n}",
		"func f() {\nif (a-b)*c > 0 {\n}\nif ((a)) {\n}\nif x := (a); (b) {\n}\nswitch (a) {\n}\n}",
		"func f() {\nx := a/ *b\n}",
		"func f() {\nx := ((a*b)+(c))\n}",
		"func f() {\nx := s[i+1:n] + s[i:n] + g(s[i+1:n], 2)\n}",
		"func f() {\nif (a) { b() }\n}",
		"func f() {\nif a { b(); c() } else if d { return }\n}",
		"func f() {\nfor { i++ }\n}",
		"func f() {\nfor i := range (n) {\n}\n}",
		"func f() {\nfor ; ; {\n}\n}",
		"func f() {\nswitch x { case 1, 2: return\ncase a*b + c:\n// why\nreturn\ndefault:\nb()\n}\n}",
		"func f() {\nswitch {\n// first\ncase a:\n// second\ncase b:\n}\n}",
		"func f() {\n\n\nx()\n\n\n\ny()\n}",
		"func f() { return }",
		"func f(a int, b *[2]float64, c []rt.X) (d rt.List[int], e [2*3]T) {\nvar x, y [4*2]T\nvar z T = 1\nvar u = a*b+c\nreturn a*b+c, d\n}",
		"func f() {\nx := T{A: 1,B: a*b+c}\ny := [2]T{a+b,c}\nz := []T{{1,2}, {3}}\n}",
		"func f() {\nx = func() { return }\n}",
		"func f() {\nx := g(a*b,func(i int) (int,error) {\nreturn i*i+1,nil\n},c+d)\ngo func() {\nx()\n}()\n}",
		"func f() {\nreturn func() {\nx()\n}, func() {\ny()\n}\n}",
		"func f() {\nif g(func() bool {\nreturn T{1}.a\n}) {\nx := T{a:func() {\n// why\nfor {\ni++\n}\n}}\n}\n}",
		"func f() {\nx := func() { // why\ny()\n}\n}",
		"func (t *T) f(x ...int) {\nx <- 1\nL:\ngoto L\n}",
		"func f(a T,x ...[]int) error {\nreturn f(a, append(x[:a*b],y...)...)\n}",
		"func f(...int) {\nf(a*b...)\nx := [...]T{1}\n}",
		"var x = []T{{A:1,B:{a*b,c}}, {}, {C:{{1},{2}}}}",
		"func f() {\nx := &T{a:[1]U{{B:1}}}\nfor _, y := range []T{{1}} {\n}\n}",
		"func f() {\nx := 0X1E + 1E5 + 0xe+1\n}",
		"func f() {\nx, y := a*b, c+d\nx[i+1], y = -a*-b, !c\n}",
		"func f() {\nx := a&^b|c<<2&d\nx &^= 1\nx++\n}",
		"func f() {\nx := (*[2]T)(y[(i+1)*2:])\n*(*[2]T)(z[:2]) = *x\n}",
		"// f is. [x]\n//   more\nfunc f()",
		"// f is a function.\nfunc f(a int)",
		"type t struct {\na int // x\nbcd float64\n}",
		"// t is.\ntype t struct {\na,b [2*3]rt.T // x\nbcdefg float64\nc []int // y\ndd *T // zzz\n}",
		"type t struct {\na int // x\nbcd struct { // y\ne, f int\ng [4]T\n}\nhijk int // z\nl struct {\nm int\n}\nno T\n}",
		"type t struct {\na int\nbcd struct {\ne [4]T // z\n}\n_ [3]byte\nlong struct { // of\nx int\n}\nb struct { // c\nx int\n}\n}",
		"type t struct {\na int\n// why\nbc int\n}",
		"type t struct {\nT\na int\nbcd int\nU\nefg float64\nh int\n}",
		"type t struct {\nT // x\na int\n}",
		"type t struct {\na int\nbcd func(x,y *int, z T) // x\ne func()\n}",
		"type t struct {\na int\nbcd func(x int) T\n}",
		"type t struct{}",
		"type t struct {\na func(x int)\nbc map[int]T\n}",
		"func f() {\nx.(T).y()\nx := a.b.c(d).e[1]\n}",
		"func f() {\nx(a,\nb)\n}",
		"func f() {\n{\nx()\n}\n}",
		"func f() {\nx := `a\nb`\n}",
		"func f() { /* a */ }\n",
		"func f() {\nx := a /* b */ * c\n}",
	} {
		want, err := format.Source([]byte(text))
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got, err := new(Printer).Append(nil, text); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%q: %v\n%s\ngofmt gives:\n%s", text, err, got, want)
		}
	}
	for _, text := range []string{"func f() {\nx := \n}", "func f() {\nx := 1", "func f( {\n}", "func f() {\nx + = 1\n}", "func f() {\n}\n}"} {
		if got, err := new(Printer).Append(nil, text); err == nil {
			t.Errorf("%q gives %q", text, got)
		}
	}
}
