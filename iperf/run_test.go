package iperf_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

// soon is before the Prefix of hosts whose links are measured. On a busy machine the programs run at once, so a receiver
// looks at the clock when data has come, and not when others have had their turns.
const soon = "nice -n -20 "

// dial reaches a namespace through the SSH server, as a user would reach a machine.
func dial(tb testing.TB, srv *testbed.SSHServer, n testbed.Netns) *sshhost.Host {
	tb.Helper()
	h, err := sshhost.Dial(tb.Context(), sshhost.Config{
		Addr: srv.Addr, User: srv.User, TestAddr: n.Addr, Prefix: soon + n.Prefix,
		KeyFiles: []string{srv.KeyFile}, KnownHosts: []string{srv.KnownHosts}, Agent: "none",
	})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { h.Close() })
	return h
}

// A bed is a DUT and a traffic server on a shaped link.
type bed struct {
	iperf.Hosts
	link *testbed.Link // A is the DUT
}

// newBed limits what the DUT sends to up and what it receives to down.
func newBed(tb testing.TB, up, down string) bed {
	tb.Helper()
	testbed.Need(tb, "iperf", "iperf3")
	link := testbed.NewLink(tb, up, down)
	srv := testbed.StartSSHD(tb, testbed.SSHDConfig{})
	return bed{iperf.Hosts{DUT: dial(tb, srv, link.A), TrafficServer: dial(tb, srv, link.B)}, link}
}

// linkRates are those of a link on which the two ways differ.
var linkRates = map[iperf.Direction]float64{iperf.Upstream: 20e6, iperf.Downstream: 100e6}

func TestTCPOnAShapedLink(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"iperf3", "iperf"} {
		for _, test := range []struct {
			name    string
			streams int
			length  int64
			reverse bool
		}{{"one stream", 1, 0, false}, {"four streams", 4, 16 << 10, false}, {"four streams in reverse", 4, 16 << 10, true}} {
			t.Run(program+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				b := newBed(t, "20mbit", "100mbit")
				x := iperf.Iperf{
					ClientServer: b,
					Program:      program,
					Client:       iperf.ClientSettings{Time: 3 * time.Second, Parallel: test.streams, Length: test.length, Reverse: test.reverse},
				}
				for d, rate := range linkRates {
					res := b.measure(t, &x, d, rate)
					want := iperf.RoleServer
					if test.reverse {
						want = iperf.RoleClient
					}
					if res.Source.Role != want || res.Source.Sender || res.Source.Intervals < 2 {
						t.Errorf("%v: from %v; want intervals of the receiver in the %v's report", d, res.Source, want)
					}
					if len(res.Warnings) > 0 {
						t.Errorf("warnings: %v", res.Warnings)
					}
				}
			})
		}
	}
}

// The iperf 3 in Go, as a program of its own, tells of a link what the C program does.
func TestNativeOnAShapedLink(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "go")
	program := t.TempDir() + "/iperf3"
	testbed.Command(t, "go", "build", "-o", program, "github.com/tunaperf/tuna/iperf/native/iperf3")
	b := newBed(t, "20mbit", "100mbit")
	x := iperf.Iperf{ClientServer: b, Program: program, Client: iperf.ClientSettings{Time: 3 * time.Second}}
	for d, rate := range linkRates {
		b.measure(t, &x, d, rate)
	}
}

// Whoever connects, the direction is the DUT's, as the rates of the two ways tell.
func TestWhoConnectsDoesNotChangeTheDirection(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"iperf3", "iperf"} {
		b := newBed(t, "20mbit", "100mbit")
		for _, connects := range []iperf.Connects{iperf.DUTConnects, iperf.TrafficServerConnects} {
			b.Connects = connects
			x := iperf.Iperf{ClientServer: b.Hosts, Program: program, Client: iperf.ClientSettings{Time: time.Second}}
			for d, rate := range linkRates {
				t.Run(fmt.Sprintf("%s/%v/connects %d", program, d, connects), func(t *testing.T) {
					res := b.measure(t, &x, d, rate)
					want := b.DUT
					if connects == iperf.TrafficServerConnects {
						want = b.TrafficServer
					}
					if res.ClientEnd.Addr != want.TestAddr() {
						t.Errorf("the client is %s, want %s", res.ClientEnd.Addr, want.TestAddr())
					}
				})
			}
		}
	}
}

func TestBothWaysAtOnce(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		program string
		client  iperf.ClientSettings
	}{
		{"iperf3", iperf.ClientSettings{Bidir: true}},
		{"iperf", iperf.ClientSettings{FullDuplex: true}},
	} {
		t.Run(test.program, func(t *testing.T) {
			t.Parallel()
			b := newBed(t, "20mbit", "50mbit")
			x := iperf.Iperf{ClientServer: b, Program: test.program, Client: test.client}
			x.Client.Time = 3 * time.Second
			rates := map[iperf.Direction]float64{iperf.Upstream: 20e6, iperf.Downstream: 50e6}
			for d, opposite := range map[iperf.Direction]iperf.Direction{iperf.Upstream: iperf.Downstream, iperf.Downstream: iperf.Upstream} {
				back := b.receiver(opposite).Watch(t)
				res := b.measure(t, &x, d, rates[d])
				back.Stop()
				b.carried(t, back, &x, rates[opposite], res, opposite)
			}
		})
	}
}

func TestUDPOnAShapedLink(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"iperf3", "iperf"} {
		for _, reverse := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/reverse %v", program, reverse), func(t *testing.T) {
				t.Parallel()
				b := newBed(t, "", "100mbit")
				x := iperf.Iperf{
					ClientServer: b,
					Program:      program,
					Client: iperf.ClientSettings{
						Protocol: report.ProtocolUDP, Length: 1400, Time: 3 * time.Second, Reverse: reverse,
					},
				}
				for _, test := range []struct {
					name    string
					offered report.BitRate
					full    bool // the link drops what exceeds its rate
				}{
					{"below the link's rate", 50 * report.MbitPerSecond, false},
					{"above the link's rate", 200 * report.MbitPerSecond, true},
				} {
					t.Run(test.name, func(t *testing.T) {
						x.Client.Rate = test.offered
						dropped := b.link.B.Dropped(t, b.link.A)
						res := b.measure(t, &x, iperf.Downstream, 100e6)
						dropped = b.link.B.Dropped(t, b.link.A) - dropped
						rep, flow := res.Server, (*report.Flow)(nil)
						if reverse {
							rep = res.Client
						}
						if rep != nil {
							if flow = rep.Forward; reverse {
								flow = rep.Reverse
							}
						}
						if flow == nil || flow.Received == nil || flow.Received.UDP == nil {
							t.Fatalf("the receiver reported no total: %+v", rep)
						}
						u := flow.Received.UDP
						// Those that are lost after the last one that arrives are not seen by the receiver.
						if !u.Has.Has(report.Jitter|report.Lost|report.Packets) || u.Packets == 0 || u.Lost > dropped || u.Lost < dropped*9/10-10 {
							t.Errorf("got %+v, want %d lost, as the kernel counts them, and a jitter", u, dropped)
						}
						if test.full && u.Lost < u.Packets/10 {
							t.Errorf("lost %d of %d at twice the link's rate", u.Lost, u.Packets)
						}
					})
				}
			})
		}
	}
}

func TestRawFilesHoldWhatIperfPrinted(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"iperf3", "iperf"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			h := newBed(t, "100mbit", "100mbit")
			folder := t.TempDir()
			dir, err := storage.Open(folder)
			if err != nil {
				t.Fatal(err)
			}
			defer dir.Close()
			dut, server := &recordingHost{HostSSH: h.DUT}, &recordingHost{HostSSH: h.TrafficServer}
			var log bytes.Buffer
			intervals := map[iperf.Role]int{}
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
				Program:      program, FileStorage: dir, LogWriter: &log,
				Client:     iperf.ClientSettings{Time: 2 * time.Second},
				OnInterval: func(r iperf.Role, _ report.Interval) { intervals[r]++ },
			}
			res, err := x.Upstream(t.Context(), "first.txt")
			if err != nil {
				t.Fatalf("%+v", err)
			}
			for host, end := range map[*recordingHost]iperf.End{dut: res.ClientEnd, server: res.ServerEnd} {
				got, err := os.ReadFile(folder + "/" + end.File)
				if err != nil {
					t.Fatal(err)
				}
				parts := counterMark.Split(host.stdout.String(), -1)
				if len(parts) != 3 || "\n"+string(got) != parts[1] || len(got) == 0 {
					t.Errorf("%s differs from what was printed between the kernel's counters:\n%s\n--- printed\n%s", end.File, got, host.stdout.Bytes())
				}
				for line := range strings.Lines(string(got)) {
					if !strings.Contains(log.String(), line) {
						t.Errorf("the log lacks %q", line)
					}
				}
				if end.ExitStatus != 0 || end.Elapsed <= 0 || end.Command == "" || end.Version.Number == "" || end.Addr == "" {
					t.Errorf("how it ran: %+v", end)
				}
			}
			if !strings.HasPrefix(res.ClientEnd.File, "client_upstream_") || !strings.HasSuffix(res.ClientEnd.File, "_tcp_first.txt") ||
				!strings.HasPrefix(res.ServerEnd.File, "server_upstream_") {
				t.Errorf("names: %s, %s", res.ClientEnd.File, res.ServerEnd.File)
			}
			if n := len(res.Server.Forward.Intervals); intervals[iperf.RoleServer] != n || intervals[iperf.RoleClient] < 2 {
				t.Errorf("intervals seen live: %v; the server's report has %d", intervals, n)
			}
			if files, _ := fs.Glob(os.DirFS(folder), "*"); len(files) != 3 { // and the manifest
				t.Errorf("files: %v", files)
			}
		})
	}
}

// A recordingHost keeps the stdout of the tests that run on it, and the counters around it.
type recordingHost struct {
	iperf.HostSSH
	stdout bytes.Buffer
}

func (h *recordingHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if strings.Contains(command, " -s ") || strings.Contains(command, " -c ") {
		stdout = io.MultiWriter(&h.stdout, stdout)
	}
	return h.HostSSH.Run(ctx, command, stdout, stderr)
}

func TestServerAndClientByHand(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"iperf3", "iperf"} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			h := newBed(t, "100mbit", "100mbit")
			x := iperf.Iperf{Program: program, Client: iperf.ClientSettings{Time: time.Second}}
			srv, err := x.StartServer(t.Context(), h.TrafficServer, "by hand")
			if err != nil {
				t.Fatalf("%+v", err)
			}
			client, err := x.RunClient(t.Context(), h.DUT, h.TrafficServer.TestAddr(), "by hand")
			if err != nil {
				t.Fatalf("%+v", err)
			}
			for range 2 { // the second call gives the same
				server, err := srv.Stop(t.Context())
				if err != nil {
					t.Fatalf("%+v", err)
				}
				if client.Forward == nil || server.Forward == nil || server.Forward.Received == nil {
					t.Errorf("reports: client %+v, server %+v", client, server)
				}
			}
			if out := left(t, h.link.B); out != "" {
				t.Errorf("left behind: %s", out)
			}
			// A server that nobody came to is ended at once, and not after the time that it would have for its report.
			x.EventTimer = &iperf.EventTimer{Time: time.Minute}
			if srv, err = x.StartServer(t.Context(), h.TrafficServer, "for nothing"); err != nil {
				t.Fatalf("%+v", err)
			}
			start := time.Now()
			srv.Stop(t.Context())
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("a server without a client took %v to stop", took)
			}
			if out := left(t, h.link.B); out != "" {
				t.Errorf("left behind: %s", out)
			}
		})
	}
}

// left lists the iperf processes in a namespace.
func left(tb testing.TB, n testbed.Netns) string {
	tb.Helper()
	var out strings.Builder
	for pid := range strings.FieldsSeq(testbed.Command(tb, "ip", "netns", "pids", n.Name)) {
		if args, err := os.ReadFile("/proc/" + pid + "/cmdline"); err == nil && bytes.HasPrefix(args, []byte("iperf")) {
			fmt.Fprintf(&out, "%s %s\n", pid, bytes.ReplaceAll(args, []byte{0}, []byte{' '}))
		}
	}
	return out.String()
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"iperf3", "iperf"} {
		for _, test := range []struct {
			name   string
			change func(t *testing.T, x *iperf.Iperf, h bed) context.Context
			want   error
			within time.Duration
		}{
			{"not installed", func(t *testing.T, x *iperf.Iperf, h bed) context.Context {
				x.Program = "no-such-" + program
				return t.Context()
			}, iperf.ErrNotInstalled, 5 * time.Second},
			{"port in use", func(t *testing.T, x *iperf.Iperf, h bed) context.Context {
				other := iperf.Iperf{Program: program}
				srv, err := other.StartServer(t.Context(), h.TrafficServer, "")
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { srv.Stop(context.Background()) })
				return t.Context()
			}, iperf.ErrPortInUse, 5 * time.Second},
			{"server unreachable", func(t *testing.T, x *iperf.Iperf, h bed) context.Context {
				x.ClientServer = iperf.Hosts{DUT: h.DUT, TrafficServer: elsewhere{h.TrafficServer, "192.0.2.99"}}
				return t.Context()
			}, iperf.ErrUnreachable, 12 * time.Second},
			{"nothing listens where the client connects", func(t *testing.T, x *iperf.Iperf, h bed) context.Context {
				x.Client.Port, x.Server.Port = 9, 5201
				return t.Context()
			}, iperf.ErrRefused, 10 * time.Second},
			{"the caller cancels during the test", func(t *testing.T, x *iperf.Iperf, h bed) context.Context {
				ctx, cancel := context.WithCancel(t.Context())
				x.OnInterval = func(iperf.Role, report.Interval) { cancel() }
				return ctx
			}, iperf.ErrCanceled, 6 * time.Second},
			{"the time is over", func(t *testing.T, x *iperf.Iperf, h bed) context.Context {
				x.Timeout = 1500 * time.Millisecond
				return t.Context()
			}, iperf.ErrTimeout, 6 * time.Second},
		} {
			t.Run(program+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				h := newBed(t, "100mbit", "100mbit")
				var store storage.Mem
				x := &iperf.Iperf{ClientServer: h, Program: program, Client: iperf.ClientSettings{Time: 3 * time.Second}, FileStorage: &store}
				ctx := test.change(t, x, h)
				start := time.Now()
				res, err := x.Upstream(ctx, "fault")
				took := time.Since(start)
				if !errors.Is(err, test.want) {
					t.Errorf("error: got %v, want %v", err, test.want)
				}
				for _, kind := range []error{iperf.ErrNotInstalled, iperf.ErrPortInUse, iperf.ErrUnreachable, iperf.ErrRefused, iperf.ErrCanceled, iperf.ErrTimeout, iperf.ErrHostLost} {
					if kind != test.want && errors.Is(err, kind) {
						t.Errorf("error %v is also %v", err, kind)
					}
				}
				if strings.Contains(fmt.Sprint(err), "\n") {
					t.Errorf("not one line: %q", err)
				}
				if took > test.within {
					t.Errorf("took %v, want at most %v", took, test.within)
				}
				if res != nil {
					for _, end := range []iperf.End{res.ClientEnd, res.ServerEnd} {
						if _, err := fs.Stat(&store, end.File); err != nil {
							t.Errorf("%s: %v", end.File, err)
						}
					}
				}
				if test.name != "port in use" {
					for _, n := range []testbed.Netns{h.link.A, h.link.B} {
						if out := left(t, n); out != "" {
							t.Errorf("left behind: %s", out)
						}
					}
				}
			})
		}
	}
}

// elsewhere is a host with another address for test traffic.
type elsewhere struct {
	iperf.HostSSH
	addr string
}

func (e elsewhere) TestAddr() string { return e.addr }
