package sshhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

// A conn is an SSH connection to a host, with the connections to the hosts before it on the way.
type conn struct {
	*ssh.Client
	via  *conn         // the hop before; nil: none
	over chan struct{} // closed when the connection has ended

	served atomic.Bool // a session has been opened

	// For the pool, under its lock.
	used  int // sessions that are open or being opened
	limit int // how many the server allows; 0: it has refused none
}

// keepRoom keeps room for a session, if there is any.
func (c *conn) keepRoom() bool {
	if c.limit != 0 && c.used >= c.limit {
		return false
	}
	c.used++
	return true
}

// connect connects to the host that c names and logs in. Where it is patient it tries again when it is turned away for
// the moment.
func (c Config) connect(ctx context.Context, patient bool) (*conn, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	var via *conn
	if c.Jump != nil {
		if via, err = c.Jump.connect(ctx, patient); err != nil {
			return nil, fmt.Errorf("on the way to %s: %w", c.Addr, err)
		}
	}
	client, err := c.login(ctx, via, patient)
	if err != nil {
		via.hangUp()
		return nil, fmt.Errorf("%s: %w", c.Addr, err)
	}
	return &conn{Client: client, via: via, over: make(chan struct{})}, nil
}

// login does what connect does, once there is a way to the host. A server that has too many logins at once closes new
// connections without a word: it is tried again, unless there is another connection, which may serve.
func (c Config) login(ctx context.Context, via *conn, patient bool) (*ssh.Client, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	check, algorithms, err := c.hostKeys(ctx)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrHostKey, err)
	}
	way, err := c.auth(ctx)
	if err != nil {
		return nil, err
	}
	defer way.release()
	began, pause := time.Now(), 50*time.Millisecond
	for {
		client, err := c.try(ctx, via, way, check, algorithms)
		if again, ok := errors.AsType[*dropped](err); !ok || !patient || !again.transient() || time.Since(began) > dropPatience {
			return client, err
		}
		timer := time.NewTimer(pause/2 + rand.N(pause)) // not all at the same time again
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w: %w", err, ctxError(ctx))
		}
		pause = min(2*pause, time.Second)
	}
}

// dropPatience is for how long a server is tried again that closes connections without a word. OpenSSH's turns an address
// away for at least 15 s after failed logins (PerSourcePenalties in sshd_config(5), from 9.8 on), so a shorter time would be
// for nothing. Attempts meanwhile do not prolong that.
const dropPatience = 20 * time.Second

// try tries to log in once.
func (c Config) try(ctx context.Context, via *conn, way *wayIn, check ssh.HostKeyCallback, algorithms []string) (*ssh.Client, error) {
	network, err := c.reach(ctx, via)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // the address is said already
		}
		if over(ctx, err) {
			err = ctxError(ctx)
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	// A deadline of the connection would do for a direct one, but not for one through another host, nor for cancelling.
	stop := context.AfterFunc(ctx, func() {
		via.hangUp()
		abandon(network)
	})
	front := &front{Conn: network}
	var trusted atomic.Bool
	ours, channels, requests, err := ssh.NewClientConn(front, c.Addr, &ssh.ClientConfig{
		Config: ssh.Config{Ciphers: c.Ciphers, KeyExchanges: c.KeyExchanges, MACs: c.MACs},
		User:   c.User,
		Auth:   way.methods,
		HostKeyCallback: func(name string, remote net.Addr, key ssh.PublicKey) error {
			err := check(name, remote, key)
			trusted.Store(err == nil)
			return err
		},
		HostKeyAlgorithms: algorithms,
	})
	if !stop() {
		abandon(network) // so that ours.Close does not wait, though the AfterFunc may not have run yet
		if err == nil {
			ours.Close()
		}
		network.Close() // if it had just been made, that came too late for AfterFunc's
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctxError(ctx))
	}
	if err != nil {
		network.Close()
		switch p, ok := network.(*proxy); {
		case ok && isBroken(err):
			return nil, fmt.Errorf("%w: %w", ErrUnreachable, p.failure(err))
		case !front.named && isBroken(err):
			return nil, &dropped{front.said, err}
		}
		return nil, c.loginError(err, trusted.Load(), way)
	}
	return ssh.NewClient(ours, channels, requests), nil
}

// over reports whether ctx has ended, or is just about to: package net sees its deadline by itself, perhaps a moment sooner.
func over(ctx context.Context, err error) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < 100*time.Millisecond &&
		(errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)) {
		<-ctx.Done()
	}
	return ctx.Err() != nil
}

// reach opens a connection to the host, on which the server speaks next.
func (c Config) reach(ctx context.Context, via *conn) (net.Conn, error) {
	switch {
	case via != nil:
		network, err := via.DialContext(ctx, "tcp", c.Addr)
		return network, c.notForwarded(err)
	case c.ProxyCommand != "":
		return startProxy(c.ProxyCommand, c.Addr)
	}
	dialer := net.Dialer{}
	if c.BindAddress != "" {
		ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", c.BindAddress)
		if err != nil {
			return nil, fmt.Errorf("BindAddress %q: %w", c.BindAddress, err)
		}
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(ips[0].Unmap(), 0))
	}
	return dialer.DialContext(ctx, "tcp"+addressFamilies[c.AddressFamily], c.Addr)
}

// notForwarded returns the error of a connection that a jump host does not open, with the jump host's name.
func (c Config) notForwarded(err error) error {
	refused, ok := errors.AsType[*ssh.OpenChannelError](err)
	if !ok {
		return err
	}
	jump, _ := c.Jump.withDefaults()
	said := quoteShort([]byte(refused.Message))
	if said == "" {
		said = "no more"
	}
	switch refused.Reason {
	case ssh.Prohibited, ssh.UnknownChannelType:
		return &forbidden{fmt.Sprintf("jump host %s forbids forwarding to %s and says %s: see AllowTcpForwarding and PermitOpen "+
			"of its sshd_config", jump.Addr, c.Addr, said)}
	default:
		return fmt.Errorf("jump host %s does not reach it and says %s", jump.Addr, said)
	}
}

// A forbidden is an ErrNoForwarding with a text that names the jump host.
type forbidden struct{ text string }

func (f *forbidden) Error() string { return f.text }
func (f *forbidden) Unwrap() error { return ErrNoForwarding }

// loginError sorts out why a handshake failed with a server that has told its name, and perhaps proved it.
func (c Config) loginError(err error, trusted bool, way *wayIn) error {
	if h, ok := errors.AsType[*hostKeyError](err); ok {
		return h
	}
	if e, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok {
		kind := ErrAlgorithm
		if strings.Contains(e.What, "host key") {
			kind = ErrHostKey
		}
		return fmt.Errorf("%w: %w", kind, e)
	}
	// Package ssh has no type for a refused login.
	switch _, tried, ok := strings.Cut(err.Error(), "unable to authenticate, attempted methods [none"); {
	case ok:
		tried, _, _ = strings.Cut(tried, "]")
		if tried = strings.Join(strings.Fields(tried), ", "); tried == "" {
			kind := ErrAuth
			if way.methods == nil {
				kind = ErrNoKey
			}
			err = fmt.Errorf("%w for user %s: there is no key or password that the server would take", kind, c.User)
			break
		}
		err = fmt.Errorf("%w for user %s (tried: %s): check the user, its keys and the agent", ErrAuth, c.User, tried)
	case strings.Contains(strings.ToLower(err.Error()), "too many authentication failures"):
		err = fmt.Errorf("%w for user %s: too many keys were tried: see IdentitiesOnly", ErrAuth, c.User)
	case trusted && !isBroken(err):
		err = fmt.Errorf("%w for user %s: %w", ErrAuth, c.User, err)
	default:
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return oneLine(append([]error{err}, way.doubts...))
}

// isBroken reports whether an error tells of the connection's end.
func isBroken(err error) bool {
	_, network := errors.AsType[net.Error](err)
	_, system := errors.AsType[syscall.Errno](err)
	return network || system || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, os.ErrClosed)
}

// A front is a connection that keeps what a server says before its name.
type front struct {
	net.Conn
	said  []byte
	named bool // the server has begun to tell its name
}

func (f *front) Read(p []byte) (int, error) {
	n, err := f.Conn.Read(p)
	if !f.named {
		f.said = append(f.said, p[:n]...)
		f.named = bytes.HasPrefix(f.said, []byte("SSH-")) || bytes.Contains(f.said, []byte("\nSSH-"))
	}
	return n, err
}

// A dropped is the error of a connection that was closed before the server had told its name.
type dropped struct {
	said []byte
	err  error
}

func (d *dropped) Error() string {
	switch text := quoteShort(d.said); {
	case strings.HasPrefix(string(d.said), "Not allowed at this time"):
		return fmt.Sprintf("%v, and says %s: it blocks this address for a while after failed logins: see PerSourcePenalties "+
			"of its sshd_config (%v)", ErrDropped, text, d.err)
	case text != "":
		return fmt.Sprintf("%v, and says %s (%v)", ErrDropped, text, d.err)
	}
	return fmt.Sprintf("%v (%v)", ErrDropped, d.err)
}

func (d *dropped) Unwrap() []error { return []error{ErrDropped, d.err} }

// transient reports whether the server may soon have a place: OpenSSH's says that in one of two ways, or nothing.
func (d *dropped) transient() bool {
	said := string(d.said)
	return said == "" || strings.HasPrefix(said, "Exceeded MaxStartups") || strings.HasPrefix(said, "Not allowed at this time")
}

// keepAliveType is a type of channel that no server has. RFC 4254 section 5.1 has a server answer the request for one,
// and every server has code for that. Not every server answers a global request, such as OpenSSH's own client sends:
// tinysshd says SSH_MSG_UNIMPLEMENTED, on which package ssh closes the connection.
const keepAliveType = "keepalive@tunaperf"

// keepAlive asks the host every so often whether it is there, until ctx ends. It closes the connection if the host does
// not answer within patience, and calls each after every answer.
func (c *conn) keepAlive(ctx context.Context, every, patience time.Duration, each func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if !c.answers(patience) {
				return
			}
			each()
		}
	}
}

// answers asks the host whether it is there, and closes the connection if it does not answer within patience.
func (c *conn) answers(patience time.Duration) bool {
	late := time.AfterFunc(patience, c.hangUp)
	defer late.Stop()
	ch, _, err := c.OpenChannel(keepAliveType, nil)
	if err == nil { // a server that accepts any type
		ch.Close()
		return true
	}
	_, answered := errors.AsType[*ssh.OpenChannelError](err)
	return answered
}

// hangUp closes the connection and those that it goes through, those first: a connection through another is closed only
// when the host on the way answers, and sends that it is to close, which may wait for ever on a dead link.
func (c *conn) hangUp() {
	if c != nil {
		c.via.hangUp()
		c.Client.Close()
	}
}
