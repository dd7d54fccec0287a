package iperf

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// Warnings about the link that a test was to cross, for errors.Is. Those about traffic are of type
// *LinkError, unless a Replay returned them.
var (
	ErrSameHost       = errors.New("both ends are in one network namespace: the traffic crossed no link")
	ErrLoopback       = errors.New("the route to the other end is over the loopback device: the traffic crossed no link")
	ErrForeignTraffic = errors.New("other traffic shared the link")
	ErrOtherWay       = errors.New("the test's traffic went another way")
	ErrWrongPath      = errors.New("test traffic would not use the interface that it must")
)

// A LinkError is a warning that a device carried more than the test's traffic, or less. All rates
// are means over the same time: between two samples of the test, or between the counters before and
// after it, which is a little longer than the test.
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
			e := endTraffic{role: end.role, path: end.path, sent: sent, overhead: overheadOf(c, end.path, res), seconds: end.path.Elapsed.Seconds()}
			toServer := sent == (end.role == RoleClient)
			e.data = res.payload(c, !toServer, end.path, end.other, sent)
			if c.protocol() != report.ProtocolUDP {
				e.acked = res.payload(c, toServer, end.path, end.other, !sent)
			}
			if c.protocol() == report.ProtocolTCP {
				e.window = windowOf(end.path, max(1, c.Parallel), sent)
			}
			if !e.data.known && !e.acked.known { // neither direction is reported
				continue
			}
			all = append(all, e.check()...)
		}
	}
	return all
}

// sameHost returns a warning if the traffic crossed no link.
func sameHost(client, server *evidence.Path) error {
	var same, loopback error
	if sameMachine(client, server) == yes && client.System.NetNS != "" && client.System.NetNS == server.System.NetNS {
		same = ErrSameHost
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
			loopback = fmt.Errorf("%w (%s of the %v)", ErrLoopback, deviceName(p), end.role)
			break
		}
	}
	return both(same, loopback)
}

// An endTraffic is what passed a device of one end in one direction.
type endTraffic struct {
	role     Role
	path     *evidence.Path
	sent     bool
	overhead overhead
	data     payload // that went this way
	acked    payload // that went the other way
	seconds  float64 // of these counts
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

// readingSkew is how many seconds lie between the readings of sockets and device in a sample on a
// busy host.
const readingSkew = 0.02

// A passed is a count of one device, or of several together.
type passed struct {
	device         string
	bytes, packets float64
	frames         bool    // every frame of an offloaded packet counts
	all            bool    // all packets of the data are among these packets, and no others of the test: they are of a window
	extra          float64 // bytes that a device beneath adds to each packet, at most
}

// check returns the warnings of one direction.
func (e *endTraffic) check() []error {
	var all []error
	already := 0.0 // foreign bytes per second that were reported, at most
	for i, d := range e.devices() {
		if e.data.low > 100e3 && d.bytes < 0.98*e.data.low {
			return append(all, e.linkError(ErrOtherWay, d))
		}
		test := e
		if e.window != nil && i == 0 {
			test, d = e.inWindow(), e.window.passed
		}
		low, rate, high := test.foreign(d)
		if low > already*test.seconds+0.003*test.data.low+100e3/8*test.seconds {
			err := test.linkError(ErrForeignTraffic, d)
			err.Rate, err.Low, err.High = test.inBits(rate), test.inBits(low), test.inBits(high)
			already = high / test.seconds
			all = append(all, err)
		}
	}
	return all
}

// inWindow returns the traffic of the window.
func (e *endTraffic) inWindow() *endTraffic {
	inside := *e
	inside.data, inside.acked, inside.seconds = e.window.data, e.window.acked, e.window.seconds
	if !e.sent { // bytes that arrive twice count once in the receiver's socket
		inside.data.againAtMost = e.data.againAtMost
	}
	return &inside
}

// linkError returns a warning about a count, without the rate of foreign traffic.
func (e *endTraffic) linkError(kind error, d passed) *LinkError {
	return &LinkError{Err: kind, Role: e.role, Device: d.device, Sent: e.sent, Test: e.inBits(e.data.low), Carried: e.inBits(d.bytes)}
}

func (e *endTraffic) inBits(bytes float64) report.BitRate {
	return report.BitRate(math.Max(0, bytes) * 8 / e.seconds)
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
	case d.all: // however small they are
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
	testLow, testHigh := dataLow+headersLow, dataHigh+headersHigh+acks
	// What was in the buffers at the end has crossed the link in part: measured 8 to 60 % of it.
	test := testLow + (testHigh-testLow)/3
	control, skew := controlBytes+controlPerSecond*e.seconds, 0.01*d.bytes
	if d.all { // data and packets are known, and sockets and device were read within some milliseconds
		test = dataLow + headersHigh + acks/2
		control, skew = controlPerSecond*e.seconds, d.bytes*(0.005+readingSkew/e.seconds)
	}
	high = math.Max(0, d.bytes-testLow)
	low = math.Max(0, d.bytes-testHigh-control-skew)
	rate = math.Min(high, math.Max(low, d.bytes-test))
	return low, rate, high
}
