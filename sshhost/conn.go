package sshhost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// A conn is an SSH connection to a host, with the connections to the hosts before it on the way.
type conn struct {
	*ssh.Client
	via *conn // the hop before; nil: none

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

// connect connects to the host that c names and logs in.
func (c Config) connect(ctx context.Context) (*conn, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	var via *conn
	if c.Jump != nil {
		if via, err = c.Jump.connect(ctx); err != nil {
			return nil, fmt.Errorf("on the way to %s: %w", c.Addr, err)
		}
	}
	client, err := c.login(ctx, via)
	if err != nil {
		via.hangUp()
		return nil, fmt.Errorf("%s: %w", c.Addr, err)
	}
	return &conn{Client: client, via: via}, nil
}

// login does what connect does, once there is a way to the host.
func (c Config) login(ctx context.Context, via *conn) (*ssh.Client, error) {
	ctx, cancel := c.limit(ctx)
	defer cancel()
	check, algorithms, err := c.hostKeys()
	if err != nil {
		return nil, err
	}
	methods, release, err := c.auth(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAuth, err)
	}
	defer release()
	dial := new(net.Dialer).DialContext
	if via != nil {
		dial = via.DialContext
	}
	network, err := dial(ctx, "tcp", c.Addr)
	if err != nil {
		if op, ok := errors.AsType[*net.OpError](err); ok {
			err = op.Err // the address is said already
		}
		if ctx.Err() != nil {
			err = ctxError(ctx)
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	// A deadline of the connection would do for a direct one, but not for one through another host, nor for cancelling.
	stop := context.AfterFunc(ctx, func() { network.Close() })
	ours, channels, requests, err := ssh.NewClientConn(network, c.Addr, &ssh.ClientConfig{
		User:              c.User,
		Auth:              methods,
		HostKeyCallback:   check,
		HostKeyAlgorithms: algorithms,
	})
	if !stop() {
		if err == nil {
			ours.Close()
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctxError(ctx))
	}
	if err != nil {
		network.Close()
		return nil, c.loginError(err)
	}
	return ssh.NewClient(ours, channels, requests), nil
}

// loginError sorts out why a handshake failed.
func (c Config) loginError(err error) error {
	if h, ok := errors.AsType[*hostKeyError](err); ok {
		return h
	}
	if e, ok := errors.AsType[*ssh.AlgorithmNegotiationError](err); ok && strings.Contains(e.What, "host key") {
		return fmt.Errorf("%w: %w", ErrHostKey, err)
	}
	// Package ssh has no type for a refused login.
	if _, tried, ok := strings.Cut(err.Error(), "unable to authenticate, attempted methods [none"); ok {
		tried, _, _ = strings.Cut(tried, "]")
		if tried = strings.Join(strings.Fields(tried), ", "); tried == "" {
			return fmt.Errorf("%w for user %s: there is no key or password that the server would take", ErrAuth, c.User)
		}
		return fmt.Errorf("%w for user %s (tried: %s): check the user, its keys and the agent", ErrAuth, c.User, tried)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// keepAlive asks the host from time to time whether it is there, until ctx ends. It closes the connection when the host
// does not answer within patience, and calls each every time that it has answered.
func (c *conn) keepAlive(ctx context.Context, every, patience time.Duration, each func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			late := time.AfterFunc(patience, func() { c.Client.Close() })
			_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
			late.Stop()
			if err != nil {
				return
			}
			each()
		}
	}
}

// hangUp closes the connection and those that it goes through.
func (c *conn) hangUp() {
	for ; c != nil; c = c.via {
		c.Client.Close()
	}
}
