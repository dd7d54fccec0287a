package lines

import (
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// A utf16Reader converts UTF-16 to UTF-8. If text in one byte a character follows, as of a file
// that a second program appended to, it begins a line there and leaves the rest as it is.
type utf16Reader struct {
	r     io.Reader
	big   bool
	raw   []byte // read, not converted
	high  rune   // the first half of a surrogate pair
	bytes bool   // the rest is not UTF-16
	out   []byte // converted, not returned
	feed  bool   // the last converted character is a line feed
	err   error
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	if len(u.out) == 0 {
		u.convert()
	}
	if len(u.out) == 0 && u.err == nil {
		var piece [4 << 10]byte
		var n int
		n, u.err = u.r.Read(piece[:])
		u.raw = append(u.raw, piece[:n]...)
		u.convert()
	}
	n := copy(p, u.out)
	if u.out = u.out[n:]; n == 0 {
		return 0, u.err
	}
	return n, nil
}

// longestASCII is how many characters of UTF-16 in a row may be two bytes of ASCII text. Latin text
// has none. Of Chinese characters two in five are such, so that this many never follow each other
// by chance.
const longestASCII = 16

// convert converts the raw bytes, except for half a character and for those that may be ASCII text.
// At the end of the input it converts them all.
func (u *utf16Reader) convert() {
	u.out = u.out[:0]
	raw := u.raw
	for ascii := 0; !u.bytes && len(raw) >= 2*(ascii+1); {
		if isASCII(raw[2*ascii]) && isASCII(raw[2*ascii+1]) {
			if ascii++; ascii == longestASCII {
				u.bytes = true
			}
			continue
		}
		for ; ascii > 0; ascii-- {
			u.character(raw)
			raw = raw[2:]
		}
		u.character(raw)
		raw = raw[2:]
	}
	for u.err != nil && !u.bytes && len(raw) >= 2 {
		u.character(raw)
		raw = raw[2:]
	}
	if u.bytes {
		if !u.feed {
			u.out, u.feed = append(u.out, '\n'), true
		}
		u.out = append(u.out, raw...)
		raw = nil
	}
	u.raw = u.raw[:copy(u.raw, raw)]
}

// isASCII reports whether c is a printable character of ASCII or ends a line.
func isASCII(c byte) bool { return c >= ' ' && c <= '~' || c == '\n' || c == '\r' || c == '\t' }

// character converts the character that raw begins with. A byte order mark sets the order of the
// bytes anew.
func (u *utf16Reader) character(raw []byte) {
	c := rune(raw[0]) | rune(raw[1])<<8
	if u.big {
		c = rune(raw[0])<<8 | rune(raw[1])
	}
	u.feed = false
	if u.high != 0 {
		pair := utf16.DecodeRune(u.high, c)
		u.out, u.high = utf8.AppendRune(u.out, pair), 0
		if pair != utf8.RuneError {
			return
		}
	}
	switch {
	case c == 0xfffe:
		u.big = !u.big
	case c >= 0xd800 && c < 0xdc00:
		u.high = c
	default:
		u.feed = c == '\n'
		u.out = utf8.AppendRune(u.out, c)
	}
}
