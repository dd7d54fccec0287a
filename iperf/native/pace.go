package native

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A pacer says how much may be sent at each moment so that the mean since the start is the rate, as the C program does.
// After a stall it lets a sender catch up.
type pacer struct {
	rate  float64 // bytes per second; 0: no limit
	start time.Time
	sent  float64
}

// due is how many bytes may be sent at once: what the rate allows up to now, at least one byte ahead of it, or none.
func (p *pacer) due(now time.Time) float64 {
	return p.rate*now.Sub(p.start).Seconds() - p.sent
}

// wait is the time until bytes more are due.
func (p *pacer) wait(now time.Time, bytes float64) time.Duration {
	return time.Duration((bytes - p.due(now)) / p.rate * 1e9)
}

// A sender that was kept from sending makes up for it at catchUp times its rate. The C program does so as fast as it can,
// which at maxGentle, in bit/s, is not much faster. Above it, there would not be the time for that.
const (
	catchUp   = 1.5
	maxGentle = 1e9
)

// A sender that is later than maxMadeUp, as the link was down or slow or the machine has too much to do, sends hurry bytes
// a second if that is more, a little less than the C program manages, so that the mean is the rate that is asked for.
const (
	maxMadeUp = 10 * time.Millisecond
	hurry     = 200e6
)

// turns bound what a gentle sender sends at once. Only Linux wakes a sender in time for them.
type turns struct {
	gentle bool
	began  time.Time
	left   float64 // bytes of this turn
}

func (t *test) turns() turns {
	return turns{gentle: canHold && t.rate <= maxGentle && t.burst == 0, began: t.epoch.Add(-paceTick)}
}

// most is how many of the due bytes may be sent now. Less than least means none, which is what the sender needs to send
// anything.
func (u *turns) most(p *pacer, now time.Time, due, least float64) float64 {
	if since := now.Sub(u.began); since >= minNap {
		speed := catchUp * p.rate
		if due > p.rate*maxMadeUp.Seconds() {
			speed = max(speed, hurry)
		}
		rest := max(0, min(u.left, least))
		u.left, u.began = max(least, rest+speed*min(since, paceTick).Seconds()), now
	}
	return u.left
}

// A sleeper waits for a paced sender's next turn.
type sleeper struct {
	t     *test
	timer *time.Timer
	short time.Duration // the shortest sleep
	exact bool          // timers, which come up to a millisecond late, would make bursts of many datagrams
	held  bool          // it has one of the places in holders
}

// exactAbove is how many bytes must become due in a millisecond for exact sleep to be worth what it costs where no
// place in holders is left: it takes a thread from the scheduler each time.
const exactAbove = 16 * defaultUDPBlock

// minNap makes an exact sleeper sleep seldom enough. What becomes due meanwhile is a fifth of what the C program, with
// its timer of a millisecond, sends at once.
const minNap = 200 * time.Microsecond

// maxHeld is the longest sleep that keeps a processor from the scheduler.
const maxHeld = pieceTime + paceTick

// holders counts the goroutines of the whole process that keep their processors while they wait in the system. One
// processor is always left.
var holders atomic.Int64

// takePlace reports whether one more may do that, who gives its place back by leavePlace.
func takePlace() bool {
	if !canHold {
		return false
	}
	free := holders.Add(1) < int64(runtime.GOMAXPROCS(0))
	if !free {
		holders.Add(-1)
	}
	return free
}

func leavePlace() { holders.Add(-1) }

// sleeper makes one that sleeps for at least short; 0: for what suits datagrams at this rate.
func (t *test) sleeper(p *pacer, short time.Duration) *sleeper {
	s := &sleeper{t: t, timer: time.NewTimer(0), short: short, exact: p.rate*paceTick.Seconds() > exactAbove}
	<-s.timer.C
	if short == 0 {
		s.short = paceTick
		if s.exact {
			s.short = minNap
		}
	}
	s.held = p.rate > 0 && takePlace()
	return s
}

// end gives back what the sleeper has.
func (s *sleeper) end() {
	s.timer.Stop()
	if s.held {
		leavePlace()
	}
}

// sleep waits, and reports false when the test stops. What it sleeps too long is made up for by what is due then.
func (s *sleeper) sleep(d time.Duration) bool {
	d = max(d, s.short)
	switch {
	case s.held && d <= maxHeld:
		napHeld(d)
	case s.exact && d <= paceTick:
		nap(d)
	default:
		s.timer.Reset(d)
		select {
		case <-s.timer.C:
		case <-s.t.stop:
			return false
		}
	}
	return !s.t.stopping.Load()
}

// A budget is how many blocks all senders of a test may still send together.
type budget struct{ left atomic.Int64 }

const unlimited = 1 << 62

// take takes up to n blocks.
func (b *budget) take(n int64) int64 {
	for {
		left := b.left.Load()
		if left >= unlimited/2 {
			return n // not limited, so not counted
		}
		n = min(n, left)
		if n <= 0 || b.left.CompareAndSwap(left, left-n) {
			return max(n, 0)
		}
	}
}

// giveBack returns blocks that were not sent after all.
func (b *budget) giveBack(n int64) {
	if b.left.Load() < unlimited/2 {
		b.left.Add(n)
	}
}
