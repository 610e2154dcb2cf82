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
	count := map[color.RGBA]int{}
	at := func(x, y int) color.RGBA {
		r, g, b, _ := img.At(x, y).RGBA()
		return color.RGBA{uint8(r >> 8), uint8(g >> 8), uint8(b >> 8), 255}
	}
	if rgba, ok := img.(*image.RGBA); ok {
		at = func(x, y int) color.RGBA { c := rgba.RGBAAt(x, y); c.A = 255; return c }
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	var all []weighted
	for c, n := range count {
		all = append(all, weighted{c, n})
	}
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
	index := map[color.RGBA]uint8{}
	for i, box := range boxes {
		pal = append(pal, mean(box))
		for _, w := range box {
			index[w.c] = uint8(i)
		}
	}
	out := image.NewPaletted(b, pal)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.SetColorIndex(x, y, index[at(x, y)])
		}
	}
	return out
}

// weighted is a colour and how many pixels have it.
type weighted struct {
	c color.RGBA
	n int
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
