package report_test

import (
	"testing"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestClassifyOwnReason has the lines with which a server of iperf 2 or iperf 3, of any version,
// explains why it does not serve a client or ends its test. An errno behind them can be a stale
// one, which must not decide the kind.
func TestClassifyOwnReason(t *testing.T) {
	for _, test := range []struct{ line, kind string }{
		{"iperf3: error - total required bandwidth is larger than server limit", "rejected"},
		{"iperf3: SERVER ERROR - total required bandwidth is larger than server limit, errno: Success", "rejected"},
		{"iperf3: Client total requested throughput rate of 20000000 bps exceeded 1000000 bps limit", "rejected"},
		{"iperf3: Total throughput of 20000000 bps exceeded 1000000 bps limit", "rejected"},
		{"iperf3: error - client's requested duration exceeds the server's maximum permitted limit", "rejected"},
		{"iperf3: error - test authorization failed", "rejected"},
		{"[drop] local 10.0.0.1 port 5001 connection with 10.0.0.2 port 40000 (permit key fail)", "rejected"},
		{"iperf3: error - server test duration expired - test is terminated by the server", "timeout"},
		{"iperf3: error - server test duration expired: Broken pipe", "timeout"},
		{"iperf3: Server restart (#1) during active test due to idle timeout for receiving data", "timeout"},
		{"iperf3: Server restart (#1) during active test due to idle data for receiving data", "timeout"},
		{"iperf3: Server restart (#1) in idle state as no connection request was received for 8 sec", ""},
		{"iperf3: error - idle timeout for receiving data", "timeout"},
		{"iperf3: error - unable to set CPU affinity: Invalid argument", "unsupported"},
		{"iperf3: error - unable to set CPU affinity: Connection reset by peer", "unsupported"},
		{"iperf3: error - unable to set TCP_CONGESTION: Supplied congestion control algorithm not supported on this host", "unsupported"},
		{"iperf3: error - unable to set TCP_CONGESTION: Supplied congestion control algorithm not supported on this host: Connection refused", "unsupported"},
		{"Attempt to set 'nosuch' congestion control failed: No such file or directory", "unsupported"},
		{"iperf3: error - unable to set TCP/SCTP MSS: Invalid argument", "unsupported"},
		{"iperf3: error - unable to set TCP USER_TIMEOUT: Protocol not available", "unsupported"},
		{"iperf3: error - unable to set TCP/SCTP NODELAY: Connection reset by peer", "peer lost"},
		{"iperf3: error - unable to set IP TOS: Operation not permitted", "unsupported"},
		{"iperf3: error - unable to set IPv6 flow label", "unsupported"},
		{"iperf3: error - unable to set IP Do-Not-Fragment flag", "unsupported"},
		{"iperf3: error - unable to set socket buffer size: No buffer space available", "unsupported"},
		{"iperf3: error - socket buffer size not set correctly", "unsupported"},
		{"iperf3: error - Unable to bind-to-device (check perror, maybe permissions?)", "unsupported"},
		{"iperf3: error - this OS does not support sendfile", "unsupported"},
		{"iperf3: error - this OS does not support --skip-rx-copy", "unsupported"},
		{"iperf3: error - no SCTP support available", "unsupported"},
		{"iperf3: error - block size too large (maximum = 1048576 bytes)", "reported"},
		{"iperf3: error - control connection Keepalive period should be larger than the full retry period (interval * count): Success", "reported"},
		{"iperf3: error - unable to start stream listener: Address already in use", "in use"},
		{"iperf3: error - the server is busy running a test. try again later", "busy"},
		{"iperf3: error - unable to receive parameters from client", "peer lost"},
		{"iperf3: the client has unexpectedly closed the connection", "peer lost"},
		{"iperf3: error - select failed: Bad file descriptor", "reported"},
	} {
		if got := kindsOf(report.ClassifyError(test.line + "\n")); got != test.kind {
			t.Errorf("%q: got [%s], want [%s]", test.line, got, test.kind)
		}
	}
}
