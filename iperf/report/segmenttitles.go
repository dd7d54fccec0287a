package report

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// Several programs may print to one terminal or log at once. Their lines differ by a title: the one
// of -T of iperf 3, or the name of a host or a container, which another program puts there.

const (
	maxAside = 64  // how many outputs are kept apart
	maxTitle = 120 // how far a title is looked for
	maxShift = 16  // how much longer a time before a title may become
	maxDoubt = 16  // how many lines may come before the second one with a title
	maxCount = 4   // how many digits the number of a task has
)

// titleOf returns the name that stands before a banner, with what separates the two, and its index.
// A time may stand on either side of it. It returns nil if there is no name.
func titleOf(b []byte) (title []byte, at int) {
	b = b[:len(b)-numbering(b)]
	if len(b) > maxTitle || isCommand(b) {
		return nil, 0
	}
	begin, end := -1, 0
	for i := numberLength(b); i < len(b); {
		n := bytes.IndexAny(b[i:], " \t")
		if n < 0 {
			n = len(b) - i
		}
		if word := b[i : i+n]; n > 0 {
			named := isNameOf(word)
			if begin < 0 && named {
				begin = i
			}
			if begin >= 0 {
				if !named && isTimeOf(word) {
					break
				}
				end = i + n
			}
		}
		i += n + 1
	}
	if begin < 0 {
		count := b[:numberLength(b)]
		if _, ok := countOf(count); ok {
			return count, 0
		}
		return nil, 0
	}
	for end < len(b) && (b[end] == ' ' || b[end] == '\t') {
		end++
	}
	return b[begin:end], begin
}

// isCommand reports whether a text has the options of a command. " - " separates names.
func isCommand(b []byte) bool {
	for {
		i := bytes.Index(b, []byte(" -"))
		if i < 0 {
			return false
		}
		if b = b[i+2:]; len(b) > 0 && b[0] != ' ' {
			return true
		}
	}
}

// numbering returns the length of what grep puts between a file's name and a line, ":12:" or "-12-", without the first
// byte; 0: b does not end with that.
func numbering(b []byte) int {
	end := len(b) - 1
	if end < 2 || b[end] != ':' && b[end] != '-' {
		return 0
	}
	digits := end
	for digits > 0 && b[digits-1]-'0' <= 9 {
		digits--
	}
	if digits == 0 || digits == end || b[digits-1] != b[end] {
		return 0
	}
	return len(b) - digits
}

var (
	notNames = regexp.MustCompile(`^(?i:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun|utc|gmt|am|pm)$` +
		`|^[0-9TZ.:,/+-]+(?:[mnuµ]?s|[smh])?$` + // times and numbers
		`|\.[a-z]{1,4}:[0-9]+$`) // lines of a source file
	addresses = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+$|^[0-9a-f]+:[0-9a-f:]*:[0-9a-f.:]*[a-f:][0-9a-f.:]*$`)
)

// isNameOf reports whether a word before a line names what printed the line.
func isNameOf(word []byte) bool {
	word = bytes.Trim(word, "[](){}<>|:,;")
	return bytes.ContainsFunc(word, func(c rune) bool { return c > ' ' && (c >= 128 || isWordByte(byte(c))) }) &&
		(addresses.Match(word) || !notNames.Match(word))
}

// isTimeOf reports whether a word is a time, or part of one, and neither a plain number nor a mark.
func isTimeOf(word []byte) bool {
	word = bytes.Trim(word, "[](){}<>|:,;")
	return notNames.Match(word) && len(bytes.Trim(word, "0123456789")) > 0 && len(bytes.Trim(word, ".:,/+-")) > 0
}

// has reports whether a line has the title of an output.
func (o *output) has(b []byte) bool {
	if o.title == nil {
		return false
	}
	i := bytes.Index(b[:min(len(b), o.at+len(o.title)+maxShift)], o.title)
	return i == 0 || i > 0 && (b[i-1] == ' ' || b[i-1] == '\t' || i == numberLength(b))
}

// numberLength returns the length of the number of a line, "12:" or "12-", that b begins with.
func numberLength(b []byte) int {
	_, n := scan.Int(b)
	if n == 0 || n == len(b) || b[n] != ':' && b[n] != '-' {
		return 0
	}
	return n + 1
}

// isTitled reports whether all lines of the current output have its title.
func (s *segmenter) isTitled() bool { return s.title != nil && s.doubt == 0 }

// entitle begins an output with that title, which was found at that index.
func (s *segmenter) entitle(title []byte, at int) {
	if s.outer != nil || len(s.aside) == maxAside {
		return
	}
	if s.lost != nil {
		s.title, s.lost = s.lost, nil // its lines are among those of the new one
	}
	if s.title != nil && bytes.Equal(s.title, title) {
		return
	}
	s.putAside()
	s.title, s.at, s.doubt = bytes.Clone(title), at, maxDoubt
}

// entitleBanner begins an output with the title of a banner. A number and a colon are the title that some programs put there for
// each of their tasks, but may be the number of the line.
func (s *segmenter) entitleBanner(e *event) {
	was := s.title
	if s.lost != nil {
		was = s.lost
	}
	if n, ok := countOf(e.title); ok && !s.isTitled() {
		before, ok := countOf(was)
		lines := int64(e.line - s.line)
		if ok && n-before == lines && (lines > 1 || e.kind == eventAccepted3) {
			// No program begins on two lines that follow each other.
			s.title, s.lost, s.doubt = nil, nil, 0
			return
		}
	}
	s.entitle(e.title, e.titleAt)
	s.line = e.line
}

// countOf returns the number of a title that is nothing but a number and a colon.
func countOf(title []byte) (n int64, ok bool) {
	n, length := scan.Int(title)
	return n, length > 0 && length <= maxCount && string(bytes.TrimRight(title[length:], " \t")) == ":"
}

// entitleRow begins an output with the title of a row of CSV, unless the row goes on with a stream of the current output and the
// titles differ by numbers alone: what stands before the rows of one program may count them.
func (s *segmenter) entitleRow(f *csvFields, title []byte, at int) {
	if t := s.cur; t != nil && t.csv.seen && s.title != nil && !bytes.Equal(s.title, title) {
		if bytes.Equal(withoutDigits(title), withoutDigits(s.title)) && t.goesOnWith(f) {
			return
		}
		if t.csv.isBetween(f.at(1), f.at(3)) {
			t.warn(0, "rows of the same hosts with another name before them are a test of their own")
		}
	}
	s.entitle(title, at)
}

func withoutDigits(b []byte) []byte {
	return bytes.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return -1
		}
		return c
	}, b)
}

// goesOnWith reports whether a row is of a stream of t, and not of the stream's last interval again.
func (t *test) goesOnWith(f *csvFields) bool {
	var r row
	if f.n < 9 || !r.parseCSV(f, false, nil) {
		return false
	}
	from, to := csvPorts(f)
	for _, fl := range t.flows {
		if i, ok := fl.index[streamKey{r.id, from, to}]; ok {
			s := fl.streams[i]
			last := s.prev
			if s.holds {
				last = span{s.held.start, s.held.end, false}
			}
			return fl.ends == [2]string{string(f.at(1)), string(f.at(3))} && (r.start != last.start || r.end != last.end)
		}
	}
	return false
}

// turnTo makes the output that the line b is of the current one. A title that the lines after it do
// not have is none.
func (s *segmenter) turnTo(b []byte) {
	s.lost = nil
	if s.title != nil && s.has(b) {
		s.doubt = 0
		return
	}
	for i := range s.aside {
		if !s.aside[i].has(b) {
			continue
		}
		o := s.aside[i]
		s.aside = slices.Delete(s.aside, i, i+1)
		s.putAside()
		s.output = o
		s.doubt = 0
		return
	}
	if s.doubt > 0 && len(bytes.TrimSpace(b)) > 0 {
		if s.doubt--; s.doubt == 0 {
			s.title, s.lost = nil, s.title
		}
	}
}

// putAside sets the current output aside if it has a title.
func (s *segmenter) putAside() {
	if s.title == nil {
		return
	}
	if s.cur != nil || len(s.chain) > 0 {
		s.aside = append(s.aside, s.output)
	}
	s.output = output{born: s.begun}
}

// endAside ends all outputs in the order in which they began. It returns the last test that there
// was.
func (s *segmenter) endAside() (last *test) {
	all := append(s.aside, s.output)
	s.aside = nil
	slices.SortStableFunc(all, func(a, b output) int { return cmp.Compare(a.born, b.born) })
	for _, s.output = range all {
		s.endPeer()
		last = s.cur
		for s.cur != nil {
			s.end()
		}
		s.ready = append(s.ready, s.chain...)
		s.chain = nil
	}
	return last
}
