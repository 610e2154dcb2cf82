package command

import (
	"fmt"
	"text/tabwriter"

	"ndec.dev/ndec/cmd/ndec/driver"
	"ndec.dev/ndec/cmd/ndec/nvcc"
	"ndec.dev/ndec/cudagen"
)

// printKernels prints what kernels of the package take on a GPU: as expected, and as ptxas says where there is one.
func (a *app) printKernels(res *driver.Result) {
	out, ds := cudagen.Emit(res.Plan, cudagen.Options{Header: "// for its cost"})
	measured := map[string]nvcc.Use{}
	arch := "90"
	if len(out.Kernels.Groups) > 0 {
		arch = "90a"
	}
	if path := nvcc.Find(); path != "" && a.verbose { // it takes seconds, and a minute for large programs
		uses, err := nvcc.Measure(path, out, arch)
		if err != nil {
			fmt.Fprintf(a.err, "ndec: %v\n", err)
		}
		for _, u := range uses {
			measured[u.Kernel] = u
		}
	}
	tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(tw, "\nkernel (--target cuda)\tthreads\tregisters\twarps\tgradient\ttape/step\tbound per evaluation\n")
	for _, name := range out.Costs {
		b, ok := out.Budgets[name]
		if !ok {
			continue
		}
		regs := fmt.Sprintf("about %d", b.Registers)
		warps := fmt.Sprintf("%d of 64", b.Warps(b.Registers))
		if u, ok := measured[name]; ok {
			regs = fmt.Sprintf("%d", u.Registers)
			if u.Spills > 0 || u.Stack > 0 {
				regs += fmt.Sprintf(", %d bytes spilled, stack %d", u.Spills, u.Stack)
			}
			warps = fmt.Sprintf("%d of 64", b.Warps(u.Registers))
		}
		sums := "-"
		if b.Sums > 0 {
			sums = fmt.Sprintf("%d in registers", b.Sums)
			if b.Split > 0 {
				sums = fmt.Sprintf("%d in registers, %d a lane", b.Sums, b.LaneSums)
			} else if b.Team > 0 || b.Layers > 0 {
				sums = fmt.Sprintf("%d in device memory", b.Sums)
			}
		}
		tape, bound := "-", "-"
		if b.TapeStep > 0 {
			tape = fmt.Sprintf("%d bytes", b.TapeStep)
		}
		if b.Bound != "" {
			bound = fmt.Sprintf("%.2g clocks a sample (%s)", b.Clocks, b.Bound)
		}
		threads := fmt.Sprint(b.Block)
		switch {
		case b.Layers > 0:
			threads = fmt.Sprintf("%d, %d kernels of a batch", b.Block, b.Layers)
		case b.Tile:
			threads = "32, products by the warp"
		case b.Split > 0:
			threads = fmt.Sprintf("32, %d a sample", b.Split)
		case b.Team > 0:
			threads += " a sample"
		}
		switch {
		case b.Memory == 0:
		case b.Layers > 0:
			threads += fmt.Sprintf(", %d bytes of device memory a sample", b.Memory)
		case b.Given:
			threads += fmt.Sprintf(", %d bytes shared (in device memory where a block can have less)", b.Memory)
		case b.Shared:
			threads += fmt.Sprintf(", %d bytes shared", b.Memory)
		default:
			threads += fmt.Sprintf(", %d bytes of device memory", b.Memory)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", name, threads, regs, warps, sums, tape, bound)
	}
	tw.Flush()
	for _, name := range out.Costs {
		if b := out.Budgets[name]; b.Layers > 0 {
			fmt.Fprintf(a.out, "%s: a batch goes layer by layer, which reads weights once for %d samples: %s\n", name, b.Block, b.Why)
			if g := b.Grouped; g != nil {
				fmt.Fprintf(a.out, "%s: the same on sm_90a: %s\n", name, g.What())
			}
		} else if b.Tile {
			fmt.Fprintf(a.out, "%s: a sample has a lane, a product its warp: %s\n", name, b.Why)
			if g := b.Group; g != nil {
				regs := ""
				if u, ok := measured[g.Kernel]; ok {
					regs = fmt.Sprintf(", %d registers", u.Registers)
					if u.Spills > 0 || u.Stack > 0 {
						regs += fmt.Sprintf(" and %d bytes spilled, stack %d", u.Spills, u.Stack)
					}
				}
				fmt.Fprintf(a.out, "%s: the same on sm_90a, where a product is that of four warps: %s%s\n", g.Kernel, g.What(), regs)
			}
		} else if b.Split > 0 {
			fmt.Fprintf(a.out, "%s: a sample has %d lanes of a warp: %s\n", name, b.Split, b.Why)
		} else if b.Team > 0 {
			fmt.Fprintf(a.out, "%s: a sample has a block: %s\n", name, b.Why)
		}
	}
	for _, d := range ds {
		fmt.Fprintln(a.out, d.Text)
	}
	if len(measured) == 0 {
		fmt.Fprintln(a.out, "registers are estimates: with -v and nvcc on the PATH ptxas says what they are")
	} else {
		fmt.Fprintf(a.out, "registers and warps by ptxas for sm_%s\n", arch)
	}
}
