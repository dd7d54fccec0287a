// Package lines turns what a program printed into clean lines, or the tokens of JSON, as it
// arrives. It takes out what terminals, editors, other programs' logs and the shells of Windows put
// in.
package lines

import (
	"bytes"
	"io"
	"io/fs"
)

// The limits that keep memory in proportion whatever is read.
const (
	maxLine   = 64 << 10 // of a text line; the rest of a longer one is left out
	maxToken  = 16 << 20 // of one string or number of JSON
	firstRead = 64 << 10

	// An io.Reader may return no bytes and no error many times in a row. One that does nothing else is
	// broken.
	maxEmptyReads = 1 << 20
)

// A Source reads the lines of a reader as they arrive. It never waits for more than it was asked
// for.
type Source struct {
	r        io.Reader
	buf      []byte
	pos, end int // what is read and not yet handed out is buf[pos:end]
	err      error
	begin    int  // where the last line begins in buf
	Lines    int  // returned, or begun
	NoEnd    bool // the last line handed out was not ended by a line feed
	TooLong  bool // the last line handed out was cut to maxLine
	skip     bool // its rest is still to be read over

	encoding  encoding
	escape    escapeState
	was       [2]byte // the last two bytes before cleaning, without open ones; zero: a byte of zero, or nothing yet
	zero      bool    // bytes of zero came after them; what follows decides what they are
	holed     bool    // a substitute was put in, here or in the source that this one is of
	afterFeed bool    // what was read last ends with a line feed

	size int64 // of all that r gives; 0: not known
	read int64 // how much of it is in buf, or was
}

// New returns a Source of r, whose size it finds out if r knows it.
func New(r io.Reader) *Source {
	s := &Source{r: r}
	switch r := r.(type) {
	case interface{ Len() int }:
		s.size = int64(r.Len())
	case fs.File:
		if info, err := r.Stat(); err == nil && info.Mode().IsRegular() {
			s.size = info.Size()
		}
	}
	return s
}

// Within returns a Source of text that is within the last line of s, and has its number.
func (s *Source) Within(text []byte) *Source {
	return &Source{r: bytes.NewReader(text), buf: make([]byte, len(text)+16), Lines: s.Lines - 1}
}

// HasZeros reports whether there were bytes of zero within a line that Next has returned, which are not part of the text.
func (s *Source) HasZeros(line []byte) bool {
	return s.holed && bytes.IndexByte(line, substitute) >= 0
}

// IsCut reports whether the last line may have lost its end.
func (s *Source) IsCut() bool { return s.NoEnd || s.TooLong }

// More estimates how many entries a list of n, which is full, needs further. If the size of the
// input is known, the rest of it is assumed to be like what was read, else the list doubles. Either
// is faster than append, which copies a long list far more often.
func (s *Source) More(n int) int {
	more := n
	if done := s.read - int64(s.end-s.pos); s.size > done && done > 0 {
		whole := float64(n) * (float64(s.size) / float64(done))
		more = int(min(1.05*whole, 8*float64(n))) - n // an estimate from little may be far too high
	}
	return max(16, more)
}

// fill reads until there are more bytes than before, which it reports, or until the input ends. A
// read whose bytes are all cleaned away is progress.
func (s *Source) fill() bool {
	if s.err != nil {
		return false
	}
	const least = 2 // a byte of zero that waits, and one that decides about it
	if s.pos > 0 && len(s.buf)-s.end < least {
		s.end = copy(s.buf, s.buf[s.pos:s.end])
		s.pos = 0
	}
	if len(s.buf)-s.end < least {
		grown := make([]byte, max(firstRead, 2*len(s.buf)))
		s.end = copy(grown, s.buf[s.pos:s.end])
		s.pos = 0
		s.buf = grown
	}
	was := s.end
	for empty := 0; empty < maxEmptyReads; empty++ {
		begin := s.end
		if s.zero {
			s.buf[s.end] = 0
			s.end++
		}
		n, err := s.r.Read(s.buf[s.end:])
		if n > 0 {
			empty = 0
		}
		s.end += n
		s.read += int64(n)
		s.err = err
		s.clean(begin)
		if s.encoding == encodingUnknown && s.err == nil {
			continue // nothing is handed out before the encoding is known
		}
		if s.end > was || s.err != nil {
			return s.end > was
		}
	}
	s.err = io.ErrNoProgress
	return false
}

// Failure returns the reader's error unless that is io.EOF.
func (s *Source) Failure() error {
	if s.err == io.EOF {
		return nil
	}
	return s.err
}

// Next returns the next line without its end. It is valid until the next call. The second result is
// false at the end.
func (s *Source) Next() ([]byte, bool) {
	if s.skip {
		s.skipRest()
	}
	searched := 0
	s.NoEnd, s.TooLong = false, false
	for {
		if i := bytes.IndexByte(s.buf[s.pos+searched:s.end], '\n'); i >= 0 {
			line := s.buf[s.pos : s.pos+searched+i]
			s.begin = s.pos
			s.pos += searched + i + 1
			s.Lines++
			return s.trim(line), true
		}
		searched = max(0, s.end-s.pos-1) // a last carriage return may become a line feed
		if s.end-s.pos > maxLine {
			line := s.buf[s.pos : s.pos+maxLine]
			s.begin = s.pos
			s.TooLong, s.skip = true, true
			s.Lines++
			s.pos += maxLine
			return line, true
		}
		if !s.fill() {
			break
		}
	}
	if s.pos == s.end {
		return nil, false
	}
	line := s.buf[s.pos:s.end]
	s.begin = s.pos
	s.pos = s.end
	s.Lines++
	s.NoEnd = line[len(line)-1] != '\r'
	return s.trim(line), true
}

// skipRest drops what is left of a line that was too long.
func (s *Source) skipRest() {
	s.skip = false
	for {
		if i := bytes.IndexByte(s.buf[s.pos:s.end], '\n'); i >= 0 {
			s.pos += i + 1
			return
		}
		s.pos = s.end
		if !s.fill() {
			return
		}
	}
}

// trim takes the byte order marks and the carriage return off a line.
func (s *Source) trim(line []byte) []byte {
	if len(line) > 0 && line[0] >= utf8Mark[0] {
		marked := len(line)
		line = unmarked(line)
		s.begin += marked - len(line)
	}
	if len(line) > maxLine {
		s.TooLong = true
		return line[:maxLine]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// back takes back the last line from its byte i on.
func (s *Source) back(i int) {
	s.pos = s.begin + i
	s.skip = false
}
