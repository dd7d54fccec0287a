package iperf

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

// A given is a setting by its name, and whether it is given.
type given struct {
	field string
	is    bool
}

// together finds settings that iperf refuses together, or of which it would silently ignore one.
func (f *faults) together(c *ClientSettings) {
	f.onlyOne(given{"Time", c.Time > 0}, given{"Bytes", c.Bytes > 0}, given{"Blocks", c.Blocks > 0})
	f.onlyOne(given{"Reverse", c.Reverse}, given{"Bidir", c.Bidir}, given{"FullDuplex", c.FullDuplex},
		given{"Dualtest", c.Dualtest}, given{"Tradeoff", c.Tradeoff})
	f.onlyOne(given{"Rate", c.Rate > 0}, given{"PacketRate", c.PacketRate > 0}, given{"Unlimited", c.Unlimited},
		given{"Isochronous", c.Isochronous.FramesPerSecond > 0}, given{"NearCongestion", c.NearCongestion > 0})
	f.onlyOne(given{"BurstPeriod", c.BurstPeriod > 0 || c.BurstSize > 0}, given{"Isochronous", c.Isochronous.FramesPerSecond > 0},
		given{"NearCongestion", c.NearCongestion > 0}, given{"Bounceback", c.Bounceback.Enable})
	f.onlyOne(given{"TxStartTime", !c.TxStartTime.IsZero()}, given{"TxDelayTime", c.TxDelayTime > 0})
	f.onlyOne(given{"DontFragment", c.DontFragment}, given{"Reverse", c.Reverse}) // it is the sender's, which would be the server
	f.onlyOne(given{"JSON", c.JSON}, given{"JSONStream", c.JSONStream})

	enhanced := []given{
		{"Reverse", c.Reverse}, {"FullDuplex", c.FullDuplex}, {"Dualtest", c.Dualtest}, {"Tradeoff", c.Tradeoff},
		{"TripTimes", c.TripTimes}, {"RateDeviation", c.RateDeviation > 0}, {"Histograms", c.Histograms.Enable},
		{"Isochronous", c.Isochronous.FramesPerSecond > 0}, {"Enhanced", c.Enhanced},
	}
	for _, g := range enhanced {
		f.onlyOne(given{"Compatibility", c.Compatibility}, g)
	}

	f.needs(given{"RateDeviation", c.RateDeviation > 0}, given{"Rate", c.Rate > 0})
	f.needs(given{"Burst", c.Burst > 0}, given{"Rate or Unlimited", c.Rate > 0 || c.Unlimited})
	f.needs(given{"BurstSize", c.BurstSize > 0}, given{"BurstPeriod", c.BurstPeriod > 0})
	f.needs(given{"IncrSrcIP", c.IncrSrcIP}, given{"Bind", c.Bind != ""})
	f.needs(given{"ListenPort", c.ListenPort > 0}, given{"Dualtest or Tradeoff", c.Dualtest || c.Tradeoff})
	f.needs(given{"RcvTimeout", c.RcvTimeout > 0}, given{"Reverse or Bidir", c.Reverse || c.Bidir})
	if c.ports() > autoPorts {
		f.bad("Client.Parallel", c.Parallel, fmt.Sprintf("%d or less with IncrDstPort", autoPorts))
	}
	f.needs(given{"WorkingLoad", c.WorkingLoad != ""}, given{"Bounceback", c.Bounceback.Enable})
	f.needs(given{"Bounceback", c.Bounceback != Bounceback{}}, given{"Bounceback.Enable", c.Bounceback.Enable})
	f.needs(given{"Histograms", c.Histograms != Histograms{}}, given{"Histograms.Enable", c.Histograms.Enable})

	if length := cmp.Or(c.Length, c.usualLength()); c.BurstSize > 0 && c.BurstSize < length {
		f.bad("Client.BurstSize", c.BurstSize, fmt.Sprintf("0, or Client.Length or more, which is %d", length))
	}

	const tcp, udp, sctp = report.ProtocolTCP, report.ProtocolUDP, report.ProtocolSCTP
	f.protocol(c, tcp, given{"MPTCP", c.MPTCP}, given{"PermitKey", c.PermitKey != ""}, given{"PeerDetect", c.PeerDetect},
		given{"NearCongestion", c.NearCongestion > 0}, given{"Bounceback", c.Bounceback.Enable},
		given{"TCPQuickACK", c.TCPQuickACK}, given{"TCPWritePrefetch", c.TCPWritePrefetch > 0}, given{"TCPWriteTimes", c.TCPWriteTimes})
	f.protocol(c, udp, given{"PacketRate", c.PacketRate > 0}, given{"Unlimited", c.Unlimited}, given{"NoUDPFin", c.NoUDPFin},
		given{"UDPCounters64Bit", c.UDPCounters64Bit}, given{"DontFragment", c.DontFragment}, given{"GSRO", c.GSRO})
	f.protocol(c, sctp, given{"NStreams", c.NStreams > 0}, given{"XBind", len(c.XBind) > 0})
}

// usualLength returns the length of a block, or of a datagram of iperf 2, if none is given.
func (c *ClientSettings) usualLength() int64 {
	if c.protocol() == report.ProtocolUDP {
		return udpLength2
	}
	return blockLength
}

func (f *faults) onlyOne(settings ...given) {
	var names []string
	for _, s := range settings {
		if s.is {
			names = append(names, "Client."+s.field)
		}
	}
	if len(names) > 1 {
		f.errs = append(f.errs, fmt.Errorf("%w: %s are set: only one of them may be", ErrSettings, strings.Join(names, " and ")))
	}
}

func (f *faults) needs(a, b given) {
	if a.is && !b.is {
		f.unlike("Client."+a.field, "set", "unset without "+b.field+", which it needs")
	}
}

func (f *faults) protocol(c *ClientSettings, p report.Protocol, settings ...given) {
	for _, s := range settings {
		if s.is && c.protocol() != p {
			f.unlike("Client."+s.field, "set", fmt.Sprintf("unset with %v, as it needs %v", c.protocol(), p))
		}
	}
}
