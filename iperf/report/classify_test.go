package report

import (
	"errors"
	"strings"
	"testing"
)

// TestMessagesAreOfUse finds messages that never decide, as an earlier one stands in them, and those without which a later one
// decides the same.
func TestMessagesAreOfUse(t *testing.T) {
	for i, m := range messages {
		same := true // up to here, in kind
		if m.text != strings.ToLower(m.text) {
			t.Errorf("%q is not in lower case", m.text)
		}
		for j, other := range messages {
			within := i != j && strings.Contains(m.text, other.text)
			switch {
			case within && j < i:
				t.Errorf("%q never decides: %q is before it", m.text, other.text)
			case j > i:
				if same = same && other.kind == m.kind; same && within {
					t.Errorf("%q is of no use: %q decides the same", m.text, other.text)
				}
			}
		}
		if err := classifyLine([]byte("iperf3: error - " + m.text)); m.kind == nil && err != nil || m.kind != nil && !errors.Is(err, m.kind) {
			t.Errorf("%q: got %v, want %v", m.text, err, m.kind)
		}
	}
}
