package command

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ndec.dev/ndec/cmd/ndec/child"
	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/rt"
)

func (a *app) evalCommand() *cobra.Command {
	var recipe, weights, split string
	var workers int
	var with []string
	cmd := &cobra.Command{
		Use:   "eval [FILE|DIR] --recipe R --weights W",
		Short: "loss and metrics of a recipe on a split, without training",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if weights == "" {
				return usagef("eval wants --weights FILE")
			}
			if !slices.Contains([]string{"", "train", "val", "test"}, split) {
				return usagef("--split is train, val or test, not %q", split)
			}
			src, err := oneSource(args)
			if err != nil {
				return err
			}
			res, err := a.compileWith(src, with)
			if err != nil {
				return err
			}
			r, err := chosenRecipe(res.Module, recipe)
			if err != nil {
				return err
			}
			if split == "" {
				split = "train"
				if tested(res.Module, r) {
					split = "test"
				}
			}
			s, err := a.open(src, res)
			if err != nil {
				return err
			}
			defer s.close()
			raw, err := s.ask(&rt.Request{Do: "eval", Recipe: r.Name, Weights: weights, Split: split, Workers: workers}, nil)
			if err != nil {
				return err
			}
			ans := struct {
				Format int    `json:"format"`
				Recipe string `json:"recipe"`
				Split  string `json:"split"`
				child.Evaluation
			}{Format: 1, Recipe: r.Name, Split: split}
			if err := json.Unmarshal(raw, &ans.Evaluation); err != nil {
				return internal(err)
			}
			if a.json {
				if err := json.NewEncoder(a.out).Encode(ans); err != nil {
					return internal(err)
				}
			} else {
				tw := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
				head, line := "recipe\tsplit\trows\tloss", fmt.Sprintf("%s\t%s\t%d\t%s", r.Name, split, ans.Rows, figure6(ans.Loss))
				for _, m := range slices.Sorted(maps.Keys(ans.Metrics)) {
					head, line = head+"\t"+m, line+"\t"+figure6(ans.Metrics[m])
				}
				fmt.Fprintf(tw, "%s\tNFE\n%s\t%s\n", head, line, figure(ans.NFE))
				if err := flush(tw); err != nil {
					return err
				}
			}
			if ans.Failed > 0 {
				return problems(errors.New("some samples failed"))
			}
			return nil
		},
	}
	fs := cmd.Flags()
	fs.StringVar(&recipe, "recipe", "", "the recipe (default: the only one)")
	fs.StringVar(&weights, "weights", "", "weights `file`.safetensors")
	fs.StringVar(&split, "split", "", "train, val or test (default: test if the recipe has test: or its data a split with test)")
	fs.IntVar(&workers, "workers", 0, "`N` goroutines (default all cores)")
	a.deviceFlag(cmd)
	fs.StringArrayVar(&with, "with", nil, "replace a solver: `'Fwd=rk4{steps: 20}'`")
	return cmd
}

// tested reports whether a recipe has test data: its own, or a share of its data.
func tested(m *ir.Module, r *ir.Recipe) bool {
	if hasSetting(r, "test") {
		return true
	}
	data, _ := ir.FindSetting(r.Settings, "data")
	for _, d := range m.Data {
		if d.Name != data.Text {
			continue
		}
		if split, ok := ir.FindSetting(d.Settings, "split"); ok && split.Choice != nil {
			share, _ := split.Choice.Option("test")
			return share.Num > 0
		}
	}
	return false
}

func hasSetting(r *ir.Recipe, key string) bool {
	_, ok := ir.FindSetting(r.Settings, key)
	return ok
}
