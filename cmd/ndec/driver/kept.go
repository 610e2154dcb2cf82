package driver

import (
	"path/filepath"

	"ndec.dev/ndec/cudagen"
)

// Kept gives the images that an earlier build left in dir, where it made them of the same kernels, as the manifest there says, and nobody has
// changed them since. So a build without a CUDA compiler writes the package of one with it. Images lists those that a package has; where one of
// them is not there, there are none.
func Kept(dir string, images func(*cudagen.Output) []cudagen.Image) func(out *cudagen.Output) ([]cudagen.Image, error) {
	return func(out *cudagen.Output) ([]cudagen.Image, error) {
		sums := map[string]string{}
		there, err := records(dir)
		if err != nil {
			return nil, err
		}
		for _, was := range there {
			for _, f := range was.Files {
				sums[f.Name] = f.Sum
			}
		}
		for _, f := range out.Files {
			if digest(f.Text) != sums[f.Name] {
				return nil, nil
			}
		}
		kept := images(out)
		for i, m := range kept {
			name := out.ImageName(m)
			file, err := ReadFile(filepath.Join(dir, name))
			text, ok := out.ImageText(file)
			if err != nil || !ok || digest(file) != sums[name] {
				return nil, nil
			}
			kept[i].Text = text
		}
		return kept, nil
	}
}
