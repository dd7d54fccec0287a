package report_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

var kinds = map[string]error{
	"no bandwidth": report.ErrNoBandwidth, "incomplete": report.ErrIncomplete, "not understood": report.ErrNotUnderstood,
	"refused": report.ErrConnectionRefused, "unreachable": report.ErrUnreachable, "busy": report.ErrServerBusy,
	"in use": report.ErrPortInUse, "unsupported": report.ErrUnsupported, "timeout": report.ErrTimeout,
	"peer lost": report.ErrPeerLost, "rejected": report.ErrRejected, "interrupted": report.ErrInterrupted, "reported": report.ErrReported,
}

// kindsOf names the kinds that err wraps, in the alphabet's order.
func kindsOf(err error) string {
	var all []string
	for _, name := range []string{"busy", "in use", "incomplete", "interrupted", "no bandwidth", "not understood", "peer lost", "refused", "rejected", "reported", "timeout", "unreachable", "unsupported"} {
		if errors.Is(err, kinds[name]) {
			all = append(all, name)
		}
	}
	return strings.Join(all, ", ")
}

func TestClassifyError(t *testing.T) {
	tests := []struct{ stderr, kinds, text string }{
		{"", "", ""},
		{"connect failed: Connection refused\n", "refused", "connection refused: connect failed: Connection refused"},
		{"tcp connect failed: Connection refused\n", "refused", "connection refused: tcp connect failed: Connection refused"},
		{"iperf3: error - unable to connect to server: Connection refused\n", "refused", "connection refused: unable to connect to server: Connection refused"},
		{"iperf3: error - unable to connect to server - server may have stopped running or use a different port, firewall issue, etc.: Connection refused\n", "refused",
			"connection refused: unable to connect to server - server may have stopped running or use a different port, firewall issue, etc.: Connection refused"},
		{"iperf3: error - unable to connect to server: Connection timed out\n", "timeout", "timed out: unable to connect to server: Connection timed out"},
		{"iperf3: error - unable to connect to server: Network is unreachable\n", "unreachable", "host unreachable: unable to connect to server: Network is unreachable"},
		{"error: Temporary failure in name resolution\n", "unreachable", "host unreachable: Temporary failure in name resolution"},
		{"no-such-host.invalid: Host name lookup failure\n", "unreachable", "host unreachable: no-such-host.invalid: Host name lookup failure"},
		{"iperf3: error - the server is busy running a test. try again later\n", "busy", "server is busy: the server is busy running a test. try again later"},
		{"iperf3: error - unable to start listener for connections: Address already in use\niperf3: exiting\n", "in use",
			"port is in use: unable to start listener for connections: Address already in use"},
		{"bind failed: Address already in use\n", "in use", "port is in use: bind failed: Address already in use"},
		{"listener bind failed: Address already in use\n", "in use", "port is in use: listener bind failed: Address already in use"},
		{"iperf3: unrecognized option '--no-such-option'\nUsage: iperf3 [-s|-c host] [options]\n  --rcv-timeout #  idle timeout for receiving data\n", "unsupported",
			"option is not supported: unrecognized option '--no-such-option'"},
		{"iperf: unrecognized option `--bounceback'\n", "unsupported", "option is not supported: unrecognized option `--bounceback'"},
		{"iperf3: parameter error - number of parallel streams too large (maximum = 128)\n", "reported",
			"iperf reported an error: number of parallel streams too large (maximum = 128)"},
		{"iperf3: interrupt - the client has terminated\n", "interrupted", "iperf was interrupted: interrupt - the client has terminated"},
		{"iperf3: interrupt - the server has terminated by signal Terminated(15)\n", "interrupted",
			"iperf was interrupted: interrupt - the server has terminated by signal Terminated(15)"},
		{"iperf3: interrupt - unable to receive control message: Connection reset by peer\n", "interrupted",
			"iperf was interrupted: interrupt - unable to receive control message: Connection reset by peer"},
		{"Thu Nov 26 10:00:00 2026 iperf3: interrupt - server test duration expired: Broken pipe by signal Hangup(1)\n", "interrupted",
			"iperf was interrupted: interrupt - server test duration expired: Broken pipe by signal Hangup(1)"},
		{"interrupt - int_errno=0\n", "interrupted", "iperf was interrupted: interrupt - int_errno=0"}, // as JSON has it
		{"genirq: spurious interrupt - the line is shared\n", "", ""},
		{"iperf3: the client has terminated\n", "peer lost", "the other end went away: the client has terminated"},
		{"iperf3: error - control socket has closed unexpectedly\n", "peer lost", "the other end went away: control socket has closed unexpectedly"},
		{"iperf3: error - unable to receive parameters from client: \n", "peer lost", "the other end went away: unable to receive parameters from client"},
		{"[  1] tcp write failed\n", "peer lost", "the other end went away: tcp write failed"},
		{"write2 failed (Client.cpp:162): Connection reset by peer (104)\n", "peer lost", "the other end went away: write2 failed (Client.cpp:162): Connection reset by peer (104)"},
		{"Waiting for server threads to complete. Interrupt again to force quit.\n", "", ""},
		{"[  3] WARNING: did not receive ack of last datagram after 10 tries.\n", "", ""},
		{"WARNING: option -b is not valid for server mode\n", "", ""},
		{"read failed: Connection refused\n[  3] WARNING: did not receive ack of last datagram after 2 tries.\n", "refused", "connection refused: read failed: Connection refused"},
		{"iperf3: the client has terminated\niperf3: interrupt - the server has terminated\n", "interrupted, peer lost",
			"the other end went away: the client has terminated: iperf was interrupted: interrupt - the server has terminated"},
		{"[  5] (sender statistics not available)\n", "", ""},
		{"\u0130\u0130\u0130\u0130 iperf3: error - \u212A", "reported", "iperf reported an error: \u212A"}, // their small letters are shorter
	}
	for _, tt := range tests {
		err := report.ClassifyError(tt.stderr)
		text := ""
		if err != nil {
			text = err.Error()
		}
		if kindsOf(err) != tt.kinds || text != tt.text {
			t.Errorf("%q: got [%s] %q, want [%s] %q", tt.stderr, kindsOf(err), text, tt.kinds, tt.text)
		}
	}
}

func TestParseErrors(t *testing.T) {
	const row = "[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec\n"
	tests := []struct{ name, text, kinds string }{
		{"nothing", "", "no bandwidth"},
		{"something else", "hello\n", "no bandwidth, not understood"},
		{"a file of bytes", "hello\x00world\n\x01\x02\x00\xff\xfe\n", "no bandwidth, not understood"},
		{"a line that is too long", "hello\n" + strings.Repeat("x", 70000) + "\n", "no bandwidth, not understood"},
		{"a banner", "Server listening on 5201\n", "no bandwidth"},
		{"intervals only", "Connecting to host h, port 5201\n" + row, "incomplete"},
		{"busy", "iperf3: error - the server is busy running a test. try again later\n", "busy, no bandwidth"},
		{"an interrupt before what was buffered", "iperf3: interrupt - the client has terminated\nConnecting to host h, port 5201\n" + row, "incomplete, interrupted"},
		{"a refusal before another run", "iperf3: error - unable to connect to server: Connection refused\nConnecting to host h, port 5201\n" + row, "no bandwidth, refused"},
		{"JSON with an error", `{"start":{},"intervals":[],"end":{},"error":"unable to connect to server: Connection refused"}`, "no bandwidth, refused"},
		{"JSON with an interrupt", `{"start":{},"intervals":[],"end":{},"error":"interrupt - no error by signal Terminated(15)"}`, "interrupted, no bandwidth"},
		{"JSON cut at once", `{"start":`, "incomplete, no bandwidth"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep, err := report.Parse(strings.NewReader(tt.text))
			if got := kindsOf(err); got != tt.kinds {
				t.Errorf("got [%s] %v, want [%s]", got, err, tt.kinds)
			}
			if rep == nil {
				t.Error("no report")
			}
		})
	}
}

func TestSyntaxError(t *testing.T) {
	rep, _ := report.Parse(strings.NewReader("Connecting to host h, port 5201\n\n[  5]   0.00-1.00   sec   268 MBy\n"))
	if len(rep.Warnings) != 1 {
		t.Fatalf("got %v", rep.Warnings)
	}
	syntax, ok := errors.AsType[*report.SyntaxError](rep.Warnings[0])
	if !ok || syntax.Line != 3 || syntax.Text != "[  5]   0.00-1.00   sec   268 MBy" {
		t.Errorf("got %+v", syntax)
	}
}
