package report

import "github.com/tunaperf/tuna/iperf/report/internal/lines"

// A reader reads one output, which may hold several tests.
type reader struct {
	p     *Parser
	src   *lines.Source
	each  func(Interval)
	row   row
	cur   *test // the one that lines go to; nil: none has begun
	outer *test // whose server's output cur is
	ready []*test
	chain []*test // those that may be parts of the next one
	part  bool    // the one that ends may be so

	peerNext bool // the next document is the server's, within a client's text
	given    int  // how many tests were handed out
	other    int  // lines that are not iperf's
	wide     bool // the last heading is of iperf 3's width
	counts   bool // iperf 2 counts its connections, as since 2.1: their ids are no sockets
	first    int  // tests that were begun
	all      bool // every test is wanted
	depth    int  // of a text within a text, or of a document within a document
	sums     sumPolicy

	title  []byte   // what stands before the lines of cur
	titles []titled // the tests whose lines do not come now

	spare    *document // one that may be used again
	fields   csvFields // of the last row of CSV
	time     []byte    // its time
	same     bool      // those that waited are the test\'s own
	pending  [][]byte  // a server\'s banner, of which the next connection tells whose it is
	held     []byte    // a row without its end, which the next line may bring
	heldLine int       // where it was
	before   []byte    // what stood before the brace that the last line ended with
}

func (r *reader) newTest(each func(Interval)) *test {
	t := &test{p: r.p, each: each, src: r.src, rep: &Report{}, sums: r.sums}
	t.slabs.reuse = r.p.Discard
	return t
}

// begin gives the test that a line belongs to, a new one when the last is over.
func (r *reader) begin(fresh bool) *test {
	if r.outer != nil && !fresh {
		return r.cur
	}
	if r.cur != nil && (fresh && (r.cur.lines > 0 || r.cur.said != nil) && !r.cur.foretold() || r.cur.done) {
		r.end()
	}
	if r.cur == nil {
		each := r.each
		if r.first > 0 && !r.all {
			each = nil // Parse gives the first test
		}
		r.first++
		r.cur = r.newTest(each)
	}
	return r.cur
}

// end hands over the current test, if there was any. Connections that wait for it to be over are the next one's.
func (r *reader) end() {
	r.endPeer()
	was := r.cur
	r.cur, r.peerNext = nil, false
	if was == nil {
		return
	}
	part := r.part
	r.part = false
	if was.lines > 0 || was.said != nil {
		r.handOver(was, part)
	} else {
		r.first-- // the next one takes its place
	}
	if len(was.waiting) > 0 {
		r.resume(was)
	}
}

// follow ends the current test and gives the next one that the same program runs.
func (r *reader) follow() *test {
	was := r.cur
	if r.end(); r.cur == nil {
		r.resume(was)
	}
	return r.cur
}

// another ends a test of iperf 3 that is over and gives the one of which only the rows are there.
func (r *reader) another() *test {
	was := r.cur
	r.end()
	t := r.begin(false)
	t.rep.Program = was.rep.Program
	return t
}

// otherEnd begins the test that the other end of a connection printed, without its banner.
func (r *reader) otherEnd(c *conn) {
	was := r.cur
	accepted := !was.initiated(c)
	t := r.another()
	t.iperf2, t.lines = true, 1
	t.rep.Program, t.rep.Protocol = was.rep.Program, was.rep.Protocol
	if t.listens = []int{c.local}; !accepted {
		t.listens, t.connects = nil, []int{c.remote}
	}
	t.introduce(*c)
}

// resume begins a test after was, without the banner that was had.
func (r *reader) resume(was *test) {
	t := r.begin(false)
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

// endPeer ends the other end's own output within this one.
func (r *reader) endPeer() {
	if r.outer == nil {
		return
	}
	peer := r.cur
	r.cur, r.outer = r.outer, nil
	if peer.lines > 0 {
		r.cur.rep.Peer, _ = peer.finish()
	}
}

// step reads a line, or a document. It is false at the end.
func (r *reader) step() bool {
	b, ok := r.src.Next()
	if !ok {
		if len(r.held) > 0 {
			r.unwrap(nil)
			return true
		}
		return false
	}
	if i := jsonStart(b); i >= 0 {
		r.readJSON(i)
		return true
	}
	if r.src.TooLong {
		r.begin(false).warning(syntaxError(r.src.Lines, b, "a line of at most 64 KiB"))
	}
	r.readLine(b)
	if r.cur != nil && r.cur.done {
		r.end()
	}
	return true
}

// within reads text that stood within a line or a string.
func (r *reader) within(text []byte) {
	if r.depth == maxDepth {
		return
	}
	was := r.src
	r.src = was.Within(text)
	r.depth++
	for r.step() {
	}
	r.depth--
	r.src = was
}

// maxDepth is how deep texts and documents may stand within each other.
const maxDepth = 8

// next gives the next test, nil at the end.
func (r *reader) next() *test {
	for len(r.ready) == 0 {
		if !r.step() {
			if len(r.pending) > 0 && r.cur != nil && r.cur.csv.seen {
				r.releaseBanner(true)
			}
			if r.cur != nil && r.cur.lines == 0 && r.cur.said == nil && r.given > 0 {
				return nil // the server waits for one more
			}
			r.endTitled()
			r.endPeer()
			last := r.cur
			for r.cur != nil {
				r.end()
			}
			if len(r.ready) == 0 && r.given == 0 {
				if last == nil {
					last = r.newTest(nil)
					last.lines = r.other
				}
				r.ready = append(r.ready, last)
			}
			if len(r.ready) == 0 {
				return nil
			}
			break
		}
	}
	t := r.ready[0]
	r.ready = r.ready[1:]
	r.given++
	return t
}
