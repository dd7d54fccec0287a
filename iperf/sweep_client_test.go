package iperf_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

const ms = time.Millisecond

// c makes a change of the client's settings one of a test's.
func c(change func(*iperf.ClientSettings)) func(*iperf.Iperf) {
	return func(x *iperf.Iperf) { change(&x.Client) }
}

func overUDP(c *iperf.ClientSettings) { c.Protocol = report.ProtocolUDP }

// smallBlock is the length of blocks that fit into a segment, and not two of them.
const smallBlock = 1100

// lowRate has blocks of 1000 bytes pass one after the other.
func lowRate(c *iperf.ClientSettings) { c.Rate, c.Length = 400e3, 1000 }

// clientTrials has what is tried of every setting of the client.
var clientTrials = map[string][]sweepTrial{
	"Protocol": {
		{value: "UDP", set: c(overUDP), effect: "datagrams instead of segments", seen: func(e *sighting) error {
			return want(len(e.up()) > 20 && share(e.up(), func(p testbed.Packet) bool { return p.UDP }) == 1, "only datagrams", "%d packets of data", len(e.up()))
		}},
		{value: "SCTP", set: c(func(c *iperf.ClientSettings) { c.Protocol = report.ProtocolSCTP }), lacks: noSCTP, effect: "neither segments nor datagrams",
			seen: func(e *sighting) error { return want(len(e.up()) == 0, "no TCP or UDP", "%d packets", len(e.up())) }},
	},
	"Bytes": {
		{value: "2 MB", set: c(func(c *iperf.ClientSettings) { c.Time, c.Bytes = 0, 2e6 }), effect: "about so many bytes of the stream; iperf 3 closes it before all have passed",
			seen: func(e *sighting) error { return between("bytes", e.streamBytes(false), 16e5, 23e5) }},
		{value: "200 kB of UDP", set: c(func(c *iperf.ClientSettings) { c.Time, c.Bytes = 0, 2e5 }), with: c(func(c *iperf.ClientSettings) { overUDP(c); c.Rate = 4e6 }),
			effect: "about so many bytes in datagrams; iperf 3.16 and later look at them ten times a second", seen: func(e *sighting) error { return between("bytes", e.streamBytes(false), 2e5, 2.8e5) }},
	},
	"Blocks": {{value: "20", set: c(func(c *iperf.ClientSettings) { c.Time, c.Blocks = 0, 20 }), with: c(func(c *iperf.ClientSettings) { c.Length = 10000 }),
		effect: "no more blocks in the stream, which a server may close before all have passed", seen: func(e *sighting) error {
			return between("bytes", e.streamBytes(false), 50e3, 200e3+100)
		}}},
	"Time": {
		{value: "2s", set: c(func(c *iperf.ClientSettings) { c.Time = 2 * time.Second }), effect: "data for so long",
			seen: func(e *sighting) error { return between("time", span(e.up()), 1900*ms, 2400*ms) }},
		{value: "1.5s", program: "iperf", set: c(func(c *iperf.ClientSettings) { c.Time = 1500 * ms }), effect: "data for so long",
			seen: func(e *sighting) error { return between("time", span(e.up()), 1400*ms, 1850*ms) }},
	},
	"Omit": {{value: "1s", set: c(func(c *iperf.ClientSettings) { c.Omit = time.Second }), effect: "data for longer by it, which the server does not count", seen: func(e *sighting) error {
		if err := between("time", span(e.up()), 1900*ms, 2400*ms); err != nil {
			return err
		}
		return says(e.server, "omitted")
	}}},
	"Interval": {{value: "200ms", set: c(func(c *iperf.ClientSettings) { c.Interval = 200 * ms }), effect: "rows of that length in the client's output",
		seen: func(e *sighting) error { return between("rows", rowsOf200ms(e.client), 3, 6) }}},
	"Parallel": {{value: "3", set: c(func(c *iperf.ClientSettings) { c.Parallel = 3 }), effect: "so many connections with data", seen: func(e *sighting) error {
		return between("connections", len(e.tests()), 3, 3)
	}}},
	"Rate": {
		{value: "5 Mbit/s", set: c(func(c *iperf.ClientSettings) { c.Rate = 5e6 }), with: c(func(c *iperf.ClientSettings) { c.Length = 10000 }), effect: "data at that rate",
			seen: func(e *sighting) error { return between("rate", rate(e.up()), 4e6, 6.5e6) }},
		{value: "5 Mbit/s of UDP", set: c(func(c *iperf.ClientSettings) { c.Rate = 5e6 }), with: c(overUDP), effect: "datagrams at that rate",
			seen: func(e *sighting) error { return between("rate", rate(e.up()), 4e6, 6.5e6) }},
	},
	"RateDeviation": {{value: "2.5 Mbit/s", set: c(func(c *iperf.ClientSettings) { c.RateDeviation = 2.5e6 }),
		with: c(func(c *iperf.ClientSettings) { c.Length, c.Time = 2000, 4*time.Second }), effect: "a rate that varies between tenths of a second",
		seen: func(e *sighting) error { return between("variation", variation(windows(e.up(), 100*ms)), 0.2, 2) }}},
	"PacketRate": {{value: "250", set: c(func(c *iperf.ClientSettings) { c.PacketRate = 250 }), effect: "so many datagrams a second", seen: func(e *sighting) error {
		return between("datagrams a second", float64(len(e.up()))/span(e.up()).Seconds(), 225, 275)
	}}},
	"Burst": {{value: "10", set: c(func(c *iperf.ClientSettings) { c.Burst = 10 }), with: c(func(c *iperf.ClientSettings) { c.Time = 3 * time.Second }),
		effect: "so many blocks in a row", seen: func(e *sighting) error {
			if e.x.Client.Unlimited {
				return errUnseen
			}
			var most int64
			for _, b := range bursts(e.up(), 8*ms) {
				most = max(most, bytesOf(b))
			}
			return between("bytes in a row", most, 9*e.x.Client.Length, 21*e.x.Client.Length)
		}}},
	"Unlimited": {{set: c(func(c *iperf.ClientSettings) { c.Unlimited = true }), effect: "datagrams at the link's rate", seen: func(e *sighting) error {
		return between("rate", rate(e.up()), 0.7*sweepLink, sweepLink)
	}}},
	"Length": {
		{value: "1000 of UDP", set: c(func(c *iperf.ClientSettings) { c.Length = 1000 }), with: c(overUDP), effect: "datagrams of that size", seen: func(e *sighting) error {
			return want(share(e.up(), func(p testbed.Packet) bool { return p.Size == 1000 }) > 0.9, "1000 bytes", "%s", some(e.up(), size))
		}},
		{value: "1000", set: c(func(c *iperf.ClientSettings) { c.Length = 1000 }), with: c(func(c *iperf.ClientSettings) { c.NoDelay, c.Rate = true, 400e3 }),
			effect: "segments of that size, of blocks that are sent at once", seen: func(e *sighting) error {
				return want(share(e.up(), func(p testbed.Packet) bool { return p.Size == 1000 }) > 0.8, "1000 bytes", "%s", some(e.up(), size))
			}},
	},
	"Window": {{value: "100000", set: c(func(c *iperf.ClientSettings) { c.Window = 100000 }), effect: "twice that as the socket's buffer, as Linux has it", seen: func(e *sighting) error {
		if e.version.Major >= 3 {
			if err := socket(e.serverSockets, "ESTAB", "rb200000,"); err != nil {
				return err
			}
		}
		return socket(e.clientSockets, "ESTAB", "tb200000,")
	}}},
	"Reverse": {{set: c(func(c *iperf.ClientSettings) { c.Reverse = true }), effect: "data from the server only", seen: func(e *sighting) error {
		return want(bytesOf(e.down()) > 1e6 && bytesOf(e.up()) < 2000, "1 MB down, nothing up", "%d down, %d up", bytesOf(e.down()), bytesOf(e.up()))
	}}},
	"Port": {{value: "5555", set: c(func(c *iperf.ClientSettings) { c.Port = 5555 }), effect: "data to that port", seen: func(e *sighting) error {
		return want(share(e.up(), func(p testbed.Packet) bool { return p.Dst.Port() == 5555 }) == 1, "port 5555", "%s", some(e.up(), dst))
	}}},
	"ClientPort": {{value: "15001", set: c(func(c *iperf.ClientSettings) { c.ClientPort = 15001 }), with: c(func(c *iperf.ClientSettings) { c.Bind = clientAddr }),
		effect: "data from that port", seen: func(e *sighting) error {
			return want(share(e.up(), func(p testbed.Packet) bool { return p.Src.Port() == 15001 }) == 1, "port 15001", "%s", some(e.up(), src))
		}}},
	"Bind": {{value: clientAddr2, set: c(func(c *iperf.ClientSettings) { c.Bind = clientAddr2 }), effect: "data from that address", seen: func(e *sighting) error {
		from := func(addr string) func(testbed.Packet) bool {
			return func(p testbed.Packet) bool { return p.Src.Addr().String() == addr }
		}
		return want(share(e.up(), from(clientAddr)) == 0 && share(e.up(), from(clientAddr2)) > 0, clientAddr2, "%s", some(e.up(), src))
	}}},
	"XBind":    {{lacks: noSCTP, set: c(func(c *iperf.ClientSettings) { c.XBind = []string{clientAddr, clientAddr2} }), effect: "both addresses in the association", seen: never}},
	"NStreams": {{lacks: noSCTP, set: c(func(c *iperf.ClientSettings) { c.NStreams = 4 }), effect: "so many streams in the association", seen: never}},

	"Bidir": {{set: c(func(c *iperf.ClientSettings) { c.Bidir = true }), effect: "data both ways at the same time, over two connections", seen: func(e *sighting) error {
		return bothWays(e, 2)
	}}},
	"FullDuplex": {{set: c(func(c *iperf.ClientSettings) { c.FullDuplex = true }), effect: "data both ways at the same time, over one connection", seen: func(e *sighting) error {
		return bothWays(e, 1)
	}}},
	"Dualtest": {{set: c(func(c *iperf.ClientSettings) { c.Dualtest = true }), effect: "a connection of the server's, with data at the same time", seen: func(e *sighting) error {
		if len(e.syns(true)) == 0 {
			return want(false, "a connection of the server's", "none")
		}
		return bothWays(e, 2)
	}}},
	"Tradeoff": {{set: c(func(c *iperf.ClientSettings) { c.Tradeoff = true }), effect: "a connection of the server's, with data afterwards", seen: func(e *sighting) error {
		up, down := e.up(), e.back()
		if len(up) == 0 || len(down) == 0 {
			return want(false, "a connection of the server's with data", "%d packets", len(down))
		}
		return want(down[0].At.After(up[len(up)-1].At.Add(-50*ms)) && bytesOf(down) > 1e6, "data down after those up", "%v after them", down[0].At.Sub(up[len(up)-1].At))
	}}},
	"ListenPort": {{value: "6001", set: c(func(c *iperf.ClientSettings) { c.ListenPort = 6001 }), effect: "the server's connection to that port", seen: func(e *sighting) error {
		return want(share(e.syns(true), func(p testbed.Packet) bool { return p.Dst.Port() == 6001 }) == 1, "port 6001", "%s", some(e.syns(true), dst))
	}}},

	"FQRate": {{value: "10 Mbit/s", set: c(func(c *iperf.ClientSettings) { c.FQRate = 10e6 }), effect: "the socket's pace, and data at that rate", seen: func(e *sighting) error {
		if err := socket(e.clientSockets, "ESTAB", " pacing_rate 10"); err != nil {
			return err
		}
		return between("rate", rate(e.up()), 8e6, 10.7e6)
	}}},
	"PacingTimer": {{value: "50ms", set: c(func(c *iperf.ClientSettings) { c.PacingTimer = 50 * ms }), with: c(func(c *iperf.ClientSettings) { overUDP(c); c.Rate, c.Length = 4e6, 1000 }),
		effect: "bursts that far apart", seen: func(e *sighting) error { return between("bursts", len(bursts(e.up(), 25*ms)), 15, 25) }}},
	"BurstSize": {{value: "300000", set: c(func(c *iperf.ClientSettings) { c.BurstSize = 300e3 }), effect: "bursts of that size", seen: func(e *sighting) error {
		bs := bursts(e.up(), 100*ms)
		return want(len(bs) > 1 && bytesOf(bs[0]) > 295e3 && bytesOf(bs[0]) < 400e3, "bursts of 300 kB", "%d, the first of %d bytes", len(bs), bytesOf(bs[0]))
	}}},
	"BurstPeriod": {{value: "500ms of 200 kB", set: c(func(c *iperf.ClientSettings) { c.BurstPeriod, c.BurstSize = 500*ms, 200e3 }), with: c(func(c *iperf.ClientSettings) { c.Time = 2 * time.Second }),
		effect: "bursts that far apart", seen: func(e *sighting) error {
			bs := bursts(e.up(), 100*ms)
			if len(bs) < 3 {
				return want(false, "three bursts or more", "%d", len(bs))
			}
			return between("period", bs[2][0].At.Sub(bs[1][0].At), 470*ms, 530*ms)
		}}},
	"Isochronous":                 isochronous,
	"Isochronous.FramesPerSecond": isochronous,
	"Isochronous.Mean": {{value: "8 Mbit/s", set: c(func(c *iperf.ClientSettings) { c.Isochronous.Mean = 8e6 }),
		with: c(func(c *iperf.ClientSettings) {
			overUDP(c)
			c.Isochronous = iperf.Isochronous{FramesPerSecond: 20, Mean: 2e6}
		}), effect: "that rate",
		seen: func(e *sighting) error { return between("rate", rate(e.up()), 6.5e6, 9.5e6) }}},
	"Isochronous.Deviation": {{value: "4 Mbit/s", set: c(func(c *iperf.ClientSettings) { c.Isochronous.Deviation = 4e6 }), with: c(func(c *iperf.ClientSettings) {
		overUDP(c)
		c.Time, c.Isochronous = 3*time.Second, iperf.Isochronous{FramesPerSecond: 10, Mean: 8e6}
	}), effect: "frames whose sizes vary", seen: func(e *sighting) error {
		var sizes []float64
		for _, b := range bursts(e.up(), 15*ms) {
			sizes = append(sizes, float64(bytesOf(b)))
		}
		return between("variation", variation(sizes), 0.23, 2)
	}}},

	"Bounceback":        bounceback,
	"Bounceback.Enable": bounceback,
	"Bounceback.Writes": {{value: "4", set: c(func(c *iperf.ClientSettings) { c.Bounceback.Writes = 4 }), with: c(bouncing), effect: "so many requests in a burst", seen: func(e *sighting) error {
		bs := bursts(requests(e), 100*ms)
		return want(len(bs) > 0 && len(bs[0]) == 4, "4 requests", "%d bursts, of %d packets", len(bs), len(slices.Concat(bs...)))
	}}},
	"Bounceback.Period": {{value: "250ms", set: c(func(c *iperf.ClientSettings) { c.Bounceback.Period = 250 * ms }), with: c(bouncing), effect: "bursts that far apart", seen: func(e *sighting) error {
		return between("bursts", len(bursts(requests(e), 100*ms)), 7, 9)
	}}},
	"Bounceback.Hold": {{value: "20ms", set: c(func(c *iperf.ClientSettings) { c.Bounceback.Hold = 20 * ms }), with: c(bouncing), effect: "so long before an answer", seen: func(e *sighting) error {
		held := time.Hour
		for _, burst := range bursts(requests(e), 100*ms) { // the answer to the first one may come while others are sent
			q := burst[0]
			for _, a := range e.down() {
				if a.At.After(q.At) {
					held = min(held, a.At.Sub(q.At))
					break
				}
			}
		}
		return between("time", held, 20*ms, 40*ms)
	}}},
	"Bounceback.NoQuickACK": {{set: c(func(c *iperf.ClientSettings) { c.Bounceback.NoQuickACK = true }), with: c(func(c *iperf.ClientSettings) {
		bouncing(c)
		c.Bounceback.Hold = 20 * ms
		c.Bounceback.Period = 100 * ms
	}),
		effect: "acknowledgements with the answers, not before", seen: func(e *sighting) error {
			return between("share of requests acknowledged at once", acknowledgedAtOnce(e, requests(e)), 0, 0.5)
		}}},
	"WorkingLoad": {
		{value: "up,2", set: c(func(c *iperf.ClientSettings) { c.WorkingLoad = "up,2" }), effect: "two connections more, with bulk data up", seen: func(e *sighting) error {
			return want(len(e.tests()) == 3 && bytesOf(e.up()) > 1e6 && bytesOf(e.down()) < 1e5, "3 connections", "%d, %d bytes up", len(e.tests()), bytesOf(e.up()))
		}},
		{value: "down", set: c(func(c *iperf.ClientSettings) { c.WorkingLoad = "down" }), effect: "a connection more, with bulk data down", seen: func(e *sighting) error {
			return want(len(e.tests()) == 2 && bytesOf(e.down()) > 1e6 && bytesOf(e.up()) < 1e5, "2 connections", "%d, %d bytes down", len(e.tests()), bytesOf(e.down()))
		}},
		{value: "bidir", set: c(func(c *iperf.ClientSettings) { c.WorkingLoad = "bidir" }), effect: "bulk data both ways", seen: func(e *sighting) error {
			return want(len(e.tests()) >= 2 && bytesOf(e.down()) > 1e6 && bytesOf(e.up()) > 1e6, "bulk data both ways", "%d connections, %d bytes up, %d down", len(e.tests()), bytesOf(e.up()), bytesOf(e.down()))
		}},
	},
	"TxStartTime": {{value: "in 4s", set: c(func(c *iperf.ClientSettings) { c.TxStartTime = time.Now().Add(4 * time.Second) }), effect: "the first data at that time", seen: func(e *sighting) error {
		if len(bulk(e.up())) == 0 {
			return want(false, "data", "none")
		}
		return between("delay", bulk(e.up())[0].At.Sub(e.x.Client.TxStartTime), -5*ms, 100*ms)
	}}},
	"TxDelayTime": {{value: "700ms", set: c(func(c *iperf.ClientSettings) { c.TxDelayTime = 700 * ms }), effect: "so long between the connection and its data", seen: func(e *sighting) error {
		if len(bulk(e.up())) == 0 || len(e.syns(false)) == 0 {
			return want(false, "data", "none")
		}
		return between("delay", bulk(e.up())[0].At.Sub(e.syns(false)[0].At), 690*ms, 900*ms)
	}}},
	"File": {{value: "a text", set: func(x *iperf.Iperf) { x.Client.File = textFile }, effect: "the file's text in the data", seen: func(e *sighting) error {
		return want(slices.ContainsFunc(e.up(), carries("tuna sweep")), "the text", "others in %d packets", len(e.up()))
	}}},

	"BindDev": {{value: "the link's", set: func(x *iperf.Iperf) { x.Client.BindDev = deviceOf }, effect: "a socket of that device", seen: func(e *sighting) error {
		return socket(e.clientSockets, "ESTAB", "%"+e.x.Client.BindDev+":")
	}}},
	"IncrDstIP": {{set: c(func(c *iperf.ClientSettings) { c.IncrDstIP = true }), with: c(func(c *iperf.ClientSettings) { c.Parallel = 2 }), effect: "data to the next address too",
		seen: func(e *sighting) error {
			return ends(e, func(f *flow) any { return f.server.Addr() }, serverAddr, serverAddr2)
		}}},
	"IncrDstPort": {{set: c(func(c *iperf.ClientSettings) { c.IncrDstPort = true }), with: c(func(c *iperf.ClientSettings) { c.Parallel = 2 }), effect: "data to the next port too",
		seen: func(e *sighting) error { return ends(e, func(f *flow) any { return f.server.Port() }, "5001", "5002") }}},
	"IncrSrcIP": {{set: c(func(c *iperf.ClientSettings) { c.IncrSrcIP = true }), with: c(func(c *iperf.ClientSettings) { c.Parallel = 2 }), effect: "data from the next address too",
		seen: func(e *sighting) error {
			return ends(e, func(f *flow) any { return f.client.Addr() }, clientAddr2, clientAddr3)
		}}},
	"LocalOnly": {{value: "to a host behind a gateway", set: c(func(c *iperf.ClientSettings) { c.LocalOnly = true }), scene: scene{addr: viaGateway}, fails: true,
		effect: "no packet for it", seen: func(e *sighting) error {
			return want(e.err != nil && len(e.syns(false)) == 0, "no connection", "%d, %v", len(e.syns(false)), e.err)
		}},
		{value: "to a neighbour", set: c(func(c *iperf.ClientSettings) { c.LocalOnly = true }), effect: "data as usual", nothing: "it only forbids", seen: func(e *sighting) error {
			return want(bytesOf(e.up()) > 1e6, "data", "%d bytes", bytesOf(e.up()))
		}}},

	"MSS": {{value: "1000", set: c(func(c *iperf.ClientSettings) { c.MSS = 1000 }), effect: "no segment larger than that", seen: func(e *sighting) error {
		return between("the largest segment", biggest(e.up()), 900, 1000)
	}}},
	"NoDelay": {{set: c(func(c *iperf.ClientSettings) { c.NoDelay = true }), with: c(func(c *iperf.ClientSettings) { c.Length, c.Rate = smallBlock, 4e6 }), scene: scene{before: fewAnswers},
		effect: "no segment with parts of two small blocks", seen: func(e *sighting) error { return blockBySegment(e.up(), smallBlock) }}},
	"TOS": {
		{value: "184", set: c(func(c *iperf.ClientSettings) { c.TOS = 184 }), effect: "that in the data's headers", seen: func(e *sighting) error { return tos(e.up(), 184) }},
		{value: "184 of UDP", set: c(func(c *iperf.ClientSettings) { c.TOS = 184 }), with: c(overUDP), effect: "that in the datagrams' headers", seen: func(e *sighting) error { return tos(e.up(), 184) }},
		{value: "184 of IPv6", set: c(func(c *iperf.ClientSettings) { c.TOS = 184 }), scene: scene{addr: serverAddr6}, effect: "that as the traffic class", seen: func(e *sighting) error { return tos(e.up(), 184) }},
	},
	"TTL": {
		{value: "33", set: c(func(c *iperf.ClientSettings) { c.TTL = 33 }), effect: "that in the data's headers", seen: func(e *sighting) error { return ttl(e.up(), 33) }},
		{value: "33 of UDP", set: c(func(c *iperf.ClientSettings) { c.TTL = 33 }), with: c(overUDP), effect: "that in the datagrams' headers", seen: func(e *sighting) error { return ttl(e.up(), 33) }},
	},
	"FlowLabel": {{value: "99", set: c(func(c *iperf.ClientSettings) { c.FlowLabel = 99 }), scene: scene{addr: serverAddr6}, effect: "that in the data's headers", seen: func(e *sighting) error {
		return want(share(e.up(), func(p testbed.Packet) bool { return p.FlowLabel == 99 }) == 1, "99", "%s", some(e.up(), func(p testbed.Packet) int { return p.FlowLabel }))
	}}},
	"DontFragment": {{set: c(func(c *iperf.ClientSettings) { c.DontFragment = true }), effect: "the flag in the datagrams' headers", seen: func(e *sighting) error {
		return want(share(e.up(), func(p testbed.Packet) bool { return p.DF }) == 1, "the flag", "%s", some(e.up(), func(p testbed.Packet) bool { return p.DF }))
	}}},
	"Congestion": {{value: "reno", set: c(func(c *iperf.ClientSettings) { c.Congestion = "reno" }), effect: "that in the client's socket", seen: func(e *sighting) error {
		return socket(e.clientSockets, "ESTAB", " reno ")
	}}},
	"MPTCP": {{set: c(func(c *iperf.ClientSettings) { c.MPTCP = true }), effect: "its option in the SYN and in the answer", seen: func(e *sighting) error {
		return want(slices.ContainsFunc(e.fromClient(), func(p testbed.Packet) bool { return p.SYN && p.MPTCP }) &&
			slices.ContainsFunc(e.fromServer(), func(p testbed.Packet) bool { return p.SYN && p.MPTCP }), "the option", "none")
	}}},
	"NearCongestion": {{value: "1000", set: c(func(c *iperf.ClientSettings) { c.NearCongestion = 1000 }), effect: "a rate far below the link's", seen: func(e *sighting) error {
		return between("rate", rate(e.up()), 1e5, 0.6*sweepLink)
	}}},
	"TCPQuickACK": {{set: c(func(c *iperf.ClientSettings) { c.TCPQuickACK = true }), with: c(func(c *iperf.ClientSettings) { lowRate(c); c.NoDelay, c.Time = true, 2*time.Second }),
		effect: "every segment acknowledged at once", seen: func(e *sighting) error {
			return between("share of segments acknowledged at once", acknowledgedAtOnce(e, e.up()), 0.95, 1)
		}}},
	"TCPWritePrefetch": {{value: "8192", set: c(func(c *iperf.ClientSettings) { c.TCPWritePrefetch = 8192 }), effect: "few unsent bytes in the socket", seen: func(e *sighting) error {
		return between("unsent bytes", mostUnsent(e.clientSockets), 1, 100e3)
	}}},

	"ZeroCopy": {{set: c(func(c *iperf.ClientSettings) { c.ZeroCopy = true }), effect: "the data are moved out of a file", seen: func(e *sighting) error {
		return between("bytes out of files", e.clientIs.Read, 1e6, 1e9)
	}}},
	"SkipRxCopy": {{set: c(func(c *iperf.ClientSettings) { c.SkipRxCopy = true }), effect: "the server waits in recv with MSG_TRUNC", seen: func(e *sighting) error {
		return want(waitsIn(e.serverIs, truncatingRecv), "recv with MSG_TRUNC", "%v", e.serverIs.Calls)
	}}},
	"GSRO": {{set: c(func(c *iperf.ClientSettings) { c.GSRO = true }), with: c(func(c *iperf.ClientSettings) { c.Rate, c.Length = 20e6, 1000 }), scene: scene{before: unshaped}, effect: "several datagrams in one of the kernel's packets",
		seen: func(e *sighting) error {
			return want(slices.ContainsFunc(e.up(), func(p testbed.Packet) bool { return p.Segment == 1000 }), "several in one", "%s", some(e.up(), size))
		}}},
	"RepeatingPayload": {{set: c(func(c *iperf.ClientSettings) { c.RepeatingPayload = true }), effect: "a pattern in the data", seen: func(e *sighting) error {
		return want(share(e.up(), carries("0123456789")) > 0.9, "the pattern", "it in %.0f %% of the packets", 100*share(e.up(), carries("0123456789")))
	}}},
	"UDPCounters64Bit": {{set: c(func(c *iperf.ClientSettings) { c.UDPCounters64Bit = true }), effect: "a counter of 64 bits in the datagrams", seen: func(e *sighting) error {
		counts := func(p testbed.Packet) bool {
			return len(p.Payload) > 16 && binary.BigEndian.Uint32(p.Payload[8:]) == 0 && int(binary.BigEndian.Uint32(p.Payload[12:])) <= 2*len(e.up())
		}
		return want(share(e.up(), counts) == 1, "a counter", "one in %.0f %% of the datagrams", 100*share(e.up(), counts))
	}}},
	"NoConnectSync": {{set: c(func(c *iperf.ClientSettings) { c.NoConnectSync = true }), with: c(func(c *iperf.ClientSettings) { c.Parallel, c.Time = 2, 2*time.Second }), scene: scene{before: loseSecondSYN},
		effect: "data of the first connection while the second one waits", seen: func(e *sighting) error {
			syns, up := e.syns(false), e.up()
			if len(syns) == 0 || len(up) == 0 {
				return want(false, "data", "none")
			}
			return between("delay of the first data", up[0].At.Sub(syns[0].At), 0, 300*ms)
		}}},
	"NoUDPFin": {{set: c(func(c *iperf.ClientSettings) { c.NoUDPFin = true }), effect: "no datagram of the server's", seen: func(e *sighting) error {
		return want(len(e.up()) > 0 && len(e.fromServer()) == 0, "none", "%d", len(e.fromServer()))
	}}},
	"Affinity": {
		{value: "0", set: c(func(c *iperf.ClientSettings) { c.Affinity = "0" }), effect: "that as the client's processors", seen: func(e *sighting) error {
			return want(e.clientIs.CPUs["0"], "0", "%v", e.clientIs.CPUs)
		}},
		{value: "0,1", set: c(func(c *iperf.ClientSettings) { c.Affinity = "0,1" }), effect: "the second as the server's", seen: func(e *sighting) error {
			return want(e.clientIs.CPUs["0"] && e.serverIs.CPUs["1"], "0 and 1", "%v and %v", e.clientIs.CPUs, e.serverIs.CPUs)
		}},
	},
	"Realtime": {{set: c(func(c *iperf.ClientSettings) { c.Realtime = true }), effect: "a real-time policy in the kernel", seen: func(e *sighting) error { return realtime(e.clientIs) }}},

	"RcvTimeout": {{value: "500ms", set: c(func(c *iperf.ClientSettings) { c.RcvTimeout = 500 * ms }), with: c(func(c *iperf.ClientSettings) { c.Time = 5 * time.Second }), scene: scene{cut: true}, fails: true, controlFails: true,
		effect: "the client gives up a server that is gone, and ends", seen: func(e *sighting) error {
			// 3.22 says so in time, and then waits 10 s for the server's last words.
			if err := says(e.client, "idle timeout for receiving data"); err != nil {
				return err
			}
			return endsAfter(e, e.clientIs.Last, 450*ms, 12*time.Second)
		}}},
	"SndTimeout": {{value: "1s", set: c(func(c *iperf.ClientSettings) { c.SndTimeout = time.Second }), with: c(func(c *iperf.ClientSettings) { c.Time = 12 * time.Second }), scene: scene{cut: true}, fails: true, controlFails: true,
		effect: "no data any more so long after the last acknowledgement; iperf 3.16 and later end with the test's time all the same", seen: func(e *sighting) error {
			if !e.version.AtLeast(3, 16, 0) {
				if err := endsAfter(e, e.clientIs.Last, 900*ms, 8*time.Second); err != nil {
					return err
				}
			}
			return gaveUp(e, e.up(), 0, 2*time.Second)
		}}},
	"ConnectTimeout": {{value: "1s", set: c(func(c *iperf.ClientSettings) { c.ConnectTimeout = time.Second }), scene: scene{before: noAnswer}, fails: true, controlFails: true,
		effect: "the client's end so long after its first SYN", seen: func(e *sighting) error {
			if len(e.syns(false)) == 0 {
				return want(false, "a SYN", "none")
			}
			high := 2 * time.Second
			if e.version.Major < 3 {
				high = 4 * time.Second // the run ends it, and its program is given time to say why
			}
			return between("time", e.clientIs.Last.Sub(e.syns(false)[0].At), 850*ms, high)
		}}},
	"ControlKeepAlive": {{value: "2s/1s/1", set: c(func(c *iperf.ClientSettings) {
		c.ControlKeepAlive = net.KeepAliveConfig{Enable: true, Idle: 2 * time.Second, Interval: time.Second, Count: 1}
	}), effect: "its timer in a socket of the client's", seen: func(e *sighting) error {
		return want(anyLine(e.clientSockets, "timer:(keepalive,1.") || anyLine(e.clientSockets, "timer:(keepalive,1sec"), "the timer", "%d lines", len(e.clientSockets))
	}}},
	"Username":         userTrial,
	"RSAPublicKeyPath": userTrial,
	"UsePKCS1Padding": {{set: c(func(c *iperf.ClientSettings) { c.UsePKCS1Padding = true }), with: func(x *iperf.Iperf) { authenticated(x); known(x) },
		effect: "a token on the wire that is padded so", seen: tokenIsPKCS1}},
	"PermitKey": {{set: c(func(c *iperf.ClientSettings) { c.PermitKey = "open sesame" }), effect: "the key in the data", seen: func(e *sighting) error {
		return want(slices.ContainsFunc(e.up(), carries("open sesame")), "the key", "none in %d packets", len(e.up()))
	}}},
	"Compatibility": {{set: c(func(c *iperf.ClientSettings) { c.Compatibility = true }), effect: "no flags in front of the data", seen: func(e *sighting) error {
		return want(share(e.up(), plainHeader) == 1, "no flags", "%x", first(e.up()))
	}}},
	"PeerDetect": {{set: c(func(c *iperf.ClientSettings) { c.PeerDetect = true }), effect: "its flags in front of the data; the server tells its version in any case, and nothing is printed", seen: func(e *sighting) error {
		return want(slices.ContainsFunc(e.tests(), asksForPeer), "the flags", "%x", first(e.up()))
	}}},

	"Verbose": {{set: c(func(c *iperf.ClientSettings) { c.Verbose = true }), effect: "more of the client's output", seen: func(e *sighting) error { return says(e.client, "Cookie: ") }}},
	"Enhanced": {{set: c(func(c *iperf.ClientSettings) { c.Enhanced = true }), effect: "more columns of the client's output", seen: func(e *sighting) error {
		if e.x.Client.Reverse {
			return says(e.client, "Reads=Dist")
		}
		return says(e.client, "Write/Err")
	}}},
	"JSON":       {{set: c(func(c *iperf.ClientSettings) { c.JSON = true }), effect: "the client's output is JSON", seen: func(e *sighting) error { return says(e.client, "\"connecting_to\":") }}},
	"JSONStream": {{set: c(func(c *iperf.ClientSettings) { c.JSONStream = true }), effect: "the client's output is a line of JSON an event", seen: func(e *sighting) error { return says(e.client, `{"event":"start"`) }}},
	"JSONStreamFullOutput": {{set: c(func(c *iperf.ClientSettings) { c.JSONStreamFullOutput = true }), effect: "and a document at the end of it", seen: func(e *sighting) error {
		return says(e.client, "\n\t\"intervals\":")
	}}},
	"ReportStyle": {{value: "C", set: c(func(c *iperf.ClientSettings) { c.ReportStyle = "C" }), effect: "comma-separated rows of the client", seen: func(e *sighting) error {
		return want(strings.Count(e.client, ",") > 8 && !strings.Contains(e.client, "bits/sec"), "commas", "%.200q", e.client)
	}}},
	"ReportExclude": {{value: "C", set: c(func(c *iperf.ClientSettings) { c.ReportExclude = "C" }), effect: "no row of the client's for the connection", seen: func(e *sighting) error { return saysNot(e.client, "connected with") }},
		{value: "S", set: c(func(c *iperf.ClientSettings) { c.ReportExclude = "S" }), effect: "no settings in the client's output", seen: func(e *sighting) error { return saysNot(e.client, "Client connecting to") }},
		{value: "V", program: "iperf", set: c(func(c *iperf.ClientSettings) { c.ReportExclude = "V" }), with: c(overUDP), effect: "no report of the server in the client's output", seen: func(e *sighting) error { return saysNot(e.client, "Server Report") }}},
	"SumOnly": {{set: c(func(c *iperf.ClientSettings) { c.SumOnly = true }), with: c(func(c *iperf.ClientSettings) { c.Parallel = 2 }), effect: "no row of a single stream of the client", seen: func(e *sighting) error {
		return saysNot(e.client, "[  1] 0.00")
	}}},
	"PrintMSS":            {{set: c(func(c *iperf.ClientSettings) { c.PrintMSS = true }), effect: "the MSS in the client's output", seen: func(e *sighting) error { return says(e.client, "MSS") }}},
	"TripTimes":           {{set: c(func(c *iperf.ClientSettings) { c.TripTimes = true }), effect: "times from write to read in the server's output", seen: func(e *sighting) error { return says(e.server, "trip-times") }}},
	"TCPWriteTimes":       {{set: c(func(c *iperf.ClientSettings) { c.TCPWriteTimes = true }), effect: "times of writes in the client's output", seen: func(e *sighting) error { return says(e.client, " ms (") }}},
	"Histograms":          histograms,
	"Histograms.BinWidth": histogramBins,
	"Histograms.Bins":     histogramBins,
	"Title":               {{value: "sweep", set: c(func(c *iperf.ClientSettings) { c.Title = "sweep" }), effect: "in front of the client's rows", seen: func(e *sighting) error { return says(e.client, "sweep:  [") }}},
	"Timestamps":          {{value: "at %s ", set: c(func(c *iperf.ClientSettings) { c.Timestamps = "at %s " }), effect: "in front of the client's rows", seen: func(e *sighting) error { return says(e.client, "\nat 1") }}},
	"ExtraData": {{value: "sweep", set: c(func(c *iperf.ClientSettings) { c.ExtraData = "sweep" }), with: func(x *iperf.Iperf) { x.Client.JSON, x.Server.JSON = true, true },
		effect: "in the server's JSON", seen: func(e *sighting) error { return says(e.server, "\"extra_data\":\t\"sweep\"") }}},
	"GetServerOutput": {{set: c(func(c *iperf.ClientSettings) { c.GetServerOutput = true }), effect: "the server's output in the client's", seen: func(e *sighting) error {
		if e.x.Client.JSON {
			return says(e.client, `"server_output_text":`)
		}
		return says(e.client, "Server output:")
	}}},
	"SyncTransferID": {{set: c(func(c *iperf.ClientSettings) { c.SyncTransferID = true }), effect: "the client's number in the server's output", seen: func(e *sighting) error { return says(e.server, "(sync)") }}},
	"HideIPs":        {{set: c(func(c *iperf.ClientSettings) { c.HideIPs = true }), effect: "no address in the client's rows", seen: func(e *sighting) error { return saysNot(e.client, "local "+clientAddr) }}},
	"UTC":            {{set: c(func(c *iperf.ClientSettings) { c.UTC = true }), with: c(func(c *iperf.ClientSettings) { c.Enhanced = true }), effect: "times of UTC in the client's output", seen: func(e *sighting) error { return says(e.client, "(GMT)") }}},

	"IPVersion": {
		{value: "6", set: c(func(c *iperf.ClientSettings) { c.IPVersion = 6 }), scene: scene{addr: serverAddr6}, effect: "packets of IPv6", nothing: "the address says the same", seen: func(e *sighting) error {
			return want(share(e.up(), func(p testbed.Packet) bool { return p.Src.Addr().Is6() }) == 1, "IPv6", "%s", some(e.up(), src))
		}},
		{value: "4 for a name of iperf 2", program: "iperf", set: c(func(c *iperf.ClientSettings) { c.IPVersion = 4 }), scene: scene{addr: serverName}, effect: "packets of IPv4",
			nothing: "the program takes it first", seen: func(e *sighting) error {
				return want(share(e.up(), func(p testbed.Packet) bool { return p.Src.Addr().Is4() }) == 1, "IPv4", "%s", some(e.up(), src))
			}},
		{value: "4 for a name", program: "iperf3", set: c(func(c *iperf.ClientSettings) { c.IPVersion = 4 }), scene: scene{addr: serverName}, effect: "packets of IPv4, though the name stands for IPv6 too", seen: func(e *sighting) error {
			return want(share(e.up(), func(p testbed.Packet) bool { return p.Src.Addr().Is4() }) == 1, "IPv4", "%s", some(e.up(), src))
		}},
	},
	"Format": {{value: "M", set: c(func(c *iperf.ClientSettings) { c.Format = "M" }), effect: "that unit in the client's output", seen: func(e *sighting) error { return says(e.client, "MBytes/sec") }},
		{value: "t", program: "iperf3", set: c(func(c *iperf.ClientSettings) { c.Format = "t" }), effect: "that unit in the client's output", seen: func(e *sighting) error { return says(e.client, "Tbits/sec") }}},
	"Extra": {{value: "-S 0x20", set: c(func(c *iperf.ClientSettings) { c.Extra = []string{"-S", "0x20"} }), effect: "what the argument does", seen: func(e *sighting) error { return tos(e.up(), 0x20) }}},
}

var (
	isochronous = []sweepTrial{{value: "10 frames of 4 Mbit/s", set: c(func(c *iperf.ClientSettings) { c.Isochronous = iperf.Isochronous{FramesPerSecond: 10, Mean: 4e6} }), with: c(overUDP),
		effect: "so many bursts", seen: func(e *sighting) error { return between("bursts", len(bursts(e.up(), 30*ms)), 9, 12) }}}
	bounceback = []sweepTrial{{set: c(bouncing), effect: "requests and answers in place of bulk data", seen: func(e *sighting) error {
		return want(len(requests(e)) >= 5 && len(e.down()) >= 5 && (bytesOf(e.up()) < 1e5 || e.x.Client.WorkingLoad != ""), "some of each", "%d requests, %d answers, %d bytes", len(requests(e)), len(e.down()), bytesOf(e.up()))
	}}}
	histograms    = []sweepTrial{{set: c(func(c *iperf.ClientSettings) { c.Histograms.Enable = true }), effect: "bins in the client's output", seen: func(e *sighting) error { return says(e.client, "bin(w=") }}}
	histogramBins = []sweepTrial{{value: "200 of 500us", set: c(func(c *iperf.ClientSettings) { c.Histograms.BinWidth, c.Histograms.Bins = 500*time.Microsecond, 200 }),
		with: c(func(c *iperf.ClientSettings) { c.Histograms.Enable = true }), effect: "their width in the client's output", seen: func(e *sighting) error { return says(e.client, "bin(w=500us)") }}}
	userTrial = []sweepTrial{{value: "a user", set: known, with: authenticated, effect: "a server that wants one takes the test", controlFails: true, seen: func(e *sighting) error {
		bytes := bytesOf(e.up()) + bytesOf(e.down())
		return want(e.err == nil && bytes > 1e6, "a test", "%d bytes, %v", bytes, e.err)
	}}}
)

// bulk leaves out the small first write of iperf 2.
func bulk(ps []testbed.Packet) []testbed.Packet {
	return slices.DeleteFunc(ps, func(p testbed.Packet) bool { return p.Size < 500 })
}

func bouncing(c *iperf.ClientSettings) { c.Bounceback.Enable, c.Time = true, 2*time.Second }

// requests returns those of a bounce-back test.
func requests(e *sighting) (all []testbed.Packet) {
	for _, p := range e.up() {
		if p.Size < 1000 {
			all = append(all, p)
		}
	}
	return all
}

func size(p testbed.Packet) int   { return p.Size }
func src(p testbed.Packet) string { return p.Src.String() }
func dst(p testbed.Packet) string { return p.Dst.String() }

func carries(text string) func(testbed.Packet) bool {
	return func(p testbed.Packet) bool { return bytes.Contains(p.Payload, []byte(text)) }
}

// tos checks a header's type of service but for the bits of congestion notification.
func tos(ps []testbed.Packet, is int) error {
	return want(share(ps, func(p testbed.Packet) bool { return p.TOS&^3 == is }) == 1, "that", "%s", some(ps, func(p testbed.Packet) int { return p.TOS }))
}

func ttl(ps []testbed.Packet, is int) error {
	return want(share(ps, func(p testbed.Packet) bool { return p.TTL == is }) == 1, "that", "%s", some(ps, func(p testbed.Packet) int { return p.TTL }))
}
