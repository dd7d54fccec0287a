package storage

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// records is a slog.Handler that keeps what it is given, as "LEVEL message key=value".
type records struct {
	mu   sync.Mutex
	text []string
}

func (*records) Enabled(context.Context, slog.Level) bool { return true }
func (r *records) WithAttrs([]slog.Attr) slog.Handler     { return r }
func (r *records) WithGroup(string) slog.Handler          { return r }

func (r *records) Handle(_ context.Context, record slog.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := record.Level.String() + " " + record.Message
	record.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	r.text = append(r.text, text)
	return nil
}

func TestLogWriterLogsWhatMatches(t *testing.T) {
	for _, test := range []struct {
		name, expression string
		writes           []string
		want             []string
	}{
		{"every line", "", []string{"one\n", "\n", "three\n"}, []string{"one", "", "three"}},
		{"lines that match", `^\[SUM\].*/sec$`, []string{"[  5] 1 Mbits/sec\n", "[SUM] 2 Mbits/sec\n", "[SUM] 3 Mbits/sec  receiver\n"},
			[]string{"[SUM] 2 Mbits/sec"}},
		{"several at once", "t", []string{"one\ntwo\nthree\n"}, []string{"two", "three"}},
		{"parts", "", []string{"o", "ne\ntw", "o", "\n"}, []string{"one", "two"}},
		{"no end", "", []string{"one\ntw"}, []string{"one", "tw"}},
		{"CRLF", "one$", []string{"one\r\n"}, []string{"one"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got records
			w := LogWriter{Logger: slog.New(&got)}
			if test.expression != "" {
				w.Expression = regexp.MustCompile(test.expression)
			}
			for _, text := range test.writes {
				if n, err := io.WriteString(&w, text); n != len(text) || err != nil {
					t.Errorf("Write(%q): %d, %v", text, n, err)
				}
			}
			for range 2 { // the second does nothing
				if err := w.Close(); err != nil {
					t.Error(err)
				}
			}
			var want []string
			for _, line := range test.want {
				want = append(want, "INFO output line="+line)
			}
			if diff := cmp.Diff(want, got.text); diff != "" {
				t.Errorf("logged (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLogWriterCopies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		w := LogWriter{Copy: &log}
		begin := time.Now()
		io.WriteString(&w, "one\ntwo\nthr")
		time.Sleep(1500 * time.Millisecond)
		io.WriteString(&w, "ee\n")
		const layout = "2006-01-02T15:04:05.000Z07:00"
		first, second := begin.Format(layout), begin.Add(1500*time.Millisecond).Format(layout)
		if diff := cmp.Diff(fmt.Sprintf("%s one\n%[1]s two\n%s three\n", first, second), log.String()); diff != "" {
			t.Errorf("copied (-want +got):\n%s", diff)
		}
	})
}

func TestLogWriterTellsThatCopyFailed(t *testing.T) {
	broken := errors.New("broken")
	var got records
	w := LogWriter{Logger: slog.New(&got), Copy: writerFunc(func([]byte) (int, error) { return 0, broken })}
	n, err := io.WriteString(&w, "one\ntwo\n")
	if n != 8 || !errors.Is(err, broken) {
		t.Errorf("Write: %d, %v", n, err)
	}
	if len(got.text) != 2 {
		t.Errorf("logged %q", got.text)
	}
}

func TestZeroLogWriter(t *testing.T) {
	var w LogWriter
	if n, err := io.WriteString(&w, "line\n"); n != 5 || err != nil {
		t.Errorf("Write: %d, %v", n, err)
	}
}

func TestLogWriterByMany(t *testing.T) {
	var got records
	var log strings.Builder
	w := LogWriter{Logger: slog.New(&got), Expression: regexp.MustCompile("odd"), Copy: &log}
	var running sync.WaitGroup
	for range 8 {
		running.Go(func() {
			for range 50 {
				io.WriteString(&w, "an odd line\n")
				io.WriteString(&w, "an even line\n")
			}
		})
	}
	running.Wait()
	if len(got.text) != 400 {
		t.Errorf("%d lines logged, want 400", len(got.text))
	}
	for line := range strings.Lines(log.String()) {
		if _, rest, _ := strings.Cut(line, " "); rest != "an odd line\n" && rest != "an even line\n" {
			t.Errorf("copied %q", line)
		}
	}
	if n := strings.Count(log.String(), "\n"); n != 800 {
		t.Errorf("%d lines copied, want 800", n)
	}
}
