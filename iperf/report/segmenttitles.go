package report

import "bytes"

// Several clients of iperf 3 may print to one terminal at once. Their lines differ by a title,
// which -T sets, or by the name of a host or container, which a program puts there.

// A titled is a test whose lines have a title, while lines of another test come.
type titled struct {
	title []byte
	cur   *test
	outer *test
	wide  bool
}

// maxTitled is how many tests with titles are kept apart.
const maxTitled = 64

// titleOf returns the text before a client's first line if it is a name, else nil. A time may
// precede the name.
func titleOf(b []byte) []byte {
	b = b[max(0, len(b)-maxTitle):]
	name := bytes.TrimRight(b, " ")
	if n := len(b) - len(name); n < 1 || n > 2 || len(name) < 2 {
		return nil
	}
	end := name[len(name)-1]
	if end != ':' && end != '|' {
		return nil
	}
	name = bytes.TrimRight(name[:len(name)-1], " ")
	if at := bytes.LastIndexByte(name, ' ') + 1; bytes.ContainsAny(name, ":[]>") {
		b, name = b[at:], name[at:]
	}
	if len(bytes.TrimLeft(name, "0123456789.")) == 0 || bytes.ContainsAny(name, ":[]>|") {
		return nil
	}
	return b
}

// maxTitle is as far as titles are looked for in a line.
const maxTitle = 120

// hasTitle reports whether a line has that title.
func hasTitle(b, title []byte) bool {
	i := bytes.Index(b[:min(len(b), 2*maxTitle)], title)
	return i == 0 || i > 0 && b[i-1] == ' '
}

// entitle begins a test with that title.
func (s *segmenter) entitle(title []byte) {
	if title == nil || s.outer != nil || len(s.titles) == maxTitled {
		return
	}
	s.turnTo(title)
	if s.title == nil || !bytes.Equal(s.title, title) {
		s.putAside()
		s.title = bytes.Clone(title)
	}
}

// turnTo makes the test with the title of the line b the current one.
func (s *segmenter) turnTo(b []byte) {
	if s.title != nil && hasTitle(b, s.title) {
		return
	}
	for i, t := range s.titles {
		if !hasTitle(b, t.title) {
			continue
		}
		s.titles = append(s.titles[:i], s.titles[i+1:]...)
		s.putAside()
		s.title, s.cur, s.outer, s.wide = t.title, t.cur, t.outer, t.wide
		return
	}
}

// putAside sets the current test aside.
func (s *segmenter) putAside() {
	if s.title == nil {
		return // of a test without a title
	}
	if s.cur != nil {
		s.titles = append(s.titles, titled{s.title, s.cur, s.outer, s.wide})
	}
	s.title, s.cur, s.outer = nil, nil, nil
}

// endTitled ends the tests that were set aside.
func (s *segmenter) endTitled() {
	for _, t := range s.titles {
		for s.cur != nil {
			s.end()
		}
		s.title, s.cur, s.outer = t.title, t.cur, t.outer
	}
	s.titles = nil
}
