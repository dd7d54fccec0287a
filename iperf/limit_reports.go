package iperf

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// flows returns the sides of the direction that the bandwidth is of.
func (res *Result) flows() (sender, receiver side) {
	sender, receiver = endOf(RoleClient, res.Client, res.Reversed), endOf(RoleServer, res.Server, res.Reversed)
	if res.Reversed {
		sender, receiver = receiver, sender
	}
	return sender, receiver
}

// receivedTotal returns the receiver's count, or nil.
func (res *Result) receivedTotal() *report.Total {
	sender, receiver := res.flows()
	t := receiver.flow.Received
	if t == nil && receiver.flow.Unlabelled != nil && receiver.flow.Unlabelled.Rate > 0 {
		t = receiver.flow.Unlabelled
	}
	if t == nil && len(receiver.flow.Intervals) == 0 {
		t = sender.flow.Received
	}
	return t
}

// reported reads duration, rate, bytes and pace.
func (s *signals) reported(res *Result, c *ClientSettings) {
	_, receiver := res.flows()
	if t := res.receivedTotal(); t != nil && t.End > t.Start {
		s.duration = exactly((t.End - t.Start).Seconds())
		s.rate, s.carried = exactly(float64(t.Rate)), exactly(float64(t.Bytes))
	} else {
		var bytes int64
		var took time.Duration
		for _, i := range receiver.flow.Intervals {
			if !i.Omitted {
				bytes, took = bytes+i.Bytes, took+i.End-i.Start
			}
		}
		if took > 0 {
			s.duration, s.carried = exactly(took.Seconds()), exactly(float64(bytes))
			s.rate = exactly(float64(rateIn(bytes, took)))
		}
	}
	s.pace = paceOf(res, c)
	rates, _ := fineRates(receiver.flow.Intervals)
	s.uneven = variationOf(rates)
}

// paceOf returns the rate that iperf was told to send at: infinite if there is none, unknown if it
// is not constant.
func paceOf(res *Result, c *ClientSettings) signal {
	n := float64(max(1, c.Parallel))
	if c.Bounceback.Enable || c.Isochronous != (Isochronous{}) || c.BurstSize > 0 || c.WorkingLoad != "" ||
		c.RateDeviation > 0 || c.NearCongestion > 0 {
		return signal{}
	}
	for o := range res.ClientEnd.Version.syntax().options(c.Extra) {
		for _, name := range []string{"bandwidth", "bitrate", "fq-rate", "burst-size", "isochronous", "bounceback", "ipg"} {
			if o.is('b', name) {
				return signal{}
			}
		}
	}
	pace := math.Inf(1)
	switch udp := c.protocol() == report.ProtocolUDP; {
	case c.Rate > 0:
		pace = float64(c.Rate)
	case c.PacketRate > 0 && c.Length > 0:
		pace = float64(c.PacketRate) * float64(c.Length) * 8
	case c.PacketRate > 0:
		return signal{}
	case udp && !c.Unlimited:
		pace = 1 << 20 // the default of iperf 2 and iperf 3
	}
	if c.FQRate > 0 {
		pace = math.Min(pace, float64(c.FQRate)*0.96) // the queue counts headers too
	}
	return exactly(pace * n)
}

// congestionOf returns the congestion control of the sender's data. The control connection may have
// another one.
func congestionOf(res *Result, c *ClientSettings, data sampled, from *evidence.Path) string {
	for _, sockets := range data.sockets {
		if name := sockets[0].CongestionControl; name != "" {
			return name
		}
	}
	rep := res.Client
	if res.Reversed {
		rep = res.Server
	}
	switch {
	case rep != nil && rep.Settings.Congestion != "":
		return rep.Settings.Congestion
	case c.Congestion != "":
		return c.Congestion
	case from != nil && len(c.Extra) == 0:
		return from.System.CongestionControl
	}
	return ""
}

// fromReports fills in what iperf itself printed of the sender's TCP, if the sockets are not known.
// Its least round trip has the test's own queue in it, so it bounds both signals only on one side.
func (s *signals) fromReports(res *Result, c *ClientSettings, from *evidence.Path) {
	sender, receiver := res.flows()
	var rtts, least []float64
	var again, bytes int64
	counted := false
	for _, i := range sender.flow.Intervals {
		if i.TCP == nil {
			continue
		}
		if i.TCP.Has.Has(report.RTT) && i.TCP.RTT > 0 {
			rtts, least = append(rtts, i.TCP.RTT.Seconds()), append(least, i.TCP.RTT.Seconds())
		}
		if i.TCP.Has.Has(report.Retransmits) {
			again, bytes, counted = again+i.TCP.Retransmits, bytes+i.Bytes, true
		}
	}
	if t := sender.flow.Sent; !counted && t != nil && t.TCP != nil && t.TCP.Has.Has(report.Retransmits) {
		again, bytes, counted = t.TCP.Retransmits, t.Bytes, true
	}
	if n := max(1, c.Parallel); !s.queueing.known && len(rtts) >= 3 && n == 1 {
		low, typical := slices.Min(least), median(rtts[1:])
		if s.minRTT.known && s.minRTT.low < low {
			low = s.minRTT.low
		} else {
			s.minRTT = signal{0, low, true}
		}
		s.queueing = signal{math.Max(0, typical-low), typical, true}
		if s.minRTT.low > 0 {
			s.queueing.high = s.queueing.low
		}
	}
	if !s.retransmitted.known && counted && bytes > 0 {
		s.retransmitted = exactly(float64(again) * segmentOf(from, res) / float64(bytes))
	}
	if !s.variation.known {
		if rates, d := fineRates(receiver.flow.Intervals); len(rates) >= 2+fewestSteps {
			if v := variationOf(rates[2:]); v.known {
				s.variation, s.step = v, exactly(d)
			}
		}
	}
}

// cpuFromReports fills in the processor time that iperf itself printed.
func (s *signals) cpuFromReports(res *Result, c *ClientSettings) {
	for _, cpu := range []struct {
		to   *processor
		role Role
	}{{&s.from, s.sender}, {&s.to, s.receiver}} {
		if v, ok := reportedCPU(res, cpu.role); ok && !cpu.to.run.known {
			cpu.to.run = signal{v / float64(res.threads(c)), v, true}
		}
	}
}

// reportedCPU returns the processor time that iperf says an end used, as a share of one core.
func reportedCPU(res *Result, role Role) (float64, bool) {
	for _, r := range []struct {
		rep  *report.Report
		role Role
	}{{res.Client, RoleClient}, {res.Server, RoleServer}} {
		if r.rep == nil || r.rep.CPU == nil {
			continue
		}
		use := r.rep.CPU.Remote
		if r.role == role {
			use = r.rep.CPU.Local
		}
		if use != nil {
			return use.Total / 100, true
		}
	}
	return 0, false
}

// fineRates returns the rates of the intervals without a short tail, and how long the longest is.
func fineRates(intervals []report.Interval) (rates []float64, d float64) {
	for _, i := range intervals {
		if i.Short || i.Omitted || i.End <= i.Start {
			continue
		}
		took := (i.End - i.Start).Seconds()
		rates, d = append(rates, float64(i.Bytes)/took), math.Max(d, took)
	}
	return rates, d
}

// segmentOf returns how many bytes of data a full segment has.
func segmentOf(p *evidence.Path, res *Result) float64 {
	if p != nil {
		for _, sample := range p.Samples {
			for _, k := range sample.Sockets {
				if k.MSS > 0 {
					return float64(k.MSS)
				}
			}
		}
		if l := p.Link(); l != nil && l.MTU > 0 {
			if v6(p) {
				return float64(max(l.MTU-72, 1))
			}
			return float64(max(l.MTU-52, 1))
		}
	}
	if res.Client != nil && res.Client.Settings.MSS > 0 {
		return float64(res.Client.Settings.MSS)
	}
	return 1448
}

func v6(p *evidence.Path) bool { return strings.Contains(cmp.Or(p.Source, p.Peer), ":") }

// datagrams reads the counts of UDP, and where datagrams were lost.
func (s *signals) datagrams(res *Result) {
	sender, _ := res.flows()
	if t := sender.flow.Sent; t != nil && t.End > t.Start {
		s.sent = exactly(float64(t.Rate))
	}
	place := res.Loss
	if place == nil || place.Packets <= 0 {
		return
	}
	packets, lost := float64(place.Packets), float64(place.Lost)
	s.lost = exactly(math.Max(0, lost/packets))
	if !s.sent.known && s.rate.known && lost < packets {
		s.sent = s.rate.times(packets / (packets - lost)) // as long as no datagram was lost at the end
	}
	if place.Queue != nil {
		s.ownDropped = exactly(float64(*place.Queue) / packets)
	}
	if lost > 0 {
		if place.Socket != nil {
			s.receiverDropped = exactly(float64(*place.Socket) / lost)
		}
		if place.Between != nil {
			s.elsewhere = exactly(float64(*place.Between) / lost)
		}
	}
}
