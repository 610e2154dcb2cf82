package codegen

import (
	"fmt"

	"ndec.dev/ndec/codegen/lanes"
)

// Steps of which a kernel says what becomes of them (lanes.Search.Settle): Go tells of samples that end in trouble, and of all of them at the end.

// settleNames are the rows of the kernel, relative to settle.
func (v *vectors) settleNames(k *lanes.Kernel) map[string]string {
	return v.fieldNames(k, "settle").arg
}

// beginSettle prints how the kernel begins.
func (v *vectors) beginSettle(k *lanes.Kernel) {
	p, row := v.p, v.settleNames(k)
	p.line("settle := &fr.%s", k.Name)
	for _, name := range []string{lanes.SettleTaken, lanes.SettleRejected, lanes.SettleLength} {
		p.line("clear(%s[:])", row[name])
	}
	p.line("for i := range %s { %s[i] = 1 } // error norm of the last attempt", row[lanes.SettleLast], row[lanes.SettleLast])
}

// settled prints what is told of samples that end in trouble.
func (v *vectors) settled(l *lanes.Solve, step stepNames, k *lanes.Kernel) {
	p, row, res := v.p, v.settleNames(k), step.res
	t, h := res[lanes.Own+"t_at"], res[lanes.Own+"h_at"]
	p.line("running = int(%s[0])", row[lanes.SettleRunning])
	p.line("if %s[0] != 0 {", row[lanes.SettleTroubles])
	p.line("for i := range n {")
	p.line("switch %s[i] {", row[lanes.SettleTrouble])
	p.line("case %d: // events do not end", lanes.TroubleEvents)
	p.line("st[i].NFE += %d", l.Evals())
	p.line("st[i].Fail(rt.MaxEvents, %s[i], %s[i])", t, h)
	for _, s := range l.IR.States { // the step is not taken
		v.laneLoop(s.Type, func(at func(string) string) string {
			return fmt.Sprintf("%s[%s] = %s[%s]", step.arg[s.Name], at(""), res[s.Name+".at"], at(""))
		})
	}
	p.line("case %d: // too short to be taken", lanes.TroubleShort)
	p.line("st[i].Fail(rt.TooSmall(%s[i], %s[i]), %s[i], %s[i])", row[lanes.SettleLast], h, t, h)
	p.line("}")
	p.line("}")
	p.line("}")
}

// endSettle prints what is told of all samples.
func (v *vectors) endSettle(l *lanes.Solve, step stepNames, k *lanes.Kernel) {
	p, row := v.p, v.settleNames(k)
	p.line("for i := range st[:n] {")
	p.line("taken, rejected := int(%s[i]), int(%s[i])", row[lanes.SettleTaken], row[lanes.SettleRejected])
	p.line("st[i].Accepted, st[i].Rejected, st[i].NFE = taken, rejected, st[i].NFE+%d*(taken+rejected)", l.Evals())
	p.line("if st[i].Status == rt.OK || st[i].Status == rt.EventStop { st[i].Time, st[i].H = %s[i], %s[i] }", step.arg[lanes.Own+"t"], row[lanes.SettleLength])
	p.line("}")
}
