package iperf

// Shares of datagrams: below littleLoss, loss did not matter; from muchLoss on, a rate above what
// the path carries caused it.
const (
	littleLoss = 0.003
	muchLoss   = 0.3
)

// udpRules are the steps for UDP, in their order. Datagrams that the sender's own queue drops count
// as sent in iperf's reports, so that queue comes first.
var udpRules = []rule{
	{"told", "", func(s *signals) truth { return not(s.pace.positive()) }, as(LimitUnknown)},
	{"device", "", ownQueueDrops, ownPath},
	{"sender", "device", senderSlow, senderCPU},
	{"receiver", "", receiverDrops, slowReceiver},
	{"path", "", lostBetween, as(LimitPath, "lost", "lost in between", "sent rate", "rate")},
	{"pace", "device sender receiver path", reachedPace, as(LimitPace, "pace", "rate", "lost")},
}

// ownQueueDrops finds a queue of the sender's device that was full. Drops there are errors of the
// sender's send calls too, unless the queue is long enough to block it.
func ownQueueDrops(s *signals) truth {
	return graded(anyOf(unclearUnless(s.ownDropped.atLeast(littleLoss)), s.ownQueue.atLeast(0.7)),
		allOf(s.ownDropped.below(littleLoss), s.ownQueue.below(0.5)))
}

// behind reports whether the sender fell behind its pace, or has none.
func behind(s *signals) truth {
	switch {
	case !s.pace.known:
		return unclear
	case s.unpaced():
		return yes
	}
	return s.sent.below(0.9 * s.pace.low)
}

// senderSlow finds a sender that lacks processor time. What was lost in between, not by the
// receiver, means that the path carries even less.
func senderSlow(s *signals) truth {
	p := s.from
	slow := anyOf(p.throttledTime.atLeast(0.1), p.wait.atLeast(0.25), p.run.plus(p.wait).atLeast(0.75),
		unclearUnless(p.run.atLeast(0.75)))
	return allOf(behind(s), slow, anyOf(s.lost.below(littleLoss), s.receiverDropped.atLeast(0.5)))
}

// receiverDrops finds a receiver whose socket dropped at least half of what was lost.
func receiverDrops(s *signals) truth {
	return allOf(s.lost.atLeast(littleLoss), s.receiverDropped.atLeast(0.5))
}

// slowReceiver tells a receiver that lacks processor time from one whose buffer is too small for
// bursts. The time of waiting includes that of a quota.
func slowReceiver(s *signals) Limit {
	p := s.to
	lost := s.figures("lost", "lost in the receiver's socket")
	switch {
	case anyOf(p.throttledTime.atLeast(0.1), p.wait.atLeast(0.25), p.run.plus(p.wait).atLeast(0.85)) == yes:
		return Limit{LimitReceiverCPU, s.receiver, append(p.figures(), lost...)}
	case p.throttledEver.above(0) == yes: // it may have lost them at the start
		return s.unknown()
	case allOf(p.wait.below(0.08), p.run.plus(p.wait).below(0.6)) == yes:
		return Limit{LimitReceiveBuffer, s.receiver, append(lost, p.figures()...)}
	}
	return s.unknown()
}

// lostBetween finds a path that carries much less than was sent. Less loss than that can be from a
// path which is just full as well as from one that loses at random: no counter of the ends tells
// them apart.
func lostBetween(s *signals) truth {
	return graded(allOf(s.lost.atLeast(muchLoss), s.elsewhere.atLeast(0.5), unclearUnless(s.uneven.atMost(0.2))), s.lost.below(littleLoss))
}

// reachedPace finds a rate that arrived as it was asked for.
func reachedPace(s *signals) truth {
	switch {
	case !s.pace.known:
		return unclear
	case s.unpaced():
		return no
	}
	return allOf(s.lost.below(littleLoss), s.rate.atLeast(0.96*s.pace.low), s.rate.atMost(1.1*s.pace.high))
}
