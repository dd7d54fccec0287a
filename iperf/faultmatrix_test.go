package iperf_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

// A fault is a row of the matrix. Zero fields are the usual: both programs, TCP, no stage, no particular host.
type fault struct {
	name      string
	stages    []stage
	sides     []iperf.Role // the hosts that it may befall
	programs  []string
	protocols []report.Protocol

	prepare func(*trial) error // before the run
	inject  func(*trial) error // when the stage is reached
	mend    func(*trial) error // after the run and before the next
	run     func(*trial) error // nil: Upstream

	want   []error            // what the run's error may wrap; nil among them: no error
	passes func(variant) bool // where there may be no error; nil: nowhere
	within time.Duration      // from the fault to the end of the run
	gone   time.Duration      // from the end of the run until nothing of ours is left on the hosts; zero: 3 s
	alive  time.Duration      // between keepalives; zero: controlAlive
	store  bool               // it befalls the storage, so that nobody can say what is kept there
	heavy  bool               // it takes a processor for itself, so that no two such run at a time
	short  bool               // it is also in the short matrix, once
}

// A variant is a cell of the matrix.
type variant struct {
	*fault
	stage    stage
	side     iperf.Role
	program  string
	ssh      string
	protocol report.Protocol
}

func (v variant) String() string {
	parts := []string{v.name}
	if v.stage != "" {
		parts = append(parts, string(v.stage))
	}
	if v.side != 0 {
		parts = append(parts, v.side.String()+"'s host")
	}
	return strings.Join(append(parts, v.program, v.ssh, v.protocol.String()), "/")
}

var (
	bothEnds     = []iperf.Role{iperf.RoleClient, iperf.RoleServer}
	bothPrograms = []string{"iperf3", "iperf"}
	tcpAndUDP    = []report.Protocol{report.ProtocolTCP, report.ProtocolUDP}
)

// variants are all cells of a row.
func (f *fault) variants() (all []variant) {
	or := func(s, other []iperf.Role) []iperf.Role {
		if len(s) == 0 {
			return other
		}
		return s
	}
	stages, programs, protocols := f.stages, f.programs, f.protocols
	if stages == nil {
		stages = []stage{""}
	}
	if programs == nil {
		programs = bothPrograms
	}
	if protocols == nil {
		protocols = tcpAndUDP[:1]
	}
	for _, st := range stages {
		for _, side := range or(f.sides, []iperf.Role{0}) {
			for _, program := range programs {
				for _, ssh := range []string{"openssh", "dropbear"} {
					for _, protocol := range protocols {
						all = append(all, variant{f, st, side, program, ssh, protocol})
					}
				}
			}
		}
	}
	return all
}

// pick returns the row's cell of the short matrix. Its name alone decides, so a new row changes no other one's.
func (f *fault) pick(cells []variant) variant {
	h := fnv.New32a()
	io.WriteString(h, f.name)
	return cells[int(h.Sum32())%len(cells)]
}

// TestFaultMatrix runs the matrix: all of it with TUNA_MATRIX=full, which also writes testdata/matrix.md, and else a cell of each of
// the more telling rows.
func TestFaultMatrix(t *testing.T) {
	testbed.NeedRoot(t)
	testbed.Need(t, "iperf", "iperf3", "iptables", "ip", "tc", "dropbear", "ssh-keygen")
	full := os.Getenv("TUNA_MATRIX") == "full"
	parallel := 2 * runtime.GOMAXPROCS(0) // cells at a time; most of a cell's time is waiting
	if full {
		parallel *= 2
	}
	slots := make(chan struct{}, parallel)
	alone := make(chan struct{}, 1)
	passed := map[string]int{}
	ran, all := 0, 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, f := range faults {
		cells := f.variants()
		if !full {
			if !f.short {
				continue
			}
			cells = []variant{f.pick(cells)}
		}
		all += len(cells)
		for _, v := range cells {
			slots <- struct{}{}
			// Not t.Parallel, which runs no more tests than there are processors.
			wg.Go(func() {
				defer func() { <-slots }()
				if v.heavy {
					alone <- struct{}{}
					defer func() { <-alone }()
				}
				t.Run(v.String(), func(t *testing.T) {
					t.Cleanup(func() { // after all other clean-up
						mu.Lock()
						defer mu.Unlock()
						if ran++; !t.Failed() {
							passed[f.name]++
						}
					})
					newTrial(t, v).all()
				})
			})
		}
	}
	wg.Wait()
	if full && ran == all { // -run may have picked a few
		writeMatrix(t, passed)
	}
}

// A trial is one cell as it runs.
type trial struct {
	variant
	t     *testing.T
	world *testbed.World
	hosts map[iperf.Role]*stagedHost
	ssh   []*sshhost.Host
	x     *iperf.Iperf
	dir   string
	bare  bool // the host that is dialled next finds no programs but those put into its folder
	others
	stores []*storage.Dir

	ctx      *endableContext
	mu       sync.Mutex
	armed    bool
	injected time.Time      // zero: not yet
	work     sync.WaitGroup // the injection
}

func newTrial(t *testing.T, v variant) *trial {
	r := &trial{variant: v, t: t, world: testbed.NewWorld(t, v.ssh, "20mbit"), dir: t.TempDir(), others: others{}}
	r.x = &iperf.Iperf{
		Program: v.program, Retries: -1, EventTimer: &iperf.EventTimer{Time: 4 * time.Second},
		Client: iperf.ClientSettings{Protocol: v.protocol, Time: 3 * time.Second, Interval: 250 * time.Millisecond},
	}
	if v.protocol == report.ProtocolUDP {
		r.x.Client.Rate = 5 * report.MbitPerSecond
	}
	return r
}

// where is the end that the fault befalls.
func (r *trial) where() iperf.Role { return cmp.Or(r.side, iperf.RoleServer) }

// machine is where the fault comes.
func (r *trial) machine() *testbed.Machine {
	if r.where() == iperf.RoleClient {
		return r.world.Client
	}
	return r.world.Server
}

func (r *trial) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// label is what marks this cell's goroutines in the profile, where those of other cells are too.
func (r *trial) label() string { return r.t.Name() }

// labelled runs f so that every goroutine that comes of it can be told from all others.
func (r *trial) labelled(f func()) {
	pprof.Do(r.t.Context(), pprof.Labels("cell", r.label()), func(context.Context) { f() })
}

const controlAlive = time.Second

func (r *trial) dial(role iperf.Role, m *testbed.Machine) *stagedHost {
	at := reachOf(m)
	at.KeepAlive = cmp.Or(r.alive, controlAlive)
	if r.bare {
		at.Prefix = "PATH=" + m.Bin + ";"
	}
	var h *sshhost.Host
	var err error
	pprof.Do(r.t.Context(), pprof.Labels("cell", r.label(), "host", role.String()), func(ctx context.Context) {
		h, err = sshhost.Dial(ctx, at.config())
	})
	r.must(err)
	r.t.Cleanup(func() { h.Close() })
	r.ssh = append(r.ssh, h)
	return &stagedHost{HostSSH: h, reached: r.reached}
}

// reach is how to get to a machine.
type reach struct {
	Addr, User, TestAddr, KeyFile, KnownHosts, Prefix string
	KeepAlive                                         time.Duration
}

func reachOf(m *testbed.Machine) reach {
	return reach{m.SSH.Addr, m.SSH.User, m.Addr, m.SSH.KeyFile, m.SSH.KnownHosts, "PATH=" + m.Bin + ":$PATH;", controlAlive}
}

func (a reach) config() sshhost.Config {
	return sshhost.Config{
		Addr: a.Addr, User: a.User, TestAddr: a.TestAddr, KeyFiles: []string{a.KeyFile}, KnownHosts: []string{a.KnownHosts},
		Agent: "none", KeepAlive: a.KeepAlive, Timeout: 4 * time.Second, Prefix: a.Prefix,
	}
}

// reached is called by the hosts. The fault comes when its stage is reached first, and a run goes on beside it, except
// that nothing comes after the client before the fault has come.
func (r *trial) reached(s stage) {
	r.mu.Lock()
	now := r.armed && s == r.stage
	if now {
		r.armed = false
		r.injected = time.Now()
		r.work.Go(func() {
			if err := r.inject(r); err != nil {
				r.t.Errorf("the fault could not be made: %v", err)
			}
			if unaware(r.variant) {
				letGo(r.world.Server)
			}
		})
	}
	r.mu.Unlock()
	if now && s == draining {
		r.work.Wait()
	}
}

// all runs the cell: a run that meets the fault, and what must hold after it.
func (r *trial) all() {
	t := r.t
	r.startOthers()
	r.hosts = map[iperf.Role]*stagedHost{
		iperf.RoleClient: r.dial(iperf.RoleClient, r.world.Client), iperf.RoleServer: r.dial(iperf.RoleServer, r.world.Server),
	}
	r.straight()
	if r.stage == "" || r.stage == dialling || r.stage == traffic { // the other stages replace the program
		r.acquaint()
	}
	r.must(r.ownStorage("raw"))
	r.must(r.stretch())
	if r.prepare != nil {
		r.must(r.prepare(r))
	}
	if r.stage == dialling {
		r.loseConnection()
	}
	r.ctx = newEndableContext(t.Context())
	r.armed = r.inject != nil
	began := time.Now()
	var err error
	r.labelled(func() {
		if r.run != nil {
			err = r.run(r)
		} else {
			_, err = r.x.Upstream(r.ctx, "fault")
		}
	})
	ended := time.Now()
	r.work.Wait()
	r.ctx.end(context.Canceled)
	if r.inject != nil && r.injected.IsZero() {
		t.Fatalf("the run ended before its stage: %v", err)
	}
	if r.inject != nil {
		began = r.injected
	}
	t.Logf("%v after the fault: %v", ended.Sub(began).Round(time.Millisecond), err)
	r.checkError(err)
	if took := ended.Sub(began); took > r.within {
		t.Errorf("the run ended %v after the fault, want within %v", took, r.within)
	}
	r.checkGone(ended.Add(cmp.Or(r.gone, 3*time.Second)))
	if !r.store {
		r.checkFiles()
	}
	if r.mend != nil {
		r.must(r.mend(r))
	}
	for _, m := range []*testbed.Machine{r.world.Client, r.world.Server} {
		removeFake(m, r.program)
		r.must(linkProgram(m, r.program))
	}
	r.checkNextRun()
	r.checkGone(time.Now().Add(3 * time.Second))
	r.others.check(t)
	for _, h := range r.ssh {
		h.Close()
	}
	for _, dir := range r.stores {
		dir.Close()
	}
	r.checkNothingHeld()
	r.checkOnlyServers()
}

// acquaint makes a short run, so that the next one starts with facts about its hosts.
func (r *trial) acquaint() {
	x := *r.x
	x.Client.Time, x.Client.Interval, x.Client.Bytes = 0, 0, 512<<10
	if _, err := x.Upstream(r.t.Context(), ""); err != nil {
		r.t.Fatalf("the run before the fault: %v\n%s", err, evidence(err))
	}
	for _, h := range r.hosts {
		h.printed = nil
	}
}

func (r *trial) checkError(err error) {
	// What comes while the server is being ended finds a run that has all it needs.
	if err == nil && (r.stage == stopping || r.passes != nil && r.passes(r.variant)) {
		return
	}
	if slices.ContainsFunc(r.want, func(want error) bool { return is(err, want) }) {
		if err != nil && strings.Contains(err.Error(), "\n") {
			r.t.Errorf("the error is not one line: %q", err)
		}
		return
	}
	r.t.Errorf("error: got %v, want one that is %v\n%s", err, r.want, evidence(err))
}

func is(err, want error) bool {
	if status, ok := want.(exitStatus); ok {
		e, ok := errors.AsType[interface {
			error
			ExitStatus() int
		}](err)
		return ok && e.ExitStatus() == int(status)
	}
	return errors.Is(err, want)
}

// evidence is all that the programs' errors in err tell.
func evidence(err error) string {
	if e, ok := errors.AsType[*iperf.RunError](err); ok {
		return fmt.Sprintf("%+v", e)
	}
	return ""
}

// An endableContext ends when it is told to, with the error that it is told: a deadline can pass at a chosen moment.
type endableContext struct {
	context.Context
	mu   sync.Mutex
	err  error
	done chan struct{}
}

func newEndableContext(parent context.Context) *endableContext {
	return &endableContext{Context: parent, done: make(chan struct{})}
}

func (c *endableContext) end(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = err
		close(c.done)
	}
}

func (c *endableContext) Done() <-chan struct{} { return c.done }

func (c *endableContext) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}
