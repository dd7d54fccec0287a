package storage

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"regexp"
	"sync"
	"time"
)

// A LogWriter takes raw output and sends the lines that match an expression to a logger. A Write may hold one line,
// several, or a part of one: the beginning of a line waits for its end, or for Close. A line of more than 1 MiB comes in
// pieces. A LogWriter may be shared by many runs at once, each of whose Writes is a whole line.
type LogWriter struct {
	// Logger gets the lines that match, without their ends, at level Info with the message "output" and the attribute
	// "line". nil: nothing is logged.
	Logger *slog.Logger

	// Expression chooses the lines that are logged. It sees a line without its end. nil: every line.
	Expression *regexp.Regexp

	// Copy gets every line, also those that do not match, with the time of its arrival in front, as in
	// "2006-01-02T15:04:05.000Z " (ISO 8601, local time). It is not closed. nil: no copy.
	Copy io.Writer

	mu    sync.Mutex
	lines lineBuffer
}

// Write takes output. Every whole line has been logged and copied when it returns. Its only error is one of Copy's, and
// comes after all lines were logged.
func (w *LogWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(p), w.pass(w.lines.add(p))
}

// Close passes on a last line that has no end. Without one it does nothing. The LogWriter stays usable.
func (w *LogWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.pass(w.lines.flush())
}

func (w *LogWriter) pass(lines []byte) error {
	var copied []byte
	now := time.Now()
	for line := range bytes.Lines(lines) {
		if w.Copy != nil {
			copied = now.AppendFormat(copied, "2006-01-02T15:04:05.000Z07:00 ")
			copied = append(copied, line...)
		}
		line = bytes.TrimRight(line, "\r\n")
		if w.Logger != nil && (w.Expression == nil || w.Expression.Match(line)) {
			w.Logger.LogAttrs(context.Background(), slog.LevelInfo, "output", slog.String("line", string(line)))
		}
	}
	if len(copied) == 0 {
		return nil
	}
	_, err := w.Copy.Write(copied)
	return err
}
