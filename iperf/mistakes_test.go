package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

// A namedHost is a host in a network namespace, with a name of its own.
type namedHost struct {
	sshhost.Local
	name string
}

func (h namedHost) String() string { return h.name }

// TestMistakesOfNewUsers has the mistakes that new users make most, in real runs, and the exact line that comes of each.
func TestMistakesOfNewUsers(t *testing.T) {
	testbed.Need(t, "iperf3", "iperf")
	link := testbed.NewLink(t, "100mbit", "100mbit")
	host := func(name string, n testbed.Netns, addr string) namedHost {
		return namedHost{sshhost.Local{Prefix: n.Prefix, Addr: addr}, name}
	}
	dut, pc := host("root@dut:22", link.A, link.A.Addr), host("lab@pc:22", link.B, link.B.Addr)
	const port = 20999
	// at has the traffic server's TestAddr be another one.
	at := func(addr string) func(*iperf.Iperf) {
		return func(x *iperf.Iperf) {
			x.ClientServer = iperf.Hosts{DUT: dut, TrafficServer: host("lab@pc:22", link.B, addr)}
		}
	}
	for _, test := range []struct {
		name string
		set  func(x *iperf.Iperf)
		want string
	}{
		{"no host", func(x *iperf.Iperf) { x.ClientServer = iperf.Hosts{DUT: dut} },
			"bad settings: hosts: TrafficServer is nil"},
		{"the traffic server's TestAddr is the SSH tunnel's", at("127.0.0.1"), "iperf3 client on the DUT (root@dut:22): connection refused: unable to connect to server: Connection refused (exit status 1); " +
			"it dialled 127.0.0.1:20999, by the TestAddr of the traffic server (lab@pc:22), which is the DUT itself: " +
			"set TestAddr of the traffic server (sshhost.Config.TestAddr) to its address on the link under test"},
		{"a TestAddr of another network", at("203.0.113.9"), "iperf3 client on the DUT (root@dut:22): host unreachable: unable to connect to server: Network is unreachable (exit status 1); " +
			"it dialled 203.0.113.9:20999, by the TestAddr of the traffic server (lab@pc:22): " +
			"look at that address, the route to it and the firewalls, or let the other host connect (Hosts.Connects)"},
		{"a zone of the other host", at("fe80::2%eth7"), "iperf3 client on the DUT (root@dut:22): host unreachable: unable to connect to server: Invalid argument (exit status 1); " +
			"it dialled [fe80::2%eth7]:20999, by the TestAddr of the traffic server (lab@pc:22): " +
			"eth7 must be an interface of the DUT, which connects (ip link lists them)"},
		{"a zone of the other host, with iperf 2", func(x *iperf.Iperf) {
			at("fe80::2%eth7")(x)
			x.Program = "iperf"
		}, "iperf client on the DUT (root@dut:22): host unreachable: no connection to fe80::2%eth7 within 5s; " +
			"it dialled [fe80::2%eth7]:20999, by the TestAddr of the traffic server (lab@pc:22): " +
			"eth7 must be an interface of the DUT, which connects (ip link lists them)"},
		{"iperf is not installed", func(x *iperf.Iperf) { x.Program = "iperf4" },
			"iperf4 on the DUT (root@dut:22): not installed (exit status 1); install it there, or set Iperf.Program to its path or Iperf.Install; " +
				"iperf4 on the traffic server (lab@pc:22): not installed (exit status 1); install it there, or set Iperf.Program to its path or Iperf.Install"},
		{"a time without its unit", func(x *iperf.Iperf) { x.Client.Time = 10 },
			"bad settings: Client.Time is 10ns: must be 0, or 1ms or more: a number without a unit is nanoseconds, as in 10*time.Second for 10 s"},
		{"a rate without its unit", func(x *iperf.Iperf) { x.Client.Rate = 50 },
			"bad settings: Client.Rate is 50 bit/s: must be 0, or 1.00 kbit/s or more, as in 50e6 for 50 Mbit/s"},
		{"a window without its unit", func(x *iperf.Iperf) { x.Client.Window = 64 },
			"bad settings: Client.Window is 64 bytes: must be 0, or 1024 bytes or more, as in 64<<10 for 64 KiB"},
		{"congestion control that the kernel lacks", func(x *iperf.Iperf) { x.Client.Congestion = "bbr9" },
			"iperf3 client on the DUT (root@dut:22): option is not supported: unable to set TCP_CONGESTION: " +
				"Supplied congestion control algorithm not supported on this host (exit status 1); " +
				"Client.Congestion must be an algorithm that the sending host has loaded"},
		{"a processor that a host lacks", func(x *iperf.Iperf) { x.Client.Affinity = "999" },
			"iperf3 client on the DUT (root@dut:22): option is not supported: unable to set CPU affinity: Invalid argument (exit status 1); " +
				"Client.Affinity names a processor that a host lacks"},
		{"a port that is taken", func(x *iperf.Iperf) { x.Server.Port = 20998; x.Retries = -1 },
			"iperf3 server on the traffic server (lab@pc:22): port is in use: 20998, and Server.AutoPort would find another"},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: dut, TrafficServer: pc},
				Client:       iperf.ClientSettings{Time: time.Second, Rate: 1e6}, Server: iperf.ServerSettings{Port: port},
			}
			test.set(&x)
			if x.Server.Port == 20998 {
				occupied := x
				srv, err := occupied.StartServer(t.Context(), pc, "")
				if err != nil {
					t.Fatal(err)
				}
				defer srv.Stop(t.Context())
			}
			_, err := x.Upstream(t.Context(), "")
			// The embedded host begins its errors with its own name, which is not the one that it has here.
			if diff := cmp.Diff(test.want, strings.ReplaceAll(fmt.Sprint(err), "localhost: ", "")); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("a context that is shorter than the test", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: pc}}
		_, err := x.Upstream(ctx, "")
		before, after, _ := strings.Cut(fmt.Sprint(err), "the context ends in ")
		if _, rest, _ := strings.Cut(after, ","); before != "bad settings: " || rest != " but the test takes 10s: give the context more time, or shorten Client.Time" {
			t.Errorf("got %v", err)
		}
	})
}

// TestHostThatWasNotDialled has hosts that no attempt can reach: that is a mistake in the settings, not a lost host.
func TestHostThatWasNotDialled(t *testing.T) {
	testbed.Need(t, "iperf3")
	for _, test := range []struct {
		name string
		host iperf.HostSSH
		on   string
	}{
		{"zero", new(sshhost.Host), "iperf3 on the traffic server (sshhost.Host): "},
		{"a wrapper of nil", struct{ *sshhost.Host }{}, "iperf3 on the traffic server (sshhost.Host): "},
		{"a wrapper without a name", struct{ iperf.HostSSH }{new(sshhost.Host)}, "iperf3 on the traffic server: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: test.host}}
			_, err := x.Upstream(t.Context(), "")
			if !errors.Is(err, iperf.ErrSettings) || !errors.Is(err, sshhost.ErrNotDialled) || errors.Is(err, iperf.ErrHostLost) ||
				iperf.Transient(err) || !strings.HasPrefix(err.Error(), test.on) {
				t.Errorf("got %v (transient: %v), want %q and ErrSettings", err, iperf.Transient(err), test.on)
			}
		})
	}
}
