package report

import "slices"

// takeBanner gives a banner to its test, which may begin with it.
func (s *segmenter) takeBanner(e *event) {
	switch e.kind {
	case eventConn:
		s.takeConn(e)
	case eventConnecting3:
		s.begin(true).setIperf3(RoleClient, e.port)
	case eventListening3:
		if s.cur == nil || s.cur.lines > 0 && !s.cur.foretold() {
			s.end()
		}
		s.begin(false).setIperf3(RoleServer, e.port)
	case eventAccepted3:
		t := s.begin(s.cur != nil && s.cur.lines > 0 && len(s.cur.flows) > 0)
		t.setIperf3(RoleServer, 0)
		t.lines++
	case eventReverse3:
		t := s.begin(false)
		t.setIperf3(RoleClient, 0)
		t.reverse = true
		t.rep.Settings.Reverse = true
	case eventSummary3:
		s.begin(false).ruled = true
	case eventServerOutput:
		s.beginPeer()
	case eventServerJSON:
		s.begin(false)
		s.peerNext = true
	case eventDone3:
		s.endPeer()
		if s.cur != nil {
			s.cur.setIperf3(RoleClient, 0)
			s.cur.done = true
		}
	case eventListening2, eventConnecting2:
		s.takeBanner2(e)
	case eventUsage:
		t := s.begin(false)
		t.lines++
		t.usage = true
		t.rep.Program = e.program
	case eventVersion:
		t := s.begin(e.program == programIperf3 && s.outer == nil && s.cur != nil && len(s.cur.flows) > 0)
		t.rep.Version, t.rep.Program = e.version, e.program
		t.iperf2 = t.iperf2 || e.program == programIperf2
	case eventSetting:
		e.set(s.begin(false).rep)
	}
}

// beginPeer begins a test of its own for the server's output, which goes on to the end of the
// client's.
func (s *segmenter) beginPeer() {
	t := s.begin(false)
	if s.outer != nil {
		return
	}
	s.outer, s.cur = t, s.newPeer(t)
}

// takeBanner2 takes the banner of a client or a server of iperf 2. With -d and -r one program
// prints both.
func (s *segmenter) takeBanner2(e *event) {
	s.dropOther()
	client := e.kind == eventConnecting2
	if s.isDoubtful(e) {
		s.keep(e)
		return
	}
	t := s.cur
	if client {
		s.bannerOfWaiting(e)
		t = s.cur
	}
	fresh := t != nil && (t.isOther() || t.isCut(e) || t.over() && !s.same)
	if fresh && client && !t.isOther() && !t.isCut(e) {
		fresh = t.connects != nil && !t.serves || !t.callsBack(e.host)
	}
	t = s.begin(fresh)
	t.setIperf2(e)
	if client {
		t.serves = t.serves || t.connects == nil && t.listens != nil && t.accepted()
		addPort(&t.connects, e.port)
		t.flowsPrinted = max(t.flowsPrinted, e.flows)
		return
	}
	for p := e.first; p <= min(e.last, e.first+maxFlows-1); p++ {
		addPort(&t.listens, p)
	}
}

// A server's banner after a client's output is either the same client's, which older versions print
// with -r when it is the server's turn to send, or another program's. A client's banner after a
// server's output is either that of a server that sends back, or another program's. If the
// addresses in it do not tell, the connection that follows does: that of the same program is
// between the same ends, and is not the first one as the other end sees it. Until then the banner
// is held.

// isDoubtful reports whether only the next connection tells whose a banner of iperf 2 is.
func (s *segmenter) isDoubtful(e *event) bool {
	t, client := s.cur, e.kind == eventConnecting2
	switch {
	case t == nil || s.outer != nil || len(s.held) > 0 || s.same:
		return false
	case t.csv.seen:
		return true // a server's with -d or -r, or that of a text
	case !t.iperf2 || len(t.waiting) > 0 || t.there == "" || !t.over() || t.isCut(e):
		return false
	case client:
		return t.listens != nil && t.connects == nil && t.here == t.there
	}
	return t.connects != nil && t.listens == nil
}

// hasRows reports whether a row of a stream or of a sum came.
func (t *test) hasRows() bool {
	for _, f := range t.flows {
		if len(f.streams) > 0 || f.sum.n > 0 || f.sum.holds {
			return true
		}
	}
	return false
}

// isCut reports whether t ended before the banner e of iperf 2, without its totals: a program
// prints its banners before its rows, and that of the way back after the totals.
func (t *test) isCut(e *event) bool {
	return t.iperf2 && !t.csv.seen && t.hasRows() && (!t.over() || e.udp != (t.rep.Protocol == ProtocolUDP))
}

// maxHeld is more lines than a banner has.
const maxHeld = 8

func (s *segmenter) keep(e *event) {
	e.text, e.title = nil, nil // they are overwritten by the next line
	s.held = append(s.held, *e)
}

// hold keeps a further line of the banner that is held. It returns false for a line that ends the
// banner.
func (s *segmenter) hold(e *event) bool {
	switch {
	case len(s.held) == maxHeld, e.kind == eventConn:
		return false
	case e.kind == eventConnecting2, e.kind == eventConnecting3, e.kind == eventListening2, e.kind == eventListening3:
		s.release(false)
		return false
	}
	s.keep(e)
	return true
}

// release gives the banner that is held to the current test, or to another one.
func (s *segmenter) release(same bool) {
	held := s.held
	s.held = nil
	if !same {
		s.end()
	} else if held[0].kind == eventListening2 {
		held = held[:1] // the rest is not of the client's own settings
	}
	s.same = same
	for i := range held {
		if held[i].isBanner() {
			s.takeBanner(&held[i])
		}
	}
	s.same = false
}

// bannerOfWaiting gives connections that were there before their client's banner to the test that
// it begins.
func (s *segmenter) bannerOfWaiting(e *event) {
	t := s.cur
	if t == nil || len(t.waiting) == 0 || !t.waiting[0].late {
		return
	}
	if t.connects == nil && t.callsBack(e.host) {
		t.introduceWaiting()
		return
	}
	s.end()
	s.cur.connects, s.cur.listens, s.cur.rep.Settings = nil, nil, Settings{}
}

// dropOther drops the banner of a server of iperf 3 that waited for one more test.
func (s *segmenter) dropOther() {
	if t := s.cur; t != nil && s.outer == nil && t.isOther() && t.isEmpty() {
		s.cur = nil
		s.begun-- // the next one takes its place
	}
}

// isEmpty reports whether nothing of a test came but perhaps a banner.
func (t *test) isEmpty() bool { return t.lines == 0 && t.said == nil }

// isOther reports whether a banner of iperf 2 cannot be of this test.
func (t *test) isOther() bool { return t.rep.Program == programIperf3 || t.json }

func (t *test) setIperf3(role Role, port int) {
	t.rep.Program = programIperf3
	t.rep.Role = role
	if port != 0 {
		t.rep.Settings.Port = port
	}
}

func (t *test) setIperf2(e *event) {
	t.rep.Program, t.iperf2 = programIperf2, true
	if t.rep.Protocol = ProtocolTCP; e.udp {
		t.rep.Protocol = ProtocolUDP
	}
	if t.rep.Settings.Port == 0 {
		t.rep.Settings.Port = e.port
	}
}

// addPort adds a port of a test, which has few.
func addPort(ports *[]int, port int) {
	if port > 0 && !slices.Contains(*ports, port) && len(*ports) < maxFlows {
		*ports = append(*ports, port)
	}
}

// callsBack reports whether a client's banner may be that of a server that sends back, as with -r.
// It is not if the client connects to another host than the one that called the server.
func (t *test) callsBack(host string) bool {
	return len(t.conns) == 0 || t.listens == nil || t.there == "" || host == t.there
}
