package iperf

import (
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// cutShort returns the error of each program of iperf 2 that ended before its time without an error: it exits with 0 after
// TERM or INT, and prints what it has as if that was all. iperf 3 reports both.
func (res *Result) cutShort(client, server *process) (clientErr, serverErr error) {
	c := &client.shared.x.Client
	if res.ClientEnd.Version.Major >= 3 || c.amount() || c.Bounceback.Enable {
		return nil, nil
	}
	slack := max(c.time()/10, 250*time.Millisecond)
	short := func(p *process, slack time.Duration) error {
		d, known := reportedTime(p.report)
		if !known || d >= c.time()-slack {
			return nil
		}
		return p.failure(fmt.Errorf("%w; %w: it reports %v in place of %v", ErrInterrupted, ErrIncomplete, d, c.time()), p.stderr.String())
	}
	// A server is short too if its client stopped sending, but then it does not end before the client does.
	left := client.end.Start.Add(client.end.Elapsed).Sub(server.end.Start.Add(server.end.Elapsed))
	if left > slack {
		serverErr = short(server, c.interval()+slack)
	}
	if said := client.complaint(); isAny(said, ErrPeerLost) {
		return said, serverErr
	}
	if serverErr == nil { // otherwise the client had nothing more to receive
		clientErr = short(client, slack)
	}
	return clientErr, serverErr
}

// reportedTime returns the time that an end's report covers, with omitted intervals; false: it has none.
func reportedTime(rep *report.Report) (d time.Duration, known bool) {
	if rep == nil {
		return 0, false
	}
	for _, f := range []*report.Flow{rep.Forward, rep.Reverse} {
		if f == nil {
			continue
		}
		for _, i := range f.Intervals {
			d = max(d, i.End)
		}
		for _, t := range []*report.Total{f.Sent, f.Received, f.Unlabelled} {
			if t != nil {
				d = max(d, t.End)
			}
		}
	}
	return d, d > 0
}

// coverage returns a warning if the numbers of a bandwidth cover much less time than the test was to take, or more. Some
// servers of iperf 2 that lost their client print a total over hours: that is no bandwidth if the run cannot have lasted so
// long.
func (b basis) coverage(c *ClientSettings, limit time.Duration) (warning, err error) {
	if c.amount() || c.Bounceback.Enable {
		return nil, nil
	}
	covered, known := b.span()
	slack := max(c.time()/10, c.interval()+500*time.Millisecond)
	longest := 2*c.time() + slack // what TCP has in its buffers at the end has yet to arrive
	if c.protocol() == report.ProtocolUDP {
		longest = c.time() + slack + time.Second
	}
	switch {
	case !known:
	case covered < c.time()-slack:
		warning = fmt.Errorf("%w: the bandwidth is of %v in place of %v", ErrIncomplete, covered, c.time())
	case covered > limit:
		err = fmt.Errorf("%w: what it would be from is said to be of %v in place of %v", ErrNoBandwidth, covered, c.time())
	case covered > longest:
		warning = fmt.Errorf("%w: the bandwidth is said to be of %v in place of %v", ErrIncomplete, covered, c.time())
	}
	return warning, err
}

// span returns how much time the numbers cover.
func (b basis) span() (time.Duration, bool) {
	if b.total != nil {
		return b.total.End - b.total.Start, b.total.End > b.total.Start
	}
	if b.flow == nil {
		return 0, false
	}
	var from, to time.Duration
	found := false
	for _, i := range b.flow.Intervals {
		if i.Omitted || len(b.spans) > 0 && i.End <= b.spans[0].Start {
			continue
		}
		if !found {
			from, found = i.Start, true
		}
		to = max(to, i.End)
	}
	if found && len(b.spans) > 0 {
		from = max(from, b.spans[0].Start)
	}
	return to - from, found
}
