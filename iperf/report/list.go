package report

import (
	"bytes"

	"github.com/tunaperf/tuna/iperf/report/internal/scan"
)

// readList reads the lines of a list of strings, such as ['first', "second"], that begins on a line
// before an index. It returns false if there is none.
func (r *reader) readList(b []byte, before int) bool {
	for at := 0; ; at++ {
		i := bytes.IndexByte(b[at:before], '[')
		if i < 0 {
			return false
		}
		at += i
		if text := listed(b[at+1:]); text != nil {
			r.within(text)
			return true
		}
	}
}

// listed returns the strings that b begins with, each as a line. It returns nil if there are fewer
// than two, as only the strings of a list are lines.
func listed(b []byte) (text []byte) {
	n := 0
	for b = b[scan.Spaces(b):]; len(b) > 0; n++ {
		if b[0] == 'u' || b[0] == 'b' {
			b = b[1:] // of Python
		}
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			break
		}
		quote, end := b[0], 1
		for end < len(b) && b[end] != quote {
			if b[end] == '\\' {
				end++
			}
			end++
		}
		text = append(unescaped(text, b[1:min(end, len(b))]), '\n')
		b = b[min(end+1, len(b)):]
		b = b[scan.Spaces(b):]
		if len(b) == 0 || b[0] != ',' {
			n++
			break
		}
		b = b[1:]
		b = b[scan.Spaces(b):]
	}
	if n < 2 {
		return nil
	}
	return text
}

// unescaped appends a string to a text, with what its escapes stand for.
func unescaped(text, b []byte) []byte {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c == '\\' && i+1 < len(b) {
			i++
			switch c = b[i]; c {
			case 'n':
				c = '\n'
			case 't':
				c = '\t'
			case 'r':
				continue
			}
		}
		text = append(text, c)
	}
	return text
}
