package report

import "strconv"

// literal gives a number, true, false or null as it stands there, or what a string says; nil: something else, which it
// leaves out.
func (s *scanner) literal() []byte {
	c := s.peek()
	if c == '"' {
		return s.string()
	}
	if c == '{' || c == '[' || c == '}' || c == ']' || c == ',' || c == ':' {
		if c != '}' && c != ']' && c != ',' && c != ':' {
			s.skip()
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
			s.cut = true
			s.pos = s.end
			return nil // it may have lost digits
		}
		i = s.pos + n
	}
}

// number gives a literal, and what decimal it is; false: none, or one that has an exponent or too many digits.
func (s *scanner) number() (text []byte, n number, ok bool) {
	s.peek()
	n, length := parseNumber(s.buf[s.pos:s.end])
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
	n, length = parseNumber(text)
	return text, n, length > 0 && length == len(text)
}

// float reads a number; false: there is none.
func (s *scanner) float() (float64, bool) {
	b, n, ok := s.number()
	if v, exact := n.exact(); ok && exact {
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
			s.warn(syntaxError(s.lines, []byte(text), "a number"))
		}
		return 0, false
	}
	return v, true
}

// int reads a whole number; false: there is none.
func (s *scanner) int() (int64, bool) {
	b, n, ok := s.number()
	if ok && n.frac == 0 {
		return n.mant, true
	}
	if len(b) == 0 || len(b) > 64 {
		return 0, false
	}
	v, err := strconv.ParseFloat(string(b), 64)
	if err != nil || v != v || v > 9e18 || v < -9e18 {
		if string(b) != "null" {
			s.warn(syntaxError(s.lines, b, "a whole number"))
		}
		return 0, false
	}
	return int64(v), true
}

// bool reads true, false, or a number.
func (s *scanner) bool() bool {
	b := s.literal()
	return len(b) > 0 && (b[0] == 't' || b[0]-'1' <= 8)
}
