package report

// beginDocument begins a JSON document. It reports whether that is the server's, within a client's
// text.
func (s *segmenter) beginDocument() (isPeer bool) {
	s.doc = nil
	if !s.peerNext {
		return false
	}
	s.peerNext = false
	s.doc = s.begin(false)
	return true
}

// beginMember begins a member that is iperf's, of a document or of an event of --json-stream. Its
// content is doc's.
func (s *segmenter) beginMember(key, event string) {
	fresh := key == "start"
	if key == "error" && event == key {
		fresh = s.cur != nil && s.cur.ended // the server's, after a test is over
	}
	switch {
	case s.doc == nil && event == "" && s.cur != nil && s.cur.stream:
		// A document after events: --json-stream-full-output prints the same again.
		s.doc = s.newTest(nil)
		s.doc.again = s.cur
	case s.doc == nil || fresh && event != "":
		s.doc = s.begin(fresh)
	}
	t := s.doc
	t.lines++
	t.json, t.stream = true, t.stream || event != ""
	t.rep.Program = programIperf3
}

// takeStart takes what a document says of its test before the intervals.
func (s *segmenter) takeStart(start *jsonStart) {
	if again := s.doc.again; again != nil && again.cookie != start.cookie {
		// It is another test after all.
		was := s.doc
		s.end()
		t := s.begin(false)
		t.rep, t.json, t.lines = was.rep, true, 1
		s.doc = t
	}
	s.doc.takeStart(start)
}

// endDocument ends a document. It reports whether that was iperf's. A document that was cut before
// its first member is iperf's if there is nothing else that it can be.
func (s *segmenter) endDocument(event string, isCut, isUnknown bool) bool {
	t := s.doc
	s.doc = nil
	if t == nil {
		if isUnknown {
			t = s.begin(false)
			t.lines++
			t.cut = true
			t.rep.Program = programIperf3
		}
		return false
	}
	t.cut = t.cut || isCut
	if t.ended = t.ended || event == "end" && t.total(); event == "" && !t.stream {
		s.end()
	}
	return true
}

// beginPeerDocument begins the server's own document within that of the returned test.
func (s *segmenter) beginPeerDocument() (outer *test) {
	outer = s.doc
	s.doc = s.newTest(nil)
	s.doc.lines, s.doc.json = 1, true
	s.doc.rep.Program = programIperf3
	return outer
}

// endPeerDocument ends it.
func (s *segmenter) endPeerDocument(outer *test, isCut bool) {
	peer := s.doc
	s.doc = outer
	if outer.again == nil && !isCut {
		outer.rep.Peer, _ = peer.finish()
	}
}

// newPeer returns a test for the server's own output within that of t.
func (s *segmenter) newPeer(t *test) *test {
	peer := s.newTest(nil)
	peer.setIperf3(RoleServer, 0)
	peer.reverse = t.reverse
	return peer
}
