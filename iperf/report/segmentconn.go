package report

// takeConn gives a connection to its test.
func (s *segmenter) takeConn(e *event) {
	c := &e.conn
	if len(s.held) > 0 {
		s.release(s.cur.isOwn(c))
	}
	if t := s.cur; t != nil && s.outer == nil {
		switch {
		case t.csv.seen:
			s.end()
		case !c.to && t.isOther():
			if s.dropOther(); s.cur != nil {
				s.end()
			}
		case c.to && t.iperf2 && !t.guessed:
			s.end()
		case t.connects != nil && t.listens == nil && t.there != "" && c.there != t.there && t.hasRows() && !t.over():
			s.end() // a client connects to one host
		case !t.iperf2 && !t.json && t.total():
			s.another()
		}
	}
	s.counts = s.counts || c.id == 1 || c.id == 2
	c.unstarred = c.unstarred && !s.counts
	if t := s.cur; t != nil && (s.takeMirror(t, c) || s.takeLate(t, c)) {
		return
	}
	t := s.begin(false)
	t.lines++
	if c.to {
		t.rep.Program = programIperf3
	} else if t.rep.Program == "" {
		t.rep.Program, t.iperf2 = programIperf2, true
	}
	if t.iperf2 && t.rep.Start.IsZero() {
		t.rep.Start = e.start
	}
	t.introduce(*c)
}

// takeMirror takes a connection that is there already, as the other end sees it. It returns false
// if c is none, or is a connection like the others all the same.
func (s *segmenter) takeMirror(t *test, c *conn) bool {
	at := t.mirrorOf(c)
	switch {
	case at < 0:
		return false
	case !t.iperf2:
		t.mirrored, t.rep.Role = true, RoleClient
		return true
	case t.over():
		s.otherEnd(c)
		return true
	case t.conns[at].id == c.id:
		// Nothing tells whose the rows are.
	case !t.initiated(c):
		c.mirror = true
	default:
		t.conns[at].mirror = true
	}
	return false
}

// takeLate takes a connection that comes when all the others of t are over. Its first row tells
// whether it is of t.
func (s *segmenter) takeLate(t *test, c *conn) bool {
	waits := len(t.waiting) > 0
	if !t.iperf2 || t.awaits(c) || !waits && !t.over() {
		return false
	}
	switch {
	case waits || t.accepts(c) && !t.initiatedFirst() || t.reconnects(c) || t.connectsAlike(c):
		if !waits && t.closed() {
			s.follow()
			return false
		}
	case t.connectsLate(c):
		c.late = true
	default:
		return false
	}
	t.wait(*c)
	return true
}

// waitOver decides whose the connections are that wait, and returns the test that the row is of.
func (s *segmenter) waitOver(row *row) *test {
	t := s.cur
	waits, late := false, true
	for i := range t.waiting {
		waits = waits || t.waiting[i].id == row.id
		late = late && t.waiting[i].late
	}
	switch {
	case row.kind == labelStream && (row.start > 0 || late):
		t.introduceWaiting()
	case row.kind == labelStream && waits:
		s.part = true
		return s.follow()
	}
	return t
}

// introduceWaiting makes the connections that wait connections of t.
func (t *test) introduceWaiting() {
	waiting := t.waiting
	t.waiting = nil
	for _, c := range waiting {
		t.introduce(c)
	}
}

// isOwn reports whether c is between the two ends that the test's first connection is between, as
// seen from this one.
func (t *test) isOwn(c *conn) bool {
	return t != nil && c.there != "" && c.here == t.here && c.there == t.there && t.mirrorOf(c) < 0
}
