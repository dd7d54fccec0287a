package testbed

import (
	"os/exec"
	"strings"
	"testing"
)

func TestLinkCarriesPacketsAndIsShaped(t *testing.T) {
	l := NewLink(t, "100mbit", "")
	Need(t, "bash", "timeout")
	// Only an answer of the other host can refuse a connection.
	out, err := exec.Command("ip", "netns", "exec", l.A.Name, "timeout", "10", "bash", "-c", "exec 3<>/dev/tcp/"+l.B.Addr+"/9").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "refused") {
		t.Errorf("connecting from A to B: %v, %s; want a refusal", err, out)
	}
	if got := l.A.Command(t, "tc", "qdisc", "show", "dev", l.A.Dev); !strings.Contains(got, "tbf") || !strings.Contains(got, "100Mbit") {
		t.Errorf("qdisc of A: got %q, want a tbf of 100Mbit", got)
	}
	if got := l.B.Command(t, "tc", "qdisc", "show", "dev", l.B.Dev); strings.Contains(got, "tbf") {
		t.Errorf("qdisc of B: got %q, want none", got)
	}
}
