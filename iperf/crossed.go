package iperf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// Warnings about the link that a test was to cross, for errors.Is. Those about traffic are of type
// *LinkError.
var (
	ErrSameHost       = errors.New("both ends are in one network namespace: the traffic crossed no link")
	ErrLoopback       = errors.New("the route to the other end is over the loopback device: the traffic crossed no link")
	ErrForeignTraffic = errors.New("other traffic shared the link")
	ErrOtherWay       = errors.New("the test's traffic went another way")
	ErrWrongPath      = errors.New("test traffic would not use the interface that it must")
)

// A LinkError is a warning that a device carried more than the test's traffic, or less. All rates
// are means over the time between the counters of the device, which is a little longer than the
// test.
type LinkError struct {
	Err    error  // ErrForeignTraffic or ErrOtherWay
	Role   Role   // the end that the device is at
	Device string // several are separated by commas
	Sent   bool   // the device sent it; false: received

	Test    report.BitRate // payload of the test in this direction
	Carried report.BitRate // by the device in all

	// Rate is the estimate of the foreign traffic, and Low and High are its bounds. They are zero
	// with ErrOtherWay.
	Rate, Low, High report.BitRate
}

// Error returns one line with the device, the end and the rates.
func (e *LinkError) Error() string {
	does := "received"
	if e.Sent {
		does = "sent"
	}
	if e.Err == ErrOtherWay {
		return fmt.Sprintf("%v: %s of the %v %s %v, and iperf's data were %v",
			e.Err, e.Device, e.Role, does, e.Carried, e.Test)
	}
	return fmt.Sprintf("%v: %s of the %v %s %v (%v to %v) beside iperf's %v",
		e.Err, e.Device, e.Role, does, e.Rate, e.Low, e.High, e.Test)
}

// Unwrap returns Err.
func (e *LinkError) Unwrap() error { return e.Err }

// crossed returns warnings if the test's traffic did not cross the link between the hosts, or not
// alone. Either path may be nil.
func (res *Result) crossed(c *ClientSettings, client, server *evidence.Path) []error {
	if err := sameHost(client, server); err != nil {
		return []error{err}
	}
	if c.FullDuplex || c.Dualtest || c.Tradeoff {
		return nil // iperf 2 counts both ways of a connection, or one after the other
	}
	var all []error
	for _, end := range []struct {
		role        Role
		path, other *evidence.Path
	}{{RoleClient, client, server}, {RoleServer, server, client}} {
		if end.path == nil || end.path.Elapsed <= 0 || c.IncrDstIP || c.IncrSrcIP {
			continue
		}
		for _, sent := range []bool{true, false} {
			e := endTraffic{role: end.role, path: end.path, sent: sent, overhead: overheadOf(c, end.path, res)}
			toServer := sent == (end.role == RoleClient)
			e.data = res.payload(c, !toServer, end.path, end.other, sent)
			if c.protocol() != report.ProtocolUDP {
				e.acked = res.payload(c, toServer, end.path, end.other, !sent)
			}
			if c.protocol() == report.ProtocolTCP {
				e.window = windowOf(end.path, max(1, c.Parallel), sent)
			}
			if !e.data.known && !e.acked.known { // iperf says nothing of what the device carried
				continue
			}
			all = append(all, e.check()...)
		}
	}
	return all
}

// sameHost returns a warning if the traffic crossed no link.
func sameHost(client, server *evidence.Path) error {
	var errs []error
	if sameMachine(client, server) == yes && client.System.NetNS != "" && client.System.NetNS == server.System.NetNS {
		errs = append(errs, ErrSameHost)
	}
	for _, end := range []struct {
		role Role
		path *evidence.Path
	}{{RoleClient, client}, {RoleServer, server}} {
		p := end.path
		if p == nil {
			continue
		}
		if l := p.Link(); p.Local || p.Device == "lo" || l != nil && l.Kind == "loopback" {
			errs = append(errs, fmt.Errorf("%w (%s of the %v)", ErrLoopback, deviceName(p), end.role))
			break
		}
	}
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return fmt.Errorf("%w; %w", errs[0], errs[1])
}

// A payload is how many bytes of the test's data passed an end in one direction, retransmissions
// apart.
type payload struct {
	known       bool
	low, high   float64 // bytes
	again       float64 // retransmitted bytes that passed for certain
	againAtMost float64
	packets     float64 // datagrams that passed at most; zero: TCP
}

// payload returns what iperf and the sockets say of one way. The receiver counts what it has read,
// the sender what it has put into its buffer: what crossed the link is between both.
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

// datagrams completes a payload of UDP: what the sender's queue dropped has not left it, and what
// the receiver dropped has arrived.
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

// segments completes a payload of TCP by what the end's sockets and counters say.
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

// A window is the time between two samples of an end. Sockets and device are sampled together, so both count the same data.
// Nothing that is still on its way at the end of the test is in doubt.
type window struct {
	time        time.Duration
	data, acked payload // of the direction and of the other one
	passed      passed
}

// windowOf returns the longest window of the samples that have the test's n streams. It returns nil if it is shorter than a
// second.
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
	w := &window{time: last.At - first.At}
	if w.time < time.Second {
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
	if ownDrops(p) { // the socket counts what its own device's queue drops
		sending.low = math.Min(acked, out)
	}
	w.passed = passed{device: p.Device, bytes: float64(last.Link.TxBytes - first.Link.TxBytes), packets: float64(last.Link.TxPackets - first.Link.TxPackets)}
	w.data, w.acked = sending, receiving
	if !sent {
		w.data, w.acked = receiving, sending
		w.passed.bytes, w.passed.packets = float64(last.Link.RxBytes-first.Link.RxBytes), float64(last.Link.RxPackets-first.Link.RxPackets)
	}
	return w
}

// ownDrops reports whether the queue of the path's device dropped packets of the test, as far as is known.
func ownDrops(p *evidence.Path) bool {
	return slices.ContainsFunc(p.Qdiscs, func(q evidence.Qdisc) bool {
		return q.Drops == nil && q.Kind != "noqueue" || q.Drops != nil && *q.Drops > 0
	})
}

// allBytes returns what a flow's intervals carried, omitted ones included, or else the first total
// that is reported.
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

// An overhead is what a link adds to the data.
type overhead struct {
	segment  float64 // bytes of data in a full packet
	piece    float64 // bytes of data in a packet of a write of the test's length, if that is less
	low      float64 // bytes of headers around a full packet, at least
	high     float64
	ack      float64 // bytes of an acknowledgement
	full     float64 // bytes of a full packet
	datagram bool    // each packet is counted by itself, and its data are of a size that the test chose
}

// overheadOf returns the overhead on the device of a path.
func overheadOf(c *ClientSettings, p *evidence.Path, res *Result) overhead {
	ip, mtu := 20.0, 1500.0
	if v6(p) {
		ip = 40
	}
	var kind string
	if l := p.Link(); l != nil {
		kind = l.Kind
		if l.MTU > 0 {
			mtu = float64(l.MTU)
		}
	}
	var frameLow, frameHigh float64
	switch kind {
	case "tun", "ppp":
	case "ethernet", "veth", "wireless", "bond", "vlan":
		frameLow, frameHigh = 14, 14
	case "bridge": // received packets are counted without the header
		frameHigh = 14
	default:
		frameHigh = 18
	}
	o := overhead{segment: segmentOf(p, res), full: mtu + frameHigh}
	headers := ip + 32 // with timestamps
	if o.segment+headers > mtu {
		headers = ip + 20
	}
	if c.protocol() == report.ProtocolUDP {
		headers, o.datagram = ip+8, true
		o.segment = mtu - headers
		if c.Length > 0 && float64(c.Length) < o.segment {
			o.segment = float64(c.Length)
		}
	}
	o.piece = o.segment
	if c.Length > 0 {
		o.piece = math.Min(o.segment, float64(c.Length))
	}
	o.low, o.high, o.ack = headers+frameLow, headers+frameHigh, headers+frameHigh+28 // with three blocks of SACK
	return o
}

// An endTraffic is what passed a device of one end in one direction.
type endTraffic struct {
	role     Role
	path     *evidence.Path
	sent     bool
	overhead overhead
	data     payload // that went this way
	acked    payload // that went the other way
	window   *window // nil: none
}

// What else goes over the device because of the run itself: the two SSH connections carry iperf's
// output and the samples of this package, at most 4 KiB four times a second with their headers. 64
// KiB are for a login and the first and the last counters. Together that is less than 0.3 Mbit/s in
// a test of 3 s.
const (
	controlBytes     = 64 << 10
	controlPerSecond = 16 << 10
)

// readingSkew is how many seconds lie between the readings of sockets and device in a sample on a busy host.
const readingSkew = 0.02

// A passed is a count of one device, or of several together.
type passed struct {
	device         string
	bytes, packets float64
	frames         bool    // every frame of an offloaded packet counts
	extra          float64 // bytes that a device beneath adds to each packet, at most
}

// check returns the warnings of one direction.
func (e *endTraffic) check() []error {
	var all []error
	already := 0.0 // foreign bytes that were reported, at most
	seconds := e.path.Elapsed.Seconds()
	for i, d := range e.devices() {
		test, span := e, seconds
		if e.window != nil && i == 0 {
			inside := *e
			inside.data, inside.acked = e.window.data, e.window.acked
			inside.data.againAtMost = e.data.againAtMost
			if e.sent { // the socket counts what it sends again
				inside.data.againAtMost = 0
			}
			test, span = &inside, e.window.time.Seconds()
		}
		inBits := func(bytes, seconds float64) report.BitRate { return report.BitRate(math.Max(0, bytes) * 8 / seconds) }
		err := &LinkError{Role: e.role, Device: d.device, Sent: e.sent, Test: inBits(e.data.low, seconds), Carried: inBits(d.bytes, seconds)}
		if e.data.low > 100e3 && d.bytes < 0.98*e.data.low {
			err.Err = ErrOtherWay
			return append(all, err)
		}
		if test != e {
			d = e.window.passed
			err.Test, err.Carried = inBits(test.data.low, span), inBits(d.bytes, span)
		}
		low, rate, high := test.foreign(d)
		if low > already*span/seconds+0.003*test.data.low+100e3/8*span {
			err.Err, err.Rate, err.Low, err.High = ErrForeignTraffic, inBits(rate, span), inBits(low, span), inBits(high, span)
			already = high * seconds / span
			all = append(all, err)
		}
	}
	return all
}

// devices returns the counts of the device, and then of those beneath it that carry its packets.
func (e *endTraffic) devices() []passed {
	var all []passed
	count := func(l *evidence.Link) (passed, bool) {
		if l == nil || l.Counters == nil {
			return passed{}, false
		}
		if e.sent {
			return passed{device: l.Device, bytes: float64(l.Counters.TxBytes), packets: float64(l.Counters.TxPackets)}, true
		}
		return passed{device: l.Device, bytes: float64(l.Counters.RxBytes), packets: float64(l.Counters.RxPackets)}, true
	}
	device := e.path.Link()
	first, ok := count(device)
	if !ok {
		return nil
	}
	for _, q := range e.path.Qdiscs {
		// Every Qdisc is of the device itself. A root that hands its packets to children counts
		// them all.
		if e.path.Queue == e.path.Device && e.sent && q.Parent == "root" && q.Bytes != nil && q.Packets != nil && *q.Bytes > 0 {
			first.bytes, first.packets, first.frames = float64(*q.Bytes), float64(*q.Packets), true
		}
	}
	all = append(all, first)
	for range 8 { // devices in a row
		if device == nil || len(device.Beneath) == 0 {
			break
		}
		var carriers, others []passed
		var last *evidence.Link
		for _, name := range device.Beneath {
			i := slices.IndexFunc(e.path.Links, func(l evidence.Link) bool { return l.Device == name })
			if i < 0 {
				return all
			}
			one, ok := count(&e.path.Links[i])
			if !ok {
				return all
			}
			// A bridge forwards to one port as a rule, and the others have traffic of their own.
			if device.Kind == "bridge" && one.bytes < 0.98*e.data.low {
				others = append(others, one)
				continue
			}
			carriers, last = append(carriers, one), &e.path.Links[i]
		}
		switch {
		case len(carriers) == 0:
			carriers = others
		case device.Kind == "bridge" && len(carriers) > 1:
			return all // the counters do not tell which of them
		}
		sum := together(carriers)
		switch device.Kind {
		case "vlan":
			sum.extra = 4
		case "tunnel":
			sum.extra = 100
		}
		all = append(all, sum)
		if len(carriers) != 1 {
			break
		}
		device = last
	}
	return all
}

// together adds up several counts.
func together(devices []passed) passed {
	var sum passed
	var names []string
	for _, d := range devices {
		sum.bytes, sum.packets = sum.bytes+d.bytes, sum.packets+d.packets
		names = append(names, d.device)
	}
	sum.device = strings.Join(names, ",")
	return sum
}

// foreign returns how many bytes of a count are not of the test: at least, by the best estimate,
// and at most.
func (e *endTraffic) foreign(d passed) (low, rate, high float64) {
	o := e.overhead
	most := o.high + d.extra
	least := o.low
	dataLow, dataHigh := e.data.low+e.data.again, e.data.high+e.data.againAtMost
	segments := dataHigh / o.piece
	if e.data.packets > 0 {
		segments = e.data.packets
	}
	counted := segments
	switch {
	case e.window != nil && d == e.window.passed: // all packets of the data are among them, however small they are
		counted = d.packets
	case !d.frames:
		counted = math.Min(segments, d.packets)
	}
	headersHigh := most * counted
	headersLow := 0.0005 * dataLow
	// Frames that count one by one, or packets that are no longer than a frame, have all their
	// headers.
	if d.frames || o.datagram || d.packets > 0 && d.bytes/d.packets <= o.full && d.bytes/d.packets > 0.9*o.full {
		headersLow = least * dataLow / o.segment
	}
	acks := 0.0
	if e.acked.known {
		acks = o.ack * math.Min((e.acked.high+e.acked.againAtMost)/o.piece, d.packets)
	}
	control, skew := controlBytes+controlPerSecond*e.path.Elapsed.Seconds(), 0.01*d.bytes
	if e.window != nil && d == e.window.passed { // sockets and device were read within some milliseconds
		span := e.window.time.Seconds()
		control, skew = controlPerSecond*span, d.bytes*(0.005+readingSkew/span)
	}
	testLow, testHigh := dataLow+headersLow, dataHigh+headersHigh+acks
	high = math.Max(0, d.bytes-testLow)
	low = math.Max(0, d.bytes-testHigh-control-skew)
	// What was in the buffers at the end has crossed the link in part: measured 8 to 60 % of it. Of a window, data and packets
	// are known.
	test := testLow + (testHigh-testLow)/3
	if e.window != nil && d == e.window.passed {
		test = dataLow + headersHigh + acks/2
	}
	rate = math.Min(high, math.Max(low, d.bytes-test))
	return low, rate, high
}
