package testbed

import (
	"path/filepath"
	"strings"
	"testing"
)

// StartTinySSH does with tinysshd what StartSSHD does with OpenSSH. tinysshd serves one connection, so it runs under
// tcpserver. It allows one session per connection, knows no global requests and takes the keys that may log in from the
// user's home only, so it needs root. Without args it has OpenSSH's SFTP server.
func StartTinySSH(tb testing.TB, login Login, args ...string) *SSHServer {
	tb.Helper()
	Need(tb, "tinysshd", "tinysshd-makekey", "tinysshd-printkey", "tcpserver", "ssh-keygen")
	NeedRoot(tb)
	if login.Delay > 0 || login.Talk != "" {
		tb.Fatal("tinysshd sets no SSH_CLIENT, so bash reads no start-up file, and there is no Delay or Talk")
	}
	login.passwd, login.strict = true, true
	s := newSSHServer(tb, "", nil, login)
	s.writeHome(".ssh/authorized_keys", s.clientPublic+"\n")
	keys := filepath.Join(s.dir, "keys")
	Command(tb, "tinysshd-makekey", keys)
	s.hostPublic = append(s.hostPublic, strings.TrimSpace(Command(tb, "tinysshd-printkey", keys)))
	if args == nil {
		args = []string{"-x", "sftp=/usr/lib/openssh/sftp-server"}
	}
	s.command = func(port string) []string {
		argv := []string{"tcpserver", "-H", "-R", "-D", "-l", "localhost", "-c", "200", s.host, port, "tinysshd", "-v"}
		return append(append(argv, args...), keys)
	}
	s.Start()
	return s
}
