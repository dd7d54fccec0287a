package iperf

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// An Iperf runs iperf between two hosts. Only ClientServer is required; the zero value of every other field works.
// Its methods may be called from many goroutines, while no field is changed: all state of a run lives in the run.
//
// If code of the caller's panics or calls runtime.Goexit, be it a host, OnInterval, a storage or a log, both programs are
// ended and the method returns an error that wraps a *PanicError, which names the code and has its stack. That code is
// not called again in the same run. It is called in goroutines of the package, also where it need not be.
type Iperf struct {
	ClientServer ClientServer   // which host is the client and which the server
	Program      string         // "iperf3" (when empty) or "iperf", or a path to one or to a wrapper, which must wait for it; the same on both hosts
	Client       ClientSettings // the client's options
	Server       ServerSettings // the server's options
	Parser       Parser         // reads the output; nil: a report.Parser, which recognises every format
	FileStorage  FileStorage    // keeps raw output; nil: it is not kept
	LogWriter    LogWriter      // gets each raw line; nil: discarded
	Aggregator   Aggregator     // makes one rate of the intervals' rates; nil: Median

	// IntervalsCSV keeps the intervals of both ends in the FileStorage as well, as comma-separated values with a header, in
	// files named as the raw ones with intervals_ in front and .csv behind. They are written as they are read, but those
	// of parallel streams and of a test in which both ends send when it is over. A number that was not reported has an empty cell. False: not kept.
	IntervalsCSV bool

	// EventTimer tells how long a client is held back at most when there is no evidence that its server listens. Every
	// run has a gate of its own with this one's Time. Nil: 5 s.
	EventTimer *EventTimer

	// Timeout is how long a run may take, from when both versions are known. Zero means the test's time and what it
	// omits, the time of the EventTimer, and 10 s with 20 round trips to the slower host; a test by Bytes or Blocks
	// gets 10 minutes in place of its time.
	Timeout time.Duration

	// Install is called for a host that lacks Program, and returns the path of a program that it has put there, which
	// this run then uses on that host. It has 5 minutes, and is called for one host at a time. native.Install is made
	// for it. Nil: a host without Program is an error.
	Install func(ctx context.Context, h HostSSH) (program string, err error)

	// Retries is how often Run tries again when the server is busy or its port is in use, after a moment each time.
	// Zero means twice, a negative number never. Result.Attempts tells how often it was tried, and its Warnings why.
	// Where other programs test between the same hosts at the same port, 30 or so let each wait for its turn; with
	// Server.AutoPort none has to wait.
	Retries int

	// NoPath turns off the evidence of the path that the traffic took: no host is asked for it, End.Path is nil and
	// Result.Limit unknown. False: both hosts are asked, beside the test and without a further round trip.
	NoPath bool

	// OnInterval is called with every interval as soon as it is read, one call at a time. It should return quickly:
	// the output of both ends waits for it, and so does Run. It may end the run by its context, and start others. Nil:
	// not called.
	OnInterval func(Role, report.Interval)

	// OnIntervalPair is called with every interval of a direction as soon as both ends have reported it: the receiver's rate
	// with the sender's retransmits or the receiver's loss. An interval that only one end reports comes with the next
	// one of that end. Its calls, and those of OnInterval, come one at a time and should return quickly. Nil: not called.
	OnIntervalPair func(IntervalPair)

	// Logger is told of each step at debug level, and of what a Metric tries again as a warning. Records of a run have its
	// name as "run" and its "direction". Nil: discarded.
	Logger *slog.Logger
}

// Downstream measures traffic that arrives at the device under test. It is Run(ctx, Downstream, name).
func (x *Iperf) Downstream(ctx context.Context, name string) (*Result, error) {
	return x.Run(ctx, Downstream, name)
}

// Upstream measures traffic that leaves the device under test. It is Run(ctx, Upstream, name).
func (x *Iperf) Upstream(ctx context.Context, name string) (*Result, error) {
	return x.Run(ctx, Upstream, name)
}

func (x *Iperf) program() string { return cmp.Or(x.Program, "iperf3") }

func (x *Iperf) logger() *slog.Logger {
	if x.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return x.Logger
}

// logging returns x with those attributes in each record of its Logger.
func (x *Iperf) logging(args ...any) *Iperf {
	if x.Logger == nil {
		return x
	}
	with := *x
	with.Logger = x.Logger.With(args...)
	return &with
}

// connectTime is how long a client may try to connect to its server.
const connectTime = 5 * time.Second

// installing is how long Install may take.
const installing = 5 * time.Minute

// timeout is how long a run may take on hosts that answer within rtt.
func (x *Iperf) timeout(rtt time.Duration) time.Duration {
	if x.Timeout > 0 {
		return x.Timeout
	}
	test, closed := x.Client.duration()
	if !closed {
		test = 10 * time.Minute
	}
	return test + x.EventTimer.limit() + 10*time.Second + 20*rtt
}
