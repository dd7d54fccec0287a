package sshhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"golang.org/x/crypto/ssh"
)

const (
	warmSessions = 2 // that Dial opens
	idleSessions = 4 // that are kept
	maxConns     = 16
)

// A pool holds the connections to one host and the supervisors that run there. A supervisor that no command needs waits
// for the next one. Where the server opens no further session on a connection, the pool makes another connection, and
// where it takes no further connection either, commands wait for each other.
type pool struct {
	config   Config
	wg       sync.WaitGroup // all that runs for the pool, calls of Host's methods included
	dialling chan struct{}  // who can send to it may connect

	// background is the life of the goroutines that look after connections.
	background context.Context
	end        context.CancelFunc

	mu     sync.Mutex
	closed bool
	conns  []*conn
	idle   []*session         // the one used last at the end
	homes  map[*session]*conn // of all supervisors
	freed  chan struct{}      // closed, and replaced, when there is room again
}

func newPool(c Config) *pool {
	p := &pool{config: c, dialling: make(chan struct{}, 1), homes: map[*session]*conn{}, freed: make(chan struct{})}
	p.background, p.end = context.WithCancel(context.Background())
	return p
}

// enter begins, and leave ends, a call that close waits for.
func (p *pool) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return ErrClosed
	}
	p.wg.Add(1)
	return nil
}

func (p *pool) leave() { p.wg.Done() }

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// warmUp connects and starts the first supervisors, side by side. One will do where the server allows no more.
func (p *pool) warmUp(ctx context.Context) error {
	c, err := p.connect(ctx)
	if err != nil {
		return err
	}
	if p.config.Plain {
		return p.vacate(c, nil)
	}
	p.mu.Lock()
	c.used = warmSessions
	p.mu.Unlock()
	var wg sync.WaitGroup
	var errs [warmSessions]error
	for i := range errs {
		wg.Go(func() {
			var s *session
			if s, errs[i] = p.supervise(ctx, c); errs[i] == nil {
				p.release(s)
			}
		})
	}
	wg.Wait()
	if !slices.Contains(errs[:], nil) {
		return fmt.Errorf("%s: %w", p.config.Addr, errs[0])
	}
	return nil
}

// acquire returns a supervisor that nobody else uses.
func (p *pool) acquire(ctx context.Context) (*session, error) {
	for {
		if s := p.takeIdle(); s != nil {
			return s, nil
		}
		c, err := p.room(ctx)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue // a supervisor may have become idle
		}
		s, err := p.supervise(ctx, c)
		if !errors.Is(err, errSessions) {
			return s, err
		}
	}
}

func (p *pool) takeIdle() *session {
	for {
		p.mu.Lock()
		n := len(p.idle) - 1
		if n < 0 {
			p.mu.Unlock()
			return nil
		}
		s := p.idle[n]
		p.idle = p.idle[:n]
		p.mu.Unlock()
		if s.reusable() {
			return s
		}
		p.drop(s)
	}
}

// supervise starts a supervisor in the room that a connection has. If there is none after all, the error is errSessions.
func (p *pool) supervise(ctx context.Context, c *conn) (*session, error) {
	ctx, cancel := p.config.limit(ctx)
	defer cancel()
	s, err := c.supervise(ctx, &p.wg, p.config.Prefix, p.config.lease())
	if err != nil {
		return nil, p.vacate(c, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.homes[s] = c
	return s, nil
}

// open opens a session that is no supervisor's. The caller vacates its room.
func (p *pool) open(ctx context.Context, request, what string) (*conn, *channel, error) {
	for {
		c, err := p.room(ctx)
		if err != nil {
			return nil, nil, err
		}
		if c == nil {
			continue
		}
		ch, err := c.openSession(ctx, &p.wg, request, what)
		if err == nil {
			return c, ch, nil
		}
		if err = p.vacate(c, err); !errors.Is(err, errSessions) {
			return nil, nil, err
		}
	}
}

// release takes a supervisor back.
func (p *pool) release(s *session) {
	p.mu.Lock()
	if s.reusable() && len(p.idle) < idleSessions && !p.closed {
		p.idle = append(p.idle, s)
		p.tellFreed()
		p.mu.Unlock()
		return
	}
	p.mu.Unlock()
	p.drop(s)
}

// drop ends a supervisor.
func (p *pool) drop(s *session) {
	s.close()
	p.mu.Lock()
	c := p.homes[s]
	delete(p.homes, s)
	p.mu.Unlock()
	p.vacate(c, nil)
}

// room returns a connection in which room for a session is kept: an existing one or else a new one. It returns nil when
// there was none to be had and something has become free meanwhile.
func (p *pool) room(ctx context.Context) (*conn, error) {
	c, others, freed := p.keepRoom()
	if c != nil {
		return c, nil
	}
	if others < maxConns {
		select {
		case p.dialling <- struct{}{}:
			defer func() { <-p.dialling }()
		case <-freed:
			return nil, nil
		case <-ctx.Done():
			return nil, ctxError(ctx)
		}
		if c, others, freed = p.keepRoom(); c != nil { // somebody else was faster
			return c, nil
		}
		if c, err := p.connect(ctx); err == nil || others == 0 || ctx.Err() != nil {
			return c, err
		}
	}
	select {
	case <-freed:
		return nil, nil
	case <-ctx.Done():
		return nil, ctxError(ctx)
	}
}

func (p *pool) keepRoom() (c *conn, conns int, freed <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		if c.limit == 0 || c.used < c.limit {
			c.used++
			return c, len(p.conns), p.freed
		}
	}
	return nil, len(p.conns), p.freed
}

// vacate gives back room that was kept for a session, because the session is over or, with an error, never began.
func (p *pool) vacate(c *conn, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.used--
	switch full := errors.Is(err, errSessions); {
	case full && c.used == 0:
		refused, _ := errors.AsType[*ssh.OpenChannelError](err)
		err = fmt.Errorf("no session: %w", refused)
	case full:
		c.limit = c.used
	case c.used == 0 && len(p.conns) > 1 && p.conns[0] != c:
		c.limit = -1 // nobody else may begin one
		c.hangUp()
	}
	p.tellFreed()
	return err
}

func (p *pool) tellFreed() {
	close(p.freed)
	p.freed = make(chan struct{})
}

// connect makes a connection, keeps room for a first session in it, and looks after it until it ends.
func (p *pool) connect(ctx context.Context) (*conn, error) {
	c, err := p.config.connect(ctx)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.hangUp()
		return nil, ErrClosed
	}
	c.used = 1
	p.conns = append(p.conns, c)
	alive, dead := context.WithCancel(p.background)
	p.wg.Go(func() {
		c.Wait()
		dead()
		p.forget(c)
	})
	if p.config.KeepAlive > 0 {
		p.wg.Go(func() { c.keepAlive(alive, p.config.KeepAlive, p.config.patience(), func() { p.renew(c) }) })
	}
	return c, nil
}

// forget drops a connection that has ended, and the supervisors that are idle there.
func (p *pool) forget(c *conn) {
	c.hangUp()
	p.mu.Lock()
	p.conns = slices.DeleteFunc(p.conns, func(other *conn) bool { return other == c })
	var gone []*session
	p.idle = slices.DeleteFunc(p.idle, func(s *session) bool {
		if p.homes[s] == c {
			gone = append(gone, s)
		}
		return p.homes[s] == c
	})
	p.mu.Unlock()
	for _, s := range gone {
		p.drop(s)
	}
}

// renew renews the leases of a connection's supervisors.
func (p *pool) renew(c *conn) {
	p.mu.Lock()
	var here []*session
	for s, home := range p.homes {
		if home == c {
			here = append(here, s)
		}
	}
	p.mu.Unlock()
	for _, s := range here {
		s.renew() // if that fails, whoever uses it finds out
	}
}

// close ends the supervisors with what they run, and the connections, and waits for all that runs for the pool.
func (p *pool) close() {
	p.end()
	p.mu.Lock()
	p.closed = true
	conns := slices.Clone(p.conns)
	p.mu.Unlock()
	for _, c := range conns {
		c.hangUp()
	}
	p.wg.Wait()
}
