package driver

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ndec.dev/ndec/codegen"
	"ndec.dev/ndec/ir/plan"
)

// record is what the manifest of a package says about its files.
type record struct {
	Package string   `json:"package"`
	Sources []string `json:"sources"`
	Files   []struct {
		Name string `json:"name"`
		Sum  string `json:"sha256"`
	} `json:"files"`
}

const manifestEnd = ".manifest.json"

// recordOf reads a manifest; ok is false where the text is none.
func recordOf(text []byte) (r record, ok bool) {
	return r, json.Unmarshal(text, &r) == nil && r.Package != ""
}

// manifest is one that ndec has written.
type manifest struct {
	path string
	record
}

// records are the manifests in dir.
func records(dir string) (there []manifest, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*"+manifestEnd))
	if err != nil {
		return nil, err
	}
	for _, path := range paths {
		text, err := ReadFile(path)
		if err != nil {
			return nil, err
		}
		if r, ok := recordOf(text); ok && isGenerated(text) {
			there = append(there, manifest{path, r})
		}
	}
	return there, nil
}

// earlier gives the paths of what ndec wrote into dir and the package that files are has no longer: files that a manifest there lists,
// vector code, and the folders of TestPackage and of the copy of rt. What somebody else has written is not among them.
//
// A folder holds one Go package. Where dir has another one beside files, made by ndec from other sources or not by ndec at all, that is an error.
func earlier(dir string, files []plan.File) (stale []string, err error) {
	var now record
	written := map[string]bool{}
	for _, f := range files {
		written[filepath.Join(dir, filepath.FromSlash(f.Name))] = true
		if r, ok := recordOf(f.Text); ok && strings.HasSuffix(f.Name, manifestEnd) {
			now = r
		}
	}
	found := map[string]bool{}
	add := func(path, sum string) {
		text, err := ReadFile(path)
		if err != nil || written[path] || !isGenerated(text) && digest(text) != sum {
			return
		}
		found[path] = true
	}
	there, err := records(dir)
	if err != nil {
		return nil, err
	}
	for _, was := range there {
		if was.Package != now.Package && now.Package != "" && !slices.ContainsFunc(was.Sources, func(s string) bool { return slices.Contains(now.Sources, s) }) {
			return nil, fmt.Errorf("%s is there, of package %s from %s: a folder holds one Go package, so %s cannot be written beside it; choose another folder with -o, or remove the files of %[2]s",
				was.path, was.Package, strings.Join(was.Sources, ", "), now.Package)
		}
		for _, f := range was.Files {
			if filepath.IsLocal(f.Name) {
				add(filepath.Join(dir, filepath.FromSlash(f.Name)), f.Sum)
			}
		}
		add(was.path, "")
	}
	for _, suffix := range codegen.VectorFiles() {
		for _, sub := range []string{".", TestPackage} {
			names, err := filepath.Glob(filepath.Join(dir, sub, "*"+suffix))
			if err != nil {
				return nil, err
			}
			for _, n := range names {
				add(n, "")
			}
		}
	}
	for _, folder := range []string{TestPackage, RuntimeFolder} {
		names, err := filepath.Glob(filepath.Join(dir, folder, "*.*"))
		if err != nil {
			return nil, err
		}
		ours := !slices.ContainsFunc(files, func(f plan.File) bool { return strings.HasPrefix(f.Name, folder+"/") })
		for _, n := range names {
			text, err := ReadFile(n)
			ours = ours && err == nil && isGenerated(text)
		}
		for _, n := range names {
			if ours {
				found[n] = true
			}
		}
	}
	for path := range found {
		stale = append(stale, path)
	}
	slices.Sort(stale)
	if now.Package == "" {
		return stale, nil
	}
	return stale, alone(dir, now.Package, func(path string) bool { return written[path] || found[path] })
}

// alone finds Go files in dir, but those that are ours, that belong to another package than pkg. Go leaves out files of other systems
// and such that a build constraint keeps from this one.
func alone(dir, pkg string, ours func(path string) bool) error {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return err
	}
	for _, path := range names {
		if ours(path) {
			continue
		}
		if in, err := build.Default.MatchFile(dir, filepath.Base(path)); err != nil || !in {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.PackageClauseOnly)
		if err != nil {
			continue // the go command will say so
		}
		switch name := f.Name.Name; {
		case name == pkg, name == "documentation", name == pkg+"_test" && strings.HasSuffix(path, "_test.go"):
		default:
			return fmt.Errorf("%s belongs to package %s, and the generated package is %s: a folder holds one Go package; say \"package %[2]s\" in the .nde files, or choose another folder with -o", path, name, pkg)
		}
	}
	return nil
}

func digest(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// remove removes the files, and the folders of TestPackage and of the copy of rt where nothing is left in them.
func remove(dir string, paths []string) error {
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	for _, folder := range []string{TestPackage, RuntimeFolder} {
		inside := filepath.Join(dir, folder)
		if slices.ContainsFunc(paths, func(p string) bool { return filepath.Dir(p) == inside }) {
			os.Remove(inside) // fails where something is left
		}
	}
	return nil
}
