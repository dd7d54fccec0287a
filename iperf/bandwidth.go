package iperf

import (
	"fmt"

	"github.com/tunaperf/tuna/iperf/report"
)

// A basis is what a bandwidth is made from: intervals of a flow or, if there are none, a total.
type basis struct {
	source Source
	flow   *report.Flow // that they are in
	moved               // the intervals that count
	total  *report.Total
	zero   error // what is to be said if nothing arrived
}

// aggregate makes the bandwidths of the reports. It returns what the first of them is made from.
func (res *Result) aggregate(r reading, aggregator Aggregator) (from basis, err error) {
	from, err = r.findBasis(res.Client, res.Server, res.Reversed)
	if err == nil {
		res.Bandwidth, err = from.rate(aggregator)
	}
	if err == nil {
		from.zero, err = res.nothing(r, from)
	}
	if err == nil {
		res.Source = from.source
	} else {
		res.Bandwidth = 0
	}
	// Not reported is no error: most tests go one way.
	if other, err := r.findBasis(res.Client, res.Server, !res.Reversed); err == nil {
		if rate, err := other.rate(aggregator); err == nil {
			res.Opposite, res.OppositeSource = &rate, other.source
		}
	}
	return from, err
}

// rate returns the bandwidth. A caller's Parser may have filled in rates that are none.
func (b basis) rate(aggregate Aggregator) (report.BitRate, error) {
	if b.total != nil {
		return b.total.Rate, b.possible(b.total.Rate)
	}
	rates := make([]report.BitRate, len(b.spans))
	for i, s := range b.spans {
		if err := b.possible(s.Rate); err != nil {
			return 0, err
		}
		rates[i] = s.Rate
	}
	return aggregate.of("Iperf.Aggregator", rates)
}

func (b basis) possible(r report.BitRate) error {
	if isRate(r) {
		return nil
	}
	return fmt.Errorf("%w: the %v's report has the rate %v: must be 0 or more and finite", ErrNoBandwidth, b.source.Role, float64(r))
}

// findBasis finds the numbers that can be trusted most, and says where they are from. Of UDP the sender's say nothing
// about what arrived, so they are never taken.
func (r reading) findBasis(client, server *report.Report, reverse bool) (basis, error) {
	sender, receiver := endOf(RoleClient, client, reverse), endOf(RoleServer, server, reverse)
	if reverse {
		sender, receiver = receiver, sender
	}
	received, sent := receiver.flow, sender.flow
	if sender.knowsNothing() && receiver.gotNothing() {
		return basis{}, fmt.Errorf("%w: nothing was received, and the sender reports no test", ErrNoBandwidth)
	}
	arrived := r.moved(received.Intervals)
	if arrived.whole && len(arrived.spans) > 0 {
		return receiver.intervals(arrived, false), nil
	}
	// What TCP carried has arrived. A receiver that iperf 3 ended before it had read anything has counted 0 all the same.
	if t := received.Received; sender.tcp && t != nil && t.Bytes == 0 && sent.Sent != nil && sent.Sent.Bytes > 0 {
		return basis{}, fmt.Errorf("%w: the test was over before its receiver had counted anything", ErrNoBandwidth)
	}
	if len(arrived.spans) > 0 {
		return receiver.intervals(arrived, false), nil
	}
	if t := received.Received; t != nil {
		return r.total(receiver, t, false), nil
	}
	// Some formats name no side. In the receiver's own output it is the receiver's, unless it is a zero that stands for
	// the other side's count.
	if t := received.Unlabelled; t != nil && t.Rate > 0 {
		return r.total(receiver, t, false), nil
	}
	if t := sent.Received; t != nil { // what the receiver told the sender
		return r.total(sender, t, false), nil
	}
	if sender.tcp {
		if left := r.moved(sent.Intervals); len(left.spans) > 0 {
			return sender.intervals(left, true), nil
		}
		if t := sent.Sent; t != nil {
			return r.total(sender, t, true), nil
		}
	}
	return basis{}, ErrNoBandwidth
}

// A side is what one end reported of one way.
type side struct {
	role     Role
	flow     *report.Flow // never nil
	tcp      bool
	reported bool
}

func endOf(role Role, rep *report.Report, reverse bool) side {
	s := side{role: role, flow: &report.Flow{}}
	if rep == nil {
		return s
	}
	s.tcp, s.reported = rep.Protocol == report.ProtocolTCP, true
	flow := rep.Forward
	if reverse {
		flow = rep.Reverse
	}
	if flow != nil {
		s.flow = flow
	}
	return s
}

// knowsNothing reports whether the end's own output has nothing of a test: no packet has reached a server of UDP, which
// was to send.
func (s side) knowsNothing() bool {
	f := s.flow
	return s.reported && len(f.Intervals) == 0 && f.Sent == nil && f.Received == nil && f.Unlabelled == nil
}

// gotNothing reports whether everything that the end reports is zero.
func (s side) gotNothing() bool {
	for _, i := range s.flow.Intervals {
		if i.Bytes > 0 || i.Rate > 0 {
			return false
		}
	}
	for _, t := range []*report.Total{s.flow.Received, s.flow.Unlabelled} {
		if t != nil && (t.Bytes > 0 || t.Rate > 0) {
			return false
		}
	}
	return true
}

func (s side) intervals(m moved, sender bool) basis {
	return basis{source: Source{Role: s.role, Sender: sender, Intervals: len(m.spans)}, flow: s.flow, moved: m}
}

// total returns the basis of a total. The delay before a receiver's data is no part of its time. When an amount was sent
// within the last interval is unknown.
func (r reading) total(s side, t *report.Total, sender bool) basis {
	b := basis{source: Source{Role: s.role, Sender: sender}, flow: s.flow, total: t}
	b.partly = r.idles || !sender && !r.client.TxStartTime.IsZero()
	if d := r.client.TxDelayTime; d > 0 && !sender && t.End-t.Start > d {
		after := *t
		after.Start, after.Rate = t.Start+d, rateIn(t.Bytes, t.End-t.Start-d)
		b.total = &after
	}
	return b
}
