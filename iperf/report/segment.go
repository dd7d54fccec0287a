package report

import (
	"slices"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
)

// A segmenter decides which test each event is of, and hands over each test when it is over.
// Nothing else decides that.
//
// An event that does not tell is held until one comes that does: a banner until the connection
// after it, a connection until its first row, a short test until the sum that may be of several.
// These queues are bounded; what has no space in them is decided as if the input had ended.
type segmenter struct {
	p    *options
	src  *lines.Source
	each func(Interval) // of the first test, or of every one
	all  bool           // every test is wanted

	output          // that the current line is of
	aside  []output // those that other lines are of
	lost   []byte   // the title that the current line does not have, though the one of cur should be it

	ready []*test
	begun int // tests
	given int // tests that were handed out
	other int // lines that are not iperf's

	doc *test // that the JSON document is of; nil: it is not iperf's so far
}

// An output is what one program printed. Its lines have a title if those of others are among them.
type output struct {
	title []byte // nil: it has none
	at    int    // where its title stood in the first line
	line  int    // the number of the first line
	doubt int    // how many more lines may be without the title before it is taken for none; 0: it is one
	born  int    // how many tests had begun before it

	cur   *test // that events go to; nil: none has begun
	outer *test // whose server's output cur is

	held  []event // a banner, of which the next connection tells whose it is
	same  bool    // the banner is of cur, as a connection told
	chain []*test // that may be parts of the next one
	part  bool    // the test that ends may be one of these

	peerNext bool // the next document is the server's, within a client's text
	wide     bool // the last heading is as wide as iperf 3's
	counts   bool // iperf 2 counts its connections, as since 2.1: their ids are no sockets
}

func (s *segmenter) newTest(each func(Interval)) *test {
	t := &test{p: s.p, each: each, src: s.src, rep: &Report{}}
	t.slabs.reuse = s.p.Discard
	return t
}

// begin returns the test that an event is of, a new one if the last is over or if fresh says so.
func (s *segmenter) begin(fresh bool) *test {
	if s.outer != nil && !fresh {
		return s.cur
	}
	if s.cur != nil && (fresh && !s.cur.isEmpty() && !s.cur.foretold() || s.cur.done) {
		s.end()
	}
	if s.cur == nil {
		each := s.each
		if s.begun > 0 && !s.all {
			each = nil // Parse returns the first test
		}
		s.begun++
		s.cur = s.newTest(each)
	}
	return s.cur
}

// end hands over the current test if there is one. Connections that wait for its end are the next
// one's.
func (s *segmenter) end() {
	s.endPeer()
	was, part := s.cur, s.part
	s.cur, s.peerNext = nil, false
	if was == nil {
		return
	}
	if s.part = false; was.isEmpty() {
		s.begun-- // the next one takes its place
	} else {
		s.handOver(was, part)
	}
	if len(was.waiting) > 0 {
		s.resume(was)
	}
}

// endDone ends a test that has said so.
func (s *segmenter) endDone() {
	if s.cur != nil && s.cur.done {
		s.end()
	}
}

// endPeer ends the other end's output within this one.
func (s *segmenter) endPeer() {
	if s.outer == nil {
		return
	}
	peer := s.cur
	s.cur, s.outer = s.outer, nil
	if peer.lines > 0 {
		s.cur.rep.Peer, _ = peer.finish()
	}
}

// follow ends the current test and returns the next one of the same program.
func (s *segmenter) follow() *test {
	was := s.cur
	if s.end(); s.cur == nil {
		s.resume(was)
	}
	return s.cur
}

// resume begins a test after was, without a banner of its own.
func (s *segmenter) resume(was *test) {
	t := s.begin(false)
	t.rep.Program, t.iperf2, t.rep.Protocol = was.rep.Program, true, was.rep.Protocol
	if t.listens = was.listens; t.listens == nil {
		t.connects = was.connects
	}
	t.rep.Settings, t.intervals, t.first = was.rep.Settings, was.intervals, was.first
	for _, c := range was.waiting {
		t.lines++
		t.introduce(c)
	}
}

// another ends a test of iperf 3 and returns the next one, of which only the rows are there.
func (s *segmenter) another() *test {
	was := s.cur
	s.end()
	t := s.begin(false)
	t.rep.Program = was.rep.Program
	return t
}

// otherEnd begins the test that the other end of a connection printed, without its banner.
func (s *segmenter) otherEnd(c *conn) {
	was := s.cur
	accepted := !was.initiated(c)
	t := s.another()
	t.iperf2, t.lines = true, 1
	t.rep.Program, t.rep.Protocol = was.rep.Program, was.rep.Protocol
	if t.listens = []int{c.local}; !accepted {
		t.listens, t.connects = nil, []int{c.remote}
	}
	t.introduce(*c)
}

// isReady reports whether a test is over.
func (s *segmenter) isReady() bool { return len(s.ready) > 0 }

// next returns the next test that is over. If there is none, the input has ended: next ends all
// tests, and returns nil after the last.
func (s *segmenter) next() *test {
	if !s.isReady() && !s.endAll() {
		return nil
	}
	t := s.ready[0]
	s.ready = s.ready[1:]
	s.given++
	return t
}

// endAll ends all tests at the end of the input. It reports whether there is one.
func (s *segmenter) endAll() bool {
	if len(s.held) > 0 && s.cur != nil && s.cur.csv.seen {
		s.release(true)
	}
	if s.cur != nil && s.cur.isEmpty() && s.given > 0 && len(s.aside) == 0 {
		return false // the server waits for one more
	}
	last := s.endAside()
	if len(s.ready) == 0 && s.given == 0 {
		if last == nil {
			last = s.newTest(nil)
		}
		if last.lines == 0 { // a warning alone may have begun it
			last.lines = s.other
		}
		s.ready = append(s.ready, last)
	}
	return len(s.ready) > 0
}

// take gives an event to its test.
func (s *segmenter) take(e *event) {
	if e.kind == eventRow {
		s.takeRow(e.row, e.rowKind)
		return
	}
	if e.title != nil && (e.kind != eventConn || s.cur == nil || s.isTitled()) {
		s.entitleBanner(e)
	}
	if e.kind != eventBadRow && len(s.held) > 0 && s.hold(e) {
		return
	}
	switch e.kind {
	case eventBadRow:
		t := s.begin(false)
		t.lines++
		t.broken = e.cut
		if t.iperf2 {
			t.releaseBefore(e.row)
		}
		t.warning(syntaxError(e.line, e.text, "an interval with its transfer and rate"))
	case eventHeading:
		t := s.begin(false)
		if s.outer == nil && !t.iperf2 && !t.ruled && t.total() {
			t = s.another()
		}
		s.wide = e.wide
		t.takeHeading(e.heading)
	case eventBursts:
		t := s.begin(false)
		t.rep.Program, t.iperf2, t.bursts = programIperf2, true, true
	case eventRule:
		if s.cur != nil {
			s.cur.takeRule()
		}
	case eventSide:
		if t := s.cur; t == nil || t.iperf2 && len(t.flows) > 0 {
			s.other++
		} else {
			t.takeSide(e)
		}
	case eventFailure:
		s.takeFailure(e.err)
	case eventOddity:
		if s.cur != nil {
			s.cur.takeOddity(e.text)
		}
	case eventOther:
		if s.cur == nil || !s.cur.usage {
			s.other++
		}
	default:
		s.takeBanner(e)
	}
}

// takeFailure gives a failure that iperf reports to its test.
func (s *segmenter) takeFailure(err error) {
	switch t := s.cur; {
	case t != nil && t.usage:
	case s.begun > 1 && (t == nil || t.lines == 0), t == nil && s.given+len(s.ready) > 0:
		// Reported after a test and before the next.
	default:
		t = s.begin(false)
		t.lines++
		t.fail(err)
	}
}

// takeRow gives a row of text to its test, which may end with it or before it.
func (s *segmenter) takeRow(row *row, kind rowKind) {
	if row.side == 'C' {
		s.endPeer() // a client's rows of --bidir go on after the server's output
	}
	if len(s.held) > 0 {
		s.release(false)
	}
	if t := s.cur; t != nil && t.csv.seen && s.outer == nil && kind == rowData && !t.reports(row) {
		s.end()
	}
	t := s.begin(false)
	if (row.by != 0 || t.labelled) && s.outer == nil && t.repeats(row) {
		t = s.another()
	}
	t.lines++
	if !t.iperf2 && (t.rep.Program == programIperf3 || !t.guessIperf2(row, s.wide)) {
		t.iperf3Row(row, kind)
		return
	}
	t.iperf2 = true
	if kind == rowData {
		if len(t.waiting) > 0 {
			t = s.waitOver(row)
		}
		if t.startsOver(row) {
			t = s.follow()
			t.lines = 1
		}
		if len(s.chain) > 0 && row.kind == labelSum {
			t = s.joinParts(t, &row.cell)
		}
	}
	t.iperf2Row(row, kind)
}

// takeCSVHeader takes the names of the columns of rows that follow, which are n in all.
func (s *segmenter) takeCSVHeader(n int, columns []csvColumn) {
	t := s.beginCSV()
	t.lines++
	t.rep.Program, t.iperf2 = programIperf2, true
	if t.csv.headers == nil {
		t.csv.headers = make([][]csvColumn, maxFields+1)
	}
	// Sums and streams can have headers of their own, and both directions of a test of UDP have ones of
	// one length.
	if was := t.csv.headers[n]; was != nil && !slices.Equal(was, columns) && n == csvPrefix+countUDP221 {
		columns = nil
		for _, c := range columnsUDP221 {
			columns = append(columns, csvColumn{csvPrefix + c.at, c.holds})
		}
	}
	t.csv.headers[n] = columns
}

// beginRow returns the test of a row of CSV, whose header names the row's columns.
func (s *segmenter) beginRow() *test {
	if len(s.held) > 0 {
		s.release(s.cur != nil && s.cur.csv.seen)
	}
	return s.beginCSV()
}

// beginCSV returns the test of a row of CSV, which is no test that had rows of text.
func (s *segmenter) beginCSV() *test {
	if t := s.cur; t != nil && s.outer == nil && !t.csv.seen && t.csv.headers == nil && (len(t.flows) > 0 || t.isOther()) {
		s.end()
	}
	return s.begin(false)
}

// takeCSV gives a row of CSV to t, or to the test that begins with it. e are its ends, nil if they are
// not known yet. ok is false if the row could not be read.
func (s *segmenter) takeCSV(t *test, row *row, f *csvFields, e *csvEnds, ok, cut bool) {
	t.lines++
	t.iperf2, t.csv.seen = true, true
	t.rep.Program = programIperf2
	if !ok {
		t.warning(syntaxError(row.line, f.line, "a row of iperf 2's CSV"))
		t.broken = cut
		return
	}
	if row.start == 0 && row.kind == labelStream && t.over() && t.followsCSV(row, f) {
		csv := t.csv
		t = s.follow()
		t.lines, t.csv, e = 1, csv, nil
	}
	if e == nil {
		e = t.endsOf(row, f)
	}
	t.csvRow(row, f, e)
}
