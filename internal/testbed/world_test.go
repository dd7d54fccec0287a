package testbed

import (
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestWorldBreaksAndMends(t *testing.T) {
	Need(t, "iptables", "ssh", "iperf3")
	for _, kind := range []string{"openssh", "dropbear"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			m := NewWorld(t, kind, "100mbit").Server
			other := m.StartForeign(t, 5201, "iperf3", "-s")
			reached := func() error {
				host, port, _ := strings.Cut(m.SSH.Addr, ":")
				return exec.Command("ssh", "-F", "none", "-i", m.SSH.KeyFile, "-o", "UserKnownHostsFile="+m.SSH.KnownHosts, "-o", "BatchMode=yes",
					"-o", "ConnectTimeout=1", "-p", port, "-l", m.SSH.User, host, "true").Run()
			}
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			must(reached())
			for name, try := range map[string]struct{ broken, mended func() error }{
				"firewall":   {m.DropControl, m.PassControl},
				"link down":  {func() error { return m.SetControl("down") }, func() error { return m.SetControl("up") }},
				"no service": {m.EndSSH, func() error { m.SSH.Start(); return nil }},
			} {
				must(try.broken())
				if reached() == nil {
					t.Errorf("%s: the machine is reached", name)
				}
				must(try.mended())
				// A link that has just come up may lose the first packets.
				err := reached()
				for late := time.Now().Add(20 * time.Second); err != nil && time.Now().Before(late); {
					err = reached()
				}
				must(err)
			}

			session := exec.Command("ssh", "-F", "none", "-i", m.SSH.KeyFile, "-o", "UserKnownHostsFile="+m.SSH.KnownHosts, "-o", "BatchMode=yes",
				"-p", m.SSH.Addr[strings.LastIndex(m.SSH.Addr, ":")+1:], "-l", m.SSH.User, m.SSH.Addr[:strings.LastIndex(m.SSH.Addr, ":")], "sleep 60; true")
			must(session.Start())
			defer func() {
				session.Process.Kill() // the sleep may have survived its shell and keep the session open
				session.Wait()
			}()
			for m.EndShells(syscall.SIGKILL) != nil {
				if t.Context().Err() != nil {
					t.Fatal("no session")
				}
				time.Sleep(time.Millisecond)
			}
			for _, p := range m.Processes() {
				if p.PID == other.Process.Pid && p.IsIperf() && !p.Marked {
					return
				}
			}
			t.Errorf("processes: %v; want somebody's iperf among them", m.Processes())
		})
	}
}
