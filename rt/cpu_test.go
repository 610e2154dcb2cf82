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
		if cpuName() != name {
			t.Errorf("level %s, want %s", cpuName(), name)
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
	switch out, err := run(tilesName); {
	case err == nil:
	case strings.Contains(out, "this machine has"):
		t.Logf("NOT CHECKED: tiles: %s", out)
	default:
		t.Errorf("NDEC_CPU=%s: %v: %s", tilesName, err, out)
	}
	if out, err := run("sse9"); err == nil || !strings.Contains(out, "want generic") {
		t.Errorf("NDEC_CPU=sse9: %s", out)
	}
}

// TestPeak: float32 vectors do about twice what float64 ones do, and vectors more than Go alone. Other work on
// the machine only ever slows a loop down, so that the best of many counts.
func TestPeak(t *testing.T) {
	for l := Generic; l <= machineLevel(); l++ {
		var single, double, scalar float64
		fine := false
		for range 2000 {
			single, double = max(single, peakFlops[float32](l)), max(double, peakFlops[float64](l))
			scalar = max(scalar, peakFlops[float32](Generic))
			if fine = l == Generic || single > 1.5*double && single > 3*scalar; fine {
				break
			}
		}
		t.Logf("%s: %.3g in float32, %.3g in float64", l, single, double)
		if !fine {
			t.Errorf("%s: %.3g in float32, %.3g in float64; %.3g without vectors", l, single, double, scalar)
		}
	}
}
