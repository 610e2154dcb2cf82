package rt

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestLevel: the level is what the machine has, or what NDEC_CPU names.
func TestLevel(t *testing.T) {
	if name := os.Getenv("NDEC_TEST_LEVEL"); name != "" {
		if CPULevel().String() != name {
			t.Errorf("level %s, want %s", CPULevel(), name)
		}
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string) (string, error) {
		c := exec.Command(exe, "-test.run", "^TestLevel$")
		c.Env = append(os.Environ(), "NDEC_CPU="+name, "NDEC_TEST_LEVEL="+name)
		out, err := c.CombinedOutput()
		return string(out), err
	}
	for l, name := range levelNames {
		out, err := run(name)
		switch {
		case Level(l) <= machineLevel() && err != nil:
			t.Errorf("NDEC_CPU=%s: %v: %s", name, err, out)
		case Level(l) > machineLevel() && (err == nil || !strings.Contains(out, "this machine has")):
			t.Errorf("NDEC_CPU=%s on a machine with %s: %s", name, machineLevel(), out)
		}
	}
	if out, err := run("sse9"); err == nil || !strings.Contains(out, "want generic") {
		t.Errorf("NDEC_CPU=sse9: %s", out)
	}
}

// TestPeak: wider vectors do more, and float32 more than float64 where there are vectors.
func TestPeak(t *testing.T) {
	best := func(f func(Level) float64, l Level) float64 {
		x := 0.0
		for range 20 { // other work on the machine only ever slows a loop down
			x = max(x, f(l))
		}
		return x
	}
	for l := Generic; l <= machineLevel(); l++ {
		single, double := best(peakFlops[float32], l), best(peakFlops[float64], l)
		t.Logf("%s: %.3g in float32, %.3g in float64", l, single, double)
		if l > Generic && single < 1.5*double {
			t.Errorf("%s: %.3g in float32, %.3g in float64", l, single, double)
		}
		if l == AVX2 && single < 4*best(peakFlops[float32], Generic) {
			t.Errorf("%.3g with AVX2, %.3g without", single, best(peakFlops[float32], Generic))
		}
	}
}
