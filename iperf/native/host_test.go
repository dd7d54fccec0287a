package native

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitWords(t *testing.T) {
	for _, c := range []struct {
		line string
		want []string
		err  error
	}{
		{`iperf3 -c 192.0.2.1 -t 1`, []string{"iperf3", "-c", "192.0.2.1", "-t", "1"}, nil},
		{`  a	b  `, []string{"a", "b"}, nil},
		{`a '' ""`, []string{"a", "", ""}, nil},
		{`'a b'"c d"e\ f`, []string{"a bc de f"}, nil},
		{`"a\"b\$c\d"`, []string{`a"b$c\d`}, nil},
		{`'a'\''b'`, []string{"a'b"}, nil},
		{`a#b a~b`, []string{"a#b", "a~b"}, nil},
		{"a b\n", []string{"a", "b"}, nil},
		{``, nil, nil},
		{`a | b`, nil, errNoShell},
		{`a; b`, nil, errNoShell},
		{"a\nb", nil, errNoShell},
		{`a $HOME`, nil, errNoShell},
		{"a \"`b`\"", nil, errNoShell},
		{`a >b`, nil, errNoShell},
		{`a # b`, nil, errNoShell},
		{`a *`, nil, errNoShell},
		{`a 'b`, nil, errQuote},
		{`a "b`, nil, errQuote},
	} {
		got, err := splitWords(c.line)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: error %v, want %v", c.line, err, c.err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: want -, got +\n%s", c.line, diff)
		}
	}
}

func exitStatus(err error) int {
	if e, ok := errors.AsType[interface {
		error
		ExitStatus() int
	}](err); ok {
		return e.ExitStatus()
	}
	return -1
}

func TestHostRefusesOtherCommands(t *testing.T) {
	for _, command := range []string{"uname -a", "", "iperf -s", "iperf3 -s | cat", "cat /etc/passwd", "iperf3x", "'iperf3"} {
		var stdout, stderr bytes.Buffer
		err := new(Host).Run(t.Context(), command, &stdout, &stderr)
		if exitStatus(err) != 127 || stderr.Len() == 0 || stdout.Len() != 0 {
			t.Errorf("%q: %v, stdout %q, stderr %q", command, err, &stdout, &stderr)
		}
	}
}

func TestHostRunsTests(t *testing.T) {
	t.Parallel()
	var h Host
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	port := startHostServer(t, ctx, &h)
	var stdout, stderr bytes.Buffer
	if err := h.Run(ctx, "/usr/bin/iperf3 -c "+h.TestAddr()+" -p "+port.port+" -t 1 -b 20M -J", &stdout, &stderr); err != nil {
		t.Fatalf("%v\n%s%s", err, &stdout, &stderr)
	}
	var doc document
	if err := json.Unmarshal(stdout.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.End.SumReceived.Bytes == 0 {
		t.Errorf("nothing was received: %s", &stdout)
	}
	cancel()
	if err := <-port.done; !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled server's error is %v", err)
	}
}

type hostServer struct {
	port string
	done chan error
}

// startHostServer starts a server on any free port.
func startHostServer(t *testing.T, ctx context.Context, h *Host, args ...string) hostServer {
	t.Helper()
	s := hostServer{done: make(chan error, 1)}
	var stderr bytes.Buffer
	out := &watched{want: "(test #1)", seen: make(chan struct{})}
	go func() {
		s.done <- h.Run(ctx, strings.Join(append([]string{"iperf3 -s -p 0"}, args...), " "), out, &stderr)
	}()
	select {
	case <-out.seen:
	case err := <-s.done:
		t.Fatalf("%v: %s", err, &stderr)
	}
	_, rest, _ := strings.Cut(out.first(), "Server listening on ")
	s.port, _, _ = strings.Cut(rest, " ")
	if _, err := strconv.Atoi(s.port); err != nil {
		t.Fatalf("no port in %q", rest)
	}
	return s
}

func TestHostAllow(t *testing.T) {
	t.Parallel()
	h := Host{Allow: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}}
	ctx, cancel := context.WithCancel(t.Context())
	s := startHostServer(t, ctx, &h)
	var stdout, stderr bytes.Buffer
	err := new(Host).Run(ctx, "iperf3 -c 127.0.0.1 -p "+s.port+" -t 1", &stdout, &stderr)
	if exitStatus(err) != 1 || !strings.Contains(stderr.String(), "control socket has closed") {
		t.Errorf("a client that is not allowed got %v: %s", err, &stderr)
	}
	cancel()
	<-s.done
}

func TestInterruptedClientReports(t *testing.T) {
	t.Parallel()
	var h Host
	ctx, cancel := context.WithCancel(t.Context())
	s := startHostServer(t, ctx, &h, "-1")
	clientCtx, interrupt := context.WithCancel(ctx)
	out := &watched{want: "Bitrate", seen: make(chan struct{})}
	var stderr bytes.Buffer
	done := make(chan error, 1)
	go func() { done <- h.Run(clientCtx, "iperf3 -c 127.0.0.1 -t 60 -i 0.1 -b 10M -p "+s.port, out, &stderr) }()
	<-out.seen
	interrupt()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(out.buffer.String(), "sender") || strings.Contains(out.buffer.String(), "receiver") {
		t.Errorf("what was measured is not printed, or what was not:\n%s", &out.buffer)
	}
	if got := stderr.String(); got != "iperf3: interrupt - the client has terminated\n" {
		t.Errorf("stderr %q", got)
	}
	if err := <-s.done; exitStatus(err) != 1 {
		t.Errorf("the server's error is %v", err)
	}
	cancel()
}
