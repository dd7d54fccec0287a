package iperf

import (
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A Result is what one run found, with everything behind it. A run that failed after its client started gives what it
// has together with an error.
type Result struct {
	Name      string // as given to Run
	Direction Direction

	// Bandwidth is the Aggregator's reduction of the receiving end's intervals, or the receiver's total if it reported no
	// intervals. It is of the time in which data moved:
	//   - Omitted intervals and a short tail do not count.
	//   - After a TxDelayTime or TxStartTime, it begins with the first interval that is full of data.
	//   - iperf 3.16 and later look only at the end of an interval whether Bytes, Blocks or File are sent. The interval
	//     in which they ended counts only if there is no other. A warning then says that the bandwidth is a lower bound.
	//     Neither does a first interval that is clearly less full than the second.
	//   - Intervals of an amount that are shorter than the caller asked for are joined to a second, and those that differ
	//     by whole blocks are joined until they hold about ten.
	//
	// An interval without data in between counts as such. A bandwidth of 0 comes with a warning, and only if the sender
	// sent. There is none if the error wraps ErrNoBandwidth.
	Bandwidth report.BitRate
	Source    Source // where Bandwidth is from
	Reversed  bool   // the server sent it, and the client received

	// Opposite is the bandwidth of the other way in a test in which both ends send. nil: none, or not reported.
	Opposite       *report.BitRate
	OppositeSource Source

	Limit Limit // what held the rate back; unknown without a bandwidth, or with Iperf.NoPath
	Loss  *Loss // where a test of UDP lost datagrams; nil: another protocol, or not reported

	Client, Server       *report.Report // what each end reported; nil: nothing
	ClientEnd, ServerEnd End            // how each end ran
	Manifest             string         // the name of the file that tells all this; empty: the FileStorage keeps none

	Start    time.Time     // of the last attempt
	Elapsed  time.Duration // until everything was over
	Attempts int           // how often it was tried; see Iperf.Retries
	Warnings []error       // what was odd, but did not fail the run, and failed attempts; the reports' own stand there
}

// A Source says which numbers a Bandwidth was made from.
type Source struct {
	Role      Role // whose report
	Sender    bool // the sender's count, as the receiver's did not come (TCP only, and with a warning); false: the receiver's
	Intervals int  // how many intervals, joined ones counted once; zero: the total
}

// String gives for example "10 intervals of the receiver in the server's report". The zero Source, where there is no
// bandwidth, is "nothing".
func (s Source) String() string {
	if s.Role == 0 {
		return "nothing"
	}
	side, what := "receiver", "total"
	if s.Sender {
		side = "sender"
	}
	switch {
	case s.Intervals == 1:
		what = "1 interval"
	case s.Intervals > 1:
		what = fmt.Sprintf("%d intervals", s.Intervals)
	}
	return fmt.Sprintf("%s of the %s in the %v's report", what, side, s.Role)
}

// An End is how one end of a run was run.
type End struct {
	Host          string // what the host calls itself
	Addr          string // its address for test traffic
	System        string // what uname -a printed there; empty: nothing, or no manifest was wanted
	Version       Version
	Argv          []string      // the program and its arguments
	Command       string        // the same as the host's shell got it
	File          string        // the name of the file with its stdout; empty: not kept
	ErrFile       string        // the name of the file with its stderr; empty: it printed nothing there, or not kept
	IntervalsFile string        // the name of the CSV of its intervals; empty: not kept
	ExitStatus    int           // -1: it did not exit by itself
	Start         time.Time     // when it was started
	Elapsed       time.Duration // until its output was complete
	Phases        Phases        // where its time went
	Path          *Path         // what its kernel showed of the path to the other end; nil: unknown, or Iperf.NoPath
}
