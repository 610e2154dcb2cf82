package cuda

import (
	"fmt"
	"regexp"
	"strconv"
)

var ptxVersion = regexp.MustCompile(`(?m)^\.version (\d+)\.(\d+)`)

// ptxOf lists drivers by the CUDA version that they bring, and the newest PTX that each of them reads.
var ptxOf = []struct{ driver, ptx int }{
	{13000, 90}, {12090, 88}, {12080, 87}, {12060, 85}, {12050, 85}, {12040, 84}, {12030, 83}, {12020, 82}, {12010, 81}, {12000, 80}, {11080, 78},
}

// lowest is the PTX version that emitted kernels need: every shipped image is assembled by the ptxas of CUDA 12.0 with
// it.
const lowest = 78

// fitVersion lets an older driver read PTX of a newer compiler, which writes its own version whatever it uses.
func fitVersion(text string, driver int) string {
	m := ptxVersion.FindStringSubmatch(text)
	if m == nil {
		return text
	}
	major, _ := strconv.Atoi(m[1])
	minor, _ := strconv.Atoi(m[2])
	most := lowest
	for _, v := range ptxOf {
		if driver >= v.driver {
			most = v.ptx
			break
		}
	}
	if 10*major+minor <= most {
		return text
	}
	return ptxVersion.ReplaceAllString(text, fmt.Sprintf(".version %d.%d", lowest/10, lowest%10))
}
