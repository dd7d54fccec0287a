package report_test

import (
	"strings"
	"testing"
)

// TestZerosWithinNumbers has a byte of zero in place of each byte of a number, or before it, as a disk leaves it that was
// full. No number changes without a warning. At the end of a line it is padding, and one of the first two bytes may be half
// of a character of UTF-16.
func TestZerosWithinNumbers(t *testing.T) {
	measured := func(text string) string {
		_, rest, _ := strings.Cut(numbers([]byte(text)), "\n") // behind the version
		return rest
	}
	for _, out := range outputs {
		t.Run(out.name, func(t *testing.T) {
			t.Parallel()
			want := measured(out.text)
			for i, c := range out.text {
				line := out.text[strings.LastIndexByte(out.text[:i], '\n')+1:]
				if at := len(line) - len(out.text[i:]); !strings.ContainsRune("0123456789.", c) || at < 2 || strings.IndexByte(line, '\n') <= at+1 {
					continue
				}
				for what, text := range map[string]string{"in place of": out.text[:i] + "\x00" + out.text[i+1:], "before": out.text[:i] + "\x00" + out.text[i:]} {
					if s := said([]byte(text)); !strings.Contains(s, "warning") && !strings.Contains(s, "error") && measured(text) != want {
						t.Errorf("a zero %s %q behind %q, without a warning:\n%s", what, c, out.text[max(0, i-20):i], s)
					}
				}
			}
		})
	}
}
