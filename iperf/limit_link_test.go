package iperf_test

import (
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

// A bottleneck is a path on which one thing limits a test, and what a run must say of it.
// LimitUnknown is never wrong, but TestLimits bounds how often it comes.
type bottleneck struct {
	name    string
	build   func(t *testing.T, p *testbed.Path, ends *[2]string) // ends are prefixes of the client's and the server's commands
	program string
	client  iperf.ClientSettings
	server  iperf.ServerSettings
	want    iperf.LimitKind
	quick   bool // part of every test run; it needs little of the processor
}

// router has the router's device toward the server shaped.
func router(rate string, queue int) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, p *testbed.Path, _ *[2]string) { p.ToServer.Tbf(t, rate, 20_000, queue) }
}

// own has the sender's own device shaped.
func own(rate string, queue int) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, p *testbed.Path, _ *[2]string) { p.Client.Tbf(t, rate, 20_000, queue) }
}

// far delays each way by 10 ms.
func far(t *testing.T, p *testbed.Path, _ *[2]string) {
	p.Delay(t, 10*time.Millisecond, 10*time.Millisecond)
}

// all builds one after the other.
func all(parts ...func(*testing.T, *testbed.Path, *[2]string)) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, p *testbed.Path, ends *[2]string) {
		for _, part := range parts {
			part(t, p, ends)
		}
	}
}

// loses drops packets on their way to the server.
func loses(share float64) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, p *testbed.Path, _ *[2]string) {
		p.Client.Offload(t, false)
		p.ToServer.Lose(t, share)
	}
}

// receiveWindow limits the window that the server offers to about this size.
func receiveWindow(bytes string) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, p *testbed.Path, _ *[2]string) {
		p.Server.Sysctl(t, "net.ipv4.tcp_rmem=4096 "+bytes+" "+bytes)
	}
}

func sendBuffer(bytes string) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, p *testbed.Path, _ *[2]string) {
		p.Client.Sysctl(t, "net.ipv4.tcp_wmem=4096 "+bytes+" "+bytes)
	}
}

// quota limits an end, 0 for the client and 1 for the server, to a share of a core.
func quota(end, percent int) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, _ *testbed.Path, ends *[2]string) {
		ends[end] = testbed.NewQuota(t, percent).Prefix + " "
	}
}

// besides has an end share its only core with a busy process.
func besides(end int) func(*testing.T, *testbed.Path, *[2]string) {
	return func(t *testing.T, _ *testbed.Path, ends *[2]string) {
		ends[end] = testbed.Pin(1) + " "
		ends[1-end] = testbed.Pin(0) + " "
		testbed.Busy(t, 1)
	}
}

var (
	tcp4s = iperf.ClientSettings{Time: 4 * time.Second}
	cubic = iperf.ClientSettings{Time: 4 * time.Second, Congestion: "cubic"}
	udp   = func(rate report.BitRate) iperf.ClientSettings {
		return iperf.ClientSettings{Time: 4 * time.Second, Protocol: report.ProtocolUDP, Rate: rate}
	}
	tcpRate = func(rate report.BitRate) iperf.ClientSettings {
		return iperf.ClientSettings{Time: 4 * time.Second, Rate: rate}
	}
)

var bottlenecks = []bottleneck{
	{name: "router of 20 Mbit/s", build: router("20mbit", testbed.DeepQueue), client: tcp4s, want: iperf.LimitPath, quick: true},
	{name: "router of 20 Mbit/s, short queue", build: router("20mbit", testbed.ShallowQueue), client: tcp4s, want: iperf.LimitPath, quick: true},
	{name: "router of 20 Mbit/s, far", build: all(router("20mbit", testbed.DeepQueue), far), client: tcp4s, want: iperf.LimitPath, quick: true},
	{name: "router of 20 Mbit/s, cubic", build: router("20mbit", testbed.DeepQueue), client: cubic, want: iperf.LimitPath, quick: true},
	{name: "router of 20 Mbit/s, four streams", build: router("20mbit", testbed.DeepQueue), client: iperf.ClientSettings{Time: 4 * time.Second, Parallel: 4}, want: iperf.LimitPath},
	{name: "router of 20 Mbit/s, iperf 2", build: router("20mbit", testbed.DeepQueue), program: "iperf", client: tcp4s, want: iperf.LimitPath, quick: true},
	{name: "router of 20 Mbit/s, reverse", build: router("20mbit", testbed.DeepQueue),
		client: iperf.ClientSettings{Time: 4 * time.Second, Reverse: true}, want: iperf.LimitPath},
	{name: "router of 100 Mbit/s", build: router("100mbit", testbed.DeepQueue), client: tcp4s, want: iperf.LimitPath},
	{name: "router of 300 Mbit/s", build: router("300mbit", testbed.DeepQueue), client: tcp4s, want: iperf.LimitPath},
	{name: "own device of 20 Mbit/s", build: own("20mbit", testbed.DeepQueue), client: tcp4s, want: iperf.LimitPath, quick: true},
	{name: "own device of 100 Mbit/s", build: own("100mbit", testbed.ShallowQueue), client: tcp4s, want: iperf.LimitPath},
	{name: "own device of 300 Mbit/s", build: own("300mbit", testbed.DeepQueue), client: tcp4s, want: iperf.LimitPath},
	{name: "receive window of 16 KB, far", build: all(far, receiveWindow("16384")), client: tcp4s, want: iperf.LimitReceiveWindow, quick: true},
	{name: "receive window behind a full router", build: all(router("20mbit", testbed.DeepQueue), far, receiveWindow("524288")), client: tcp4s, want: iperf.LimitPath, quick: true},
	{name: "send buffer of 8 KB, far", build: all(far, sendBuffer("8192")), client: tcp4s, want: iperf.LimitSendBuffer, quick: true},
	{name: "send buffer behind a full router", build: all(router("20mbit", testbed.DeepQueue), far, sendBuffer("524288")), client: tcp4s, want: iperf.LimitPath, quick: true},
	{name: "send buffer of 8 KB by iperf 2 -w, far", build: far, program: "iperf", client: iperf.ClientSettings{Time: 4 * time.Second, Window: 8 << 10}, want: iperf.LimitSendBuffer},
	{name: "rate below the path", build: router("20mbit", testbed.DeepQueue), client: tcpRate(5 * report.MbitPerSecond), want: iperf.LimitPace, quick: true},
	{name: "rate above the path", build: router("20mbit", testbed.DeepQueue), client: tcpRate(50 * report.MbitPerSecond), want: iperf.LimitPath, quick: true},
	{name: "loss of one in a hundred, cubic", build: all(far, loses(.01)), client: cubic, want: iperf.LimitLoss, quick: true},
	{name: "loss of one in twenty, cubic", build: all(far, loses(.05)), client: cubic, want: iperf.LimitLoss, quick: true},
	{name: "sender's quota", build: quota(0, 20), client: tcp4s, want: iperf.LimitSenderCPU},
	{name: "receiver's quota", build: quota(1, 20), client: tcp4s, want: iperf.LimitReceiverCPU},
	{name: "busy core beside the sender", build: besides(0), client: tcp4s, want: iperf.LimitSenderCPU},
	{name: "busy core beside the receiver", build: besides(1), client: tcp4s, want: iperf.LimitReceiverCPU},
	{name: "UDP below the path", build: router("20mbit", testbed.ShallowQueue), client: udp(5 * report.MbitPerSecond), want: iperf.LimitPace, quick: true},
	{name: "UDP above the path", build: router("20mbit", testbed.ShallowQueue), client: udp(50 * report.MbitPerSecond), want: iperf.LimitPath, quick: true},
	{name: "UDP above the own device", build: own("20mbit", testbed.DeepQueue), client: udp(50 * report.MbitPerSecond), want: iperf.LimitPath, quick: true},
	{name: "UDP receiver's buffer", build: func(t *testing.T, p *testbed.Path, _ *[2]string) {
		p.Server.Sysctl(t, "net.ipv4.udp_rmem_min=4096")
	}, client: iperf.ClientSettings{Time: 4 * time.Second, Protocol: report.ProtocolUDP, Rate: 400 * report.MbitPerSecond, Window: 8 << 10}, want: iperf.LimitReceiveBuffer},
	{name: "UDP receiver's quota", build: quota(1, 6), client: udp(400 * report.MbitPerSecond), want: iperf.LimitReceiverCPU},
	{name: "test of 0.2 s, far", build: far, program: "iperf", client: iperf.ClientSettings{Time: 200 * time.Millisecond, Interval: 100 * time.Millisecond}, want: iperf.LimitShort, quick: true},
}

// limitsFile holds the table of the bottlenecks as they came out when all of them were tried.
const limitsFile = "testdata/limits.md"

// TestLimits runs into each bottleneck. With TUNA_LIMITS=full it has all of them, one at a time,
// and writes limitsFile. Otherwise it has those that leave most of the processor alone, several at
// a time.
func TestLimits(t *testing.T) {
	t.Parallel()
	testbed.Need(t, "iperf", "iperf3", "ss", "tc", "ethtool")
	full := os.Getenv("TUNA_LIMITS") == "full"
	var named, unknown atomic.Int64
	found := map[string]*iperf.Result{}
	t.Run("each", func(t *testing.T) {
		for _, b := range bottlenecks {
			if !full && !b.quick {
				continue
			}
			t.Run(b.name, func(t *testing.T) {
				if !full {
					t.Parallel()
				}
				p := testbed.NewPath(t)
				srv := testbed.StartSSHD(t, testbed.SSHDConfig{})
				var ends [2]string
				b.build(t, p, &ends)
				client, server := p.Client, p.Server
				client.Prefix, server.Prefix = ends[0]+client.Prefix, ends[1]+server.Prefix
				x := iperf.Iperf{
					ClientServer: iperf.Hosts{DUT: dial(t, srv, client), TrafficServer: dial(t, srv, server)},
					Program:      b.program, Client: b.client, Server: b.server,
				}
				res, err := x.Upstream(t.Context(), "")
				if err != nil {
					t.Fatalf("%+v", err)
				}
				t.Logf("%v: %v\n%s", res.Bandwidth, res.Limit, strings.Join(figures(res.Limit), "\n"))
				if full {
					found[b.name] = res
				}
				switch res.Limit.Kind {
				case b.want:
					named.Add(1)
				case iperf.LimitUnknown:
					unknown.Add(1)
				default:
					t.Errorf("limited by %v, want %v", res.Limit, b.want)
				}
			})
		}
	})
	if n, u := named.Load(), unknown.Load(); n < 4*u {
		t.Errorf("%d limits named and %d unknown; want four of five named", n, u)
	}
	if full && len(found) == len(bottlenecks) {
		if err := os.WriteFile(limitsFile, []byte(limitsTable(found)), 0o666); err != nil {
			t.Error(err)
		}
	}
}

// limitsTable returns the table of all bottlenecks in Markdown.
func limitsTable(found map[string]*iperf.Result) string {
	var b strings.Builder
	b.WriteString("| bottleneck | limit | bandwidth | what the run said |\n|---|---|---:|---|\n")
	for _, n := range bottlenecks {
		if res := found[n.name]; res != nil {
			fmt.Fprintf(&b, "| %s | %v | %v | %v |\n", n.name, n.want, res.Bandwidth, res.Limit)
		}
	}
	return b.String()
}

func figures(l iperf.Limit) (lines []string) {
	for _, f := range l.Evidence {
		lines = append(lines, f.String())
	}
	return lines
}
