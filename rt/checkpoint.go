package rt

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// ErrCheckpoint is wrapped by errors about a checkpoint that cannot be continued.
var ErrCheckpoint = errors.New("cannot resume")

// state is checkpoints/<name>/state.json: everything about a run that is not as long as the weights.
type state struct {
	Format  int     `json:"format"`
	Recipe  string  `json:"recipe"`
	Layout  string  `json:"layout"` // LayoutHash
	Source  string  `json:"source,omitempty"`
	Data    string  `json:"data"` // dataHash of the training table
	Version string  `json:"ndec"`
	Seed    uint64  `json:"seed"`
	Limit   int     `json:"limit,omitempty"`
	Epochs  int     `json:"epochs,omitempty"` // lengths from the options
	Steps   int     `json:"steps,omitempty"`
	Step    int     `json:"step"`
	Epoch   int     `json:"epoch"`
	Batch   int     `json:"batch"` // steps done in the epoch
	Stopped string  `json:"stopped,omitempty"`
	Seconds float64 `json:"seconds"` // of training so far
	Watch   watch   `json:"watch"`
	// Active are the samples that stay for the next batch, and where new ones come from.
	Active *poolState `json:"active,omitempty"`
	Last   figures    `json:"last"`
	Val    *figure    `json:"val,omitempty"`
	// Logs are the lengths of metrics.csv and metrics.jsonl in bytes, Train is the SHA-256 of
	// train.safetensors.
	Logs  [2]int64 `json:"logs"`
	Train string   `json:"train_sha256"`
}

// figures are those of the last step.
type figures struct {
	Loss        number   `json:"loss"`
	LR          number   `json:"lr"`
	GradNorm    number   `json:"grad_norm"`
	NFE         number   `json:"nfe"`
	BackwardNFE number   `json:"nfe_backward"`
	Metrics     []number `json:"metrics"`
}

// figure is an Evaluation that comes back from JSON as it was.
type figure struct {
	Loss    number            `json:"loss"`
	Metrics map[string]number `json:"metrics"`
	Rows    int               `json:"rows"`
	NFE     number            `json:"nfe"`
	Failed  int               `json:"failed,omitempty"`
}

// dataHash identifies the numbers of a table.
func dataHash(t *Table) string {
	h := fnv.New64a()
	var b [8]byte
	for i := range t.Columns {
		c := &t.Columns[i]
		fmt.Fprintf(h, "%q %d\n", c.Name, c.Width)
		for _, v := range c.Data {
			binary.LittleEndian.PutUint64(b[:], math.Float64bits(v))
			h.Write(b[:])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// state is that of the trainer after a whole step.
func (t *trainer[R]) state() (s state, err error) {
	i := &t.info
	s = state{Format: 1, Recipe: t.recipe.Name, Layout: LayoutHash(t.layout), Source: t.recipe.Source, Data: t.data, Version: t.opt.Version,
		Seed: t.plan.seed, Limit: t.opt.Limit, Epochs: t.opt.Epochs, Steps: t.opt.Steps,
		Step: i.Step, Epoch: i.Step / t.plan.batches, Batch: i.Step % t.plan.batches, Seconds: time.Since(t.started).Seconds(), Watch: t.watch, Active: t.pool.state(),
		Last: figures{number(i.Loss), number(i.LR), number(i.GradNorm), number(i.NFE), number(i.BackwardNFE), nil}}
	for _, m := range i.Metrics {
		s.Last.Metrics = append(s.Last.Metrics, number(m))
	}
	if t.res.Stopped == "early" {
		s.Stopped = t.res.Stopped
	}
	if v := t.res.Val; v != nil {
		s.Val = &figure{number(v.Loss), numbers(v.Metrics), v.Rows, number(v.NFE), v.FailedCount}
	}
	for k, f := range []*os.File{t.folder.csv, t.folder.jsonl} {
		info, err := f.Stat()
		if err != nil {
			return s, err
		}
		s.Logs[k] = info.Size()
	}
	return s, nil
}

// restore is the inverse of state, but for the weights.
func (t *trainer[R]) restore(s *state) {
	i := &t.info
	i.Step = s.Step
	i.Epoch, i.Batch = (s.Step-1)/t.plan.batches, (s.Step-1)%t.plan.batches+1
	if s.Step == 0 {
		i.Epoch, i.Batch = 0, 0
	}
	l := &s.Last
	i.Loss, i.LR, i.GradNorm, i.NFE, i.BackwardNFE = float64(l.Loss), float64(l.LR), float64(l.GradNorm), float64(l.NFE), float64(l.BackwardNFE)
	for _, m := range l.Metrics {
		i.Metrics = append(i.Metrics, float64(m))
	}
	t.watch = s.Watch
	t.res.Stopped = s.Stopped
	t.mom.steps = s.Step
	t.started = t.started.Add(-time.Duration(s.Seconds * float64(time.Second)))
	if v := s.Val; v != nil {
		t.res.Val = &Evaluation{Loss: float64(v.Loss), Metrics: map[string]float64{}, Rows: v.Rows, NFE: float64(v.NFE), FailedCount: v.Failed}
		for k, m := range v.Metrics {
			t.res.Val.Metrics[k] = float64(m)
		}
	}
}

// lastName is the checkpoint that every run has and that is resumed.
const lastName = "last"

// checkpoint writes a whole folder under a temporary name and swaps it in; the
// previous one is removed only after that, so that one of them is always there.
func (t *trainer[R]) checkpoint(name string) (err error) {
	if err := t.fetch(); err != nil {
		return err
	}
	s, err := t.state()
	if err != nil {
		return err
	}
	r := t.folder
	root := filepath.Join(r.dir, "checkpoints")
	tmp, err := os.MkdirTemp(root, "."+name+".new.*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err = os.Chmod(tmp, 0o755); err != nil {
		return err
	}
	err = r.write(filepath.Join(tmp, "weights.safetensors"), func(out io.Writer) error {
		return SaveTensors(out, t.judged(), t.layout, s.Version)
	})
	if err != nil {
		return err
	}
	// The free numbers themselves go into train.safetensors: units of
	// constrained parameters would not come back bit for bit.
	train := []NamedData[R]{{Name: "free", Shape: []int{len(t.w)}, Data: t.free}}
	if len(t.bound) > 0 {
		train = append(train, NamedData[R]{Name: "own", Shape: []int{len(t.w)}, Data: t.w})
	}
	if t.best != nil {
		train = append(train, NamedData[R]{Name: "best", Shape: []int{len(t.w)}, Data: t.best})
	}
	if t.mean != nil {
		train = append(train, NamedData[R]{Name: "average", Shape: []int{len(t.w)}, Data: t.mean})
	}
	if t.order != nil {
		train = append(train, savedEfforts[R](t.order))
	}
	for i, slot := range t.mom.names {
		train = append(train, NamedData[R]{Name: slot, Shape: []int{len(t.w)}, Data: t.mom.slot[i]})
	}
	sum := sha256.New()
	err = r.write(filepath.Join(tmp, "train.safetensors"), func(out io.Writer) error {
		return EncodeTensors(io.MultiWriter(out, sum), train, map[string]string{"layout": s.Layout, "step": strconv.Itoa(s.Step)})
	})
	if err != nil {
		return err
	}
	s.Train = hex.EncodeToString(sum.Sum(nil))
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	err = r.write(filepath.Join(tmp, "state.json"), func(out io.Writer) error {
		_, err := out.Write(append(b, '\n'))
		return err
	})
	if err != nil {
		return err
	}
	final, old := filepath.Join(root, name), filepath.Join(root, oldName(name))
	if _, err = os.Stat(final); err == nil { // else old is the only one
		if err = os.RemoveAll(old); err != nil {
			return err
		}
		if err = os.Rename(final, old); err != nil {
			return err
		}
	}
	if err = os.Rename(tmp, final); err != nil {
		return err
	}
	if name == lastName {
		r.saved = time.Now()
	}
	return os.RemoveAll(old)
}

// oldName is the name of a checkpoint while its successor takes its place.
func oldName(name string) string { return "." + name + ".old" }

// FindCheckpoint gives the folder of the checkpoint `last` of a recipe's run folder; ok is false where
// there is none yet.
func FindCheckpoint(runDir string) (path string, ok bool) {
	path = filepath.Join(runDir, "checkpoints", lastName)
	_, err := os.Stat(settled(path))
	return path, err == nil
}

// settled is where the checkpoint path lies: beside itself if the program died between the two
// renames of checkpoint.
func settled(path string) string {
	if _, err := os.Stat(path); os.IsNotExist(err) {
		old := filepath.Join(filepath.Dir(path), oldName(filepath.Base(path)))
		if _, err := os.Stat(old); err == nil {
			return old
		}
	}
	return path
}

// logs are the beginnings of the two logs of a run.
type logs struct{ csv, jsonl []byte }

// interrupted is a checkpoint that was read and checked against itself.
type interrupted struct {
	path string
	state
	tensors []Stored
	logs    logs
}

// readCheckpoint reads a folder that checkpoint wrote. Errors wrap ErrCheckpoint.
func readCheckpoint(path string) (*interrupted, error) {
	c := &interrupted{path: path}
	dir := settled(path)
	damaged := func(file string, why any) (*interrupted, error) {
		return nil, fmt.Errorf("%w: checkpoint %s is damaged: %s: %v; resume from another checkpoint or start anew", ErrCheckpoint, path, file, why)
	}
	b, err := readFile(filepath.Join(dir, "state.json"))
	if os.IsNotExist(err) {
		if _, e := os.Stat(dir); os.IsNotExist(e) {
			return nil, fmt.Errorf("%w: there is no checkpoint %s", ErrCheckpoint, path)
		}
	}
	if err != nil {
		return damaged("state.json", err)
	}
	if err := json.Unmarshal(b, &c.state); err != nil {
		return damaged("state.json", err)
	}
	if c.Format != 1 {
		return nil, fmt.Errorf("%w: checkpoint %s has format %d, this version reads 1", ErrCheckpoint, path, c.Format)
	}
	if c.Step < 0 || c.Logs[0] < 0 || c.Logs[1] < 0 || !(c.Seconds >= 0) {
		return damaged("state.json", "a count is negative")
	}
	if b, err = readFile(filepath.Join(dir, "train.safetensors")); err != nil {
		return damaged("train.safetensors", err)
	}
	if sum := sha256.Sum256(b); hex.EncodeToString(sum[:]) != c.Train {
		return damaged("train.safetensors", "it is not what was written")
	}
	if c.tensors, _, err = DecodeTensors(b); err != nil {
		return damaged("train.safetensors", err)
	}
	run := filepath.Dir(filepath.Dir(path))
	for _, l := range []struct {
		name string
		n    int64
		to   *[]byte
	}{{"metrics.csv", c.Logs[0], &c.logs.csv}, {"metrics.jsonl", c.Logs[1], &c.logs.jsonl}} {
		b, err := readFile(filepath.Join(run, l.name))
		if err == nil && int64(len(b)) < l.n {
			err = fmt.Errorf("%d bytes instead of %d or more", len(b), l.n)
		}
		if err != nil {
			return damaged(l.name, err)
		}
		*l.to = bytes.Clone(b[:l.n])
	}
	return c, nil
}

// adopt completes the options of a resumed run by those of the interrupted one and refuses what
// cannot be continued.
func (c *interrupted) adopt(o *TrainOptions, r *Recipe, layout []Tensor, data string) error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("%w from %s: "+format, append([]any{ErrCheckpoint, c.path}, args...)...)
	}
	if o.Seed == nil {
		o.Seed = &c.Seed
	}
	if o.Limit == 0 {
		o.Limit = c.Limit
	}
	if o.Epochs == 0 && o.Steps == 0 {
		o.Epochs, o.Steps = c.Epochs, c.Steps
	}
	switch {
	case c.Recipe != r.Name:
		return refuse("it is of recipe %s, not %s", c.Recipe, r.Name)
	case c.Layout != LayoutHash(layout) || r.Source != "" && c.Source != "" && r.Source != c.Source:
		return refuse("the program has changed in more than its training lengths since; start anew, with these weights if you like (--init %s)",
			filepath.Join(c.path, "weights.safetensors"))
	case c.Data != data:
		return refuse("the training data have changed since")
	case *o.Seed != c.Seed:
		return refuse("it has seed %d, not %d", c.Seed, *o.Seed)
	case o.Limit != c.Limit:
		return refuse("it has limit %d, not %d", c.Limit, o.Limit)
	}
	return nil
}

// load takes the weights and the moments of a checkpoint.
func (t *trainer[R]) load(c *interrupted) error {
	t.mom.steps = c.Step
	into := map[string][]R{"free": t.free}
	if len(t.bound) > 0 {
		into["own"] = t.w
	}
	for i, name := range t.mom.names {
		into[name] = t.mom.slot[i]
	}
	for _, s := range c.tensors {
		to, ok := into[s.Name]
		if s.Name == "best" {
			t.best = make([]R, len(t.w))
			to, ok = t.best, true
		}
		if s.Name == effortsName && t.order != nil && strings.EqualFold(s.DType, precisionOf[R]()) {
			if err := t.order.restore(s); err != nil {
				return fmt.Errorf("%w from %s: %v", ErrCheckpoint, c.path, err)
			}
			continue
		}
		if s.Name == "average" && t.recipe.Average.Decay != 0 {
			t.mean = make([]R, len(t.w))
			to, ok = t.mean, true
		}
		if !ok || len(s.Data) != len(to) || !strings.EqualFold(s.DType, precisionOf[R]()) {
			return fmt.Errorf("%w from %s: tensor %s (%s, %d numbers) is not of this optimizer and precision", ErrCheckpoint, c.path, s.Name, s.DType, len(s.Data))
		}
		for i, v := range s.Data {
			to[i] = R(v)
		}
		delete(into, s.Name)
	}
	for name := range into {
		return fmt.Errorf("%w from %s: there is no tensor %s", ErrCheckpoint, c.path, name)
	}
	if t.pool != nil {
		if err := t.pool.restore(c.Active); err != nil {
			return fmt.Errorf("%w from %s: %v", ErrCheckpoint, c.path, err)
		}
	}
	t.restore(&c.state)
	return nil
}

// sweep removes what a killed run left beside its checkpoints, and the checkpoints themselves
// where a run starts anew.
func sweep(runDir string, anew bool) {
	if anew {
		for _, pattern := range []string{lastName, "best-*", "epoch-*", "step-*"} {
			for _, name := range []string{pattern, oldName(pattern)} {
				old, _ := filepath.Glob(filepath.Join(runDir, "checkpoints", name))
				for _, o := range old {
					os.RemoveAll(o)
				}
			}
		}
	}
	left, _ := filepath.Glob(filepath.Join(runDir, "checkpoints", ".*.new.*"))
	for _, l := range left {
		os.RemoveAll(l)
	}
	for _, pattern := range []string{".metrics.*", ".weights.*", ".summary.*"} {
		left, _ := filepath.Glob(filepath.Join(runDir, pattern))
		for _, l := range left {
			os.Remove(l)
		}
	}
}
