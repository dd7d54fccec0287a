package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestJumpThatFails has jump hosts that forbid forwarding, and some that allow it and do not reach the host.
func TestJumpThatFails(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	target := closed.Addr().String()
	openssh := func(extra ...string) func(t *testing.T) *testbed.SSHServer {
		return func(t *testing.T) *testbed.SSHServer { return testbed.StartSSHD(t, testbed.SSHDConfig{Extra: extra}) }
	}
	dropbear := func(args ...string) func(t *testing.T) *testbed.SSHServer {
		return func(t *testing.T) *testbed.SSHServer {
			return testbed.StartDropbear(t, testbed.DropbearConfig{Args: args})
		}
	}
	var g group
	defer g.Wait()
	for _, test := range []struct {
		name   string
		start  func(t *testing.T) *testbed.SSHServer
		target string
		forbid bool
		says   string
	}{
		{"openssh, no forwarding", openssh("AllowTcpForwarding no"), target, true, "JUMP forbids forwarding"},
		{"openssh, another target only", openssh("PermitOpen 127.0.0.1:1"), target, true, "JUMP forbids forwarding"},
		{"openssh, target refuses", openssh(), target, false, "Connection refused"},
		{"openssh, target unknown", openssh(), "no-such-host.invalid:22", false, "jump host JUMP does not reach it"},
		{"dropbear, no forwarding", dropbear("-j"), target, true, "JUMP forbids forwarding"},
		{"dropbear, target refuses", dropbear(), target, false, "jump host JUMP does not reach it"},
		{"tinyssh, which cannot", func(t *testing.T) *testbed.SSHServer { return testbed.StartTinySSH(t, testbed.Login{}) },
			target, true, "JUMP forbids forwarding"},
	} {
		g.Run(t, test.name, func(t *testing.T) {
			jump := config(test.start(t))
			c := jump
			c.Addr, c.Jump = test.target, &jump
			_, err := sshhost.Dial(t.Context(), c)
			checkError(t, err, sshhost.ErrUnreachable, test.target)
			if errors.Is(err, sshhost.ErrNoForwarding) != test.forbid {
				t.Errorf("got %v, want ErrNoForwarding: %v", err, test.forbid)
			}
			if says := strings.ReplaceAll(test.says, "JUMP", jump.Addr); err != nil && !strings.Contains(err.Error(), says) {
				t.Errorf("got %v, want %q in it", err, says)
			}
		})
	}
}

// TestNoExec has a server that lets the user in and refuses to run commands.
func TestNoExec(t *testing.T) {
	s := testbed.StartTinySSH(t, testbed.Login{}, "-e", "/bin/true")
	_, err := sshhost.Dial(t.Context(), config(s))
	checkError(t, err, sshhost.ErrNoExec, s.Addr)
	if !errors.Is(err, sshhost.ErrNoShell) {
		t.Errorf("got %v, want ErrNoShell too", err)
	}
	plain := config(s)
	plain.Plain = true
	err = dial(t, plain).Run(t.Context(), "true", nil, nil)
	checkError(t, err, sshhost.ErrNoExec, s.Addr)
}

// TestNoSFTP has servers without a program for SFTP. Dropbear's and OpenSSH's begin one that is not there.
func TestNoSFTP(t *testing.T) {
	for _, test := range []struct {
		name  string
		start func(t *testing.T) *testbed.SSHServer
	}{
		{"no program", func(t *testing.T) *testbed.SSHServer {
			return testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"Subsystem sftp /no/such/program"}})
		}},
		{"refused", func(t *testing.T) *testbed.SSHServer { return testbed.StartTinySSH(t, testbed.Login{}, "-v") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.start(t)
			h := dial(t, config(s))
			_, err := h.SFTP(t.Context())
			checkError(t, err, sshhost.ErrNoSFTP, s.Addr)
			for _, err := range []error{err, h.Upload(t.Context(), strings.NewReader("x"), "/x"), h.Download(t.Context(), "/x", io.Discard)} {
				checkError(t, err, sshhost.ErrNoSFTP, s.Addr)
				if err != nil && (!strings.Contains(err.Error(), "openssh-sftp-server") || strings.Contains(err.Error(), "EOF")) {
					t.Errorf("got %v, want advice and no EOF", err)
				}
			}
		})
	}
}

// TestNotDialled calls every method of Hosts that Dial has not made.
func TestNotDialled(t *testing.T) {
	ctx := t.Context()
	for name, h := range map[string]*sshhost.Host{"nil": nil, "zero": {}} {
		_, sftpErr := h.SFTP(ctx)
		var asRunner runner = h
		for method, err := range map[string]error{
			"Run": asRunner.Run(ctx, "true", nil, nil), "Upload": h.Upload(ctx, strings.NewReader(""), "x"),
			"Download": h.Download(ctx, "x", io.Discard), "SFTP": sftpErr, "Close": h.Close(),
		} {
			if !errors.Is(err, sshhost.ErrNotDialled) {
				t.Errorf("%s of a %s Host: got %v, want ErrNotDialled", method, name, err)
			}
		}
		if h.TestAddr() != "" || h.String() == "" {
			t.Errorf("a %s Host: got address %q and name %q, want none and one", name, h.TestAddr(), h.String())
		}
	}
}

func TestAddresses(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{Addr: "::1"})
	_, port, _ := net.SplitHostPort(s.Addr)
	s4 := testbed.StartSSHD(t, testbed.SSHDConfig{})
	_, port4, _ := net.SplitHostPort(s4.Addr)
	for _, test := range []struct {
		name           string
		server         *testbed.SSHServer
		addr, testAddr string
		family, bind   string
		want, str, err string
	}{
		{name: "IPv6", server: s, addr: "[::1]:" + port, want: "::1", str: "[::1]:" + port},
		{name: "IPv6 only", server: s, addr: "[::1]:" + port, family: "inet6", want: "::1", str: "[::1]:" + port},
		{name: "capital letters", server: s, addr: "[0:0:0:0:0:0:0:1]:" + port, testAddr: "FE80::1%eth0", want: "FE80::1%eth0", str: "[0:0:0:0:0:0:0:1]:" + port},
		{name: "IPv4 in IPv6", server: s4, addr: "[::ffff:127.0.0.1]:" + port4, want: "::ffff:127.0.0.1", str: "[::ffff:127.0.0.1]:" + port4},
		{name: "bind", server: s4, addr: "127.0.0.1:" + port4, bind: "127.0.0.2", want: "127.0.0.1", str: "127.0.0.1:" + port4},
		{name: "TestAddr in brackets", server: s, addr: "[::1]:" + port, testAddr: "[2001:db8::1]", want: "2001:db8::1", str: "[::1]:" + port},
		{name: "other family", addr: "[::1]:" + port, family: "inet", err: "no suitable address"},
		{name: "no family", addr: "[::1]:" + port, family: "ipv6", err: `AddressFamily "ipv6"`},
		{name: "bind to another's address", addr: "127.0.0.1:" + port4, bind: "192.0.2.1", err: "cannot assign"},
		{name: "TestAddr with a port", addr: "[::1]:" + port, testAddr: "[2001:db8::1]:5201", err: `TestAddr: "[2001:db8::1]:5201"`},
		{name: "TestAddr with a port, IPv4", addr: "[::1]:" + port, testAddr: "192.0.2.1:5201", err: `TestAddr: "192.0.2.1:5201"`},
		{name: "TestAddr that is an option", addr: "[::1]:" + port, testAddr: "-R", err: `TestAddr: "-R"`},
		{name: "open bracket", addr: "[::1", err: `"[::1"`},
		{name: "no address", addr: "a:b:c", err: `"a:b:c"`},
		{name: "no port", addr: "host:99999", err: `"99999" is no port`},
		{name: "empty", addr: "", err: "has no host"},
		{name: "port alone", addr: ":22", err: "has no host"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := config(s4)
			if test.server != nil {
				c = config(test.server)
				c.HostKeyAlias, c.KnownHosts = "testbed", knownAs(t, test.server, "testbed")
			}
			c.Addr, c.TestAddr, c.AddressFamily, c.BindAddress = test.addr, test.testAddr, test.family, test.bind
			h, err := sshhost.Dial(t.Context(), c)
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want an error about %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			defer h.Close()
			var from strings.Builder
			if err := h.Run(t.Context(), `echo "${SSH_CONNECTION%% *}"`, &from, nil); err != nil {
				t.Error(err)
			}
			if got := strings.TrimSpace(from.String()); test.bind != "" && got != test.bind {
				t.Errorf("the connection comes from %s, want %s", got, test.bind)
			}
			if h.TestAddr() != test.want || h.String() != c.User+"@"+test.str {
				t.Errorf("got %s and %s, want %s and %s", h.TestAddr(), h, test.want, test.str)
			}
		})
	}
}

// knownAs returns a known_hosts file that holds the keys of s under another name.
func knownAs(t *testing.T, s *testbed.SSHServer, name string) []string {
	t.Helper()
	text, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		_, key, _ := strings.Cut(line, " ")
		b.WriteString(name + " " + key)
	}
	return []string{writeFile(t, b.String())}
}

// TestLinkLocal connects to an address with a zone, between hosts that have no other.
func TestLinkLocal(t *testing.T) {
	testbed.NeedRoot(t)
	l := testbed.NewLink(t, "", "")
	for n, suffix := range map[testbed.Netns]string{l.A: "1", l.B: "2"} {
		n.Command(t, "ip", "addr", "flush", "dev", n.Dev)
		n.Command(t, "ip", "addr", "add", "fe80::"+suffix+"/64", "dev", n.Dev, "nodad")
	}
	s := testbed.StartSSHD(t, testbed.SSHDConfig{Addr: "::", Prefix: strings.Fields(l.B.Prefix)})
	_, port, _ := net.SplitHostPort(s.Addr)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	addr := "[fe80::2%" + l.A.Dev + "]:" + port
	c := exec.CommandContext(t.Context(), "ip", "netns", "exec", l.A.Name, self)
	c.Env = append(os.Environ(), holdEnv+"=exit 7", "TUNA_TEST_ADDR="+addr, "TUNA_TEST_USER="+s.User, "TUNA_TEST_KEY="+s.KeyFile,
		"TUNA_TEST_KNOWN="+knownAs(t, s, addr)[0])
	out, _ := c.CombinedOutput()
	if got, want := string(out), s.User+"@"+addr+": exit status 7"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDialKeepsToItsContext has files that nobody writes to, as on a file system that hangs.
func TestDialKeepsToItsContext(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	pipe := filepath.Join(t.TempDir(), "pipe")
	testbed.Command(t, "mkfifo", pipe)
	t.Cleanup(func() { // ends the reads that were left behind
		if f, err := os.OpenFile(pipe, os.O_RDWR, 0); err == nil {
			f.Close()
		}
	})
	certificate := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(certificate, s.Key, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{certificate + "-cert.pub", pipe + ".pub"} {
		if err := os.Symlink(pipe, link); err != nil {
			t.Fatal(err)
		}
	}
	var g group
	defer g.Wait()
	for name, change := range map[string]func(*sshhost.Config){
		"key":                  func(c *sshhost.Config) { c.KeyFiles = []string{pipe} },
		"key, then a good one": func(c *sshhost.Config) { c.KeyFiles = append([]string{pipe}, c.KeyFiles...) },
		"certificate":          func(c *sshhost.Config) { c.CertificateFiles = []string{pipe} },
		"certificate of a key": func(c *sshhost.Config) { c.KeyFiles = []string{certificate} },
		"known_hosts":          func(c *sshhost.Config) { c.KnownHosts = append(c.KnownHosts, pipe) },
		"revoked keys":         func(c *sshhost.Config) { c.RevokedHostKeys = pipe },
		"key of the agent": func(c *sshhost.Config) {
			private, _ := newSigner(t)
			c.Agent, c.IdentitiesOnly, c.KeyFiles = startAgent(t, private), true, []string{certificate, pipe + ".pub"}
		},
		"on the way": func(c *sshhost.Config) {
			jump := *c
			jump.KeyFiles, c.Jump = []string{pipe}, &jump
		},
	} {
		for _, ends := range []error{context.DeadlineExceeded, sshhost.ErrTimeout} {
			g.Run(t, fmt.Sprintf("%s/%v", name, ends), func(t *testing.T) {
				c := config(s)
				change(&c)
				ctx := t.Context()
				if ends == sshhost.ErrTimeout {
					c.Timeout = 200 * time.Millisecond
					if c.Jump != nil {
						c.Jump.Timeout = c.Timeout
					}
				} else {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, 200*time.Millisecond)
					defer cancel()
				}
				_, err := sshhost.Dial(ctx, c)
				checkError(t, err, ends, s.Addr)
				if err != nil && (errors.Is(err, sshhost.ErrAuth) || errors.Is(err, sshhost.ErrHostKey)) {
					t.Errorf("got %v, which is of no such kind", err)
				}
			})
		}
	}
}
