package rt

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
)

// maxHeader bounds the JSON header of a safetensors file.
const maxHeader = 100 << 20

// storedTypes are the element types of safetensors files by the names of elemTypes.
var storedTypes = map[string]string{"F64": "f8", "F32": "f4", "F16": "f2", "BF16": "bf16", "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
	"U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "b1"}

// Stored is a tensor of a safetensors file, widened to float64 (exact, but for whole numbers beyond 2⁵³).
type Stored struct {
	Name  string
	DType string // "F32", "F64", "BF16", "I64", …
	Shape []int
	Data  []float64
}

type tensorHeader struct {
	DType   string   `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// storedHead is what the header of a safetensors file says of a tensor, which lies in the bytes from lo to hi of the file.
type storedHead struct {
	Stored
	elem   string // as in elemTypes
	lo, hi int64
}

// DecodeTensors reads a whole safetensors file: tensors sorted by offset, and
// the metadata. Errors wrap ErrWeights.
func DecodeTensors(b []byte) ([]Stored, map[string]string, error) {
	heads, meta, err := storedHeads(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return nil, nil, fmt.Errorf("%v: %w", err, ErrWeights)
	}
	out := make([]Stored, len(heads))
	for i, h := range heads {
		elem := elemTypes[h.elem]
		h.Data = make([]float64, Tensor{Shape: h.Shape}.Len())
		for k := range h.Data {
			h.Data[k] = elem.get(binary.LittleEndian, b[h.lo+int64(k*elem.size):])
		}
		out[i] = h.Stored
	}
	return out, meta, nil
}

// storedHeads reads the header of a safetensors file of a size: its tensors without their numbers, sorted by offset, which fill the file, and the metadata.
func storedHeads(in io.ReaderAt, size int64) ([]storedHead, map[string]string, error) {
	bad := func(format string, args ...any) ([]storedHead, map[string]string, error) {
		return nil, nil, fmt.Errorf(format, args...)
	}
	if size < 8 {
		return bad("file of %d bytes is too short for safetensors", size)
	}
	var front [8]byte
	if _, err := in.ReadAt(front[:], 0); err != nil {
		return nil, nil, err
	}
	n := binary.LittleEndian.Uint64(front[:])
	if begin := make([]byte, min(size, 24)); n > maxHeader {
		if _, err := in.ReadAt(begin, 0); err == nil && bytes.HasPrefix(begin, []byte("version https://git-lfs")) {
			return bad("a pointer of Git LFS stands in the place of the file; \"git lfs pull\" gets it")
		} else if err == nil && begin[0] != 0 && begin[7] != 0 { // no such length: text, or an archive
			return bad("this is no safetensors file: it begins with %q", begin)
		}
		return bad("header of %d bytes is larger than 100 MB", n)
	}
	if n > uint64(size-8) {
		return bad("file is truncated: header of %d bytes, %d are there", n, size-8)
	}
	head := make([]byte, n)
	if _, err := in.ReadAt(head, 8); err != nil && err != io.EOF {
		return nil, nil, err
	}
	begin := 8 + int64(n)
	body := size - begin
	if len(head) == 0 || head[0] != '{' {
		return bad("header does not start with {")
	}
	raw, err := objectMembers(head)
	if err != nil {
		return bad("header: %v", err)
	}
	meta := map[string]string{}
	var out []storedHead
	for _, m := range raw {
		if m.name == "__metadata__" {
			if err := json.Unmarshal(m.value, &meta); err != nil {
				return bad("__metadata__: %v", err)
			}
			continue
		}
		var h tensorHeader
		if err := json.Unmarshal(m.value, &h); err != nil {
			return bad("tensor %q: %v", m.name, err)
		}
		elem, ok := elemTypes[storedTypes[h.DType]]
		if !ok {
			return bad("tensor %q: type %q is not known", m.name, h.DType)
		}
		count := int64(1)
		shape := make([]int, len(h.Shape))
		for i, d := range h.Shape {
			if d < 0 || d > 0 && count > body/d {
				return bad("tensor %q: shape %v does not fit into the file", m.name, h.Shape)
			}
			count *= d
			shape[i] = int(d)
		}
		lo, hi := h.Offsets[0], h.Offsets[1]
		if lo < 0 || hi < lo || hi > body {
			return bad("file is truncated: tensor %q covers bytes %d to %d of %d", m.name, lo, hi, body)
		}
		if hi-lo != count*int64(elem.size) {
			return bad("tensor %q: %d bytes for shape %v of %s", m.name, hi-lo, h.Shape, h.DType)
		}
		out = append(out, storedHead{Stored{Name: m.name, DType: h.DType, Shape: shape}, storedTypes[h.DType], begin + lo, begin + hi})
	}
	slices.SortStableFunc(out, func(a, b storedHead) int { return cmp.Or(cmp.Compare(a.lo, b.lo), cmp.Compare(a.hi, b.hi)) })
	at := begin
	for _, h := range out {
		if h.lo != at {
			return bad("tensor %q starts at byte %d, want %d: tensors overlap or leave a hole", h.Name, h.lo-begin, at-begin)
		}
		at = h.hi
	}
	if at != size {
		return bad("%d bytes follow the last tensor", size-at)
	}
	return out, meta, nil
}

type member struct {
	name  string
	value json.RawMessage
}

// objectMembers is the members of one JSON object in order; a name that
// appears twice and text after the object are errors.
func objectMembers(b []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if tok, err := d.Token(); err != nil {
		return nil, err
	} else if tok != json.Delim('{') {
		return nil, errors.New("not a JSON object")
	}
	var out []member
	seen := map[string]bool{}
	for d.More() {
		tok, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := tok.(string)
		if seen[name] {
			return nil, fmt.Errorf("name %q appears twice", name)
		}
		seen[name] = true
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, fmt.Errorf("%q: %w", name, err)
		}
		out = append(out, member{name, v})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("text after the object")
	}
	return out, nil
}

// NamedData is a tensor to be written.
type NamedData[R Float] struct {
	Name  string
	Shape []int
	Data  []R
}

// EncodeTensors writes a safetensors file; equal input gives equal bytes.
func EncodeTensors[R Float](out io.Writer, tensors []NamedData[R], meta map[string]string) error {
	var h bytes.Buffer
	m, err := json.Marshal(meta)
	if err != nil {
		return err
	}
	size, dtype := 8, "F64"
	if isF32[R]() {
		size, dtype = 4, "F32"
	}
	fmt.Fprintf(&h, `{"__metadata__":%s`, m)
	at := 0
	for _, t := range tensors {
		name, err := json.Marshal(t.Name)
		if err != nil {
			return err
		}
		shape := strings.ReplaceAll(fmt.Sprint(t.Shape), " ", ",")
		fmt.Fprintf(&h, `,%s:{"dtype":%q,"shape":%s,"data_offsets":[%d,%d]}`, name, dtype, shape, at, at+size*len(t.Data))
		at += size * len(t.Data)
	}
	h.WriteByte('}')
	for h.Len()%8 != 0 {
		h.WriteByte(' ')
	}
	buf := binary.LittleEndian.AppendUint64(make([]byte, 0, 8+h.Len()+at), uint64(h.Len()))
	buf = append(buf, h.Bytes()...)
	for _, t := range tensors {
		for _, v := range t.Data {
			if size == 4 {
				buf = binary.LittleEndian.AppendUint32(buf, math.Float32bits(float32(v)))
			} else {
				buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(float64(v)))
			}
		}
	}
	_, err = out.Write(buf)
	return err
}

func isF32[R Float]() bool {
	var r R
	_, ok := any(r).(float32)
	return ok
}

// precisionOf is "f32" or "f64".
func precisionOf[R Float]() string {
	if isF32[R]() {
		return "f32"
	}
	return "f64"
}

// SaveTensors writes the weights by the layout, constrained parameters in
// their own units, with layout hash, version and precision as metadata.
func SaveTensors[R Float](out io.Writer, w []R, layout []Tensor, version string) error {
	if len(w) < LayoutLen(layout) {
		return fmt.Errorf("%d weights for a layout of %d: %w", len(w), LayoutLen(layout), ErrShape)
	}
	list := make([]NamedData[R], len(layout))
	for i, t := range layout {
		list[i] = NamedData[R]{t.Name, t.Shape, w[t.Offset : t.Offset+t.Len()]}
	}
	return EncodeTensors(out, list, map[string]string{"layout": LayoutHash(layout), "ndec": version, "precision": precisionOf[R]()})
}

// LoadTensors reads weights into w, which stays as it was on an error. Names
// and shapes must be those of the layout and all values finite; errors wrap
// ErrWeights and say what is missing, extra or different.
func LoadTensors[R Float](in io.Reader, w []R, layout []Tensor) error {
	b, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	stored, _, err := DecodeTensors(b)
	if err != nil {
		return err
	}
	if len(w) < LayoutLen(layout) {
		return fmt.Errorf("%d weights for a layout of %d: %w", len(w), LayoutLen(layout), ErrShape)
	}
	have := map[string]*Stored{}
	for i := range stored {
		have[stored[i].Name] = &stored[i]
	}
	var missing, other []string
	known, problems := map[string]bool{}, []string(nil)
	fresh := Copied(nil, w)
	for _, t := range layout {
		s := have[t.Name]
		known[t.Name] = true
		switch {
		case s == nil:
			missing = append(missing, strconv.Quote(t.Name))
			continue
		case !slices.Equal(s.Shape, t.Shape):
			problems = append(problems, fmt.Sprintf("tensor %q has shape %v, want %v", t.Name, s.Shape, t.Shape))
			continue
		}
		for i, v := range s.Data {
			if !finite(float64(R(v))) || !finite(t.Transform.Free(v)) {
				problems = append(problems, fmt.Sprintf("tensor %q, component %d: %v is not a finite value in range", t.Name, i, v))
				break
			}
			fresh[t.Offset+i] = R(v)
		}
	}
	for _, s := range stored {
		if !known[s.Name] {
			other = append(other, strconv.Quote(s.Name))
		}
	}
	problems = append(problems, several(missing, "is missing", "are missing")...)
	problems = append(problems, several(other, "is not part of this program", "are not part of this program")...)
	if len(missing) > 0 && len(missing) == len(layout) {
		problems = append(problems, "these are weights of another program")
	}
	if len(problems) > 0 {
		return fmt.Errorf("%s: %w", strings.Join(problems, "; "), ErrWeights)
	}
	Copy(w, fresh)
	return nil
}

// several says something of the named tensors, of the first ones by name where there are many; nothing of none.
func several(names []string, one, more string) []string {
	const most = 4
	switch n := len(names); {
	case n == 0:
		return nil
	case n == 1:
		return []string{"tensor " + names[0] + " " + one}
	case n > most+1:
		names = append(names[:most:most], fmt.Sprintf("%d others", n-most))
	}
	last := len(names) - 1
	return []string{"tensors " + strings.Join(names[:last], ", ") + " and " + names[last] + " " + more}
}

func finite(v float64) bool { return v-v == 0 }

// SaveFile writes the weights to a temporary name and renames it.
func SaveFile[R Float](path string, w []R, layout []Tensor, version string) error {
	return writeFile(path, func(out io.Writer) error { return SaveTensors(out, w, layout, version) })
}

// LoadFile reads the weights of a file; errors name it.
func LoadFile[R Float](path string, w []R, layout []Tensor) error {
	f, err := openFile(path, ErrWeights)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := LoadTensors(f, w, layout); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
