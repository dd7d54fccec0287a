package iperf_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
)

// faults are the rows of the matrix.
var faults = append(append(append(endedFaults, controlFaults...), programFaults...), hostFaults...)

// anyway is for faults after which a run may also succeed, as it had all that it needed.
var anyway error

// endedFaults end the run from the caller's side.
var endedFaults = []*fault{
	{
		name: "the caller cancels", stages: everyStage, short: true,
		inject: func(r *trial) error { r.ctx.end(context.Canceled); return nil },
		mend:   func(r *trial) error { return r.machine().PassControl() },
		want:   []error{iperf.ErrCanceled}, within: 5 * time.Second,
	},
	{
		name: "the caller's deadline passes", stages: everyStage,
		inject: func(r *trial) error { r.ctx.end(context.DeadlineExceeded); return nil },
		mend:   func(r *trial) error { return r.machine().PassControl() },
		want:   []error{iperf.ErrTimeout}, within: 5 * time.Second,
	},
	{
		name: "the run's own time is over", stages: []stage{traffic}, protocols: tcpAndUDP, short: true,
		prepare: func(r *trial) error { r.x.Timeout = 2500 * time.Millisecond; return nil },
		inject:  func(r *trial) error { return nil },
		mend:    func(r *trial) error { r.x.Timeout = 0; return nil },
		want:    []error{iperf.ErrTimeout}, within: 5 * time.Second,
	},
	{
		name: "the controlling process is killed", stages: everyStage[1:], short: true,
		run:  (*trial).runElsewhere,
		want: []error{errKilled}, within: 20 * time.Second, store: true,
	},
}

// unaware reports whether the fault befalls a host that the run asks for nothing at that moment.
func unaware(v variant) bool {
	return v.side == iperf.RoleClient && (v.stage == starting || v.stage == draining)
}

// controlFaults befall the way to a host.
var controlFaults = []*fault{
	{
		name: "the SSH sessions' shells are hung up", stages: []stage{asking, starting, traffic, draining}, sides: bothEnds,
		inject: func(r *trial) error { return r.machine().EndShells(syscall.SIGHUP) },
		want:   []error{iperf.ErrHostLost, iperf.ErrInterrupted}, passes: unaware, within: 12 * time.Second,
	},
	{
		name: "the SSH sessions' shells are killed", stages: []stage{asking, starting, traffic, draining}, sides: bothEnds, short: true,
		inject: func(r *trial) error { return r.machine().EndShells(syscall.SIGKILL) },
		want:   []error{iperf.ErrHostLost}, within: 12 * time.Second,
		// Dropbear may keep a session open for what its shell has started, which then comes to its own end.
		passes: func(v variant) bool { return unaware(v) || v.ssh == "dropbear" && v.stage == traffic },
	},
	{
		name: "the SSH server's process of the connection is killed", stages: []stage{asking, starting, traffic, draining}, sides: bothEnds,
		protocols: tcpAndUDP, short: true,
		inject: func(r *trial) error { return r.machine().EndConnections() },
		want:   []error{iperf.ErrHostLost}, passes: unaware, within: 8 * time.Second,
	},
	{
		name: "the whole SSH server is killed", stages: []stage{asking, starting, traffic, draining}, sides: bothEnds,
		inject: func(r *trial) error { return r.machine().EndSSH() },
		mend:   func(r *trial) error { r.machine().SSH.Start(); return nil },
		want:   []error{iperf.ErrHostLost}, passes: unaware, within: 8 * time.Second,
	},
	{
		name: "no SSH server answers", sides: bothEnds,
		prepare: func(r *trial) error { return r.machine().EndSSH() },
		mend:    func(r *trial) error { r.machine().SSH.Start(); return nil },
		want:    []error{iperf.ErrHostLost}, within: 8 * time.Second,
	},
	{
		name: "the firewall drops the control link for a second", stages: everyStage[:5], sides: bothEnds, short: true,
		inject: func(r *trial) error { return r.outage((*testbed.Machine).DropControl, (*testbed.Machine).PassControl) },
		alive:  3 * time.Second, // by when lost packets have long been sent again
		want:   []error{anyway}, within: 12 * time.Second,
	},
	{
		name: "the firewall drops the control link for good", stages: everyStage, sides: bothEnds, short: true,
		inject: func(r *trial) error { return r.machine().DropControl() },
		mend:   func(r *trial) error { r.awaitLoss(); return r.machine().PassControl() },
		want:   []error{iperf.ErrHostLost}, passes: unaware, within: 16 * time.Second, gone: lifetime,
	},
	{
		name: "the control link is down for a second", stages: everyStage[1:5], sides: bothEnds,
		inject: func(r *trial) error { return r.outage(setControl("down"), setControl("up")) },
		alive:  3 * time.Second,
		want:   []error{anyway}, within: 12 * time.Second,
	},
	{
		name: "the control link is down for good", stages: everyStage[1:], sides: bothEnds,
		inject: func(r *trial) error { return r.machine().SetControl("down") },
		mend:   func(r *trial) error { r.awaitLoss(); return r.machine().SetControl("up") },
		want:   []error{iperf.ErrHostLost}, passes: unaware, within: 16 * time.Second, gone: lifetime,
	},
}

// lifetime is how long a host may take to see that nobody asks any more: the lease of six keepalives, and what ending
// takes at most.
const lifetime = 6*controlAlive + 6*time.Second

func setControl(state string) func(*testbed.Machine) error {
	return func(m *testbed.Machine) error { return m.SetControl(state) }
}

// outage breaks the control link, mends it a second later, and lets the run go on.
func (r *trial) outage(cut, mend func(*testbed.Machine) error) error {
	m := r.machine()
	if err := cut(m); err != nil {
		return err
	}
	over := time.NewTimer(time.Second)
	<-over.C
	letGo(r.world.Client)
	letGo(r.world.Server)
	return mend(m)
}

// hostFaults are what a host, or the storage, is like.
var hostFaults = []*fault{
	{
		name: "the test link goes down", stages: []stage{traffic}, protocols: tcpAndUDP, sides: bothEnds, short: true,
		prepare: func(r *trial) error { r.x.Timeout = 6 * time.Second; return nil },
		inject:  func(r *trial) error { return r.world.SetTest(r.machine(), "down") },
		mend:    func(r *trial) error { r.x.Timeout = 0; return r.world.SetTest(r.machine(), "up") },
		want:    []error{iperf.ErrTimeout, iperf.ErrUnreachable, iperf.ErrPeerLost, iperf.ErrIncomplete}, within: 10 * time.Second,
	},
	{
		name: "the server's name does not resolve",
		prepare: func(r *trial) error {
			r.x.ClientServer = iperf.Hosts{DUT: r.hosts[iperf.RoleClient], TrafficServer: elsewhere{r.hosts[iperf.RoleServer], "nobody.invalid"}}
			return nil
		},
		mend: func(r *trial) error { r.straight(); return nil },
		want: []error{iperf.ErrUnreachable}, within: 20 * time.Second,
	},
	{
		name: "the program is missing", sides: bothEnds, short: true,
		prepare: func(r *trial) error { return r.onlyBin(nil) },
		want:    []error{iperf.ErrNotInstalled}, within: 5 * time.Second,
	},
	{
		name: "the program has no execute bit", sides: bothEnds,
		prepare: func(r *trial) error {
			return r.onlyBin(func(file string) error { return os.WriteFile(file, []byte("#!/bin/sh\n"), 0o644) })
		},
		want: []error{iperf.ErrNotInstalled}, within: 5 * time.Second,
	},
	{
		name: "the two ends have different majors", sides: bothEnds, short: true,
		prepare: func(r *trial) error {
			other := map[string]string{"iperf3": "iperf", "iperf": "iperf3"}[r.program]
			return fakeProgram(r.machine(), r.program, "real=$(command -v "+other+")")
		},
		want: []error{iperf.ErrVersionMismatch}, within: 5 * time.Second,
	},
	{
		name: "the storage is full", short: true, store: true,
		prepare: func(r *trial) error { return r.tinyStorage(true) },
		mend:    func(r *trial) error { return os.Remove(filepath.Join(r.dir, "tiny", "ballast")) },
		want:    []error{iperf.ErrStorage}, within: 15 * time.Second,
	},
	{
		name: "the storage becomes full", stages: []stage{traffic}, store: true,
		prepare: func(r *trial) error { return r.tinyStorage(false) },
		inject:  func(r *trial) error { return r.fill() },
		mend:    func(r *trial) error { return os.Remove(filepath.Join(r.dir, "tiny", "ballast")) },
		want:    []error{iperf.ErrStorage}, within: 12 * time.Second,
	},
	{
		name: "the storage directory goes away", stages: []stage{traffic}, store: true, short: true,
		prepare: func(r *trial) error { return r.ownStorage("doomed") },
		inject:  func(r *trial) error { return os.RemoveAll(filepath.Join(r.dir, "doomed")) },
		mend:    func(r *trial) error { return r.ownStorage("another") },
		want:    []error{iperf.ErrStorage}, within: 12 * time.Second,
	},
	{
		name: "the storage directory is gone", store: true,
		prepare: func(r *trial) error {
			return errors.Join(r.ownStorage("doomed"), os.RemoveAll(filepath.Join(r.dir, "doomed")))
		},
		mend: func(r *trial) error { return r.ownStorage("another") },
		want: []error{iperf.ErrStorage}, within: 5 * time.Second,
	},
	{
		name: "the hosts' clocks jump", stages: []stage{traffic}, protocols: tcpAndUDP, sides: bothEnds,
		prepare: func(r *trial) error { return r.fakeClock() },
		inject:  func(r *trial) error { return r.jump(3600) },
		want:    []error{anyway, iperf.ErrIncomplete, iperf.ErrNotUnderstood, iperf.ErrNoBandwidth, iperf.ErrTimeout, iperf.ErrPeerLost},
		within:  22 * time.Second,
	},
}
