package testbed

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// SSHDConfig says how StartSSHD sets up its server. The zero value is a server on 127.0.0.1 with OpenSSH's defaults.
type SSHDConfig struct {
	Addr   string   // the IP address to listen on; empty: 127.0.0.1
	Extra  []string // further lines of sshd_config, such as "MaxSessions 2"; the first line that sets an option counts
	Prefix []string // a command to run the server under, such as ip netns exec X; it must exec the server
	Login  Login
}

// StartSSHD starts OpenSSH's server with keys and a configuration of its own, for the user that the test runs as, and
// returns when it listens. It ends, with all of its sessions, when the test does. Nothing of the user's own set-up is
// read: HOME is a directory made for the test.
func StartSSHD(tb testing.TB, c SSHDConfig) *SSHServer {
	tb.Helper()
	Need(tb, "ssh-keygen")
	sshd := "/usr/sbin/sshd" // often not on PATH, and it starts itself anew by its absolute name
	if p, err := exec.LookPath("sshd"); err == nil {
		sshd = p
	}
	Need(tb, sshd)
	s := newSSHServer(tb, c.Addr, c.Prefix, c.Login)
	if os.Geteuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil { // it wants to confine its children there
			tb.Fatal(err)
		}
	}
	lines := append(c.Extra,
		"AuthorizedKeysFile "+s.write("authorized_keys", s.clientPublic+"\n"),
		"PermitRootLogin yes",
		"PasswordAuthentication no",
		"KbdInteractiveAuthentication no",
		"UsePAM no",
		"StrictModes no",
		"PidFile none",
		"UseDNS no",
		"SetEnv HOME="+s.home,
		"LogLevel VERBOSE",
	)
	if !slices.ContainsFunc(c.Extra, func(line string) bool { return strings.HasPrefix(line, "Subsystem sftp ") }) {
		lines = append(lines, "Subsystem sftp internal-sftp") // which may stand there once
	}
	// Of this one the last line counts.
	if !slices.ContainsFunc(c.Extra, func(line string) bool { return strings.HasPrefix(line, "MaxStartups ") }) {
		lines = append(lines, "MaxStartups 200")
	}
	for _, k := range openSSHKeys(tb) {
		lines = append(lines, "HostKey "+s.write("host_"+k.kind, k.private))
		s.hostPublic = append(s.hostPublic, k.public)
	}
	config := s.write("sshd_config", strings.Join(lines, "\n")+"\n")
	s.command = func(port string) []string {
		return []string{sshd, "-D", "-e", "-f", config, "-o", "ListenAddress=" + s.listen(port)}
	}
	s.Start()
	return s
}

// An sshKey is a key pair as ssh-keygen writes it.
type sshKey struct{ kind, private, public string }

// keys are made once for each test binary: an RSA key takes long to find.
var (
	keysMu sync.Mutex
	keys   []sshKey
)

// openSSHKeys returns a host key of every usual type. The client's key is clientKey.
func openSSHKeys(tb testing.TB) []sshKey {
	tb.Helper()
	keysMu.Lock()
	defer keysMu.Unlock()
	if keys == nil {
		for _, kind := range []string{"ed25519", "ecdsa", "rsa"} {
			keys = append(keys, newKey(tb, kind))
		}
	}
	return keys
}

func newKey(tb testing.TB, kind string) sshKey {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), kind)
	Command(tb, "ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "testbed", "-f", file)
	return sshKey{kind, readFile(tb, file), strings.TrimSpace(readFile(tb, file+".pub"))}
}
