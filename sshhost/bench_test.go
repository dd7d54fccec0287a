package sshhost_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// each reports the median time that run takes, in milliseconds: a mean tells more of the machine's other work.
func each(b *testing.B, run func() error) {
	var took []time.Duration
	for b.Loop() {
		began := time.Now()
		if err := run(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1e3, "median-ms")
	b.ReportMetric(took[len(took)*9/10].Seconds()*1e3, "p90-ms")
}

// BenchmarkRun runs one bare command on a connected host over loopback: the way Run does it; in an SSH session of its own
// on the same connection; and with OpenSSH's client, which connects each time. On the slow hosts the login shell takes
// 150 ms.
func BenchmarkRun(b *testing.B) {
	for _, server := range []struct {
		name  string
		start func(testbed.Login) *testbed.SSHServer
	}{
		{"openssh", func(l testbed.Login) *testbed.SSHServer {
			return testbed.StartSSHD(b, testbed.SSHDConfig{Login: l})
		}},
		{"dropbear", func(l testbed.Login) *testbed.SSHServer {
			return testbed.StartDropbear(b, testbed.DropbearConfig{Login: l})
		}},
	} {
		for _, login := range []struct {
			name  string
			delay time.Duration
		}{{"", 0}, {"-slow", 150 * time.Millisecond}} {
			s := server.start(testbed.Login{Delay: login.delay})
			host := dial(b, config(s))
			plain := config(s)
			plain.Plain = true
			cold := dial(b, plain)
			at, port, _ := strings.Cut(s.Addr, ":")
			b.Run(server.name+login.name+"/warm", func(b *testing.B) {
				each(b, func() error { return host.Run(b.Context(), "true", nil, nil) })
			})
			b.Run(server.name+login.name+"/program", func(b *testing.B) {
				each(b, func() error { return host.Run(b.Context(), "/bin/true", nil, nil) })
			})
			b.Run(server.name+login.name+"/session", func(b *testing.B) {
				each(b, func() error { return cold.Run(b.Context(), "/bin/true", nil, nil) })
			})
			b.Run(server.name+login.name+"/ssh", func(b *testing.B) {
				each(b, func() error {
					return exec.Command("ssh", "-F", "none", "-i", s.KeyFile, "-o", "UserKnownHostsFile="+s.KnownHosts,
						"-o", "IdentitiesOnly=yes", "-p", port, "-l", s.User, at, "/bin/true").Run()
				})
			})
		}
	}
	b.Run("local", func(b *testing.B) {
		each(b, func() error { return (sshhost.Local{}).Run(b.Context(), "/bin/true", nil, nil) })
	})
}
