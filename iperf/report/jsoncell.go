package report

import (
	"math"
	"time"
)

// seconds returns the Duration of what JSON counts in seconds.
func seconds(f float64) time.Duration {
	f *= float64(time.Second)
	if math.Abs(f) >= math.MaxInt64 {
		return 0
	}
	return time.Duration(math.Round(f))
}

// A jsonCell is one of the objects that hold numbers of traffic.
type jsonCell struct {
	cell
	id        int
	sender    bool // this end sends
	hasSender bool
	reverse   bool // a sum of the reverse direction
}

// readCell reads such an object. It returns false if the object has no bytes or no rate, or ends
// early.
func (d *document) readCell() bool {
	c := &d.cell
	*c = jsonCell{}
	c.line = d.Lines
	if !d.Open('{') {
		return false
	}
	has := 0
	for key, ok := d.Member(); ok; key, ok = d.Member() {
		switch string(key) {
		case "omitted":
			c.omitted = d.Bool()
			continue
		case "sender":
			c.sender, c.hasSender = d.Bool(), true
			continue
		}
		switch string(key) {
		case "socket":
			v, _ := d.Int()
			c.id = int(v)
		case "start":
			if v, ok := d.Float(); ok {
				c.start = seconds(v)
			}
		case "end":
			if v, ok := d.Float(); ok {
				c.end = seconds(v)
			}
		case "bytes":
			if v, ok := d.Int(); ok {
				c.bytes = v
				has |= 1
			}
		case "bits_per_second":
			if v, ok := d.Float(); ok && !math.IsInf(v, 0) {
				c.rate = BitRate(v)
				has |= 2
			}
		case "retransmits":
			integer(d, &c.tcp.Retransmits, &c.tcp.Has, Retransmits)
		case "snd_cwnd", "max_snd_cwnd":
			integer(d, &c.tcp.CongestionWindow, &c.tcp.Has, CongestionWindow)
		case "snd_wnd", "max_snd_wnd":
			integer(d, &c.tcp.SendWindow, &c.tcp.Has, SendWindow)
		case "rtt", "mean_rtt":
			d.micros(&c.tcp.RTT, &c.tcp.Has, RTT)
		case "rttvar":
			d.micros(&c.tcp.RTTVar, &c.tcp.Has, RTTVar)
		case "min_rtt":
			d.micros(&c.tcp.MinRTT, &c.tcp.Has, RTTRange)
		case "max_rtt":
			d.micros(&c.tcp.MaxRTT, &c.tcp.Has, RTTRange)
		case "pmtu":
			integer(d, &c.tcp.PMTU, &c.tcp.Has, PMTU)
		case "reorder":
			integer(d, &c.tcp.Reorder, &c.tcp.Has, Reorder)
		case "jitter_ms":
			if v, ok := d.Float(); ok && v >= 0 && v < 1e12 {
				c.udp.Jitter = time.Duration(math.Round(v * float64(time.Millisecond)))
				c.udp.Has |= Jitter
			} else {
				c.dropped |= nonsenseJitter
			}
		case "lost_packets":
			integer(d, &c.udp.Lost, &c.udp.Has, Lost)
		case "packets":
			integer(d, &c.udp.Packets, &c.udp.Has, Packets)
		case "out_of_order":
			integer(d, &c.udp.OutOfOrder, &c.udp.Has, OutOfOrder)
		default:
			d.Skip()
		}
	}
	if c.tcp.Has&^Retransmits != 0 {
		d.dropUnknown(&c.tcp)
	}
	if has&3 != 0 && has != 3 && !d.Cut {
		if d.event != "" {
			d.test() // each event is a document, of which this may be all
		}
		d.warn(&Warning{c.line, "an interval or a total without its bytes or its rate"}) // null is cJSON's inf
	}
	return has == 3 && !d.Cut
}

// dropUnknown drops what the kernel did not tell: it is zero, or -1. A kernel that tells the window
// that the receiver offers has told one other than zero before.
func (d *document) dropUnknown(tcp *TCP) {
	unknown := TCPFields(0)
	for _, n := range [...]struct {
		field TCPFields
		isSet bool
	}{
		{Retransmits, tcp.Retransmits >= 0}, {CongestionWindow, tcp.CongestionWindow > 0}, {PMTU, tcp.PMTU > 0},
		{SendWindow, tcp.SendWindow > 0 || tcp.SendWindow == 0 && d.offers}, {Reorder, tcp.Reorder >= 0},
		{RTT | RTTVar, tcp.RTT > 0}, {RTTRange, tcp.MaxRTT > 0},
	} {
		if !n.isSet {
			unknown |= n.field
		}
	}
	if tcp.Has&unknown != 0 {
		tcp.keep(^unknown)
	}
	d.offers = d.offers || tcp.SendWindow > 0
}

// integer reads a number that is one of a TCP or UDP value's.
func integer[F ~uint32](d *document, to *int64, has *F, f F) {
	if v, ok := d.Int(); ok {
		*to = v
		*has |= f
	}
}

func (d *document) micros(to *time.Duration, has *TCPFields, f TCPFields) {
	if v, ok := d.Int(); ok && v >= 0 && v < math.MaxInt64/1000 {
		*to = time.Duration(v) * time.Microsecond
		*has |= f
	}
}
