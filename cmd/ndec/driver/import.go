package driver

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"

	"ndec.dev/ndec/dsl/syntax"
)

// Load reads the .nde files of a folder and of the folders that they import, by the names that Compile
// wants: base names for the folder itself, "../phys/pendulum.nde" for an imported one. What an import names and
// is not there is left to the checker to complain about.
func Load(dir string) (map[string]string, error) {
	files := map[string]string{}
	read := func(folder string) ([]string, error) {
		names, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(folder), "*.nde"))
		if err != nil {
			return nil, err
		}
		var out []string
		for _, n := range names {
			text, err := ReadFile(n)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			name := path.Join(folder, filepath.Base(n))
			files[name] = string(text)
			out = append(out, name)
		}
		return out, nil
	}
	seen := map[string]bool{".": true}
	queue := []string{"."}
	for len(queue) > 0 {
		folder := queue[0]
		queue = queue[1:]
		names, err := read(folder)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			f, _ := syntax.Parse(name, []byte(files[name]))
			for _, d := range f.Decls {
				imp, ok := d.(*syntax.ImportDecl)
				if !ok {
					continue
				}
				next, err := filepath.Rel(dir, filepath.Join(dir, filepath.FromSlash(path.Join(folder, imp.Folder()))))
				if next = filepath.ToSlash(next); err == nil && !seen[next] {
					seen[next] = true
					queue = append(queue, next)
				}
			}
		}
	}
	return files, nil
}
