package native

import (
	"encoding/binary"
	"errors"
	"math"
	"time"
)

// A datagram begins with the time at which it was sent, in seconds and microseconds of the sender's clock, and its
// number, which counts from 1.
func (t *test) header(b []byte, now time.Duration, number int64) {
	binary.BigEndian.PutUint32(b, uint32(now/time.Second))
	binary.BigEndian.PutUint32(b[4:], uint32(now%time.Second/time.Microsecond))
	if t.counters64 {
		binary.BigEndian.PutUint64(b[8:], uint64(number))
	} else {
		binary.BigEndian.PutUint32(b[8:], uint32(number))
	}
}

// sendUDP sends datagrams until the test stops it or the budget is spent.
func (t *test) sendUDP(s *stream) error {
	out, err := newDatagramWriter(s.conn, t.length)
	if err != nil {
		return stopped(err)
	}
	defer out.end()
	length := float64(t.length)
	p := pacer{rate: float64(t.rate) / 8, start: t.epoch}
	z := t.sleeper(&p, 0)
	defer z.end()
	var number int64
	u := t.turns()
	for !t.stopping.Load() {
		want := int64(out.most())
		now := time.Now()
		late := false
		if t.rate > 0 {
			due := p.due(now)
			if due < 0 {
				if !z.sleep(p.wait(now, 0)) {
					return nil
				}
				continue
			}
			// What has become due while the sender slept goes out together, but never more than the C program sends.
			tick := p.rate * paceTick.Seconds()
			most := tick
			late = due > catchUp*tick && u.gentle
			if u.gentle {
				if most = u.most(&p, now, due, length); most < length {
					if !late && !z.sleep(0) {
						return nil
					}
					continue // asleep, a late sender would be later
				}
			}
			want = min(want, max(1, int64(min(due, most)/length)))
			if t.burst > 0 {
				want = min(int64(out.most()), int64(t.burst))
			}
		}
		n := t.budget.take(want)
		if n == 0 {
			return nil
		}
		sinceStart := now.Sub(t.epoch)
		for i := range int(n) {
			t.header(out.datagram(i), sinceStart, number+int64(i)+1)
		}
		sent, err := out.send(int(n), late)
		u.left -= float64(sent) * length
		number += int64(sent)
		s.add(int64(sent)*int64(t.length), int64(sent))
		p.sent += float64(sent) * length
		if int64(sent) < n {
			t.budget.giveBack(n - int64(sent))
		}
		if err != nil {
			return stopped(err)
		}
	}
	return nil
}

// receiveUDP counts datagrams until the test stops it.
func (t *test) receiveUDP(s *stream) error {
	in, err := newDatagramReader(s.conn)
	if err != nil {
		return stopped(err)
	}
	defer in.end()
	var r arrivals
	for !t.stopping.Load() {
		if err := in.receive(); err != nil {
			if err := stopped(err); err == nil || !errors.Is(err, errRefused) {
				return err
			}
			continue
		}
		now := time.Since(t.epoch)
		s.mu.Lock()
		before := s.now.bytes
		for data := range in.datagrams {
			r.take(&s.now, data, now, t.counters64)
		}
		came := s.now.bytes - before
		s.mu.Unlock()
		t.reach(came)
	}
	return nil
}

// arrivals is what a receiver must remember from one datagram to the next.
type arrivals struct {
	transit int64 // of the datagram before, in microseconds and with the clocks' difference in it
	seen    bool
}

// take counts one datagram. It trusts nothing that is in it but its number, and that only to grow.
func (a *arrivals) take(c *counts, data []byte, now time.Duration, wide bool) {
	if len(data) < 12 || wide && len(data) < minUDPBlock {
		return // none of ours: too short to carry a header
	}
	number := int64(binary.BigEndian.Uint32(data[8:]))
	if wide {
		number = int64(min(binary.BigEndian.Uint64(data[8:]), math.MaxInt64))
	}
	c.bytes += int64(len(data))
	switch {
	case number > c.packets:
		c.lost += number - c.packets - 1
		c.packets = number
	default:
		// Late: it was counted as lost when a later one came.
		c.outOfOrder++
		if c.lost > 0 {
			c.lost--
		}
	}
	sent := int64(binary.BigEndian.Uint32(data))*1e6 + int64(binary.BigEndian.Uint32(data[4:]))
	transit := now.Microseconds() - sent
	if a.seen {
		c.jitter += (math.Abs(float64(transit-a.transit))/1e6 - c.jitter) / 16
	}
	a.transit, a.seen = transit, true
}

// errRefused is what a UDP socket says when the other end's is not there (any more).
var errRefused = errors.New("connection refused")
