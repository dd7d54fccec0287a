package report

import "time"

// Parallel streams that have little to send are over before the next one of them connects, so that
// a server of iperf 2 prints them as it does one test after another. Only the sum that it prints in
// the end tells that they were together: until then such tests are held back.

// maxChained is how many are held back: iperf can have no more streams.
const maxChained = 128

// maxGap is longer than the tests are of which this may be so.
const maxGap = 500 * time.Millisecond

// isPart reports whether t has nothing but totals of short connections from one client, without a
// sum.
func (t *test) isPart() bool {
	if !t.iperf2 || t.csv.seen || t.listens == nil || t.connects != nil || t.there == "" || len(t.flows) != 1 || len(t.said) > 0 {
		return false
	}
	f := t.flows[0]
	if f.key.class != classAccepted || f.emitted > 0 || f.sum.holds || f.sum.totals != (totals{}) {
		return false
	}
	for _, s := range f.streams {
		if c := s.ownTotal(); c == nil || s.n > 0 || c.end > maxGap {
			return false
		}
	}
	return len(f.streams) > 0
}

// ownTotal is the stream's total, or the only row that came, which may be that; nil: none came.
func (s *stream) ownTotal() *cell {
	if s.holds {
		return &s.held
	}
	return s.totals[totalOwn]
}

// partBytes returns the bytes of all streams of a part.
func (t *test) partBytes() (n int64) {
	for _, s := range t.flows[0].streams {
		n = addBytes(n, s.ownTotal().bytes)
	}
	return n
}

// handOver hands over a test that is over, after those that were held back, unless it is held back
// itself.
func (s *segmenter) handOver(t *test, part bool) {
	if part && t.isPart() {
		s.chain = append(s.chain, t)
		if len(s.chain) > maxChained {
			s.ready = append(s.ready, s.chain[0])
			s.chain = s.chain[:copy(s.chain, s.chain[1:])]
		}
		return
	}
	s.ready = append(append(s.ready, s.chain...), t)
	s.chain = s.chain[:0]
}

// joinParts joins t and the tests that were held back before it if sum is the sum of them all.
func (s *segmenter) joinParts(t *test, sum *cell) *test {
	if !t.isPart() {
		return t
	}
	near := func(n int64) bool { return 100*max(n-sum.bytes, sum.bytes-n) <= 2*n }
	n := t.partBytes()
	for i := len(s.chain) - 1; i >= 0 && !near(n); i-- {
		if s.chain[i].there != t.there {
			break
		}
		if n = addBytes(n, s.chain[i].partBytes()); !near(n) {
			continue
		}
		whole := s.chain[i]
		for _, part := range append(s.chain[i+1:len(s.chain):len(s.chain)], t) {
			whole.take(part)
		}
		whole.waiting = t.waiting
		s.ready = append(s.ready, s.chain[:i]...)
		s.chain = s.chain[:0]
		s.cur = whole
		return whole
	}
	return t
}

// take adds the connections and streams of a part to t.
func (t *test) take(part *test) {
	first := len(t.conns)
	for _, c := range part.conns {
		t.introduce(c)
	}
	to := t.flows[0]
	for _, s := range part.flows[0].streams {
		s.key.from += first
		to.index[s.key] = len(to.streams)
		to.streams = append(to.streams, s)
	}
	to.closed += part.flows[0].closed
	t.longest = max(t.longest, part.longest)
	t.lines += part.lines
	for _, w := range part.rep.Warnings {
		t.warning(w)
	}
}
