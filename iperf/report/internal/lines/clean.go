package lines

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// What is read is made plain before anybody looks at it, as terminals, editors and the shells of
// Windows leave more in a file than iperf printed: UTF-16, colours, bytes of zero, spaces that do
// not break, and several ways to end a line.

const (
	esc  = 0x1b
	nbsp = "\u00a0"

	// substitute stands for bytes of zero within a line. They are what is left of text that a disk or a transfer has
	// lost, so no number may be read across them.
	substitute = 0x1a
)

// clean cleans the bytes from index from on. As a rule nothing has to be changed.
func (s *Source) clean(from int) {
	if s.encoding == encodingUnknown {
		if !s.sniff() {
			return
		}
		from = s.pos
	}
	if from > s.pos && isOpen(s.buf[from-1]) {
		from-- // it waited for what follows it
	}
	b := s.buf[from:s.end]
	if s.escape != 0 || !isPlain(b) {
		b = b[:s.plain(b)]
		s.end = from + len(b)
	} else {
		for i := max(0, len(b)-len(s.was)-1); i < len(b); i++ {
			s.passed(b, i)
		}
	}
	for n := len(b); n > 0; n-- {
		if !isOpen(b[n-1]) {
			s.afterFeed = b[n-1] == '\n'
			break
		}
	}
}

// passed notes that b[i] has been cleaned, unless it is read again with what follows it. A byte order mark of UTF-16
// counts as a byte of zero, since a line begins behind it.
func (s *Source) passed(b []byte, i int) {
	if i+1 == len(b) && isOpen(b[i]) {
		return
	}
	s.was[0], s.was[1] = s.was[1], b[i]
	if mark := string(s.was[:]); mark == utf16Little || mark == utf16Big {
		s.was[1] = 0
	}
}

// isPadding reports whether bytes of zero, before next, are left out: those at either end of a line, and those of a line
// of UTF-16 without a byte order mark, which has one beside each character.
func (s *Source) isPadding(next byte) bool {
	begins := func(c byte) bool { return c == 0 || c == '\n' }
	return begins(s.was[1]) || next == '\r' || next == '\n' || begins(s.was[0])
}

// isOpen reports whether the byte after c decides what c is.
func isOpen(c byte) bool { return c == '\r' || c == nbsp[0] }

// isPlain reports whether nothing in b has to be changed. What fits into the fastest cache is
// looked at at once.
func isPlain(b []byte) bool {
	const enough = 8 << 10
	for piece := b; len(piece) > 0; piece = piece[min(enough, len(piece)):] {
		p := piece[:min(enough, len(piece))]
		if bytes.IndexByte(p, 0) >= 0 || bytes.IndexByte(p, esc) >= 0 || bytes.IndexByte(p, nbsp[0]) >= 0 ||
			bytes.IndexByte(p, '\r') >= 0 && strayReturn(piece[:min(enough+1, len(piece))]) {
			return false
		}
	}
	return true
}

// strayReturn reports whether there is a carriage return that no line feed follows.
func strayReturn(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '\r')
		if i < 0 || i+1 == len(b) {
			return false
		}
		if b = b[i+1:]; b[0] != '\n' {
			return true
		}
	}
}

// The states of a terminal's sequence that is left out.
type escapeState uint8

const (
	escapeNone    escapeState = iota
	escapeBegun               // ESC came
	escapeControl             // ESC [ came: parameters and a letter follow
	escapeString              // ESC ] came: text follows, up to BEL or ESC \
)

// after returns the state after c, and reports whether c is part of the sequence.
func (e escapeState) after(c byte) (next escapeState, in bool) {
	switch {
	case c == esc:
		return escapeBegun, true
	case e == escapeNone, c == '\n':
		return escapeNone, false // none goes on in the next line
	case e == escapeBegun && c == '[':
		return escapeControl, true
	case e == escapeBegun && c == ']':
		return escapeString, true
	case e == escapeControl && (c < 0x40 || c > 0x7e), e == escapeString && c != 7:
		return e, true
	}
	return escapeNone, true
}

// plain rewrites b in place and returns its new length.
func (s *Source) plain(b []byte) int {
	n := 0
	s.zero = false
	for i := 0; i < len(b); i++ {
		c := b[i]
		var in bool
		if s.escape, in = s.escape.after(c); in {
			continue
		}
		if c == 0 {
			for i+1 < len(b) && b[i+1] == 0 {
				i++
			}
			if i+1 == len(b) {
				s.zero = true
				break
			}
			if s.isPadding(b[i+1]) {
				s.passed(b, i)
				continue
			}
			s.holed = true
			c, b[i] = substitute, substitute // what follows is no UTF-16 either
		}
		s.passed(b, i)
		switch c {
		case '\r':
			for i+1 < len(b) && (b[i+1] == '\r' || b[i+1] == 0) {
				i++
			}
			if i+1 == len(b) || b[i+1] == '\n' {
				break
			}
			s.was[1] = '\n'
			if n > 0 && b[n-1] == '\n' || n == 0 && s.afterFeed {
				continue // line feed and carriage return, the other way round
			}
			c = '\n'
		case nbsp[0]:
			if i+1 < len(b) && b[i+1] == nbsp[1] {
				i++
				c = ' '
			}
		}
		b[n] = c
		n++
	}
	return n
}

// The encoding of the input.
type encoding uint8

const (
	encodingUnknown encoding = iota
	encodingUTF8
	encodingUTF16 // as the shells of Windows write to a file
)

// sniff sets the encoding if the first bytes decide it, and then reports whether they are to be
// cleaned as they are. Only a byte order mark selects UTF-16: without one the zero bytes of UTF-16
// are left out like any others, which leaves its ASCII characters.
func (s *Source) sniff() bool {
	b := s.buf[s.pos:s.end]
	little, big := scan.HasPrefix(b, utf16Little), scan.HasPrefix(b, utf16Big)
	if !little && !big {
		if s.err == nil && (len(b) == 0 || len(b) == 1 && b[0] >= utf16Big[0]) {
			return false // the second byte of a mark may follow
		}
		s.encoding = encodingUTF8
		return true
	}
	s.encoding = encodingUTF16
	s.r = &utf16Reader{r: s.r, big: big, raw: bytes.Clone(b[2:]), err: s.err}
	s.err, s.end = nil, s.pos
	return false
}

// Byte order marks: of UTF-8, and of UTF-16 with the little and the big end first.
const (
	utf8Mark    = "\uFEFF"
	utf16Little = "\xff\xfe"
	utf16Big    = "\xfe\xff"
)

// unmarked returns b without the byte order marks that it begins with. Each of several files that
// were joined may have one.
func unmarked(b []byte) []byte {
	for len(b) > 0 && b[0] >= utf8Mark[0] {
		switch {
		case scan.HasPrefix(b, utf8Mark):
			b = b[len(utf8Mark):]
		case scan.HasPrefix(b, utf16Little), scan.HasPrefix(b, utf16Big):
			b = b[len(utf16Little):]
		default:
			return b
		}
	}
	return b
}
