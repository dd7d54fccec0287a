package iperf

import (
	"math"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

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
	}
	o.piece = o.segment
	if c.Length > 0 {
		o.piece = math.Min(o.segment, float64(c.Length))
	}
	if o.datagram { // none is fuller
		o.segment = o.piece
	}
	o.low, o.high, o.ack = headers+frameLow, headers+frameHigh, headers+frameHigh+28 // with three blocks of SACK
	return o
}
