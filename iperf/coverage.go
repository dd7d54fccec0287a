package iperf

import (
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// coverage tells when what the bandwidth is from covers much less time than the test was to take, or more. An iperf 2
// that somebody ends by a signal exits with 0 and prints what it has as if that was all: the rate is good, if of less.
// Some that lost their client print a total over hours: where the run cannot have lasted so long, that is no bandwidth.
func (res *Result) coverage(c *ClientSettings, limit time.Duration) (warning, err error) {
	rep := map[Role]*report.Report{RoleClient: res.Client, RoleServer: res.Server}[res.Source.Role]
	if rep == nil || c.Bytes > 0 || c.Blocks > 0 || c.Bounceback.Enable {
		return nil, nil
	}
	flow := rep.Forward
	if res.Reversed && rep.Reverse != nil {
		flow = rep.Reverse
	}
	if flow == nil {
		return nil, nil
	}
	covered, known := span(flow, res.Source)
	slack := max(c.time()/10, c.interval()+500*time.Millisecond)
	switch {
	case !known:
	case covered < c.time()-slack:
		warning = fmt.Errorf("%w: the bandwidth is of %v in place of %v", ErrIncomplete, covered, c.time())
	case covered > limit:
		err = fmt.Errorf("%w: what it would be from is said to be of %v in place of %v", ErrNoBandwidth, covered, c.time())
	case covered > 2*c.time()+slack:
		warning = fmt.Errorf("%w: the bandwidth is said to be of %v in place of %v", ErrIncomplete, covered, c.time())
	}
	return warning, err
}

// span is how much time the numbers of a source cover.
func span(flow *report.Flow, source Source) (time.Duration, bool) {
	if source.Intervals > 0 {
		var from, to time.Duration
		found := false
		for _, i := range flow.Intervals {
			if i.Omitted {
				continue
			}
			if !found {
				from, found = i.Start, true
			}
			to = max(to, i.End)
		}
		return to - from, found
	}
	for _, t := range []*report.Total{flow.Received, flow.Unlabelled, flow.Sent} {
		if t != nil {
			return t.End - t.Start, t.End > t.Start
		}
	}
	return 0, false
}
