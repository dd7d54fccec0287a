package sshhost

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os/user"
	"time"

	"golang.org/x/crypto/ssh"
)

// Config says how to reach a host and log in to it. Only Addr is required.
type Config struct {
	// Addr is the host's name or IP address, with or without a port. Without, the port is 22. An IPv6 address that has a
	// port stands in brackets.
	Addr string

	// User is who logs in. Empty: the user that this program runs as.
	User string

	// TestAddr is the name or IP address that test traffic is sent to, which may be on another network than Addr. It has no
	// port. Brackets around an IPv6 address are removed. Empty: the host part of Addr.
	TestAddr string

	// Prefix is put before every command as it is, with a space between. There are three kinds.
	//
	// What ends in ; or && or || is shell text, such as "PATH=/opt/wifi:$PATH;" or "cd /tmp &&".
	//
	// What begins with the program adb or ssh, such as "adb shell", has a shell of its own at its other end, and is given
	// the whole command as one quoted argument.
	//
	// Anything else is a program that runs another, such as "ip netns exec x", "nice -n 5" or "sudo -n". A command that is
	// more than a program and its arguments goes behind it as sh -c '…', so that it runs there whole.
	//
	// Ending a command ends what its prefix started, as far as the user that logged in may send signals to it. Behind sudo
	// and doas they are sent through the same program, which must not ask for a password; as these clear the environment, what
	// has left the command's session there is not found. What runs on the far side of adb or ssh is out of reach: only the
	// near side is ended.
	Prefix string

	// Auth is how to log in, in the order of trying. Nil: the keys of the SSH agent, those in KeyFiles, and Password if
	// it is set.
	Auth []ssh.AuthMethod

	// KeyFiles names private keys. A file with a public key, as NAME.pub, stands for the agent's. A certificate is used that
	// stands beside a key, as NAME-cert.pub. A file that cannot be used is passed over, and told of when the login fails.
	// Nil: the usual files in ~/.ssh, as far as there are any.
	KeyFiles []string

	// CertificateFiles names certificates of keys that do not stand beside their keys. A key is in KeyFiles or in the
	// agent. Nil: none.
	CertificateFiles []string

	// Passphrase is asked for the passphrase of an encrypted key. Nil: encrypted keys are passed over.
	Passphrase func(keyFile string) (string, error)

	// Agent is the socket of the SSH agent. Empty: what SSH_AUTH_SOCK says. "none": no agent is asked.
	Agent string

	// IdentitiesOnly keeps to the keys in KeyFiles and CertificateFiles: of the agent's, only those are used. The agent may
	// hold a key whose file is encrypted, or of which only the public half is there, as NAME.pub. False: all of the agent's
	// keys.
	IdentitiesOnly bool

	// Password answers the server when it asks for a password, and when it asks a single hidden question. Empty: it is
	// told that there is none.
	Password string

	// HostKeyCallback decides whether the server is the right one. Nil: its key must stand in KnownHosts. There is no
	// setting that takes any key.
	HostKeyCallback ssh.HostKeyCallback

	// HostKeyAlgorithms are the types of host key to ask the server for. Those of which KnownHosts has a key for the host
	// come first, and then the preferred ones. Nil: all, in that order; with a HostKeyCallback, the default of package ssh.
	HostKeyAlgorithms []string

	// CASignatureAlgorithms are the signatures that a host's certificate in KnownHosts may have. Nil: any.
	CASignatureAlgorithms []string

	// PubkeyAcceptedAlgorithms are the signatures to log in with, such as "rsa-sha2-512", which keys of other types cannot
	// make. It has no effect on Auth. Nil: any.
	PubkeyAcceptedAlgorithms []string

	// RequiredRSASize is how many bits an RSA key must have, the host's and those to log in with. It has no effect on Auth.
	// 0: any.
	RequiredRSASize int

	// KnownHosts names files as sshd(8) describes them, which are read as OpenSSH reads them. Nil: ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts, as far as
	// they exist.
	KnownHosts []string

	// RevokedHostKeys names a file of host keys that are refused, whatever else allows them: one public key a line, as in
	// authorized_keys. If it cannot be read every key is refused. Empty: no file.
	RevokedHostKeys string

	// HostKeyAlias is the name to look for in KnownHosts in place of Addr. Empty: Addr.
	HostKeyAlias string

	// AddressFamily is "inet" to connect over IPv4 only, or "inet6" over IPv6 only. Empty: either, as the name resolves.
	AddressFamily string

	// BindAddress is the address of this machine to connect from. Empty: any.
	BindAddress string

	// Jump is a host to connect through, which may have a Jump of its own. Nil: connect directly.
	Jump *Config

	// ProxyCommand is text for this machine's sh: a program that carries the connection to the host on its standard input
	// and output. It is ended with the connection. It and Jump exclude each other. Empty: none.
	ProxyCommand string

	// Ciphers, KeyExchanges and MACs are the algorithms to offer the server, the preferred one first, for a server that is
	// too old for the usual ones. Nil: the defaults of package ssh.
	Ciphers, KeyExchanges, MACs []string

	// Timeout is the most that connecting and logging in may take, and after it the start of a shell; each Jump has its own.
	// 0: 30 s. Negative: only the context limits it.
	Timeout time.Duration

	// KeepAlive is how often the server is asked whether it is there. When it has not answered for KeepAliveCount times as
	// long the connection is lost. A host that hears nothing from us for some twice as long as that ends what runs there.
	// 0: 15 s. Negative: never; a dead link is then found by nobody, and what runs on the host may go on for ever.
	KeepAlive time.Duration

	// KeepAliveCount is how many times KeepAlive the server may take to answer. 0: 3.
	KeepAliveCount int

	// Plain runs every command in an SSH session of its own, without the supervisor that this package otherwise starts on
	// the host. It is for servers that have no POSIX sh, such as a test's own. When the context ends, such a command is
	// sent signals as SSH knows them and its session is closed; whether that ends it is up to the server. Prefix is still
	// put before each command. False: the host has a sh.
	Plain bool
}

// withDefaults returns c without its zero values.
func (c Config) withDefaults() (Config, error) {
	host, port, err := splitAddr(c.Addr)
	if err != nil {
		return c, err
	}
	c.Addr = net.JoinHostPort(host, port)
	if c.TestAddr = cmp.Or(c.TestAddr, host); c.TestAddr != host {
		if c.TestAddr, err = bareHost(c.TestAddr); err != nil {
			return c, fmt.Errorf("%s: TestAddr: %w", c.Addr, err)
		}
	}
	if _, ok := addressFamilies[c.AddressFamily]; !ok {
		return c, fmt.Errorf("%s: AddressFamily %q is neither inet nor inet6", c.Addr, c.AddressFamily)
	}
	if c.Jump != nil && c.ProxyCommand != "" {
		return c, fmt.Errorf("%s: there are two ways to it: a jump and a proxy command", c.Addr)
	}
	if c.User == "" {
		me, err := user.Current()
		if err != nil {
			return c, fmt.Errorf("%s: no user given: %w", c.Addr, err)
		}
		c.User = me.Username
	}
	c.Timeout = cmp.Or(c.Timeout, 30*time.Second)
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	c.KeepAliveCount = cmp.Or(max(c.KeepAliveCount, 0), 3)
	return c, nil
}

// limit returns a context that ends with ctx or after Timeout.
func (c Config) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.Timeout < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("%w (%v)", ErrTimeout, c.Timeout))
}

// patience is how long the server may take to answer before the connection is lost.
func (c Config) patience() time.Duration { return time.Duration(c.KeepAliveCount) * c.KeepAlive }

// lease is how long a supervisor lives without hearing from us: well beyond the time after which we have given it up.
func (c Config) lease() time.Duration {
	if c.KeepAlive < 0 {
		return 0
	}
	return 2 * c.patience()
}
