package native

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// A test is one test as one end sees it. Its fields belong to one goroutine, but for what the streams' goroutines are
// told to use.
type test struct {
	settings
	out     output
	cookie  cookie
	control control
	warn    func(string)
	streams []*stream

	begun          time.Time // when the ends had found each other
	omitting       bool      // what is carried now is left out of the totals
	start          time.Time // of the traffic that counts
	epoch          time.Time // of all traffic; the streams' clock
	elapsed        time.Duration
	cpu, peerCPU   cpuUse
	mss            int    // of the control connection
	congestionUsed string // of the last stream
	peerCongestion string
	peerKnown      bool // the other end's results have come
	serverOutput   results

	// For the streams.
	budget   budget
	goal     atomic.Int64 // bytes that end the test when they are received; 0: none
	received atomic.Int64
	reached  chan struct{}
	stopping atomic.Bool
	stop     chan struct{}
}

func newTest(s settings, out output) *test {
	return &test{settings: s, out: out, reached: make(chan struct{}, 1), stop: make(chan struct{})}
}

// addStream takes a connection for the test's next stream. The first half of them are the client's to send on, the other
// the server's, where there are both.
func (t *test) addStream(conn net.Conn, number int) (*stream, error) {
	s := &stream{id: streamID(number), socket: 5 + 2*number, conn: conn, retransmits: -1}
	fromClient := !t.reverse
	if t.bidir {
		fromClient = number < t.parallel
	}
	s.sender = fromClient != t.server
	t.streams = append(t.streams, s)
	if err := t.setStreamOptions(conn); err != nil {
		return nil, err
	}
	if !t.udp {
		t.congestionUsed = congestion(conn)
		if i, ok := readTCPInfo(conn); ok && s.sender {
			// The segments that making the connection took do not belong to the test.
			s.info = &tcpInfo{retransmits: min(i.retransmits, 0), last: max(i.retransmits, 0)}
			s.retransmits = min(i.retransmits, 0)
		}
	}
	return s, nil
}

func (t *test) streamCount() int {
	if t.bidir {
		return 2 * t.parallel
	}
	return t.parallel
}

// closeStreams closes every stream's connection.
func (t *test) closeStreams() {
	for _, s := range t.streams {
		s.conn.Close()
	}
}

// carry moves one stream's traffic until the test stops it.
func (t *test) carry(s *stream) error {
	var err error
	switch {
	case t.udp && s.sender:
		err = t.sendUDP(s)
	case t.udp:
		err = t.receiveUDP(s)
	case s.sender:
		err = t.sendTCP(s)
	default:
		err = t.receiveTCP(s)
	}
	return t.streamError(s, err)
}

// streamError is how a stream's end is told: not at all when the test stopped it.
func (t *test) streamError(s *stream, err error) error {
	if err == nil || t.stopping.Load() {
		return nil
	}
	if s.sender {
		return fmt.Errorf("unable to write to stream socket: %s", reason(err))
	}
	return fmt.Errorf("unable to read from stream socket: %s", reason(err))
}

// reach tells the test when all that was to be received has come.
func (t *test) reach(n int64) {
	if goal := t.goal.Load(); goal > 0 && t.received.Add(n) >= goal {
		select {
		case t.reached <- struct{}{}:
		default:
		}
	}
}

// A message is what the other end said while traffic runs.
type message struct {
	state state
	err   error
}

// An ending is how a stream's goroutine ended by itself: an error, or what it had to send is sent.
type ending struct {
	sender bool
	err    error
}

var (
	errInterrupted = errors.New("interrupt")
	errIdle        = errors.New("idle timeout for receiving data")
	errTooLong     = errors.New("the test did not end in its time")
	errTooMuch     = errors.New("too many intervals to keep")
)

// run carries traffic until the test is over by its settings, the other end says something, or ctx ends. What the other
// end said comes back as a state; 0 means that the test is over by its settings.
func (t *test) run(ctx context.Context) (said state, err error) {
	if err := t.leavePoller(); err != nil {
		return 0, err
	}
	t.control.SetReadDeadline(time.Time{})
	messages := make(chan message, 1)
	var reader, carriers sync.WaitGroup
	reader.Go(func() {
		s, err := t.control.readState()
		messages <- message{s, err}
	})
	limit := t.limit()
	t.budget.left.Store(unlimited)
	t.epoch = time.Now()
	if t.start, t.omitting = t.epoch, t.omit > 0; !t.omitting {
		t.begin(limit)
	}
	clock := startCPU()
	done := make(chan ending, len(t.streams))
	senders := 0
	for _, s := range t.streams {
		if s.sender {
			senders++
		}
		if !t.looped(s) {
			carriers.Go(func() { done <- ending{s.sender, t.carry(s)} })
		}
	}
	t.carryLooped(&carriers, done)
	said, err = t.watch(ctx, limit, senders, messages, done)
	end := time.Now()
	if said == testEnd && limit > 0 && t.receives() {
		end = t.drain(ctx, end)
	}
	t.elapsed = end.Sub(t.start)
	t.stopping.Store(true)
	close(t.stop)
	past := time.Unix(1, 0)
	for _, s := range t.streams {
		s.conn.SetDeadline(past)
	}
	carriers.Wait()
	t.cpu = clock.use()
	if said == 0 && err != nil {
		t.control.SetReadDeadline(past)
	}
	if said != 0 || err != nil {
		reader.Wait()
	}
	for _, s := range t.streams {
		s.final = s.read()
	}
	t.report(t.elapsed, true)
	if said == 0 && err == nil {
		// The reader still waits for what the server says next.
		return t.sayEnd(messages, &reader)
	}
	return said, err
}

// drain lets the last of a number of bytes come that the client has sent: they may be slower than its word that it is
// done. It gives the time at which the last of them came, which is end when none did.
func (t *test) drain(ctx context.Context, end time.Time) time.Time {
	want := max(t.bytes, t.blocks*int64(t.length))
	for _, s := range t.streams {
		want += s.base.bytes
	}
	ticks := time.NewTicker(drainTick)
	defer ticks.Stop()
	for moved := t.moved(); moved < want && time.Since(end) < drainTime; {
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return end
		}
		if n := t.moved(); n > moved {
			moved, end = n, time.Now()
		}
	}
	return end
}

// How long nothing must come for the rest to be taken as lost, and how often that is looked at.
const (
	drainTime = 50 * time.Millisecond
	drainTick = 5 * time.Millisecond
)

// sayEnd tells the server that the client is done, and waits for its answer.
func (t *test) sayEnd(messages chan message, reader *sync.WaitGroup) (state, error) {
	defer reader.Wait()
	t.control.SetReadDeadline(time.Now().Add(controlTime))
	if err := t.control.sendState(testEnd); err != nil {
		t.control.SetReadDeadline(time.Unix(1, 0))
		return 0, err
	}
	m := <-messages
	return m.state, m.err
}

// limit is how many blocks may be sent; 0: no limit.
func (t *test) limit() int64 {
	switch {
	case t.blocks > 0:
		return t.blocks
	case t.bytes > 0:
		return (t.bytes + int64(t.length) - 1) / int64(t.length)
	}
	return 0
}

// begin has what is sent from now on counted against limit, where there is one: after what is omitted, or before the first
// stream is carried.
func (t *test) begin(limit int64) {
	if limit > 0 && !t.server {
		t.budget.left.Store(limit)
		t.received.Store(0)
		t.goal.Store(max(t.bytes, t.blocks*int64(t.length)))
	}
}

// watch waits for the end of the traffic and reports intervals meanwhile.
func (t *test) watch(ctx context.Context, limit int64, senders int, messages <-chan message, done <-chan ending) (state, error) {
	var (
		tick       int64 // intervals that are over
		moved      int64 // bytes
		movedAt    = t.start
		timer      = time.NewTimer(0)
		overallEnd = t.start.Add(maxTime * time.Second)
	)
	defer timer.Stop()
	if t.server && t.duration > 0 {
		overallEnd = t.start.Add(t.omit + t.duration + controlTime)
	}
	for {
		now := time.Now()
		since := now.Sub(t.start)
		if t.omitting && since >= t.omit {
			reported := t.interval > 0 && t.omit%t.interval == 0
			if reported {
				t.report(since, false)
			}
			t.omitting = false
			for _, s := range t.streams {
				from := s.read()
				if reported {
					from = s.last // what has come since is not in the omitted interval any more
				}
				s.endOmit(from)
			}
			t.start, since, tick = now, 0, 0
			t.begin(limit)
		}
		next := now.Add(time.Second)
		earlier := func(at time.Time) {
			if at.Before(next) {
				next = at
			}
		}
		if t.omitting {
			earlier(t.start.Add(t.omit))
		} else if t.duration > 0 && !t.server {
			if since >= t.duration {
				return 0, nil
			}
			earlier(t.start.Add(t.duration))
		}
		if t.interval > 0 {
			if passed := int64(since / t.interval); passed > tick {
				tick = passed
				if err := t.report(since, false); err != nil {
					return 0, err
				}
			}
			earlier(t.start.Add(time.Duration(tick+1) * t.interval))
		}
		if all := t.moved(); all != moved {
			moved, movedAt = all, now
		}
		if (t.server || t.receives()) && now.Sub(movedAt) >= t.rcvTimeout {
			return 0, errIdle
		}
		if t.server && now.After(overallEnd) {
			return 0, errTooLong
		}
		timer.Reset(time.Until(next))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return 0, errInterrupted
		case m := <-messages:
			return t.heard(m)
		case <-t.reached:
			return 0, nil
		case e := <-done:
			if e.err != nil {
				return t.lastWord(messages, e.err)
			}
			if !e.sender {
				continue // its sender has closed
			}
			if senders--; senders == 0 && limit > 0 && !t.server {
				return 0, nil
			}
		}
	}
}

// lastWord says why a stream has failed. An end that ends says so on the control connection, and closes its streams: of the
// two, any may be seen first.
func (t *test) lastWord(messages <-chan message, err error) (state, error) {
	late := time.NewTimer(lastWordTime)
	defer late.Stop()
	select {
	case m := <-messages:
		return t.heard(m)
	case <-late.C:
		return 0, err
	}
}

// heard is what a message from the other end means for the traffic: its end.
func (t *test) heard(m message) (state, error) {
	if m.err == nil && m.state == 0 {
		m.err = t.control.unexpected(0)
	}
	return m.state, m.err
}

const lastWordTime = time.Second

// moved is how many bytes all streams have carried.
func (t *test) moved() (n int64) {
	for _, s := range t.streams {
		n += s.read().bytes
	}
	return n
}

// report takes an interval that ends now and gives it out. The last one is left out when it is short and empty.
func (t *test) report(now time.Duration, last bool) error {
	i := &interval{omitted: t.omitting}
	worth := false
	for _, s := range t.streams {
		c := s.read()
		r := row{stream: s, sender: s.sender, start: s.lastTime, end: now, counts: c.since(s.last), info: s.sample(), streams: 1}
		s.last, s.lastTime = c, now
		worth = worth || r.bytes > 0 || r.end-r.start >= t.interval/10
		i.rows = append(i.rows, r)
		t.sum(i, r)
	}
	if last && !worth {
		return nil
	}
	return t.out.interval(t, i)
}

// sum adds a row to its direction's sum.
func (t *test) sum(i *interval, r row) {
	to := &i.sum
	if t.bidir && r.sender == t.server {
		to = &i.reverse
	}
	if *to == nil {
		sum := r
		sum.stream = nil
		if r.info != nil {
			sum.info = &tcpInfo{retransmits: r.info.retransmits}
		}
		*to = &sum
		return
	}
	s := *to
	s.streams++
	s.bytes += r.bytes
	s.packets += r.packets
	s.lost += r.lost
	s.outOfOrder += r.outOfOrder
	s.jitter += (r.jitter - s.jitter) / float64(s.streams)
	if s.info != nil && r.info != nil && r.info.retransmits >= 0 {
		s.info.retransmits += r.info.retransmits
	}
}

// totals are both ends' counts of a stream, as far as this end knows them.
func (t *test) totals(s *stream) (sent, received total) {
	own := total{known: true, end: seconds(t.elapsed), counts: s.counted(), retransmits: s.retransmits}
	peer := total{end: own.end, retransmits: -1}
	if s.peer != nil {
		peer = *s.peer
	}
	if s.sender {
		own.jitter, own.lost = 0, 0
		return own, peer
	}
	own.retransmits = -1
	peer.jitter, peer.lost = 0, 0 // a sender has neither
	return peer, own
}

// temporaryFile is a file in the system's directory for such, which loses its name at once where that is possible.
func temporaryFile() (*os.File, error) {
	f, err := os.CreateTemp("", "iperf3-*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name())
	return f, nil
}
