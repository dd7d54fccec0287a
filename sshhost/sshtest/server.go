// Package sshtest has an SSH server for tests, in the way of net/http/httptest: it runs inside the test, listens on a
// loopback address, and has keys of its own.
package sshtest

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/crypto/ssh"

	"github.com/tunaperf/tuna/sshhost"
)

// User is who may log in to a Server.
const User = "tester"

// A Server is an SSH server that listens on a loopback address. It takes exec requests, which its Handler runs, and the
// SFTP subsystem, which serves the files of this machine.
type Server struct {
	Addr    string     // host:port, once the server is started
	HostKey ssh.Signer // what the server proves itself with
	Key     ssh.Signer // what User may log in with

	// Handler runs commands. Nil: this machine's sh does, as user of the test.
	Handler Handler

	// Dir is where relative file names of SFTP and commands of sh begin. Empty: the test's current directory.
	Dir string

	// ServerConfig may be changed before Start: further host keys, other ways to log in, a banner.
	ServerConfig *ssh.ServerConfig

	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	wg       sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool // nil: closed
}

// NewServer starts a server whose commands h runs, or sh if h is nil. The caller closes the server.
func NewServer(h Handler) *Server {
	s := NewUnstartedServer(h)
	s.Start()
	return s
}

// NewUnstartedServer returns a server that does not listen yet. The caller may change its fields, starts it, and closes it.
func NewUnstartedServer(h Handler) *Server {
	s := &Server{HostKey: newKey(), Key: newKey(), Handler: h, conns: map[net.Conn]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.ServerConfig = &ssh.ServerConfig{PublicKeyCallback: s.login}
	return s
}

// newKey panics when there is no randomness, which package crypto/rand does too.
func newKey() ssh.Signer {
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	signer, err := ssh.NewSignerFromSigner(private)
	if err != nil {
		panic(err)
	}
	return signer
}

func (s *Server) login(who ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	if who.User() != User || string(key.Marshal()) != string(s.Key.PublicKey().Marshal()) {
		return nil, errors.New("not the test's user and key")
	}
	return nil, nil
}

// Start makes the server listen. It panics when there is no free port, as httptest's server does.
func (s *Server) Start() {
	s.ServerConfig.AddHostKey(s.HostKey)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("sshtest: %v", err))
	}
	s.listener, s.Addr = listener, listener.Addr().String()
	s.wg.Go(s.accept)
}

// Config returns what sshhost.Dial needs to log in to the server. It asks for plain sessions when the server has a
// Handler, which understands other commands than sh does.
func (s *Server) Config() sshhost.Config {
	return sshhost.Config{
		Addr:            s.Addr,
		User:            User,
		Auth:            []ssh.AuthMethod{ssh.PublicKeys(s.Key)},
		HostKeyCallback: ssh.FixedHostKey(s.HostKey.PublicKey()),
		Plain:           s.Handler != nil,
	}
}

// CloseConnections breaks all connections, as a failing link does. The server goes on to listen.
func (s *Server) CloseConnections() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.Close()
	}
}

// Close stops listening, breaks all connections, ends the context of each handler and waits until all have returned.
func (s *Server) Close() {
	if s.listener != nil {
		s.listener.Close()
	}
	s.mu.Lock()
	for c := range s.conns {
		c.Close() // before the handlers end, so that nobody takes their status for a command's own
	}
	s.conns = nil
	s.mu.Unlock()
	s.cancel()
	s.wg.Wait()
}

func (s *Server) accept() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.conns == nil {
			c.Close()
		} else {
			s.conns[c] = true
			s.wg.Go(func() { s.serve(c) })
		}
		s.mu.Unlock()
	}
}

func (s *Server) serve(c net.Conn) {
	defer func() {
		c.Close()
		s.mu.Lock()
		delete(s.conns, c)
		s.mu.Unlock()
	}()
	conn, channels, requests, err := ssh.NewServerConn(c, s.ServerConfig)
	if err != nil {
		return // the client has been told
	}
	defer conn.Close()
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { ssh.DiscardRequests(requests) })
	for ch := range channels {
		if ch.ChannelType() != "session" {
			ch.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		wg.Go(func() { s.session(ctx, ch) })
	}
}
