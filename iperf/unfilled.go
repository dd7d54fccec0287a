package iperf

import (
	"fmt"

	"github.com/tunaperf/tuna/iperf/report"
)

// unfilled returns what a caller's Parser has left out of a report although the runner needs it.
func unfilled(c *ClientSettings, role Role, rep *report.Report) (all []error) {
	if rep == nil || rep.Err != nil {
		return nil
	}
	warn := func(format string, args ...any) {
		all = append(all, fmt.Errorf("Iperf.Parser: the %v's report "+format, append([]any{role}, args...)...))
	}
	if rep.Forward == nil && rep.Reverse == nil {
		warn("has neither Forward nor Reverse")
	} else if rep.Protocol != c.protocol() {
		warn("has Protocol %v, but the test is of %v", rep.Protocol, c.protocol())
	}
	for _, way := range []struct {
		name string
		flow *report.Flow
	}{{"Forward", rep.Forward}, {"Reverse", rep.Reverse}} {
		if way.flow == nil {
			continue
		}
		for n, i := range way.flow.Intervals {
			switch {
			case i.End <= i.Start:
				warn("has %s.Intervals[%d] without a time: End is %v, Start %v", way.name, n, i.End, i.Start)
			case i.Bytes > 0 && i.Rate == 0:
				warn("has %s.Intervals[%d] without a Rate, but with %d bytes", way.name, n, i.Bytes)
			default:
				continue
			}
			break // one of a kind says enough
		}
	}
	return all
}
