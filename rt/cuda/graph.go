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
	"slices"
	"unsafe"

	"gorgonia.org/cu"

	"ndec.dev/ndec/rt"
)

// graphsOff is the value of NDEC_CUDA_GRAPHS with which every kernel is launched by itself.
const graphsOff = "off"

const notSupported = 801

// recording takes the launches of a sequence instead of starting them.
type recording struct {
	launches []recorded
	args     []uint64 // of all, one after the other
}

// recorded is a launch that is ready to be started, as long as its kernel is loaded.
type recorded struct {
	k           *kernel
	grid, block int
	args        int // how many
}

func (r *recording) add(k *kernel, grid, block int, args []uint64) {
	r.launches = append(r.launches, recorded{k, grid, block, len(args)})
	r.args = append(r.args, args...)
}

// keptGraphs is how many graphs of a module stay with the driver. Making one takes as long as some hundred launches, and the steps of batches of
// one size are the same launches with the same memory.
const keptGraphs = 32

// Record implements rt.DeviceRecorder. A sequence with the launches of one that is kept is that one.
func (q queue) Record(f func() error) (rt.DeviceGraph, error) {
	if os.Getenv("NDEC_CUDA_GRAPHS") == graphsOff {
		return nil, nil
	}
	m := q.m
	own := &recording{}
	m.recording = own
	err := f()
	m.recording = nil
	if err != nil {
		return nil, err
	}
	for i, g := range m.graphs {
		if slices.Equal(g.launches, own.launches) && slices.Equal(g.args, own.args) {
			m.graphs = append(slices.Delete(m.graphs, i, i+1), g) // the last one used is the last
			return g, nil
		}
	}
	exec, err := q.capture(own)
	if err != nil || exec == nil {
		return nil, err
	}
	g := &graph{m, *own, exec}
	m.graphs = append(m.graphs, g)
	if len(m.graphs) > keptGraphs {
		if err := m.graphs[0].forget(); err != nil {
			return nil, err
		}
		m.graphs = slices.Delete(m.graphs, 0, 1)
	}
	return g, nil
}

// capture gives the launches to a stream that records them; nil where the driver knows no graphs.
func (q queue) capture(r *recording) (exec unsafe.Pointer, err error) {
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
	args := r.args
	for _, x := range r.launches {
		if e := x.k.start(stream, x.grid, x.block, args[:x.args]); err == nil {
			err = driverError("recording a graph", e)
		}
		args = args[x.args:]
	}
	ended := driverError("recording a graph", int(C.ndec_captured(at, &exec)))
	if err == nil {
		return exec, ended
	}
	if ended == nil {
		err = errors.Join(err, driverError("free of a graph", int(C.ndec_forget(exec))))
	}
	return nil, err
}

// graph is a recorded sequence of launches.
type graph struct {
	m *module
	recording
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

// Close implements rt.DeviceGraph. The module keeps the graph.
func (g *graph) Close() error { return nil }

// forget gives the graph back to the driver.
func (g *graph) forget() error {
	return driverError("free of a graph", int(C.ndec_forget(g.exec)))
}

// closeGraphs gives all back.
func (m *module) closeGraphs() error {
	var errs []error
	for _, g := range m.graphs {
		errs = append(errs, g.forget())
	}
	m.graphs = nil
	return errors.Join(errs...)
}
