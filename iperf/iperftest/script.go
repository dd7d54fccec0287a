package iperftest

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Test is what the two ends of one iperf test printed, for a script of it. The outputs may be those of any version,
// protocol and format, such as files that an earlier run has kept. See TCP for one that needs no files.
type Test struct {
	Version string // what iperf --version prints on both hosts; empty: iperf 3.12's

	// Client is the client's stdout. A client that prints nothing there has not reached its server, which then listens
	// on. ClientErr is its stderr, which comes after it, and ClientStatus its exit status. A run calls a client of iperf 2
	// incomplete if it reports less than the run's Client.Time, which must therefore be that of the output.
	Client, ClientErr string
	ClientStatus      int

	// Server is the server's stdout. What is before and with its "Server listening on" it prints at once, and the rest
	// when the client has come. A server that prints nothing there does not start, and no client is expected. ServerErr
	// is its stderr, which comes last, and ServerStatus its exit status.
	Server, ServerErr string
	ServerStatus      int

	Every time.Duration // the time that an interval takes: the rows of both ends come so far apart; zero: all at once
}

// Expect makes the two hosts expect the test: its server on the one, and its client, after the server listens, on the
// other. Both may be the same. A client that comes too early is refused. Both hosts may be asked for their version, for
// their kernel, and for the ports in use, of which they tell the server's while it listens. The commands may have any
// options; Host.Commands tells which they had.
func (t Test) Expect(client, server *Host) {
	s := &script{Test: t, listening: make(chan struct{}, 1), connected: make(chan struct{})}
	for _, h := range []*Host{client, server} {
		h.AllowMatch(`.*iperf3?'? --version`, Stdout(cmp.Or(t.Version, "iperf 3.12 (cJSON 1.7.15)\n")))
		h.Allow("uname -a", Stdout("Linux scripted 6.1.0 #1 SMP x86_64 GNU/Linux\n"))
		h.AllowMatch(`cat( /proc/net/\w+)+`, ports)
		h.AllowMatch(`getent ahosts .*`, Exit(2)) // the names of scripted hosts are unknown there
	}
	const serverCommand = `.*iperf3?'? (.* )?-s( .*)?`
	if t.Server == "" {
		server.ExpectMatch(serverCommand, Stderr(t.ServerErr), Exit(t.ServerStatus))
		return
	}
	server.ExpectMatch(serverCommand, s.server, Stderr(t.ServerErr), Exit(t.ServerStatus))
	client.ExpectMatch(`.*iperf3?'? (.* )?-c .*`, s.client, Stderr(t.ClientErr), Exit(t.ClientStatus))
}

// A script is one test that is played.
type script struct {
	Test
	listening chan struct{} // holds one while the server listens for this test's client
	connected chan struct{} // closed when the client has come
}

func (s *script) server(ctx context.Context, c *Call) error {
	head, rest := s.Server, ""
	if i := strings.Index(head, "Server listening on"); i < 0 {
		head, rest = "", s.Server
	} else {
		// One more line belongs to the banner: dashes, or iperf 2's window size.
		for range 2 {
			if n := strings.IndexByte(s.Server[i:], '\n'); n >= 0 {
				i += n + 1
			}
		}
		head, rest = s.Server[:i], s.Server[i:]
	}
	c.Host.listen(c, true)
	defer c.Host.listen(c, false)
	s.listening <- struct{}{}
	defer func() {
		select {
		case <-s.listening: // no client came
		default:
		}
	}()
	if err := Stdout(head)(ctx, c); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return ended(ctx, c)
	case <-s.connected:
	}
	return s.print(ctx, c, rest)
}

func (s *script) client(ctx context.Context, c *Call) error {
	select {
	case <-s.listening:
	default:
		fmt.Fprintln(c.Stderr, "iperf3: error - unable to connect to server: Connection refused")
		return exitError(1)
	}
	if s.Client != "" {
		close(s.connected)
	}
	return s.print(ctx, c, s.Client)
}

// print prints an end's output, the rows of its intervals at their time.
func (s *script) print(ctx context.Context, c *Call, text string) error {
	last := ""
	for line := range strings.Lines(text) {
		span := span(line)
		total := last != "" && strings.HasPrefix(span, "0.0")
		if span != "" && span != last && !total {
			last = span
			if err := Wait(s.Every)(ctx, c); err != nil {
				return err
			}
		}
		if err := Stdout(line)(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// span finds the time that a row such as "[  5]   0.00-1.00   sec …" is of; the rows of parallel streams have the same.
func span(line string) string {
	id, row, ok := strings.Cut(line, "]")
	if !ok || !strings.HasPrefix(id, "[") {
		return ""
	}
	span, _, ok := strings.Cut(row, "sec")
	if !ok || !strings.Contains(span, "-") {
		return ""
	}
	return strings.TrimSpace(span)
}

// listen notes whether a server's port is listened on.
func (h *Host) listen(c *Call, on bool) {
	words := strings.Fields(c.Command)
	i := slices.Index(words, "-p")
	h.mu.Lock()
	defer h.mu.Unlock()
	if !on {
		delete(h.ports, c)
	} else if i > 0 && i+1 < len(words) {
		h.ports[c], _ = strconv.Atoi(words[i+1])
	}
}

// ports prints Linux's table of sockets, with those that scripted servers listen on.
func ports(_ context.Context, c *Call) error {
	fmt.Fprintln(c.Stdout, "  sl  local_address rem_address   st")
	c.Host.mu.Lock()
	defer c.Host.mu.Unlock()
	for _, p := range c.Host.ports {
		for _, state := range []string{"0A", "07"} { // TCP's LISTEN, and a UDP socket
			fmt.Fprintf(c.Stdout, "   0: 00000000:%04X 00000000:0000 %s\n", p, state)
		}
	}
	return nil
}
