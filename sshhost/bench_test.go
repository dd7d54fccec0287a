package sshhost_test

import (
	"os/exec"
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
	b.ReportMetric(testbed.Median(took).Seconds()*1e3, "median-ms")
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
				each(b, func() error { return sshTrue(s).Run() })
			})
		}
	}
	b.Run("local", func(b *testing.B) {
		each(b, func() error { return (sshhost.Local{}).Run(b.Context(), "/bin/true", nil, nil) })
	})
}

// sshTrue returns a command that has OpenSSH's client run true on a server.
func sshTrue(s *testbed.SSHServer) *exec.Cmd {
	at, port, _ := strings.Cut(s.Addr, ":")
	return exec.Command("ssh", "-F", "none", "-i", s.KeyFile, "-o", "UserKnownHostsFile="+s.KnownHosts,
		"-o", "IdentitiesOnly=yes", "-p", port, "-l", s.User, at, "/bin/true")
}

// BenchmarkDial measures what it takes until a command can be run, and beside it OpenSSH's client with a command, over ways
// of several round-trip times, which are the benchmark's names. What the medians grow by with each round trip, over the ways
// so far, is trips.
//
//	go test -run '^$' -bench Dial -benchtime 7x ./sshhost
func BenchmarkDial(b *testing.B) {
	testbed.Need(b, "ssh")
	s := testbed.StartSSHD(b, testbed.SSHDConfig{})
	var dials, sshs []time.Duration
	for i, way := range testbed.Ways {
		b.Run(way.String(), func(b *testing.B) {
			near := s
			if way > 0 {
				near = s.Behind(b, way)
			}
			var dialled, called []time.Duration
			for b.Loop() {
				began := time.Now()
				host, err := sshhost.Dial(b.Context(), config(near))
				if err != nil {
					b.Fatal(err)
				}
				dialled = append(dialled, time.Since(began))
				host.Close()

				began = time.Now()
				if err := sshTrue(near).Run(); err != nil {
					b.Fatal(err)
				}
				called = append(called, time.Since(began))
			}
			dials, sshs = append(dials, testbed.Median(dialled)), append(sshs, testbed.Median(called))
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(dials[len(dials)-1].Seconds()*1e3, "dial-ms")
			b.ReportMetric(sshs[len(sshs)-1].Seconds()*1e3, "ssh-ms")
			if i > 0 && len(dials) == i+1 {
				b.ReportMetric(testbed.Slope(testbed.Ways, dials), "dial-trips")
				b.ReportMetric(testbed.Slope(testbed.Ways, sshs), "ssh-trips")
			}
		})
	}
}
