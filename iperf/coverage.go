package iperf

import (
	"errors"
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// coverage tells when what a bandwidth is from covers much less time than the test was to take, or more. An iperf 2
// that somebody ends by a signal exits with 0 and prints what it has as if that was all: the rate is good, if of less.
// Some that lost their client print a total over hours: where the run cannot have lasted so long, that is no bandwidth.
func (b basis) coverage(c *ClientSettings, limit time.Duration) (warning, err error) {
	if c.Bytes > 0 || c.Blocks > 0 || c.Bounceback.Enable {
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

// span is how much time the numbers cover.
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

// idle tells when streams carried nothing while others did: the bandwidth is of fewer than were asked for. An iperf 2
// that sends UDP in reverse often leaves some of its streams out.
func (b basis) idle(c *ClientSettings) error {
	if b.flow == nil || len(b.flow.Streams) == 0 || c.SumOnly || c.Bounceback.Enable {
		return nil
	}
	busy := 0
	for _, s := range b.flow.Streams {
		if carried(s) {
			busy++
		}
	}
	if want := max(1, c.Parallel); busy > 0 && busy < want {
		return fmt.Errorf("%d of %d streams carried nothing: the bandwidth is of the others", want-busy, want)
	}
	return nil
}

func carried(s report.Stream) bool {
	for _, t := range []*report.Total{s.Received, s.Unlabelled, s.Sent} {
		if t != nil && t.Bytes > 0 {
			return true
		}
	}
	for _, i := range s.Intervals {
		if i.Bytes > 0 {
			return true
		}
	}
	return false
}

// disagreement tells when the ends cannot have reported the same test, of one way: when more was received than sent, or
// when a sender was told by its receiver of something else than that itself reports. What the ends leave out of a test
// may begin and end at different moments, so nothing is compared then.
func (res *Result) disagreement(c *ClientSettings, reverse bool) error {
	if c.Omit > 0 {
		return nil
	}
	sender, receiver := endOf(RoleClient, res.Client, reverse), endOf(RoleServer, res.Server, reverse)
	if reverse {
		sender, receiver = receiver, sender
	}
	received, sent, told := receiver.flow.Received, sender.flow.Sent, sender.flow.Received
	const slack = 256 << 10 // and some of the rest, as numbers are printed with three digits
	differ := func(less, more int64) bool { return more-less > slack+less/50 }
	switch {
	case received == nil:
	case told != nil && (differ(received.Bytes, told.Bytes) || differ(told.Bytes, received.Bytes)):
		return fmt.Errorf("the %v reports %d bytes received, and the %v was told of %d: their reports may not be of the same test",
			receiver.role, received.Bytes, sender.role, told.Bytes)
	case sent != nil && differ(sent.Bytes, received.Bytes):
		return fmt.Errorf("the %v reports %d bytes received, and the %v %d sent: their reports may not be of the same test",
			receiver.role, received.Bytes, sender.role, sent.Bytes)
	}
	return nil
}

// oddities are what is odd about the numbers of a run that did not fail, beside their coverage.
func (res *Result) oddities(c *ClientSettings, from basis) []error {
	odd := []error{from.idle(c), res.disagreement(c, false), res.disagreement(c, true)}
	if res.Source.Sender {
		odd = append(odd, errors.New("the receiver reported nothing: the bandwidth is the sender's, which counts what it put into its socket buffer"))
	}
	if c.bothWays() && res.OppositeSource == (Source{}) {
		odd = append(odd, errors.New("both ends were to send, and the other way was not reported"))
	}
	var all []error
	for _, err := range odd {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}
