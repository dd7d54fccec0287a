package iperf

import (
	"fmt"
	"net/netip"

	"github.com/tunaperf/tuna/iperf/report"
)

// limitTogether finds combinations of the client's settings that its version refuses, or would take for something else. Those
// that no version takes are in settings_together.go.
func (l *commandLine) limitTogether(c *ClientSettings) {
	to, toErr := netip.ParseAddr(l.addr)
	if from, err := netip.ParseAddr(plainAddress(c.Bind)); err == nil && toErr == nil && from.Is4() != to.Is4() {
		l.bad("Bind", c.Bind, fmt.Sprintf("of the same version of IP as the address for test traffic (%s)", l.addr), "TestAddr")
	}
	if c.FlowLabel > 0 && (c.IPVersion == 4 || toErr == nil && to.Is4()) {
		l.bad("FlowLabel", c.FlowLabel, fmt.Sprintf("0 with Client.IPVersion (%d) and the address for test traffic (%s), as it is of IPv6,", c.IPVersion, l.addr),
			"Client.IPVersion", "TestAddr")
	}
	if l.version.Major >= 3 {
		l.limitTogether3(c)
	} else {
		l.limitTogether2(c)
	}
}

func (l *commandLine) limitTogether3(c *ClientSettings) {
	if c.File != "" && (c.Reverse || c.Bidir) {
		l.bad("File", c.File, fmt.Sprintf("empty with Client.Reverse (%v) or Client.Bidir (%v), as the client would write what it receives into it,",
			c.Reverse, c.Bidir), "Client.Reverse", "Client.Bidir")
	}
	if c.DontFragment && c.Reverse { // ClientServer has set Reverse: the caller's own is found in onlyOneOf
		l.bad("DontFragment", c.DontFragment, "false if the server sends", "Client.Reverse")
	}
	// 3.14 and later refuse it. Older ones crash at the end of the file.
	if c.protocol() == report.ProtocolUDP && c.File != "" {
		l.bad("File", c.File, "empty with Client.Protocol (UDP)", "Client.Protocol")
	}
}

func (l *commandLine) limitTogether2(c *ClientSettings) {
	length := c.sentLength(l.version)
	if c.protocol() == report.ProtocolUDP {
		if gap := float64(length) * 8 / float64(c.Rate); c.Rate > 0 && gap > 60 {
			l.bad("Rate", c.Rate, fmt.Sprintf("a datagram a minute or more with Client.Length (%d)", length), "Client.Length")
		}
		// The first datagram is subtracted from the amount, which is unsigned.
		if c.Bytes > 0 && c.Bytes < length && l.version.AtLeast(2, 1, 5) {
			l.bad("Bytes", c.Bytes, fmt.Sprintf("0, or %d or more, as with less than a datagram of Client.Length (%d) the test would not end,",
				length, c.Length), "Client.Length")
		}
	} else if c.Rate > 0 && l.version.AtLeast(2, 0, 14) && float64(c.Rate)/8 < float64(length) {
		l.bad("Rate", c.Rate, fmt.Sprintf("%v or more with blocks of Client.Length (%d), or that %d or less,",
			report.BitRate(length*8), length, int64(c.Rate/8)), "Client.Length")
	}
	if c.BurstPeriod > 0 && c.BurstSize == 0 && l.version.AtLeast(2, 2, 1) {
		l.bad("BurstPeriod", c.BurstPeriod, fmt.Sprintf("0 unless Client.BurstSize (%d) is set", c.BurstSize), "Client.BurstSize")
	}
	if c.Congestion != "" && (c.Dualtest || c.Tradeoff) && l.version.AtLeast(2, 1, 8) && !l.version.AtLeast(2, 2, 1) {
		l.bad("Congestion", c.Congestion, fmt.Sprintf("empty with Client.Dualtest (%v) or Client.Tradeoff (%v), as the client crashes,", c.Dualtest, c.Tradeoff),
			"Client.Dualtest", "Client.Tradeoff")
	}
	if c.Congestion != "" && c.Reverse && !l.version.AtLeast(2, 2, 1) {
		l.bad("Congestion", c.Congestion, "empty with Client.Reverse (true), in place of Server.Congestion,", "Client.Reverse")
	}
}
