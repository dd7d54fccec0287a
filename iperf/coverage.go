package iperf

import (
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// coverage tells when what a bandwidth is from covers much less time than the test was to take, or more. An iperf 2
// that somebody ends by a signal exits with 0 and prints what it has as if that was all: the rate is good, if of less.
// Some that lost their client print a total over hours: where the run cannot have lasted so long, that is no bandwidth.
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
