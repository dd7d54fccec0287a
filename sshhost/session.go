package sshhost

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"
)

const (
	termGrace  = 2 * time.Second        // from TERM to KILL
	killGrace  = 2 * time.Second        // from KILL until another supervisor kills this one with its command
	lastGrace  = 2 * time.Second        // from then until the session is given up
	limitWait  = 100 * time.Millisecond // a command that is over sooner needs no limit
	checkTime  = time.Second            // between two checks that the process lives that waits for the command
	finishTime = 5 * time.Second        // a shell needs less to end, with a command that does not heed TERM
	lastWords  = 500 * time.Millisecond // for what a shell says when it ends

	// limitMargin is how long after its deadline a command may live on a host that has gone silent. In the usual case it
	// is ended from here, at the deadline.
	limitMargin = 10 * time.Second

	// firstLease is for how long a supervisor may live that is to have no lease later, until it has answered.
	firstLease = time.Minute
)

// A session is a supervisor that runs on a host, in a shell that was paid for once. It runs one command at a time.
type session struct {
	pipes
	wg     *sync.WaitGroup
	lease  time.Duration // how long the supervisor lives without hearing from us; 0: for ever
	local  bool          // that it runs on this machine, so no keep-alive renews the lease
	id     string        // begins the mark that its processes have in their environment
	mark   string
	events chan event
	done   chan struct{} // closed by close
	once   sync.Once
	late   chan struct{} // closed by evict: close does not wait any more
	evict  func()
	ended  [2]chan struct{} // closed when a stream has ended
	ending chan struct{}    // closed by isEnding
	gone   chan struct{}    // closed when the shell has ended, as far as can be known

	isEnding func() // notes that the shell ends, which it has said, or that it has ended
	out      [2]gate
	early    earlyOutput
	stray    atomic.Bool // something printed when no command ran
	broken   atomic.Bool // a stream ended, or cannot be read any more
	held     atomic.Bool // a process that a command has left may still print into a stream

	// Set by the supervisor's first words.
	pid, since string // its process and the time of its start; since is empty on a host without /proc
	chars      string // what its shell can hold: any, utf8 or ascii

	command string // the process that is or was the last command; empty until it has begun
	busy    bool   // the last command is not known to have ended

	// help has another supervisor carry out rescue for this one. It reports whether everything to be killed has ended. It
	// is nil while this session rescues another one.
	help func(ctx context.Context, victim string) bool

	swept []string // runs that it was told to sweep and has not said that it did; whose it is, the pool or a command, uses it

	requests sync.Mutex // one request at a time
	number   int        // of commands so far
	renewed  time.Time  // when the lease was renewed last; guarded by requests
}

// An event is what a reader of one stream has to say: one of these.
type event struct {
	stream int    // that the word came on
	word   string // of the supervisor's
	failed error  // a writer has failed
	err    error  // the session is over
}

// pipes are the streams of a shell that reads bootstrap.
type pipes struct {
	stdin          io.WriteCloser
	stdout, stderr io.Reader
	wait           func() // waits for the end of the shell
	kill           func() // kills the shell, if that is possible
	// stop closes everything below, once stdin is closed. Before that it waits for the end of the streams until late is closed.
	// The readers end after it, and wait too, unless the link is dead.
	stop func(late <-chan struct{})
}

// newSession starts a supervisor for commands that begin with prefix. The goroutines that read from it belong to wg. If
// ctx ends first, or no supervisor answers, the shell is killed and the pipes are closed, by a goroutine of wg's, and the
// session comes with the error: if the supervisor had begun, what watches its lease may have outlived it. A shell that cannot
// be killed ends with its first lease, which local ones do not have.
func newSession(ctx context.Context, p pipes, prefix string, lease time.Duration, local bool, wg *sync.WaitGroup) (*session, error) {
	s := &session{
		pipes: p, wg: wg, lease: lease, local: local, id: rand.Text(), mark: newMark(), events: make(chan event),
		done: make(chan struct{}), late: make(chan struct{}), ending: make(chan struct{}), gone: make(chan struct{}),
	}
	s.evict = sync.OnceFunc(func() { close(s.late) })
	s.isEnding = sync.OnceFunc(func() { close(s.ending) })
	s.ended = [2]chan struct{}{make(chan struct{}), make(chan struct{})}
	for i, r := range []io.Reader{p.stdout, p.stderr} {
		wg.Go(func() { s.read(i, r) })
	}
	wg.Go(func() {
		// The shell may end before the streams do: a command that outlives it holds them open.
		p.wait()
		close(s.gone)
		s.isEnding()
		s.tellEnd(io.EOF)
	})
	first := cmp.Or(lease, firstLease)
	if local {
		first = 0
	} else {
		s.renewed = time.Now()
	}
	if err := s.hello(ctx, prefix, first); err != nil {
		s.kill()
		wg.Go(func() { s.close() })
		return s, err
	}
	return s, nil
}

func (s *session) hello(ctx context.Context, prefix string, lease time.Duration) error {
	// Until the supervisor speaks, start-up files of the login shell may.
	if _, err := io.WriteString(s.stdin, supervisorText(s.mark, s.id, prefix, seconds(lease))); err != nil {
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
				words := strings.Fields(e.word)
				if greeted = len(words) > 2 && words[0][0] == '='; greeted {
					s.chars, s.pid, s.since = words[1], words[2], strings.Join(words[3:], "")
				}
			}
		}
	}
	s.stray.Store(false)
	if s.lease == 0 && lease != 0 {
		return s.request("lease 0\n")
	}
	return nil
}

// seconds returns a lease as the supervisor takes it.
func seconds(lease time.Duration) int { return int(math.Ceil(lease.Seconds())) }

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
	output := func(p []byte) {
		if open, err := s.out[i].write(p); !open {
			s.early.Write(p)
			s.stray.Store(true)
		} else if err != nil {
			s.tell(event{failed: err})
		}
	}
	for {
		n, err := r.Read(buf)
		torn := marks.feed(buf[:n], output, func(word string) {
			if _, ending := parseLast(word); ending {
				s.broken.Store(true)
				s.isEnding()
			}
			s.tell(event{stream: i, word: word})
		})
		if torn == nil && err != nil {
			torn = marks.end(output)
		}
		if torn != nil {
			err = fmt.Errorf("the host's answer comes apart: %s", quoteShort(torn[min(len(torn), len(s.mark)):]))
		}
		if err != nil {
			close(s.ended[i])
			s.tellEnd(err)
			io.Copy(io.Discard, r) // what still prints is not held up
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

// tellEnd says that the session is over, after what else its streams may say within a moment.
func (s *session) tellEnd(err error) {
	s.broken.Store(true)
	late, cancel := context.WithTimeout(context.Background(), lastWords)
	defer cancel()
	for _, ended := range s.ended {
		select {
		case <-ended:
		case <-late.Done():
		case <-s.done:
			return
		}
	}
	s.tell(event{err: err})
}

func (s *session) request(line string) error {
	s.requests.Lock()
	defer s.requests.Unlock()
	_, err := io.WriteString(s.stdin, line)
	return err
}

// renew renews the lease if a quarter of it is over. With a KeepAlive that is shorter than that, the host would start
// processes all the time.
func (s *session) renew() error {
	s.requests.Lock()
	defer s.requests.Unlock()
	if s.lease == 0 || time.Since(s.renewed) < s.lease/4 {
		return nil
	}
	s.renewed = time.Now()
	_, err := fmt.Fprintf(s.stdin, "lease %d\n", seconds(s.lease))
	return err
}

// limit makes the supervisor end itself and its command soon after ctx's deadline, unless the host hears from us by then.
// It reports whether there is such a limit. There is none if the lease ends first.
func (s *session) limit(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	after := max(time.Until(deadline)+limitMargin, time.Second)
	return ok && after < s.lease && s.request(fmt.Sprintf("limit %d\n", seconds(after))) == nil
}

// run runs one command and returns its exit status. Of the errors, that of ctx or of a writer comes when the command has
// been ended; the session can run another command then, unless the error wraps ErrNotEnded too. After ErrLost it cannot.
// ErrNotEnded alone comes with the exit status: something that the command has left in the background lives on.
func (s *session) run(ctx context.Context, command string, stdout, stderr io.Writer) (status int, err error) {
	if err := cmp.Or(tooLong(command, longestCommand, ""), s.holds(command)); err != nil {
		return 0, err
	}
	return s.runQuoted(ctx, quoteCommand(command), stdout, stderr)
}

// holds returns an error if the host's shell cannot hold command. Most can hold any.
func (s *session) holds(command string) error {
	for i, r := range command {
		_, size := utf8.DecodeRuneInString(command[i:])
		if s.chars == "ascii" && r >= utf8.RuneSelf || s.chars == "utf8" && r == utf8.RuneError && size == 1 {
			return fmt.Errorf("the host's sh cannot take byte 0x%02x of the command: in its locale it is no character", command[i])
		}
	}
	return nil
}

// runQuoted is run for a command that is quoted for the supervisor's shell.
func (s *session) runQuoted(ctx context.Context, quoted string, stdout, stderr io.Writer) (status int, err error) {
	if ctx.Err() != nil {
		return 0, ctxError(ctx)
	}
	for i, w := range []io.Writer{stdout, stderr} {
		s.out[i].open(w)
		defer s.out[i].close()
	}
	s.number++
	s.command, s.busy = "", true
	if err := s.request(fmt.Sprintf("start %d %s\n", s.number, quoted)); err != nil {
		s.broken.Store(true)
		s.busy = false
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

// rescue continues another supervisor of the same host, which does not answer. If victim is not empty it is the other's run
// and its command's process, and both are killed. rescue reports whether that is done.
func (s *session) rescue(ctx context.Context, other *session, victim string) bool {
	help := s.help
	s.help = nil // one that does not answer either is given up
	defer func() { s.help = help }()
	if s.request(fmt.Sprintf("rescue %s '%s' %s\n", other.pid, other.since, victim)) != nil {
		return false
	}
	status, err := s.runQuoted(ctx, tagged(`"exit $_rescued"`), io.Discard, io.Discard)
	return err == nil && status == 0
}

// sweep ends, before the next command, what other supervisors have left that were lost and had these runs.
func (s *session) sweep(runs []string) error {
	return s.request("lost " + strings.Join(runs, " ") + "\n")
}

// lastRun returns how the marks begin of the command that may still run if the session is lost: its id and the command's number,
// which is 0 if there is none. What earlier commands have left lives on.
func (s *session) lastRun() string {
	number := 0
	if s.busy {
		number = s.number
	}
	return fmt.Sprintf("%s/%d/", s.id, number)
}

// An answer is what a supervisor says at the end of a command.
type answer struct {
	status int
	left   bool // something of the command could not be ended
	held   bool // something may still print into the streams
}

var answers = regexp.MustCompile(`^:([0-9]{1,3})(!?)(~?)$`)

// parseLast parses what a supervisor says that ends: the number of the last command that has begun.
func parseLast(said string) (number int, ok bool) {
	last, ok := strings.CutPrefix(said, "-")
	number, err := strconv.Atoi(last)
	return number, ok && err == nil
}

// parseWord parses what a supervisor says of a command: the command's number, and + with its process or : with its status.
func parseWord(said string) (number int, word string, ok bool) {
	i := strings.IndexAny(said, "+:")
	if i < 0 {
		return 0, "", false
	}
	number, err := strconv.Atoi(said[:i])
	return number, said[i:], err == nil
}

// parseAnswer parses a supervisor's word, without the command's number.
func parseAnswer(word string) (a answer, ok bool) {
	m := answers.FindStringSubmatch(word)
	if m == nil {
		return a, false
	}
	a.status, _ = strconv.Atoi(m[1])
	if a.status > 256 { // ksh93 adds 256 to a signal's number, yash 384
		a.status = 128 + a.status%128
	}
	return answer{a.status, m[2] != "", m[3] != ""}, true
}

// wait waits for the end of the command that was started, and ends it when ctx ends or a writer fails.
func (s *session) wait(ctx context.Context) (status int, err error) {
	var (
		cause   error   // why the command is being ended
		told    bool    // the supervisor was told to end the command
		over    [2]bool // the streams
		left    bool    // something could not be ended
		done    = ctx.Done()
		limit   = time.NewTimer(limitWait)
		limited bool
		grace   = time.NewTimer(0)
		step    int                  // number of times that the grace has ended
		helped  = make(chan bool, 1) // whether another supervisor has killed this one with its command
	)
	check := time.NewTicker(checkTime)
	defer check.Stop()
	defer limit.Stop()
	grace.Stop()
	defer grace.Stop()
	defer func() {
		if limited {
			s.request("limit 0\n")
		}
	}()
	for over != [2]bool{true, true} {
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
			default:
				last, ending := parseLast(e.word)
				number, word, ok := parseWord(e.word)
				process, begun := strings.CutPrefix(word, "+")
				a, ended := parseAnswer(word)
				switch {
				case ending && last < s.number:
					s.busy = false
					return 0, fmt.Errorf("%w: the host's shell was ended", errNotBegun)
				case ending: // the command has begun, so its own end comes too
				case !ok || number > s.number:
					return 0, unexpected(e.word)
				case number < s.number || over[e.stream]: // told twice, because the process of run was killed after it had told
				case begun && e.stream == 0 && (s.command == "" || s.command == process):
					s.command = process
				case ended:
					status, over[e.stream], left = a.status, true, left || a.left
					if a.held {
						s.held.Store(true)
					}
				default:
					return 0, unexpected(e.word)
				}
			}
		case <-done:
			cause, done = cmp.Or(cause, ctxError(ctx)), nil
		case <-limit.C:
			if limited = s.limit(ctx); !limited && s.local && s.lease > 0 {
				s.renew() // no keep-alive does that
				limit.Reset(s.lease / 4)
			}
		case <-check.C:
			if s.command != "" && !told {
				s.request("check " + s.command + "\n")
			}
		case ended := <-helped:
			if ended {
				s.broken.Store(true)
				return 0, cause
			}
		case <-grace.C:
			switch step++; step {
			case 1:
				s.request("kill9 " + s.command + "\n")
				s.callHelp(ctx, "", nil)
				told = true
				grace.Reset(killGrace)
			case 2:
				s.request("last " + s.command + "\n")
				s.callHelp(ctx, s.lastRun()+" "+s.command, helped)
				grace.Reset(lastGrace)
			default:
				return 0, fmt.Errorf("%w; %w", cause, ErrNotEnded)
			}
		}
		if before == nil && cause != nil {
			grace.Reset(termGrace)
		}
		// Before it has started the command, the supervisor would not know what to end.
		if cause != nil && s.command != "" && !told {
			s.request("term " + s.command + "\n")
			told = true
		}
	}
	s.busy = left && cause != nil
	switch {
	case s.busy:
		return 0, fmt.Errorf("%w; %w", cause, ErrNotEnded)
	case left:
		return status, fmt.Errorf("%w: something that the command has left in the background lives on", ErrNotEnded)
	case cause != nil:
		return 0, cause
	}
	return status, nil
}

// callHelp has another supervisor do what help does, in a goroutine of its own, and sends the result to done, which may be
// nil. A supervisor that has been stopped answers only when it is continued.
func (s *session) callHelp(ctx context.Context, victim string, done chan<- bool) {
	help := s.help
	if help == nil {
		return
	}
	s.wg.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), killGrace+lastGrace)
		defer cancel()
		ended := help(ctx, victim)
		if done != nil {
			done <- ended
		}
	})
}

func unexpected(word string) error { return fmt.Errorf("%w: unexpected answer %q", ErrLost, word) }

// lost returns the error of a session whose stream has ended.
func lost(err error) error {
	if errors.Is(err, io.EOF) {
		return ErrLost
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

// reusable reports whether the session can run another command.
func (s *session) reusable() bool { return !s.stray.Load() && !s.broken.Load() && !s.held.Load() }

// isHeld reports whether the session is kept open only for a daemon, which could not print any more without it.
func (s *session) isHeld() bool { return s.held.Load() && !s.broken.Load() }

// close ends the session and what it runs, and waits for that. If the session is held by a daemon, it waits as long as the
// daemon lives, or until evict is called. The error is ErrNotEnded if the host answers and the shell does not end.
func (s *session) close() (err error) {
	s.once.Do(func() {
		over, held := s.gone, s.isHeld()
		if held {
			over = s.ending // tinysshd tells that the shell has ended only when its streams have
		}
		close(s.done)
		s.stdin.Close()
		if !s.ends(over) {
			err = ErrNotEnded
			s.evict()
		} else if !held {
			timer := time.AfterFunc(termGrace+killGrace+lastGrace, s.evict)
			defer timer.Stop()
		}
		s.stop(s.late)
	})
	return err
}

// ends waits until the shell, whose input has ended, is over. One that has been stopped ends when another supervisor
// continues it, or kills it.
func (s *session) ends(over <-chan struct{}) bool {
	for step, wait := range []time.Duration{termGrace, finishTime - termGrace, lastGrace} {
		late := time.NewTimer(wait)
		select {
		case <-over:
			late.Stop()
			return true
		case <-late.C:
		}
		switch step {
		case 0:
			s.callHelp(context.Background(), "", nil)
		case 1:
			s.callHelp(context.Background(), s.lastRun()+" "+s.command, nil)
		}
	}
	return false
}
