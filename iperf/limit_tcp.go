package iperf

import (
	"math"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// limit returns what held back the rate that the bandwidth is of. Loss must be set, and either path
// may be nil.
func (res *Result) limit(c *ClientSettings, client, server *evidence.Path) Limit {
	s := res.signals(c, client, server)
	if c.protocol() == report.ProtocolUDP {
		return decide(udpRules, s)
	}
	return decide(tcpRules, s)
}

// tcpRules are the steps for TCP, in their order. Thresholds lie between what was measured with one
// bottleneck at a time.
//
// A full queue makes every window and buffer look too small, so the path comes before them. A
// throttled process causes spurious retransmissions, so the processors come before loss. A receiver
// that is slow fills a buffer that grows, so the window does not show it.
var tcpRules = []rule{
	{"hole", "", noData, as(LimitLoss, "carried", "timeouts", "duration")},
	{"short", "", short, as(LimitShort, "duration", "least round trip", "rate")},
	{"pace", "", paced, as(LimitPace, "pace", "rate", "queueing delay")},
	{"sender", "", func(s *signals) truth { return s.from.starved(0.75) }, senderCPU},
	{"receiver", "", func(s *signals) truth { return s.to.starved(0.7) }, receiverCPU},
	{"device", "sender receiver", ownQueueFull, ownPath},
	{"line", "sender receiver device", lineFull, as(LimitPath, "line rate", "rate")},
	{"queue", "sender receiver device", queueFull, as(LimitPath, "queueing delay", "least round trip", "rate variation",
		"retransmitted", "window filled", "window limited", "send buffer filled", "buffer limited")},
	{"window", "sender receiver device", windowFull, as(LimitReceiveWindow,
		"window filled", "queueing delay", "least round trip", "window limited")},
	{"buffer", "sender device window", bufferFull, as(LimitSendBuffer,
		"send buffer filled", "unsent", "queueing delay", "least round trip", "buffer limited")},
	{"machine", "buffer", machineFull, busierCPU},
	{"steady", "device queue", steadyLoss, as(LimitPath, "rate variation", "retransmitted", "queueing delay")},
	{"loss", "device", unsteadyLoss, as(LimitLoss,
		"retransmitted", "rate variation", "queueing delay", "least round trip")},
	{"processor", "sender receiver device window buffer machine", processorFull, busierCPU},
	{"congestion", "", congestionAlone, as(LimitCongestionControl,
		"congestion window filled", "retransmitted", "queueing delay")},
}

// as returns a verdict of a kind that needs no side, with figures.
func as(k LimitKind, names ...string) func(*signals) Limit {
	return func(s *signals) Limit {
		l := Limit{Kind: k, Evidence: s.figures(names...)}
		switch k {
		case LimitReceiveWindow, LimitReceiveBuffer:
			l.Side = s.receiver
		case LimitSendBuffer, LimitPace:
			l.Side = s.sender
		}
		return l
	}
}

func senderCPU(s *signals) Limit   { return Limit{LimitSenderCPU, s.sender, s.from.figures()} }
func receiverCPU(s *signals) Limit { return Limit{LimitReceiverCPU, s.receiver, s.to.figures()} }

// noData finds a path that connects but carries no full segment, such as one with a black hole for
// large packets.
func noData(s *signals) truth {
	return allOf(s.carried.below(100e3), s.duration.atLeast(2), s.timeouts.atLeast(2))
}

// short finds a test of less than a second and of 20 round trips at most, which TCP spends in slow
// start. If the path was full all the same, either can be the limit.
func short(s *signals) truth {
	a := allOf(s.duration.below(1), s.duration.atMost(20*s.minRTT.low), s.minRTT.positive())
	if a == yes && queueFull(s) == yes {
		return unclear
	}
	return a
}

// positive is unclear if s is unknown or open on the lower side.
func (s signal) positive() truth {
	if s.known && s.low > 0 {
		return yes
	}
	return unclear
}

// paced finds a rate that is the one asked for. Programs send it in bursts, so a queue that they
// make says nothing.
func paced(s *signals) truth {
	switch {
	case !s.pace.known:
		return unclear
	case s.unpaced():
		return no
	case s.rate.above(1.1*s.pace.high) == yes: // not in force
		return no
	}
	a := s.rate.atLeast(0.97 * s.pace.low)
	// The path may carry just as much: then data wait all the time.
	if a == yes && s.rate.atLeast(0.99*s.pace.low) != yes {
		return unclearUnless(anyOf(s.standing.below(0.9), s.busy.below(0.9)))
	}
	return a
}

// unpaced reports whether iperf was not told a rate.
func (s *signals) unpaced() bool { return s.pace.known && math.IsInf(s.pace.low, 1) }

// starved reports whether a process that wanted a core got none for much of the time: because of a
// quota, or because others had it. Without the process's own times only a quota that ran out nearly
// always, or idle cores, tell.
func (p processor) starved(least float64) truth {
	if !p.run.known || !p.wait.known {
		if p.throttled.atLeast(0.8) == yes {
			return yes
		}
		if allOf(p.throttled.atMost(0.1), p.core.atMost(0.7)) == yes {
			return no
		}
		return unclear
	}
	a := allOf(p.run.plus(p.wait).atLeast(least), p.wait.atLeast(0.25))
	if a == no && p.throttled.atLeast(0.8) == yes {
		return unclear
	}
	return a
}

// unclearUnless returns yes if a is yes, else unclear.
func unclearUnless(a truth) truth {
	if a == yes {
		return yes
	}
	return unclear
}

// rested reports whether a process left most of a core unused and did not wait for one.
func (p processor) rested() truth { return p.run.plus(p.wait).below(0.6) }

func ownQueueFull(s *signals) truth {
	return graded(s.ownQueue.atLeast(0.6), s.ownQueue.atMost(0.45))
}

func ownPath(s *signals) Limit {
	return Limit{LimitPath, s.sender, s.figures("own queue", "queueing delay", "lost in the sender's queue", "lost",
		"rate variation", "retransmitted")}
}

// lineFull is never unclear, because most devices state no speed.
func lineFull(s *signals) truth {
	if s.lineRate.atLeast(0.95) == yes {
		return yes
	}
	return no
}

// queueFull finds a standing queue anywhere on the path. Other limits showed less than 1 ms or 28 %
// of the least round trip. A queue of 1 ms counts if the rate is steady and no processor is busy.
func queueFull(s *signals) truth {
	q, rtt := s.queueing, s.minRTT
	if !q.known || !rtt.known {
		return unclear
	}
	full := q.atLeast(math.Max(0.002, 0.4*rtt.high))
	small := q.below(math.Max(0.001, 0.28*rtt.low))
	steady := allOf(q.atLeast(math.Max(0.001, 0.4*rtt.high)), s.variation.atMost(0.03), s.from.rested(), s.to.rested())
	a := graded(anyOf(full, unclearUnless(steady), unclearUnless(drained(s))), small)
	switch filled := s.window.atLeast(0.85); {
	case a != yes:
	case s.variation.above(0.5) == yes: // an outage, because a full path is steady
		return unclear
	case filled == yes && (s.bothWays || s.variation.above(0.1) == yes): // the queue may be that of the way back
		return unclear
	}
	return a
}

// drained finds a steady rate with a short standing queue, as a paced congestion control such as
// BBR keeps it, while neither window nor buffer nor processors are in use.
func drained(s *signals) truth {
	return allOf(s.queueing.atLeast(math.Max(0.001, 0.15*s.minRTT.high)), s.variation.atMost(0.03), s.window.below(0.6), s.unsent.atLeast(0.25),
		s.from.rested(), s.to.rested())
}

// emptyPath reports whether the round trip was that of a path without a queue. Only then do windows
// and buffers count: a small window also fills a queue of less than 1 ms.
func emptyPath(s *signals) truth {
	if s.minRTT.positive() != yes {
		return unclear
	}
	return s.queueing.atMost(math.Max(0.00005, 0.12*s.minRTT.low))
}

// windowFull finds a receive window that is always in flight. If the send buffer is full with it
// and nothing else waits, either can be the limit; a receiver that does not read makes any window
// small.
func windowFull(s *signals) truth {
	full := s.window.atLeast(0.85)
	if full != yes {
		return graded(full, s.window.atMost(0.6))
	}
	return unclearUnless(allOf(emptyPath(s), s.retransmitted.below(0.005),
		s.windowRate.atLeast(0.7), s.windowRate.atMost(1.25),
		anyOf(s.unsent.atLeast(0.25), s.buffer.below(0.7)), truthOf(s.unread.atLeast(0.5) != yes)))
}

// bufferFull finds a send buffer that is full while congestion window and receive window would let
// more be in flight. A paced congestion control such as BBR keeps part of the buffer unsent.
func bufferFull(s *signals) truth {
	flight := allOf(s.unsent.atMost(0.1), anyOf(s.appLimited.atLeast(0.9), s.cwnd.atMost(0.7)), s.windowOpen())
	paced := allOf(s.sndbufLimited.atLeast(0.25), s.cwnd.atMost(0.6), s.window.atMost(0.6))
	return allOf(s.buffer.atLeast(0.7), emptyPath(s), s.retransmitted.below(0.0005), anyOf(flight, paced))
}

// windowOpen reports whether the receiver's window let more be in flight. Kernels that do not show
// the window say how long it was closed.
func (s *signals) windowOpen() truth {
	if !s.window.known {
		return unclearUnless(s.rwndLimited.atMost(0.1))
	}
	return s.window.below(0.85)
}

// machineFull finds a machine that holds both ends and has no idle core.
func machineFull(s *signals) truth {
	return allOf(s.machine, s.idle.atMost(0.22), s.retransmitted.below(0.005), s.from.run.plus(s.to.run).atLeast(1))
}

// significant reports whether retransmissions are from real loss, of a congestion control that loss
// slows. Processors that are busy or throttled cause up to 0.2 % on paths without delay.
func significant(s *signals) truth {
	slowed := unclear
	if s.congestion == "cubic" || s.congestion == "reno" {
		slowed = yes
	}
	sure := s.retransmitted.atLeast(0.003)
	if sure == no {
		sure = unclearUnless(allOf(s.minRTT.atLeast(0.001), s.to.run.positive(), s.from.run.below(0.75)))
	}
	return allOf(s.retransmitted.atLeast(0.0005), slowed, sure)
}

// steadyLoss finds a shaper without much of a queue: it drops, and the rate stays the same.
func steadyLoss(s *signals) truth {
	return allOf(significant(s), graded(allOf(s.variation.atMost(0.05), s.step.atMost(0.35)), s.variation.above(0.05)))
}

// unsteadyLoss finds loss without a queue: congestion control reacts to it, and the rate swings.
func unsteadyLoss(s *signals) truth {
	far := allOf(s.variation.atLeast(0.2), s.minRTT.atLeast(0.005), s.from.rested(), s.to.rested())
	return allOf(significant(s), graded(anyOf(s.variation.atLeast(0.3), far), s.variation.atMost(0.05)))
}

// uses reports whether the end's processor time is what bounds it: a process that is nearly always
// on a core, or a core that softirq and steal fill together with the process.
func (p processor) uses(least float64) truth {
	filled := allOf(p.core.atLeast(0.95), p.run.plus(p.kernel).atLeast(0.85))
	return anyOf(p.run.atLeast(least), filled)
}

// processorFull finds a busy end. Both have to be known, because either one's core can be the full
// one.
func processorFull(s *signals) truth {
	together := allOf(s.machine, s.idle.atMost(0.35), anyOf(s.from.run.atLeast(0.5), s.to.run.atLeast(0.5)))
	any := anyOf(s.from.uses(0.85), s.to.uses(0.85), together)
	return allOf(bothGiven(s.from.run, s.to.run), s.retransmitted.below(0.003), any)
}

func bothGiven(a, b signal) truth { return unclearUnless(truthOf(a.known && b.known)) }

// busierCPU returns the end that used clearly more processor time, and an unknown limit if neither
// did.
func busierCPU(s *signals) Limit {
	switch a, b := s.from.load(), s.to.load(); {
	case a.low >= b.high+0.1:
		l := senderCPU(s)
		l.Evidence = append(l.Evidence, s.figures("idle")...)
		return l
	case b.low >= a.high+0.1:
		l := receiverCPU(s)
		l.Evidence = append(l.Evidence, s.figures("idle")...)
		return l
	}
	return s.unknown()
}

// load returns how much of a core the end used and wanted, softirq and steal included if it is the
// core that was full.
func (p processor) load() signal {
	load := p.run
	if p.wait.known {
		load = load.plus(p.wait)
	}
	if p.core.atLeast(0.95) == yes && p.kernel.known {
		load = load.plus(p.kernel)
	}
	return load
}

// congestionAlone finds a congestion window that was filled and reduced without loss, mark, queue
// or any other limit. The evidence does not show marks of ECN yet, so the truth is never yes.
func congestionAlone(s *signals) truth {
	return allOf(s.marked.atMost(0), s.retransmitted.atMost(0), s.slowStart.atMost(0),
		s.cwnd.atLeast(0.9), s.unsent.atLeast(0.5),
		emptyPath(s), s.duration.atLeast(2), s.from.rested(), s.to.rested())
}
