package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	termGrace = 2 * time.Second        // from TERM to KILL
	killGrace = 3 * time.Second        // from KILL until the session is given up
	leaseWait = 100 * time.Millisecond // a command that is over sooner needs no lease of its own

	// leaseMargin is how long after its deadline a command may live on a host that has gone silent. In the usual case it
	// is ended from here, at the deadline.
	leaseMargin = 10 * time.Second
)

// A session is a supervisor that runs on a host, in a shell that was paid for once. It runs one command at a time.
type session struct {
	pipes
	lease  time.Duration // how long the supervisor lives without hearing from us; 0: for ever
	mark   string
	events chan event
	done   chan struct{} // closed by close
	once   sync.Once
	out    [2]stream
	stray  atomic.Bool // something printed when no command ran
	broken atomic.Bool // a stream ended

	requests sync.Mutex // one request at a time
	number   int        // of commands so far
	deadline time.Time  // of the command that runs; zero: none
}

// A stream is where one stream's output goes: nowhere while no command runs.
type stream struct {
	mu  sync.Mutex
	w   io.Writer
	err error // of w
}

// An event is what a reader of one stream has to say.
type event struct {
	stream int
	word   string // a word of the supervisor's, or
	err    error  // why there will be none any more, or
	failed bool   // the caller's writer has failed
}

// pipes are the streams of a shell that reads bootstrap.
type pipes struct {
	stdin          io.WriteCloser
	stdout, stderr io.Reader
	stop           func() // closes everything below; the two readers end after it, but a dead link may delay that
}

// newSession starts the supervisor. The goroutines that read from it belong to readers. When ctx ends first, or no
// supervisor answers, the pipes are closed.
func newSession(ctx context.Context, p pipes, lease time.Duration, readers *sync.WaitGroup) (*session, error) {
	s := &session{pipes: p, lease: lease, mark: newMark(), events: make(chan event), done: make(chan struct{})}
	for i, r := range []io.Reader{p.stdout, p.stderr} {
		readers.Go(func() { s.read(i, r) })
	}
	if err := s.hello(ctx); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *session) hello(ctx context.Context) error {
	// Until the supervisor speaks, start-up files of the login shell may.
	if _, err := io.WriteString(s.stdin, supervisorText(s.mark)); err != nil {
		return fmt.Errorf("%w: %w", ErrNoShell, err)
	}
	for range s.out {
		for greeted := false; !greeted; {
			select {
			case <-ctx.Done():
				return ctxError(ctx)
			case e := <-s.events:
				if e.err != nil {
					return fmt.Errorf("%w: the session ended before it began", ErrNoShell)
				}
				greeted = e.word != "" && e.word[0] == '='
			}
		}
	}
	s.stray.Store(false)
	return s.renew()
}

// read passes one stream on until it ends.
func (s *session) read(i int, r io.Reader) {
	marks := markReader{mark: []byte(s.mark)}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		marks.feed(buf[:n], func(p []byte) { s.write(i, p) }, func(word string) { s.tell(event{stream: i, word: word}) })
		if err != nil {
			s.broken.Store(true)
			s.tell(event{stream: i, err: err})
			return
		}
	}
}

func (s *session) write(i int, p []byte) {
	st := &s.out[i]
	st.mu.Lock()
	if st.w == nil {
		st.mu.Unlock()
		s.stray.Store(true)
		return
	}
	if st.err != nil {
		st.mu.Unlock()
		return
	}
	_, st.err = st.w.Write(p)
	failed := st.err != nil
	st.mu.Unlock()
	if failed {
		s.tell(event{stream: i, failed: true})
	}
}

func (s *session) tell(e event) {
	select {
	case s.events <- e:
	case <-s.done:
	}
}

// attach directs the streams; nil detaches them. After it nothing more is written to the writers before.
func (s *session) attach(w ...io.Writer) {
	for i := range s.out {
		st := &s.out[i]
		st.mu.Lock()
		st.w, st.err = w[i], nil
		st.mu.Unlock()
	}
}

func (s *session) request(line string) error {
	s.requests.Lock()
	defer s.requests.Unlock()
	_, err := io.WriteString(s.stdin, line)
	return err
}

// renew tells the supervisor for how long it may live, with what it runs, if it hears nothing more from us.
func (s *session) renew() error {
	if s.lease == 0 {
		return nil
	}
	s.requests.Lock()
	defer s.requests.Unlock()
	lease := s.lease
	if !s.deadline.IsZero() {
		lease = max(min(lease, time.Until(s.deadline)+leaseMargin), time.Second)
	}
	_, err := fmt.Fprintf(s.stdin, "lease %.0f\n", math.Ceil(lease.Seconds()))
	return err
}

// run runs one command and returns its exit status. Of the errors, that of ctx or of a writer comes when the command has
// been ended; the session can run another command then, unless the error wraps ErrNotEnded too. After ErrLost it cannot.
func (s *session) run(ctx context.Context, command string, stdout, stderr io.Writer) (status int, err error) {
	if err := ctx.Err(); err != nil {
		return 0, ctxError(ctx)
	}
	s.attach(stdout, stderr)
	defer s.attach(nil, nil)
	s.number++
	s.requests.Lock()
	s.deadline, _ = ctx.Deadline()
	s.requests.Unlock()
	if err := s.request(startRequest(s.mark[1:9]+strconv.Itoa(s.number), command)); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrLost, err)
	}
	var leased atomic.Bool
	timer := time.AfterFunc(leaseWait, func() { leased.Store(true); s.renew() })
	status, err = s.wait(ctx)
	timer.Stop()
	s.requests.Lock()
	s.deadline = time.Time{}
	s.requests.Unlock()
	if leased.Load() && err == nil {
		s.renew()
	}
	return status, err
}

// wait waits for the end of the command that was started, and ends it when ctx ends or a writer fails.
func (s *session) wait(ctx context.Context) (status int, err error) {
	var (
		cause    error // why the command is being ended
		started  bool
		asked    bool
		ends     int
		done     = ctx.Done()
		patience *time.Timer
		expired  <-chan time.Time
		next     = "kill9\n"
	)
	defer func() {
		if patience != nil {
			patience.Stop()
		}
	}()
	for ends < len(s.out) {
		select {
		case e := <-s.events:
			switch {
			case e.err != nil && cause != nil:
				return 0, fmt.Errorf("%w; %w", cause, ErrNotEnded)
			case e.err != nil:
				return 0, lost(e.err)
			case e.failed && cause == nil:
				cause = fmt.Errorf("write output: %w", s.out[e.stream].err)
			case e.word == "+":
				started = true
			case e.word != "":
				n, err := strconv.Atoi(e.word)
				if err != nil {
					return 0, fmt.Errorf("%w: unexpected answer %q", ErrLost, e.word)
				}
				status, ends = n, ends+1
			}
		case <-done:
			cause, done = ctxError(ctx), nil
		case <-expired:
			if next == "" {
				return 0, fmt.Errorf("%w; %w", cause, ErrNotEnded)
			}
			s.request(next)
			next = ""
			patience.Reset(killGrace)
		}
		// Before it has started the command, the supervisor would not know what to end.
		if cause != nil && patience == nil {
			patience = time.NewTimer(termGrace)
			expired = patience.C
		}
		if cause != nil && started && !asked {
			asked = true
			s.request("term\n")
		}
	}
	return status, cause
}

// lost returns the error of a session whose stream has ended.
func lost(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrLost
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

// reusable reports whether the session can run another command.
func (s *session) reusable() bool { return !s.stray.Load() && !s.broken.Load() }

// close ends the session and what it runs.
func (s *session) close() {
	s.once.Do(func() {
		close(s.done)
		s.stdin.Close()
		s.stop()
	})
}
