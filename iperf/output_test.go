package iperf

import (
	"io"
	"strings"
	"testing"
)

func FuzzLineWriter(f *testing.F) {
	f.Add("one\ntwo\nthree", 2)
	f.Add("\n\n", 1)
	f.Add(strings.Repeat("x", maxLine)+"\ny", 1000)
	f.Fuzz(func(t *testing.T, text string, chunk int) {
		var got strings.Builder
		w := lineWriter{each: func(line []byte) {
			if len(line) == 0 || len(line) > maxLine || strings.Contains(string(line[:len(line)-1]), "\n") {
				t.Errorf("line %q", line)
			}
			got.Write(line)
		}}
		for rest := text; rest != ""; {
			n := min(len(rest), max(1, chunk))
			io.WriteString(&w, rest[:n])
			rest = rest[n:]
		}
		w.flush()
		if got.String() != text {
			t.Errorf("got %q, want %q", got.String(), text)
		}
	})
}

func TestBufferKeepsBothEnds(t *testing.T) {
	var b buffer
	for range 1 << 10 {
		b.Write([]byte(strings.Repeat("a", 1<<10)))
	}
	b.Write([]byte("the end"))
	got := b.String()
	if len(b.head)+len(b.tail) > 4*bufferHalf || !strings.HasPrefix(got, "aaa") || !strings.HasSuffix(got, "the end") ||
		!strings.Contains(got, "[983047 bytes left out]") {
		t.Errorf("kept %d bytes: %.80q … %q", len(b.head)+len(b.tail), got, got[len(got)-10:])
	}
	var small buffer
	small.Write([]byte("all of it"))
	if got := small.String(); got != "all of it" {
		t.Errorf("got %q", got)
	}
}
