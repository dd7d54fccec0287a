package iperf_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/shquote"
	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
)

// BenchmarkOverhead measures what a run takes beside the iperf client's own time, on hosts that are connected: two
// connections to an SSH server on loopback. Beside the median it reports what one bare command costs on such a host
// (bare-ms), what a shell script takes for the same with two cold ssh calls (script-ms), and the ratio of the two.
// The clock of the client's process is read by a bash around it, whose start counts as overhead. The third case has a
// login shell that takes 150 ms for its start-up file.
//
//	go test -run '^$' -bench Overhead -benchtime 11x ./iperf
func BenchmarkOverhead(b *testing.B) {
	testbed.Need(b, "iperf", "iperf3", "ssh", "bash")
	here := testbed.Netns{Addr: "127.0.0.1"}
	for _, test := range []struct {
		name, program string
		login         testbed.Login
	}{{"iperf3", "iperf3", testbed.Login{}}, {"iperf", "iperf", testbed.Login{}}, {"slow login shell", "iperf3", testbed.Login{Delay: 150 * time.Millisecond}}} {
		b.Run(test.name, func(b *testing.B) {
			program := test.program
			srv := testbed.StartSSHD(b, testbed.SSHDConfig{Login: test.login})
			clock := filepath.Join(b.TempDir(), "clock")
			client := &clockedHost{HostSSH: dial(b, srv, here), file: clock}
			server := dial(b, srv, here)
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: client, TrafficServer: server},
				Program:      program,
				Client:       iperf.ClientSettings{Time: time.Second},
			}
			var overhead, script, bare []time.Duration
			for b.Loop() {
				start := time.Now()
				if _, err := x.Upstream(b.Context(), ""); err != nil {
					b.Fatalf("%+v", err)
				}
				overhead = append(overhead, time.Since(start)-clientTime(b, clock))

				start = time.Now()
				if err := server.Run(b.Context(), "true", nil, nil); err != nil {
					b.Fatal(err)
				}
				bare = append(bare, time.Since(start))
			}
			for range 3 {
				script = append(script, scriptOverhead(b, srv, program, clock))
			}
			ms := func(d []time.Duration) float64 {
				slices.Sort(d)
				return d[len(d)/2].Seconds() * 1000
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(ms(overhead), "overhead-ms")
			b.ReportMetric(ms(bare), "bare-ms")
			b.ReportMetric(ms(script), "script-ms")
			b.ReportMetric(ms(script)/ms(overhead), "script/overhead")
		})
	}
}

// A clockedHost writes the start and the end of each iperf client's process to a file.
type clockedHost struct {
	iperf.HostSSH
	file string
}

const clockScript = `s=$EPOCHREALTIME; "${@:2}"; r=$?; echo "$s $EPOCHREALTIME" >"$1"; exit $r`

func (h *clockedHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if strings.Contains(command, " -c ") {
		command = shquote.Join([]string{"bash", "--norc", "-c", clockScript, "clock", h.file}) + " " + command
	}
	return h.HostSSH.Run(ctx, command, stdout, stderr)
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
