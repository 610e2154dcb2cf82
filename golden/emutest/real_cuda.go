//go:build cuda

package emutest

import _ "ndec.dev/ndec/rt/cuda" // the device of NDEC_TEST_DEVICE
