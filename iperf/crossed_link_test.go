package iperf_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
)

// TestForeignTraffic has other traffic between the hosts. Its rate is told to a fifth of it or a
// fiftieth of the link, and without it there is no warning.
func TestForeignTraffic(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3", "tc")
	const link = 100.0 // Mbit/s
	for _, test := range []struct {
		name    string
		foreign float64 // Mbit/s
		link    func(testing.TB) *testbed.Path
	}{
		{"none", 0, testbed.NewPath},
		{"5 Mbit/s", 5, testbed.NewPath},
		{"30 Mbit/s", 30, testbed.NewPath},
		{"none, IPv6", 0, testbed.NewPath6},
		{"30 Mbit/s, IPv6", 30, testbed.NewPath6},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := test.link(t)
			p.ToServer.Tbf(t, "100mbit", 50_000, testbed.DeepQueue)
			srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: dial(t, srv, p.Client), TrafficServer: dial(t, srv, p.Server)},
				Client:       iperf.ClientSettings{Time: 3 * time.Second},
			}
			if test.foreign > 0 {
				p.Client.Send(t, p.Server, test.foreign)
			}
			res, err := x.Upstream(t.Context(), "")
			if err != nil {
				t.Fatalf("%+v", err)
			}
			t.Logf("\n%s", res.Explain())
			found := 0
			for _, w := range res.Warnings {
				e, ok := errors.AsType[*iperf.LinkError](w)
				if !ok {
					t.Errorf("warning: %v", w)
					continue
				}
				t.Log(e)
				if test.foreign == 0 || e.Err != iperf.ErrForeignTraffic || e.Sent != (e.Role == iperf.RoleClient) {
					t.Errorf("warning: %v", e)
					continue
				}
				found++
				if got := mbit(e.Rate); e.Sent && math.Abs(got-test.foreign) > math.Max(test.foreign/5, link/50) {
					t.Errorf("%.2f Mbit/s, want %v", got, test.foreign)
				}
			}
			if test.foreign > 0 && found == 0 {
				t.Errorf("no warning of foreign traffic; the client's path is %+v", res.ClientEnd.Path)
			}
		})
	}
}

// TestDevices has two links between the hosts. A run says which one it took, and takes no other
// than the one that it must.
func TestDevices(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf", "iperf3")
	type devices struct{ dut, peer string }
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
	settings := iperf.ClientSettings{Time: time.Second, Rate: 10e6}
	for _, program := range []string{"iperf3", "iperf"} {
		for _, test := range []struct {
			name   string
			second bool                                      // the addresses are those of the second link
			wanted func(first, second *testbed.Link) devices // empty: any
			wrong  func(first, second *testbed.Link) string  // in the error; nil: none
		}{
			{"any", false, func(_, _ *testbed.Link) devices { return devices{} }, nil},
			{"the second", true, func(_, second *testbed.Link) devices { return devices{second.A.Dev, second.B.Dev} }, nil},
			{
				"the first, over the second", true,
				func(first, _ *testbed.Link) devices { return devices{first.A.Dev, ""} },
				func(first, second *testbed.Link) string {
					return "must use " + first.A.Dev + ", and the route to " + second.B.Addr + " is over " + second.A.Dev
				},
			},
			{
				"the second at the other end, over the first", false,
				func(_, second *testbed.Link) devices { return devices{"", second.B.Dev} },
				func(_, second *testbed.Link) string { return "must use " + second.B.Dev },
			},
			{
				"none that there is", false, func(_, _ *testbed.Link) devices { return devices{"eth9", ""} },
				func(_, _ *testbed.Link) string { return "must use eth9" },
			},
		} {
			t.Run(program+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				first := testbed.NewLink(t, "", "")
				second := first.Second(t)
				link, wanted := first, test.wanted(first, second)
				if test.second {
					link = second
				}
				x := iperf.Iperf{
					ClientServer: iperf.Hosts{
						DUT: dial(t, srv, link.A), TrafficServer: dial(t, srv, link.B), DUTDevice: wanted.dut, TrafficServerDevice: wanted.peer,
					},
					Program: program, Client: settings,
				}
				for d := range iperf.Both.Each() {
					res, err := x.Run(t.Context(), d, "")
					switch {
					case test.wrong != nil:
						if want := test.wrong(first, second); !errors.Is(err, iperf.ErrWrongPath) || !strings.Contains(err.Error(), want) {
							t.Errorf("%v: got %v, want ErrWrongPath that says %q", d, err, want)
						}
						if res != nil { // the client has begun
							t.Errorf("%v: result %+v", d, res)
						}
					case err != nil:
						t.Fatalf("%v: %+v", d, err)
					default:
						client, server := link.A, link.B
						if d == iperf.Downstream {
							client, server = server, client
						}
						for end, want := range map[*iperf.Path]testbed.Netns{res.ClientEnd.Path: client, res.ServerEnd.Path: server} {
							if end == nil || end.Device != want.Dev || end.Source != want.Addr {
								t.Errorf("%v: path %+v, want %s from %s", d, end, want.Dev, want.Addr)
							}
						}
						if len(res.Warnings) > 0 {
							t.Errorf("%v: warnings: %v", d, res.Warnings)
						}
					}
				}
			})
		}
	}
}

// TestClientFromElsewhere has a client whose TestAddr is on another link than the one to the
// server. Both ends' paths are those of the traffic.
func TestClientFromElsewhere(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3")
	first := testbed.NewLink(t, "", "")
	second := first.Second(t)
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{
			DUT: dial(t, srv, first.A), TrafficServer: dial(t, srv, second.B), Connects: iperf.DUTConnects,
			DUTDevice: second.A.Dev, TrafficServerDevice: second.B.Dev,
		},
		Client: iperf.ClientSettings{Time: time.Second, Rate: 10e6},
	}
	for run := range 2 { // the second one recalls
		for d := range iperf.Both.Each() {
			res, err := x.Run(t.Context(), d, "")
			if err != nil {
				t.Fatalf("run %d, %v: %+v", run, d, err)
			}
			if s := res.ServerEnd.Path; s == nil || s.Device != second.B.Dev || s.Peer != second.A.Addr {
				t.Errorf("run %d, %v: path of the server %+v, want %s to %s", run, d, s, second.B.Dev, second.A.Addr)
			}
			if len(res.Warnings) > 0 {
				t.Errorf("run %d, %v: warnings: %v", run, d, res.Warnings)
			}
		}
	}
}

// TestOneMachine has both ends in one network namespace.
func TestOneMachine(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3")
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
		Client:       iperf.ClientSettings{Time: time.Second, Rate: 10e6}, Server: iperf.ServerSettings{AutoPort: true},
	}
	res, err := x.Upstream(t.Context(), "")
	if err != nil {
		t.Fatalf("%+v", err)
	}
	if len(res.Warnings) != 1 || !errors.Is(res.Warnings[0], iperf.ErrSameHost) || !errors.Is(res.Warnings[0], iperf.ErrLoopback) {
		t.Errorf("warnings: %v; want one of ErrSameHost and ErrLoopback", res.Warnings)
	}
}

// TestBridge has the address of one end on a bridge. Its port is the device that carries the
// traffic.
func TestBridge(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf3")
	link := testbed.NewLink(t, "", "")
	bridge := link.A.Bridge(t)
	srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
	for _, device := range []string{"", bridge.Dev, link.A.Dev} {
		x := iperf.Iperf{
			ClientServer: iperf.Hosts{DUT: dial(t, srv, bridge), TrafficServer: dial(t, srv, link.B), DUTDevice: device},
			Client:       iperf.ClientSettings{Time: time.Second, Rate: 20e6},
		}
		res, err := x.Upstream(t.Context(), "")
		if err != nil {
			t.Fatalf("%q: %+v", device, err)
		}
		p := res.ClientEnd.Path
		if p == nil || p.Device != bridge.Dev || len(p.Links) != 2 || p.Links[1].Device != link.A.Dev || p.Links[1].Counters == nil {
			t.Errorf("%q: path %+v; want %s with %s beneath", device, p, bridge.Dev, link.A.Dev)
		}
		if len(res.Warnings) > 0 {
			t.Errorf("%q: warnings: %v", device, res.Warnings)
		}
	}
}
