package report

import (
	"fmt"
	"time"
)

// A test gathers what one end printed of one test.
type test struct {
	p         *Parser
	each      func(Interval)
	rep       *Report
	slabs     slabs
	sums      sumPolicy
	flows     []*flow
	conns     []conn        // as the text introduces them
	async     bool          // it is iperf 2's
	intervals bool          // its rows are intervals, with totals after them
	first     time.Duration // the first interval's length
	longest   time.Duration // the latest end of a total
	lines     int           // that belong to it
	cut       bool          // its end is missing
	added     bool          // the warning about it was given
	streams   int           // as printed; 0: not printed
	reverse   bool          // iperf 3 says so
	done      bool          // what follows belongs to another test
	broken    bool          // the last row was cut
	usage     bool          // the program's help was printed
	said      []error
	csv       csvLayout
	heading   heading
	bursts    bool // the rows are of bursts
	ruled     bool // a line was drawn, which a summary may follow
	summary   bool // what follows are totals
	sendsHere bool // the heading is a sender's
	listens   []int
	connects  []int

	flowsPrinted int
	connAt       map[connKey]int // into conns, the last of each
	lastConn     int

	json   bool
	stream bool // it comes as events
	ended  bool // with the end event
	cookie string
	again  *test // it is that test said again
}

// A conn is a connection that the text introduces: "[  5] local 10.0.0.1 port 35936 connected to 10.0.0.2 port 5201".
type conn struct {
	id            int
	star          bool
	local, remote int // ports
	peer          bool
	reverse       bool // the server sends
	both          bool // both ends send
	reused        bool // a later one has the same id
}

func (t *test) discard() bool { return t.p.Discard }

// maxWarnings is how many warnings a report keeps; a last one says that there were more.
const maxWarnings = 100

func (t *test) warning(err error) {
	switch n := len(t.rep.Warnings); {
	case n < maxWarnings:
		t.rep.Warnings = append(t.rep.Warnings, err)
	case n == maxWarnings:
		t.rep.Warnings = append(t.rep.Warnings, &Warning{Text: "there are more warnings"})
	}
}

// full reports whether a further warning would be lost.
func (t *test) full() bool { return len(t.rep.Warnings) > maxWarnings }

func (t *test) warn(line int, text string) {
	if !t.full() {
		t.warning(&Warning{line, text})
	}
}

func (t *test) warnAdded(line int) {
	if !t.added {
		t.added = true
		t.warn(line, "no sum is printed: the streams are added up")
	}
}

// fail takes an error that iperf printed.
func (t *test) fail(err error) {
	for _, e := range t.said {
		if e.Error() == err.Error() {
			return
		}
	}
	t.said = append(t.said, err)
}

// maxFlows is more than a test can have.
const maxFlows = 16

// flow gives the flow of that key, which it makes when there is none.
func (t *test) flow(k flowKey) *flow {
	for _, f := range t.flows {
		if f.key == k {
			return f
		}
	}
	if len(t.flows) == maxFlows {
		// Ports at random, that is, no output of iperf's. All that comes further goes into one.
		return t.flows[maxFlows-1]
	}
	f := &flow{t: t, key: k}
	t.flows = append(t.flows, f)
	return f
}

func (t *test) has(k flowClass) bool {
	for _, f := range t.flows {
		if f.key.class == k {
			return true
		}
	}
	return false
}

// expected is how many streams f has, as far as the output says; 0: it does not.
func (t *test) expected(f *flow) int {
	if t.streams > 0 {
		return t.streams
	}
	if t.json {
		return 0
	}
	if t.async {
		return t.expectedAsync(f)
	}
	n := len(t.conns)
	if f.key.class != classOnly {
		n /= 2
	}
	return n
}

// finish makes the report of what came.
func (t *test) finish() (*Report, error) {
	rep := t.rep
	for _, f := range t.flows {
		f.settle()
	}
	if t.async {
		t.finishAsync()
	} else {
		t.finishSync()
	}
	rep.Err = joined(t.said)
	var errs []error
	if rep.Err != nil {
		errs = append(errs, rep.Err)
	}
	none, total := true, false
	for _, f := range []*Flow{rep.Forward, rep.Reverse, rep.Mixed} {
		if f == nil {
			continue
		}
		has := f.Sent != nil || f.Received != nil || f.Unlabelled != nil
		total = total || has
		if has || len(f.Intervals) > 0 {
			none = false
		}
	}
	for _, f := range t.flows {
		none = none && f.emitted == 0
	}
	switch {
	case none && t.lines == 0 && rep.Err == nil && rep.Program == "":
		errs = append(errs, ErrNoBandwidth)
	case none && rep.Program == "" && rep.Err == nil:
		errs = append(errs, ErrNotUnderstood, ErrNoBandwidth)
	case none:
		errs = append(errs, ErrNoBandwidth)
	}
	if t.cut || !none && !total {
		errs = append(errs, ErrIncomplete)
	}
	return rep, joined(errs)
}

// joined is one error of several, in one line.
func joined(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	case 2:
		return fmt.Errorf("%w: %w", errs[0], errs[1])
	}
	return fmt.Errorf("%w: %w", errs[0], joined(errs[1:]))
}

// finishSync gives the directions of iperf 3 their names.
func (t *test) finishSync() {
	for _, f := range t.flows {
		sends := f.key.class == classSends
		switch f.key.class {
		case classOnly:
			reverse := t.reverse
			if t.rep.Side == ServerSide && !t.json {
				_, sent := f.totals(totalSent)
				_, received := f.totals(totalReceived)
				reverse = reverse || t.sendsHere || sent && !received
			}
			sends = reverse == (t.rep.Side == ServerSide)
		case classMixed:
			continue
		}
		forward := sends == (t.rep.Side != ServerSide)
		out := t.output(f)
		out.Sent, out.Received, out.Unlabelled = t.pick(f, totalSent), t.pick(f, totalReceived), t.pick(f, totalUnlabelled)
		for i, s := range f.streams {
			if len(out.Streams) > i {
				st := &out.Streams[i]
				st.Sent, st.Received, st.Unlabelled = s.totals[totalSent].total(), s.totals[totalReceived].total(), s.totals[totalUnlabelled].total()
				dropUnknown(&st.Sent, &st.Received, sends, t.rep.Side)
			}
		}
		dropUnknown(&out.Sent, &out.Received, sends, t.rep.Side)
		t.set(forward, out)
	}
}

// dropUnknown drops the count of the far end where iperf 3 printed zeros because it did not get it, and of the
// sender's count what only a receiver can know.
func dropUnknown(sent, received **Total, sends bool, side Side) {
	far := received
	if !sends {
		far = sent
	}
	if t := *far; t != nil && t.Bytes == 0 && t.Rate == 0 {
		*far = nil
	}
	if s := *sent; s != nil && s.UDP != nil {
		s.UDP.Has &= Packets | PacketRate
		*s.UDP = UDP{Has: s.UDP.Has, Packets: s.UDP.Packets, PacketRate: s.UDP.PacketRate}
		if s.UDP.Has == 0 {
			s.UDP = nil
		}
	}
}

func (t *test) set(forward bool, out *Flow) {
	to := &t.rep.Reverse
	if forward {
		to = &t.rep.Forward
	}
	if *to == nil {
		*to = out
		return
	}
	// Two flows of one direction: iperf 2 can connect both ways for it.
	f := *to
	f.Intervals = append(f.Intervals, out.Intervals...)
	f.Streams = append(f.Streams, out.Streams...)
	for _, p := range []struct{ to, from **Total }{{&f.Sent, &out.Sent}, {&f.Received, &out.Received}, {&f.Unlabelled, &out.Unlabelled}} {
		if *p.to == nil {
			*p.to = *p.from
		}
	}
}

// output gives a flow its intervals and streams.
func (t *test) output(f *flow) *Flow {
	out := &Flow{Intervals: f.intervals}
	for _, s := range f.streams {
		out.Streams = append(out.Streams, Stream{ID: s.key.id, Intervals: s.intervals})
	}
	return out
}

// pick gives a flow's total of that kind: the sum that was printed, or that of the streams.
func (t *test) pick(f *flow, k totalKind) *Total {
	c := f.sum.totals[k]
	sum, n := f.added(k)
	switch {
	case t.sums == sumAdded && len(f.streams) > 0:
		c = nil
	case t.sums == sumPrinted && len(f.streams) > 1:
		if n > 0 && c == nil {
			t.warn(sum.line, "no sum of the totals is printed")
		}
		n = 0
	}
	switch {
	case c == nil && n == 0:
		return nil
	case c == nil:
		if n > 1 {
			t.warnAdded(sum.line)
		}
		if n < len(f.streams) {
			t.warn(sum.line, fmt.Sprintf("only %d of %d streams have a total", n, len(f.streams)))
		}
		c = &sum
	case n > 0 && n == len(f.streams):
		t.completeSum(c, &sum, n)
		if off := float64(c.rate / sum.rate); off < 0.9 || off > 1.1 {
			t.warn(c.line, fmt.Sprintf("the sum says %v, its streams together %v", c.rate, sum.rate))
		}
	}
	t.checkRate(c)
	return c.total()
}

// added adds up the streams' totals of that kind, of which there are n.
func (f *flow) added(k totalKind) (sum cell, n int) {
	for _, s := range f.streams {
		if s.totals[k] == nil {
			continue
		}
		if n++; n == 1 {
			sum = *s.totals[k]
		} else {
			sum.add(s.totals[k])
		}
	}
	return sum, n
}

// completeSum gives a printed sum what it lacks of its streams' numbers. iperf 2 leaves the loss out of its sums, prints
// it under the heading of writes, or counts too little of it.
func (t *test) completeSum(c, streams *cell, n int) {
	if both := Lost | Packets; streams.udp.Has.Has(both) && c.udp.Has.Has(both) && c.udp.Lost < streams.udp.Lost {
		t.warn(c.line, fmt.Sprintf("the sum says that %d datagrams were lost, its streams %d", c.udp.Lost, streams.udp.Lost))
		c.udp.Lost = streams.udp.Lost
		c.udp.Packets = max(c.udp.Packets, streams.udp.Packets)
	}
	c.complete(streams)
	if n == 1 {
		c.fill(streams)
	}
}

// checkRate warns of a rate that is not what the bytes and the time give.
func (t *test) checkRate(c *cell) {
	d := c.end - c.start
	if d < 100*time.Millisecond || c.bytes == 0 {
		return
	}
	rate := float64(c.bytes) * 8 / d.Seconds()
	// The interval's end may have been rounded to a tenth of a second, the amount to three digits.
	if off := float64(c.rate) / rate; off < 0.8 || off > 1.25 {
		t.warn(c.line, fmt.Sprintf("the printed rate %v is not that of the bytes and the time, %v", c.rate, BitRate(rate)))
	}
}
