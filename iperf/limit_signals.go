package iperf

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// signals are all numbers that the rules look at. They are computed once. Shares are from 0 to 1,
// times in seconds, rates in bits per second. Of several streams, a signal of the sockets is the
// range of them all.
type signals struct {
	sender, receiver Role
	congestion       string // congestion control of the data; empty: unknown
	machine          truth  // both ends are on one machine
	bothWays         bool   // the test has data of the other way too

	// What iperf reports.
	duration signal // of the test, without what was omitted
	rate     signal // the receiver's
	carried  signal // bytes that arrived
	pace     signal // that iperf was told to send at, all streams together; +Inf: none

	// The sender's TCP. Figures are medians over the samples unless a comment says something else.
	timeouts      signal // retransmission timeouts of the namespace
	minRTT        signal // the least of the test
	queueing      signal // rtt - minRTT
	window        signal // bytes in flight as a share of the window that the receiver offers
	windowRate    signal // acknowledged rate as a share of the offered window per rtt
	buffer        signal // Send-Q as a share of the send buffer
	unsent        signal // share of the Send-Q that was not sent yet
	cwnd          signal // segments in flight as a share of the congestion window
	appLimited    signal // share of samples
	standing      signal // share of samples with data in the Send-Q
	busy          signal // share of time with data in the Send-Q, at the end
	rwndLimited   signal // share of the busy time, at the end
	sndbufLimited signal // the same
	retransmitted signal // share of sent bytes, at the end
	variation     signal // standard deviation of the acknowledged rate between samples, as a share of the mean
	step          signal // time between two samples that variation is from
	slowStart     signal // 1 if no socket has left slow start, 0 if all have
	marked        signal // share of segments with a congestion mark of ECN; the evidence does not have it yet
	unread        signal // the receiver's Recv-Q as a share of the offered window

	// The sender's device.
	ownQueue signal // share of samples with a backlog
	lineRate signal // rate on the wire as a share of the slower device's speed

	from, to processor // of sender and receiver
	idle     signal    // mean of all cores, if both ends are on one machine

	// UDP.
	sent            signal // rate
	uneven          signal // standard deviation of the receiver's intervals, as a share of the mean
	lost            signal // share of the datagrams
	ownDropped      signal // datagrams that the sender's queue dropped, as a share of those sent
	receiverDropped signal // datagrams that the receiver's socket dropped, as a share of the lost ones
	elsewhere       signal // datagrams lost between both ends, as a share of the lost ones
}

// A processor is how one end used its processors. Shares are of one core.
type processor struct {
	run, wait     signal // of a process of iperf: on a core, and ready without one; per thread if there are several
	throttled     signal // share of the periods in which the control group's quota ran out
	throttledTime signal // share of time
	throttledEver signal // periods in which it ran out, from the start of the command to its end
	core          signal // share of time in which the busiest core was not idle
	kernel        signal // share of time that softirq and steal took on that core
	number        int    // of that core
}

// A figureOf makes a Figure of a signal.
type figureOf struct {
	name     string
	sentence string // in Limit.String
	unit     string
	scale    float64
	get      func(*signals) signal
}

var signalFigures = []figureOf{
	{"rate", "%s arrived", unitRate, 1, func(s *signals) signal { return s.rate }},
	{"pace", "iperf was told to send at %s", unitRate, 1, func(s *signals) signal { return s.pace }},
	{"sent rate", "%s was sent", unitRate, 1, func(s *signals) signal { return s.sent }},
	{"duration", "it took %s", "s", 1, func(s *signals) signal { return s.duration }},
	{"carried", "only %s arrived", unitByte, 1, func(s *signals) signal { return s.carried }},
	{"timeouts", "with %s retransmission timeouts", "", 1, func(s *signals) signal { return s.timeouts }},
	{"least round trip", "the least round trip was %s", unitMs, 1e3, func(s *signals) signal { return s.minRTT }},
	{"queueing delay", "packets waited for %s in queues",
		unitMs, 1e3, func(s *signals) signal { return s.queueing }},
	{"own queue", "the device's queue held packets in %s of the samples",
		unitPercent, 100, func(s *signals) signal { return s.ownQueue }},
	{"line rate", "the link's speed was used to %s",
		unitPercent, 100, func(s *signals) signal { return s.lineRate }},
	{"window filled", "%s of the offered window was in flight",
		unitPercent, 100, func(s *signals) signal { return s.window }},
	{"send buffer filled", "the send buffer was filled to %s",
		unitPercent, 100, func(s *signals) signal { return s.buffer }},
	{"unsent", "%s of it was not sent yet", unitPercent, 100, func(s *signals) signal { return s.unsent }},
	{"congestion window filled", "%s of the congestion window was in flight",
		unitPercent, 100, func(s *signals) signal { return s.cwnd }},
	{"retransmitted", "%s was sent again", unitPercent, 100, func(s *signals) signal { return s.retransmitted }},
	{"rate variation", "the rate varied by %s", unitPercent, 100, func(s *signals) signal { return s.variation }},
	{"window limited", "the kernel says window-limited for %s of the busy time",
		unitPercent, 100, func(s *signals) signal { return s.rwndLimited }},
	{"buffer limited", "the kernel says buffer-limited for %s of the busy time",
		unitPercent, 100, func(s *signals) signal { return s.sndbufLimited }},
	{"idle", "the cores were idle for %s", unitPercent, 100, func(s *signals) signal { return s.idle }},
	{"lost", "%s was lost", unitPercent, 100, func(s *signals) signal { return s.lost }},
	{"lost in the sender's queue", "the sender's own queue dropped %s of the datagrams",
		unitPercent, 100, func(s *signals) signal { return s.ownDropped }},
	{"lost in the receiver's socket", "the receiver's socket dropped %s of the lost datagrams",
		unitPercent, 100, func(s *signals) signal { return s.receiverDropped }},
	{"lost in between", "%s of the lost datagrams were lost between the hosts",
		unitPercent, 100, func(s *signals) signal { return s.elsewhere }},
}

// sentences are the texts of figures in Limit.String, by name.
var sentences = func() map[string]string {
	m := map[string]string{
		"process ran":       "its process ran for %s of the time",
		"process waited":    "its process waited for a core for %s of the time",
		"throttled periods": "its quota ran out in %s of the periods",
		"throttled":         "its quota held it for %s of the time",
	}
	for _, f := range signalFigures {
		m[f.name] = f.sentence
	}
	return m
}()

// figures returns the figures with these names, without those that are unknown. Of a range it
// returns the lower end.
func (s *signals) figures(names ...string) []Figure {
	var all []Figure
	for _, name := range names {
		i := slices.IndexFunc(signalFigures, func(f figureOf) bool { return f.name == name })
		f := signalFigures[i]
		all = appendFigure(all, f.name, f.get(s), f.scale, f.unit)
	}
	return all
}

func appendFigure(all []Figure, name string, v signal, scale float64, unit string) []Figure {
	if !v.known || math.IsInf(v.low, 0) {
		return all
	}
	return append(all, Figure{Name: name, Value: math.Max(0, v.low*scale), Unit: unit})
}

// figures returns the figures of one end's processors, those that are high first.
func (p processor) figures() []Figure {
	var all []Figure
	if p.throttled.atLeast(0.2) == yes {
		all = appendFigure(all, "throttled periods", p.throttled, 100, unitPercent)
	}
	if p.throttledTime.atLeast(0.1) == yes {
		all = appendFigure(all, "throttled", p.throttledTime, 100, unitPercent)
	}
	if p.core.atLeast(0.9) == yes {
		all = appendFigure(all, "core "+strconv.Itoa(p.number)+" busy", p.core, 100, unitPercent)
	}
	all = appendFigure(all, "process waited", p.wait, 100, unitPercent)
	return appendFigure(all, "process ran", p.run, 100, unitPercent)
}

// unknown returns an unknown limit with the figures that the rules looked at.
func (s *signals) unknown() Limit {
	l := Limit{Evidence: s.figures("lost", "retransmitted", "rate variation", "queueing delay", "least round trip",
		"window filled", "send buffer filled", "own queue", "lost in the receiver's socket", "window limited", "buffer limited")}
	for _, end := range []struct {
		name string
		p    processor
	}{{"sender's ", s.from}, {"receiver's ", s.to}} {
		for _, f := range end.p.figures() {
			f.Name = end.name + f.Name
			l.Evidence = append(l.Evidence, f)
		}
	}
	return l
}

// signals computes the signals of the direction that the bandwidth is of. A nil path makes the
// signals of its end unknown.
func (res *Result) signals(c *ClientSettings, client, server *evidence.Path) *signals {
	s := &signals{sender: RoleClient, receiver: RoleServer}
	from, to := client, server
	if res.Reversed {
		s.sender, s.receiver, from, to = s.receiver, s.sender, to, from
	}
	s.machine = sameMachine(from, to)
	s.bothWays = c.bothWays()
	n := max(1, c.Parallel)
	s.reported(res, c)

	udp := c.protocol() == report.ProtocolUDP
	data, got := samplesOf(from, n, true, udp), samplesOf(to, n, false, udp)
	s.congestion = congestionOf(res, c, data, from)
	s.from, s.to = data.processor(from, s, res.threads(c)), got.processor(to, s, res.threads(c))
	if s.machine == yes {
		s.idle = cmp.Or(data.idle(), got.idle())
	}
	s.cpuFromReports(res, c)
	if udp {
		s.ownQueue = data.ownQueue(from, c.FQRate > 0)
		s.datagrams(res)
		return s
	}
	s.ownQueue = data.ownQueue(from, true)
	s.lineRate = lineRate(s.rate, from, to)
	if from != nil && from.Counters.TCPTimeouts != nil {
		s.timeouts = exactly(float64(*from.Counters.TCPTimeouts))
	}
	if !c.MPTCP { // whose sockets are more than the streams
		s.sockets(data)
		s.unreadOf(data, got)
	}
	s.leastRTT(from, to)
	s.fromReports(res, c, from)
	return s
}

func sameMachine(a, b *evidence.Path) truth {
	if a == nil || b == nil || a.System.BootID == "" || b.System.BootID == "" {
		return unclear
	}
	return truthOf(a.System.BootID == b.System.BootID)
}

// threads returns in how many threads an end may send or receive.
func (res *Result) threads(c *ClientSettings) int {
	n := max(1, c.Parallel)
	if v := res.ClientEnd.Version; v.Major == 3 && !v.AtLeast(3, 16, 0) {
		return 1
	}
	return n
}
