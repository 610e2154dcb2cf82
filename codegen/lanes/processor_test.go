package lanes_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ndec.dev/ndec/codegen/asm"
	"ndec.dev/ndec/codegen/lanes"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

// processor runs kernels that have run on the simulator on this machine, and compares.
type processor struct {
	isas []asm.ISA
	runs []run
}

func newProcessor(t *testing.T) *processor {
	p := &processor{}
	if runtime.GOARCH != "amd64" {
		t.Log("NOT CHECKED: kernels on a processor, which is none of amd64")
		return p
	}
	for isa, level := range map[asm.ISA]rt.Level{asm.AVX2: rt.AVX2, asm.AVX512: rt.AVX512, asm.AMX: rt.AVX512} {
		if isa == asm.AMX && !haveTiles() {
			continue // a test of tiles says so
		}
		if rt.CPULevel() < level {
			t.Logf("NOT CHECKED: kernels for %s on a processor: this one has %s", isa, rt.CPULevel())
			continue
		}
		p.isas = append(p.isas, isa)
	}
	return p
}

// haveTiles reports whether there are tiles: a process that asks for them ends with an error where there are none.
func haveTiles() bool {
	exe, err := os.Executable()
	if err != nil {
		return false
	}
	c := exec.Command(exe, "-test.run", "^$")
	c.Env = append(os.Environ(), "NDEC_CPU=amx")
	return c.Run() == nil
}

func (p *processor) add(r run) {
	if slices.Contains(p.isas, r.isa) {
		p.runs = append(p.runs, r)
	}
}

// Job is what the program is asked to run: a kernel over some memory.
type Job struct {
	Kernel string
	Memory [4][]byte
}

const processorMain = `package main

import (
	"bufio"
	"encoding/gob"
	"os"
	"runtime"
	"time"
	"unsafe"
)

type kernel = func(fr, w, pre, sums *byte)

type Job struct {
	Kernel string
	Memory [4][]byte
}

func main() {
	go func() { // kernels are stopped where they pause
		for {
			runtime.GC()
			time.Sleep(time.Millisecond)
		}
	}()
	in, out := gob.NewDecoder(bufio.NewReader(os.Stdin)), bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answer := gob.NewEncoder(out)
	for {
		var j Job
		if in.Decode(&j) != nil {
			return
		}
		var at [4]*byte
		for i, x := range j.Memory {
			at[i] = unsafe.SliceData(x)
		}
		kernels[j.Kernel](at[0], at[1], at[2], at[3])
		if err := answer.Encode(j.Memory); err != nil {
			panic(err)
		}
	}
}
`

// processorLeave asks the operating system for leave to use tiles.
const processorLeave = `package main

import "syscall"

func init() {
	if _, _, errno := syscall.RawSyscall(158, 0x1023, 18, 0); errno != 0 {
		panic(errno)
	}
}
`

// compare runs what was added, and compares results and sums of gradients, bit by bit but for what kind of NaN it is.
func (p *processor) compare(t *testing.T) {
	t.Helper()
	if len(p.runs) == 0 {
		return
	}
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module machine\n\ngo 1.26\n")
	write("main.go", processorMain)
	if slices.Contains(p.isas, asm.AMX) {
		write("leave.go", processorLeave)
	}
	packages := map[*bench]string{}
	imports, table := "", ""
	for _, r := range p.runs {
		b := r.bench
		if packages[b] != "" {
			continue
		}
		pkg := fmt.Sprintf("m%d", len(packages))
		packages[b] = pkg
		text := fmt.Sprintf("package %s\n\ntype (\n\tframe = byte\n\tParams = byte\n\tprepared = byte\n\tReal = byte\n)\n", pkg)
		text += "\nvar Kernels = map[string]func(fr, w, pre, sums *byte){\n"
		stubs := ""
		for _, isa := range p.isas {
			if !slices.Contains(b.isas, isa) {
				continue
			}
			write(fmt.Sprintf("%s/kernels_%s_amd64.s", pkg, isa), string(b.set.Text(isa, "", b.set.Kernels, func(*lanes.Kernel) bool { return true })))
			for _, k := range b.set.Kernels {
				name := asm.Symbol(k.Name, isa)
				text += fmt.Sprintf("\t%q: %s,\n", name, name)
				stubs += fmt.Sprintf("\n//go:noescape\nfunc %s(%s)\n", name, strings.Join(b.set.Args, ", "))
			}
		}
		write(pkg+"/stubs.go", text+"}\n"+stubs)
		imports += fmt.Sprintf("\t%q\n", "machine/"+pkg)
		table += fmt.Sprintf("\tfor name, k := range %s.Kernels {\n\t\tkernels[%q+name] = k\n\t}\n", pkg, pkg+".")
	}
	write("table.go", fmt.Sprintf("package main\n\nimport (\n%s)\n\nvar kernels = map[string]kernel{}\n\nfunc init() {\n%s}\n", imports, table))
	command := func(in []byte, name string, args ...string) []byte {
		c := exec.Command(name, args...)
		c.Dir, c.Stdin = dir, bytes.NewReader(in)
		c.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOWORK=off")
		var errs bytes.Buffer
		c.Stderr = &errs
		out, err := c.Output()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, errs.Bytes())
		}
		return out
	}
	command(nil, "go", "build", "-o", "machine", ".")
	var jobs bytes.Buffer
	to := gob.NewEncoder(&jobs)
	for _, r := range p.runs {
		j := Job{Memory: r.before}
		j.Kernel = packages[r.bench] + "." + asm.Symbol(r.kernel, r.isa)
		if err := to.Encode(j); err != nil {
			t.Fatal(err)
		}
	}
	from := gob.NewDecoder(bytes.NewReader(command(jobs.Bytes(), filepath.Join(dir, "machine"))))
	for _, r := range p.runs {
		var memory [4][]byte
		if err := from.Decode(&memory); err != nil {
			t.Fatal(err)
		}
		real := r.bench.m.Real
		for _, at := range r.results {
			if i := other(memory[0][at.from:at.to], r.after[0][at.from:at.to], at.elem, real); i >= 0 {
				t.Errorf("%s%s of %s: number %d of a result is not that of the simulator on this processor", r.bench.name, r.kernel, r.isa, i)
			}
		}
		if i := other(memory[3], r.after[3], real, real); i >= 0 {
			t.Errorf("%s%s of %s: sum %d of gradients is not that of the simulator on this processor", r.bench.name, r.kernel, r.isa, i)
		}
	}
	t.Logf("%d runs of kernels on this processor", len(p.runs))
	p.runs = nil
}

// other is the first number that differs, or -1. NaN equals NaN.
func other(x, y []byte, e, real ir.Elem) int {
	if bytes.Equal(x, y) {
		return -1
	}
	n := max(e.Bytes(), real.Bytes())
	for i := range len(x) / n {
		if bytes.Equal(x[i*n:(i+1)*n], y[i*n:(i+1)*n]) {
			continue
		}
		if !e.IsFloat() || !math.IsNaN(get(x, e, real, i)) || !math.IsNaN(get(y, e, real, i)) {
			return i
		}
	}
	return -1
}
