package picture

import (
	"cmp"
	"image"
	"image/color"
	"slices"
)

// paletted is an image with at most 256 colours, a third of the size as PNG. Where there are more, they
// are divided at the median of their widest channel until there are few enough (Heckbert 1982); edges are
// smoothed with so many greys that the eye does not see it.
func paletted(img image.Image) image.Image {
	b := img.Bounds()
	pixels := opaque(img)
	var colours tally
	numbers := make([]int32, len(pixels)/4) // of the colour of each pixel, in the order in which they were met
	for i := range numbers {
		numbers[i] = colours.add(color.RGBA{pixels[4*i], pixels[4*i+1], pixels[4*i+2], 255})
	}
	all := slices.Clone(colours.all)
	slices.SortFunc(all, func(a, b weighted) int {
		return cmp.Or(b.n-a.n, cmp.Compare(a.key(), b.key()))
	})
	// The most frequent colours, which are those of the areas and lines themselves, stay exact.
	const exact = 96
	boxes := [][]weighted{}
	for _, w := range all[:min(exact, len(all))] {
		boxes = append(boxes, []weighted{w})
	}
	if len(all) > exact {
		boxes = append(boxes, divide(all[exact:], 256-exact)...)
	}
	pal := color.Palette{}
	index := make([]uint8, len(all))
	for i, box := range boxes {
		pal = append(pal, mean(box))
		for _, w := range box {
			index[w.number] = uint8(i)
		}
	}
	out := image.NewPaletted(b, pal) // without gaps between rows
	for i, n := range numbers {
		out.Pix[i] = index[n]
	}
	return out
}

// opaque are the pixels of an image, four bytes each, row by row.
func opaque(img image.Image) []uint8 {
	b := img.Bounds()
	if rgba, ok := img.(*image.RGBA); ok && rgba.Stride == 4*b.Dx() {
		return rgba.Pix
	}
	out := make([]uint8, 0, 4*b.Dx()*b.Dy())
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			r, g, b, _ := img.At(x, y).RGBA()
			out = append(out, uint8(r>>8), uint8(g>>8), uint8(b>>8), 255)
		}
	}
	return out
}

// weighted is a colour and how many pixels have it.
type weighted struct {
	c      color.RGBA
	n      int
	number int32
}

// tally counts colours in a table with linear probing, which for pictures is much faster than a map: a pixel has mostly the colour of
// the one before.
type tally struct {
	all   []weighted
	slots []int32 // numbers plus one, 0 where free
	last  int32
}

// add counts a pixel and gives the number of its colour.
func (t *tally) add(c color.RGBA) int32 {
	if len(t.all) > 0 && t.all[t.last].c == c {
		t.all[t.last].n++
		return t.last
	}
	if 2*len(t.all) >= len(t.slots) {
		t.slots = make([]int32, max(1024, 2*len(t.slots)))
		for i := range t.all {
			*t.slot(t.all[i].c) = int32(i) + 1
		}
	}
	s := t.slot(c)
	if *s == 0 {
		t.all = append(t.all, weighted{c: c, number: int32(len(t.all))})
		*s = int32(len(t.all))
	}
	t.last = *s - 1
	t.all[t.last].n++
	return t.last
}

// slot is the place of a colour, or where it goes; the number of places is a power of two.
func (t *tally) slot(c color.RGBA) *int32 {
	mask, key := uint32(len(t.slots)-1), (weighted{c: c}).key()
	for i := key * 2654435769 >> 8 & mask; ; i = (i + 1) & mask {
		if n := t.slots[i]; n == 0 || t.all[n-1].c == c {
			return &t.slots[i]
		}
	}
}

func (w weighted) key() uint32 { return uint32(w.c.R)<<16 | uint32(w.c.G)<<8 | uint32(w.c.B) }

func (w weighted) channel(k int) int { return int([]uint8{w.c.R, w.c.G, w.c.B}[k]) }

// divide cuts colours into at most n boxes, always the widest box at the middle of its widest channel.
func divide(cs []weighted, n int) [][]weighted {
	boxes := [][]weighted{cs}
	for len(boxes) < n {
		widest, channel, width := -1, 0, 0
		for i, box := range boxes {
			for k := range 3 {
				lo, hi := 255, 0
				for _, w := range box {
					lo, hi = min(lo, w.channel(k)), max(hi, w.channel(k))
				}
				if hi-lo > width {
					widest, channel, width = i, k, hi-lo
				}
			}
		}
		if widest < 0 {
			break
		}
		box := boxes[widest]
		slices.SortFunc(box, func(a, b weighted) int {
			return cmp.Or(a.channel(channel)-b.channel(channel), cmp.Compare(a.key(), b.key()))
		})
		cut := len(box) / 2
		for cut < len(box)-1 && box[cut].channel(channel) == box[0].channel(channel) {
			cut++
		}
		boxes[widest] = box[:cut]
		boxes = append(boxes, box[cut:])
	}
	return boxes
}

func mean(box []weighted) color.RGBA {
	var r, g, b, n int
	for _, w := range box {
		r, g, b, n = r+int(w.c.R)*w.n, g+int(w.c.G)*w.n, b+int(w.c.B)*w.n, n+w.n
	}
	return color.RGBA{uint8((r + n/2) / n), uint8((g + n/2) / n), uint8((b + n/2) / n), 255}
}
