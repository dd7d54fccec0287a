package iperf_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
)

// What a host says of the ports in use.
const (
	tableCommand = "cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6"
	table        = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	tableOf5001  = table + "   0: 00000000:1389 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2210 1 0000000000000000 100 0 0 10 0\n"
)

var errMoment = errors.New("too many processes")

func iperf2Host(t *testing.T) *iperftest.Host {
	host := iperftest.NewHost(t, "dut")
	host.Allow("iperf --version", iperftest.Stdout("iperf version 2.1.8 (12 August 2022) pthreads\n"))
	return host
}

// TestLookAtPortsFails has the first look at a server's port fail. The next one sees it.
func TestLookAtPortsFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := iperf2Host(t)
		host.Expect(tableCommand, iperftest.Stdout(table))
		host.Expect(tableCommand, iperftest.Fail(errMoment))
		host.Allow(tableCommand, iperftest.Stdout(tableOf5001))
		host.ExpectMatch("iperf -s.*", iperftest.Hang())
		x := iperf.Iperf{Program: "iperf"}
		start := time.Now()
		srv, err := x.StartServer(t.Context(), host, "")
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took > 4*time.Second {
			t.Errorf("took %v, which is without evidence", took)
		}
		srv.Stop(t.Context())
	})
}

// TestPortOfAnothersServer has other servers that come and go at the port of one that should print a banner and does not.
// It is taken for ready when one socket has listened for some time.
func TestPortOfAnothersServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := iperf2Host(t)
		host.Expect(tableCommand, iperftest.Stdout(table))
		for _, inode := range []string{" 7 ", " 7 ", " 8 "} {
			host.Expect(tableCommand, iperftest.Stdout(strings.Replace(tableOf5001, " 2210 ", inode, 1)))
		}
		host.Expect(tableCommand, iperftest.Stdout(table))
		host.Allow(tableCommand, iperftest.Stdout(tableOf5001))
		host.ExpectMatch("iperf -s.*", iperftest.Hang())
		x := iperf.Iperf{Program: "iperf"}
		start := time.Now()
		srv, err := x.StartServer(t.Context(), host, "")
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 1150*time.Millisecond || took > 4*time.Second {
			t.Errorf("took %v, want 250 ms for the banner, five looks and 750 ms of the same socket", took)
		}
		srv.Stop(t.Context())
	})
}

// TestLookForConnectionFails has a client that is silent for longer than it may try to connect, on a host that cannot be
// asked for its connections.
func TestLookForConnectionFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := iperf2Host(t)
		host.Expect(tableCommand, iperftest.Stdout(table), iperftest.Fail(errMoment))
		host.ExpectMatch("iperf -c.*", iperftest.Wait(7*time.Second))
		x := iperf.Iperf{Program: "iperf"}
		if _, err := x.RunClient(t.Context(), host, "sut", ""); errors.Is(err, iperf.ErrUnreachable) {
			t.Errorf("got %v, but nobody knows that", err)
		}
	})
}

// hostThatEndsWith is a host on which a server that is cancelled ends with an error.
type hostThatEndsWith struct {
	*iperftest.Host
	err error
}

func (h hostThatEndsWith) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	err := h.Host.Run(ctx, command, stdout, stderr)
	if ctx.Err() != nil && strings.HasPrefix(command, "iperf -s") {
		return h.err
	}
	return err
}

// TestHostLostWhileItStops has a host answer the end of a server with something else than the context's error: the server may
// live on.
func TestHostLostWhileItStops(t *testing.T) {
	for _, test := range []struct {
		name string
		err  error
		lost bool
	}{
		{"the context's error", context.Canceled, false},
		{"none", nil, false},
		{"a lost connection", errors.New("connection lost"), true},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				host := iperf2Host(t)
				host.Expect(tableCommand, iperftest.Stdout(table))
				host.Allow(tableCommand, iperftest.Stdout(tableOf5001))
				host.ExpectMatch("iperf -s.*", iperftest.Hang())
				x := iperf.Iperf{Program: "iperf"}
				srv, err := x.StartServer(t.Context(), hostThatEndsWith{host, test.err}, "")
				if err != nil {
					t.Fatal(err)
				}
				if _, err := srv.Stop(t.Context()); errors.Is(err, iperf.ErrHostLost) != test.lost {
					t.Errorf("got %v, want ErrHostLost: %v", err, test.lost)
				}
			})
		})
	}
}
