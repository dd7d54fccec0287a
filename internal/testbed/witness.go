package testbed

import (
	"slices"
	"sync"
	"testing"
	"time"
)

// A Count selects one of the counts of a Witness, all in bytes of payload.
type Count int

const (
	Segments  Count = iota // of TCP segments that the device received, retransmitted ones included
	Datagrams              // of UDP datagrams that the device received
	Streams                // that the host's programs have read from TCP connections
	Written                // that they have written to TCP connections
)

// Headers returns the size of Ethernet, IPv4, and TCP with timestamps or UDP in front of the payload. A packet that
// offloading left in one piece has them once and is counted as one packet, so the payload is exact either way.
func (c Count) Headers() int64 {
	if c == Datagrams {
		return 14 + 20 + 8
	}
	return 14 + 20 + 32
}

// A Witness samples the bytes that arrive at a host's end of a link while a test runs. On a busy machine a link carries
// less than its rate, so tests compare the rate of iperf with that of the kernel's counters.
type Witness struct {
	stop        func() // ends the sampling and waits for it
	first, last arrival
	samples     []arrival // those whose time is known well
}

// An arrival holds a host's receive counters at a moment.
type arrival struct {
	at             time.Time
	bytes, packets int64 // of the device
	streams        int64 // bytes read from all TCP connections, ended ones included
	written        int64 // bytes written to them, to within two a connection
	opened         int   // how many TCP connections were seen open so far
}

// sampling is the time between two samples of a Witness.
const sampling = 10 * time.Millisecond

// Watch starts to sample the bytes that arrive at n. The caller calls Stop. It is also called at the end of the test.
func (n Netns) Watch(tb testing.TB) *Witness {
	tb.Helper()
	return n.watch(tb, sampling)
}

// Tally is Watch without samples, for All alone: it costs nothing while the test runs.
func (n Netns) Tally(tb testing.TB) *Witness {
	tb.Helper()
	return n.watch(tb, time.Hour)
}

func (n Netns) watch(tb testing.TB, every time.Duration) *Witness {
	tb.Helper()
	w, started, quit := &Witness{}, make(chan error), make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		c, err := openCounters(n)
		if err == nil {
			defer c.close()
			w.first, err = c.read()
		}
		started <- err
		if err != nil {
			return
		}
		tick := time.NewTicker(every)
		defer tick.Stop()
		for more := true; more; {
			select {
			case <-tick.C:
			case <-quit:
				more = false
				if w.last, err = c.read(); err != nil {
					tb.Errorf("counters of %s: %v", n.Name, err)
				}
			}
			// On a busy machine the thread may be preempted between the counters and the clock. It has a new time
			// slice after that, so the sample is taken again.
			for range 5 {
				asked := time.Now()
				if a, err := c.read(); err == nil && a.at.Sub(asked) < sampling/4 {
					w.samples = append(w.samples, a)
					break
				}
			}
		}
	})
	if err := <-started; err != nil {
		tb.Fatalf("counters of %s: %v", n.Name, err)
	}
	w.stop = sync.OnceFunc(func() {
		close(quit)
		sampler.Wait()
	})
	tb.Cleanup(w.stop)
	return w
}

// Stop ends the sampling. Rates and Bytes may be called after it.
func (w *Witness) Stop() { w.stop() }

// between returns how many bytes arrived between two samples.
func (c Count) between(from, to arrival) int64 {
	switch c {
	case Streams:
		return to.streams - from.streams
	case Written:
		return to.written - from.written
	}
	return to.bytes - from.bytes - c.Headers()*(to.packets-from.packets)
}

// busy returns the samples from the first payload to the last. The few bytes of a control connection
// around it are not counted as payload.
func (w *Witness) busy(c Count) []arrival {
	const least = 10 << 10 // bytes a sample
	first, last := -1, 0
	for i := 1; i < len(w.samples); i++ {
		if c.between(w.samples[i-1], w.samples[i]) >= least {
			if first < 0 {
				first = i - 1
			}
			last = i
		}
	}
	if first < 0 {
		return nil
	}
	return w.samples[first : last+1]
}

// Waited returns how long the connection of the first payload had been open by then, to within a sample. It is the TCP
// connection that was opened last. On a busy machine its sender may get its first turn long after that.
func (w *Witness) Waited(c Count) time.Duration {
	b := w.busy(c)
	if b == nil {
		return 0
	}
	opened := slices.IndexFunc(w.samples, func(a arrival) bool { return a.opened > 0 && a.opened == b[1].opened })
	if opened < 0 {
		return 0
	}
	return max(0, b[0].at.Sub(w.samples[opened].at))
}

// Bytes returns how many bytes of payload arrived.
func (w *Witness) Bytes(c Count) int64 {
	b := w.busy(c)
	if b == nil {
		return 0
	}
	return c.between(b[0], b[len(b)-1])
}

// All returns how many bytes of payload arrived in all, those of control connections included.
func (w *Witness) All(c Count) int64 { return c.between(w.first, w.last) }

// Rates returns the lowest and the highest rate, in bits per second, at which payload arrived during
// any window of the given length from the first payload to the last. If that is shorter than a window, the lowest
// rate is of a window around it, and the highest one of itself. Both are zero if there was no payload.
func (w *Witness) Rates(c Count, window time.Duration) (low, high float64) {
	b := w.busy(c)
	if b == nil {
		return 0, 0
	}
	all := float64(c.between(b[0], b[len(b)-1]))
	took := b[len(b)-1].at.Sub(b[0].at)
	least, most := all, 0.0 // bytes a window
	if took < window {
		most = all * window.Seconds() / took.Seconds()
	}
	to := 0
	for i, from := range b {
		var before float64 // bytes that may belong to a window from here on
		if i > 0 && late(b[i-1], from) {
			before = float64(c.between(b[i-1], from))
		}
		end := from.at.Add(window)
		for to < len(b) && b[to].at.Before(end) {
			to++
		}
		if to == len(b) { // the traffic ends within the window
			most = max(most, before+float64(c.between(from, b[to-1])))
			continue
		}
		inner, last := float64(c.between(from, b[to-1])), float64(c.between(b[to-1], b[to]))
		mean := inner + last*end.Sub(b[to-1].at).Seconds()/b[to].at.Sub(b[to-1].at).Seconds()
		fewest, greatest := mean, mean
		if late(b[to-1], b[to]) {
			fewest, greatest = inner, inner+last
		}
		least, most = min(least, fewest), max(most, before+greatest)
	}
	return 8 * least / window.Seconds(), 8 * most / window.Seconds()
}

// late reports whether a sample came so long after the one before that nobody knows when the bytes between them
// arrived.
func late(before, sample arrival) bool { return sample.at.Sub(before.at) > 3*sampling }
