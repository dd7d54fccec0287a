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
