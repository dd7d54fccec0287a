package iperf

import (
	"errors"
	"fmt"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// nothing returns what is to be said of a bandwidth of which nothing, or hardly anything, has arrived. It is a bandwidth
// only if the sender sent: then the result is a warning, else an error that wraps ErrNoBandwidth.
func (res *Result) nothing(r reading, from basis) (warning, err error) {
	sender := endOf(RoleClient, res.Client, res.Reversed)
	if res.Reversed {
		sender = endOf(RoleServer, res.Server, res.Reversed)
	}
	bytes, d := from.carried()
	switch header := r.opening(); {
	case bytes > 0 && (r.client.protocol() != report.ProtocolTCP || bytes > header):
		if res.Bandwidth > 0 {
			return nil, nil
		}
		return fmt.Errorf("the bandwidth is 0 because some intervals carried nothing: %d bytes arrived in %v, which is %v on average",
			bytes, d, rateIn(bytes, d)), nil
	case bytes == 0 && res.Bandwidth > 0: // the output has no bytes
		return nil, nil
	case sender.sent() && r.sendingTime(sender) < leastCounted:
		return nil, fmt.Errorf("%w: the test was too short for its receiver to count anything, %v: look at Client.Bytes, Blocks or File, or set Time",
			ErrNoBandwidth, r.sendingTime(sender))
	case sender.sent():
		return errors.New("nothing arrived of what the sender sent: " + r.lost()), nil
	}
	return nil, fmt.Errorf("%w: nothing was sent: %s", ErrNoBandwidth, r.unsent())
}

// leastCounted is how long a sender must have sent before the receiver's 0 is a count. A receiver of iperf 3 stops when its
// control connection says that the test is over, though datagrams may be in its socket buffer.
const leastCounted = 100 * time.Millisecond

// sendingTime returns how long a sender sent: as long as its settings say, or its report if they say an amount.
func (r reading) sendingTime(sender side) (d time.Duration) {
	if !r.client.amount() {
		return r.client.time()
	}
	for _, i := range sender.flow.Intervals {
		if i.Bytes > 0 {
			d = max(d, i.End)
		}
	}
	for _, t := range []*report.Total{sender.flow.Sent, sender.flow.Unlabelled} {
		if t != nil {
			d = max(d, t.End-t.Start)
		}
	}
	return d
}

// carried returns how many bytes the basis is of, and their time.
func (b basis) carried() (bytes int64, d time.Duration) {
	if b.total != nil {
		return b.total.Bytes, b.total.End - b.total.Start
	}
	return carriedBy(b.spans)
}

// sent reports whether the end's own output has anything that it sent. TCP that got no block through has sent segments
// again.
func (s side) sent() bool {
	again := func(t *report.TCP) bool { return t != nil && t.Retransmits > 0 }
	for _, i := range s.flow.Intervals {
		if i.Bytes > 0 || again(i.TCP) {
			return true
		}
	}
	for _, t := range []*report.Total{s.flow.Sent, s.flow.Unlabelled} {
		if t != nil && (t.Bytes > 0 || t.Rate > 0 || again(t.TCP)) {
			return true
		}
	}
	return false
}

// lost returns what to look at if nothing arrived.
func (r reading) lost() string {
	c := &r.client
	switch c.protocol() {
	case report.ProtocolUDP:
		if c.Length > 0 {
			return fmt.Sprintf("datagrams of Client.Length %d may not fit the path's MTU, or a firewall drops UDP", c.Length)
		}
		return "datagrams may not fit the path's MTU (Client.Length makes them smaller), or a firewall drops UDP"
	case report.ProtocolTCP:
		return "segments may not fit the path's MTU (Client.MSS makes them smaller), or a firewall drops them"
	}
	return "a firewall may drop it"
}

// unsent returns what to look at if nothing was sent.
func (r reading) unsent() string {
	c := &r.client
	switch {
	case c.DontFragment:
		return fmt.Sprintf("with Client.DontFragment a datagram of Client.Length %d must fit the MTU with 28 bytes of headers", c.Length)
	case c.Rate > 0:
		return fmt.Sprintf("look at Client.Rate %v for blocks of %d bytes, and at the sender's route and firewall", c.Rate, r.block)
	}
	return "look at Client.Length, and at the sender's MTU, route and firewall"
}
