package sshhost

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/crypto/ssh"
)

// A dialling is an attempt to connect. Who needs a connection meanwhile waits for it, and takes its failure for their own:
// a host that does not answer costs that time once.
type dialling struct {
	done chan struct{} // closed when it is over
	err  error         // nil: it came to something, or ended because its caller's time was over
}

// room returns a connection in which room for a session is kept: an existing one or else a new one. It returns nil when
// there was none to be had and something has become free meanwhile. Who gets room for a supervisor says when it has
// started; an idle one will do as well, and is no reason to wait. For others, idle ones make room.
func (p *pool) room(ctx context.Context, supervisor bool) (*conn, error) {
	p.mu.Lock()
	freed := p.freed
	switch {
	case supervisor && len(p.idle) > 0:
		p.mu.Unlock()
		return nil, nil
	case supervisor && len(p.conns) > 0 && p.starts >= maxStarting:
		p.mu.Unlock()
		return nil, await(ctx, freed)
	}
	for _, c := range p.conns {
		if c.keepRoom() {
			if supervisor {
				p.starts++
			}
			p.mu.Unlock()
			return c, nil
		}
	}
	others, d := len(p.conns), p.dialling
	first := d == nil && others < maxConns
	if first {
		d = &dialling{done: make(chan struct{})}
		p.dialling = d
	}
	p.mu.Unlock()
	if first {
		c, err := p.connect(ctx, others == 0)
		p.dialled(ctx, err, supervisor)
		if err == nil || others == 0 || ctx.Err() != nil {
			return c, err
		}
	} else if d != nil {
		select {
		case <-d.done:
			if d.err == nil || others == 0 {
				return nil, d.err
			}
		case <-freed:
			return nil, nil
		case <-ctx.Done():
			return nil, ctxError(ctx)
		}
	}
	if !supervisor {
		p.yield()
	}
	p.unpark()
	return nil, await(ctx, freed)
}

// unpark closes the session that has been parked for longest, if there is one. Its daemon cannot print any more.
func (p *pool) unpark() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.parked) > 0 {
		p.parked[0].evict()
		p.parked = p.parked[1:]
	}
}

// await waits until something has become free.
func await(ctx context.Context, freed <-chan struct{}) error {
	select {
	case <-freed:
		return nil
	case <-ctx.Done():
		return ctxError(ctx)
	}
}

// dialled tells those who wait what came of connecting, perhaps to start a supervisor.
func (p *pool) dialled(ctx context.Context, err error, supervisor bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && supervisor {
		p.starts++
	}
	if ctx.Err() == nil {
		p.dialling.err = err
	}
	close(p.dialling.done)
	p.dialling = nil
}

// yield ends an idle supervisor, if there is one.
func (p *pool) yield() {
	p.mu.Lock()
	var s *session
	if len(p.idle) > 0 {
		s = p.takeOldest()
	}
	p.mu.Unlock()
	if s != nil {
		p.drop(s)
	}
}

// vacate gives back room that was kept for a session, because the session is over or, with an error, never began.
func (p *pool) vacate(c *conn, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.used--
	switch full := errors.Is(err, errSessions); {
	case full && c.used == 0 && c.served.Load(): // such as tinysshd's, which serves one session and ends
		c.limit = -1
		c.hangUp()
	case full && c.used == 0:
		refused, _ := errors.AsType[*ssh.OpenChannelError](err)
		err = fmt.Errorf("%w: the server opens no session: %w", ErrNoShell, refused)
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
func (p *pool) connect(ctx context.Context, patient bool) (*conn, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(p.background, cancel)() // Close does not wait for a host that does not answer
	c, err := p.config.connect(ctx, patient)
	if err != nil && p.background.Err() != nil {
		return nil, ErrClosed
	}
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.background.Err() != nil {
		c.hangUp()
		return nil, ErrClosed
	}
	c.used = 1
	p.conns = append(p.conns, c)
	alive, dead := context.WithCancel(p.background)
	p.wg.Go(func() {
		c.Wait()
		close(c.over)
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
	p.idle = slices.DeleteFunc(p.idle, func(i idler) bool {
		if p.homes[i.session] == c {
			gone = append(gone, i.session)
		}
		return p.homes[i.session] == c
	})
	p.mu.Unlock()
	for _, s := range gone {
		p.drop(s)
	}
}
