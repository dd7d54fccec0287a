package testbed

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// ssh runs a command on s with OpenSSH's client, which is no code of ours.
func ssh(t *testing.T, s *SSHServer, command string) string {
	t.Helper()
	host, port, _ := strings.Cut(s.Addr, ":")
	return Command(t, "ssh", "-F", "none", "-i", s.KeyFile, "-o", "UserKnownHostsFile="+s.KnownHosts, "-o", "BatchMode=yes",
		"-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes", "-p", port, "-l", s.User, host, command)
}

func TestServersLetTheirUserIn(t *testing.T) {
	Need(t, "ssh")
	for name, start := range map[string]func(*testing.T, Login) *SSHServer{
		"openssh":  func(t *testing.T, l Login) *SSHServer { return StartSSHD(t, SSHDConfig{Login: l}) },
		"dropbear": func(t *testing.T, l Login) *SSHServer { return StartDropbear(t, DropbearConfig{Login: l}) },
		"tinyssh":  func(t *testing.T, l Login) *SSHServer { return StartTinySSH(t, l) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, Login{})
			if got := ssh(t, s, `echo "$HOME"`); got != s.home+"\n" {
				t.Errorf("HOME: got %q, want %s", got, s.home)
			}
			addr, pid := s.Addr, s.PID
			s.Stop()
			if err := Signal(pid, 0); err == nil {
				t.Error("the server lives on after Stop")
			}
			s.Start()
			if s.Addr != addr {
				t.Errorf("address after a new start: got %s, want %s", s.Addr, addr)
			}
			ssh(t, s, "true")
		})
		if name != "tinyssh" { // it does not set SSH_CLIENT, without which bash reads no start-up file
			t.Run(name+"/slow", func(t *testing.T) {
				t.Parallel()
				NeedRoot(t)
				s := start(t, Login{Delay: 300 * time.Millisecond})
				began := time.Now()
				ssh(t, s, "true")
				if took := time.Since(began); took < 300*time.Millisecond {
					t.Errorf("a login took %v, want at least 300 ms", took)
				}
			})
		}
		t.Run(name+"/shell", func(t *testing.T) {
			t.Parallel()
			NeedRoot(t)
			s := start(t, Login{Shell: "/bin/sh"})
			if got := ssh(t, s, `echo "$SHELL"`); got != "/bin/sh\n" {
				t.Errorf("login shell: got %q, want /bin/sh", got)
			}
		})
	}
}

func TestServerInNamespace(t *testing.T) {
	l := NewLink(t, "", "")
	Need(t, "ssh")
	s := StartSSHD(t, SSHDConfig{Addr: l.B.Addr, Prefix: strings.Fields(l.B.Prefix)})
	out, err := exec.Command("ip", "netns", "exec", l.A.Name, "ssh", "-F", "none", "-i", s.KeyFile,
		"-o", "UserKnownHostsFile="+s.KnownHosts, "-o", "BatchMode=yes", "-p", s.Addr[strings.LastIndex(s.Addr, ":")+1:],
		"-l", s.User, l.B.Addr, "ip", "-4", "addr").CombinedOutput()
	if err != nil || !strings.Contains(string(out), l.B.Addr) {
		t.Errorf("addresses seen in a session: got %s (%v), want %s among them", out, err, l.B.Addr)
	}
}

// TestServerBehindALongWay logs in, which takes at least five round trips: TCP's and SSH's handshakes, a key that is asked for
// and used, a session, and its command.
func TestServerBehindALongWay(t *testing.T) {
	Need(t, "ssh")
	s := StartSSHD(t, SSHDConfig{})
	const way = 100 * time.Millisecond
	far := s.Behind(t, way)
	began := time.Now()
	if got := ssh(t, far, "seq 100000 | tail -n 1; seq 100000"); !strings.HasPrefix(got, "100000\n1\n") || !strings.HasSuffix(got, "\n100000\n") {
		t.Errorf("got %d bytes, want what seq prints", len(got))
	}
	if took := time.Since(began); took < 5*way {
		t.Errorf("a login took %v, want at least five round trips of %v", took, way)
	}
}
