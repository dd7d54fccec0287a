package native

import (
	"encoding/json"
	"io"
	"strings"
)

// protocolVersion is the version of the C program whose protocol, flags and output these are: 3.17 was the first with
// --json-stream.
const protocolVersion = "3.17"

// An output prints what happens in a test, as text or as JSON. Its methods are called by the test's goroutine, in the
// order in which they stand here.
type output interface {
	listening(port, number int)
	begun(t *test)     // the ends have found each other
	connected(t *test) // the streams are made
	interval(t *test, i *interval) error
	finished(t *test) // all is counted that this end can know
	all() (text string, doc json.RawMessage)
	ended(err error) // err: what ended the test early
}

// A lineWriter writes whole lines, each after the title.
type lineWriter struct {
	w      io.Writer
	prefix string
	kept   *strings.Builder // what was written, without the title; nil: it is not wanted
}

// maxKept bounds what a server keeps of its output for a client that asks for it.
const maxKept = maxServerJSON / 4

func (l *lineWriter) print(s string) {
	if l.kept != nil && l.kept.Len()+len(s) < maxKept {
		l.kept.WriteString(s)
	}
	if l.prefix != "" {
		ends := strings.HasSuffix(s, "\n")
		s = l.prefix + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n"+l.prefix)
		if ends {
			s += "\n"
		}
	}
	io.WriteString(l.w, s)
}
