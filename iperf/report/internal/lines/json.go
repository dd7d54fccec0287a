package lines

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// A Scanner reads JSON from a source as it arrives. It skips the rest of a line that is not JSON,
// such as a warning in the middle of a document.
type Scanner struct {
	*Source
	Warn   func(line int, text []byte, expected string) // is called with what was skipped
	Cut    bool                                         // the document ended early
	newDoc bool                                         // because another one begins
	str    []byte                                       // the last string, if it had escapes
	name   []byte                                       // the last key, if its colon stands apart
}

// Document enters the document that begins at byte i of the last line.
func (s *Scanner) Document(i int) {
	s.back(i)
	s.Cut, s.newDoc = false, false
}

// EndDocument returns to reading lines: the rest of the document's last line is the next one.
func (s *Scanner) EndDocument() { s.Lines-- }

// Enter skips the bracket or brace that Peek returned.
func (s *Scanner) Enter() { s.pos++ }

// Leave takes over the state of a scanner that has read a value within the document.
func (s *Scanner) Leave(in *Scanner) { s.Cut, s.newDoc = in.Cut, in.newDoc }

// Peek returns the next byte that is not space, or 0 at the end.
func (s *Scanner) Peek() byte {
	if s.pos < s.end {
		if c := s.buf[s.pos]; c > ' ' {
			return c
		}
	}
	return s.skipSpace()
}

func (s *Scanner) skipSpace() byte {
	const tabs = 0x0909090909090909
	for {
		b, i := s.buf[:s.end], s.pos
		for i < len(b) {
			switch b[i] {
			case ' ', '\t', '\r':
				i++
			case '\n':
				s.Lines++
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
			s.Cut = true
			return 0
		}
	}
}

// junk skips the rest of a line that is not JSON.
func (s *Scanner) junk(expected string) {
	for {
		if i := bytes.IndexByte(s.buf[s.pos:s.end], '\n'); i >= 0 {
			s.Warn(s.Lines, s.buf[s.pos:s.pos+i], expected)
			s.pos += i
			return
		}
		if s.end-s.pos > maxLine || !s.fill() {
			s.Warn(s.Lines, s.buf[s.pos:s.end], expected)
			s.pos = s.end
			return
		}
	}
}

// Open enters an object or an array, which begins with c. It skips a value of another kind and
// reports false.
func (s *Scanner) Open(c byte) bool {
	if s.Peek() == c {
		s.pos++
		return true
	}
	s.Skip()
	return false
}

// More reports whether an object or an array, which ends with end, has one more member. It leaves
// it if not.
func (s *Scanner) More(end byte) bool {
	for {
		switch c := s.Peek(); {
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
			s.Cut, s.newDoc = true, true
			return false
		default:
			s.junk("JSON")
		}
		if s.newDoc {
			return false
		}
	}
}

// Member reads the name of an object's next member and its colon, as More and Key do. ok is false
// if there is none. The name is valid until the next call.
func (s *Scanner) Member() (name []byte, ok bool) {
	const (
		tabs    = 0x0909090909090909
		longest = 64 // of the names that are read at once
	)
	b, i, lines := s.buf[s.pos:s.end], 0, 0
	if len(b) > 0 && b[0] == ',' {
		i = 1
	}
	if i < len(b) && b[i] == '\n' {
		i, lines = i+1, 1
		if i+8 <= len(b) {
			i += bits.TrailingZeros64(binary.LittleEndian.Uint64(b[i:])^tabs) / 8 // as iperf 3 indents
		}
	}
	if i < len(b) && b[i] == '"' {
		name = b[i+1 : min(len(b), i+longest)]
		n := bytes.IndexByte(name, '"')
		if end := i + n + 2; n > 0 && end+1 < len(b) && b[end] == ':' && name[n-1] != '\\' {
			if end++; b[end] == '\t' || b[end] == ' ' {
				end++
			}
			s.pos += end
			s.Lines += lines
			return name[:n], true
		}
	}
	if !s.More('}') {
		return nil, false
	}
	return s.Key(), true
}

// Key reads a member's name and its colon. The name is valid until the next call.
func (s *Scanner) Key() []byte {
	k := s.Text()
	if s.pos < s.end && s.buf[s.pos] == ':' {
		s.pos++
		return k
	}
	s.name = append(s.name[:0], k...)
	if s.Peek() == ':' {
		s.pos++
	}
	return s.name
}

// Text reads a string, which is valid until the next call.
func (s *Scanner) Text() []byte {
	if s.Peek() != '"' {
		s.Skip()
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
			s.Cut = true
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
			if utf16.IsSurrogate(c) && scan.HasPrefix(b[i+1:], `\u`) {
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

// Ahead returns a member of the object that is being read, if it comes behind the next value on the same line and is a string
// without escapes.
func (s *Scanner) Ahead(name string) (text string, ok bool) {
	b := s.buf[s.pos:s.end]
	if end := bytes.IndexByte(b, '\n'); end >= 0 {
		b = b[:end]
	}
	depth, key := 0, false
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth < 0 {
				return "", false
			}
		case '"':
			begin := i + 1
			for i = begin; i < len(b) && b[i] != '"'; i++ {
				if b[i] == '\\' {
					i++
				}
			}
			if i >= len(b) {
				return "", false
			}
			if depth > 0 {
				continue
			}
			word := b[begin:i]
			if key {
				return string(word), bytes.IndexByte(word, '\\') < 0
			}
			rest := bytes.TrimLeft(b[i+1:], " \t")
			key = string(word) == name && len(rest) > 0 && rest[0] == ':'
		case ',':
			key = key && depth > 0
		}
	}
	return "", false
}

// Skip reads over a value.
func (s *Scanner) Skip() {
	depth := 0
	for {
		switch c := s.Peek(); c {
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
			s.Text()
		case ',', ':':
			if depth == 0 {
				return
			}
			s.pos++
			continue
		default:
			if len(s.literal()) == 0 && !s.Cut {
				s.junk("JSON")
			}
		}
		if depth == 0 {
			return
		}
	}
}
