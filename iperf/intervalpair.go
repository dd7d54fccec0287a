package iperf

import (
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// An IntervalPair is one interval of a running test in one direction, as both ends counted it.
type IntervalPair struct {
	Reverse  bool             // iperf's server sends
	Sender   *report.Interval // of the sending end; nil: it reported none of that time
	Receiver *report.Interval // of the receiving end; nil: it reported none of that time
}

// Rate returns the rate of the receiving end, or that of the sending end if the receiving one
// reported none.
func (p IntervalPair) Rate() report.BitRate {
	switch {
	case p.Receiver != nil:
		return p.Receiver.Rate
	case p.Sender != nil:
		return p.Sender.Rate
	}
	return 0
}

// Retransmits returns how many TCP segments the sending end sent again. ok is false if it did not
// report that.
func (p IntervalPair) Retransmits() (n int64, ok bool) {
	if i := p.Sender; i != nil && i.TCP != nil && i.TCP.Has.Has(report.Retransmits) {
		return i.TCP.Retransmits, true
	}
	return 0, false
}

// Loss returns how many of how many datagrams the receiving end missed. ok is false if it did not
// report that.
func (p IntervalPair) Loss() (lost, packets int64, ok bool) {
	const both = report.Lost | report.Packets
	if i := p.Receiver; i != nil && i.UDP != nil && i.UDP.Has.Has(both) {
		return i.UDP.Lost, i.UDP.Packets, true
	}
	return 0, 0, false
}

// A pairing joins the intervals of both ends as they come. Its session's mu must be held.
type pairing struct {
	each    func(IntervalPair)   // nil: nothing is joined
	running [3]bool              // by Role: the end may report more
	spoke   [2][3]bool           // by direction and Role: the end has reported an interval
	waiting [2][]report.Interval // by direction: of one end, until the other reports the same time
	of      [2]Role              // by direction: the end that those are of
}

// maxWaiting is how many intervals of one end wait for those of the other. If that has reported
// none yet, only one does.
const maxWaiting = 8

// begin notes that an end was started.
func (p *pairing) begin(r Role) { p.running[r] = true }

func otherEnd(r Role) Role { return RoleClient + RoleServer - r }

// take takes an interval that an end has reported just now.
func (p *pairing) take(r Role, i report.Interval) {
	if p.each == nil {
		return
	}
	d := 0
	if i.Reverse {
		d = 1
	}
	p.spoke[d][r] = true
	for len(p.waiting[d]) > 0 && p.of[d] != r {
		other := p.waiting[d][0]
		if !sameTime(&other, &i) && isLater(&other, &i) {
			p.give(r, &i, nil)
			return
		}
		p.waiting[d] = p.waiting[d][1:]
		if sameTime(&other, &i) {
			p.give(r, &i, &other)
			return
		}
		p.give(p.of[d], &other, nil)
	}
	if !p.running[otherEnd(r)] {
		p.give(r, &i, nil)
		return
	}
	p.of[d] = r
	p.waiting[d] = append(p.waiting[d], kept(i))
	if n := len(p.waiting[d]); n > maxWaiting || n > 1 && !p.spoke[d][otherEnd(r)] {
		p.give(r, &p.waiting[d][0], nil)
		p.waiting[d] = p.waiting[d][1:]
	}
}

// end notes that an end reports nothing more, so that nothing waits for it.
func (p *pairing) end(r Role) {
	p.running[r] = false
	if p.each == nil {
		return
	}
	for d := range p.waiting {
		if p.of[d] == r && p.running[otherEnd(r)] {
			continue
		}
		for k := range p.waiting[d] {
			p.give(p.of[d], &p.waiting[d][k], nil)
		}
		p.waiting[d] = nil
	}
}

// give calls each with the interval of an end, and with that of the other one unless it is nil.
func (p *pairing) give(r Role, i, other *report.Interval) {
	out := IntervalPair{Reverse: i.Reverse, Sender: other, Receiver: i}
	if (r == RoleClient) != i.Reverse {
		out.Sender, out.Receiver = i, other
	}
	p.each(out)
}

// sameTime reports whether two intervals are of the same time of a test, by clocks that began
// apart.
func sameTime(a, b *report.Interval) bool {
	length := min(a.End-a.Start, b.End-b.Start)
	return a.Omitted == b.Omitted && 2*(a.End-b.End).Abs() < max(length, time.Millisecond)
}

// isLater reports whether a is of a later time than b. What is omitted comes first.
func isLater(a, b *report.Interval) bool {
	if a.Omitted != b.Omitted {
		return b.Omitted
	}
	return a.End > b.End
}

// kept returns an interval that shares nothing with the parser's.
func kept(i report.Interval) report.Interval {
	if i.TCP != nil {
		tcp := *i.TCP
		i.TCP = &tcp
	}
	if i.UDP != nil {
		udp := *i.UDP
		i.UDP = &udp
	}
	if i.Enhanced != nil {
		enhanced := *i.Enhanced
		i.Enhanced = &enhanced
	}
	return i
}
