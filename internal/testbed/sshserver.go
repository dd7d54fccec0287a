package testbed

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Login is what a user meets who logs in to a test's SSH server.
type Login struct {
	Delay time.Duration // how long bash, as the login shell, takes over its start-up file
	Talk  string        // what bash, as the login shell, prints at its start, on both streams
	Shell string        // the login shell, by its absolute path; empty: the user's own. Another one needs root.

	passwd bool // the password file too must name the home directory
	strict bool // no parent of the home directory may be writable by others
}

// An SSHServer is the process of an SSH server that belongs to a test, and what is needed to log in to it.
type SSHServer struct {
	Addr       string // host:port
	User       string
	KeyFile    string // the user's private key, unencrypted
	Key        []byte // the same key, in PEM
	KnownHosts string // a known_hosts file that holds the server's keys
	PID        int    // of the process that listens

	tb           testing.TB
	dir, home    string // of the server's files; the user's home directory
	host         string
	wrap         []string // what the server is run under
	clientPublic string
	hostPublic   []string
	command      func(port string) []string
	log          *os.File
	exited       chan struct{} // closed when the process that listens has ended
}

func newSSHServer(tb testing.TB, host string, prefix []string, login Login) *SSHServer {
	tb.Helper()
	me, err := user.Current()
	if err != nil {
		tb.Fatal(err)
	}
	s := &SSHServer{tb: tb, User: me.Username, dir: tb.TempDir(), host: cmp.Or(host, "127.0.0.1"), wrap: prefix}
	s.home = filepath.Join(s.dir, "home")
	if login.strict {
		if s.home, err = os.MkdirTemp("/run", "tuna-test-"); err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { os.RemoveAll(s.home) })
	}
	if login.Delay > 0 || login.Talk != "" {
		login.Shell = cmp.Or(login.Shell, "/bin/bash")
		s.writeHome(".bashrc", fmt.Sprintf("sleep %g\necho '%s'\necho '%[2]s' >&2\n", login.Delay.Seconds(), login.Talk))
	}
	s.writeHome(".hushlogin", "")
	if login.Shell != "" || login.passwd {
		s.wrap = append(s.wrap, s.ownPasswd(me, login.Shell)...)
	}
	s.prepare()
	return s
}

// prepare makes the user's key and the log, and has the server end with the test.
func (s *SSHServer) prepare() {
	s.tb.Helper()
	k := newKey(s.tb, "ed25519")
	s.KeyFile, s.Key, s.clientPublic = s.write("id_ed25519", k.private), []byte(k.private), k.public
	var err error
	if s.log, err = os.Create(filepath.Join(s.dir, "log")); err != nil {
		s.tb.Fatal(err)
	}
	s.tb.Cleanup(func() {
		s.Stop()
		if s.tb.Failed() {
			s.tb.Logf("log of the SSH server on %s:\n%s", s.Addr, s.Log())
		}
		s.log.Close()
	})
}

// ownPasswd returns a command that runs the one after it with a password file in which the user has the test's home
// directory and, unless it is empty, the given login shell. Mounts that others make later are still seen there.
func (s *SSHServer) ownPasswd(me *user.User, shell string) []string {
	s.tb.Helper()
	NeedRoot(s.tb)
	Need(s.tb, "unshare", "mount")
	var b strings.Builder
	for line := range strings.Lines(readFile(s.tb, "/etc/passwd")) {
		if f := strings.Split(strings.TrimSpace(line), ":"); f[0] == me.Username && len(f) == 7 {
			f[5], f[6] = s.home, cmp.Or(shell, f[6])
			line = strings.Join(f, ":") + "\n"
		}
		b.WriteString(line)
	}
	return []string{"unshare", "--mount", "--propagation", "slave", "sh", "-c",
		`mount --bind "$0" /etc/passwd && exec "$@"`, s.write("passwd", b.String())}
}

// Start starts the server, after Stop on the address that it had.
func (s *SSHServer) Start() {
	s.tb.Helper()
	if s.Addr != "" {
		_, port, _ := net.SplitHostPort(s.Addr)
		if !s.start(port) {
			s.tb.Fatalf("the SSH server does not start again:\n%s", s.Log())
		}
		return
	}
	for range 10 { // somebody else may take a free port before the server does
		if port := freePort(s.tb); s.start(port) {
			s.Addr = s.listen(port)
			var b strings.Builder
			for _, k := range s.hostPublic {
				fmt.Fprintf(&b, "[%s]:%s %s\n", s.host, port, k)
			}
			s.KnownHosts = s.write("known_hosts", b.String())
			return
		}
	}
	s.tb.Fatalf("the SSH server does not start:\n%s", s.Log())
}

// start runs the server and reports whether it came to listen on port.
func (s *SSHServer) start(port string) bool {
	s.tb.Helper()
	argv := append(s.wrap[:len(s.wrap):len(s.wrap)], s.command(port)...)
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	if err := cmd.Start(); err != nil {
		s.tb.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		cmd.Wait()
	}()
	s.exited, s.PID = exited, cmd.Process.Pid
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	giveUp := time.After(20 * time.Second)
	for {
		select {
		case <-exited:
			s.PID = 0
			return false
		case <-giveUp:
			s.Stop()
			return false
		case <-tick.C:
			if listens(s.PID, port) {
				return true
			}
		}
	}
}

// Stop kills the server and all that its sessions have started, as happens on a host that loses its power.
func (s *SSHServer) Stop() {
	if s.PID == 0 {
		return
	}
	kill(append(Descendants(s.PID), s.PID)...)
	<-s.exited
	s.PID = 0
	// What was forked meanwhile, or has been a daemon, is known by the home directory that nobody else has.
	for left := withEnv("HOME=" + s.home); left != nil; left = withEnv("HOME=" + s.home) {
		kill(left...)
	}
}

// DenyLogins keeps everybody from logging in from now on. Who is logged in stays so.
func (s *SSHServer) DenyLogins() {
	s.tb.Helper()
	for _, dir := range []string{s.dir, filepath.Join(s.home, ".ssh")} {
		if err := os.Remove(filepath.Join(dir, "authorized_keys")); err != nil && !os.IsNotExist(err) {
			s.tb.Fatal(err)
		}
	}
}

// Log returns what the server has logged.
func (s *SSHServer) Log() string { return readFile(s.tb, s.log.Name()) }

func (s *SSHServer) listen(port string) string { return net.JoinHostPort(s.host, port) }

func (s *SSHServer) write(name, text string) string {
	s.tb.Helper()
	return s.writeFile(filepath.Join(s.dir, name), text)
}

func (s *SSHServer) writeHome(name, text string) {
	s.tb.Helper()
	s.writeFile(filepath.Join(s.home, name), text)
}

func (s *SSHServer) writeFile(file, text string) string {
	s.tb.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		s.tb.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		s.tb.Fatal(err)
	}
	return file
}
