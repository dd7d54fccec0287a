package iperf

import (
	"math"
	"slices"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// A payload is how many bytes of the test's data passed an end in one direction, retransmissions
// apart.
type payload struct {
	known       bool
	low, high   float64 // bytes
	again       float64 // retransmitted bytes that passed for certain
	againAtMost float64
	packets     float64 // datagrams that passed at most; zero: TCP
}

// payload returns the bytes of one direction, from iperf's reports and the sockets. The receiver
// counts bytes that it has read, the sender bytes that it has put into its buffer. The bytes that
// crossed the link are between both.
func (res *Result) payload(c *ClientSettings, reverse bool, p, other *evidence.Path, sent bool) payload {
	sender, receiver := endOf(RoleClient, res.Client, reverse), endOf(RoleServer, res.Server, reverse)
	if reverse {
		sender, receiver = receiver, sender
	}
	got, okGot := allBytes(receiver.flow, receiver.flow.Received, receiver.flow.Unlabelled)
	if !okGot && sender.flow.Received != nil && c.Omit == 0 {
		got, okGot = float64(sender.flow.Received.Bytes), true
	}
	put, okPut := allBytes(sender.flow, sender.flow.Sent)
	if !okGot {
		return payload{}
	}
	if !okPut {
		put = got + math.Max(4<<20, got/4) // a send buffer
	}
	exact := 0.005 // text has three digits
	if c.JSON || c.JSONStream {
		exact = 0
	}
	b := payload{known: true, low: got * (1 - exact), high: math.Max(got, put) * (1 + exact)}
	if c.protocol() == report.ProtocolUDP {
		b.datagrams(res, c, got, p, sent)
		return b
	}
	b.segments(res, c, sender.flow, p, other, sent)
	return b
}

// datagrams completes a payload of UDP. Datagrams that the sender's queue dropped have not left it,
// and those that the receiver's socket dropped have arrived.
func (b *payload) datagrams(res *Result, c *ClientSettings, got float64, p *evidence.Path, sent bool) {
	l := res.reportedLoss()
	if l == nil || l.Packets <= l.Lost {
		return
	}
	size := got / float64(l.Packets-l.Lost)
	if sent {
		b.high = math.Max(b.low, float64(l.Packets)*size*1.005)
		if n := queueDrops(p, true); n != nil {
			b.high = math.Max(b.low, b.high-float64(*n)*size)
			b.low = math.Max(b.low, b.high*0.99)
		}
	} else if n := socketDrops(p, l.Lost); n != nil {
		arrived := math.Min(float64(*n), float64(l.Lost)) * size
		b.low, b.high = b.low+arrived, b.low+arrived*1.02+got*0.01
	} else {
		b.high = math.Max(b.low, float64(l.Packets)*size)
	}
	b.packets = b.high / size
}

// segments completes a payload of TCP from the end's sockets and counters.
func (b *payload) segments(res *Result, c *ClientSettings, sent *report.Flow, p, other *evidence.Path, sends bool) {
	segment := segmentOf(p, res)
	if t := sent.Sent; t != nil && t.TCP != nil && t.TCP.Has.Has(report.Retransmits) {
		b.againAtMost = float64(t.TCP.Retransmits) * segment
	}
	from := p
	if !sends {
		from = other
	}
	if from != nil && from.Counters.TCPRetransmits != nil {
		b.againAtMost = math.Max(b.againAtMost, float64(*from.Counters.TCPRetransmits)*segment)
	}
	if !sends {
		return
	}
	if data := samplesOf(p, max(1, c.Parallel), true, false); len(data.sockets) > 0 {
		var acked, again float64
		for _, k := range data.sockets[len(data.sockets)-1] {
			acked, again = acked+float64(k.BytesAcked), again+float64(k.BytesRetransmitted)
		}
		b.low = math.Max(b.low, math.Min(acked, b.high))
		b.againAtMost = math.Max(b.againAtMost, again)
		if !ownDrops(p) {
			b.again = again
		}
	}
}

// A window is the time between two samples of an end. Sockets and device are sampled together, so
// both count the same data. Nothing that is still on its way at the end of the test is in doubt.
type window struct {
	seconds     float64
	data, acked payload // of the direction and of the other one
	passed      passed
}

// windowOf returns the longest window of the samples that have the test's n streams. It returns nil
// if it is shorter than a second.
func windowOf(p *evidence.Path, n int, sent bool) *window {
	run := samplesOf(p, n, sent, false)
	if len(run.sockets) == 0 {
		return nil
	}
	samples := slices.DeleteFunc(slices.Clone(run.samples), func(s evidence.Sample) bool { return s.Link == nil })
	if len(samples) < 2 {
		return nil
	}
	first, last := samples[0], samples[len(samples)-1]
	w := &window{seconds: (last.At - first.At).Seconds()}
	if w.seconds < 1 {
		return nil
	}
	var out, acked, in float64
	for _, l := range last.Sockets {
		i := slices.IndexFunc(first.Sockets, func(f evidence.Socket) bool { return keyOf(f) == keyOf(l) })
		if i < 0 {
			return nil
		}
		f := first.Sockets[i]
		out, acked, in = out+float64(l.BytesSent-f.BytesSent), acked+float64(l.BytesAcked-f.BytesAcked), in+float64(l.BytesReceived-f.BytesReceived)
	}
	sending, receiving := payload{known: true, low: out, high: out}, payload{known: true, low: in, high: in}
	if ownDrops(p) { // bytes of packets that the own device's queue drops count as sent
		sending.low = math.Min(acked, out)
	}
	w.passed = passed{device: p.Device, all: true, bytes: float64(last.Link.TxBytes - first.Link.TxBytes), packets: float64(last.Link.TxPackets - first.Link.TxPackets)}
	w.data, w.acked = sending, receiving
	if !sent {
		w.data, w.acked = receiving, sending
		w.passed.bytes, w.passed.packets = float64(last.Link.RxBytes-first.Link.RxBytes), float64(last.Link.RxPackets-first.Link.RxPackets)
	}
	return w
}

// ownDrops reports whether the queue of the path's device dropped packets of the test, as far as is
// known.
func ownDrops(p *evidence.Path) bool {
	return slices.ContainsFunc(p.Qdiscs, func(q evidence.Qdisc) bool {
		return q.Drops == nil && q.Kind != "noqueue" || q.Drops != nil && *q.Drops > 0
	})
}

// allBytes returns the first total that is reported, or else the sum of the intervals. If intervals
// were omitted it returns the sum, because totals leave them out.
func allBytes(f *report.Flow, totals ...*report.Total) (float64, bool) {
	omitted := slices.ContainsFunc(f.Intervals, func(i report.Interval) bool { return i.Omitted })
	if !omitted {
		for _, t := range totals {
			if t != nil && t.Bytes > 0 {
				return float64(t.Bytes), true
			}
		}
	}
	var bytes int64
	for _, i := range f.Intervals {
		bytes += i.Bytes
	}
	return float64(bytes), bytes > 0
}
