package iperf

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// A limitRow is a test as limits.md has it: figures of one bottleneck, the misleading ones
// included. Times are in ms, rates in Mbit/s and shares in %. A negative share of a row is 0, and
// zero is what an undisturbed test shows.
type limitRow struct {
	name string
	want LimitKind
	side Role // expected with LimitPath

	rate, pace, seconds  float64
	bytes                int64 // that arrived, in place of rate times seconds
	rtt, minRTT          float64
	wnd, sqtb, ns, cwnd  float64
	app, idleQueue, busy float64 // idleQueue: share of samples with an empty Send-Q
	retr, cv             float64
	rwnd, sndb           float64
	full                 float64 // own queue
	congestion           string
	timeouts             int64

	run, wait, throttled       float64 // sender
	toRun, toWait, toThrottled float64
	coresIdle                  float64 // mean of both cores; zero: 60
	apart                      bool    // the ends are on two machines

	udp                                    bool
	sent, lost                             float64 // lost: % of the packets
	sndbufErrors, rcvbufErrors, qdiscDrops float64 // % of the lost ones
}

const (
	cubic = "cubic"
	bbr   = "bbr"
)

var limitRows = []limitRow{
	{name: "router 20 deep", want: LimitPath, rate: 19.1, rtt: 100, minRTT: 0.05, wnd: 40, sqtb: 70, ns: 60, cwnd: 100, cv: 1.5, run: 3, toRun: 4},
	{name: "router 20 deep, 40 ms", want: LimitPath, rate: 18.7, rtt: 160, minRTT: 40, wnd: 40, sqtb: 70, ns: 60, cwnd: 100, cv: 1.5, run: 3, toRun: 4},
	{name: "router 20 deep, BBR", want: LimitPath, rate: 19.1, rtt: 10, minRTT: 0.05, wnd: 4, sqtb: 70, ns: 90, cwnd: 80, cv: 1.5, congestion: bbr, run: 3, toRun: 4},
	{name: "router 20 shallow", want: LimitPath, rate: 19.1, rtt: 9, minRTT: 0.05, wnd: 10, sqtb: 70, ns: 90, cwnd: 100, cv: 2, retr: 1.5, run: 3, toRun: 4},
	{name: "router 20 shallow, 40 ms", want: LimitPath, rate: 17.9, rtt: 43.4, minRTT: 40, wnd: 20, sqtb: 70, ns: 60, cwnd: 100, cv: 4.6, retr: 1.5, run: 3, toRun: 4},
	{name: "router 20 shallow, 40 ms, BBR", want: LimitUnknown, rate: 17.9, rtt: 43.4, minRTT: 40, wnd: 20, sqtb: 70, ns: 60, cwnd: 70, cv: 4, retr: 8, congestion: bbr, run: 3, toRun: 4},
	{name: "router 100 deep", want: LimitPath, rate: 95, rtt: 55, minRTT: 0.05, wnd: 40, sqtb: 70, ns: 60, cwnd: 100, cv: 2, retr: 0.4, run: 10, toRun: 12},
	{name: "router 300 deep", want: LimitPath, rate: 286, rtt: 1.25, minRTT: 0.05, wnd: 10, sqtb: 70, ns: 60, cwnd: 100, cv: 2, retr: 0.02, run: 20, toRun: 25},
	{name: "router 300 shallow", want: LimitPath, rate: 280, rtt: 0.8, minRTT: 0.05, wnd: 10, sqtb: 70, ns: 60, cwnd: 100, cv: 3, retr: 0.8, run: 20, toRun: 25},
	{name: "router 300 shallow, BBR", want: LimitUnknown, rate: 251, rtt: 0.8, minRTT: 0.05, wnd: 4, sqtb: 70, ns: 60, cwnd: 70, cv: 19, retr: 22, congestion: bbr, run: 20, toRun: 25},
	{name: "own device 20", want: LimitPath, side: RoleClient, rate: 18.8, rtt: 48, minRTT: 0.05, wnd: 30, sqtb: 70, ns: 60, cwnd: 100, cv: 2, full: 95, run: 3, toRun: 3},
	{name: "own device 20 shallow", want: LimitPath, side: RoleClient, rate: 18.3, rtt: 4, minRTT: 0.05, wnd: 30, sqtb: 70, ns: 60, cwnd: 100, cv: 4.2, full: 84, retr: 6.8, run: 3, toRun: 3},
	{name: "own device 100, BBR", want: LimitPath, side: RoleClient, rate: 95, rtt: 4, minRTT: 0.05, wnd: 5, sqtb: 70, ns: 60, cwnd: 70, cv: 0.4, full: 100, congestion: bbr, run: 9, toRun: 9},

	{name: "window 32 k, 40 ms", want: LimitReceiveWindow, rate: 3.6, rtt: 41.5, minRTT: 40, wnd: 104, sqtb: 85, ns: 90, cwnd: 40, cv: 3, rwnd: 80, run: 2, toRun: 2},
	{name: "window 128 k, 40 ms, BBR", want: LimitReceiveWindow, rate: 14.3, rtt: 42.2, minRTT: 40, wnd: 102, sqtb: 85, ns: 80, cwnd: 40, cv: 3, rwnd: 30, congestion: bbr, run: 2, toRun: 2},
	{name: "window 16 k, 20 ms, BBR, and a queue", want: LimitUnknown, rate: 6.8, rtt: 23.5, minRTT: 20.04, wnd: 100, sqtb: 80, ns: 91, cwnd: 36, cv: 1, rwnd: 45, congestion: bbr, run: 2, toRun: 2},
	{name: "both buffers 8 k, 20 ms", want: LimitReceiveWindow, rate: 3.4, rtt: 20.3, minRTT: 20.07, wnd: 100, sqtb: 88, ns: 30, cwnd: 25, app: 70, rwnd: 37, sndb: 23, congestion: bbr, run: 2, toRun: 2},
	{name: "both buffers 8 k, nothing unsent", want: LimitUnknown, rate: 3.4, rtt: 20.3, minRTT: 20.07, wnd: 100, sqtb: 88, cwnd: 25, app: 70, rwnd: 37, sndb: 23, congestion: bbr, run: 2, toRun: 2},
	{name: "window 16 k behind router 300", want: LimitUnknown, rate: 280, rtt: 0.49, minRTT: 0.05, wnd: 100, sqtb: 85, ns: 90, cwnd: 40, cv: 2, rwnd: 60, run: 20, toRun: 20},
	{name: "window 512 k behind router 20, 40 ms", want: LimitPath, rate: 18.7, rtt: 136, minRTT: 40, wnd: 100, sqtb: 85, ns: 80, cwnd: 60, cv: 1.5, rwnd: 51, run: 3, toRun: 3},
	{name: "window 128 k behind router 20", want: LimitPath, rate: 19.2, rtt: 48, minRTT: 0.05, wnd: 100, sqtb: 85, ns: 80, cwnd: 60, cv: 1.5, rwnd: 42, run: 3, toRun: 3},
	{name: "window 16 k behind router 20", want: LimitPath, rate: 19.0, rtt: 6, minRTT: 0.05, wnd: 100, sqtb: 85, ns: 80, cwnd: 60, cv: 1.5, rwnd: 87, run: 3, toRun: 3},
	{name: "window 4 k behind router 20", want: LimitPath, rate: 18.8, rtt: 1.6, minRTT: 0.05, wnd: 100, sqtb: 85, ns: 80, cwnd: 60, cv: 1.5, rwnd: 18, run: 3, toRun: 3},

	{name: "send buffer 64 k, 40 ms", want: LimitSendBuffer, rate: 11.8, rtt: 41, minRTT: 40, wnd: 15, sqtb: 105, cwnd: 40, app: 100, cv: 3, sndb: 70, run: 2, toRun: 2},
	{name: "send buffer 256 k, 40 ms", want: LimitSendBuffer, rate: 46, rtt: 42, minRTT: 40, wnd: 35, sqtb: 98, cwnd: 60, app: 100, cv: 3, sndb: 62, congestion: bbr, run: 5, toRun: 5},
	{name: "send buffer 8 k, 20 ms, cubic", want: LimitSendBuffer, rate: 28.4, rtt: 20.7, minRTT: 20.09, wnd: 1.6, sqtb: 402, cwnd: 5, app: 45, cv: 3, run: 2, toRun: 2},
	{name: "send buffer 8 k, 20 ms, BBR", want: LimitSendBuffer, rate: 13.6, rtt: 20.3, minRTT: 20.04, wnd: 14, sqtb: 424, ns: 60, cwnd: 23, cv: 5, sndb: 41, congestion: bbr, run: 2, toRun: 2},
	{name: "default send buffer, 40 ms, and a queue", want: LimitUnknown, rate: 500, rtt: 48, minRTT: 40, wnd: 30, sqtb: 81, cwnd: 80, app: 95, cv: 6, sndb: 12, run: 40, toRun: 40},
	{name: "default send buffer that grows", want: LimitUnknown, rate: 326, rtt: 48, minRTT: 40, wnd: 30, sqtb: 81, ns: 30, cwnd: 95, app: 20, cv: 20, sndb: 10, run: 40, toRun: 40},
	{name: "send buffer 512 k behind router 20, 40 ms", want: LimitPath, rate: 18.7, rtt: 140, minRTT: 40, wnd: 30, sqtb: 100, cwnd: 60, app: 100, cv: 1.5, sndb: 41, run: 3, toRun: 3},
	{name: "send buffer 128 k behind router 20, BBR", want: LimitPath, rate: 19.2, rtt: 48, minRTT: 0.05, wnd: 30, sqtb: 100, cwnd: 60, app: 100, cv: 1.5, congestion: bbr, run: 3, toRun: 3},
	{name: "send buffer 64 k behind router 20, 40 ms", want: LimitSendBuffer, rate: 11, rtt: 44, minRTT: 40, wnd: 15, sqtb: 105, cwnd: 40, app: 100, cv: 6, sndb: 70, run: 2, toRun: 2},

	{name: "-b 12M below the path", want: LimitPace, rate: 12.2, pace: 12, rtt: 68, minRTT: 0.05, wnd: 5, idleQueue: 63, busy: 45, sqtb: 5, cwnd: 30, cv: 26, run: 3, toRun: 3},
	{name: "-b 5M below the path", want: LimitPace, rate: 5, pace: 5, rtt: 10, minRTT: 0.05, wnd: 5, idleQueue: 100, busy: 1, cwnd: 30, cv: 10, app: 100, run: 2, toRun: 2},
	{name: "-b 50M above path 20", want: LimitPath, rate: 19, pace: 50, rtt: 150, minRTT: 0.05, wnd: 40, sqtb: 70, ns: 60, cwnd: 100, cv: 1.5, run: 3, toRun: 3},
	{name: "-b at the path's rate", want: LimitUnknown, rate: 19.5, pace: 20, rtt: 100, minRTT: 0.05, wnd: 40, sqtb: 70, ns: 60, cwnd: 100, cv: 1.5, busy: 99, run: 3, toRun: 3},

	{name: "loss 0.1 %, 40 ms", want: LimitLoss, rate: 40, rtt: 41, minRTT: 40, wnd: 10, sqtb: 80, ns: 90, cwnd: 100, cv: 40, retr: 0.09, run: 5, toRun: 5},
	{name: "loss 1 %, 40 ms", want: LimitLoss, rate: 3.7, rtt: 42, minRTT: 40, wnd: 2, sqtb: 80, ns: 90, cwnd: 100, cv: 50, retr: 0.8, run: 2, toRun: 2},
	{name: "loss 5 %, 40 ms", want: LimitLoss, rate: 1.5, rtt: 43.9, minRTT: 40, wnd: 1, sqtb: 80, ns: 90, cwnd: 100, cv: 64, retr: 4.8, run: 2, toRun: 2},
	{name: "loss 1 %, 40 ms, BBR", want: LimitUnknown, rate: 250, rtt: 44, minRTT: 40, wnd: 30, sqtb: 81, ns: 40, cwnd: 60, cv: 12, retr: 1, sndb: 12, congestion: bbr, run: 30, toRun: 30},
	{name: "loss 5 %, 0 ms", want: LimitLoss, rate: 17, rtt: 0.3, minRTT: 0.05, wnd: 1, sqtb: 80, ns: 90, cwnd: 100, cv: 58, retr: 4.8, run: 3, toRun: 3},
	{name: "loss 1 %, 0 ms, steady", want: LimitUnknown, rate: 358, rtt: 0.3, minRTT: 0.05, wnd: 1, sqtb: 80, ns: 90, cwnd: 100, cv: 8, retr: 1.3, run: 40, toRun: 40},

	{name: "sender quota 20 %", want: LimitSenderCPU, rate: 3402, rtt: 0.3, minRTT: 0.02, wnd: 5, idleQueue: 58, busy: 26, sqtb: 10, cwnd: 20, cv: 10, retr: 0.05, run: 20, wait: 76, throttled: 98, toRun: 30, coresIdle: 80},
	{name: "sender quota 10 %", want: LimitSenderCPU, rate: 2263, rtt: 0.3, minRTT: 0.02, wnd: 5, idleQueue: 100, busy: 13, sqtb: 10, cwnd: 20, cv: 10, run: 10, wait: 91, throttled: 100, toRun: 20, coresIdle: 85},
	{name: "busy process on the sender's core", want: LimitSenderCPU, rate: 6656, rtt: 0.3, minRTT: 0.02, wnd: 5, sqtb: 60, ns: 60, cwnd: 60, cv: 8, retr: 0.1, run: 55, wait: 40, toRun: 40, toWait: 10, coresIdle: 27},
	{name: "receiver quota 20 %", want: LimitReceiverCPU, rate: 4725, rtt: 0.5, minRTT: 0.02, wnd: 17, sqtb: 80, ns: 5, cwnd: 60, app: 60, cv: 30, retr: 0.09, rwnd: 2, sndb: 38, run: 30, wait: 5, toRun: 20, toWait: 67, toThrottled: 100, coresIdle: 60},
	{name: "receiver quota 5 %", want: LimitReceiverCPU, rate: 355, rtt: 0.5, minRTT: 0.02, wnd: 5, sqtb: 80, ns: 5, cwnd: 60, cv: 30, retr: 0.05, rwnd: 2, sndb: 38, run: 8, wait: 5, toRun: 5, toWait: 76, toThrottled: 98, coresIdle: 80},
	{name: "busy process on the receiver's core", want: LimitReceiverCPU, rate: 6655, rtt: 0.3, minRTT: 0.02, wnd: 15, sqtb: 60, ns: 60, cwnd: 60, cv: 8, rwnd: 2, run: 45, wait: 10, toRun: 50, toWait: 36, coresIdle: 27},
	{name: "nothing shaped", want: LimitSenderCPU, rate: 15000, rtt: 0.3, minRTT: 0.02, wnd: 15, sqtb: 60, ns: 60, cwnd: 60, cv: 8, retr: 0.19, run: 96, wait: 3, toRun: 64, toWait: 4, coresIdle: 15},
	{name: "nothing shaped, two machines", want: LimitReceiverCPU, rate: 15000, rtt: 0.3, minRTT: 0.02, wnd: 15, sqtb: 60, ns: 60, cwnd: 60, cv: 8, retr: 0.02, run: 50, wait: 3, toRun: 95, toWait: 3, apart: true},
	{name: "nothing shaped, both ways", want: LimitUnknown, rate: 4800, rtt: 0.3, minRTT: 0.02, wnd: 15, sqtb: 60, ns: 60, cwnd: 60, cv: 8, retr: 0.19, run: 64, wait: 3, toRun: 59, toWait: 4, coresIdle: 20},

	{name: "300 kB, 60 ms", want: LimitShort, rate: 6, seconds: 0.4, rtt: 61, minRTT: 60, wnd: 60, sqtb: 60, ns: 30, cwnd: 90, run: 3, toRun: 3},
	{name: "0.2 s, 20 ms", want: LimitShort, rate: 10, seconds: 0.2, rtt: 21, minRTT: 20, wnd: 60, sqtb: 60, ns: 30, cwnd: 90, run: 3, toRun: 3},
	{name: "black hole", want: LimitLoss, rate: 0.01, bytes: 1448, rtt: 0.02, minRTT: 0.014, wnd: 1, sqtb: 80, ns: 95, cwnd: 100, busy: 100, retr: 80, timeouts: 4, run: 0.1, toRun: 0.1},
	{name: "both ways, router 20", want: LimitPath, rate: 17.6, rtt: 80, minRTT: 0.05, wnd: 40, sqtb: 70, ns: 60, cwnd: 100, cv: 11, run: 4, toRun: 4},

	{name: "UDP small receive buffer", want: LimitReceiveBuffer, udp: true, pace: 400, sent: 400, rate: 357, lost: 10.7, rcvbufErrors: 100, run: 40, toRun: 18, toWait: 4, coresIdle: 78},
	{name: "UDP receiver that waits a little", want: LimitUnknown, udp: true, pace: 300, sent: 300, rate: 243, lost: 19, rcvbufErrors: 100, run: 30, toRun: 8, toWait: 20, coresIdle: 75},
	{name: "UDP receiver quota", want: LimitReceiverCPU, udp: true, pace: 400, sent: 400, rate: 176, lost: 56, rcvbufErrors: 100, run: 40, toRun: 10, toWait: 65, toThrottled: 100, coresIdle: 75},
	{name: "UDP -b 50M, router 20", want: LimitPath, udp: true, pace: 50, sent: 50, rate: 19.7, lost: 60.6, run: 8, toRun: 3},
	{name: "UDP own queue deep", want: LimitPath, side: RoleClient, udp: true, pace: 50, sent: 19.5, rate: 19.5, full: 100, run: 4, toRun: 3},
	{name: "UDP own queue shallow", want: LimitPath, side: RoleClient, udp: true, pace: 50, sent: 50, rate: 19.5, lost: 61, sndbufErrors: 100, qdiscDrops: 100, full: 100, run: 8, toRun: 3},
	{name: "UDP sender quota", want: LimitSenderCPU, udp: true, pace: 2000, sent: 85, rate: 50, lost: 41, rcvbufErrors: 100, run: 10, wait: 85, throttled: 100, toRun: 8, coresIdle: 80},
	{name: "UDP -b 0, nothing shaped", want: LimitSenderCPU, udp: true, pace: -1, sent: 991, rate: 748, lost: 24, rcvbufErrors: 100, run: 88, wait: 5, toRun: 70, toWait: 10, coresIdle: 16},
	{name: "UDP -b 0, router 20", want: LimitPath, udp: true, pace: -1, sent: 900, rate: 19.7, lost: 97.8, run: 88, wait: 5, toRun: 4, coresIdle: 40},
	{name: "UDP loss 1 %", want: LimitUnknown, udp: true, pace: 20, sent: 20, rate: 19.8, lost: 1.1, run: 4, toRun: 3},
	{name: "UDP -b 10M below the path", want: LimitPace, udp: true, pace: 10, sent: 10, rate: 10, lost: 0, run: 4, toRun: 3},
}

// A limitCase is a row as the evidence of a run.
type limitCase struct {
	res            *Result
	c              *ClientSettings
	client, server *evidence.Path
}

// evidenceOf makes the evidence of a row: 20 samples, one in 250 ms or less.
func (r limitRow) evidenceOf() limitCase {
	const n = 20
	or := func(v, zero float64) float64 {
		if v == 0 {
			return zero
		}
		return v
	}
	seconds := or(r.seconds, 5)
	every := time.Duration(math.Min(0.25, seconds/8) * float64(time.Second))
	start := 300 * time.Millisecond
	bytes := r.bytes
	if bytes == 0 {
		bytes = int64(r.rate * 1e6 / 8 * seconds)
	}
	c := &ClientSettings{Rate: report.BitRate(math.Max(0, r.pace) * 1e6)}
	received := &report.Total{End: time.Duration(seconds * 1e9), Bytes: bytes, Rate: report.BitRate(r.rate * 1e6)}
	sent := &report.Total{End: received.End, Bytes: bytes, Rate: received.Rate}
	protocol := report.ProtocolTCP
	var packets, lost int64
	var steady []report.Interval
	if r.udp {
		protocol, c.Protocol, c.Unlimited = report.ProtocolUDP, report.ProtocolUDP, r.pace < 0
		packets = int64(r.sent * 1e6 / 8 / 1448 * seconds)
		lost = int64(float64(packets) * r.lost / 100)
		sent.Rate = report.BitRate(r.sent * 1e6)
		received.UDP = &report.UDP{Has: report.Lost | report.Packets, Lost: lost, Packets: packets}
		for i := range time.Duration(2) {
			steady = append(steady, report.Interval{Start: 2 * i * time.Second, End: 2 * (i + 1) * time.Second, Bytes: int64(r.rate * 1e6 / 4), Rate: received.Rate})
		}
	}
	res := &Result{
		Source:    Source{Role: RoleServer},
		Bandwidth: received.Rate,
		Client:    &report.Report{Role: RoleClient, Protocol: protocol, Forward: &report.Flow{Sent: sent}},
		Server:    &report.Report{Role: RoleServer, Protocol: protocol, Forward: &report.Flow{Received: received, Intervals: steady}},
	}
	of := func(share float64, total int64) *int64 {
		v := int64(math.Round(share / 100 * float64(total)))
		return &v
	}
	path := func(boot string) *evidence.Path {
		return &evidence.Path{
			Device: "eth0", Source: "192.0.2.1", Peer: "192.0.2.2", Elapsed: time.Duration(seconds*1e9) + time.Second,
			Links:   []evidence.Link{{Device: "eth0", Kind: "veth", MTU: 1500, Counters: &evidence.LinkCounters{}}},
			Qdiscs:  []evidence.Qdisc{{Kind: "tbf", Parent: "root", Drops: of(r.qdiscDrops, lost)}},
			System:  evidence.System{BootID: boot, CongestionControl: bbr},
			Samples: make([]evidence.Sample, n),
		}
	}
	client, server := path("a"), path("a")
	if r.apart {
		server.System.BootID = "b"
	}
	client.Counters = evidence.Counters{TCPTimeouts: &r.timeouts, UDPSndbufErrors: of(r.sndbufErrors, lost)}
	server.Counters = evidence.Counters{UDPRcvbufErrors: of(r.rcvbufErrors, lost)}
	congestion := r.congestion
	if congestion == "" {
		congestion = cubic
	}
	ms := func(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
	const mss, tb = 1448, 1 << 20
	var acked float64
	for i := range n {
		at := start + time.Duration(i)*every
		// The rate alternates by cv around its mean.
		swing := 1 + r.cv/100*float64(i%2*2-1)
		acked += float64(bytes) / seconds * every.Seconds() * swing
		last := at - start
		k := evidence.Socket{
			LocalPort: 40002, PeerPort: 5201, CongestionControl: congestion, RTT: ms(r.rtt), MinRTT: ms(r.minRTT), MSS: mss,
			BytesSent: int64(acked) + 2000, BytesAcked: int64(acked) + 1500, SendBuffer: tb, SendQ: int64(r.sqtb / 100 * tb),
			AppLimited: float64(i)*5 < r.app, Busy: time.Duration(or(r.busy, 100) / 100 * float64(last)),
		}
		if float64(i)*5 < r.idleQueue {
			k.SendQ = 0
		}
		k.NotSent = int64(r.ns / 100 * float64(k.SendQ))
		k.BytesRetransmitted = int64(r.retr / 100 * float64(k.BytesSent))
		k.RwndLimited, k.SndbufLimited = time.Duration(r.rwnd/100*float64(k.Busy)), time.Duration(r.sndb/100*float64(k.Busy))
		if !r.udp && r.wnd > 0 {
			// What is in flight is the rate times the round trip.
			k.Unacked = max(8, int64(r.rate*1e6/8*r.rtt/1e3/mss))
			k.SendWindow = int64(float64(k.Unacked*mss) / r.wnd * 100)
			k.CWND = int64(float64(k.Unacked) / r.cwnd * 100)
		}
		control := evidence.Socket{LocalPort: 40000, PeerPort: 5201, CongestionControl: bbr, RTT: ms(r.minRTT), MinRTT: ms(r.minRTT), MSS: mss,
			BytesSent: 400, BytesAcked: 400, BytesReceived: 300}
		backlog := int64(0)
		if float64(i)*5 < r.full {
			backlog = 15000
		}
		s := &client.Samples[i]
		*s = evidence.Sample{At: at, Sockets: []evidence.Socket{control, k}, Backlog: &backlog}
		to := &server.Samples[i]
		got := evidence.Socket{LocalPort: 5201, PeerPort: 40002, BytesReceived: k.BytesAcked, MinRTT: ms(r.minRTT)}
		*to = evidence.Sample{At: at, Sockets: []evidence.Socket{got}, Backlog: of(0, 0)}
		if r.udp {
			s.Sockets, to.Sockets = nil, nil
			to.UDPDrops = of(r.rcvbufErrors*float64(i)/n, lost)
		}
		idle := or(r.coresIdle, 60) / 100
		cores := []evidence.Processor{
			{Core: 0, User: time.Duration((1 - idle) * 0.9 * float64(every)), Idle: every - time.Duration((1-idle)*0.9*float64(every))},
			{Core: 1, User: time.Duration((1 - idle) * 1.1 * float64(every)), Idle: every - time.Duration((1-idle)*1.1*float64(every))},
		}
		fill := func(s *evidence.Sample, run, wait, throttled float64) {
			a, b := time.Duration(run/100*float64(last)), time.Duration(wait/100*float64(last))
			s.Run, s.Wait = &a, &b
			if i == 0 {
				return
			}
			s.Processors = cores
			if throttled > 0 {
				s.Throttling = &evidence.Throttling{Periods: 100, Throttled: int64(throttled), Time: time.Duration(0.8 * throttled / 100 * float64(every))}
			}
		}
		fill(s, r.run, r.wait, r.throttled)
		fill(to, r.toRun, r.toWait, r.toThrottled)
	}
	return limitCase{res, c, client, server}
}

func (l limitCase) limit() Limit {
	l.res.Loss, _ = l.res.lossPlace(l.c, l.client, l.server)
	return l.res.limit(l.c, l.client, l.server)
}

func (l limitCase) signals() *signals {
	l.res.Loss, _ = l.res.lossPlace(l.c, l.client, l.server)
	return l.res.signals(l.c, l.client, l.server)
}

func TestLimitOfMeasuredRows(t *testing.T) {
	for _, row := range limitRows {
		t.Run(row.name, func(t *testing.T) {
			got := row.evidenceOf().limit()
			if got.Kind != row.want {
				t.Fatalf("%v, want %v\n%s", got, row.want, row.signals())
			}
			if got.Kind == LimitPath && got.Side != row.side {
				t.Errorf("side %v, want %v", got.Side, row.side)
			}
			if got.Kind != LimitUnknown && len(got.Evidence) == 0 {
				t.Error("no evidence")
			}
		})
	}
}

// signals lists the known signals of a row.
func (r limitRow) signals() string {
	l := r.evidenceOf()
	var b strings.Builder
	s := l.signals()
	eachSignal(reflect.ValueOf(s).Elem(), "", func(name string, v reflect.Value) {
		fmt.Fprintf(&b, "%s %v\n", name, v.Interface())
	})
	return b.String()
}

// eachSignal calls f with each signal of s.
func eachSignal(s reflect.Value, prefix string, f func(name string, v reflect.Value)) {
	for i := range s.NumField() {
		v := reflect.NewAt(s.Field(i).Type(), s.Field(i).Addr().UnsafePointer()).Elem()
		name := prefix + s.Type().Field(i).Name
		switch v.Interface().(type) {
		case signal, truth:
			f(name, v)
		case string:
			f(name, v)
		case processor:
			eachSignal(v, name+".", f)
		}
	}
}

// A signal that is missing, or two of them, make a limit unknown, and never another one.
func TestLimitWithoutSignals(t *testing.T) {
	for _, row := range limitRows {
		l := row.evidenceOf()
		all := l.signals()
		var names []string
		eachSignal(reflect.ValueOf(all).Elem(), "", func(name string, _ reflect.Value) { names = append(names, name) })
		rules := tcpRules
		if row.udp {
			rules = udpRules
		}
		for i, drop := range names {
			for _, second := range names[i:] {
				s := *all
				eachSignal(reflect.ValueOf(&s).Elem(), "", func(name string, v reflect.Value) {
					if name == drop || name == second {
						v.SetZero()
					}
				})
				if got := decide(rules, &s); got.Kind != row.want && got.Kind != LimitUnknown {
					t.Errorf("%s without %s and %s: %v, want %v", row.name, drop, second, got, row.want)
				}
			}
		}
	}
}

// Parts of the evidence that are missing never make a limit wrong.
func TestLimitWithPartsOfTheEvidence(t *testing.T) {
	each := func(p *evidence.Path, f func(*evidence.Sample)) {
		for i := range p.Samples {
			f(&p.Samples[i])
		}
	}
	parts := map[string]func(*limitCase){
		"no sender":      func(l *limitCase) { l.client = nil },
		"no receiver":    func(l *limitCase) { l.server = nil },
		"no path":        func(l *limitCase) { l.client, l.server = nil, nil },
		"no samples":     func(l *limitCase) { l.client.Samples, l.server.Samples = nil, nil },
		"no ss":          func(l *limitCase) { each(l.client, noSockets); each(l.server, noSockets) },
		"no sender's ss": func(l *limitCase) { each(l.client, noSockets) },
		"no tc": func(l *limitCase) {
			each(l.client, func(s *evidence.Sample) { s.Backlog = nil })
			l.client.Qdiscs = nil
		},
		"no schedstat": func(l *limitCase) {
			for _, p := range []*evidence.Path{l.client, l.server} {
				each(p, func(s *evidence.Sample) { s.Run, s.Wait = nil, nil })
			}
		},
		"no schedstat and cgroup": func(l *limitCase) {
			for _, p := range []*evidence.Path{l.client, l.server} {
				each(p, func(s *evidence.Sample) { s.Run, s.Wait, s.Throttling = nil, nil, nil })
			}
		},
		"no processors": func(l *limitCase) {
			for _, p := range []*evidence.Path{l.client, l.server} {
				each(p, func(s *evidence.Sample) { s.Processors = nil })
			}
		},
		"no boot id":  func(l *limitCase) { l.client.System.BootID = "" },
		"no counters": func(l *limitCase) { l.client.Counters, l.server.Counters = evidence.Counters{}, evidence.Counters{} },
		"no send window": func(l *limitCase) {
			each(l.client, func(s *evidence.Sample) {
				for i := range s.Sockets {
					s.Sockets[i].SendWindow = 0
				}
			})
		},
		"BusyBox": func(l *limitCase) {
			for _, p := range []*evidence.Path{l.client, l.server} {
				each(p, func(s *evidence.Sample) { s.Sockets, s.Backlog = nil, nil })
				p.Qdiscs = nil
			}
		},
		"two samples":   func(l *limitCase) { l.client.Samples, l.server.Samples = l.client.Samples[:2], l.server.Samples[:2] },
		"four samples":  func(l *limitCase) { l.client.Samples, l.server.Samples = l.client.Samples[:4], l.server.Samples[:4] },
		"no reports":    func(l *limitCase) { l.res = &Result{} },
		"sender's only": func(l *limitCase) { l.res.Server = nil },
	}
	for name, drop := range parts {
		named := 0
		for _, row := range limitRows {
			l := row.evidenceOf()
			drop(&l)
			got := l.limit()
			if got.Kind != row.want && got.Kind != LimitUnknown {
				t.Errorf("%s, %s: %v, want %v", row.name, name, got, row.want)
			}
			if got.Kind != LimitUnknown {
				named++
			}
		}
		t.Logf("%s: %d of %d named", name, named, len(limitRows))
	}
}

func noSockets(s *evidence.Sample) { s.Sockets = nil }

// The sender of the data is the server in reverse mode.
func TestLimitReversed(t *testing.T) {
	for _, row := range limitRows {
		l := row.evidenceOf()
		want := l.limit()
		l.res.Reversed = true
		l.client, l.server = l.server, l.client
		l.res.Client, l.res.Server = &report.Report{Role: RoleClient, Protocol: l.res.Server.Protocol, Reverse: l.res.Server.Forward},
			&report.Report{Role: RoleServer, Protocol: l.res.Client.Protocol, Reverse: l.res.Client.Forward}
		if want.Side != 0 {
			want.Side = RoleClient + RoleServer - want.Side
		}
		if diff := cmp.Diff(want, l.limit()); diff != "" {
			t.Errorf("%s: (-forward +reverse)\n%s", row.name, diff)
		}
	}
}

// Four streams that are limited in the same way have the limit of one. If one of them differs, it
// is unknown.
func TestLimitOfSeveralStreams(t *testing.T) {
	var row limitRow
	for _, r := range limitRows {
		if r.name == "window 32 k, 40 ms" {
			row = r
		}
	}
	make4 := func(change func(*evidence.Socket)) Limit {
		l := row.evidenceOf()
		l.c.Parallel = 4
		for _, p := range []*evidence.Path{l.client, l.server} {
			for i := range p.Samples {
				s := &p.Samples[i]
				k := s.Sockets[len(s.Sockets)-1]
				for j := range 3 {
					one := k
					if one.LocalPort == 5201 {
						one.PeerPort += 2 * (j + 1)
					} else {
						one.LocalPort += 2 * (j + 1)
					}
					if j == 1 && p == l.client {
						change(&one)
					}
					s.Sockets = append(s.Sockets, one)
				}
			}
		}
		return l.limit()
	}
	if got := make4(func(*evidence.Socket) {}); got.Kind != LimitReceiveWindow {
		t.Errorf("four alike: %v", got)
	}
	if got := make4(func(k *evidence.Socket) { k.SendWindow *= 10 }); got.Kind != LimitUnknown {
		t.Errorf("one with a large window: %v", got)
	}
}

// Without ss, round trips that iperf prints show a queue, but not that there is none.
func TestLimitFromReports(t *testing.T) {
	intervals := func(rtts ...float64) []report.Interval {
		var all []report.Interval
		for i, ms := range rtts {
			all = append(all, report.Interval{Start: time.Duration(i) * time.Second, End: time.Duration(i+1) * time.Second, Bytes: 2400000,
				TCP: &report.TCP{Has: report.RTT | report.Retransmits, RTT: time.Duration(ms * float64(time.Millisecond))}})
		}
		return all
	}
	row := limitRows[0]
	for _, test := range []struct {
		rtts []float64
		want LimitKind
	}{
		{[]float64{5, 80, 120, 150, 160}, LimitPath},
		{[]float64{150, 155, 150, 152, 151}, LimitUnknown},
	} {
		l := row.evidenceOf()
		for i := range l.client.Samples {
			l.client.Samples[i].Sockets, l.server.Samples[i].Sockets = nil, nil
		}
		l.res.Client.Forward.Intervals = intervals(test.rtts...)
		if got := l.limit(); got.Kind != test.want {
			t.Errorf("%v: %v, want %v", test.rtts, got, test.want)
		}
	}
}

func TestLimitJSON(t *testing.T) {
	for _, want := range []Limit{
		{},
		{Kind: LimitReceiverCPU, Side: RoleServer, Evidence: []Figure{{"core 1 busy", 97, "%"}, {"timeouts", 4, ""}}},
	} {
		data, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Limit
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	data, _ := json.Marshal(Limit{Kind: LimitPath, Side: RoleClient, Evidence: []Figure{{"own queue", 96, "%"}}})
	if got, want := string(data), `{"kind":"path","side":"client","evidence":[{"name":"own queue","value":96,"unit":"%"}]}`; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for _, bad := range []string{`{"kind":"weather"}`, `{"kind":3}`, `{"kind":"path","side":"router"}`} {
		if err := json.Unmarshal([]byte(bad), new(Limit)); err == nil {
			t.Errorf("%s: no error", bad)
		}
	}
	if _, err := json.Marshal(Limit{Kind: 99}); err == nil {
		t.Error("an unknown kind was marshaled")
	}
	for k := LimitUnknown; k <= LimitCongestionControl; k++ {
		if k.String() == "" {
			t.Errorf("kind %d has no text", k)
		}
	}
}

// Congestion control alone is named only if ECN is known to have marked nothing.
func TestLimitCongestionControl(t *testing.T) {
	row := limitRow{rate: 100, rtt: 41, minRTT: 40, wnd: 10, sqtb: 60, ns: 80, cwnd: 100, cv: 3, run: 5, toRun: 5}
	l := row.evidenceOf()
	for i := range l.client.Samples {
		l.client.Samples[i].Sockets[1].SSThresh = 100
	}
	s := l.signals()
	if got := decide(tcpRules, s); got.Kind != LimitUnknown {
		t.Errorf("ECN unknown: %v", got)
	}
	s.marked = exactly(0)
	if got := decide(tcpRules, s); got.Kind != LimitCongestionControl {
		t.Errorf("no marks: %v", got)
	}
}

// String returns the value or the range, for messages of tests.
func (s signal) String() string {
	if !s.known {
		return "?"
	}
	if s.low == s.high {
		return threeDigits(s.low)
	}
	return fmt.Sprintf("%s to %s", threeDigits(s.low), threeDigits(s.high))
}
