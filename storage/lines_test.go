package storage

import (
	"strings"
	"testing"
)

func TestLineBufferBoundsWhatItHolds(t *testing.T) {
	var b lineBuffer
	var got strings.Builder
	piece := []byte(strings.Repeat("x", 1000))
	for range 3000 {
		got.Write(b.add(piece))
		if len(b.rest) > maxLine {
			t.Fatalf("holds %d bytes", len(b.rest))
		}
	}
	got.Write(b.flush())
	text := got.String()
	if strings.Count(text, "x") != 3_000_000 || strings.Count(text, "\n") != 3 || !strings.HasSuffix(text, "x\n") {
		t.Errorf("got %d bytes in %d lines", len(text), strings.Count(text, "\n"))
	}
}

func FuzzLineBuffer(f *testing.F) {
	f.Add("one\ntwo\nthree", 2)
	f.Add("\n\n\n", 1)
	f.Add("no end", 100)
	f.Fuzz(func(t *testing.T, text string, chunk int) {
		var b lineBuffer
		var got strings.Builder
		for rest := text; rest != ""; {
			n := min(len(rest), max(1, chunk))
			lines := b.add([]byte(rest[:n]))
			if len(lines) > 0 && lines[len(lines)-1] != '\n' {
				t.Errorf("no whole line: %q", lines)
			}
			got.Write(lines)
			rest = rest[n:]
		}
		got.Write(b.flush())
		if want := text; got.String() != want && got.String() != want+"\n" {
			t.Errorf("got %q, want %q", got.String(), want)
		}
	})
}
