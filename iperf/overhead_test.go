package iperf_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/shquote"
	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
)

// BenchmarkOverhead measures what a run takes beside the iperf client's own time, on hosts that are connected: two
// connections to an SSH server on loopback, at once and with longer ways (the round-trip time is the benchmark's name). The
// median is overhead-ms. What it grows by with each round trip, by regression over the ways so far, is trips. The clock of
// the client's process is read by a bash around it, whose start counts as overhead.
//
// Where the way takes no time, bare-ms is what one bare command costs on such a host, script-ms what a shell script takes for
// the same run with two cold ssh calls, and script/overhead their ratio. One case has a login shell that takes 150 ms for
// its start-up file.
//
//	go test -run '^$' -bench Overhead -benchtime 7x ./iperf
func BenchmarkOverhead(b *testing.B) {
	testbed.Need(b, "iperf", "iperf3", "ssh", "bash")
	here, ways := testbed.Netns{Addr: "127.0.0.1"}, testbed.Ways
	for _, test := range []struct {
		name, program string
		protocol      report.Protocol
		login         testbed.Login
		ways          []time.Duration
	}{
		{"iperf3", "iperf3", report.ProtocolTCP, testbed.Login{}, ways},
		{"iperf", "iperf", report.ProtocolTCP, testbed.Login{}, ways},
		{"iperf UDP", "iperf", report.ProtocolUDP, testbed.Login{}, ways},
		{"slow login shell", "iperf3", report.ProtocolTCP, testbed.Login{Delay: 150 * time.Millisecond}, ways[:1]},
	} {
		b.Run(test.name, func(b *testing.B) {
			srv := testbed.StartSSHD(b, testbed.SSHDConfig{Login: test.login})
			var medians []time.Duration
			for i, way := range test.ways {
				b.Run(way.String(), func(b *testing.B) {
					near := srv
					if way > 0 {
						near = srv.Behind(b, way)
					}
					clock := filepath.Join(b.TempDir(), "clock")
					client, server := &clockedHost{Host: dial(b, near, here), file: clock}, dial(b, near, here)
					x := iperf.Iperf{
						ClientServer: iperf.Hosts{DUT: client, TrafficServer: server},
						Program:      test.program,
						Client:       iperf.ClientSettings{Protocol: test.protocol, Time: time.Second},
					}
					run := func(noPath bool) time.Duration {
						x.NoPath = noPath
						start := time.Now()
						if _, err := x.Upstream(b.Context(), ""); err != nil {
							b.Fatalf("%+v", err)
						}
						return time.Since(start) - clientTime(b, clock)
					}
					var overhead, untraced, bare []time.Duration
					for b.Loop() {
						overhead, untraced = append(overhead, run(false)), append(untraced, run(true))

						start := time.Now()
						if err := server.Run(b.Context(), "true", nil, nil); err != nil {
							b.Fatal(err)
						}
						bare = append(bare, time.Since(start))
					}
					b.ReportMetric(0, "ns/op")
					ms := testbed.Median(overhead).Seconds() * 1000
					b.ReportMetric(ms, "overhead-ms")
					b.ReportMetric(ms/(testbed.Median(untraced).Seconds()*1000), "overhead/untraced")
					if medians = append(medians, testbed.Median(overhead)); i > 0 && len(medians) == i+1 {
						b.ReportMetric(testbed.Slope(test.ways, medians), "trips")
					}
					if way > 0 || test.protocol == report.ProtocolUDP {
						return
					}
					var script []time.Duration
					for range 3 {
						script = append(script, scriptOverhead(b, srv, test.program, clock))
					}
					b.ReportMetric(testbed.Median(bare).Seconds()*1000, "bare-ms")
					b.ReportMetric(testbed.Median(script).Seconds()*1000, "script-ms")
					b.ReportMetric(testbed.Median(script).Seconds()*1000/ms, "script/overhead")
				})
			}
		})
	}
}

// A clockedHost writes the start and the end of each iperf client's process to a file.
type clockedHost struct {
	*sshhost.Host
	file string
}

const clockScript = `s=$EPOCHREALTIME; "${@:2}"; r=$?; echo "$s $EPOCHREALTIME" >"$1"; exit $r`

func (h *clockedHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if before, client, ok := strings.Cut(command, "iperf"); ok && strings.Contains(client, " -c ") {
		command = before + shquote.Join([]string{"bash", "--norc", "-c", clockScript, "clock", h.file}) + " iperf" + client
	}
	return h.Host.Run(ctx, command, stdout, stderr)
}

func clientTime(tb testing.TB, file string) time.Duration {
	tb.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	var start, end float64
	if _, err := fmt.Sscan(string(text), &start, &end); err != nil {
		tb.Fatal(err)
	}
	return time.Duration((end - start) * 1e9)
}

// scriptOverhead is what the usual shell script takes beside the client's time: one ssh call that starts a server in
// the background, and one that runs the client.
func scriptOverhead(tb testing.TB, srv *testbed.SSHServer, program, clock string) time.Duration {
	tb.Helper()
	host, port, _ := strings.Cut(srv.Addr, ":")
	ssh := []string{"ssh", "-p", port, "-i", srv.KeyFile, "-o", "UserKnownHostsFile=" + srv.KnownHosts, "-o", "IdentitiesOnly=yes", "-F", "none", srv.User + "@" + host}
	server := map[string]string{"iperf3": "iperf3 -s -1 -D", "iperf": "iperf -s -P 1 >/dev/null 2>&1 &"}[program]
	start := time.Now()
	for _, command := range []string{server, shquote.Join([]string{"bash", "--norc", "-c", clockScript, "clock", clock, program, "-c", "127.0.0.1", "-t", "1"})} {
		if out, err := exec.Command(ssh[0], append(ssh[1:], command)...).CombinedOutput(); err != nil {
			tb.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	return time.Since(start) - clientTime(tb, clock)
}
