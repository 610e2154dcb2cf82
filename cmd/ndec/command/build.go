package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/driver"
)

func (a *app) buildCommand() *cobra.Command {
	var outDir, target string
	var dry, amx bool
	cmd := &cobra.Command{
		Use:   "build [FILE|DIR]...",
		Short: "write the generated Go package of a model",
		Long: `build compiles the .nde files of a folder and writes the generated Go package beside them, or
to the folder given with -o. Nothing is touched when nothing changed, and what an earlier build wrote there and the package
has no longer is removed. Several packages are compiled beside each other. In a package folder,
	//go:generate go tool ndec build .
keeps the package up to date.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			cuda, err := withCUDA(target)
			if err != nil {
				return err
			}
			srcs, err := loadAll(args)
			if err != nil {
				return err
			}
			if outDir != "" && len(srcs) > 1 {
				return usagef("-o takes one package, and there are %d", len(srcs))
			}
			o, err := a.options()
			if err != nil {
				return err
			}
			a.target(&o, cuda)
			o.Declared = target == ""
			o.Tiles = amx
			return compileAll(srcs, func(s *source) *compiled {
				if outDir != "" {
					return compileFor(s, o, outDir)
				}
				o := o
				o.Package = os.Getenv("GOPACKAGE")
				return compileFor(s, o, s.dir)
			}, func(s *source, c *compiled) error {
				for _, ds := range c.found {
					if err := a.report(ds, s); err != nil {
						return err
					}
				}
				if c.err != nil {
					return c.err
				}
				files, err := driver.Write(c.dir, c.res.Out, dry)
				if err != nil {
					return internal(err)
				}
				a.sayImages(c.res)
				for _, f := range files {
					switch {
					case dry && f.Removed:
						fmt.Fprintf(a.out, "would remove %s\n", f.Path)
					case f.Removed:
						fmt.Fprintf(a.out, "removed %s\n", f.Path)
					case dry && f.Changed:
						fmt.Fprintf(a.out, "would write %s\n", f.Path)
					case f.Changed:
						fmt.Fprintf(a.out, "wrote %s\n", f.Path)
					case a.verbose:
						fmt.Fprintf(a.out, "unchanged %s\n", f.Path)
					}
				}
				return nil
			})
		},
	}
	cmd.Flags().StringVarP(&outDir, "output", "o", "", "write to `dir`")
	cmd.Flags().StringVar(&target, "target", "", "what to emit: go, or go,cuda for kernels beside it (default what the target declarations say)")
	cmd.Flags().BoolVar(&amx, "amx", false, "emit kernels that multiply matrices of float32 on tiles (AMX) as well, which NDEC_CPU=amx asks for at run time")
	cmd.Flags().BoolVarP(&dry, "dry-run", "n", false, "print what would be done")
	return cmd
}

// withCUDA reads a list of targets.
func withCUDA(target string) (cuda bool, err error) {
	for _, t := range strings.Split(target, ",") {
		switch t {
		case "go", "":
		case "cuda":
			cuda = true
		default:
			return false, usagef("--target is go, cuda or go,cuda, not %q", target)
		}
	}
	return cuda, nil
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			fmt.Fprintf(a.out, "ndec %s\n", driver.Version)
			return nil
		},
	}
}
