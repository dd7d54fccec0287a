package native

import (
	"errors"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// role says which end a flag belongs to.
type role uint8

const (
	either role = iota
	serverOnly
	clientOnly
)

// A flag is one that the command line may have. One without set takes no value.
type flag struct {
	short byte
	long  string
	role  role
	value string // what help calls it; empty: it takes none
	help  string
	set   func(s *settings, value string) error
	lacks string // why this system does not have it; empty: it has it
}

func on(field func(*settings) *bool) func(*settings, string) error {
	return func(s *settings, _ string) error { *field(s) = true; return nil }
}

func text(field func(*settings) *string) func(*settings, string) error {
	return func(s *settings, v string) error { *field(s) = v; return nil }
}

// hostAndDevice reads a host that may be followed by % and a network interface. In a link-local address, that is a part of
// the address.
func hostAndDevice(field func(*settings) *string) func(*settings, string) error {
	return func(s *settings, v string) error {
		*field(s) = v
		host, device, has := strings.Cut(v, "%")
		if a, err := netip.ParseAddr(host); !has || err == nil && a.Is6() && a.IsLinkLocalUnicast() {
			return nil
		}
		if !hasDevice {
			return parameterError{fmt.Errorf("cannot bind to the interface %q: %s", device, missing(hasDevice))}
		}
		*field(s), s.device = host, device
		return nil
	}
}

// whole reads an integer within bounds; complaint is what to say of any other.
func whole(low, high int64, complaint string, put func(*settings, int64)) func(*settings, string) error {
	return func(s *settings, v string) error {
		n, err := strconv.ParseInt(v, 0, 64)
		if err != nil {
			return parameterError{fmt.Errorf("not a whole number: %q", v)}
		}
		if n < low || n > high {
			return parameterError{errors.New(complaint)}
		}
		put(s, n)
		return nil
	}
}

// sized reads a number with one of iperf's suffixes.
func sized(base, high float64, complaint string, put func(*settings, int64)) func(*settings, string) error {
	return func(s *settings, v string) error {
		f, err := parseSize(v, base)
		if err != nil {
			return parameterError{err}
		}
		if f > high {
			return parameterError{errors.New(complaint)}
		}
		put(s, int64(f))
		return nil
	}
}

func milliseconds(low int64, complaint string, field func(*settings) *time.Duration) func(*settings, string) error {
	return whole(low, maxTime*1000, complaint, func(s *settings, n int64) {
		*field(s) = time.Duration(n) * time.Millisecond
	})
}

func missing(has bool) string {
	if has {
		return ""
	}
	return "this system does not have it"
}

const badPort = "port number must be between 1 and 65535 inclusive"

// flagTable is every flag there is. Long flags that the C program knows by several names have several rows.
var flagTable = []flag{
	{short: 'p', long: "port", value: "#", help: "server port to listen on/connect to (default 5201; a server takes 0 for any free one)",
		set: whole(0, 65535, badPort, func(s *settings, n int64) { s.port = int(n) })},
	{short: 'f', long: "format", value: "[kmgtKMGT]", help: "format to report: Kbits, Mbits, Gbits, Tbits", set: setFormat},
	{short: 'i', long: "interval", value: "#", help: "seconds between periodic reports (default 1; 0 for none)", set: setInterval},
	{short: 'B', long: "bind", value: "<host>[%<dev>]", help: "bind to the interface that has the address <host>, or to <dev>", set: hostAndDevice(func(s *settings) *string { return &s.bind })},
	{long: "bind-dev", value: "<dev>", help: "bind to the network interface <dev> (Linux only)", lacks: missing(hasDevice), set: text(func(s *settings) *string { return &s.device })},
	{short: 'V', long: "verbose", help: "more detailed output", set: on(func(s *settings) *bool { return &s.verbose })},
	{short: 'J', long: "json", help: "output in JSON format", set: on(func(s *settings) *bool { return &s.json })},
	{long: "json-stream", help: "output in line-delimited JSON format", set: func(s *settings, _ string) error { s.json, s.stream = true, true; return nil }},
	{long: "logfile", value: "f", help: "append output to a file", set: text(func(s *settings) *string { return &s.logfile })},
	{long: "forceflush", help: "accepted: output is never held back", set: func(*settings, string) error { return nil }},
	{long: "rcv-timeout", value: "#", help: "idle timeout for receiving data (default 120000 ms)", set: func(s *settings, v string) error {
		s.rcvTimeoutSet = true
		return milliseconds(100, "receive timeout value is incorrect or not in range", func(s *settings) *time.Duration { return &s.rcvTimeout })(s, v)
	}},
	{long: "snd-timeout", value: "#", help: "timeout for unacknowledged TCP data (ms)", lacks: missing(hasUserTimeout), set: milliseconds(0, "send timeout value is incorrect or not in range", func(s *settings) *time.Duration { return &s.sndTimeout })},
	{short: '4', long: "version4", help: "only use IPv4", set: func(s *settings, _ string) error { s.family = "4"; return nil }},
	{short: '6', long: "version6", help: "only use IPv6", set: func(s *settings, _ string) error { s.family = "6"; return nil }},

	{short: 's', long: "server", help: "run in server mode", set: on(func(s *settings) *bool { return &s.server })},
	{short: '1', long: "one-off", role: serverOnly, help: "handle one client connection then exit", set: on(func(s *settings) *bool { return &s.oneOff })},
	{long: "idle-timeout", role: serverOnly, value: "#", help: "restart idle server after # seconds (one-off: exit)",
		set: whole(1, maxTime, "idle timeout parameter is not positive or larger than allowed limit", func(s *settings, n int64) { s.idleTimeout = time.Duration(n) * time.Second })},
	{long: "allow", role: serverOnly, value: "<net>[,…]", help: "only serve clients with these addresses or networks, as 192.0.2.0/24 (not in the C program)", set: setAllow},

	{short: 'c', long: "client", value: "<host>[%<dev>]", help: "run in client mode, connecting to <host>, from <dev>", set: hostAndDevice(func(s *settings) *string { return &s.host })},
	{short: 'u', long: "udp", role: clientOnly, help: "use UDP rather than TCP", set: on(func(s *settings) *bool { return &s.udp })},
	{long: "connect-timeout", role: clientOnly, value: "#", help: "timeout for control connection setup (ms)", set: milliseconds(0, "connect timeout value is incorrect or not in range", func(s *settings) *time.Duration { return &s.connectTimeout })},
	{short: 'b', long: "bitrate", role: clientOnly, value: "#[KMG][/#]", help: "target bitrate in bits/sec of each stream, 0 for unlimited (default 1 Mbit/sec for UDP,\nunlimited for TCP); optional slash and number of blocks that are sent at once", set: setRate},
	{long: "bandwidth", role: clientOnly, value: "#[KMG][/#]", set: setRate},
	{short: 't', long: "time", role: clientOnly, value: "#", help: "time in seconds to transmit for (default 10)",
		set: whole(0, maxTime, fmt.Sprintf("test duration too long (maximum = %d seconds)", maxTime), func(s *settings, n int64) {
			s.duration, s.durationSet = time.Duration(n)*time.Second, true
		})},
	{short: 'n', long: "bytes", role: clientOnly, value: "#[KMG]", help: "number of bytes to transmit (instead of -t)",
		set: sized(1024, 1<<62, "bad number of bytes", func(s *settings, n int64) { s.bytes = n })},
	{short: 'k', long: "blockcount", role: clientOnly, value: "#[KMG]", help: "number of blocks (packets) to transmit (instead of -t or -n)",
		set: sized(1024, 1<<42, "bad number of blocks", func(s *settings, n int64) { s.blocks = n })},
	{short: 'l', long: "length", role: clientOnly, value: "#[KMG]", help: "length of buffer to read or write (default 128 KB for TCP, the path's MSS or 1460 for UDP)",
		set: sized(1024, 1<<31, fmt.Sprintf("block size too large (maximum = %d bytes)", maxTCPBlock), func(s *settings, n int64) {
			s.length, s.lengthSet = int(n), n > 0
		})},
	{long: "cport", role: clientOnly, value: "<port>", help: "bind to a specific client port (the streams after the first take those above it)",
		set: whole(1, 65535, badPort, func(s *settings, n int64) { s.cport = int(n) })},
	{short: 'P', long: "parallel", role: clientOnly, value: "#", help: "number of parallel client streams to run",
		set: whole(1, maxStreams, fmt.Sprintf("number of parallel streams too large (maximum = %d)", maxStreams), func(s *settings, n int64) { s.parallel = int(n) })},
	{short: 'R', long: "reverse", role: clientOnly, help: "run in reverse mode (server sends, client receives)", set: on(func(s *settings) *bool { return &s.reverse })},
	{long: "bidir", role: clientOnly, help: "run in bidirectional mode: client and server send and receive data", set: on(func(s *settings) *bool { return &s.bidir })},
	{short: 'w', long: "window", role: clientOnly, value: "#[KMG]", help: "set send/receive socket buffer sizes",
		set: sized(1024, maxBuffer, fmt.Sprintf("socket buffer size too large (maximum = %d bytes)", maxBuffer), func(s *settings, n int64) { s.window = int(n) })},
	{short: 'C', long: "congestion", role: clientOnly, value: "<algo>", help: "set TCP congestion control algorithm (Linux and FreeBSD only)", lacks: missing(hasCongestion), set: text(func(s *settings) *string { return &s.congestion })},
	{long: "linux-congestion", role: clientOnly, value: "<algo>", lacks: missing(hasCongestion), set: text(func(s *settings) *string { return &s.congestion })},
	{short: 'M', long: "set-mss", role: clientOnly, value: "#", help: "set TCP maximum segment size (MTU - 40 bytes)", lacks: missing(hasMSS),
		set: whole(0, maxMSS, fmt.Sprintf("TCP MSS too large (maximum = %d bytes)", maxMSS), func(s *settings, n int64) { s.mss = int(n) })},
	{short: 'N', long: "no-delay", role: clientOnly, help: "set TCP no delay, disabling Nagle's Algorithm", set: on(func(s *settings) *bool { return &s.noDelay })},
	{short: 'S', long: "tos", role: clientOnly, value: "N", help: "set the IP type of service, 0-255; octal and hexadecimal with their usual prefixes",
		set: whole(0, 255, "bad TOS value (must be between 0 and 255 inclusive)", func(s *settings, n int64) { s.tos = int(n) })},
	{long: "dscp", role: clientOnly, value: "N|name", help: "set the IP dscp value, either 0-63 or symbolic", set: setDSCP},
	{short: 'Z', long: "zerocopy", role: clientOnly, help: "use a 'zero copy' method of sending data (sendfile)", set: on(func(s *settings) *bool { return &s.zeroCopy })},
	{short: 'O', long: "omit", role: clientOnly, value: "N", help: "perform pre-test for N seconds and omit the pre-test statistics",
		set: whole(0, maxOmit, "bogus value for --omit", func(s *settings, n int64) { s.omit = time.Duration(n) * time.Second })},
	{short: 'T', long: "title", role: clientOnly, value: "str", help: "prefix every output line with this string", set: setTitle},
	{long: "get-server-output", role: clientOnly, help: "get results from server", set: on(func(s *settings) *bool { return &s.getServerOutput })},
	{long: "udp-counters-64bit", role: clientOnly, help: "use 64-bit counters in UDP test packets", set: on(func(s *settings) *bool { return &s.counters64 })},
	{long: "gsro", role: clientOnly, help: "have the server join and split datagrams in large buffers too (UDP GSO/GRO), which\nthis program does where the system can", set: on(func(s *settings) *bool { return &s.gsro })},

	{short: 'v', long: "version", help: "show version information and quit"},
	{short: 'h', long: "help", help: "show this message and quit"},
}

// A flagError is a flag that is not there, or without its value.
type flagError struct{ error }

// parseFlags reads a command line without the program's name. version and help are asked for by what it returns.
func parseFlags(args []string) (s settings, ask string, err error) {
	s = defaults()
	roles := map[role]bool{}
	for len(args) > 0 {
		arg := args[0]
		args = args[1:]
		switch {
		case strings.HasPrefix(arg, "--") && arg != "--":
			name, value, hasValue := strings.Cut(arg[2:], "=")
			f, err := longFlag(name)
			if err != nil {
				return s, "", err
			}
			if f.value == "" && hasValue {
				return s, "", flagError{fmt.Errorf("option '--%s' doesn't allow an argument", f.long)}
			}
			if f.value != "" && !hasValue {
				if len(args) == 0 {
					return s, "", flagError{fmt.Errorf("option '--%s' requires an argument", f.long)}
				}
				value, args = args[0], args[1:]
			}
			if ask, err = f.apply(&s, value, roles); ask != "" || err != nil {
				return s, ask, err
			}
		case strings.HasPrefix(arg, "-") && len(arg) > 1 && arg != "--":
			for rest := arg[1:]; rest != ""; {
				i := slices.IndexFunc(flagTable, func(f flag) bool { return f.short == rest[0] && f.short != 0 })
				if i < 0 {
					return s, "", flagError{fmt.Errorf("invalid option -- '%c'", rest[0])}
				}
				f := flagTable[i]
				value := ""
				rest = rest[1:]
				if f.value != "" {
					value, rest = rest, ""
					if value == "" {
						if len(args) == 0 {
							return s, "", flagError{fmt.Errorf("option requires an argument -- '%c'", f.short)}
						}
						value, args = args[0], args[1:]
					}
				}
				if ask, err = f.apply(&s, value, roles); ask != "" || err != nil {
					return s, ask, err
				}
			}
		default:
			return s, "", flagError{fmt.Errorf("unexpected argument '%s'", arg)}
		}
	}
	switch {
	case s.server && s.host == "" && roles[clientOnly]:
		return s, "", parameterError{fmt.Errorf("some option you are trying to set is client only")}
	case !s.server && s.host != "" && roles[serverOnly]:
		return s, "", parameterError{fmt.Errorf("some option you are trying to set is server only")}
	case !s.server && s.port == 0:
		return s, "", parameterError{errors.New(badPort)}
	}
	return s, "", s.finish()
}

func (f flag) apply(s *settings, value string, roles map[role]bool) (ask string, err error) {
	if f.lacks != "" {
		return "", flagError{fmt.Errorf("option '--%s' is not supported: %s", f.long, f.lacks)}
	}
	if f.set == nil {
		return f.long, nil
	}
	roles[f.role] = true
	return "", f.set(s, value)
}

// longFlag finds a flag by its name or, as getopt does, by the beginning of one name.
func longFlag(name string) (flag, error) {
	var found []flag
	for _, f := range flagTable {
		if f.long == name {
			return f, nil
		}
		if name != "" && strings.HasPrefix(f.long, name) {
			found = append(found, f)
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return flag{}, flagError{fmt.Errorf("unrecognized option '--%s'", name)}
	}
	names := ""
	for _, f := range found {
		names += " '--" + f.long + "'"
	}
	return flag{}, flagError{fmt.Errorf("option '--%s' is ambiguous; possibilities:%s", name, names)}
}

func setFormat(s *settings, v string) error {
	if len(v) != 1 || !strings.Contains("kmgtKMGT", v) {
		return parameterError{fmt.Errorf("bad format specifier (valid formats are in the set [kmgtKMGT])")}
	}
	s.format = v[0]
	return nil
}

func setInterval(s *settings, v string) error {
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f != 0 && !(f >= 0.1 && f <= 60) {
		return parameterError{fmt.Errorf("invalid report interval (min = 0.1, max = 60 seconds)")}
	}
	s.interval, s.intervalSet = time.Duration(math.Round(f*1e6))*time.Microsecond, true
	return nil
}

func setRate(s *settings, v string) error {
	rate, burst, has := strings.Cut(v, "/")
	f, err := parseSize(rate, 1000)
	if err != nil || f > maxRate {
		return parameterError{fmt.Errorf("bad bitrate %q", v)}
	}
	s.rate, s.rateSet = int64(f), true
	if has {
		n, err := strconv.Atoi(burst)
		if err != nil || n < 1 || n > maxBurst {
			return parameterError{fmt.Errorf("invalid burst count (maximum = %d)", maxBurst)}
		}
		s.burst = n
	}
	return nil
}

func setTitle(s *settings, v string) error {
	if len(v) > maxTitle {
		return parameterError{fmt.Errorf("title too long (maximum = %d bytes)", maxTitle)}
	}
	s.title = v
	return nil
}

func setAllow(s *settings, v string) error {
	for part := range strings.SplitSeq(v, ",") {
		p, err := netip.ParsePrefix(part)
		if err != nil {
			a, err := netip.ParseAddr(part)
			if err != nil {
				return parameterError{fmt.Errorf("bad address or network %q", part)}
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		s.allow = append(s.allow, p.Masked())
	}
	return nil
}

// dscpNames are the code points that have names, besides cs0 to cs7 and af11 to af43.
var dscpNames = map[string]int{"ef": 46, "va": 44, "le": 1, "lowdelay": 4, "throughput": 2, "reliability": 1}

func setDSCP(s *settings, v string) error {
	n, ok := dscpNames[strings.ToLower(v)]
	var a, b int
	switch {
	case ok:
	case len(v) == 3 && strings.EqualFold(v[:2], "cs") && v[2] >= '0' && v[2] <= '7':
		n = int(v[2]-'0') << 3
	case len(v) == 4 && strings.EqualFold(v[:2], "af") && v[2] >= '1' && v[2] <= '4' && v[3] >= '1' && v[3] <= '3':
		a, b = int(v[2]-'0'), int(v[3]-'0')
		n = a<<3 | b<<1
	default:
		d, err := strconv.ParseInt(v, 0, 64)
		if err != nil || d < 0 || d > 63 {
			return parameterError{fmt.Errorf("bad TOS value (must be between 0 and 255 inclusive)")}
		}
		n = int(d)
	}
	s.tos = n << 2
	return nil
}
