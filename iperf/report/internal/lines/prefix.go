package lines

import (
	"bytes"
	"io"
)

// Without takes back the last line, and returns a Source of it and of the rest of s which takes
// prefix off each line that begins with its form.
func (s *Source) Without(prefix []byte) *Source {
	s.back(0)
	return &Source{r: &unprefixed{src: s, prefix: bytes.Clone(prefix)}, Lines: s.Lines, encoding: encodingUTF8, holed: true}
}

// An unprefixed returns the lines of a source one at a time, without their prefix.
type unprefixed struct {
	src    *Source
	prefix []byte
	line   []byte // not read yet
}

func (u *unprefixed) Read(p []byte) (int, error) {
	if len(u.line) == 0 {
		b, ok := u.src.Next()
		if !ok {
			return 0, io.EOF
		}
		if SameForm(b, u.prefix) {
			b = b[len(u.prefix):]
		}
		u.line = append(append(u.line, b...), '\n')
	}
	n := copy(p, u.line)
	u.line = u.line[n:]
	return n, nil
}

// SameForm reports whether b begins as prefix does, any digit being like another.
func SameForm(b, prefix []byte) bool {
	if len(b) < len(prefix) {
		return false
	}
	for i, c := range prefix {
		if b[i] != c && (b[i]-'0' > 9 || c-'0' > 9) {
			return false
		}
	}
	return true
}
