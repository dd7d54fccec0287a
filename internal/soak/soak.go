package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/pprof"
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

type options struct {
	Runs, Together   int // back to back, and side by side
	Parallel, Worlds int
	Faults           float64
	Seed             uint64
}

const (
	linkRate  = 100 * report.MbitPerSecond
	keepAlive = time.Second
	runTime   = 30 * time.Second // at most
)

// soak makes the runs and returns what it counted. say is told how it goes.
func soak(ctx context.Context, tb testing.TB, o options, say func(string)) *tally {
	say(fmt.Sprintf("seed %d", o.Seed))
	t := newTally()
	var worlds []*world
	for i := range o.Worlds {
		worlds = append(worlds, &world{World: testbed.NewWorld(tb, []string{"openssh", "dropbear"}[i%2], "100mbit")})
	}
	goroutines, files := runtime.NumGoroutine(), openFiles()
	dir, err := storage.Open(tb.TempDir())
	if err != nil {
		tb.Fatal(err)
	}
	var hosts []*sshhost.Host
	for _, w := range worlds {
		client, server := dial(tb, w.Client), dial(tb, w.Server)
		hosts = append(hosts, client, server)
		w.x = iperf.Iperf{ClientServer: iperf.Hosts{DUT: client, TrafficServer: server}, FileStorage: dir, Timeout: runTime}
	}

	start := time.Now()
	random := rand.New(rand.NewPCG(o.Seed, 1))
	for i := range o.Runs {
		if ctx.Err() != nil {
			break
		}
		w := worlds[i%len(worlds)]
		var chaos sync.WaitGroup
		if random.Float64() < o.Faults {
			r := rand.New(rand.NewPCG(random.Uint64(), 2))
			chaos.Go(func() {
				sleep(ctx, time.Duration(r.Int64N(int64(1200*time.Millisecond))))
				w.breakSomething(ctx, r, t)
			})
		}
		w.run(ctx, fmt.Sprintf("run %d", i), random, o.Faults, false, t)
		chaos.Wait()
		if (i+1)%100 == 0 {
			say(fmt.Sprintf("%d runs back to back after %v", i+1, time.Since(start).Round(time.Second)))
		}
	}
	t.settle(worlds)

	start = time.Now()
	var all, chaos sync.WaitGroup
	over, stop := context.WithCancel(ctx)
	for i, w := range worlds {
		r := rand.New(rand.NewPCG(o.Seed, uint64(100+i)))
		chaos.Go(func() {
			for over.Err() == nil {
				// So that about half of the runs meet nothing.
				sleep(over, settling/2+time.Duration(r.Int64N(int64(2*settling))))
				if over.Err() == nil && o.Faults > 0 {
					w.breakSomething(over, r, t)
				}
			}
		})
	}
	numbers := make(chan int)
	for n := range o.Parallel {
		r := rand.New(rand.NewPCG(o.Seed, uint64(1000+n)))
		all.Go(func() {
			for i := range numbers {
				worlds[i%len(worlds)].run(ctx, fmt.Sprintf("run %d of those side by side", i), r, o.Faults, true, t)
			}
		})
	}
	for i := range o.Together {
		if ctx.Err() != nil {
			break
		}
		numbers <- i
		if (i+1)%100 == 0 {
			say(fmt.Sprintf("%d runs begun, %d at a time, after %v", i+1, o.Parallel, time.Since(start).Round(time.Second)))
		}
	}
	close(numbers)
	all.Wait()
	stop()
	chaos.Wait()
	t.settle(worlds)
	for _, h := range hosts {
		h.Close()
	}
	dir.Close()
	t.settled(worlds, goroutines, files)
	return t
}

func dial(tb testing.TB, m *testbed.Machine) *sshhost.Host {
	h, err := sshhost.Dial(tb.Context(), sshhost.Config{
		Addr: m.SSH.Addr, User: m.SSH.User, TestAddr: m.Addr, KeyFiles: []string{m.SSH.KeyFile}, KnownHosts: []string{m.SSH.KnownHosts},
		Agent: "none", KeepAlive: keepAlive, Timeout: 5 * time.Second,
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { h.Close() })
	return h
}

// run makes one run, of one kind or another, and counts it. The caller of some grows impatient.
func (w *world) run(ctx context.Context, name string, random *rand.Rand, faults float64, many bool, t *tally) {
	x := w.x
	x.Program = []string{"iperf3", "iperf"}[random.IntN(2)]
	x.Client.Interval = 500 * time.Millisecond
	x.Server.AutoPort = many
	if random.IntN(4) == 0 {
		x.Client.Protocol, x.Client.Rate = report.ProtocolUDP, 2*report.MbitPerSecond
	}
	d := []iperf.Direction{iperf.Upstream, iperf.Downstream}[random.IntN(2)]
	// The receiver may have been held up before it read what had come meanwhile, and all of a few bytes fit into buffers.
	least, most := report.BitRate(1), 2*linkRate
	var wanted []error
	if x.Client.Time = time.Second; random.IntN(3) > 0 {
		x.Client.Time, x.Client.Bytes = 0, 1_000_000
		most = report.BitRate(math.Inf(1))
		wanted = append(wanted, iperf.ErrNoBandwidth) // or it has read nothing when the test is over
	}
	if p := random.Float64(); p < faults {
		var end context.CancelFunc
		after := time.Duration(random.Int64N(int64(1200 * time.Millisecond)))
		if p < faults/2 {
			ctx, end = context.WithCancel(ctx)
			timer := time.AfterFunc(after, end)
			defer timer.Stop()
			wanted = append(wanted, iperf.ErrCanceled)
			t.broke("the caller cancels")
		} else {
			ctx, end = context.WithTimeout(ctx, after)
			wanted = append(wanted, iperf.ErrTimeout)
			t.broke("the caller's deadline")
		}
		defer end()
	}
	began := time.Now()
	res, err := x.Run(ctx, d, "")
	ended := time.Now()
	if w.touched(began, ended) {
		wanted, least = kinds, 0 // where the link was down, nothing may have come in most intervals
	}
	t.result(fmt.Sprintf("%s (%s, %v, %v)", name, x.Program, x.Client.Protocol, d), res, err, wanted, least, most)
	if took := ended.Sub(began); took > 4*runTime {
		t.problem(fmt.Sprintf("%s took %v", name, took))
	}
}

// settle waits until no command runs on the hosts, and counts what does not end.
func (t *tally) settle(worlds []*world) {
	t.await(worlds, func(w *world, p testbed.Process) bool { return p.Marked })
}

// settled counts what is left when all is over.
func (t *tally) settled(worlds []*world, goroutines, files int) {
	t.await(worlds, func(w *world, p testbed.Process) bool { return p.PID != w.Client.SSH.PID && p.PID != w.Server.SSH.PID })
	until := time.Now().Add(2 * settling)
	for runtime.NumGoroutine() > goroutines && time.Now().Before(until) {
		time.Sleep(50 * time.Millisecond)
	}
	if t.goroutines = max(0, runtime.NumGoroutine()-goroutines); t.goroutines > 0 {
		var b strings.Builder
		pprof.Lookup("goroutine").WriteTo(&b, 1)
		t.stacks = b.String()
	}
	t.files = max(0, openFiles()-files)
}

func (t *tally) await(worlds []*world, counts func(*world, testbed.Process) bool) {
	until := time.Now().Add(2 * settling)
	for {
		var left []string
		for _, w := range worlds {
			for _, m := range []*testbed.Machine{w.Client, w.Server} {
				for _, p := range m.Processes() {
					if counts(w, p) {
						left = append(left, p.String())
					}
				}
			}
		}
		if len(left) == 0 {
			return
		}
		if time.Now().After(until) {
			t.left = append(t.left, left...)
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// openFiles counts what this program has open.
func openFiles() int {
	entries, _ := os.ReadDir("/proc/self/fd")
	return len(entries)
}
