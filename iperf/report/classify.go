package report

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// said is one of the messages by which iperf says what went wrong.
type said struct {
	text string // that stands in it, in lower case
	kind error
}

// oddity stands in what iperf 3 says where it cannot ask the kernel about its connection.
const oddity = "getsockopt - "

// messages are what iperf 2, iperf 3 and the C library print. The first one that stands in a line decides, so the special is before
// the general, and what iperf itself could not do before the reason that the system gave it, which may be an older one.
//
// Package iperf knows some of these lines better, as it knows what else the run did: see silence.go, errors.go and hints.go there.
var messages = []said{
	// iperf's own reasons, whatever error of the system is behind them.
	{oddity, nil}, // see isOddity
	{"the server is busy running a test", ErrServerBusy},
	{"larger than server limit", ErrRejected},
	{"bps exceeded", ErrRejected},
	{"exceeds the server's maximum", ErrRejected},
	{"test authorization failed", ErrRejected},
	{"(permit key fail)", ErrRejected},
	{"server test duration expired", ErrTimeout},
	{"during active test due to idle", ErrTimeout},
	{"unable to set cpu affinity", ErrUnsupported},
	{"unable to set tcp_congestion", ErrUnsupported},
	{"congestion control failed", ErrUnsupported},

	// Errors of the system, and what iperf says of its peer.
	{"address already in use", ErrPortInUse},
	{"only one usage of each socket address", ErrPortInUse},
	{"connection refused", ErrConnectionRefused},
	{"no connection could be made because the target machine actively refused", ErrConnectionRefused},
	{"the client has terminated", ErrPeerLost},
	{"the server has terminated", ErrPeerLost},
	{"the client has unexpectedly closed the connection", ErrPeerLost},
	{"control socket has closed unexpectedly", ErrPeerLost},
	{"connection reset by peer", ErrPeerLost},
	{"broken pipe", ErrPeerLost},
	{"transport endpoint is not connected", ErrPeerLost},
	{"unable to send control message", ErrPeerLost},
	{"unable to receive control message", ErrPeerLost},
	{"unable to receive parameters from client", ErrPeerLost},
	{"unable to receive cookie", ErrPeerLost},
	{"read tcp flags (peer close) failed", ErrPeerLost},
	{"idle timeout for receiving data", ErrTimeout},
	{"timed out", ErrTimeout},
	{"network is unreachable", ErrUnreachable},
	{"network is down", ErrUnreachable},
	{"no route to host", ErrUnreachable},
	{"host is unreachable", ErrUnreachable},
	{"host is down", ErrUnreachable},
	{"name or service not known", ErrUnreachable},
	{"temporary failure in name resolution", ErrUnreachable},
	{"host name lookup failure", ErrUnreachable},
	{"no address associated with", ErrUnreachable},
	{"nodename nor servname provided", ErrUnreachable},
	{"unknown host", ErrUnreachable},
	{"failed to find an ip address for host", ErrUnreachable},
	{"unable to connect to server: invalid argument", ErrUnreachable}, // the address has the zone of no interface
	{"firewall issue, etc.: invalid argument", ErrUnreachable},
	{"unable to read from stream socket: resource temporarily unavailable", ErrTimeout}, // UDP is blocked
	{"resource temporarily unavailable", ErrUnreachable},                                // iperf 3 where the name is unknown
	{"operation now in progress", ErrTimeout},

	// Options, and what cannot be set.
	{"unrecognized option", ErrUnsupported},
	{"unrecognised option", ErrUnsupported},
	{"invalid option", ErrUnsupported},
	{"unknown option", ErrUnsupported},
	{"illegal option", ErrUnsupported},
	{"option requires an argument", ErrUnsupported},
	{"option not supported", ErrUnsupported},
	{"protocol not supported", ErrUnsupported},
	{"protocol not available", ErrUnsupported},
	{"operation not supported", ErrUnsupported},
	{"unable to set ", ErrUnsupported},
	{"socket buffer size not set correctly", ErrUnsupported},
	{"unable to bind-to-device", ErrUnsupported},
	{"this os does not support", ErrUnsupported},
	{"no sctp support available", ErrUnsupported},

	// What is said of the test's end.
	{"expected reverse connect did not occur", ErrPeerLost},
	{"tcp write failed", ErrPeerLost},
	{"did not receive ack of last datagram", nil},
	{"ack of last datagram failed", nil},
	{"waiting for server threads to complete", nil},
	{"interval_results is null", nil},
}

// prefixes are how a line begins by which iperf says that something went wrong.
var prefixes = []string{"iperf3: error - ", "iperf3: server error - ", "iperf3: interrupt - ", "iperf3: parameter error - ", "iperf3: the ", "iperf3: ", "iperf: ", "error - ", "error: "}

// ClassifyError takes what iperf, of any version, printed to stderr. It gives an error with iperf's own words that
// wraps the kind of failure, nil when no failure is among them.
func ClassifyError(text string) error {
	var errs []error
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "Usage: ") {
			break
		}
		err := classifyLine([]byte(line))
		if err == nil || len(errs) > 0 && errs[len(errs)-1].Error() == err.Error() {
			continue
		}
		if errs = append(errs, err); len(errs) == maxSaid {
			break
		}
	}
	return joined(errs)
}

// ErrReported is what iperf reported where no other kind of error fits.
var ErrReported = errors.New("iperf reported an error")

// classifyLine gives the failure that a line of iperf's tells, nil when it is none.
func classifyLine(b []byte) error {
	if len(b) == 0 || len(b) > 1024 {
		return nil
	}
	lower := lowerASCII(b)
	if bytes.Contains(lower, []byte("warning: ")) || bytes.HasPrefix(lower, []byte("warning")) {
		return nil
	}
	text := b
	known := false
	for _, p := range prefixes {
		if i := bytes.Index(lower, []byte(p)); i >= 0 && (i == 0 || len(p) > 9) {
			known = true
			if p != "iperf3: the " && !strings.Contains(p, "interrupt") {
				text = b[i+len(p):]
			} else {
				text = b[i+len("iperf3: "):]
			}
			break
		}
	}
	if i := bytes.Index(lower, []byte("interrupt - ")); i == 0 || i > 0 && bytes.HasSuffix(lower[:i], []byte("iperf3: ")) {
		return saidError(text, ErrInterrupted) // whatever iperf adds about who ended, by which signal and errno
	}
	for _, m := range messages {
		if !bytes.Contains(lower, []byte(m.text)) {
			continue
		}
		if m.kind == nil {
			return nil
		}
		return saidError(text, m.kind)
	}
	if known && (bytes.Contains(lower, []byte("error")) || bytes.Contains(lower, []byte("unable"))) {
		return saidError(text, ErrReported)
	}
	if bytes.Contains(lower, []byte(" failed")) && !bytes.Contains(lower, []byte("warning")) && bytes.Contains(lower, []byte("failed: ")) || bytes.HasPrefix(lower, []byte("error")) {
		return saidError(text, ErrReported)
	}
	return nil
}

// isOddity reports whether iperf 3 says that it cannot ask the kernel about its connection, as on
// hosts that only look like Linux. The test goes on without these numbers.
func isOddity(b []byte) bool { return bytes.Contains(b, []byte(oddity)) }

func saidError(text []byte, kind error) error {
	if len(text) > 0 && text[0] == '[' {
		if _, n := parseLabel(text); n > 0 {
			text = text[n:]
		}
	}
	s := strings.ToValidUTF8(strings.Trim(string(text), ": "), "\uFFFD")
	return fmt.Errorf("%w: %s", kind, s)
}

// lowerASCII keeps every byte in its place, which bytes.ToLower does not.
func lowerASCII(b []byte) []byte {
	lower := bytes.Clone(b)
	for i, c := range lower {
		if c-'A' < 26 {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}
