package sshhost_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/sshhost/sshtest"
)

const password = "correct horse"

func newSigner(t *testing.T) (ed25519.PrivateKey, ssh.Signer) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return private, signer
}

func writeFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// keyFile writes a private key, encrypted if the passphrase is not empty.
func keyFile(t *testing.T, key ed25519.PrivateKey, passphrase string) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKey(key, "")
	if passphrase != "" {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, string(pem.EncodeToMemory(block)))
}

// startAgent starts an SSH agent that holds keys and returns its socket.
func startAgent(t *testing.T, keys ...ed25519.PrivateKey) string {
	t.Helper()
	ring := agent.NewKeyring()
	for _, k := range keys {
		if err := ring.Add(agent.AddedKey{PrivateKey: k}); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "agent"))
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			agent.ServeAgent(ring, c)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
	return l.Addr().String()
}

// badAgent starts something that hangs up at once.
func badAgent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "agent"))
	if err != nil {
		t.Fatal(err)
	}
	hangUp(t, l, "")
	return l.Addr().String()
}

// hangUp takes connections, says something and closes them.
func hangUp(t *testing.T, l net.Listener, text string) {
	ended := make(chan bool)
	go func() {
		defer close(ended)
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			io.WriteString(c, text)
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-ended })
}

func TestLogin(t *testing.T) {
	private, signer := newSigner(t)
	other, _ := newSigner(t)
	var g group
	defer g.Wait()
	_, authority := newSigner(t)
	encrypted := keyFile(t, private, password)
	newCertificate := func(t *testing.T) *ssh.Certificate {
		cert := &ssh.Certificate{Key: signer.PublicKey(), CertType: ssh.UserCert, ValidPrincipals: []string{sshtest.User}, ValidBefore: ssh.CertTimeInfinity}
		if err := cert.SignCert(rand.Reader, authority); err != nil {
			t.Fatal(err)
		}
		return cert
	}
	certificate := func(t *testing.T) string {
		file := keyFile(t, private, "")
		if err := os.WriteFile(file+"-cert.pub", ssh.MarshalAuthorizedKey(newCertificate(t)), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	elsewhere := func(t *testing.T) []string {
		return []string{writeFile(t, string(ssh.MarshalAuthorizedKey(newCertificate(t))))}
	}
	onlyKey := func(c *ssh.ServerConfig) {
		c.PublicKeyCallback = func(_ ssh.ConnMetadata, k ssh.PublicKey) (*ssh.Permissions, error) {
			if string(k.Marshal()) != string(signer.PublicKey().Marshal()) {
				return nil, errors.New("another key")
			}
			return nil, nil
		}
	}
	onlyPassword := func(c *ssh.ServerConfig) {
		c.PublicKeyCallback = nil
		c.PasswordCallback = func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) {
			if string(p) != password {
				return nil, errors.New("another password")
			}
			return nil, nil
		}
	}
	onlyQuestions := func(c *ssh.ServerConfig) {
		c.PublicKeyCallback = nil
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			if a, err := ask("", "", []string{"Password: "}, []bool{false}); err != nil || a[0] != password {
				return nil, errors.New("another answer")
			}
			return nil, nil
		}
	}
	onlyCertificate := func(c *ssh.ServerConfig) {
		c.PublicKeyCallback = (&ssh.CertChecker{IsUserAuthority: func(k ssh.PublicKey) bool {
			return string(k.Marshal()) == string(authority.PublicKey().Marshal())
		}}).Authenticate
	}
	for _, test := range []struct {
		name   string
		server func(*ssh.ServerConfig)
		config func(t *testing.T, c *sshhost.Config)
		want   error
	}{
		{"key file", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles = []string{keyFile(t, other, ""), keyFile(t, private, "")}
		}, nil},
		{"wrong key", onlyKey, func(t *testing.T, c *sshhost.Config) { c.KeyFiles = []string{keyFile(t, other, "")} }, sshhost.ErrAuth},
		{"no key", onlyKey, func(t *testing.T, c *sshhost.Config) { c.KeyFiles = []string{} }, sshhost.ErrAuth},
		{"key file beside ones that cannot be used", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles = []string{"/no/such/key", writeFile(t, "no key"), keyFile(t, other, password), keyFile(t, private, "")}
			c.Passphrase = func(string) (string, error) { return "wrong horse", nil }
		}, nil},
		{"missing key file", onlyKey, func(t *testing.T, c *sshhost.Config) { c.KeyFiles = []string{"/no/such/key"} }, os.ErrNotExist},
		{"encrypted key", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles = []string{encrypted}
			c.Passphrase = func(string) (string, error) { return password, nil }
		}, nil},
		{"encrypted key, wrong passphrase", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles = []string{encrypted}
			c.Passphrase = func(string) (string, error) { return "wrong horse", nil }
		}, sshhost.ErrAuth},
		{"encrypted key, nobody to ask", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles = []string{encrypted}
		}, sshhost.ErrAuth},
		{"agent", onlyKey, func(t *testing.T, c *sshhost.Config) { c.KeyFiles, c.Agent = []string{}, startAgent(t, other, private) }, nil},
		{"agent, another identity", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles, c.Agent, c.IdentitiesOnly = []string{keyFile(t, other, "")}, startAgent(t, private), true
		}, sshhost.ErrAuth},
		{"agent, public half given", onlyKey, func(t *testing.T, c *sshhost.Config) {
			file := writeFile(t, "") + ".pub"
			if err := os.WriteFile(file, ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600); err != nil {
				t.Fatal(err)
			}
			os.Remove(strings.TrimSuffix(file, ".pub"))
			c.KeyFiles, c.Agent, c.IdentitiesOnly = []string{file}, startAgent(t, other, private), true
		}, nil},
		{"agent that has another key, public half given", onlyKey, func(t *testing.T, c *sshhost.Config) {
			file := keyFile(t, private, "")
			if err := os.WriteFile(file+".pub", ssh.MarshalAuthorizedKey(signer.PublicKey()), 0o600); err != nil {
				t.Fatal(err)
			}
			c.KeyFiles, c.Agent, c.IdentitiesOnly = []string{file + ".pub"}, startAgent(t, other), true
		}, sshhost.ErrNoKey},
		{"agent that is none", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles, c.Agent = []string{keyFile(t, private, "")}, badAgent(t)
		}, nil},
		{"only an agent that is none", onlyKey, func(t *testing.T, c *sshhost.Config) { c.Agent = badAgent(t) }, sshhost.ErrAuth},
		{"no agent there", onlyKey, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles, c.Agent = []string{keyFile(t, private, "")}, "/no/such/agent"
		}, nil},
		{"certificate", onlyCertificate, func(t *testing.T, c *sshhost.Config) { c.KeyFiles = []string{certificate(t)} }, nil},
		{"no certificate", onlyCertificate, func(t *testing.T, c *sshhost.Config) { c.KeyFiles = []string{keyFile(t, private, "")} }, sshhost.ErrAuth},
		{"certificate elsewhere", onlyCertificate, func(t *testing.T, c *sshhost.Config) {
			c.KeyFiles, c.CertificateFiles = []string{keyFile(t, private, "")}, elsewhere(t)
		}, nil},
		{"certificate of the agent's key", onlyCertificate, func(t *testing.T, c *sshhost.Config) {
			c.CertificateFiles, c.Agent, c.IdentitiesOnly = elsewhere(t), startAgent(t, other, private), true
		}, nil},
		{"certificate without a key", onlyCertificate, func(t *testing.T, c *sshhost.Config) { c.CertificateFiles = elsewhere(t) }, sshhost.ErrAuth},
		{"missing certificate", onlyCertificate, func(t *testing.T, c *sshhost.Config) { c.CertificateFiles = []string{"/no/such/certificate"} }, os.ErrNotExist},
		{"password", onlyPassword, func(t *testing.T, c *sshhost.Config) { c.Password = password }, nil},
		{"wrong password", onlyPassword, func(t *testing.T, c *sshhost.Config) { c.Password = "wrong horse" }, sshhost.ErrAuth},
		{"questions", onlyQuestions, func(t *testing.T, c *sshhost.Config) { c.Password = password }, nil},
		{"questions, wrong answer", onlyQuestions, func(t *testing.T, c *sshhost.Config) { c.Password = "wrong horse" }, sshhost.ErrAuth},
	} {
		g.Run(t, test.name, func(t *testing.T) {
			s := sshtest.NewUnstartedServer(nil)
			test.server(s.ServerConfig)
			s.Start()
			defer s.Close()
			c := s.Config()
			c.Auth, c.Agent, c.KeyFiles, c.Plain = nil, "none", []string{}, true
			test.config(t, &c)
			h, err := sshhost.Dial(t.Context(), c)
			if err == nil {
				h.Close()
			}
			checkError(t, err, test.want, c.Addr)
		})
	}
}

// login connects without a supervisor, closes the host and returns the error of Dial.
func login(t *testing.T, c sshhost.Config) error {
	t.Helper()
	c.Plain = true
	h, err := sshhost.Dial(t.Context(), c)
	if err == nil {
		h.Close()
	}
	return err
}

// checkError checks an error of Dial: its kind, that it is one line that names the host, and that it holds no secret.
func checkError(t *testing.T, err, want error, addr string) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("got error %v, want %v", err, want)
	}
	if err == nil {
		return
	}
	t.Log(err)
	if text := err.Error(); !strings.Contains(text, addr) || strings.Contains(text, "\n") || strings.Contains(text, "horse") {
		t.Errorf("got error %q, want one line that names %s and no secret", text, addr)
	}
}

func TestHostKeys(t *testing.T) {
	s := sshtest.NewUnstartedServer(nil)
	_, authority := newSigner(t)
	s.Start()
	defer s.Close()
	_, other := newSigner(t)
	line := func(key ssh.Signer, hosts ...string) string { return knownhosts.Line(hosts, key.PublicKey()) + "\n" }
	plainName, _, _ := net.SplitHostPort(s.Addr)

	certified := sshtest.NewUnstartedServer(nil)
	cert := &ssh.Certificate{Key: certified.HostKey.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: ssh.CertTimeInfinity}
	if err := cert.SignCert(rand.Reader, authority); err != nil {
		t.Fatal(err)
	}
	certSigner, err := ssh.NewCertSigner(cert, certified.HostKey)
	if err != nil {
		t.Fatal(err)
	}
	certified.ServerConfig.AddHostKey(certSigner)
	certified.Start()
	defer certified.Close()

	for _, test := range []struct {
		name   string
		server *sshtest.Server
		known  string
		alias  string
		want   error
	}{
		{name: "known", known: line(s.HostKey, s.Addr)},
		{name: "unknown", known: "", want: sshhost.ErrHostKeyUnknown},
		{name: "known without a port", known: line(s.HostKey, plainName)},
		{name: "another one known without a port", known: line(other, plainName), want: sshhost.ErrHostKeyUnknown},
		{name: "changed, though known without a port", known: line(other, s.Addr) + line(s.HostKey, plainName), want: sshhost.ErrHostKeyChanged},
		{name: "only the port differs", known: line(s.HostKey, net.JoinHostPort(plainName, "1")), want: sshhost.ErrHostKeyUnknown},
		{name: "hashed", known: knownhosts.HashHostname(knownhosts.Normalize(s.Addr)) + " " + strings.SplitN(line(s.HostKey, "x"), " ", 2)[1]},
		{name: "changed", known: line(other, s.Addr), want: sshhost.ErrHostKeyChanged},
		{name: "one of two", known: line(other, s.Addr) + line(s.HostKey, s.Addr)},
		{name: "revoked", known: line(s.HostKey, s.Addr) + "@revoked * " + strings.SplitN(line(s.HostKey, "x"), " ", 2)[1], want: sshhost.ErrHostKeyRevoked},
		{name: "alias", known: line(s.HostKey, "sut"), alias: "sut"},
		{name: "alias of another", known: line(other, "sut") + line(s.HostKey, s.Addr), alias: "sut", want: sshhost.ErrHostKeyChanged},
		{name: "pattern", known: strings.Replace(line(s.HostKey, "x"), "x", "127.0.0.*", 1)},
		{name: "authority", server: certified, known: "@cert-authority " + strings.Replace(line(authority, "x"), "x", "127.0.0.*", 1)},
		{name: "authority without a port", server: certified, known: "@cert-authority 127.0.0.1 " + strings.SplitN(line(authority, "x"), " ", 2)[1]},
		{name: "authority, key revoked", server: certified, known: "@cert-authority * " + strings.SplitN(line(authority, "x"), " ", 2)[1] + "@revoked * " + strings.SplitN(line(certified.HostKey, "x"), " ", 2)[1], want: sshhost.ErrHostKeyRevoked},
		{name: "a line that cannot be read", known: s.Addr + " ssh-ed25519 AAAA\n@revoked\nx\n" + line(s.HostKey, s.Addr)},
		{name: "changed, beside a line that cannot be read", known: s.Addr + " ssh-new AAAA\n" + line(other, s.Addr), want: sshhost.ErrHostKeyChanged},
		{name: "another authority", server: certified, known: "@cert-authority " + strings.Replace(line(other, "x"), "x", "127.0.0.*", 1), want: sshhost.ErrHostKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			server := test.server
			if server == nil {
				server = s
			}
			c := server.Config()
			c.HostKeyCallback, c.KnownHosts, c.HostKeyAlias = nil, []string{writeFile(t, test.known)}, test.alias
			h, err := sshhost.Dial(t.Context(), c)
			if err == nil {
				h.Close()
			}
			checkError(t, err, test.want, c.Addr)
			if test.want != nil && !errors.Is(err, sshhost.ErrHostKey) {
				t.Errorf("got %v, want ErrHostKey too", err)
			}
		})
	}
}

// TestHostKeyType has OpenSSH, which prefers an ed25519 key, and a known_hosts file with its RSA key only.
func TestHostKeyType(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	all, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(all)) {
		c := config(s)
		c.KnownHosts = []string{writeFile(t, line)}
		h, err := sshhost.Dial(t.Context(), c)
		if err != nil {
			t.Errorf("only %.40s is known: %v", line, err)
			continue
		}
		h.Close()
	}
}

func TestUnreachable(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0") // it accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	for _, test := range []struct {
		name string
		c    sshhost.Config
		want error
	}{
		{"nobody listens", sshhost.Config{Addr: closed.Addr().String()}, sshhost.ErrUnreachable},
		{"no such name", sshhost.Config{Addr: "no-such-host.invalid:22"}, sshhost.ErrUnreachable},
		{"silence", sshhost.Config{Addr: silent.Addr().String(), Timeout: 50 * time.Millisecond}, sshhost.ErrTimeout},
		{"silence on the way", sshhost.Config{Addr: "sut:22", Jump: &sshhost.Config{Addr: silent.Addr().String(), Timeout: 50 * time.Millisecond}}, sshhost.ErrTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.c.User, test.c.KnownHosts, test.c.KeyFiles, test.c.Agent = "u", []string{}, []string{}, "none"
			if j := test.c.Jump; j != nil {
				j.User, j.KnownHosts, j.KeyFiles, j.Agent = "u", []string{}, []string{}, "none"
			}
			_, err := sshhost.Dial(t.Context(), test.c)
			checkError(t, err, test.want, test.c.Addr)
			if !errors.Is(err, sshhost.ErrUnreachable) {
				t.Errorf("got %v, want ErrUnreachable too", err)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := sshhost.Dial(ctx, sshhost.Config{Addr: silent.Addr().String(), User: "u", KnownHosts: []string{}, KeyFiles: []string{}, Agent: "none"})
			ended <- err
		}()
		cancel()
		checkError(t, <-ended, context.Canceled, silent.Addr().String())
	})
}

func TestNoShell(t *testing.T) {
	testbed.NeedRoot(t)
	s := testbed.StartSSHD(t, testbed.SSHDConfig{Login: testbed.Login{Shell: "/bin/false"}})
	_, err := sshhost.Dial(t.Context(), config(s))
	checkError(t, err, sshhost.ErrNoShell, s.Addr)

	s = testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"ForceCommand echo 'no shells   here' >&2; echo for anybody; exit 3"}})
	_, err = sshhost.Dial(t.Context(), config(s))
	checkError(t, err, sshhost.ErrNoShell, s.Addr)
	for _, want := range []string{"no shells here", "for anybody"} {
		if err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want what was printed: %s", err, want)
		}
	}
}

// TestNoCommonHostKeyType asks for a type of key that the server does not have.
func TestNoCommonHostKeyType(t *testing.T) {
	s := sshtest.NewServer(nil)
	defer s.Close()
	c := s.Config()
	c.HostKeyAlgorithms = []string{ssh.KeyAlgoECDSA521}
	_, err := sshhost.Dial(t.Context(), c)
	checkError(t, err, sshhost.ErrHostKey, s.Addr)
}

func TestConfigDefaults(t *testing.T) {
	s := sshtest.NewServer(nil)
	defer s.Close()
	h := dial(t, s.Config())
	if got, want := h.String(), sshtest.User+"@"+s.Addr; got != want {
		t.Errorf("String: got %s, want %s", got, want)
	}
	if got := h.TestAddr(); got != "127.0.0.1" {
		t.Errorf("TestAddr: got %s, want the host part of Addr", got)
	}
	if _, err := sshhost.Dial(t.Context(), sshhost.Config{}); err == nil {
		t.Error("a configuration without an address was taken")
	}
}
