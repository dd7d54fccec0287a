package iperf_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// A sweepTrial is a value of a setting and the effect that it must have.
type sweepTrial struct {
	value   string // for the table; empty: there is but one
	program string // that has the value; empty: those that have the setting
	set     func(*iperf.Iperf)
	with    func(*iperf.Iperf) // what it has to be with, beside what the table of settings says; nil: nothing
	scene   scene
	effect  string                // for the table
	seen    func(*sighting) error // returns nil if the effect was seen, and else what was
	lacks   func() string         // returns why the value cannot be tried here; nil or "": it can

	fails        bool   // the run must fail, which is the effect
	controlFails bool   // the run without the setting fails
	nothing      string // why the effect is there without the setting too; empty: it must not be
}

// A side is one of the two tables of settings.
type side struct {
	name   string // "Client" or "Server"
	table  []settings.Setting
	trials map[string][]sweepTrial
}

func sweepSides() []side {
	return []side{{"Client", settings.Client, clientTrials}, {"Server", settings.Server, serverTrials}}
}

// A sweepCell is a trial of a setting, together with one of those that it needs.
type sweepCell struct {
	side    side
	setting settings.Setting
	sweepTrial
	needs string // the field of which the table says that it, or another, must be set; empty: none
}

func (c sweepCell) String() string {
	name := c.side.name + "." + c.setting.Field
	if c.value != "" {
		name += " " + c.value
	}
	if c.needs != "" {
		name += " with " + c.needs
	}
	return strings.ReplaceAll(name, "/", "∕") // which would begin a subtest
}

// cells makes the cells of a setting: each trial with each of the settings that it may be with.
func (s side) cells(setting settings.Setting) (all []sweepCell) {
	for _, t := range s.trials[setting.Field] {
		needs := slices.DeleteFunc(strings.Fields(setting.Needs), func(field string) bool { return strings.HasPrefix(field, setting.Field+".") })
		if len(needs) == 0 {
			needs = []string{""}
		}
		for _, n := range needs {
			all = append(all, sweepCell{s, setting, t, n})
		}
	}
	return all
}

// around gives the test what the cell's setting has to be with.
func (c sweepCell) around(x *iperf.Iperf) {
	x.Client.Time = time.Second
	overs := map[string]report.Protocol{"UDP": report.ProtocolUDP, "SCTP": report.ProtocolSCTP}
	x.Client.Protocol = overs[c.setting.Over]
	if need := c.need(); need != nil {
		x.Client.Protocol = max(x.Client.Protocol, overs[settings.Find(c.side.table, c.needs).Over])
		if need.with != nil {
			need.with(x)
		}
		need.set(x)
	}
	if c.with != nil {
		c.with(x)
	}
}

// need returns the trial of the setting that the cell's has to be with, nil if there is none.
func (c sweepCell) need() *sweepTrial {
	if c.needs == "" {
		return nil
	}
	return &c.side.trials[c.needs][0]
}

// TestEverySettingHasAWitness has a new setting fail until the sweep says what its effect is.
func TestEverySettingHasAWitness(t *testing.T) {
	for _, s := range sweepSides() {
		fields := map[string]bool{}
		for _, setting := range s.table {
			fields[setting.Field] = true
			cells := s.cells(setting)
			if len(cells) == 0 {
				t.Errorf("%s.%s has no trial in the sweep", s.name, setting.Field)
			}
			for _, c := range cells {
				if c.set == nil || c.seen == nil || c.effect == "" {
					t.Errorf("%v lacks a value, a witness or its effect", c)
					continue
				}
				var x, without iperf.Iperf
				c.around(&x)
				c.around(&without)
				c.set(&x)
				if reflect.DeepEqual(x, without) {
					t.Errorf("%v sets nothing", c)
				}
				if err := place(&x, "dev", "dev", "/files").Check(); err != nil {
					t.Errorf("%v: Check refuses it: %v", c, err)
				}
			}
		}
		for field := range s.trials {
			if !fields[field] {
				t.Errorf("%s.%s is no setting any more", s.name, field)
			}
		}
	}
}

// place puts in what only a bed knows: the two devices and the folder of the files.
func place(x *iperf.Iperf, client, server, files string) *iperf.Iperf {
	y := *x
	y.Client.BindDev = strings.Replace(y.Client.BindDev, deviceOf, client, 1)
	y.Server.BindDev = strings.Replace(y.Server.BindDev, deviceOf, server, 1)
	y.Server.Bind = strings.Replace(y.Server.Bind, deviceOf, server, 1)
	for _, file := range []*string{&y.Client.File, &y.Client.RSAPublicKeyPath, &y.Server.File, &y.Server.RSAPrivateKeyPath, &y.Server.AuthorizedUsersPath} {
		*file = strings.Replace(*file, filesOf, files, 1)
	}
	return &y
}

func (b *sweepBed) place(x *iperf.Iperf) *iperf.Iperf {
	return place(x, b.link.A.Dev, b.link.B.Dev, b.files)
}

// A sweepProgram is a program of the sweep, with its version.
type sweepProgram struct {
	path    string
	version iperf.Version
}

func (p sweepProgram) String() string { return p.version.String() }

// sweepPrograms are the installed ones and those of TUNA_PROGRAMS, each version once.
func sweepPrograms(t *testing.T, b *sweepBed) (all []sweepProgram) {
	for _, path := range append(programs("iperf"), programs("iperf3")...) {
		v, err := (&iperf.Iperf{Program: path}).Version(t.Context(), b.host(b.link.A, "", ""))
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(all, func(p sweepProgram) bool { return p.String() == v.String() }) {
			all = append(all, sweepProgram{path, v})
		}
	}
	return all
}

// has reports whether the program is one of a name, "iperf" or "iperf3"; "" is any.
func (p sweepProgram) has(name string) bool { return name == "" || filepath.Base(p.path) == name }

// TestSweep tries every setting with every version of both programs, if TUNA_SWEEP is set: to "full", or to a regular
// expression of the cells to try, such as "Client.TOS.*3.12". It writes what it found into SWEEP.md, in which other cells
// keep what they have.
func TestSweep(t *testing.T) {
	only := sweepOnly(t)
	beds := make(chan *sweepBed, sweepTogether())
	for range cap(beds) {
		beds <- newSweepBed(t)
	}
	one := <-beds
	all := sweepPrograms(t, one)
	beds <- one
	table := sweepTable{programs: all, verdicts: map[string]string{}}
	if old, err := os.ReadFile(sweepFile); err == nil && only.String() != "" {
		table.read(string(old))
	}
	controls := controls{runs: map[string]*control{}}
	var mu sync.Mutex
	var wg sync.WaitGroup
	each := func(name string, p sweepProgram, try func(*sweepBed) string) {
		name = fmt.Sprintf("%s of %v", name, p)
		if !only.MatchString(name) {
			return
		}
		b := <-beds
		wg.Go(func() {
			defer func() { beds <- b }()
			t.Run(name, func(t *testing.T) {
				verdict := try(b.with(t))
				if strings.HasPrefix(verdict, "FAIL") {
					t.Errorf("%s: %s", name, verdict)
				} else {
					t.Logf("%s: %s", name, verdict)
				}
				mu.Lock()
				defer mu.Unlock()
				table.verdicts[name] = verdict
				table.write(t) // at once, so a run that is ended leaves what it found
			})
		})
	}
	for _, p := range all {
		for _, s := range sweepSides() {
			for _, setting := range s.table {
				for _, c := range s.cells(setting) {
					if p.has(c.program) {
						each(c.String(), p, func(b *sweepBed) string { return b.try(p, c, &controls) })
					}
				}
			}
		}
		for _, pair := range related() {
			each(pair.String(), p, func(b *sweepBed) string { return b.tryPair(p, pair) })
		}
	}
	wg.Wait()
}

// sweepOnly returns the expression of the cells to try, empty for all. It skips the test unless TUNA_SWEEP is set.
func sweepOnly(t *testing.T) *regexp.Regexp {
	t.Helper()
	pattern := os.Getenv("TUNA_SWEEP")
	switch pattern {
	case "":
		t.Skip("TUNA_SWEEP is not set")
	case "full":
		pattern = ""
	}
	return regexp.MustCompile(pattern)
}

// with has a bed fail and log for a test of its own.
func (b *sweepBed) with(t *testing.T) *sweepBed {
	c := *b
	c.t = t
	return &c
}

// try runs a cell and returns its verdict.
func (b *sweepBed) try(p sweepProgram, c sweepCell, controls *controls) string {
	if c.lacks != nil {
		if why := c.lacks(); why != "" {
			if err := b.refuses(p, c); err != nil {
				return "unsupported"
			}
			return "not tried: " + why
		}
	}
	return b.turns(p, func() error { return b.once(p, c, controls) })
}

// turns returns the verdict of once. A busy machine can hide an effect, so it has three turns, and the verdict says which of
// them it took.
func (b *sweepBed) turns(p sweepProgram, once func() error) string {
	var err error
	for turn := range 3 {
		switch err = once(); {
		case err == nil && turn == 0:
			return "ok"
		case err == nil:
			return fmt.Sprintf("ok at turn %d", turn+1)
		case errors.Is(err, iperf.ErrUnsupported):
			return "unsupported"
		case errors.As(err, new(refusedBefore)):
			return "refused"
		case errors.Is(err, errUnseen):
			return err.Error()
		}
		b.t.Log(err)
	}
	// Without what is of this machine only.
	return "FAIL: " + strings.NewReplacer("\n", "; ", p.path, p.String()).Replace(err.Error())
}

// refuses returns the error by which a version refuses a cell before it starts anything.
func (b *sweepBed) refuses(p sweepProgram, c sweepCell) error {
	var x iperf.Iperf
	c.around(&x)
	c.set(&x)
	return b.refused(p, b.place(&x), c.scene)
}

// refused returns the error by which Check or a version refuses a test: ErrUnsupported, or a refusedBefore.
func (b *sweepBed) refused(p sweepProgram, placed *iperf.Iperf, s scene) error {
	err := errors.Join(placed.Check(), iperf.Refuses(placed, p.version, cmp.Or(s.addr, serverAddr)))
	if err == nil || errors.Is(err, iperf.ErrUnsupported) {
		return err
	}
	return refusedBefore{err}
}

// once runs a cell and returns what was wrong with it.
func (b *sweepBed) once(p sweepProgram, c sweepCell, controls *controls) error {
	if err := b.refuses(p, c); err != nil {
		return err
	}
	var x, without iperf.Iperf
	c.around(&without)
	c.around(&x)
	c.set(&x)
	e := b.run(p.path, *b.place(&x), c.scene)
	for name, output := range map[string]string{"client": e.client, "server": e.server} {
		if said := iperf.Refusal.FindString(output); said != "" && !c.fails {
			return fmt.Errorf("Check takes it, and the %s says %q: %.300q", name, said, output)
		}
	}
	if e.err != nil && !c.fails {
		return fmt.Errorf("the run failed: %w", e.err)
	}
	if err := c.seen(e); err != nil {
		return err
	}
	if need := c.need(); need != nil {
		if err := need.seen(e); err != nil {
			return fmt.Errorf("%s has no effect with it: %w", c.needs, err)
		}
	}
	if c.nothing != "" {
		return nil
	}
	baseline := controls.get(b, p, without, c)
	if baseline.err != nil && !c.controlFails {
		return fmt.Errorf("the run without it failed: %w", baseline.err)
	}
	if err := c.seen(baseline); err == nil {
		return errors.New("the effect is seen without the setting too")
	} else {
		b.t.Logf("without it: %v", err)
	}
	return nil
}

// refusedBefore is the error by which a version's bounds are kept.
type refusedBefore struct{ error }

// controls are the runs without the setting that is tried. Cells that lack nothing else share them.
type controls struct {
	mu   sync.Mutex
	runs map[string]*control
}

type control struct {
	once sync.Once
	e    *sighting
}

func (cs *controls) get(b *sweepBed, p sweepProgram, x iperf.Iperf, c sweepCell) *sighting {
	// What happens around a run is not compared, so each such cell has a run of its own.
	key := fmt.Sprintf("%v %+v %+v %s", p, x.Client, x.Server, cmp.Or(c.scene.addr, serverAddr))
	if c.scene.special() {
		key += c.String()
	}
	cs.mu.Lock()
	run := cs.runs[key]
	if run == nil {
		run = &control{}
		cs.runs[key] = run
	}
	cs.mu.Unlock()
	run.once.Do(func() { run.e = b.run(p.path, *b.place(&x), c.scene) })
	return run.e
}

// sweepTogether is how many cells run at a time. Most of a cell's time is waiting.
func sweepTogether() int {
	n := 2 * runtime.GOMAXPROCS(0)
	fmt.Sscan(os.Getenv("TUNA_SWEEP_TOGETHER"), &n)
	return n
}
