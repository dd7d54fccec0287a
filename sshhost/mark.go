package sshhost

import (
	"bytes"
)

// A markReader tells apart, in what comes from one stream of a supervisor, the command's output and the supervisor's own
// lines: the mark, a word, a newline.
type markReader struct {
	mark []byte
	held []byte // what may be, or is, the beginning of a line of the supervisor's
}

// longestWord is far more than a supervisor says.
const longestWord = 32

// feed takes what was read next. Output goes to output, words to word, in the order in which they came. The output is
// valid only during the call.
func (m *markReader) feed(p []byte, output func([]byte), word func(string)) {
	if len(m.held) > 0 {
		m.held = append(m.held, p...)
		p = m.held
	}
	for {
		i := bytes.Index(p, m.mark)
		if i < 0 {
			break
		}
		if i > 0 {
			output(p[:i])
		}
		p = p[i:]
		end := bytes.IndexByte(p, '\n')
		if end < 0 && len(p) < len(m.mark)+longestWord {
			m.hold(p)
			return
		}
		if end < 0 { // the supervisor writes no such thing
			end = len(p) - 1
		}
		word(string(p[len(m.mark):end]))
		p = p[end+1:]
	}
	keep := 0
	for n := min(len(p), len(m.mark)-1); n > 0; n-- {
		if bytes.HasPrefix(m.mark, p[len(p)-n:]) {
			keep = n
			break
		}
	}
	if out := p[:len(p)-keep]; len(out) > 0 {
		output(out)
	}
	m.hold(p[len(p)-keep:])
}

func (m *markReader) hold(p []byte) {
	if len(p) == 0 {
		m.held = m.held[:0]
		return
	}
	m.held = append(m.held[:0:0], p...)
}
