package native

import (
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

// A sleeper waits for a paced sender's next turn.
type sleeper struct {
	t     *test
	timer *time.Timer
	exact bool // timers of a millisecond would make bursts of many datagrams
}

// exactAbove is how many bytes must become due in a millisecond for exact sleep to be worth what it costs: it takes a
// thread from the scheduler each time.
const exactAbove = 16 * defaultUDPBlock

// minNap makes an exact sleeper sleep seldom enough. What becomes due meanwhile is a fifth of what the C program, with
// its timer of a millisecond, sends at once.
const minNap = 200 * time.Microsecond

func (t *test) sleeper(p *pacer) *sleeper {
	s := &sleeper{t: t, timer: time.NewTimer(0), exact: p.rate*paceTick.Seconds() > exactAbove}
	<-s.timer.C
	return s
}

// sleep waits, and reports false when the test stops. What it sleeps too long is made up for by what is due then.
func (s *sleeper) sleep(d time.Duration) bool {
	if s.exact && d < paceTick {
		nap(max(d, minNap))
	} else {
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
