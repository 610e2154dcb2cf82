package cudagen

import (
	"bytes"
	"fmt"
	"go/format"
	"reflect"
	"strconv"
	"strings"

	"ndec.dev/ndec/ir/plan"
)

// Package gives the files that a Go package with these kernels has: the kernels, their images, and a Go file that
// embeds them and says how they are called. It needs neither cgo nor CUDA to compile.
func (o *Output) Package() ([]plan.File, error) {
	files := append([]plan.File(nil), o.Files...)
	var b strings.Builder
	line := func(f string, args ...any) { fmt.Fprintf(&b, f+"\n", args...) }
	line("%s", o.header)
	line("")
	line("package %s", o.pkg)
	line("")
	line("import (\n\t_ \"embed\"\n\n\t%q\n)", o.runtime)
	line("")
	line("// kernelSource is the text of the kernels, kernelPrelude what it includes.")
	line("var (")
	line("//go:embed %s", o.Files[0].Name)
	line("kernelSource string")
	line("//go:embed %s", o.Files[1].Name)
	line("kernelPrelude string")
	var images []string
	for _, m := range o.Images {
		name := o.ImageName(m)
		files = append(files, plan.File{Name: name, Text: append([]byte(o.header+"\n"), m.Text...)})
		line("//go:embed %s", name)
		line("kernelImage%s string", m.Arch())
		groups := ""
		if m.Groups {
			groups = "Groups: true, "
		}
		images = append(images, fmt.Sprintf("{Capability: %d, %sText: kernelImage%s}", m.Capability, groups, m.Arch()))
	}
	line(")")
	line("")
	line("// kernels is what the package offers to devices.")
	line("var kernels = &rt.Kernels{")
	line("Source: kernelSource,\nPrelude: kernelPrelude,")
	if len(images) > 0 {
		line("Images: []rt.KernelImage{%s},", strings.Join(images, ", "))
	}
	for _, f := range fields(reflect.ValueOf(o.Kernels)) {
		line("%s,", f)
	}
	line("}")
	text, err := format.Source([]byte(b.String()))
	if err != nil {
		return nil, fmt.Errorf("emitted Go does not parse: %w", err)
	}
	return append(files, plan.File{Name: o.pkg + "_cuda.go", Text: text}), nil
}

// ImageName is the file of an image.
func (o *Output) ImageName(m Image) string { return fmt.Sprintf("%s.sm_%s.ptx", o.pkg, m.Arch()) }

// ImageText is what the file of an image holds of it; ok is false where the file was written by another version.
func (o *Output) ImageText(file []byte) (text []byte, ok bool) {
	return bytes.CutPrefix(file, []byte(o.header+"\n"))
}

// literal spells a value of the description in Go: types of rt have the names of those here, zero fields are left
// out.
func literal(v reflect.Value) string {
	switch v.Kind() {
	case reflect.Struct:
		return "{" + strings.Join(fields(v), ", ") + "}"
	case reflect.Slice:
		var xs []string
		for i := range v.Len() {
			xs = append(xs, literal(v.Index(i)))
		}
		sep := ", "
		switch v.Type().Elem() {
		case reflect.TypeFor[ModelKernel](), reflect.TypeFor[RecipeKernel](), reflect.TypeFor[LayerPart](), reflect.TypeFor[LayerLaunch](), reflect.TypeFor[SharedMemory](), reflect.TypeFor[GroupKernel]():
			sep = ",\n" // a line each
			return "{\n" + strings.Join(xs, sep) + ",\n}"
		}
		return "{" + strings.Join(xs, sep) + "}"
	case reflect.String:
		return strconv.Quote(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// fields spells the fields of a struct that are not zero.
func fields(v reflect.Value) []string {
	var out []string
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			typ := strings.ReplaceAll(f.Type().String(), "cudagen.", "rt.")
			if k := f.Kind(); k != reflect.Struct && k != reflect.Slice {
				typ = ""
			}
			out = append(out, v.Type().Field(i).Name+": "+typ+literal(f))
		}
	}
	return out
}
