package cuda

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"ndec.dev/ndec/rt"
)

var (
	ptxVersion = regexp.MustCompile(`(?m)^\.version (\d+)\.(\d+)`)
	ptxGroups  = regexp.MustCompile(`(?m)^\.target sm_90a`)
)

// ptxOf lists drivers by the CUDA version that they bring, and the newest PTX that each of them reads.
var ptxOf = []struct{ driver, ptx int }{
	{13000, 90}, {12090, 88}, {12080, 87}, {12060, 85}, {12050, 85}, {12040, 84}, {12030, 83}, {12020, 82}, {12010, 81}, {12000, 80}, {11080, 78},
}

// lowest is the PTX version that emitted kernels need, and groupLowest that of images with kernels of groups: every shipped image is
// assembled by the ptxas of CUDA 12.0 with it.
const (
	lowest      = 78
	groupLowest = 80
)

// groupCapability is that of devices with the instructions of groups, and groupDriver the CUDA version of the first driver that reads their image.
const (
	groupCapability = 90
	groupDriver     = 12000
)

// canGroup reports whether a device runs kernels of groups: of later ones none has their instructions.
func canGroup(capability, driver int) bool {
	return capability == groupCapability && driver >= groupDriver
}

// isMachineCode reports whether an image is machine code, which devices of its generation run, in place of PTX, which later ones take too.
func isMachineCode(image string) bool { return strings.HasPrefix(image, "\x7fELF") }

// choose gives the images for a device: that for the best capability that it has, and that with kernels of groups where it runs them; none without
// the former.
func choose(images []rt.KernelImage, capability, driver int) (some []rt.KernelImage) {
	best, groups := -1, -1
	for i, m := range images {
		switch {
		case isMachineCode(m.Text) && m.Capability/10 != capability/10:
		case m.Groups && canGroup(capability, driver):
			groups = i
		case !m.Groups && m.Capability <= capability && (best < 0 || m.Capability > images[best].Capability):
			best = i
		}
	}
	if best >= 0 {
		some = append(some, images[best])
		if groups >= 0 {
			some = append(some, images[groups])
		}
	}
	return some
}

// fitVersion lets an older driver read PTX of a newer compiler, which writes its own version whatever it uses.
func fitVersion(text string, driver int) string {
	if isMachineCode(text) {
		return text
	}
	m := ptxVersion.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	least := lowest
	if ptxGroups.MatchString(text) {
		least = groupLowest
	}
	most := least
	for _, v := range ptxOf {
		if driver >= v.driver {
			most = v.ptx
			break
		}
	}
	if 10*major+minor <= most {
		return text
	}
	return ptxVersion.ReplaceAllString(text, fmt.Sprintf(".version %d.%d", least/10, least%10))
}
