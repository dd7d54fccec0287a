package iperf_test

import (
	"strconv"
	"syscall"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
)

// programFaults befall iperf itself, or come from the iperf of others.
var programFaults = []*fault{
	{
		name: "iperf is killed", stages: []stage{traffic}, sides: bothEnds, protocols: tcpAndUDP, short: true,
		inject: func(r *trial) error { return r.machine().Signal(r.end(), syscall.SIGKILL) },
		want:   programDied, within: 12 * time.Second,
	},
	{
		name: "iperf is stopped", stages: []stage{traffic}, sides: bothEnds, protocols: tcpAndUDP, short: true,
		prepare: func(r *trial) error { r.x.Timeout = 6 * time.Second; return nil },
		inject:  func(r *trial) error { return r.machine().Signal(r.end(), testbed.SIGSTOP) },
		mend:    func(r *trial) error { r.x.Timeout = 0; return nil },
		want:    []error{iperf.ErrTimeout, iperf.ErrPeerLost, iperf.ErrIncomplete}, within: 12 * time.Second,
	},
	{
		name: "iperf exits at once", sides: bothEnds, short: true,
		prepare: func(r *trial) error { return r.fake("exit 0") },
		want:    []error{iperf.ErrIncomplete, iperf.ErrNoBandwidth, iperf.ErrNotUnderstood, iperf.ErrRefused}, within: 12 * time.Second,
	},
	{
		name: "iperf fails at once", sides: bothEnds,
		prepare: func(r *trial) error { return r.fake("exit 3") },
		want:    []error{exitStatus(3)}, within: 12 * time.Second,
	},
	{
		name: "iperf crashes", sides: bothEnds, protocols: tcpAndUDP, short: true,
		prepare: func(r *trial) error {
			return r.fake(`"$real" "$@" & sleep 1.2; kill -SEGV $!; wait $!; exit`)
		},
		want: []error{iperf.ErrInterrupted}, within: 12 * time.Second,
	},
	{
		name: "iperf hangs when it is asked for its version", sides: bothEnds,
		prepare: func(r *trial) error { return fakeProgram(r.machine(), r.program, `[ "$asked" ] && { `+hold+`}`) },
		want:    []error{iperf.ErrTimeout}, within: 40 * time.Second,
	},
	{
		name: "iperf floods stdout with 200 MB", sides: bothEnds,
		prepare: func(r *trial) error { return r.flood("") },
		mend:    func(r *trial) error { r.x.Timeout = 0; return nil },
		want:    []error{anyway, iperf.ErrNotUnderstood}, within: 2 * time.Minute, heavy: true,
	},
	{
		name: "iperf floods stderr with 200 MB", sides: bothEnds,
		prepare: func(r *trial) error { return r.flood(" >&2") },
		mend:    func(r *trial) error { r.x.Timeout = 0; return nil },
		want:    []error{anyway}, within: 2 * time.Minute, heavy: true,
	},
	{
		name: "iperf prints garbage", sides: bothEnds, short: true,
		prepare: func(r *trial) error { return r.fake("head -c 100000 /dev/urandom; exit 0") },
		want:    []error{iperf.ErrNotUnderstood, iperf.ErrIncomplete, iperf.ErrRefused}, within: 12 * time.Second,
	},
	{
		name: "the client prints nothing", sides: bothEnds[:1], protocols: tcpAndUDP,
		prepare: func(r *trial) error { return r.fake(`exec "$real" "$@" >/dev/null 2>&1`) },
		// The server's report is what counts.
		want: []error{anyway, iperf.ErrIncomplete}, within: 15 * time.Second,
	},
	{
		name: "the server prints nothing", sides: bothEnds[1:], protocols: tcpAndUDP, short: true,
		prepare: func(r *trial) error { return r.fake(`exec "$real" "$@" >/dev/null 2>&1`) },
		want:    []error{anyway, iperf.ErrIncomplete, iperf.ErrNoBandwidth}, within: 20 * time.Second,
	},
	{
		name: "somebody else's server has the port", protocols: tcpAndUDP, short: true,
		prepare: func(r *trial) error { r.squat(); return nil },
		mend:    func(r *trial) error { return r.anotherPort() },
		want:    []error{iperf.ErrPortInUse}, within: 5 * time.Second,
	},
	{
		name: "somebody else's server, which hangs, has the port", protocols: tcpAndUDP,
		prepare: func(r *trial) error { return testbed.Signal(r.squat().PID, testbed.SIGSTOP) },
		mend:    func(r *trial) error { return r.anotherPort() },
		want:    []error{iperf.ErrPortInUse}, within: 5 * time.Second,
	},
	{
		name: "somebody else's client has the server", programs: bothPrograms[:1], protocols: tcpAndUDP, short: true,
		prepare: func(r *trial) error { r.beforeClient(); return nil },
		mend:    func(r *trial) error { r.straight(); return nil },
		want:    []error{iperf.ErrServerBusy}, within: 12 * time.Second,
	},
}

// programDied is what the death of one end means to the run: that end says so, or the other does.
var programDied = []error{iperf.ErrInterrupted, iperf.ErrPeerLost, iperf.ErrIncomplete}

// An exitStatus is an error that others are when they tell of that exit status.
type exitStatus int

func (s exitStatus) Error() string { return "exit status " + strconv.Itoa(int(s)) }

// end is the argument that tells the iperf of the host that the fault befalls.
func (r *trial) end() string {
	if r.side == iperf.RoleClient {
		return "-c"
	}
	return "-s"
}

// fake has iperf on the host that the fault befalls do something else when it is to run a test.
func (r *trial) fake(body string) error {
	return fakeProgram(r.machine(), r.program, `[ "$asked" ] || { `+body+`; }`)
}

// flood has iperf print 200 MB beside what it prints anyway.
func (r *trial) flood(redirect string) error {
	r.x.Timeout = 2 * time.Minute
	return r.fake(`"$real" "$@" & yes "nothing of any interest" | head -c 200000000` + redirect + `; wait $!; exit`)
}

func (r *trial) port() int {
	if r.program == "iperf3" {
		return 5201
	}
	return 5001
}

// squat starts somebody else's server on the port that ours wants.
func (r *trial) squat() testbed.Process {
	arg := []string{"-s"}
	if r.program == "iperf" && r.protocol != 1 {
		arg = append(arg, "-u")
	}
	return r.others.start(r.t, r.world.Server, r.port(), r.program, arg...)
}

func (r *trial) anotherPort() error {
	r.x.Server.Port = 5888
	return nil
}
