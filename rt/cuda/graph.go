//go:build cuda

package cuda

// Graphs: the launches of a step are recorded once and started again together, which package cu cannot do.

/*
#include <cuda.h>

static int ndec_capture(void *stream) { return cuStreamBeginCapture((CUstream)stream, CU_STREAM_CAPTURE_MODE_RELAXED); }

// Ends the recording and readies what was recorded; nothing is kept on an error.
static int ndec_captured(void *stream, void **exec) {
	CUgraph graph = 0;
	int r = cuStreamEndCapture((CUstream)stream, &graph);
	if (r) return r;
	r = cuGraphInstantiateWithFlags((CUgraphExec *)exec, graph, 0);
	cuGraphDestroy(graph);
	return r;
}
static int ndec_replay(void *exec) { return cuGraphLaunch((CUgraphExec)exec, 0); }
static int ndec_forget(void *exec) { return cuGraphExecDestroy((CUgraphExec)exec); }
*/
import "C"

import (
	"errors"
	"os"
	"unsafe"

	"gorgonia.org/cu"

	"ndec.dev/ndec/rt"
)

// graphsOff is the value of NDEC_CUDA_GRAPHS with which every kernel is launched by itself.
const graphsOff = "off"

const notSupported = 801

// Record implements rt.DeviceRecorder. Launches of f go to a stream that records them.
func (q queue) Record(f func() error) (rt.DeviceGraph, error) {
	if os.Getenv("NDEC_CUDA_GRAPHS") == graphsOff {
		return nil, nil
	}
	stream, err := cu.MakeStream(cu.NonBlocking)
	if err != nil {
		return nil, failed("stream", err)
	}
	defer stream.Destroy()
	at := unsafe.Pointer(stream.C())
	switch r := C.ndec_capture(at); r {
	case 0:
	case notSupported:
		return nil, nil
	default:
		return nil, driverError("recording a graph", int(r))
	}
	q.m.stream = stream
	err = f()
	q.m.stream = cu.NoStream
	var exec unsafe.Pointer
	r := C.ndec_captured(at, &exec)
	if err == nil {
		err = driverError("recording a graph", int(r))
	} else if r == 0 {
		err = errors.Join(err, (&graph{q.m, exec}).Close())
	}
	if err != nil {
		return nil, err
	}
	return &graph{q.m, exec}, nil
}

// graph is a recorded sequence of launches.
type graph struct {
	m    *module
	exec unsafe.Pointer
}

// Replay implements rt.DeviceGraph.
func (g *graph) Replay() error {
	start := func() int { return int(C.ndec_replay(g.exec)) }
	if g.m.times != nil {
		return driverError("graph", g.m.times.around(graphOfTimes, start))
	}
	return driverError("graph", start())
}

// Close implements rt.DeviceGraph.
func (g *graph) Close() error { return driverError("free of a graph", int(C.ndec_forget(g.exec))) }

// driverError is the error of a result of the driver; nil for success.
func driverError(what string, result int) error {
	if result == 0 {
		return nil
	}
	return failed(what, like(cu.Success, result))
}

// like is a result of the driver as package cu has it, which does not export the type.
func like[R interface {
	~int
	error
}](_ R, result int) error {
	return R(result)
}
