package lines

import (
	"strconv"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// literal reads a number, true, false or null as it is written, or the content of a string. It
// skips any other value and returns nil.
func (s *Scanner) literal() []byte {
	c := s.Peek()
	if c == '"' {
		return s.Text()
	}
	if c == '{' || c == '[' || c == '}' || c == ']' || c == ',' || c == ':' {
		if c != '}' && c != ']' && c != ',' && c != ':' {
			s.Skip()
		}
		return nil
	}
	i := s.pos
	for {
		for ; i < s.end; i++ {
			switch s.buf[i] {
			case ',', '}', ']', ' ', '\t', '\r', '\n', ':', '"':
				b := s.buf[s.pos:i]
				s.pos = i
				return b
			}
		}
		n := i - s.pos
		if n > maxLine || !s.fill() {
			s.Cut = true
			s.pos = s.end
			return nil // it may have lost digits
		}
		i = s.pos + n
	}
}

// number reads a literal and the number that it is. ok is false if it is none, has an exponent or
// too many digits.
func (s *Scanner) number() (text []byte, n scan.Decimal, ok bool) {
	s.Peek()
	n, length := scan.Number(s.buf[s.pos:s.end])
	if at := s.pos + length; length > 0 && at < s.end {
		switch s.buf[at] {
		case ',', '}', ']', ' ', '\t', '\r', '\n':
			text = s.buf[s.pos:at]
			s.pos = at
			return text, n, true
		}
	}
	// The rest of it has not come yet, or it is something else.
	text = s.literal()
	n, length = scan.Number(text)
	return text, n, length > 0 && length == len(text)
}

// Float reads a number. The second result is false if there is none.
func (s *Scanner) Float() (float64, bool) {
	b, n, ok := s.number()
	if v, exact := n.Exact(); ok && exact {
		return v, true
	}
	if len(b) == 0 || len(b) > 64 {
		return 0, false
	}
	text := string(b)
	if text[len(text)-1] == 'e' && s.pos < s.end && s.buf[s.pos] == ' ' {
		text += string(s.literal()) // "5.924e 06", as of one who lost the plus sign
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != v {
		if text != "null" {
			s.Warn(s.Lines, []byte(text), "a number")
		}
		return 0, false
	}
	return v, true
}

// Int reads a whole number. The second result is false if there is none.
func (s *Scanner) Int() (int64, bool) {
	b, n, ok := s.number()
	if ok && n.Frac == 0 {
		return n.Mant, true
	}
	if len(b) == 0 || len(b) > 64 {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || v != v || v > 9e18 || v < -9e18 {
		if string(b) != "null" {
			s.Warn(s.Lines, b, "a whole number")
		}
		return 0, false
	}
	return int64(v), true
}

// Bool reads true, false, or a number.
func (s *Scanner) Bool() bool {
	b := s.literal()
	return len(b) > 0 && (b[0] == 't' || b[0]-'1' <= 8)
}
