package report

import (
	"bytes"
	"slices"
)

// A test of iperf 2 is between two hosts. The rows of CSV have no banner and no connection that begins a test, so that the hosts
// alone tell the tests of several clients apart, and those of several programs that write to one file.

// turnToHosts makes the output that has the hosts of a row the current one. The first row of other hosts begins another.
func (s *segmenter) turnToHosts(f *csvFields) {
	t := s.cur
	if t == nil || t.csv.hosts[0] == "" || s.outer != nil || f.n < 9 {
		return
	}
	here, there := f.at(1), f.at(3)
	if t.csv.isBetween(here, there) || len(here) == 0 || len(there) == 0 {
		return
	}
	for i := range s.aside {
		o := &s.aside[i]
		if o.cur == nil || !bytes.Equal(o.title, s.title) || !o.cur.csv.isBetween(here, there) {
			continue
		}
		next := *o
		s.aside = slices.Delete(s.aside, i, i+1)
		s.aside = append(s.aside, s.output)
		s.output = next
		return
	}
	if from, to := csvPorts(f); from == 0 || to == 0 {
		return // a sum, or a row that lacks an address
	}
	was, headers := s.output, t.csv.headers
	if t.closed() || t.endedBefore(f) || len(s.aside) == maxAside {
		s.end()
	} else {
		t.warn(0, "rows of other hosts are among those of this test, which are a test of their own")
		s.aside = append(s.aside, was)
	}
	s.output = output{title: was.title, at: was.at, doubt: was.doubt, born: s.begun}
	t = s.begin(false)
	t.csv.seen, t.csv.headers = true, headers
}

// isBetween reports whether a test is between two hosts, whichever of them comes first.
func (l *csvLayout) isBetween(a, b []byte) bool {
	return string(a) == l.hosts[0] && string(b) == l.hosts[1] || string(a) == l.hosts[1] && string(b) == l.hosts[0]
}

// endedBefore reports whether every connection has its total, and the test of a row began after the last of them.
func (t *test) endedBefore(f *csvFields) bool {
	var r row
	if !t.over() || !r.parseCSV(f, false, nil) {
		return false
	}
	begun, last := csvStart(f.at(0), r.end), csvTime(bytes.TrimRight(t.csv.last[:], "\x00"))
	return !last.IsZero() && !begun.IsZero() && !begun.Before(last)
}
