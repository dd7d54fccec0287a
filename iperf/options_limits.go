package iperf

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

const day = 24 * time.Hour

// limitClient finds values and combinations that the client's version refuses, or would take for something else.
func (l *commandLine) limitClient(c *ClientSettings) {
	if l.version.Major >= 3 {
		l.limitClient3(c)
	} else {
		l.limitClient2(c)
	}
	l.limitCommon(c.Interval, c.Length, c.Window, c.Format)
}

func (l *commandLine) limitClient3(c *ClientSettings) {
	l.wholeSeconds("Time", c.Time)
	l.wholeSeconds("Omit", c.Omit)
	longest := day
	if !l.version.AtLeast(3, 0, 5) {
		longest = time.Hour
	}
	if c.Time > longest {
		l.bad("Time", c.Time, fmt.Sprintf("%v or less", longest))
	}
	longest = time.Minute
	if l.version.AtLeast(3, 18, 0) {
		longest = 10 * time.Minute
	}
	if c.Omit > longest {
		l.bad("Omit", c.Omit, fmt.Sprintf("%v or less", longest))
	}
	if c.Parallel > 128 {
		l.bad("Parallel", c.Parallel, "128 or less")
	}
	if c.File != "" && (c.Reverse || c.Bidir) {
		l.bad("File", c.File, fmt.Sprintf("empty with Client.Reverse (%v) or Client.Bidir (%v), as the client would write what it receives into it,",
			c.Reverse, c.Bidir), "Client.Reverse", "Client.Bidir")
	}
	if c.DontFragment && c.Reverse { // because of ClientServer
		l.bad("DontFragment", c.DontFragment, "false if the server sends", "Client.Reverse")
	}
	if c.MSS > 9216 && !l.version.AtLeast(3, 21, 0) {
		l.bad("MSS", c.MSS, "9216 or less")
	}
	if c.protocol() == report.ProtocolUDP {
		l.datagram(c.Length)
		if c.File != "" && l.version.AtLeast(3, 20, 0) {
			l.bad("File", c.File, "empty with Client.Protocol (UDP)", "Client.Protocol")
		}
	}
}

func (l *commandLine) limitClient2(c *ClientSettings) {
	length, _ := c.blocks(l.version)
	length = cmp.Or(length, c.usualLength())
	if c.protocol() == report.ProtocolUDP {
		l.datagram(c.Length)
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
	if c.Congestion != "" && c.Reverse && !l.version.AtLeast(2, 2, 1) {
		l.bad("Congestion", c.Congestion, "empty with Client.Reverse (true), in place of Server.Congestion,", "Client.Reverse")
	}
}

// datagram checks the length of datagrams.
func (l *commandLine) datagram(length int64) {
	const most = 65507
	if length > most {
		l.bad("Length", length, fmt.Sprintf("%d bytes or less with Client.Protocol (UDP)", most), "Client.Protocol")
	}
}

// limitServer does the same for the server.
func (l *commandLine) limitServer(s *ServerSettings) {
	if l.version.Major >= 3 {
		if strings.Contains(s.Affinity, ",") {
			l.bad("Affinity", s.Affinity, "one number")
		}
	}
	l.limitCommon(s.Interval, s.Length, s.Window, s.Format)
}

func (l *commandLine) limitCommon(interval time.Duration, length, window int64, format string) {
	letters := "bkmgaBKMGA"
	switch {
	case l.version.Major >= 3:
		letters = "kmgKMG"
		if l.version.AtLeast(3, 2, 0) {
			letters = "kmgtKMGT"
		}
		if interval != 0 && (interval < 100*time.Millisecond || interval > time.Minute) {
			l.bad("Interval", interval, "from 100ms to 1m0s")
		}
		if length > 1<<20 {
			l.bad("Length", length, "1048576 bytes or less")
		}
		if window > 512<<20 {
			l.bad("Window", window, "536870912 bytes or less")
		}
	default:
		shortest := 5 * time.Millisecond
		if !l.version.AtLeast(2, 0, 7) {
			shortest = 500 * time.Millisecond
		}
		if interval != 0 && (interval < shortest || interval > math.MaxUint32*time.Microsecond) {
			l.bad("Interval", interval, fmt.Sprintf("from %v to %v", shortest, math.MaxUint32*time.Microsecond))
		}
		if length > math.MaxInt32 {
			l.bad("Length", length, "2147483647 bytes or less")
		}
		if window > math.MaxInt32 {
			l.bad("Window", window, "2147483647 bytes or less")
		}
	}
	if format != "" && !strings.Contains(letters, format) {
		l.bad("Format", format, "one of "+letters)
	}
}

func (l *commandLine) wholeSeconds(setting string, d time.Duration) {
	if !whole(d, time.Second) {
		l.bad(setting, d, "whole seconds")
	}
}
