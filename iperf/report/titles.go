package report

import "bytes"

// Several clients of iperf 3 may print to one terminal at once. What stands before their lines then tells them apart:
// their titles, which -T sets, or the names of hosts and containers that a program puts there.

// A titled is a test whose lines have a title, while those of another come.
type titled struct {
	title []byte
	cur   *test
	outer *test
	wide  bool
}

// maxTitled is how many tests are told apart by their titles.
const maxTitled = 64

// titleOf gives what stands before a client's first line, when it is a name; nil: it is none. Before it may be a time.
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

// hasTitle reports whether a line has that title before what it says.
func hasTitle(b, title []byte) bool {
	i := bytes.Index(b[:min(len(b), 2*maxTitle)], title)
	return i == 0 || i > 0 && b[i-1] == ' '
}

// entitle begins a test with that title.
func (r *reader) entitle(title []byte) {
	if title == nil || r.outer != nil || len(r.titles) == maxTitled {
		return
	}
	r.turnTo(title)
	if r.title == nil || !bytes.Equal(r.title, title) {
		r.putAside()
		r.title = bytes.Clone(title)
	}
}

// turnTo takes up the test with the title that b has, where another one's lines came before.
func (r *reader) turnTo(b []byte) {
	if r.title != nil && hasTitle(b, r.title) {
		return
	}
	for i, t := range r.titles {
		if !hasTitle(b, t.title) {
			continue
		}
		r.titles = append(r.titles[:i], r.titles[i+1:]...)
		r.putAside()
		r.title, r.cur, r.outer, r.wide = t.title, t.cur, t.outer, t.wide
		return
	}
}

// putAside keeps the test that lines went to.
func (r *reader) putAside() {
	if r.title == nil {
		return // of a test without a title
	}
	if r.cur != nil {
		r.titles = append(r.titles, titled{r.title, r.cur, r.outer, r.wide})
	}
	r.title, r.cur, r.outer = nil, nil, nil
}

// endTitled ends the tests that lie aside.
func (r *reader) endTitled() {
	for _, t := range r.titles {
		for r.cur != nil {
			r.end()
		}
		r.title, r.cur, r.outer = t.title, t.cur, t.outer
	}
	r.titles = nil
}
