// Package emutest compiles emitted CUDA with a C++ compiler against the emulation header and offers the kernels as an
// rt.Device: a process that holds the memory and runs the kernels.
package emutest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"ndec.dev/ndec/cudagen"
	"ndec.dev/ndec/rt"
)

// Kernels is what rt wants to know of emitted kernels.
func Kernels(t testing.TB, out *cudagen.Output) *rt.Kernels {
	t.Helper()
	text, err := json.Marshal(out.Kernels)
	if err != nil {
		t.Fatal(err)
	}
	k := new(rt.Kernels)
	if err := json.Unmarshal(text, k); err != nil {
		t.Fatal(err)
	}
	k.Source, k.Prelude = string(out.Files[0].Text), cudagen.Prelude()
	return k
}

// Compiler is the C++ compiler that tests use. Without one they are skipped with a word; with NDEC_TEST_COMPILER set, as
// CI does, they fail: what they prove is not proven.
func Compiler(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"g++", "clang++"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	const none = "NOT CHECKED: there is no C++ compiler (g++ or clang++), so emitted CUDA cannot be run on this machine"
	if os.Getenv("NDEC_TEST_COMPILER") != "" {
		t.Fatal(none)
	}
	fmt.Fprintln(os.Stderr, none)
	t.Skip(none)
	return ""
}

// Options of a compilation.
type Options struct {
	Sanitizer string // "", "thread" or "address,undefined"
	Optimize  bool   // for programs that take longer to run than the compiler's optimiser
}

// Server is a running process that holds kernels.
type Server struct {
	mu   sync.Mutex
	cmd  *exec.Cmd
	in   io.WriteCloser
	out  *bufio.Reader
	err  *strings.Builder
	real rt.Device                   // in place of the process
	code map[string][]rt.KernelImage // machine code for it, by namespace
	// Live is the number of allocations that are not freed.
	Live int
	// Shared is the shared memory that a block can be given: that of an H100, unless a test has another device.
	Shared int
}

// Start compiles modules, by namespace, and starts the process.
func Start(t testing.TB, outs map[string]*cudagen.Output, o Options) *Server {
	t.Helper()
	if Real() {
		return startReal(t, outs)
	}
	dir := t.TempDir()
	exe := filepath.Join(dir, "server")
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("ndec.cuh", cudagen.Prelude())
	write("emulate.cuh", cudagen.Emulation())
	write("server.cuh", cudagen.Server())
	var main, kernels, symbols strings.Builder
	main.WriteString("#include \"ndec.cuh\"\n")
	names := make([]string, 0, len(outs))
	for n := range outs {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, ns := range names {
		out := outs[ns]
		write(ns+".cu", string(out.Files[0].Text))
		fmt.Fprintf(&main, "namespace %s {\n#include \"%s.cu\"\n}\n", ns, ns)
		for _, k := range out.Kernels.Names() {
			fmt.Fprintf(&kernels, "\tNDEC_SERVE(%s, %s),\n", ns, k)
		}
		if k := out.Kernels; k.Constant && k.Params > 0 {
			fmt.Fprintf(&symbols, "\tNDEC_SYMBOL(%s, ndec_params),\n", ns)
			if k.Prepared > 0 {
				fmt.Fprintf(&symbols, "\tNDEC_SYMBOL(%s, ndec_prepared),\n", ns)
			}
		}
	}
	fmt.Fprintf(&main, "#include \"server.cuh\"\nstatic const ndec_server_kernel kernels[] = {\n%s\tNDEC_SERVE(, ndec_sum_rows_f32),\n\tNDEC_SERVE(, ndec_sum_rows_f64),\n\tNDEC_SERVE(, ndec_efforts),\n\t{}};\n", kernels.String())
	fmt.Fprintf(&main, "static const ndec_server_symbol symbols[] = {\n%s\t{}};\nint main() { return ndec_serve(kernels, symbols); }\n", symbols.String())
	write("main.cc", main.String())
	level := "-O0" // small programs take longer to compile than to run
	if o.Optimize || o.Sanitizer != "" || os.Getenv("NDEC_TEST_EXAMPLES") != "" {
		level = "-O1"
	}
	args := []string{"-std=c++17", level, "-g1", "-w", "-ffp-contract=off", "-DNDEC_EMULATE", "-I" + dir, "-o", exe, filepath.Join(dir, "main.cc")}
	switch o.Sanitizer {
	case "thread":
		args = append(args, "-fsanitize=thread", "-DNDEC_TSAN")
	case "address,undefined":
		args = append(args, "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-DNDEC_ASAN")
	}
	if text, err := exec.Command(Compiler(t), args...).CombinedOutput(); err != nil {
		t.Fatalf("emitted CUDA does not compile: %v\n%s", err, text[:min(len(text), 6000)])
	}
	s := &Server{cmd: exec.Command(exe), err: new(strings.Builder), Shared: 227 << 10}
	s.cmd.Stderr = s.err
	s.cmd.Env = append(os.Environ(), "TSAN_OPTIONS=exitcode=66 halt_on_error=1", "ASAN_OPTIONS=detect_leaks=0")
	in, err := s.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.in, s.out = in, bufio.NewReaderSize(out, 1<<16)
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		s.in.Close()
		if err := s.cmd.Wait(); err != nil {
			t.Errorf("emulation: %v\n%s", err, s.err)
		}
	})
	return s
}

// Library compiles the kernels of an image into a library that the stand-in for the CUDA driver loads, and gives its path.
func Library(t testing.TB, ns string, out *cudagen.Output, groups bool) string {
	t.Helper()
	dir := t.TempDir()
	names := []string{"ndec_sum_rows_f32", "ndec_sum_rows_f64", "ndec_efforts"}
	flags := []string{"-std=c++17", "-O1", "-w", "-ffp-contract=off", "-DNDEC_EMULATE", "-shared", "-fPIC", "-I" + dir}
	if groups {
		names, flags = nil, append(flags, "-D"+cudagen.OnlyGroups)
	}
	for _, name := range out.Kernels.Names() {
		if slices.ContainsFunc(out.Kernels.Groups, func(g cudagen.GroupKernel) bool { return g.Kernel == name }) == groups {
			names = append(names, name)
		}
	}
	files := map[string]string{"ndec.cuh": cudagen.Prelude(), "emulate.cuh": cudagen.Emulation(), ns + ".cu": string(out.Files[0].Text)}
	var main strings.Builder
	fmt.Fprintf(&main, "#include \"%s.cu\"\n", ns)
	for _, k := range names {
		fmt.Fprintf(&main, "extern \"C\" int ndec_launch_%s(unsigned grid, unsigned block, unsigned shared, void **args) {\n\tndec_emu::launch_packed(&%s, grid, block, shared, args);\n\treturn ndec_emu::broken ? 719 : 0;\n}\nextern \"C\" int ndec_arity_%s() { return ndec_emu::arity(&%s); }\n", k, k, k, k)
	}
	if k := out.Kernels; k.Constant && k.Params > 0 && !groups {
		symbols := []string{"ndec_params"}
		if k.Prepared > 0 {
			symbols = append(symbols, "ndec_prepared")
		}
		for _, s := range symbols {
			fmt.Fprintf(&main, "extern \"C\" void *ndec_symbol_%s(size_t *bytes) {\n\t*bytes = sizeof %s;\n\treturn &%s;\n}\n", s, s, s)
		}
	}
	files["main.cc"] = main.String()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	lib := filepath.Join(dir, ns+".so")
	text, err := exec.Command(Compiler(t), append(flags, "-o", lib, filepath.Join(dir, "main.cc"))...).CombinedOutput()
	if err != nil {
		t.Fatalf("emitted CUDA does not compile: %v\n%s", err, text[:min(len(text), 6000)])
	}
	return lib
}

// Order takes the threads of a block in another order: 0 ascending, 1 descending, 2 shuffled. A real device has its own, and launches
// kernels one by one in place of graphs in the second.
func (s *Server) Order(t testing.TB, order int) {
	t.Helper()
	if s.real != nil {
		if order == 1 {
			os.Setenv("NDEC_CUDA_GRAPHS", "off")
		} else {
			os.Unsetenv("NDEC_CUDA_GRAPHS")
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.ask('O', uint64(order)); err != nil {
		t.Fatal(err)
	}
}

// Device is the device of the kernels in a namespace.
func (s *Server) Device(ns string) rt.Device {
	if s.real != nil {
		return realDevice{s.real, s.code[ns], false}
	}
	return device{s: s, ns: ns}
}

// GroupDevice is a device that has kernels of groups, as those of compute capability 9.0.
func (s *Server) GroupDevice(ns string) rt.Device {
	if s.real != nil {
		return realDevice{s.real, s.code[ns], true}
	}
	return device{s: s, ns: ns, groups: true}
}

type device struct {
	s  *Server
	ns string
	k  *rt.Kernels

	groups bool
}

func (d device) Name() string { return "emulation of " + d.ns }
func (d device) Load(k *rt.Kernels) (rt.DeviceModule, error) {
	return device{d.s, d.ns, k, d.groups}, nil
}
func (d device) Groups() bool { return d.groups }
func (d device) Close() error { return nil }
func (d device) Do(f func(q rt.DeviceQueue) error) error {
	d.s.mu.Lock()
	defer d.s.mu.Unlock()
	return f(queue(d))
}

type queue device

// shared is what the launch of a kernel gives to a block.
func (q queue) shared(kernel string) int {
	if x := q.k.SharedOf(kernel, 0); x != nil && (x.Bytes <= q.s.Shared || !x.Arrays) {
		return x.Bytes
	}
	return 0
}

func (q queue) Shares(kernel string) (bool, error) {
	x := q.k.SharedOf(kernel, 0)
	return x != nil && x.Arrays && q.shared(kernel) > 0, nil
}

// ask sends a command and reads its status.
func (s *Server) ask(c byte, parts ...any) error {
	b := []byte{c}
	for _, p := range parts {
		switch x := p.(type) {
		case uint64:
			b = binary.LittleEndian.AppendUint64(b, x)
		case string:
			b = binary.LittleEndian.AppendUint64(b, uint64(len(x)))
			b = append(b, x...)
		case []byte:
			b = append(b, x...)
		}
	}
	if _, err := s.in.Write(b); err != nil {
		return fmt.Errorf("emulation: %w\n%s", err, s.err)
	}
	status, err := s.number()
	if err == nil && status != 0 {
		err = fmt.Errorf("emulation: error %d\n%s: %w", status, s.err, rt.ErrDevice)
	}
	return err
}

func (s *Server) number() (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(s.out, b[:]); err != nil {
		return 0, errors.Join(err, errors.New(s.err.String()), rt.ErrDevice)
	}
	return binary.LittleEndian.Uint64(b[:]), nil
}

func (q queue) Alloc(bytes int) (rt.DevicePtr, error) {
	err := q.s.ask('A', uint64(bytes))
	p, perr := q.s.number()
	if err == nil {
		q.s.Live++
	}
	return rt.DevicePtr(p), errors.Join(err, perr)
}

func (q queue) Free(p rt.DevicePtr) error {
	q.s.Live--
	return q.s.ask('F', uint64(p))
}

func (q queue) Write(to rt.DevicePtr, from []byte) error {
	return q.s.ask('W', uint64(to), uint64(len(from)), from)
}

func (q queue) Read(parts ...rt.DeviceRead) error {
	for _, r := range parts {
		if len(r.To) == 0 {
			continue
		}
		if err := q.s.ask('R', uint64(r.From), uint64(len(r.To))); err != nil {
			return err
		}
		if _, err := io.ReadFull(q.s.out, r.To); err != nil {
			return err
		}
	}
	return nil
}

func (q queue) Copy(to, from rt.DevicePtr, bytes int) error {
	return q.s.ask('C', uint64(to), uint64(from), uint64(bytes))
}

func (q queue) Symbol(name string) (rt.DevicePtr, int, error) {
	err := q.s.ask('S', q.ns+"::"+name)
	p, err1 := q.s.number()
	n, err2 := q.s.number()
	return rt.DevicePtr(p), int(n), errors.Join(err, err1, err2)
}

func (q queue) Launch(kernel string, grid, block int, args []uint64) error {
	shared := q.shared(kernel)
	if !strings.HasPrefix(kernel, "ndec_sum_rows") && kernel != "ndec_efforts" {
		kernel = q.ns + "::" + kernel
	} else {
		kernel = "::" + kernel
	}
	parts := []any{kernel, uint64(grid), uint64(block), uint64(shared), uint64(len(args))}
	for _, a := range args {
		parts = append(parts, a)
	}
	return q.s.ask('L', parts...)
}
