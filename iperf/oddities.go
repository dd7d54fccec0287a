package iperf

import (
	"errors"
	"fmt"

	"github.com/tunaperf/tuna/iperf/report"
)

// oddities are what is odd about the numbers of a run that did not fail, beside their coverage.
func (res *Result) oddities(c *ClientSettings, from basis) []error {
	odd := []error{from.zero, from.atLeast(res), from.idle(c), res.disagreement(c, false), res.disagreement(c, true)}
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

// atLeast returns a warning if the bandwidth is of a time for only a part of which data moved.
func (b basis) atLeast(res *Result) error {
	_, d := b.carried()
	if !b.partly || d <= 0 {
		return nil
	}
	return fmt.Errorf("%v does not show for how much of %v data moved: the bandwidth is %v or more, and shorter intervals or more data would tell",
		res.ClientEnd.Version, d, res.Bandwidth)
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
