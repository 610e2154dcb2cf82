package rt

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestPieces: what goes by pieces is what goes at once, of all lengths about those of a piece, of slices that share memory too.
func TestPieces(t *testing.T) {
	n := piece[float64]()
	if piece[[2 * pieceBytes]byte]() != 1 || piece[struct{}]() < 1 {
		t.Fatal("a large element is no piece")
	}
	for _, size := range []int{0, 1, 7, n - 1, n, n + 1, 2 * n, 3*n + 5} {
		src := make([]float64, size)
		for i := range src {
			src[i] = float64(i + 1)
		}
		dst := make([]float64, size+3)
		if Copy(dst, src) != size || !slices.Equal(dst[:size], src) || dst[size] != 0 {
			t.Errorf("a copy of %d numbers is another", size)
		}
		if Copy(dst[:size/2], src) != size/2 {
			t.Errorf("%d of %d numbers", size/2, size)
		}
		if got := Copied(dst, src); !slices.Equal(got, src) || &got[:1][0] != &dst[0] {
			t.Errorf("a copy of %d numbers into memory that is there", size)
		}
		if got := joined(src, nil, src); !slices.Equal(got, slices.Concat(src, src)) {
			t.Errorf("twice %d numbers", size)
		}
		for _, by := range []int{1, n, n + 1} {
			if by > size {
				continue
			}
			want := slices.Clone(src)
			copy(want[by:], want)
			got := slices.Clone(src)
			if Copy(got[by:], got); !slices.Equal(got, want) {
				t.Errorf("%d numbers, moved up by %d", size, by)
			}
			copy(want, want[by:])
			if Copy(got, got[by:]); !slices.Equal(got, want) {
				t.Errorf("%d numbers, moved down by %d", size, by)
			}
		}
		var grown []float64
		for _, x := range src {
			grown = append(More(grown), x)
		}
		if !slices.Equal(grown, src) {
			t.Errorf("%d numbers, one after the other", size)
		}
		sum := slices.Clone(src)
		addTo(sum, src)
		for i := range sum {
			if sum[i] != 2*src[i] {
				t.Fatalf("%d numbers twice: %v at %d", size, sum[i], i)
			}
		}
		if Clear(sum); slices.ContainsFunc(sum, func(x float64) bool { return x != 0 }) {
			t.Errorf("%d numbers, cleared", size)
		}
	}
	if Copied(nil, []int(nil)) != nil || Copied(nil, []int{}) == nil {
		t.Error("a copy of nothing is nothing, and one of an empty slice is empty")
	}
}

// TestAddLongLanes: sums of lanes that take several calls of a kernel.
func TestAddLongLanes(t *testing.T) {
	for _, sums := range []int{16_384, 16_385, 40_007} {
		const lanes = 16
		r := rand.New(rand.NewPCG(1, uint64(sums)))
		src, want := make([]float32, sums*lanes), make([]float32, sums)
		for i := range src {
			src[i] = float32(r.IntN(100))
			want[i/lanes] += src[i]
		}
		got := make([]float32, sums)
		if AddLanes(got, src, lanes); !slices.Equal(got, want) || slices.ContainsFunc(src, func(x float32) bool { return x != 0 }) {
			t.Errorf("%d sums are others", sums)
		}
	}
}

// TestLongGoesByPieces: nothing in this package is cleared, copied or cloned at once, but for what is small whatever the program.
func TestLongGoesByPieces(t *testing.T) {
	small := map[string]string{
		"pieces.go":  "is what the others use",
		"small.go":   "has matrices of some ten rows",
		"product.go": "clears a row of a result",
		"tiles.go":   "copies rows of a block",
	}
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := file.Name()
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || small[name] != "" {
			continue
		}
		fset := token.NewFileSet()
		tree, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			what := ""
			switch f := call.Fun.(type) {
			case *ast.Ident:
				if f.Name == "clear" || f.Name == "copy" || f.Name == "append" && startsAnew(call) {
					what = f.Name
				}
			case *ast.SelectorExpr:
				if x, ok := f.X.(*ast.Ident); ok && x.Name == "slices" && slices.Contains([]string{"Clone", "Concat", "Grow", "Repeat"}, f.Sel.Name) {
					what = "slices." + f.Sel.Name
				}
			}
			if what != "" {
				t.Errorf("%s: %s holds the collector where it is long: Clear, Copy, Copied, joined and More go by pieces", fset.Position(call.Pos()), what)
			}
			return true
		})
	}
}

// startsAnew reports whether append copies a whole slice: append(x[:0], y...), or to a nil slice.
func startsAnew(call *ast.CallExpr) bool {
	if !call.Ellipsis.IsValid() {
		return false
	}
	switch to := call.Args[0].(type) {
	case *ast.SliceExpr:
		high, ok := to.High.(*ast.BasicLit)
		return ok && high.Value == "0"
	case *ast.CallExpr: // []T(nil)
		if len(to.Args) == 1 {
			nothing, ok := to.Args[0].(*ast.Ident)
			return ok && nothing.Name == "nil"
		}
	}
	return false
}
