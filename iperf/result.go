package iperf

import (
	"fmt"
	"math"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A Result is what one run found, with everything behind it. A run that failed after its client started gives what it
// has together with an error.
type Result struct {
	Name      string // as given to Run
	Direction Direction

	// Bandwidth is the Aggregator's reduction of the receiving end's intervals, without omitted ones and the short
	// tail. Without intervals it is the receiver's total. There is none when the error wraps ErrNoBandwidth.
	Bandwidth report.BitRate
	Source    Source // where Bandwidth is from
	Reversed  bool   // the server sent it, and the client received

	// Opposite is the bandwidth of the other way in a test in which both ends send. Zero: none, or not reported.
	Opposite       report.BitRate
	OppositeSource Source

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
	Intervals int  // how many intervals; zero: the total
}

// String gives for example "10 intervals of the receiver in the server's report".
func (s Source) String() string {
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
}

// aggregate makes the bandwidths of the reports.
func (res *Result) aggregate(aggregator Aggregator) (err error) {
	res.Bandwidth, res.Source, err = finite(bandwidth(res.Client, res.Server, res.Reversed, aggregator))
	// Not reported is no error: most tests go one way.
	res.Opposite, res.OppositeSource, _ = finite(bandwidth(res.Client, res.Server, !res.Reversed, aggregator))
	return err
}

// finite makes an error of what a caller's Aggregator may give.
func finite(rate report.BitRate, source Source, err error) (report.BitRate, Source, error) {
	if f := float64(rate); math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, Source{}, fmt.Errorf("%w: the Aggregator gives %v", ErrNoBandwidth, f)
	}
	return rate, source, err
}

// bandwidth finds the rate that can be trusted most, and says where it is from. Of UDP the sender's rate says nothing
// about what arrived, so it is never taken.
func bandwidth(client, server *report.Report, reverse bool, aggregate Aggregator) (report.BitRate, Source, error) {
	type end struct {
		role Role
		rep  *report.Report
	}
	sender, receiver := end{RoleClient, client}, end{RoleServer, server}
	if reverse {
		sender, receiver = receiver, sender
	}
	flow := func(e end) *report.Flow {
		switch {
		case e.rep == nil:
			return &report.Flow{}
		case reverse && e.rep.Reverse != nil:
			return e.rep.Reverse
		case !reverse && e.rep.Forward != nil:
			return e.rep.Forward
		}
		return &report.Flow{}
	}
	received, sent := flow(receiver), flow(sender)
	rates, whole := countedRates(received.Intervals)
	if whole {
		return aggregate(rates), Source{Role: receiver.role, Intervals: len(rates)}, nil
	}
	// What TCP carried has arrived. A receiver that iperf 3 ended before it had read anything has counted 0 all the same.
	tcp := sender.rep != nil && sender.rep.Protocol == report.ProtocolTCP
	if t := received.Received; tcp && t != nil && t.Bytes == 0 && sent.Sent != nil && sent.Sent.Bytes > 0 {
		return 0, Source{}, fmt.Errorf("%w: the test was over before its receiver had counted anything", ErrNoBandwidth)
	}
	if len(rates) > 0 {
		return aggregate(rates), Source{Role: receiver.role, Intervals: len(rates)}, nil
	}
	if t := received.Received; t != nil {
		return t.Rate, Source{Role: receiver.role}, nil
	}
	// Some formats name no side. In the receiver's own output it is the receiver's, unless it is a zero that stands for
	// the other side's count.
	if t := received.Unlabelled; t != nil && t.Rate > 0 {
		return t.Rate, Source{Role: receiver.role}, nil
	}
	if t := sent.Received; t != nil { // what the receiver told the sender
		return t.Rate, Source{Role: sender.role}, nil
	}
	if tcp {
		if rates, _ := countedRates(sent.Intervals); len(rates) > 0 {
			return aggregate(rates), Source{Role: sender.role, Sender: true, Intervals: len(rates)}, nil
		}
		if t := sent.Sent; t != nil {
			return t.Rate, Source{Role: sender.role, Sender: true}, nil
		}
	}
	return 0, Source{}, ErrNoBandwidth
}

// countedRates are the rates of the intervals that count. A short tail says little about the rate, but of a test that
// is shorter than one interval, which has no whole ones, it is all there is.
func countedRates(intervals []report.Interval) (rates []report.BitRate, whole bool) {
	var short []report.BitRate
	for _, i := range intervals {
		switch {
		case i.Omitted:
		case i.Short:
			short = append(short, i.Rate)
		default:
			rates = append(rates, i.Rate)
		}
	}
	if len(rates) == 0 {
		return short, false
	}
	return rates, true
}
