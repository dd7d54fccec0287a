package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
)

// A breakage is something that happens to one machine of a world.
type breakage struct {
	name string
	do   func(w *world, m *testbed.Machine, pause func()) error
}

// breakages mend what they break, after a pause. An error means that there was nothing to break.
var breakages = []breakage{
	{"iperf client killed", func(w *world, m *testbed.Machine, _ func()) error { return w.Client.Signal("-c", syscall.SIGKILL) }},
	{"iperf server killed", func(w *world, m *testbed.Machine, _ func()) error { return w.Server.Signal("-s", syscall.SIGKILL) }},
	{"iperf client stopped", func(w *world, m *testbed.Machine, _ func()) error { return w.Client.Signal("-c", testbed.SIGSTOP) }},
	{"iperf server stopped", func(w *world, m *testbed.Machine, _ func()) error { return w.Server.Signal("-s", testbed.SIGSTOP) }},
	{"SSH shells hung up", func(w *world, m *testbed.Machine, _ func()) error { return m.EndShells(syscall.SIGHUP) }},
	{"SSH shells killed", func(w *world, m *testbed.Machine, _ func()) error { return m.EndShells(syscall.SIGKILL) }},
	{"SSH connections killed", func(w *world, m *testbed.Machine, _ func()) error { return m.EndConnections() }},
	{"SSH server killed", func(w *world, m *testbed.Machine, pause func()) error {
		defer m.SSH.Start()
		err := m.EndSSH()
		pause()
		return err
	}},
	{"control link silent", func(w *world, m *testbed.Machine, pause func()) error {
		err := m.DropControl()
		pause()
		return firstOf(err, m.PassControl())
	}},
	{"control link down", func(w *world, m *testbed.Machine, pause func()) error {
		err := m.SetControl("down")
		pause()
		return firstOf(err, m.SetControl("up"))
	}},
	{"test link down", func(w *world, m *testbed.Machine, pause func()) error {
		err := w.SetTest(m, "down")
		pause()
		return firstOf(err, w.SetTest(m, "up"))
	}},
}

func firstOf(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// A window is a time in which runs of a world may fail.
type window struct{ from, to time.Time } // to is zero while something is broken

// settling is how long after something was mended runs may still meet it: a dead connection is found after three
// keepalives, and what a killed supervisor ran is ended after six.
const settling = 10 * keepAlive

// A world is a pair of machines, with what was done to them.
type world struct {
	*testbed.World
	x iperf.Iperf // without settings

	mu      sync.Mutex
	windows []window
	broken  sync.Mutex // held while something is
}

// breakSomething breaks one thing at random, mends it, and counts it.
func (w *world) breakSomething(ctx context.Context, random *rand.Rand, t *tally) {
	w.broken.Lock()
	defer w.broken.Unlock()
	b := breakages[random.IntN(len(breakages))]
	m := []*testbed.Machine{w.Client, w.Server}[random.IntN(2)]
	last := time.Duration(random.Int64N(int64(5 * keepAlive)))
	w.mu.Lock()
	i := len(w.windows)
	w.windows = append(w.windows, window{from: time.Now()})
	w.mu.Unlock()
	err := b.do(w, m, func() { sleep(ctx, last) })
	w.mu.Lock()
	w.windows[i].to = time.Now().Add(settling)
	w.mu.Unlock()
	if err == nil {
		t.broke(b.name)
	}
}

// touched reports whether something was broken, or had not settled, at a time between the two.
func (w *world) touched(from, to time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range w.windows {
		if v.from.Before(to) && (v.to.IsZero() || v.to.After(from)) {
			return true
		}
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
