package parallel

import (
	"bytes"
	"slices"
	"testing"
)

func TestEach(t *testing.T) {
	got := make([]int, 100)
	Each(len(got), func(i int) { got[i] = i * i })
	for i, x := range got {
		if x != i*i {
			t.Fatalf("piece %d gave %d", i, x)
		}
	}
	Each(0, func(int) { t.Error("a piece of nothing") })
}

// TestPanic: a panic reaches the caller, that of the first piece, after all pieces have run.
func TestPanic(t *testing.T) {
	ran := make([]bool, 5)
	defer func() {
		if f, ok := recover().(*Failure); !ok || f.Value != 2 || !bytes.Contains(f.Stack, []byte("TestPanic")) {
			t.Errorf("recovered %v, not the panic of the first piece that has one", f)
		}
		if slices.Contains(ran, false) {
			t.Errorf("pieces that ran: %v", ran)
		}
	}()
	Each(len(ran), func(i int) {
		ran[i] = true
		if i >= 2 {
			panic(i)
		}
	})
}

func TestStart(t *testing.T) {
	n := 0
	wait := Start(func() { n = 1 })
	if wait(); n != 1 {
		t.Error("it had not ended")
	}
	wait = Start(func() { panic(2) })
	defer func() {
		if f, ok := recover().(*Failure); !ok || f.Value != 2 {
			t.Errorf("recovered %v", f)
		}
	}()
	wait()
}
