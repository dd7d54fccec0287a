package report

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// A scanner reads JSON from a source as it arrives. Where it meets something that is not JSON, such as a warning in
// the middle of a document, it leaves out the line.
type scanner struct {
	*source
	warn   func(error)
	cut    bool // the document ended early
	newDoc bool
	str    []byte // the last string, where it had escapes
	name   []byte // the last key, where its colon stands apart
}

// peek gives the next byte that is not space; 0: the end.
func (s *scanner) peek() byte {
	if s.pos < s.end {
		if c := s.buf[s.pos]; c > ' ' {
			return c
		}
	}
	return s.skipSpace()
}

func (s *scanner) skipSpace() byte {
	const tabs = 0x0909090909090909
	for {
		b, i := s.buf[:s.end], s.pos
		for i < len(b) {
			switch b[i] {
			case ' ', '\t', '\r':
				i++
			case '\n':
				s.lines++
				i++
				if i+8 <= len(b) {
					i += bits.TrailingZeros64(binary.LittleEndian.Uint64(b[i:])^tabs) / 8 // as iperf 3 indents
				}
			default:
				s.pos = i
				return b[i]
			}
		}
		s.pos = i
		if !s.fill() {
			s.cut = true
			return 0
		}
	}
}

// junk leaves out the rest of a line that is not JSON.
func (s *scanner) junk(expected string) {
	for {
		if i := bytes.IndexByte(s.buf[s.pos:s.end], '\n'); i >= 0 {
			s.warn(syntaxError(s.lines, s.buf[s.pos:s.pos+i], expected))
			s.pos += i
			return
		}
		if s.end-s.pos > maxLine || !s.fill() {
			s.warn(syntaxError(s.lines, s.buf[s.pos:s.end], expected))
			s.pos = s.end
			return
		}
	}
}

// open enters an object or an array. It is false when there is none, and then leaves out the value that is there.
func (s *scanner) open(c byte) bool {
	if s.peek() == c {
		s.pos++
		return true
	}
	s.skip()
	return false
}

// more reports whether an object or an array has one more member, and leaves it when it has not.
func (s *scanner) more(end byte) bool {
	for {
		switch c := s.peek(); {
		case c == 0:
			return false
		case c == end:
			s.pos++
			return false
		case c == ',':
			s.pos++
		case end == '}' && c == '"', end == ']' && (c == '{' || c == '"' || c == '[' || c == '-' || c-'0' <= 9 || c == 't' || c == 'f' || c == 'n'):
			return true
		case c == '{':
			// Another document begins, so that this one was cut.
			s.cut, s.newDoc = true, true
			return false
		default:
			s.junk("JSON")
		}
		if s.newDoc {
			return false
		}
	}
}

// key reads a member's name and its colon. It is valid until the next call.
func (s *scanner) key() []byte {
	k := s.string()
	if s.pos < s.end && s.buf[s.pos] == ':' {
		s.pos++
		return k
	}
	s.name = append(s.name[:0], k...)
	if s.peek() == ':' {
		s.pos++
	}
	return s.name
}

// string reads a string. It is valid until the next call.
func (s *scanner) string() []byte {
	if s.peek() != '"' {
		s.skip()
		return nil
	}
	s.pos++
	for i, c := range s.buf[s.pos:s.end] {
		if c == '"' {
			str := s.buf[s.pos : s.pos+i]
			s.pos += i + 1
			return str
		}
		if c == '\\' {
			break
		}
	}
	searched := 0
	escapes := false
	for {
		b := s.buf[s.pos:s.end]
		for i := searched; i < len(b); i++ {
			switch b[i] {
			case '"':
				str := b[:i]
				s.pos += i + 1
				if escapes {
					s.str = unescape(s.str[:0], str)
					return s.str
				}
				return str
			case '\\':
				escapes = true
				if i++; i == len(b) {
					i-- // what is escaped has not come yet
					searched = i
					goto fill
				}
			}
		}
		searched = len(b)
	fill:
		if len(b) > maxToken || !s.fill() {
			s.cut = true
			s.pos = s.end
			return nil
		}
	}
}

func unescape(to, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		if b[i] != '\\' || i+1 == len(b) {
			to = append(to, b[i])
			continue
		}
		i++
		switch b[i] {
		case 'n':
			to = append(to, '\n')
		case 't':
			to = append(to, '\t')
		case 'r':
			to = append(to, '\r')
		case 'b':
			to = append(to, '\b')
		case 'f':
			to = append(to, '\f')
		case 'u':
			c, ok := hex4(b[i+1:])
			if !ok {
				to = append(to, '?')
				continue
			}
			i += 4
			if utf16.IsSurrogate(c) && hasPrefix(b[i+1:], `\u`) {
				if low, ok := hex4(b[i+3:]); ok {
					c = utf16.DecodeRune(c, low)
					i += 6
				}
			}
			to = utf8.AppendRune(to, c)
		default:
			to = append(to, b[i])
		}
	}
	return to
}

func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	v, err := strconv.ParseUint(string(b[:4]), 16, 16)
	return rune(v), err == nil
}

// skip leaves out a value.
func (s *scanner) skip() {
	depth := 0
	for {
		switch c := s.peek(); c {
		case 0:
			return
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			if depth == 0 {
				return
			}
			depth--
			s.pos++
		case '"':
			s.string()
		case ',', ':':
			if depth == 0 {
				return
			}
			s.pos++
			continue
		default:
			if len(s.literal()) == 0 && !s.cut {
				s.junk("JSON")
			}
		}
		if depth == 0 {
			return
		}
	}
}
