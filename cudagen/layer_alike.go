package cudagen

import (
	"fmt"
	"iter"
	"reflect"
	"slices"
	"strings"
)

// A step has many kernels that do the same with other arrays: stages are combined, errors weighed, layers repeated. Those whose text differs in
// comments and in the names of arguments and variables alone are one kernel, launched with the addresses of each: compilers and drivers read it once.

// mergeAlike leaves all but the first of kernels that are alike out of a text, and has the launches call the first.
func (e *emitter) mergeAlike(text string) string {
	var layers []*Layers
	for i := range e.k.Models {
		layers = append(layers, &e.k.Models[i].Layers)
	}
	for i := range e.k.Recipes {
		layers = append(layers, &e.k.Recipes[i].Loss.Layers, &e.k.Recipes[i].Grad.Layers)
	}
	first := map[string]string{} // by the name of a kernel that a launch calls
	for _, l := range layers {
		for _, part := range l.Parts {
			for _, launch := range part.Launches {
				first[launch.Kernel] = launch.Kernel
			}
		}
	}
	if len(first) == 0 {
		return text
	}
	for _, g := range e.k.Groups {
		if g.Rows > 0 {
			first[g.Kernel] = g.Kernel
		}
	}
	lines := strings.Split(text, "\n")
	seen, others, doc := map[string]string{}, map[string]int{}, map[string]int{} // the first of a text; how many others it is, and the line of its comment
	drop := make([]bool, len(lines))
	for i := 1; i < len(lines); i++ {
		name := kernelName(lines[i])
		if first[name] == "" {
			continue
		}
		end := i
		for lines[end] != "}" {
			end++
		}
		key := unnamed(name, lines[i:end])
		if same, ok := seen[key]; ok {
			first[name] = same
			others[same]++
			for k := i - 1; k <= end+1; k++ { // with its comment and the empty line behind it
				drop[k] = true
			}
		} else {
			seen[key], doc[name] = name, i-1
		}
		i = end
	}
	for name, n := range others {
		lines[doc[name]] += fmt.Sprintf(" It is there for %s of the same text.", plural(n, "other"))
	}
	for _, l := range layers {
		for _, part := range l.Parts {
			for i := range part.Launches {
				part.Launches[i].Kernel = first[part.Launches[i].Kernel]
			}
		}
	}
	e.mergeGroups(first)
	var b strings.Builder
	for i, line := range lines {
		if drop[i] {
			continue
		}
		b.WriteString(line)
		if i < len(lines)-1 {
			b.WriteByte('\n')
		}
	}
	return strings.ReplaceAll(b.String(), noGroups, "")
}

// mergeGroups has kernels of groups take the places of the first ones, and leaves out those of which there is one already.
func (e *emitter) mergeGroups(first map[string]string) {
	var groups []GroupKernel
	for _, g := range e.k.Groups {
		if g.Rows > 0 {
			g.Kernel, g.Of = first[g.Kernel], first[g.Of]
			for i, name := range g.With {
				g.With[i] = first[name]
			}
		}
		if !slices.ContainsFunc(groups, func(o GroupKernel) bool { return reflect.DeepEqual(o, g) }) {
			groups = append(groups, g)
		}
	}
	e.k.Groups = groups
	e.k.Shared = slices.DeleteFunc(e.k.Shared, func(s SharedMemory) bool { return first[s.Kernel] != "" && first[s.Kernel] != s.Kernel })
}

// kernelName is the name of the kernel whose head a line is, or "".
func kernelName(line string) string {
	rest, ok := strings.CutPrefix(line, "NDEC_KERNEL void __launch_bounds__(")
	if !ok {
		return ""
	}
	_, rest, _ = strings.Cut(rest, ") ")
	name, _, _ := strings.Cut(rest, "(")
	return name
}

// unnamed is the code of a kernel with numbers in place of its name and of those of its arguments and variables, in the order in which they appear.
func unnamed(name string, lines []string) string {
	var code strings.Builder
	for _, line := range lines {
		line, _, _ = strings.Cut(line, "//")
		if line = strings.TrimSpace(line); line != "" {
			code.WriteString(line)
			code.WriteByte('\n')
		}
	}
	head, body, _ := strings.Cut(code.String(), "\n")
	own := map[string]bool{name: true}
	_, arguments, _ := strings.Cut(head, name+"(")
	for _, a := range strings.Split(strings.TrimSuffix(arguments, ") {"), ", ") {
		own[a[strings.LastIndexAny(a, " *&")+1:]] = true
	}
	last := ""
	for w := range words(body) {
		declared := declaring[last] && (w.gap == " " || w.gap == " &" || w.gap == " *") || strings.HasSuffix(w.gap, "> ") && strings.HasPrefix(w.rest, " = {")
		if declared && w.named() && !declaring[w.text] {
			own[w.text] = true
		}
		last = w.text
	}
	numbers := map[string]int{}
	var b strings.Builder
	for w := range words(head + "\n" + body) {
		b.WriteString(w.gap)
		if !own[w.text] || strings.HasSuffix(w.gap, ".") || strings.HasSuffix(w.gap, "->") {
			b.WriteString(w.text)
			continue
		}
		n, ok := numbers[w.text]
		if !ok {
			n = len(numbers)
			numbers[w.text] = n
		}
		fmt.Fprintf(&b, "$%d", n)
	}
	return b.String()
}

// declaring are the types whose name stands before that of a variable.
var declaring = map[string]bool{"real": true, "double": true, "float": true, "int": true, "bool": true, "unsigned": true, "long": true}

// word is a run of letters and digits in code, with what stands between it and the one before, and all that follows. The last one may be empty.
type word struct{ gap, text, rest string }

// named reports whether w is an identifier or keyword, not a number.
func (w word) named() bool { return w.text != "" && (w.text[0] < '0' || w.text[0] > '9') }

func words(code string) iter.Seq[word] {
	return func(yield func(word) bool) {
		for at := 0; at < len(code); {
			from := at
			for from < len(code) && !letter(code[from]) {
				from++
			}
			to := from
			for to < len(code) && letter(code[to]) {
				to++
			}
			if !yield(word{code[at:from], code[from:to], code[to:]}) {
				return
			}
			at = to
		}
	}
}
