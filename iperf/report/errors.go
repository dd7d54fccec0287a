package report

import (
	"errors"
	"fmt"
	"strings"
)

// The kinds of failure that iperf's own output tells. Report.Err and the errors of the readers wrap them.
var (
	ErrNoBandwidth       = errors.New("no bandwidth was reported")
	ErrIncomplete        = errors.New("output is incomplete")
	ErrNotUnderstood     = errors.New("output is not understood") // not iperf's, or of a format that no reader knows
	ErrConnectionRefused = errors.New("connection refused")
	ErrUnreachable       = errors.New("host unreachable") // no route, network down, or the name is unknown
	ErrServerBusy        = errors.New("server is busy")
	ErrRejected          = errors.New("the server rejects the test") // for a limit of its own, or the client may not use it
	ErrPortInUse         = errors.New("port is in use")
	ErrUnsupported       = errors.New("option is not supported") // by that version of the program, by its build or by its host
	ErrTimeout           = errors.New("timed out")
	ErrPeerLost          = errors.New("the other end went away") // it was ended, or the control connection closed
	ErrInterrupted       = errors.New("iperf was interrupted")   // this end got a signal
)

// A SyntaxError is a line, or a place in a JSON document, that could not be read. Reading goes on after it.
type SyntaxError struct {
	Line     int    // counted from 1
	Text     string // what stands there, the start of it if it is long
	Expected string // what was expected instead
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d: %q is not %s", e.Line, e.Text, e.Expected)
}

func syntaxError(line int, text []byte, expected string) *SyntaxError {
	const enough = 120
	s := string(text[:min(len(text), enough)])
	return &SyntaxError{line, strings.ToValidUTF8(s, "\uFFFD"), expected}
}

// A Warning is something odd about the output that did not keep it from being read.
type Warning struct {
	Line int // counted from 1; zero: it is about the whole
	Text string
}

func (w *Warning) Error() string {
	if w.Line == 0 {
		return w.Text
	}
	return fmt.Sprintf("line %d: %s", w.Line, w.Text)
}
