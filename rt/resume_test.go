package rt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// stopAt ends a run after some steps.
type stopAt struct {
	step   int
	cancel func()
}

func (s *stopAt) OnStep(i *StepInfo) {
	if i.Step == s.step {
		s.cancel()
	}
}
func (*stopAt) OnEpoch(*StepInfo)  {}
func (*stopAt) OnEval(*EvalInfo)   {}
func (*stopAt) OnEnd(*TrainResult) {}

// resumeRecipes use every part of the state of a run.
var resumeRecipes = map[string]Recipe{
	"adam": {Batch: 150, Epochs: 7, Optimizer: Adam{LR: 0.05, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, Schedule: Warmup{Steps: 9, Then: Cosine{To: 0.001}}, Clip: Clip{ClipNorm, 1},
		Seed: 3, Keep: Keep{On: "val.loss"}, ValEvery: 2, LogEvery: 4},
	"sgd":     {Batch: 100, Steps: 45, Optimizer: SGD{LR: 0.1, Momentum: 0.9, Nesterov: true}, Schedule: Plateau{On: "val.acc", Mode: "max", Gamma: 0.5, Patience: 1}, Keep: Keep{On: "acc", Mode: "max"}},
	"rmsprop": {Epochs: 40, Optimizer: RMSprop{LR: 0.01, Alpha: 0.9, Eps: 1e-8, Momentum: 0.5, Centered: true}, Seed: 9, LogEvery: 1},
	"lbfgs":   {Batch: 0, Epochs: 12, Optimizer: LBFGS{LR: 0.5, History: 3}},
	"active":  {Batch: 90, Epochs: 4, Optimizer: Adam{LR: 0.05, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, Active: Active{Keep: 0.3}, Seed: 5, Keep: Keep{On: "val.loss"}},
	"early":   {Batch: 200, MinEpochs: 3, Epochs: 60, Optimizer: Adam{LR: 0.5, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, Stop: Early{On: "val.loss", Patience: 3, MinDelta: 1e-3}, Keep: Keep{On: "val.acc", Mode: "max"}},
}

// The others are kept at distances or by rank.
func init() {
	resumeRecipes["every"] = Recipe{Batch: 100, Accumulate: 2, Epochs: 9, Optimizer: Adam{LR: 0.05, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, Schedule: OneCycle{Max: 0.1, Start: 0.3, Div: 25, FinalDiv: 1e4}, Keep: Keep{Epochs: 2, Steps: 5}, Average: EMA{0.8}}
	resumeRecipes["streamed"] = Recipe{Batch: 100, Epochs: 6, Optimizer: Adam{LR: 0.05, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}, Seed: 4, Keep: Keep{On: "val.loss"}}
	for _, kind := range []string{"adam", "lbfgs", "active", "streamed"} {
		resumeRecipes["uneven "+kind] = resumeRecipes[kind]
	}
	resumeRecipes["best of three"] = Recipe{Batch: 100, Epochs: 12, Optimizer: SGD{LR: 3}, Keep: Keep{On: "val.loss", Count: 3}, Average: EMA{0.3}}
}

func resumeTables(t testing.TB) Tables {
	all := moonTable(t, 600).SplitRandom(9, 0.7, 0.3)
	return Tables{Train: all[0], Val: all[1], Test: all[1]}
}

// run trains and gives the weights; ctx may end it.
func run[R Float](t testing.TB, ctx context.Context, name string, opt TrainOptions) ([]R, *TrainResult, error) {
	w := make([]R, 3)
	InitParams(w, logisticLayout, 42)
	r := resumeRecipes[name]
	r.Name, r.Source = name, "one"
	if name == "changed" {
		r = resumeRecipes["adam"]
		r.Name, r.Source = "adam", "two"
	}
	tables := resumeTables(t)
	if strings.HasSuffix(name, "streamed") {
		entry := DataEntry{Name: "Points", Columns: pointCols, Source: Fresh{Moons{N: 420, Noise: 0.1, Seed: 2}}}
		loaded, err := LoadTables("", &Recipe{Data: "Points"}, []DataEntry{entry}, logisticLayout)
		if err != nil {
			t.Fatal(err)
		}
		tables.Train, tables.Pass = loaded.Train, loaded.Pass
	}
	obj := logisticObjective[R](-1)
	if strings.HasPrefix(name, "uneven") {
		obj = unevenObjective[R](-1)
	}
	res, err := Train(ctx, w, logisticLayout, &r, obj, tables, opt)
	return w, res, err
}

// remains is what a finished run leaves, without the numbers that are times.
func remains(t testing.TB, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, name := range []string{"weights.safetensors", "checkpoints/last/weights.safetensors", "checkpoints/last/train.safetensors"} {
		out[name] = string(read(name))
	}
	lines := strings.Split(strings.TrimSpace(string(read("metrics.csv"))), "\n")
	for i, l := range lines {
		f := strings.Split(l, ",")
		f[7] = "" // samples_per_s
		lines[i] = strings.Join(f, ",")
	}
	out["metrics.csv"] = strings.Join(lines, "\n")
	for _, l := range strings.Split(strings.TrimSpace(string(read("metrics.jsonl"))), "\n") {
		var m map[string]any
		if err := json.Unmarshal([]byte(l), &m); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		delete(m, "samples_per_s")
		out["metrics.jsonl"] += fmt.Sprintln(m)
	}
	for _, name := range []string{"summary.json", "checkpoints/last/state.json"} {
		var m map[string]any
		if err := json.Unmarshal(read(name), &m); err != nil {
			t.Fatal(err)
		}
		for _, k := range []string{"seconds", "run_dir", "logs"} {
			delete(m, k)
		}
		out[name] = fmt.Sprint(m)
	}
	named, _ := filepath.Glob(filepath.Join(dir, "checkpoints", "*-*"))
	for _, c := range named {
		name := "checkpoints/" + filepath.Base(c) + "/train.safetensors"
		out[name] = string(read(name))
	}
	out["named"] = fmt.Sprint(len(named))
	left, _ := filepath.Glob(filepath.Join(dir, "checkpoints", ".*"))
	out["left"] = fmt.Sprint(left)
	return out
}

func compare(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for name := range want {
		if got[name] != want[name] {
			t.Errorf("%s: %s differs:\n%.2000s\nwant\n%.2000s", what, name, got[name], want[name])
		}
	}
}

func TestResumedRunHasTheBitsOfOne(t *testing.T) {
	for name := range resumeRecipes {
		t.Run(name, func(t *testing.T) {
			whole := t.TempDir()
			w, res, err := run[float32](t, context.Background(), name, TrainOptions{RunDir: whole})
			if err != nil {
				t.Fatal(err)
			}
			if name == "early" && (res.Stopped != "early" || res.Epochs < 4 || res.Epochs >= 60) {
				t.Errorf("%+v", res)
			}
			want := remains(t, whole)
			rnd := rand.New(rand.NewPCG(1, 2))
			tries := 25
			if k := resumeRecipes[name].Keep; k.Count+k.Steps > 1 || strings.HasPrefix(name, "uneven") {
				tries = 6 // the first write many files, the others are much as those before
			}
			for try := range tries {
				dir := t.TempDir()
				opt := TrainOptions{RunDir: dir}
				for {
					ctx, cancel := context.WithCancel(context.Background())
					start := 0
					if path, ok := FindCheckpoint(dir); ok {
						opt.Resume = path
						s, err := readCheckpoint(path)
						if err != nil {
							t.Fatal(err)
						}
						start = s.Step
					}
					opt.Workers = 1 + rnd.IntN(3)
					stop := &stopAt{step: start + rnd.IntN(30), cancel: cancel}
					if stop.step == start {
						cancel() // before the first step
					}
					opt.Events = stop
					got, again, err := run[float32](t, ctx, name, opt)
					cancel()
					if errors.Is(err, context.Canceled) {
						if again.Stopped != "interrupted" {
							t.Fatalf("%+v", again)
						}
						continue
					}
					if err != nil {
						t.Fatal(err)
					}
					if !reflect.DeepEqual(got, w) {
						t.Errorf("try %d: weights %v, want %v", try, got, w)
					}
					break
				}
				compare(t, fmt.Sprint("try ", try), remains(t, dir), want)
				if t.Failed() {
					return
				}
			}
		})
	}
}

// A finished run can be lengthened, also into another folder.
func TestResumeGoesOnInAnotherFolder(t *testing.T) {
	short, long, both := t.TempDir(), t.TempDir(), t.TempDir()
	if _, _, err := run[float64](t, context.Background(), "rmsprop", TrainOptions{RunDir: short, Epochs: 13}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run[float64](t, context.Background(), "rmsprop", TrainOptions{RunDir: long, Epochs: 31}); err != nil {
		t.Fatal(err)
	}
	if _, res, err := run[float64](t, context.Background(), "rmsprop", TrainOptions{RunDir: both, Epochs: 31, Resume: filepath.Join(short, "checkpoints", "last")}); err != nil || res.Epochs != 31 {
		t.Fatal(err, res)
	}
	want := remains(t, long)
	got := remains(t, both)
	// A validation that ended the short run is not in the long one.
	for _, name := range []string{"weights.safetensors", "checkpoints/last/train.safetensors"} {
		if got[name] != want[name] {
			t.Errorf("%s differs", name)
		}
	}
	// Without a length it is that of the interrupted run, which is over.
	if _, res, err := run[float64](t, context.Background(), "rmsprop", TrainOptions{Resume: filepath.Join(short, "checkpoints", "last")}); err != nil || res.Epochs != 13 {
		t.Fatal(err, res)
	}
}

func TestResumeRefuses(t *testing.T) {
	dir := t.TempDir()
	if _, _, err := run[float64](t, context.Background(), "adam", TrainOptions{RunDir: dir, Epochs: 2}); err != nil {
		t.Fatal(err)
	}
	last := filepath.Join(dir, "checkpoints", "last")
	seed := uint64(77)
	for _, c := range []struct {
		recipe, what string
		opt          TrainOptions
	}{
		{"changed", "training lengths", TrainOptions{}},
		{"adam", "seed", TrainOptions{Seed: &seed}},
		{"adam", "limit", TrainOptions{Limit: 50}},
		{"sgd", "recipe", TrainOptions{}},
	} {
		c.opt.Resume = last
		if _, _, err := run[float64](t, context.Background(), c.recipe, c.opt); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if _, _, err := run[float32](t, context.Background(), "adam", TrainOptions{Resume: last}); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("other precision: %v", err)
	}
	if _, _, err := run[float64](t, context.Background(), "adam", TrainOptions{Resume: filepath.Join(dir, "nothing")}); !errors.Is(err, ErrCheckpoint) {
		t.Errorf("no checkpoint: %v", err)
	}
	tables := resumeTables(t)
	tables.Train.Columns[0].Data[5]++
	r := resumeRecipes["adam"]
	r.Name = "adam"
	if _, err := Train(context.Background(), make([]float64, 3), logisticLayout, &r, logisticObjective[float64](-1), tables, TrainOptions{Resume: last}); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "data") {
		t.Errorf("other data: %v", err)
	}

	// Damage, file by file: cut, one bit, gone.
	for _, file := range []string{"checkpoints/last/state.json", "checkpoints/last/train.safetensors", "metrics.csv", "metrics.jsonl"} {
		path := filepath.Join(dir, file)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(b)
		flipped[len(b)*3/4] ^= 0x10
		for i, bad := range [][]byte{b[:len(b)/2], {}, nil, flipped} {
			if i == 3 && !strings.HasSuffix(file, "train.safetensors") {
				continue
			}
			if bad == nil {
				err = os.Remove(path)
			} else {
				err = os.WriteFile(path, bad, 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := run[float64](t, context.Background(), "adam", TrainOptions{Resume: last}); !errors.Is(err, ErrCheckpoint) || !strings.Contains(err.Error(), "damaged") {
				t.Errorf("%s, damage %d: %v", file, i, err)
			}
			if err := os.WriteFile(path, b, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, _, err := run[float64](t, context.Background(), "adam", TrainOptions{Resume: last}); err != nil {
		t.Error(err)
	}
}

// A disk that is full while a checkpoint is written leaves the one before.
func TestFullDiskLeavesTheCheckpointBefore(t *testing.T) {
	whole, dir := t.TempDir(), t.TempDir()
	if _, _, err := run[float64](t, context.Background(), "rmsprop", TrainOptions{RunDir: whole}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := run[float64](t, context.Background(), "rmsprop", TrainOptions{RunDir: dir, Steps: 10}); err != nil {
		t.Fatal(err)
	}
	last, _ := FindCheckpoint(dir)
	for full := range 3 {
		r := resumeRecipes["rmsprop"]
		r.Name = "rmsprop"
		tr, err := newTrainer(make([]float64, 3), logisticLayout, &r, logisticObjective[float64](-1), resumeTables(t), TrainOptions{RunDir: dir, Resume: last, Steps: 20})
		if err != nil {
			t.Fatal(err)
		}
		writes := 0
		tr.folder.write = func(path string, write func(io.Writer) error) error {
			writes++
			return writeFile(path, func(out io.Writer) error {
				if writes > full {
					return syscall.ENOSPC
				}
				return write(out)
			})
		}
		if err := tr.loop(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := tr.checkpoint(lastName); !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		tr.folder.close()
		if s, err := readCheckpoint(last); err != nil || s.Step != 10 {
			t.Fatalf("file %d: %v", full, err)
		}
	}
	if _, _, err := run[float64](t, context.Background(), "rmsprop", TrainOptions{RunDir: dir, Resume: last, Epochs: 40}); err != nil {
		t.Fatal(err)
	}
	got, want := remains(t, dir), remains(t, whole)
	for _, name := range []string{"weights.safetensors", "checkpoints/last/train.safetensors"} {
		if got[name] != want[name] {
			t.Errorf("%s differs", name)
		}
	}
}

// TestKilledChild is the process that TestKill kills.
func TestKilledChild(t *testing.T) {
	dir := os.Getenv("NDEC_TEST_KILLED_RUN")
	if dir == "" {
		return
	}
	opt := TrainOptions{RunDir: dir, CheckpointEvery: time.Microsecond}
	if path, ok := FindCheckpoint(dir); ok {
		opt.Resume = path
	}
	if _, _, err := run[float32](t, context.Background(), "adam", opt); err != nil {
		fmt.Println("failed:", err)
		os.Exit(3)
	}
}

// Runs that checkpoint at every step are killed again and again until they happen to end.
func TestKill(t *testing.T) {
	whole := t.TempDir()
	if _, _, err := run[float32](t, context.Background(), "adam", TrainOptions{RunDir: whole}); err != nil {
		t.Fatal(err)
	}
	want := remains(t, whole)
	rnd := rand.New(rand.NewPCG(5, 6))
	kills, most := 0, 25
	if s := os.Getenv("NDEC_TEST_KILLS"); s != "" {
		most, _ = strconv.Atoi(s)
	}
	runs := 0
	for ; kills < most; runs++ {
		dir := t.TempDir()
		for {
			cmd := exec.Command(os.Args[0], "-test.run=^TestKilledChild$")
			cmd.Env = append(os.Environ(), "NDEC_TEST_KILLED_RUN="+dir)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			timer := time.AfterFunc(time.Duration(3000+rnd.IntN(15000))*time.Microsecond, func() { cmd.Process.Kill() })
			err := cmd.Wait()
			timer.Stop()
			if err == nil {
				break
			}
			if cmd.ProcessState.ExitCode() >= 0 {
				t.Fatalf("after %d kills: %s", kills, out.String())
			}
			kills++
		}
		compare(t, fmt.Sprint(kills, " kills"), remains(t, dir), want)
	}
	t.Logf("%d kills of %d runs", kills, runs)
}

// Constrained parameters come back bit for bit, also from before the first step.
func TestResumeConstrained(t *testing.T) {
	layout := []Tensor{logisticLayout[0], logisticLayout[1]}
	layout[1].Transform = Transform{Kind: Above, Lo: -0.7}
	train := func(ctx context.Context, opt TrainOptions) []float32 {
		w := []float32{0.1, -0.3, 0.123456}
		r := resumeRecipes["adam"]
		r.Name = "Fit"
		if _, err := Train(ctx, w, layout, &r, logisticObjective[float32](-1), resumeTables(t), opt); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		return w
	}
	dir := t.TempDir()
	want := train(context.Background(), TrainOptions{RunDir: dir})
	for at := range 5 {
		again := t.TempDir()
		ctx, cancel := context.WithCancel(context.Background())
		if at == 0 {
			cancel()
		}
		train(ctx, TrainOptions{RunDir: again, Events: &stopAt{at, cancel}})
		cancel()
		path, ok := FindCheckpoint(again)
		if !ok {
			t.Fatal("no checkpoint")
		}
		if got := train(context.Background(), TrainOptions{RunDir: again, Resume: path}); !reflect.DeepEqual(got, want) {
			t.Errorf("interrupted after step %d: %v, want %v", at, got, want)
		}
		compare(t, fmt.Sprint("step ", at), remains(t, again), remains(t, dir))
	}
}

// countdown is a context that ends when it has been asked n times.
type countdown struct {
	context.Context
	n int
}

func (c *countdown) Err() error {
	if c.n--; c.n < 0 {
		return context.Canceled
	}
	return nil
}

// Several recipes on the same weights, interrupted within and between them.
func TestResumeSeveralRecipes(t *testing.T) {
	p := Program[float32]{Package: "m", Layout: logisticLayout,
		Data: []DataEntry{{Name: "Points", Columns: pointCols, Source: Moons{N: 300, Noise: 0.1, Seed: 1}, Split: Split{Kind: SplitRandom, Train: 0.6, Val: 0.2, Test: 0.2}}}}
	for _, name := range []string{"early", "sgd", "adam"} {
		r := resumeRecipes[name]
		r.Name, r.Data = name, "Points"
		p.Recipes = append(p.Recipes, RecipeEntry[float32]{Recipe: r, Objective: *logisticObjective[float32](-1)})
	}
	train := func(dir string, n int) error {
		s := &server[float32]{p: p, out: json.NewEncoder(io.Discard)}
		_, err := s.train(&countdown{context.Background(), n}, &Request{RunDir: dir, Resume: true, Workers: 1})
		return err
	}
	whole, dir := t.TempDir(), t.TempDir()
	if err := train(whole, 1e6); err != nil {
		t.Fatal(err)
	}
	rnd := rand.New(rand.NewPCG(7, 8))
	times := 0
	for err := error(context.Canceled); err != nil; times++ {
		if err = train(dir, 1+rnd.IntN(30)); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	if times < 4 {
		t.Errorf("interrupted %d times only", times)
	}
	for _, name := range []string{"early", "sgd", "adam"} {
		compare(t, name, remains(t, filepath.Join(dir, name)), remains(t, filepath.Join(whole, name)))
	}
	got, err := os.ReadFile(filepath.Join(dir, "weights.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(whole, "weights.safetensors"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("weights differ, %v", err)
	}
}
