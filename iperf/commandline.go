package iperf

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// clientArgs is the client's command line for a version, without the program. Its error has everything that the version
// does not take.
func (x *Iperf) clientArgs(v Version, addr string, port int) ([]string, error) {
	c := &x.Client
	addr = plainAddress(addr)
	l := commandLine{version: v, side: "Client", args: []string{"-c", addr, "-p", strconv.Itoa(port)}}
	if err := checkAddress(addr, c); err != nil {
		l.errs = append(l.errs, err)
	}
	l.limitClient(c)
	length, blocks := c.blocks(v)
	switch c.protocol() {
	case report.ProtocolUDP:
		l.write("-u")
	case report.ProtocolSCTP:
		l.add("Protocol SCTP", nil, one("--sctp", since{3, 1, 0}))
	}
	switch {
	case c.Bytes > 0:
		l.write("-n", number(c.Bytes)...)
	case c.Blocks > 0:
		l.add("Blocks", nil, one("-k", since{3, 0, 1}), number(blocks)...)
	default:
		l.write("-t", seconds(c.time())...)
	}
	if c.Omit > 0 {
		l.add("Omit", nil, one("-O", all3), seconds(c.Omit)...)
	}
	l.write("-i", seconds(c.intervalFor(v))...)
	if c.Parallel > 0 {
		l.write("-P", strconv.Itoa(c.Parallel))
	}
	l.addRate(c)
	if length > 0 {
		l.write("-l", number(length)...)
	}
	if c.Window > 0 {
		l.write("-w", number(c.Window)...)
	}
	if c.Reverse {
		l.add("Reverse", one("-R", since{2, 0, 14}), one("-R", all3))
	}
	l.addOwnAddress(c)
	apply(&l, clientOptions, c)
	l.addConnectTimeout(c)
	l.addCommon(addr, c.IPVersion, c.Format, c.JSON || c.JSONStream)
	return l.done(c.Extra)
}

// serverArgs is the command line of a server that ends after one test, where the version can do that.
func (x *Iperf) serverArgs(v Version, addr string, port int) ([]string, error) {
	s, c := x.Server, &x.Client
	l := commandLine{version: v, side: "Server", args: []string{"-s", "-p", portRange(port, c.ports())}}
	if s.Interval == 0 {
		s.Interval = c.intervalFor(v)
	}
	l.limitServer(&s)
	l.write("-i", seconds(s.Interval)...)
	if v.Major < 3 {
		// iperf 2 takes the number of connections after which it ends. Those that a server makes for Dualtest and
		// Tradeoff do not count. Of several ports, each takes so many. Its server has to be told what an iperf 3 server is
		// told by the client.
		l.write("-P", strconv.Itoa(c.connections()/c.ports()))
		if c.protocol() == report.ProtocolUDP {
			l.write("-u")
			if s.Length == 0 && c.Length > udpLength2 {
				s.Length = c.Length // it would count only so much of each datagram
			}
		}
		apply(&l, ownServerOptions, &s)
	} else {
		l.addIfKnown(one("-1", since{3, 0, 11}))
		l.sameAsClient(&s, c)
	}
	apply(&l, serverOptions, &s)
	l.side = "Client"
	apply(&l, sharedOptions, c)
	written := l.args
	apply(&l, understoodOptions, c)
	l.args = written
	l.side = "Server"
	l.addCommon(plainAddress(addr), c.IPVersion, s.Format, s.JSON || s.JSONStream)
	return l.done(s.Extra)
}

// connections is how many an iperf 2 client makes to its server.
func (c *ClientSettings) connections() int {
	n := max(1, c.Parallel)
	if c.WorkingLoad != "" {
		_, load, _ := strings.Cut(c.WorkingLoad, ",")
		streams, err := strconv.Atoi(load)
		if err != nil {
			streams = 1
		}
		n += streams
	}
	return n
}

// ports is to how many ports, one after the other, the client connects.
func (c *ClientSettings) ports() int {
	if c.IncrDstPort {
		return max(1, c.Parallel)
	}
	return 1
}

// portRange returns the argument for n ports from first on.
func portRange(first, n int) string {
	if n == 1 {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, first+n-1)
}

// udpLength2 is the size of the datagrams that an iperf 2 server is ready for.
const udpLength2 = 1470

// checkVersions finds everything that the versions of both ends do not take, before any of them is started.
func (x *Iperf) checkVersions(client, server Version, serverAddr string) error {
	const port = 1 // does not matter here
	_, clientErr := x.clientArgs(client, serverAddr, port)
	_, serverErr := x.serverArgs(server, serverAddr, port)
	if clientErr != nil && serverErr != nil && clientErr.Error() == serverErr.Error() {
		return clientErr // about a setting that both must know
	}
	return errors.Join(clientErr, serverErr)
}

// add writes an option that the caller asked for; a version that lacks it is an error.
func (l *commandLine) add(setting string, two, three []flag, values ...string) {
	if name, ok := l.find(two, three); ok {
		l.write(name, values...)
		return
	}
	l.unsupported(setting, two, three)
}

// addIfKnown writes an option of iperf 3 that is only a help, where the version has it.
func (l *commandLine) addIfKnown(three []flag, values ...string) {
	if name, ok := l.find(nil, three); ok {
		l.write(name, values...)
	}
}

// addRate writes how fast the client sends: a rate, in iperf 2 with a deviation and in iperf 3 with a burst, or
// datagrams a second.
func (l *commandLine) addRate(c *ClientSettings) {
	if c.Rate == 0 && !c.Unlimited && c.PacketRate == 0 && c.Burst == 0 {
		return
	}
	value := formatRate(c.Rate)
	known := true
	need := func(given bool, setting string, two, three []flag) {
		if given {
			if _, ok := l.find(two, three); !ok {
				l.unsupported(setting, two, three)
				known = false
			}
		}
	}
	need(c.Unlimited, "Unlimited", one("-b 0", since{2, 2, 0}), one("-b 0", since{3, 0, 7}))
	need(c.RateDeviation > 0, "RateDeviation", one("-b", since{2, 0, 12}), nil)
	need(c.PacketRate > 0, "PacketRate", one("-b", since{2, 0, 8}), nil)
	need(c.Burst > 0, "Burst", nil, one("-b", all3))
	switch {
	case !known:
		return
	case c.PacketRate > 0:
		value = strconv.Itoa(c.PacketRate) + "pps"
	case c.RateDeviation > 0:
		value += "," + formatRate(c.RateDeviation)
	case c.Burst > 0:
		value += "/" + strconv.Itoa(c.Burst)
	}
	l.write("-b", value)
}

// addOwnAddress writes where the client's connections come from. iperf 2 takes the port with the address.
func (l *commandLine) addOwnAddress(c *ClientSettings) {
	bind := plainAddress(c.Bind)
	switch {
	case c.ClientPort == 0:
	case l.version.Major >= 3:
		l.add("ClientPort", nil, one("--cport", since{3, 1, 0}), strconv.Itoa(c.ClientPort))
	case bind == "":
		l.bad("Bind", `""`, fmt.Sprintf("an address with Client.ClientPort (%d)", c.ClientPort), "Client.ClientPort")
	case l.version.AtLeast(2, 0, 7):
		bind = net.JoinHostPort(bind, strconv.Itoa(c.ClientPort))
	default:
		l.unsupported("ClientPort", one("-B", since{2, 0, 7}), one("--cport", since{3, 1, 0}))
	}
	if bind != "" {
		l.write("-B", bind)
	}
	for _, name := range c.XBind {
		l.add("XBind", nil, one("-X", since{3, 1, 0}), name)
	}
}

// addConnectTimeout writes how long an iperf 3 client may try; without it, one that gets no answer waits for as long as
// the kernel repeats its SYN. Of iperf 2 the run takes care.
func (l *commandLine) addConnectTimeout(c *ClientSettings) {
	option := one("--connect-timeout", since{3, 2, 0})
	ms := strconv.FormatInt(c.connectTimeout().Milliseconds(), 10)
	if c.ConnectTimeout != 0 && l.version.Major >= 3 {
		l.add("ConnectTimeout", nil, option, ms)
		return
	}
	l.addIfKnown(option, ms)
}

// addCommon writes what both ends need to be read well. Both programs round what they print to three digits. iperf 2
// can print plain bits, of which it prints all; kilobits are the finest that iperf 3 has, and it prints whole ones.
func (l *commandLine) addCommon(addr string, ipVersion int, format string, json bool) {
	a, err := netip.ParseAddr(addr)
	literal6 := err == nil && a.Is6()
	switch {
	case ipVersion == 4 && literal6, ipVersion == 6 && err == nil && a.Is4():
		l.errs = append(l.errs, &SettingError{Field: "Client.IPVersion", Value: strconv.Itoa(ipVersion),
			Allowed: fmt.Sprintf("0 or %d with the address for test traffic (%s)", 10-ipVersion, addr), Together: []string{"TestAddr"}})
	case literal6 || ipVersion == 6:
		l.add("IPVersion", one("-V", all2), one("-6", all3))
	case ipVersion == 4:
		l.addIfKnown(one("-4", all3)) // without -V, iperf 2 uses IPv4
	}
	switch {
	case json:
	case format != "":
		l.write("-f", format)
	case l.version.Major < 3:
		l.write("-f", "b")
	default:
		l.write("-f", "k")
	}
	l.addIfKnown(one("--forceflush", since{3, 1, 5}))
}

// sameAsClient finds what the server's settings have otherwise than the client's and an iperf 3 server cannot have so.
func (l *commandLine) sameAsClient(s *ServerSettings, c *ClientSettings) {
	for _, f := range []struct {
		setting   string
		same, set bool
	}{
		{"Length", s.Length == c.Length, s.Length != 0},
		{"Window", s.Window == c.Window, s.Window != 0},
		{"MSS", s.MSS == c.MSS, s.MSS != 0},
		{"NoDelay", s.NoDelay == c.NoDelay, s.NoDelay},
		{"TOS", s.TOS == c.TOS, s.TOS != 0},
		{"Congestion", s.Congestion == c.Congestion, s.Congestion != ""},
	} {
		if f.set && !f.same {
			l.errs = append(l.errs, fmt.Errorf("%s.%s: %w by %v: its server takes the client's", l.side, f.setting, ErrUnsupported, l.version))
		}
	}
}

func (l *commandLine) done(extra []string) ([]string, error) {
	l.checkExtra(extra)
	return append(l.args, extra...), errors.Join(l.errs...)
}

// port is where a server of version v listens if no free port is looked for.
func (x *Iperf) port(v Version) int {
	if port, ok := v.portIn(x.Server.Extra); ok {
		return port
	}
	switch {
	case x.Server.Port != 0:
		return x.Server.Port
	case x.Client.Port != 0:
		return x.Client.Port
	case v.Major < 3:
		return 5001
	}
	return 5201
}

// printsBanner reports whether an iperf of this version with these arguments says when it listens and what it is
// connected with.
func printsBanner(v Version, args []string) bool {
	for i, a := range args {
		switch {
		case a == "-J", strings.HasPrefix(a, "-y"), strings.HasPrefix(a, "--json"), strings.HasPrefix(a, "--reportstyle"):
			return false
		case a == "-x" && i+1 < len(args), a == "--reportexclude" && i+1 < len(args):
			a = args[i+1]
			fallthrough
		case strings.HasPrefix(a, "-x"), strings.HasPrefix(a, "--reportexclude="):
			if v.Major < 3 && strings.ContainsAny(strings.TrimPrefix(a, "--reportexclude="), "cCsS") {
				return false
			}
		}
	}
	return v.Major < 3 || slices.Contains(args, "--forceflush")
}

// whole reports whether d is a multiple of unit.
func whole(d, unit time.Duration) bool { return d%unit == 0 }
