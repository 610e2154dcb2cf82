package codegen

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/parallel"
	"ndec.dev/ndec/ir/plan"
)

// manifest describes the package for other programs.
type manifest struct {
	Format     int              `json:"format"`
	Generator  string           `json:"generator"`
	Package    string           `json:"package"`
	Sources    []string         `json:"sources"`
	SourceHash string           `json:"source_sha256"`
	Precision  string           `json:"precision"`
	Files      []manifestFile   `json:"files"`
	Models     []manifestModel  `json:"models"`
	Recipes    []manifestRecipe `json:"recipes"`
	Params     []manifestParam  `json:"params"`
}

type manifestFile struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
}

type manifestPort struct {
	Name    string `json:"name"`
	Shape   []int  `json:"shape"`
	Elem    string `json:"elem"`
	Classes int    `json:"classes,omitempty"`
}

type manifestModel struct {
	Name    string          `json:"name"`
	Inputs  []manifestPort  `json:"inputs"`
	Outputs []manifestPort  `json:"outputs"`
	Solves  []manifestSolve `json:"solves"`
}

type manifestSolve struct {
	Name   string `json:"name"`
	At     string `json:"at"`
	System string `json:"system"`
	Method string `json:"method"`
}

type manifestRecipe struct {
	Name    string   `json:"name"`
	Metrics []string `json:"metrics"`
	Trained []string `json:"trained"`
}

type manifestParam struct {
	Name   string `json:"name"`
	Shape  []int  `json:"shape"`
	Offset int    `json:"offset"`
}

func ports(in []ir.Port) []manifestPort {
	out := []manifestPort{}
	for _, p := range in {
		out = append(out, manifestPort{p.Name, shapeOf(p.Type), p.Type.Elem.String(), p.Classes})
	}
	return out
}

func shapeOf(t ir.Type) []int { return append([]int{}, t.Shape...) }

func (e *emitter) manifest(files []plan.File) plan.File {
	m := manifest{Format: 1, Generator: "ndec " + e.opts.Version, Package: e.opts.Package, Sources: e.m.Files, SourceHash: e.opts.SourceHash,
		Precision: e.m.Real.String(), Files: make([]manifestFile, len(files)), Models: []manifestModel{}, Recipes: []manifestRecipe{}, Params: []manifestParam{}}
	parallel.Each(len(files), func(i int) {
		h := sha256.Sum256(files[i].Text)
		m.Files[i] = manifestFile{files[i].Name, hex.EncodeToString(h[:])}
	})
	for _, md := range e.m.Models {
		mm := manifestModel{Name: md.Name, Inputs: ports(md.Inputs), Outputs: ports(md.Outputs), Solves: []manifestSolve{}}
		for _, s := range md.Solves {
			mm.Solves = append(mm.Solves, manifestSolve{s.Name, s.Span.String(), s.System, s.Method})
		}
		m.Models = append(m.Models, mm)
	}
	for _, r := range e.m.Recipes {
		mr := manifestRecipe{Name: r.Name, Metrics: append([]string{}, r.Metrics...), Trained: []string{}}
		for _, p := range r.Trained {
			mr.Trained = append(mr.Trained, p.Name)
		}
		m.Recipes = append(m.Recipes, mr)
	}
	off := 0
	for _, p := range e.m.Params {
		m.Params = append(m.Params, manifestParam{p.Name, shapeOf(p.Type), off})
		off += p.Type.Len()
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		panic("codegen: manifest: " + err.Error())
	}
	return plan.File{Name: e.opts.Package + ".manifest.json", Text: append(text, '\n')}
}
