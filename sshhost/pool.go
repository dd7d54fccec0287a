package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

const (
	warmSessions = 2 // that Dial opens
	idleSessions = 4 // that are kept for good
	maxStarting  = 4 // supervisors at a time: more would only slow each other down, and commands that end soon free others
	maxConns     = 16
	furtherTries = 5   // after a connection or a session was lost before a command began
	maxOrphans   = 100 // lost supervisors whose processes are still to be ended: of a host that loses more, the oldest are given up

	idleTime = 10 * time.Second // that further ones are kept: many commands side by side will soon be followed by many more
)

// A pool holds the connections to one host and the supervisors that run there. A supervisor that no command needs waits
// for the next one. Where the server opens no further session on a connection, the pool makes another connection, and
// where it takes no further connection either, commands wait for each other.
type pool struct {
	config Config
	facts  sync.Map
	wg     sync.WaitGroup // all that runs for the pool, calls of Host's methods included
	calls  sync.WaitGroup // calls of Host's methods

	// calling is the life of calls, and background that of the connections and what looks after them: it ends later.
	calling, background context.Context
	endCalls            context.CancelCauseFunc
	end                 context.CancelFunc

	once   sync.Once // windUp
	mu     sync.Mutex
	closed bool
	conns  []*conn
	idle   []idler            // the one used last at the end
	reaper *time.Timer        // ends some that have been idle for long; nil: there are none
	homes  map[*session]*conn // of all supervisors, until their end has been waited for
	starts int                // how many supervisors are being started
	freed  chan struct{}      // closed, and replaced, when there is room again

	parked   []*session // that only daemons use, which commands have left; the oldest is first
	dialling *dialling  // nil: nobody connects
	orphans  []string   // runs of supervisors that were lost: their commands may still run
	unended  int        // supervisors that did not end when they were to
}

// An idler is a supervisor that runs nothing.
type idler struct {
	*session
	since time.Time
}

func newPool(c Config) *pool {
	p := &pool{config: c, homes: map[*session]*conn{}, freed: make(chan struct{})}
	p.background, p.end = context.WithCancel(context.Background())
	p.calling, p.endCalls = context.WithCancelCause(p.background)
	return p
}

// enter begins a call that close waits for, and leave ends it. The context that it returns ends when the pool is closed too.
func (p *pool) enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, nil, ErrClosed
	}
	p.calls.Add(1)
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.calling, func() { cancel(context.Cause(p.calling)) })
	return ctx, func() {
		stop()
		cancel(nil)
		p.calls.Done()
	}, nil
}

func (p *pool) isClosed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed
}

// warmUp connects and starts the first supervisors, side by side. One will do where the server allows no more.
func (p *pool) warmUp(ctx context.Context) error {
	c, err := p.connect(ctx, true)
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
		err := errs[0]
		for _, e := range errs {
			if !errors.Is(e, errSessions) { // there was room for no other one either
				err = e
			}
		}
		return fmt.Errorf("%s: %w", p.config.Addr, err)
	}
	return nil
}

// acquire returns a supervisor that nobody else uses. Before its next command it ends what lost ones have left.
func (p *pool) acquire(ctx context.Context) (*session, error) {
	for again := furtherTries; ; {
		if s := p.takeIdle(); s != nil {
			p.sweepBy(s)
			return s, nil
		}
		c, err := p.room(ctx, true)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		s, err := p.supervise(ctx, c)
		p.started()
		switch {
		// The connection was lost just now, and that is not known everywhere yet. Or the new session was, alone: Dropbear
		// may close it when another one has ended, or its shell was killed. That there are shells has been seen.
		case (errors.Is(err, ErrLost) || errors.Is(err, ErrNoShell)) && again > 0:
			again--
			if errors.Is(err, errNotBegun) {
				p.forget(c)
			}
		case !errors.Is(err, errSessions):
			return s, err
		}
	}
}

// takeIdle takes out the supervisor that was used last. Those that have ended meanwhile are dropped.
func (p *pool) takeIdle() *session {
	p.mu.Lock()
	var broken []*session
	p.idle = slices.DeleteFunc(p.idle, func(i idler) bool {
		if i.reusable() {
			return false
		}
		broken = append(broken, i.session)
		return true
	})
	var s *session
	if n := len(p.idle) - 1; n >= 0 {
		s = p.idle[n].session
		p.idle = p.idle[:n]
	}
	p.mu.Unlock()
	for _, b := range broken {
		p.drop(b)
	}
	return s
}

// started makes way for the start of another supervisor.
func (p *pool) started() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.starts--
	p.tellFreed()
}

// home is the connection that a supervisor came by.
func (p *pool) home(s *session) *conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.homes[s]
}

// supervise starts a supervisor in the room that a connection has. If there is none after all, the error is errSessions.
func (p *pool) supervise(ctx context.Context, c *conn) (*session, error) {
	ctx, cancel := p.config.limit(ctx)
	defer cancel()
	s, err := c.supervise(ctx, &p.wg, p.config.Prefix, p.config.lease())
	if err != nil {
		if s != nil {
			p.mu.Lock()
			p.orphan(s)
			p.mu.Unlock()
		}
		return nil, p.vacate(c, err)
	}
	s.help = func(ctx context.Context, victim string) bool { return p.rescue(ctx, s, victim) }
	p.mu.Lock()
	p.homes[s] = c
	p.mu.Unlock()
	p.sweepBy(s)
	return s, nil
}

// sweepBy has a supervisor end what lost ones have left, before its next command.
func (p *pool) sweepBy(s *session) {
	p.mu.Lock()
	runs := p.orphans
	p.orphans = nil
	p.mu.Unlock()
	if runs != nil {
		s.swept = append(s.swept, runs...)
		if s.sweep(runs) != nil {
			s.broken.Store(true) // the next command fails too, if there is one
		}
	}
}

// open opens a session that is no supervisor's. The caller vacates its room.
func (p *pool) open(ctx context.Context, request, what string) (*conn, *channel, error) {
	for again := furtherTries; ; {
		c, err := p.room(ctx, false)
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
		err = p.vacate(c, err)
		switch {
		case errors.Is(err, errNotBegun) && again > 0:
			again--
			p.forget(c)
		case errors.Is(err, ErrLost) && request == "subsystem" && again > 0: // of a command nobody knows whether it has begun
			again--
		case !errors.Is(err, errSessions):
			return nil, nil, err
		}
	}
}

// release takes a supervisor back.
func (p *pool) release(s *session) {
	p.mu.Lock()
	if !s.reusable() || p.closed {
		p.mu.Unlock()
		p.drop(s)
		return
	}
	p.idle = append(p.idle, idler{s, time.Now()})
	p.watchIdle()
	p.tellFreed()
	p.mu.Unlock()
}

// watchIdle has reap come when the supervisors that are idle are more than are kept for good. The caller holds mu.
func (p *pool) watchIdle() {
	if p.reaper == nil && len(p.idle) > idleSessions {
		p.reaper = time.AfterFunc(time.Until(p.idle[0].since.Add(idleTime)), p.reap)
	}
}

// reap ends supervisors that nobody has needed for some time.
func (p *pool) reap() {
	_, leave, err := p.enter(context.Background())
	if err != nil {
		return
	}
	defer leave()
	for s := p.longIdle(); s != nil; s = p.longIdle() {
		p.drop(s)
	}
}

// longIdle takes out a supervisor that is to end, if there is one, and else has reap come again when there will be.
func (p *pool) longIdle() *session {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reaper = nil
	if len(p.idle) > idleSessions && time.Since(p.idle[0].since) >= idleTime {
		return p.takeOldest()
	}
	p.watchIdle()
	return nil
}

// takeOldest takes out the supervisor that has been idle for longest. The caller holds mu.
func (p *pool) takeOldest() *session {
	s := p.idle[0].session
	p.idle = slices.Delete(p.idle, 0, 1)
	return s
}

// drop ends a supervisor.
func (p *pool) drop(s *session) {
	p.mu.Lock()
	c := p.homes[s]
	if s.broken.Load() {
		p.orphan(s)
	}
	switch {
	case s.isHeld() && p.closed:
		s.evict()
	case s.isHeld():
		p.parked = append(p.parked, s)
	}
	p.mu.Unlock()
	p.wg.Go(func() {
		err := s.close()
		p.mu.Lock()
		if err != nil {
			p.unended++
		}
		delete(p.homes, s)
		p.parked = slices.DeleteFunc(p.parked, func(other *session) bool { return other == s })
		p.mu.Unlock()
		p.vacate(c, nil)
	})
}

// orphan has the next supervisor sweep what a lost one may have left. The caller holds mu.
func (p *pool) orphan(s *session) {
	p.orphans = append(append(p.orphans, s.swept...), s.lastRun())
	p.orphans = p.orphans[max(0, len(p.orphans)-maxOrphans):]
}

// rescue has a new supervisor carry out session.rescue for s. One that is idle may have been stopped as s was.
func (p *pool) rescue(ctx context.Context, s *session, victim string) bool {
	for {
		c, err := p.room(ctx, false)
		if err != nil {
			return false
		}
		if c == nil {
			continue
		}
		other, err := p.supervise(ctx, c)
		if err == nil {
			defer p.release(other)
			return other.rescue(ctx, s, victim)
		}
		if !errors.Is(err, errSessions) {
			return false
		}
	}
}

// sweep ends what a lost supervisor, which is dropped, has left running, where its connection has not gone with it:
// somebody has killed it alone. In all other cases the host ends that, or the next supervisor does.
func (p *pool) sweep(ctx context.Context, c *conn) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), termGrace+killGrace)
	defer cancel()
	for p.connected(c) {
		s, err := p.acquire(ctx)
		if err != nil {
			return
		}
		_, err = s.run(ctx, ":", io.Discard, io.Discard) // begins when the sweeping is over
		p.release(s)
		if !errors.Is(err, ErrLost) { // or it was killed too
			return
		}
	}
}

func (p *pool) connected(c *conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Contains(p.conns, c)
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

const (
	aliveTime = 2 * time.Second  // in which a host answers that is there
	closeTime = 15 * time.Second // for the end of what runs there: more than a command and its shell need
)

// close ends the commands, then the supervisors, the connections and what looks after those, and waits for all of that. A
// host that does not answer ends what we have there by itself, when it finds that the link is gone.
func (p *pool) close() error {
	p.once.Do(p.windUp)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.unended > 0 {
		return fmt.Errorf("%w: shells that did not end when they were to: %d", ErrNotEnded, p.unended)
	}
	return nil
}

func (p *pool) windUp() {
	p.mu.Lock()
	p.closed = true
	idle, parked, conns := p.idle, p.parked, slices.Clone(p.conns)
	p.idle, p.parked = nil, nil
	if p.reaper != nil {
		p.reaper.Stop()
	}
	p.mu.Unlock()
	late := time.AfterFunc(closeTime, p.hangUp)
	defer late.Stop()
	for _, c := range conns {
		p.wg.Go(func() { c.answers(aliveTime) })
	}
	p.endCalls(errClosing)
	for _, s := range parked {
		s.evict()
	}
	for _, i := range idle {
		p.sweepBy(i.session)
		p.drop(i.session)
	}
	p.calls.Wait()
	for freed := p.awaited(); freed != nil; freed = p.awaited() {
		<-freed
	}
	p.hangUp()
	p.wg.Wait()
}

// awaited returns what tells that a supervisor has ended; nil: there is none any more.
func (p *pool) awaited() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.homes) == 0 {
		return nil
	}
	return p.freed
}

// hangUp closes the connections, and no further one is made.
func (p *pool) hangUp() {
	p.end()
	p.mu.Lock()
	conns := slices.Clone(p.conns)
	p.mu.Unlock()
	for _, c := range conns {
		c.hangUp()
	}
}
