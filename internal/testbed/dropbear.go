package testbed

import (
	"path/filepath"
	"strings"
	"testing"
)

// DropbearConfig says how StartDropbear sets up its server.
type DropbearConfig struct {
	Addr   string   // the IP address to listen on; empty: 127.0.0.1
	Args   []string // further arguments, such as -K 5
	Prefix []string // a command to run the server under, such as ip netns exec X; it must exec the server
	Login  Login
}

// StartDropbear does with Dropbear what StartSSHD does with OpenSSH. Dropbear takes the keys that may log in from the
// user's home only, so it needs root, to give the server a password file of its own. It has no SFTP server itself.
func StartDropbear(tb testing.TB, c DropbearConfig) *SSHServer {
	tb.Helper()
	Need(tb, "dropbear", "dropbearkey", "ssh-keygen")
	NeedRoot(tb)
	c.Login.passwd = true
	s := newSSHServer(tb, c.Addr, c.Prefix, c.Login)
	s.writeHome(".ssh/authorized_keys", s.clientPublic+"\n")
	args := []string{"dropbear", "-F", "-E", "-m", "-s"}
	for _, kind := range []string{"ed25519", "ecdsa"} {
		file := filepath.Join(s.dir, "host_"+kind)
		s.hostPublic = append(s.hostPublic, dropbearKey(tb, kind, file))
		args = append(args, "-r", file)
	}
	args = append(args, c.Args...)
	s.command = func(port string) []string { return append(args[:len(args):len(args)], "-p", s.listen(port)) }
	s.Start()
	return s
}

// dropbearKey writes a new key of Dropbear's into file and returns its public half, as in known_hosts.
func dropbearKey(tb testing.TB, kind, file string) string {
	tb.Helper()
	Need(tb, "dropbearkey")
	for line := range strings.Lines(Command(tb, "dropbearkey", "-t", kind, "-f", file)) {
		if strings.HasPrefix(line, "ssh-") || strings.HasPrefix(line, "ecdsa-") {
			return strings.TrimSpace(line)
		}
	}
	tb.Fatal("dropbearkey prints no public key")
	return ""
}
