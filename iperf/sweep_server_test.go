package iperf_test

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// s makes a change of the server's settings one of a test's.
func s(change func(*iperf.ServerSettings)) func(*iperf.Iperf) {
	return func(x *iperf.Iperf) { change(&x.Server) }
}

// reversed has the server send.
func reversed(x *iperf.Iperf) { x.Client.Reverse = true }

// serverTrials has what is tried of every setting of the server.
var serverTrials = map[string][]sweepTrial{
	"Port": {{value: "5555", set: s(func(s *iperf.ServerSettings) { s.Port = 5555 }), effect: "data to that port", seen: func(e *sighting) error {
		return want(share(e.up(), func(p testbed.Packet) bool { return p.Dst.Port() == 5555 }) == 1, "port 5555", "%s", some(e.up(), dst))
	}}},
	"AutoPort": {{set: s(func(s *iperf.ServerSettings) { s.AutoPort = true }), effect: "data to another port than the program's own", seen: func(e *sighting) error {
		return want(len(e.up()) > 0 && share(e.up(), func(p testbed.Packet) bool { return p.Dst.Port() == 5201 || p.Dst.Port() == 5001 }) == 0, "another port", "%s", some(e.up(), dst))
	}}},
	"Interval": {{value: "200ms", set: s(func(s *iperf.ServerSettings) { s.Interval = 200 * ms }), effect: "rows of that length in the server's output", seen: func(e *sighting) error {
		return between("rows", rowsOf200ms(e.server), 3, 6)
	}}},
	"Protocol": {{value: "UDP", set: s(func(s *iperf.ServerSettings) { s.Protocol = report.ProtocolUDP }), with: c(overUDP), nothing: "the client's says the same", effect: "datagrams", seen: func(e *sighting) error {
		return want(len(e.up()) > 20 && share(e.up(), func(p testbed.Packet) bool { return p.UDP }) == 1, "only datagrams", "%d packets of data", len(e.up()))
	}}},
	"Length": {{value: "5000", set: s(func(s *iperf.ServerSettings) { s.Length = 5000 }), effect: "the server waits in a read of that size", seen: func(e *sighting) error {
		return want(waitsIn(e.serverIs, readOf(5000)), "a read of 5000", "%v", e.serverIs.Calls)
	}}},
	"Window": {{value: "100000", set: s(func(s *iperf.ServerSettings) { s.Window = 100000 }), effect: "twice that as the socket's buffer, as Linux has it", seen: func(e *sighting) error {
		return socket(e.serverSockets, "ESTAB", "rb200000,")
	}}},
	"MSS": {{value: "1000", set: s(func(s *iperf.ServerSettings) { s.MSS = 1000 }), effect: "the client's segments are no larger", seen: func(e *sighting) error {
		return between("the largest segment", biggest(e.up()), 900, 1000)
	}}},
	"NoDelay": {{set: s(func(s *iperf.ServerSettings) { s.NoDelay = true }), with: func(x *iperf.Iperf) {
		reversed(x)
		x.Client.Length, x.Client.Rate, x.Server.Length = smallBlock, 4e6, smallBlock
	}, scene: scene{before: fewAnswersOfClient}, effect: "no segment with parts of two small blocks of a server that sends", seen: func(e *sighting) error { return blockBySegment(e.down(), smallBlock) }}},
	"TOS": {
		{value: "184", set: s(func(s *iperf.ServerSettings) { s.TOS = 184 }), effect: "that in the acknowledgements' headers", seen: func(e *sighting) error { return tos(established(e.fromServer()), 184) }},
		{value: "184 in reverse", set: s(func(s *iperf.ServerSettings) { s.TOS = 184 }), with: reversed, effect: "that in the data's headers", seen: func(e *sighting) error { return tos(e.down(), 184) }},
	},
	"Congestion": {{value: "reno", set: s(func(s *iperf.ServerSettings) { s.Congestion = "reno" }), with: reversed, effect: "that in the server's socket", seen: func(e *sighting) error {
		return socket(e.serverSockets, "ESTAB", " reno ")
	}}},
	"Bind": {{value: serverAddr, set: s(func(s *iperf.ServerSettings) { s.Bind = serverAddr }), effect: "a socket that listens on that address only", seen: func(e *sighting) error {
		return socket(e.serverSockets, "LISTEN", " "+serverAddr+":")
	}}},
	"BindDev": {{value: "the link's", set: func(x *iperf.Iperf) { x.Server.BindDev = deviceOf }, effect: "a socket of that device", seen: func(e *sighting) error {
		return socket(e.serverSockets, "LISTEN", "%"+e.x.Server.BindDev+":")
	}}},
	"File": {{value: "a new one", set: func(x *iperf.Iperf) { x.Server.File = writtenFile }, with: c(func(c *iperf.ClientSettings) { c.Time, c.Bytes = 0, 2e6 }),
		effect: "the data in that file, as many as pass before the server closes the stream", seen: func(e *sighting) error {
			return between("bytes", int64(len(e.file)), 10e5, e.streamBytes(false))
		}}},
	"Affinity": {{value: "1", set: s(func(s *iperf.ServerSettings) { s.Affinity = "1" }), effect: "that as the server's processors", seen: func(e *sighting) error {
		return want(e.serverIs.CPUs["1"], "1", "%v", e.serverIs.CPUs)
	}}},
	"TOSOverride": {{value: "184", set: s(func(s *iperf.ServerSettings) { s.TOSOverride = 184 }), with: func(x *iperf.Iperf) { reversed(x); x.Client.TOS = 32 }, effect: "that in the data's headers, not the client's",
		seen: func(e *sighting) error { return tos(e.down(), 184) }}},
	"Rate": {{value: "5 Mbit/s", set: s(func(s *iperf.ServerSettings) { s.Rate = 5e6 }), with: c(func(c *iperf.ClientSettings) { c.Time = 3 * time.Second }), effect: "data at about that rate, once buffers are full", seen: func(e *sighting) error {
		up := e.up()
		late := slices.DeleteFunc(slices.Clone(up), func(p testbed.Packet) bool { return p.At.Sub(up[0].At) < 2*time.Second })
		return between("rate", rate(late), 1e6, 10e6)
	}}},
	"TCPRxWindowClamp": {{value: "20000", set: s(func(s *iperf.ServerSettings) { s.TCPRxWindowClamp = 20000 }),
		effect: "no larger window in the server's first header, and no scaling: Linux opens it again, up to 64 KB", seen: func(e *sighting) error {
			all := windowsOf(e)
			return want(len(all) > 0 && all[0] <= 20000 && slices.Max(all) <= 65535, "20000 or less, then 65535 or less", "%v", all[:min(len(all), 40)])
		}}},
	"SingleUDP": {{set: s(func(s *iperf.ServerSettings) { s.SingleUDP = true }), with: c(func(c *iperf.ClientSettings) { overUDP(c); c.Interval = 200 * ms }),
		effect: "the thread that receives prints the rows too; as many threads run", seen: func(e *sighting) error {
			return between("writes of the thread that receives", e.receiverWrites, 5, 20)
		}}},
	"SSMHost": {{value: clientAddr, set: s(func(s *iperf.ServerSettings) { s.SSMHost = clientAddr }), with: func(x *iperf.Iperf) {
		x.Client.Protocol, x.Client.TTL, x.Server.Bind = report.ProtocolUDP, 4, multicastGroup+"%"+deviceOf
	}, scene: scene{addr: multicastGroup}, effect: "a filter for that source in the kernel", seen: func(e *sighting) error {
		return want(strings.Contains(e.sources, "0xc0000201"), "the source", "%.300q", e.sources)
	}}},
	"Compatibility": {{set: s(func(s *iperf.ServerSettings) { s.Compatibility = true }), with: c(func(c *iperf.ClientSettings) { c.Enhanced = true }), effect: "no answer to what newer clients ask",
		seen: func(e *sighting) error {
			return want(len(e.down()) == 0 && len(e.up()) > 0, "no answer", "%d", len(e.down()))
		}}},
	"Realtime": {{set: s(func(s *iperf.ServerSettings) { s.Realtime = true }), effect: "a real-time policy in the kernel", seen: func(e *sighting) error { return realtime(e.serverIs) }}},
	"PermitKeyTimeout": {{value: "1s", set: s(func(s *iperf.ServerSettings) { s.PermitKeyTimeout = time.Second }), with: c(func(c *iperf.ClientSettings) { c.PermitKey = "open sesame" }), scene: scene{run: serverOnly},
		fails: true, controlFails: true, effect: "the server's end so long after its start", seen: func(e *sighting) error {
			return between("time", e.serverIs.Last.Sub(e.serverIs.Seen), 900*ms, 3*time.Second)
		}}},

	"RcvTimeout": {{value: "500ms", set: s(func(s *iperf.ServerSettings) { s.RcvTimeout = 500 * ms }), with: c(func(c *iperf.ClientSettings) { c.Time = 5 * time.Second }), scene: scene{cut: true}, fails: true, controlFails: true,
		effect: "the server gives up a client that is gone, and closes the connection; iperf 3.21 and later end 20 s later, as they wait for its last words", seen: func(e *sighting) error {
			if !e.version.AtLeast(3, 21, 0) {
				if err := says(e.server, "idle timeout for receiving data"); err != nil {
					return err
				}
			}
			return hangsUp(e, 400*ms, 2500*ms)
		}}},
	"SndTimeout": {{value: "1s", set: s(func(s *iperf.ServerSettings) { s.SndTimeout = time.Second }), with: func(x *iperf.Iperf) { reversed(x); x.Client.Time = 12 * time.Second }, scene: scene{cut: true}, fails: true, controlFails: true,
		effect: "no data any more so long after the client's last acknowledgement; iperf 3.16 and later end with the test's time all the same", seen: func(e *sighting) error {
			if !e.version.AtLeast(3, 16, 0) {
				if err := endsAfter(e, e.serverIs.Last, 900*ms, 9*time.Second); err != nil {
					return err
				}
			}
			return gaveUp(e, e.down(), 0, 2*time.Second)
		}}},
	"IdleTimeout": {{value: "1s", set: s(func(s *iperf.ServerSettings) { s.IdleTimeout = time.Second }), scene: scene{run: serverOnly}, fails: true, controlFails: true, effect: "the server's end so long after its start",
		seen: func(e *sighting) error {
			return between("time", e.serverIs.Last.Sub(e.serverIs.Seen), 900*ms, 3*time.Second)
		}}},
	"MaxDuration": {{value: "1s", set: s(func(s *iperf.ServerSettings) { s.MaxDuration = time.Second }), with: c(func(c *iperf.ClientSettings) { c.Time = 3 * time.Second }), fails: true, effect: "no data of a longer test",
		seen: func(e *sighting) error {
			return want(e.err != nil && len(e.up()) == 0, "no data", "%d packets, %v", len(e.up()), e.err)
		}}},
	"BitrateLimit": {{value: "10 Mbit/s", set: s(func(s *iperf.ServerSettings) { s.BitrateLimit = 10e6 }), with: c(func(c *iperf.ClientSettings) { c.Time = 8 * time.Second }), fails: true, effect: "the end of a faster test",
		seen: func(e *sighting) error {
			return want(e.err != nil && span(e.up()) < 7*time.Second, "an end before its time", "%v, %v", span(e.up()), e.err)
		}}},
	"BitrateLimitInterval": {{value: "1s", set: s(func(s *iperf.ServerSettings) { s.BitrateLimitInterval = time.Second }),
		with: func(x *iperf.Iperf) { x.Client.Time, x.Server.BitrateLimit = 8*time.Second, 10e6 }, fails: true, controlFails: true, effect: "the end of a faster test after so long",
		seen: func(e *sighting) error { return between("time", span(e.up()), 800*ms, 3*time.Second) }}},
	"ControlKeepAlive": {{value: "2s/1s/1", set: s(func(s *iperf.ServerSettings) {
		s.ControlKeepAlive = net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 1}
	}), effect: "its timer in a socket of the server's", seen: func(e *sighting) error {
		return want(anyLine(e.serverSockets, "ESTAB", "timer:(keepalive,1"), "the timer", "%d lines", len(e.serverSockets))
	}}},
	"RSAPrivateKeyPath":   wantsUser,
	"AuthorizedUsersPath": wantsUser,
	"TimeSkewThreshold": {{value: "60s", set: s(func(s *iperf.ServerSettings) { s.TimeSkewThreshold = time.Minute }), with: func(x *iperf.Iperf) { authenticated(x); known(x) }, scene: scene{skew: "+30s"}, controlFails: true,
		effect: "a client whose clock differs by 30 s is taken", seen: func(e *sighting) error {
			return want(e.err == nil && bytesOf(e.up()) > 1e6, "a test", "%d bytes, %v", bytesOf(e.up()), e.err)
		}}},

	"Verbose":    {{set: s(func(s *iperf.ServerSettings) { s.Verbose = true }), effect: "more of the server's output", seen: func(e *sighting) error { return says(e.server, "Cookie: ") }}},
	"Enhanced":   {{set: s(func(s *iperf.ServerSettings) { s.Enhanced = true }), effect: "more columns of the server's output", seen: func(e *sighting) error { return says(e.server, "Reads") }}},
	"JSON":       {{set: s(func(s *iperf.ServerSettings) { s.JSON = true }), effect: "the server's output is JSON", seen: func(e *sighting) error { return says(e.server, "\"accepted_connection\":") }}},
	"JSONStream": {{set: s(func(s *iperf.ServerSettings) { s.JSONStream = true }), effect: "the server's output is a line of JSON an event", seen: func(e *sighting) error { return says(e.server, `{"event":"start"`) }}},
	"JSONStreamFullOutput": {{set: s(func(s *iperf.ServerSettings) { s.JSONStreamFullOutput = true }), effect: "and a document at the end of it", seen: func(e *sighting) error {
		return says(e.server, "\n\t\"intervals\":")
	}}},
	"ReportStyle": {{value: "C", set: s(func(s *iperf.ServerSettings) { s.ReportStyle = "C" }), effect: "comma-separated rows of the server", seen: func(e *sighting) error {
		return want(strings.Count(e.server, ",") > 8 && !strings.Contains(e.server, "bits/sec"), "commas", "%.200q", e.server)
	}}},
	"ReportExclude": {{value: "C", set: s(func(s *iperf.ServerSettings) { s.ReportExclude = "C" }), effect: "no row of the server's for the connection", seen: func(e *sighting) error { return saysNot(e.server, "connected with") }},
		{value: "S", set: s(func(s *iperf.ServerSettings) { s.ReportExclude = "S" }), effect: "no settings in the server's output", seen: func(e *sighting) error { return saysNot(e.server, "Server listening") }}},
	"SumOnly": {{set: s(func(s *iperf.ServerSettings) { s.SumOnly = true }), with: c(func(c *iperf.ClientSettings) { c.Parallel = 2 }), effect: "no row of a single stream of the server", seen: func(e *sighting) error {
		return saysNot(e.server, "[  1] 0.00")
	}}},
	"SumDstIP": {{set: s(func(s *iperf.ServerSettings) { s.SumDstIP = true }), with: c(func(c *iperf.ClientSettings) { c.Parallel, c.IncrDstIP = 2, true }), effect: "no sum of two streams to two addresses", seen: func(e *sighting) error {
		return want(e.server != "" && strings.Count(e.server, "[SUM]") == 0, "no sum", "%.600q", e.server)
	}}},
	"PrintMSS":            {{set: s(func(s *iperf.ServerSettings) { s.PrintMSS = true }), effect: "the MSS in the server's output", seen: func(e *sighting) error { return says(e.server, "MSS") }}},
	"Histograms":          latencies,
	"Histograms.BinWidth": latencyBins,
	"Histograms.Bins":     latencyBins,
	"JitterHistograms":    {{set: s(func(s *iperf.ServerSettings) { s.JitterHistograms = true }), with: c(overUDP), effect: "bins of jitter in the server's output", seen: func(e *sighting) error { return says(e.server, "J8-PDF") }}},
	"Timestamps":          {{value: "at %s ", set: s(func(s *iperf.ServerSettings) { s.Timestamps = "at %s " }), effect: "in front of the server's rows", seen: func(e *sighting) error { return says(e.server, "\nat 1") }}},
	"HideIPs":             {{set: s(func(s *iperf.ServerSettings) { s.HideIPs = true }), effect: "no address in the server's rows", seen: func(e *sighting) error { return saysNot(e.server, "local "+serverAddr) }}},
	"UTC":                 {{set: s(func(s *iperf.ServerSettings) { s.UTC = true }), with: s(func(s *iperf.ServerSettings) { s.Enhanced = true }), effect: "times of UTC in the server's output", seen: func(e *sighting) error { return says(e.server, "(GMT)") }}},
	"Format":              {{value: "M", set: s(func(s *iperf.ServerSettings) { s.Format = "M" }), effect: "that unit in the server's output", seen: func(e *sighting) error { return says(e.server, "MBytes/sec") }}},
	"Extra": {{value: "an interval of 0.2", set: s(func(s *iperf.ServerSettings) { s.Extra = []string{"-i", "0.2"} }), effect: "what the argument does", seen: func(e *sighting) error {
		return between("rows", rowsOf200ms(e.server), 3, 6)
	}}},
}

var (
	latencies = []sweepTrial{{set: s(func(s *iperf.ServerSettings) { s.Histograms.Enable = true }), with: c(func(c *iperf.ClientSettings) { c.TripTimes = true }), effect: "bins in the server's output",
		seen: func(e *sighting) error { return says(e.server, "bin(w=") }}}
	latencyBins = []sweepTrial{{value: "200 of 500us", set: s(func(s *iperf.ServerSettings) { s.Histograms.BinWidth, s.Histograms.Bins = 500*time.Microsecond, 200 }),
		with:   func(x *iperf.Iperf) { x.Client.TripTimes, x.Server.Histograms.Enable = true, true },
		effect: "their width and number in the server's output", seen: func(e *sighting) error { return says(e.server, "bin(w=500us):cnt(") }}}
	wantsUser = []sweepTrial{{value: "a key and a user", set: authenticated, fails: true, effect: "no data of a client without a user", seen: func(e *sighting) error {
		return want(e.err != nil && len(e.up()) == 0, "no data", "%d packets, %v", len(e.up()), e.err)
	}}}
)

// rowsOf200ms counts the rows of a stream that are so long, in the first second.
func rowsOf200ms(output string) (rows int) {
	for i := range 5 {
		from, to := float64(i)/5, float64(i+1)/5
		if strings.Contains(output, fmt.Sprintf("%.2f-%.2f ", from, to)) || strings.Contains(output, fmt.Sprintf("%.2f00-%.2f00 ", from, to)) {
			rows++
		}
	}
	return rows
}

// established leaves out what opens a connection, which the listening socket answers, and what ends it after the program
// has closed it.
func established(ps []testbed.Packet) []testbed.Packet {
	return slices.DeleteFunc(slices.Clone(ps), func(p testbed.Packet) bool { return p.SYN || p.FIN || p.RST })
}

// windowsOf returns the windows in bytes that the server's host allowed the client after the connection was opened.
func windowsOf(e *sighting) (all []int) {
	for _, f := range e.tests() {
		scale := 0
		for _, p := range f.down {
			if p.SYN {
				scale = p.Scale
			} else if !p.RST {
				all = append(all, p.Window<<scale)
			}
		}
	}
	return all
}
