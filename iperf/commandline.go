package iperf

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// A line is a program's command line without the program, for a port that may be unknown when the line is written.
type line struct {
	args  []string
	port  int // the index of the port in args
	ports int // how many from the first one on the program uses
}

// at returns the arguments for the first port.
func (l line) at(port int) []string {
	args := slices.Clone(l.args)
	args[l.port] = portRange(port, l.ports)
	return args
}

// clientLine returns the client's command line for a version. Its error has everything that the version does not take.
func (x *Iperf) clientLine(v Version, addr string) (line, error) {
	c := &x.Client
	addr = plainAddress(addr)
	l := commandLine{version: v, side: "Client", addr: addr, args: []string{"-c", addr, "-p", ""}}
	if err := checkAddress(addr, c); err != nil {
		l.errs = append(l.errs, err)
	}
	values := reflect.ValueOf(c).Elem()
	l.limit(settings.Client, values)
	l.limitTogether(c)
	l.addAll(settings.Client, values, l.ofClient(c))
	return l.done(c.Extra, line{port: 3, ports: 1})
}

// ofClient returns how settings of the client are written that need more than their flag and value.
func (l *commandLine) ofClient(c *ClientSettings) map[string]func(settings.Setting) {
	length, blocks := c.blocks(l.version)
	elsewhere := func(settings.Setting) {}
	return map[string]func(settings.Setting){
		"Protocol": func(settings.Setting) {
			switch c.protocol() {
			case report.ProtocolUDP:
				l.write("-u")
			case report.ProtocolSCTP:
				l.add(settings.SCTP)
			}
		},
		"Blocks": func(s settings.Setting) {
			if c.Blocks > 0 {
				l.add(s, strconv.FormatInt(blocks, 10))
			}
		},
		"Time": func(settings.Setting) {
			if c.Bytes == 0 && c.Blocks == 0 {
				l.write("-t", seconds(c.time()))
			}
		},
		"Interval": func(settings.Setting) { l.write("-i", seconds(c.intervalFor(l.version))) },
		"Rate":     func(settings.Setting) { l.addRate(c) },
		"Length": func(settings.Setting) {
			if length > 0 {
				l.write("-l", strconv.FormatInt(length, 10))
			}
		},
		"ClientPort": func(settings.Setting) { l.addOwnAddress(c) },
		"XBind": func(s settings.Setting) {
			for _, name := range c.XBind {
				l.add(s, name)
			}
		},
		"ConnectTimeout": func(s settings.Setting) { l.addConnectTimeout(c, s) },
		"IPVersion":      func(settings.Setting) { l.addIPVersion(c) },
		"Format":         func(settings.Setting) { l.addFormat(c.Format, c.JSON || c.JSONStream) },

		"RateDeviation": elsewhere, "PacketRate": elsewhere, "Burst": elsewhere, "Unlimited": elsewhere, // with Rate
		"Bind": elsewhere, "Port": elsewhere,
	}
}

// serverLine returns the command line of a server that ends after one test, if the version can do that.
func (x *Iperf) serverLine(v Version, addr string) (line, error) {
	s, c := x.Server, &x.Client
	l := commandLine{version: v, side: "Server", addr: plainAddress(addr), args: []string{"-s", "-p", ""}}
	if s.Interval == 0 {
		s.Interval = c.intervalFor(v)
	}
	if v.Major < 3 && s.Length == 0 && c.protocol() == report.ProtocolUDP && c.Length > udpLength2 {
		s.Length = c.Length // it would count only so much of each datagram
	}
	values := reflect.ValueOf(&s).Elem()
	l.limit(settings.Server, values)
	l.addAll(settings.Server, values, l.ofServer(&s, c))
	return l.done(s.Extra, line{port: 2, ports: c.ports()})
}

// ofServer returns how settings of the server are written that need more than their flag and value.
func (l *commandLine) ofServer(s *ServerSettings, c *ClientSettings) map[string]func(settings.Setting) {
	elsewhere := func(settings.Setting) {}
	own := map[string]func(settings.Setting){
		"Protocol": func(settings.Setting) { l.addEnd(c) },
		"Bind": func(b settings.Setting) {
			if s.Bind != "" {
				l.add(b, plainAddress(s.Bind))
			}
		},
		"BitrateLimit": func(b settings.Setting) {
			switch {
			case s.BitrateLimit > 0 && s.BitrateLimitInterval > 0:
				l.add(b, formatRate(s.BitrateLimit)+"/"+seconds(s.BitrateLimitInterval))
			case s.BitrateLimit > 0:
				l.add(b, formatRate(s.BitrateLimit))
			}
		},
		"Format": func(settings.Setting) {
			l.addOfClient(c)
			l.addIPVersion(c)
			l.addFormat(s.Format, s.JSON || s.JSONStream)
		},
		"Port": elsewhere, "AutoPort": elsewhere,
	}
	if l.version.Major >= 3 {
		for _, setting := range settings.Server {
			if setting.FromClient {
				own[setting.Field] = func(setting settings.Setting) { l.sameAsClient(setting, s, c) }
			}
		}
	}
	return own
}

// addEnd writes after how many tests the server ends. iperf 2 takes the number of connections. Those that a server makes for
// Dualtest and Tradeoff do not count. Of several ports, each takes so many. Its server has to be told what an iperf 3
// server is told by the client.
func (l *commandLine) addEnd(c *ClientSettings) {
	if l.version.Major >= 3 {
		l.addIfKnown(settings.OneTest)
		return
	}
	l.write("-P", strconv.Itoa(c.connections()/c.ports()))
	if c.protocol() == report.ProtocolUDP {
		l.write("-u")
	}
}

// addOfClient writes the client's settings that the server must be given too. Of those that it must only know, its version
// is checked.
func (l *commandLine) addOfClient(c *ClientSettings) {
	l.side = "Client"
	for _, s := range settings.Client {
		values, given := given(s, reflect.ValueOf(c).Elem())
		if _, known := l.find(s); given && s.Server == settings.Given {
			l.add(s, values...)
		} else if given && s.Server == settings.Known && !known {
			l.unsupported(s)
		}
	}
	l.side = "Server"
}

// sameAsClient finds a server's setting that differs from the client's, which an iperf 3 server cannot have so.
func (l *commandLine) sameAsClient(setting settings.Setting, s *ServerSettings, c *ClientSettings) {
	own := settings.Value(reflect.ValueOf(s).Elem(), setting.Field)
	if !own.IsZero() && !own.Equal(settings.Value(reflect.ValueOf(c).Elem(), setting.Field)) {
		l.errs = append(l.errs, fmt.Errorf("%s.%s: %w by %v: its server takes the client's", l.side, setting.Field, ErrUnsupported, l.version))
	}
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

// lines returns both command lines. Its error has everything that the versions of both ends do not take.
func (x *Iperf) lines(client, server Version, serverAddr string) (clientLine, serverLine line, err error) {
	clientLine, clientErr := x.clientLine(client, serverAddr)
	serverLine, serverErr := x.serverLine(server, serverAddr)
	if clientErr != nil && serverErr != nil && clientErr.Error() == serverErr.Error() {
		return clientLine, serverLine, clientErr // about a setting that both must know
	}
	return clientLine, serverLine, errors.Join(clientErr, serverErr)
}

// addRate writes how fast the client sends: a rate, in iperf 2 with a deviation and in iperf 3 with a burst, or
// datagrams a second.
func (l *commandLine) addRate(c *ClientSettings) {
	if c.Rate == 0 && !c.Unlimited && c.PacketRate == 0 && c.Burst == 0 {
		return
	}
	value := formatRate(c.Rate)
	known := true
	for _, field := range []string{"Unlimited", "RateDeviation", "PacketRate", "Burst"} {
		s := *settings.Find(settings.Client, field)
		if _, ok := given(s, reflect.ValueOf(c).Elem()); ok {
			if _, ok := l.find(s); !ok {
				l.unsupported(s)
				known = false
			}
		}
	}
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
	bind, port := plainAddress(c.Bind), *settings.Find(settings.Client, "ClientPort")
	_, known := l.find(port)
	switch {
	case c.ClientPort == 0:
	case l.version.Major >= 3:
		l.add(port, strconv.Itoa(c.ClientPort))
	case bind == "":
		l.bad("Bind", `""`, fmt.Sprintf("an address with Client.ClientPort (%d)", c.ClientPort), "Client.ClientPort")
	case known:
		bind = net.JoinHostPort(bind, strconv.Itoa(c.ClientPort))
	default:
		l.unsupported(port)
	}
	if bind != "" {
		l.write("-B", bind)
	}
}

// addConnectTimeout writes how long an iperf 3 client may try; without it, one that gets no answer waits for as long as
// the kernel repeats its SYN. Of iperf 2 the run takes care.
func (l *commandLine) addConnectTimeout(c *ClientSettings, s settings.Setting) {
	ms := strconv.FormatInt(c.connectTimeout().Milliseconds(), 10)
	if c.ConnectTimeout != 0 && l.version.Major >= 3 {
		l.add(s, ms)
		return
	}
	l.addIfKnown(s, ms)
}

// addIPVersion writes the version of IP that the server's address needs, or that was asked for.
func (l *commandLine) addIPVersion(c *ClientSettings) {
	a, err := netip.ParseAddr(l.addr)
	literal6 := err == nil && a.Is6()
	switch {
	case c.IPVersion == 4 && literal6, c.IPVersion == 6 && err == nil && a.Is4():
		l.errs = append(l.errs, &SettingError{Field: "Client.IPVersion", Value: strconv.Itoa(c.IPVersion),
			Allowed: fmt.Sprintf("0 or %d with the address for test traffic (%s)", 10-c.IPVersion, l.addr), Together: []string{"TestAddr"}})
	case literal6 || c.IPVersion == 6:
		l.add(*settings.Find(settings.Client, "IPVersion"))
	case c.IPVersion == 4:
		l.addIfKnown(settings.IPv4) // without -V, iperf 2 uses IPv4
	}
}

// addFormat writes what both ends need to be read well. Both programs round what they print to three digits. iperf 2 can
// print plain bits, of which it prints all; kilobits are the finest that iperf 3 has, and it prints whole ones.
func (l *commandLine) addFormat(format string, json bool) {
	switch {
	case json:
	case format != "":
		l.write("-f", format)
	case l.version.Major < 3:
		l.write("-f", "b")
	default:
		l.write("-f", "k")
	}
	l.addIfKnown(settings.ForceFlush)
}

func formatRate(r report.BitRate) string { return strconv.FormatFloat(float64(r), 'f', 0, 64) }

func seconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) }

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
