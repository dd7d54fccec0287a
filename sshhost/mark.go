package sshhost

import (
	"bytes"
	"regexp"
)

// A markReader separates, in what comes from one stream of a supervisor, the command's output from the supervisor's own
// lines: the mark, a word, a semicolon and a newline.
type markReader struct {
	mark []byte
	held []byte // what may be, or is, the beginning of a line of the supervisor's
}

// longestWord is far more than a supervisor prints.
const longestWord = 64

// beginning is how much of a mark does not occur in output by chance.
const beginning = 8

// markWord matches what follows a mark.
var markWord = regexp.MustCompile(`^([ -:<-~]*);\n`)

// feed takes what was read next. Output goes to output, words to word, in the order in which they came. The output is
// valid only during the call. feed returns the beginning of a line of the supervisor's that is not what it writes, as when
// something else was written into the middle of it. Nothing can be read from the stream then.
func (m *markReader) feed(p []byte, output func([]byte), word func(string)) (torn []byte) {
	if len(m.held) > 0 {
		m.held = append(m.held, p...)
		p = m.held
	}
	for {
		i := bytes.Index(p, m.mark[:min(beginning, len(m.mark))])
		if i < 0 {
			break
		}
		if i > 0 {
			output(p[:i])
		}
		p = p[i:]
		n := min(len(p), len(m.mark))
		if !bytes.Equal(p[:n], m.mark[:n]) {
			return p
		}
		rest := p[n:]
		if found := markWord.FindSubmatch(rest); found != nil && len(found[1]) <= longestWord {
			word(string(found[1]))
			p = rest[len(found[0]):]
			continue
		}
		if len(rest) > longestWord+1 || bytes.IndexByte(rest, '\n') >= 0 {
			return p
		}
		m.hold(p)
		return nil
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
	return nil
}

// end takes the end of the stream. What was held back goes to output, unless feed would return it.
func (m *markReader) end(output func([]byte)) (torn []byte) {
	switch {
	case len(m.held) >= min(beginning, len(m.mark)):
		return m.held
	case len(m.held) > 0:
		output(m.held)
	}
	return nil
}

func (m *markReader) hold(p []byte) {
	if len(p) == 0 {
		m.held = m.held[:0]
		return
	}
	m.held = append(m.held[:0:0], p...)
}
