package sshhost

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	termGrace = 2 * time.Second        // from TERM to KILL
	killGrace = 3 * time.Second        // from KILL until the session is given up
	leaseWait = 100 * time.Millisecond // a command that is over sooner needs no lease of its own
	lastWords = 500 * time.Millisecond // that a shell is given which ends before it has begun

	// leaseMargin is how long after its deadline a command may live on a host that has gone silent. In the usual case it
	// is ended from here, at the deadline.
	leaseMargin = 10 * time.Second
)

// A session is a supervisor that runs on a host, in a shell that was paid for once. It runs one command at a time.
type session struct {
	pipes
	lease  time.Duration // how long the supervisor lives without hearing from us; 0: for ever
	id     string        // begins the mark that its processes have in their environment
	mark   string
	events chan event
	done   chan struct{} // closed by close
	once   sync.Once
	out    [2]gate
	early  earlyOutput
	stray  atomic.Bool // something printed when no command ran
	broken atomic.Bool // a stream ended

	swept []string // ids that it was told to sweep and has not said that it did; whose it is, the pool or a command, uses it

	requests sync.Mutex // one request at a time
	number   int        // of commands so far
	deadline time.Time  // of the command that runs; zero: none
}

// An event is what a reader of one stream has to say: one of these.
type event struct {
	word   string // of the supervisor's
	failed error  // a writer has failed
	err    error  // the session is over
}

// pipes are the streams of a shell that reads bootstrap.
type pipes struct {
	stdin          io.WriteCloser
	stdout, stderr io.Reader
	wait           func() // waits for the end of the shell
	stop           func() // closes everything below, once stdin is closed; the readers end after it, and wait too, unless the link is dead
}

// newSession starts a supervisor for commands that begin with prefix. The goroutines that read from it belong to wg. When
// ctx ends first, or no supervisor answers, the pipes are closed, by a goroutine of wg's.
func newSession(ctx context.Context, p pipes, prefix string, lease time.Duration, wg *sync.WaitGroup) (*session, error) {
	s := &session{pipes: p, lease: lease, id: rand.Text(), mark: newMark(), events: make(chan event), done: make(chan struct{})}
	for i, r := range []io.Reader{p.stdout, p.stderr} {
		wg.Go(func() { s.read(i, r) })
	}
	wg.Go(func() {
		// The shell may end before the streams do: a command that outlives it holds them open.
		p.wait()
		s.broken.Store(true)
		s.tell(event{err: io.EOF})
	})
	if err := s.hello(ctx, prefix); err != nil {
		wg.Go(s.close)
		return nil, err
	}
	return s, nil
}

func (s *session) hello(ctx context.Context, prefix string) error {
	// Until the supervisor speaks, start-up files of the login shell may.
	if _, err := io.WriteString(s.stdin, supervisorText(s.mark, s.id, prefix)); err != nil {
		return s.stillborn(ctx, 3)
	}
	for range s.out {
		for greeted := false; !greeted; {
			select {
			case <-ctx.Done():
				return fmt.Errorf("the login shell does not take a command%v: %w", &s.early, ctxError(ctx))
			case e := <-s.events:
				if e.err != nil {
					return s.stillborn(ctx, 2)
				}
				greeted = e.word != "" && e.word[0] == '='
			}
		}
	}
	s.stray.Store(false)
	return s.renew()
}

// stillborn is the error of a shell that ended before it began. What it printed last comes within a moment: its two
// streams and itself end one by one, of which so many are still to be told.
func (s *session) stillborn(ctx context.Context, ends int) error {
	late := time.NewTimer(lastWords)
	defer late.Stop()
	for waiting := true; waiting && ends > 0; ends-- {
		select {
		case <-s.events:
		case <-late.C:
			waiting = false
		case <-ctx.Done():
			waiting = false
		}
	}
	return fmt.Errorf("%w: the session ended before it began%v", ErrNoShell, &s.early)
}

// read passes one stream on until it ends.
func (s *session) read(i int, r io.Reader) {
	marks := markReader{mark: []byte(s.mark)}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		marks.feed(buf[:n], func(p []byte) {
			if open, err := s.out[i].write(p); !open {
				s.early.Write(p)
				s.stray.Store(true)
			} else if err != nil {
				s.tell(event{failed: err})
			}
		}, func(word string) { s.tell(event{word: word}) })
		if err != nil {
			s.broken.Store(true)
			s.tell(event{err: err})
			return
		}
	}
}

// An earlyOutput keeps the beginning of what comes when no command runs: before the first one, that tells why there will
// be none.
type earlyOutput struct {
	mu   sync.Mutex
	text []byte
}

const longestEarly = 200

func (e *earlyOutput) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.text = append(e.text, p[:min(len(p), longestEarly-len(e.text))]...)
	return len(p), nil
}

// String is empty when nothing was printed.
func (e *earlyOutput) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if text := quoteShort(e.text); text != "" {
		return ", and prints " + text
	}
	return ""
}

// quoteShort returns the beginning of what a host said, in quotes and on one line; nothing if that is nothing.
func quoteShort(text []byte) string {
	words := strings.Join(strings.Fields(string(text[:min(len(text), longestEarly)])), " ")
	if words == "" {
		return ""
	}
	return strconv.Quote(words)
}

func (s *session) tell(e event) {
	select {
	case s.events <- e:
	case <-s.done:
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
	if ctx.Err() != nil {
		return 0, ctxError(ctx)
	}
	for i, w := range []io.Writer{stdout, stderr} {
		s.out[i].open(w)
		defer s.out[i].close()
	}
	s.setDeadline(ctx.Deadline())
	s.number++
	if err := s.request(startRequest(s.number, command)); err != nil {
		s.broken.Store(true)
		return 0, fmt.Errorf("%w: %w", errNotBegun, err) // for the host has not got the whole line
	}
	status, err = s.wait(ctx)
	if errors.Is(err, ErrLost) || errors.Is(err, ErrNotEnded) {
		s.broken.Store(true)
	} else {
		s.swept = nil
	}
	return status, err
}

// sweep ends, before the next command, what other supervisors have left that were lost and had these ids.
func (s *session) sweep(ids []string) error {
	return s.request("sweep " + strings.Join(ids, " ") + "\n")
}

func (s *session) setDeadline(deadline time.Time, _ bool) {
	s.requests.Lock()
	defer s.requests.Unlock()
	s.deadline = deadline
}

// wait waits for the end of the command that was started, and ends it when ctx ends or a writer fails.
func (s *session) wait(ctx context.Context) (status int, err error) {
	var (
		cause    error // why the command is being ended
		started  bool
		ends     int // of the two streams
		done     = ctx.Done()
		lease    = time.NewTimer(leaseWait)
		grace    = time.NewTimer(0)
		requests = []string{"term\n", "kill9\n"} // that are still to be sent
	)
	defer lease.Stop()
	grace.Stop()
	defer grace.Stop()
	for ends < len(s.out) {
		before := cause
		select {
		case e := <-s.events:
			switch {
			case e.err != nil && cause != nil:
				return 0, fmt.Errorf("%w; %w", cause, ErrNotEnded)
			case e.err != nil:
				return 0, lost(e.err)
			case e.failed != nil:
				cause = cmp.Or(cause, e.failed)
			case e.word == "+":
				started = true
			default:
				word, left := strings.CutSuffix(e.word, "!")
				if status, err = strconv.Atoi(word); err != nil {
					return 0, fmt.Errorf("%w: unexpected answer %q", ErrLost, e.word)
				}
				if ends++; left && cause != nil && !errors.Is(cause, ErrNotEnded) {
					cause = fmt.Errorf("%w; %w", cause, ErrNotEnded)
				}
			}
		case <-done:
			cause, done = cmp.Or(cause, ctxError(ctx)), nil
		case <-lease.C:
			s.renew()
			defer s.renew() // for the time after the command
		case <-grace.C:
			if len(requests) == 0 {
				return 0, fmt.Errorf("%w; %w", cause, ErrNotEnded)
			}
			s.request(requests[len(requests)-1])
			requests = nil
			grace.Reset(killGrace)
		}
		if before == nil && cause != nil {
			grace.Reset(termGrace)
		}
		// Before it has started the command, the supervisor would not know what to end.
		if cause != nil && started && len(requests) == 2 {
			s.request(requests[0])
			requests = requests[1:]
		}
	}
	s.setDeadline(time.Time{}, false)
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

// close ends the session and what it runs, and waits for that as long as stop does.
func (s *session) close() {
	s.once.Do(func() {
		close(s.done)
		s.stdin.Close()
		s.stop()
	})
}
