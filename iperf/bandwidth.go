package iperf

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A basis is what a bandwidth is made from: intervals of a flow or, where there are none, a total.
type basis struct {
	source Source
	flow   *report.Flow     // that they are in
	rates  []report.BitRate // of the intervals that count
	total  *report.Total    // where there are none
}

// aggregate makes the bandwidths of the reports. It returns what the first of them is made from.
func (res *Result) aggregate(aggregator Aggregator) (from basis, err error) {
	from, err = findBasis(res.Client, res.Server, res.Reversed)
	if err == nil {
		res.Bandwidth, err = from.rate(aggregator)
	}
	if err == nil {
		res.Source = from.source
	}
	// Not reported is no error: most tests go one way.
	if other, err := findBasis(res.Client, res.Server, !res.Reversed); err == nil {
		if rate, err := other.rate(aggregator); err == nil {
			res.Opposite, res.OppositeSource = rate, other.source
		}
	}
	return from, err
}

// rate is the bandwidth. A caller's Aggregator may give what is none.
func (b basis) rate(aggregate Aggregator) (report.BitRate, error) {
	if b.total != nil {
		return b.total.Rate, nil
	}
	rate := aggregate(b.rates)
	if f := float64(rate); math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("%w: the Aggregator gives %v", ErrNoBandwidth, f)
	}
	return rate, nil
}

// findBasis finds the numbers that can be trusted most, and says where they are from. Of UDP the sender's say nothing
// about what arrived, so they are never taken.
func findBasis(client, server *report.Report, reverse bool) (basis, error) {
	sender, receiver := endOf(RoleClient, client, reverse), endOf(RoleServer, server, reverse)
	if reverse {
		sender, receiver = receiver, sender
	}
	received, sent := receiver.flow, sender.flow
	if sender.knowsNothing() && receiver.gotNothing() {
		return basis{}, fmt.Errorf("%w: nothing was received, and the sender reports no test", ErrNoBandwidth)
	}
	rates, whole := countedRates(received.Intervals)
	if whole {
		return receiver.intervals(rates, false), nil
	}
	// What TCP carried has arrived. A receiver that iperf 3 ended before it had read anything has counted 0 all the same.
	if t := received.Received; sender.tcp && t != nil && t.Bytes == 0 && sent.Sent != nil && sent.Sent.Bytes > 0 {
		return basis{}, fmt.Errorf("%w: the test was over before its receiver had counted anything", ErrNoBandwidth)
	}
	if len(rates) > 0 {
		return receiver.intervals(rates, false), nil
	}
	if t := received.Received; t != nil {
		return receiver.total(t, false), nil
	}
	// Some formats name no side. In the receiver's own output it is the receiver's, unless it is a zero that stands for
	// the other side's count.
	if t := received.Unlabelled; t != nil && t.Rate > 0 {
		return receiver.total(t, false), nil
	}
	if t := sent.Received; t != nil { // what the receiver told the sender
		return sender.total(t, false), nil
	}
	if sender.tcp {
		if rates, _ := countedRates(sent.Intervals); len(rates) > 0 {
			return sender.intervals(rates, true), nil
		}
		if t := sent.Sent; t != nil {
			return sender.total(t, true), nil
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

func (s side) intervals(rates []report.BitRate, sender bool) basis {
	return basis{Source{Role: s.role, Sender: sender, Intervals: len(rates)}, s.flow, rates, nil}
}

func (s side) total(t *report.Total, sender bool) basis {
	return basis{Source{Role: s.role, Sender: sender}, s.flow, nil, t}
}

// countedRates are the rates of the intervals that count. A short tail says little about the rate, but of a test that
// is shorter than one interval, which has no whole ones, it is all there is.
func countedRates(intervals []report.Interval) (rates []report.BitRate, whole bool) {
	var short []report.BitRate
	usual := usualLength(intervals)
	for _, i := range intervals {
		switch {
		case i.Omitted:
		case i.Short && (i.End-i.Start)*10 < usual*9:
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

// usualLength is how long the intervals are in most of their time. A first one that came late, as on a machine that is
// busy, does not make the others short. Where all are short, or none has a length, that is as it is.
func usualLength(intervals []report.Interval) time.Duration {
	var lengths []time.Duration
	var all time.Duration
	short := 0
	for _, i := range intervals {
		if i.Omitted {
			continue
		}
		if i.Short {
			short++
		}
		lengths = append(lengths, i.End-i.Start)
		all += i.End - i.Start
	}
	if short == len(lengths) || all == 0 {
		return math.MaxInt64 / 9
	}
	slices.Sort(lengths)
	for _, l := range lengths {
		if all -= 2 * l; all <= 0 {
			return l
		}
	}
	return 0
}
