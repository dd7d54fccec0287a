package sshhost_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestTurnedAway has a server that lets in one at a time, and others that let in nobody.
func TestTurnedAway(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"MaxStartups 1:100:1"}})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			h, err := sshhost.Dial(t.Context(), config(s))
			if err != nil {
				t.Error(err)
				return
			}
			h.Close()
		})
	}
	wg.Wait()

	for _, test := range []struct {
		name, says, want string
		timeout          time.Duration
	}{
		{"says nothing", "", "", time.Second}, // it is tried again until then
		{"blocks the address", "Not allowed at this time\r\n", "PerSourcePenalties", time.Second},
		{"is no SSH server", "HTTP/1.1 400 Bad Request\r\n\r\n", `"HTTP/1.1 400 Bad Request"`, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			hangUp(t, l, test.says)
			c := config(s)
			c.Addr, c.Timeout = l.Addr().String(), test.timeout
			_, err = sshhost.Dial(t.Context(), c)
			checkError(t, err, sshhost.ErrDropped, c.Addr)
			if !errors.Is(err, sshhost.ErrUnreachable) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want ErrUnreachable too, and what was said: %s", err, test.want)
			}
		})
	}
}

// TestNoSession has a server that opens no session.
func TestNoSession(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"MaxSessions 0"}})
	_, err := sshhost.Dial(t.Context(), config(s))
	checkError(t, err, sshhost.ErrNoShell, s.Addr)
}

// TestTooManyKeys has more keys than the server has patience for.
func TestTooManyKeys(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"MaxAuthTries 2"}})
	c := config(s)
	var wrong []ed25519.PrivateKey
	for range 4 {
		key, _ := newSigner(t)
		wrong = append(wrong, key)
	}
	c.Agent = startAgent(t, wrong...)
	dial(t, c) // the file comes first
	c.KeyFiles = []string{}
	_, err := sshhost.Dial(t.Context(), c)
	checkError(t, err, sshhost.ErrAuth, s.Addr)
	if err != nil && !strings.Contains(err.Error(), "IdentitiesOnly") {
		t.Errorf("got %v, want a hint", err)
	}
}

// TestUselessCertificate has certificates that a server does not take, and says why.
func TestUselessCertificate(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	private, signer := newSigner(t)
	_, authority := newSigner(t)
	for _, test := range []struct{ want, file string }{
		{want: `"lab" has expired`}, {want: `"lab" is for alice, bob`}, {want: `"lab" is for a host`}, {want: `"lab" is not valid before`},
	} {
		cert := &ssh.Certificate{Key: signer.PublicKey(), KeyId: "lab", CertType: ssh.UserCert,
			ValidPrincipals: []string{s.User}, ValidBefore: ssh.CertTimeInfinity}
		switch {
		case strings.Contains(test.want, "expired"):
			cert.ValidBefore = 1
		case strings.Contains(test.want, "alice"):
			cert.ValidPrincipals = []string{"alice", "bob"}
		case strings.Contains(test.want, "host"):
			cert.CertType = ssh.HostCert
		default:
			cert.ValidAfter = uint64(time.Now().Add(time.Hour).Unix())
		}
		if err := cert.SignCert(rand.Reader, authority); err != nil {
			t.Fatal(err)
		}
		c := config(s)
		c.KeyFiles = []string{keyFile(t, private, "")}
		if err := os.WriteFile(c.KeyFiles[0]+"-cert.pub", ssh.MarshalAuthorizedKey(cert), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := sshhost.Dial(t.Context(), c)
		checkError(t, err, sshhost.ErrAuth, s.Addr)
		if err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

// TestOldServer has a server that knows old algorithms only.
func TestOldServer(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{
		"Ciphers aes128-cbc", "KexAlgorithms diffie-hellman-group1-sha1", "MACs hmac-sha1", "HostKeyAlgorithms ssh-rsa"}})
	_, err := sshhost.Dial(t.Context(), config(s))
	checkError(t, err, sshhost.ErrAlgorithm, s.Addr)
	c, err := sshhost.FromSSHConfig(s.User+"@"+s.Addr, writeFile(t, "KexAlgorithms +diffie-hellman-group1-*\nCiphers ^*-cbc\nMACs hmac-sha1,umac-64@openssh.com\n"))
	if err != nil {
		t.Fatal(err)
	}
	old := config(s)
	old.Ciphers, old.KeyExchanges, old.MACs = c.Ciphers, c.KeyExchanges, c.MACs
	if err := dial(t, old).Run(t.Context(), "true", nil, nil); err != nil {
		t.Error(err)
	}
}

// TestSessionClosedAsItOpens has a server that closes two sessions in place of an answer, as Dropbear does now and then
// when another one has just ended, or right after it. A command that needs a new one gets the next.
func TestSessionClosedAsItOpens(t *testing.T) {
	for name, answers := range map[string]bool{"in place of an answer": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			closer := &sessionCloser{first: 2, last: 3, answers: answers} // Dial opens two before them
			h := dial(t, closer.start(t))
			ctx, cancel := context.WithCancel(t.Context())
			var wg sync.WaitGroup
			defer wg.Wait()
			defer cancel()
			for range 2 {
				nap := napper()
				wg.Go(func() { h.Run(ctx, nap, nil, nil) })
				waitRuns(t, nap)
			}
			if err := h.Run(t.Context(), "true", nil, nil); err != nil {
				t.Error(err)
			}
			if n := closer.opened.Load(); n != 5 {
				t.Errorf("%d sessions were opened, want 5", n)
			}
		})
	}
}

// TestSubsystemClosedAsItOpens is the same with SFTP.
func TestSubsystemClosedAsItOpens(t *testing.T) {
	closer := &sessionCloser{first: 2, last: 3}
	h := dial(t, closer.start(t))
	client, err := h.SFTP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

// A sessionCloser is a server of one connection with sh and SFTP, which closes some of the sessions when they ask
// for a command.
type sessionCloser struct {
	first, last int32 // of the closed sessions, counted from 0
	answers     bool  // that the command runs, before it closes one
	opened      atomic.Int32
}

func (c *sessionCloser) start(t *testing.T) sshhost.Config {
	_, key := newSigner(t)
	serverConfig := &ssh.ServerConfig{NoClientAuth: true}
	serverConfig.AddHostKey(key)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	t.Cleanup(wg.Wait)
	t.Cleanup(func() { listener.Close() })
	wg.Go(func() {
		network, err := listener.Accept()
		if err != nil {
			return
		}
		defer network.Close()
		_, channels, requests, err := ssh.NewServerConn(network, serverConfig)
		if err != nil {
			t.Error(err)
			return
		}
		wg.Go(func() { ssh.DiscardRequests(requests) })
		for session := range channels {
			n := c.opened.Add(1) - 1
			wg.Go(func() { c.serve(t, session, n >= c.first && n <= c.last) })
		}
	})
	return sshhost.Config{Addr: listener.Addr().String(), User: "tuna", Agent: "none", HostKeyCallback: ssh.FixedHostKey(key.PublicKey())}
}

func (c *sessionCloser) serve(t *testing.T, session ssh.NewChannel, closes bool) {
	ch, requests, err := session.Accept()
	if err != nil {
		t.Error(err)
		return
	}
	defer ch.Close()
	r := <-requests
	var command struct{ Text string }
	if r == nil || closes && !c.answers || ssh.Unmarshal(r.Payload, &command) != nil {
		return
	}
	r.Reply(true, nil)
	if closes {
		return
	}
	if r.Type == "subsystem" {
		server, err := sftp.NewServer(ch)
		if err != nil {
			t.Error(err)
			return
		}
		server.Serve()
		return
	}
	cmd := exec.Command("sh", "-c", command.Text)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = ch, ch, ch.Stderr()
	if err := cmd.Run(); err != nil && err != io.EOF { // that what its shell says last has no reader any more
		t.Error(err)
	}
}
