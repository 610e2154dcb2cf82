package rt

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Array is an n-dimensional array in C order, widened to float64.
type Array struct {
	Shape []int
	Data  []float64
	file  string // of which Data are a part
}

// elemType is an element type of arrays: size in bytes and reader. Whole numbers beyond 2⁵³ are rounded.
type elemType struct {
	size int
	get  func(binary.ByteOrder, []byte) float64
}

// elemTypes are the element types by NumPy's names; bf16 has none there.
var elemTypes = map[string]elemType{
	"f2": {2, func(o binary.ByteOrder, b []byte) float64 { return half(o.Uint16(b)) }},
	"bf16": {2, func(o binary.ByteOrder, b []byte) float64 {
		return float64(math.Float32frombits(uint32(o.Uint16(b)) << 16))
	}},
	"f4": {4, func(o binary.ByteOrder, b []byte) float64 { return float64(math.Float32frombits(o.Uint32(b))) }},
	"f8": {8, func(o binary.ByteOrder, b []byte) float64 { return math.Float64frombits(o.Uint64(b)) }},
	"i1": {1, func(_ binary.ByteOrder, b []byte) float64 { return float64(int8(b[0])) }},
	"i2": {2, func(o binary.ByteOrder, b []byte) float64 { return float64(int16(o.Uint16(b))) }},
	"i4": {4, func(o binary.ByteOrder, b []byte) float64 { return float64(int32(o.Uint32(b))) }},
	"i8": {8, func(o binary.ByteOrder, b []byte) float64 { return float64(int64(o.Uint64(b))) }},
	"u1": {1, func(_ binary.ByteOrder, b []byte) float64 { return float64(b[0]) }},
	"u2": {2, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint16(b)) }},
	"u4": {4, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint32(b)) }},
	"u8": {8, func(o binary.ByteOrder, b []byte) float64 { return float64(o.Uint64(b)) }},
	"b1": {1, func(_ binary.ByteOrder, b []byte) float64 { return float64(min(b[0], 1)) }},
}

// half is a number of IEEE 754 binary16.
func half(b uint16) float64 {
	sign, exp, frac := 1-2*float64(b>>15), int(b>>10)&31, float64(b&1023)
	switch exp {
	case 0:
		return sign * math.Ldexp(frac, -24)
	case 31:
		if frac != 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+frac, exp-25)
}

// arrayHead is what the head of a file says of its array.
type arrayHead struct {
	shape []int
	elem  string
	order binary.ByteOrder
	at    int // where the elements begin
}

// count is the number of elements.
func (h *arrayHead) count() (int, error) {
	n := 1
	for _, d := range h.shape {
		if d < 0 || d > 0 && n > math.MaxInt/8/d {
			return 0, fmt.Errorf("an array of shape %v is no array: %w", h.shape, ErrData)
		}
		n *= d
	}
	return n, nil
}

// read reads the elements, with which r ends, for one of so many columns. What it allocates grows with what there is, not with what the head says.
func (h *arrayHead) read(r io.Reader, columns int) (*Array, error) {
	n, err := h.count()
	if err != nil {
		return nil, err
	}
	e := elemTypes[h.elem]
	const chunk = 1 << 13 // elements
	a := gather(columns)
	b := make([]byte, e.size*min(n, chunk))
	for done := 0; done < n; {
		part := b[:e.size*min(n-done, chunk)]
		k, err := io.ReadFull(r, part)
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			return nil, fmt.Errorf("shape %v of %s needs %d bytes, %d are there: %w", h.shape, h.elem, n*e.size, done*e.size+k, ErrData)
		}
		if err != nil {
			return nil, fmt.Errorf("%v: %w", err, ErrData)
		}
		for ; len(part) > 0; part = part[e.size:] {
			a.add(e.get(h.order, part))
			done++
		}
	}
	switch _, err := io.ReadFull(r, make([]byte, 1)); {
	case err == nil:
		return nil, fmt.Errorf("more follows the %d bytes that shape %v of %s needs: %w", n*e.size, h.shape, h.elem, ErrData)
	case err != io.EOF:
		return nil, fmt.Errorf("%v: %w", err, ErrData) // a checksum that fails
	}
	data, err := a.all()
	return &Array{Shape: h.shape, Data: data}, err
}

// maxUnpacked bounds the elements of an array in a packed file, so that a small file cannot fill the memory.
const maxUnpacked = 1 << 28

// readArray reads a file whose head the function understands, from front to back. An array of more elements than most
// is refused before they are read.
func readArray(r io.Reader, most, columns int, head func(b []byte) (*arrayHead, error)) (*Array, error) {
	const room = 1 << 17 // for the head
	br := bufio.NewReaderSize(r, room)
	front, err := br.Peek(room)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%v: %w", err, ErrData)
	}
	h, err := head(front)
	if err != nil {
		return nil, err
	}
	n, err := h.count()
	if err != nil {
		return nil, err
	}
	if n > most {
		return nil, fmt.Errorf("an array of shape %v has more than the %d numbers that a packed file may have: %w", h.shape, most, ErrData)
	}
	if _, err := br.Discard(h.at); err != nil {
		return nil, fmt.Errorf("%v: %w", err, ErrData)
	}
	return h.read(br, columns)
}

// readNPY reads the array of an .npy file. More numbers than most that are written as this machine has them are not read but mapped.
func readNPY(f *os.File, most int) (*Array, error) {
	front := make([]byte, 1<<16)
	k, err := f.ReadAt(front, 0)
	if err != nil && err != io.EOF {
		return nil, err
	}
	h, err := npyHead(front[:k])
	if err != nil {
		return nil, err
	}
	n, err := h.count()
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if n <= most || !h.mappable() || info.Size() != int64(h.at)+8*int64(n) {
		return readArray(f, math.MaxInt, 1, npyHead)
	}
	return h.mapped(f, n)
}

// mappable reports whether the elements lie in the file as this machine has numbers in memory.
func (h *arrayHead) mappable() bool {
	one := []byte{1, 0}
	return canMap && h.elem == "f8" && h.at%8 == 0 && h.order.Uint16(one) == binary.NativeEndian.Uint16(one)
}

// mapped is the array as a part of the file.
func (h *arrayHead) mapped(f *os.File, n int) (*Array, error) {
	data, err := mapNumbers(f, h.at, n)
	return &Array{Shape: h.shape, Data: data, file: f.Name()}, err
}

var (
	npyDescr = regexp.MustCompile(`'descr'\s*:\s*'([<>|=])([a-z]\d+)'`)
	npyOrder = regexp.MustCompile(`'fortran_order'\s*:\s*(True|False)`)
	npyShape = regexp.MustCompile(`'shape'\s*:\s*\(([\d,\s]*)\)`)
)

// DecodeNPY reads an .npy file, version 1 to 3, C order, of floating-point
// numbers or integers. Errors wrap ErrData.
func DecodeNPY(b []byte) (*Array, error) {
	return readArray(bytes.NewReader(b), math.MaxInt, 1, npyHead)
}

// npyHead reads the head of an .npy file.
func npyHead(b []byte) (*arrayHead, error) {
	if len(b) < 10 || string(b[:6]) != "\x93NUMPY" {
		return nil, fmt.Errorf("not an .npy file: %w", ErrData)
	}
	n, at := int(binary.LittleEndian.Uint16(b[8:])), 10
	if b[6] >= 2 {
		if len(b) < 12 {
			return nil, fmt.Errorf(".npy header is truncated: %w", ErrData)
		}
		n, at = int(binary.LittleEndian.Uint32(b[8:])), 12
	}
	if n < 0 || n > len(b)-at {
		return nil, fmt.Errorf(".npy header is truncated: %w", ErrData)
	}
	head := string(b[at : at+n])
	descr, order, dims := npyDescr.FindStringSubmatch(head), npyOrder.FindStringSubmatch(head), npyShape.FindStringSubmatch(head)
	if descr == nil || order == nil || dims == nil {
		return nil, fmt.Errorf("cannot read .npy header %q: %w", head, ErrData)
	}
	if order[1] == "True" {
		return nil, fmt.Errorf("array is in Fortran order, want C order: %w", ErrData)
	}
	if _, ok := elemTypes[descr[2]]; !ok {
		return nil, fmt.Errorf("element type %s is not supported: %w", descr[2], ErrData)
	}
	var shape []int
	for _, s := range strings.Split(dims[1], ",") {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		d, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf(".npy shape (%s): %w", dims[1], ErrData)
		}
		shape = append(shape, d)
	}
	var bo binary.ByteOrder = binary.LittleEndian
	if descr[1] == ">" {
		bo = binary.BigEndian
	}
	return &arrayHead{shape, descr[2], bo, at + n}, nil
}

// EncodeNPY writes a little-endian float array in C order.
func EncodeNPY[R Float](out io.Writer, shape []int, data []R) error {
	var h bytes.Buffer
	kind := "<f8"
	if isF32[R]() {
		kind = "<f4"
	}
	dims := ""
	for _, d := range shape {
		dims += strconv.Itoa(d) + ", "
	}
	if len(shape) > 1 {
		dims = strings.TrimSuffix(dims, ", ")
	}
	fmt.Fprintf(&h, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", kind, strings.TrimSuffix(dims, " "))
	for (h.Len()+11)%64 != 0 {
		h.WriteByte(' ')
	}
	h.WriteByte('\n')
	b := append([]byte("\x93NUMPY\x01\x00"), byte(h.Len()), byte(h.Len()>>8))
	b = append(b, h.Bytes()...)
	for _, v := range data {
		if kind == "<f4" {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(float32(v)))
		} else {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(float64(v)))
		}
	}
	_, err := out.Write(b)
	return err
}
