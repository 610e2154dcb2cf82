package cudagen

import (
	"fmt"
	"strings"

	"ndec.dev/ndec/ir"
	"ndec.dev/ndec/ir/plan"
)

// What is prepared from parameters is computed once whenever they have changed: by a thread, or, where it has arrays that no thread holds, by a
// block of threads, as a team works on a sample.

// prepareForm says who prepares.
func (e *emitter) prepareForm() form {
	long := false
	e.visit(e.m.Prepare, map[*ir.Func]bool{}, func(f *ir.Func) {
		for _, v := range f.Values {
			if p := e.plan.Of(f).Places[v]; p != nil && v.Type.Elem != ir.Tuple {
				switch p.Kind {
				case plan.Local, plan.Work, plan.Result:
					long = long || v.Type.Len() > heldArray
				}
			}
		}
	})
	if long {
		return teamed
	}
	return thread
}

// prepareFunction prints the function that prepares, once.
func (e *emitter) prepareFunction() {
	if e.prepareForm() == thread {
		e.function(e.m.Prepare)
		return
	}
	e.team = &e.teams
	e.function(e.m.Prepare)
	e.team = nil
}

// prepareKernel prints the kernel that prepares.
func (e *emitter) prepareKernel() {
	p := e.p
	f := e.plan.Of(e.m.Prepare)
	e.k.Prepare = e.global.pick("prepare_batch")
	var args, call []string
	if e.k.Params > 0 && !e.k.Constant {
		args = append(args, "const Params *ndec_params")
	}
	args = append(args, "Prepared *out")
	e.k.PrepareBlock, e.k.PrepareBytes = 32, e.k.Prepared
	teams := e.prepareForm() == teamed
	if teams {
		e.k.PrepareBlock = e.teams.size
		p.line("// %s computes what is prepared from parameters, by a block.", e.k.Prepare)
	} else {
		p.line("// %s computes what is prepared from parameters.", e.k.Prepare)
	}
	p.line("NDEC_KERNEL void __launch_bounds__(%d, 1) %s(%s) {", e.k.PrepareBlock, e.k.Prepare, strings.Join(args, ", "))
	if teams {
		bytes := e.teams.of[e.m.Prepare]
		if bytes <= sharedBytes {
			p.line("__shared__ double arrays[%d];", max(bytes/8, 1))
			p.line("char *memory = (char *)arrays;")
		} else { // behind what it gives
			at := (e.k.Prepared + 15) / 16 * 16
			p.line("char *memory = (char *)out + %d;", at)
			e.k.PrepareBytes = at + bytes
		}
		p.line("__shared__ double red[%d];", e.teams.size/32)
		p.line("Team team = {memory, (int)threadIdx.x, red};")
		call = append(call, "team")
		e.team = &e.teams
		defer func() { e.team = nil }()
	} else {
		p.line("if (threadIdx.x != 0 || blockIdx.x != 0) return;")
	}
	if f.Needs.Params {
		w := "ndec_params"
		if !e.k.Constant {
			w = "*ndec_params"
		}
		call = append(call, w)
	}
	var stores []string
	for i, r := range f.IR.Results {
		name := "out->" + e.fields[e.m.Derived[i]]
		switch {
		case e.shared(r.Type):
		case teams && r.Type.IsScalar():
			local := e.fields[e.m.Derived[i]]
			p.line("%s", e.variable(r.Type, local))
			stores = append(stores, fmt.Sprintf("if (team.lane == 0) %s[0] = %s;", name, local))
			name = local
		case teams: // every thread has it
			local := e.fields[e.m.Derived[i]]
			p.line("%s", e.variable(r.Type, local))
			stores = append(stores, "#pragma unroll", fmt.Sprintf("for (int i = 0; i < %d; i++)", r.Type.Len()), fmt.Sprintf("\tif (team.mine(i)) %s[i] = %s[i];", name, local))
			name = local
		case r.Type.IsScalar():
			name += "[0]"
		}
		call = append(call, name)
	}
	p.line("%s(%s);", e.funcName(f.IR), strings.Join(call, ", "))
	for _, s := range stores {
		p.line("%s", s)
	}
	p.line("}")
	p.line("")
}
