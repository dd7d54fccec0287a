package native

import (
	"net"
	"sync"
	"time"
)

// counts is what a stream has carried. Packets and what follows are UDP's: a receiver's packets are the highest number
// that it has seen, the lost ones among them.
type counts struct {
	bytes, packets, lost, outOfOrder int64
	jitter                           float64 // seconds
}

// since is what came after c did; jitter is a running mean and has no difference.
func (c counts) since(b counts) counts {
	return counts{c.bytes - b.bytes, c.packets - b.packets, c.lost - b.lost, c.outOfOrder - b.outOfOrder, c.jitter}
}

// tcpInfo is what the system says about a sender's connection.
type tcpInfo struct {
	retransmits           int64 // segments; -1: not known
	cwnd, wnd             int64 // bytes
	rtt, rttvar           int64 // microseconds
	pmtu                  int64 // bytes
	maxCwnd, maxWnd       int64 // of all samples so far
	maxRTT, minRTT        int64
	sumRTT, samples, last int64 // last: the connection's retransmits when the sample before this was taken
}

// A stream is one of the connections that carry a test's traffic.
type stream struct {
	id     int // in the exchange of results
	socket int // in the output
	sender bool
	conn   net.Conn

	mu  sync.Mutex // for now, which the stream's goroutine writes
	now counts

	// What follows belongs to the test's own goroutine.
	base        counts // when omitting ended
	last        counts // at the end of the interval before
	lastTime    time.Duration
	final       counts // when the test ended
	info        *tcpInfo
	retransmits int64  // in the whole test without what was omitted; -1: not known
	peer        *total // the other end's count; nil: not told
}

// add counts what was sent or, without numbers, received.
func (s *stream) add(bytes, packets int64) {
	s.mu.Lock()
	s.now.bytes += bytes
	s.now.packets += packets
	s.mu.Unlock()
}

func (s *stream) read() counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// endOmit makes the counts start anew, from what they were at a moment.
func (s *stream) endOmit(from counts) {
	s.mu.Lock()
	s.now.jitter = 0
	s.base = from
	s.base.jitter = 0
	s.mu.Unlock()
	s.last, s.lastTime = s.base, 0
	if s.info != nil {
		s.info = &tcpInfo{retransmits: s.info.retransmits, last: s.info.last}
		s.retransmits = min(s.info.retransmits, 0)
	}
}

// counted is the whole test's count, without what was omitted.
func (s *stream) counted() counts { return s.final.since(s.base) }

// sample reads the system's view of a TCP sender. Retransmits become those since the last sample.
func (s *stream) sample() *tcpInfo {
	if !s.sender || s.info == nil {
		return nil
	}
	raw, ok := readTCPInfo(s.conn)
	if !ok {
		return s.info
	}
	i := *s.info
	total := raw.retransmits
	i.cwnd, i.wnd, i.rtt, i.rttvar, i.pmtu = raw.cwnd, raw.wnd, raw.rtt, raw.rttvar, raw.pmtu
	i.retransmits = -1
	if total >= 0 {
		i.retransmits = total - i.last
		i.last = total
		s.retransmits = max(s.retransmits, 0) + i.retransmits
	}
	i.maxCwnd, i.maxWnd, i.maxRTT = max(i.maxCwnd, i.cwnd), max(i.maxWnd, i.wnd), max(i.maxRTT, i.rtt)
	if i.samples == 0 || i.rtt < i.minRTT {
		i.minRTT = i.rtt
	}
	i.samples++
	i.sumRTT += i.rtt
	s.info = &i
	return s.info
}

// A row is what one stream, or the sum of several, carried between two moments.
type row struct {
	stream     *stream // nil: a sum
	sender     bool
	start, end time.Duration
	counts
	info    *tcpInfo // nil: not known
	streams int      // that were summed
}

// An interval is a row for each stream, and for each direction their sum.
type interval struct {
	rows         []row
	sum, reverse *row // from client to server, and with both directions from server to client
	omitted      bool
}

// A total is one end's count of a stream, or of several, for the whole test.
type total struct {
	known bool
	end   float64 // seconds
	counts
	retransmits int64 // -1: not known
}

func (t *total) add(o total) {
	n := float64(max(t.packets, 0) + o.packets)
	if n > 0 {
		t.jitter += (o.jitter - t.jitter) * float64(o.packets) / n
	}
	t.known = t.known || o.known
	t.end = max(t.end, o.end)
	t.bytes += o.bytes
	t.packets += o.packets
	t.lost += o.lost
	t.outOfOrder += o.outOfOrder
	if o.retransmits >= 0 {
		t.retransmits = max(t.retransmits, 0) + o.retransmits
	}
}

func (t total) rate() float64 {
	if t.end < 1e-6 {
		return 0
	}
	return float64(t.bytes) / t.end
}

func seconds(d time.Duration) float64 { return float64(d.Round(time.Microsecond)) / 1e9 }
