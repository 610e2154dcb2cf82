package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/child"
	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/nvcc"
)

// deviceFlag gives a command --device.
func (a *app) deviceFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&a.device, "device", "cpu", "run models and gradients on `cpu` or cuda:0 (docs/gpu.md)")
}

// onDevice reports whether the command works on an accelerator.
func (a *app) onDevice() bool { return a.device != "" && a.device != "cpu" }

func (a *app) checkDevice() error {
	if kind, _, _ := strings.Cut(a.device, ":"); a.onDevice() && kind != "cuda" {
		return usagef("--device is cpu or cuda:0, not %q", a.device)
	}
	return nil
}

// target adds kernels to what a compilation emits, and images of them where there is a compiler.
func (a *app) target(o *driver.Options, cuda bool) {
	o.CUDA = cuda
	if path := nvcc.Find(); path != "" {
		o.Assemble = nvcc.Assemble(path)
	}
}

// sayImages tells where kernels are compiled.
func (a *app) sayImages(res *driver.Result) {
	if res.CUDA != nil && len(res.CUDA.Images) == 0 && !a.quiet {
		fmt.Fprintln(a.err, "ndec: no nvcc on the PATH or below CUDA_HOME: no PTX; NVRTC compiles the kernels where they run, if it is there")
	}
}

// sayDevice reports what a program does on its device, once.
func (a *app) sayDevice(e *child.Event) {
	if e.Type != "device" || a.quiet {
		return
	}
	fmt.Fprintf(a.err, "on %s", e.Device)
	if len(e.Left) > 0 {
		fmt.Fprintf(a.err, "; on the CPU: %s", strings.Join(e.Left, ", "))
	}
	fmt.Fprintln(a.err)
}
