package iperf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/tunaperf/tuna/iperf/evidence"
	"github.com/tunaperf/tuna/iperf/report"
)

// A process is one end of a test: a program that runs on a host, whose output is stored, logged and parsed as it
// arrives.
type process struct {
	command
	end    End
	cancel context.CancelCauseFunc // ends the program
	ctx    context.Context
	done   chan struct{} // closed when all below is final
	shared *session

	stdout, errFile rawFile
	intervals       intervalFile
	stderr          buffer
	split           evidence.Splitter // takes stdout and the counters around it apart
	report          *report.Report
	parseErr        error
	runErr          error // a *RunError, unless stop ended it
	stopErr         error // stop could not see it end
	silent          bool  // nothing came back of the UDP that it sent
}

// errStopped is the cause by which stop ends a program, which is no failure of it.
var errStopped = errors.New("stopped")

// A session is what the two ends of a run share.
type session struct {
	x    *Iperf
	name string     // of the files, without the role
	mu   sync.Mutex // of LogWriter, OnInterval, OnIntervalPair and pairs

	pairs pairing
}

func (x *Iperf) newSession(name string) *session {
	return &session{x: x, name: name, pairs: pairing{each: x.OnIntervalPair}}
}

// parser is what reads the output of one end. Some formats do not tell which end it is from.
func (x *Iperf) parser(role Role) Parser {
	switch {
	case x.Parser != nil:
		return x.Parser
	case role == RoleClient:
		return &report.Parser{Role: RoleClient}
	}
	return &report.Parser{Role: RoleServer}
}

// start makes the file for the raw output and starts the program. onLine sees every line of its stdout, and watch, which
// ends with the process's context, may end it; both may be nil. The program ends when ctx does, or by cancel.
func (s *session) start(ctx context.Context, c command, m *machine, onLine func([]byte), watch func(*process)) (*process, error) {
	p := &process{command: c, done: make(chan struct{}), shared: s}
	file := c.role.String() + "_" + s.name
	if err := p.stdout.create(s.x.FileStorage, file); err != nil {
		return nil, err
	}
	if s.x.IntervalsCSV {
		if err := p.intervals.create(s.x.FileStorage, "intervals_"+file+".csv", &s.x.Client); err != nil {
			return nil, both(err, p.closeFiles())
		}
	}
	p.end = End{
		Phases: Phases{Asking: m.asked},
		Host:   hostName(c.host), Addr: c.host.TestAddr(), System: m.system, Version: m.version, Argv: c.argv, Command: c.text(),
		File: p.stdout.name, IntervalsFile: p.intervals.name, ExitStatus: -1, Start: time.Now(),
	}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	s.x.logger().DebugContext(ctx, "start", "role", c.role.String(), "host", p.end.Host, "command", p.end.Command)

	s.mu.Lock()
	s.pairs.begin(c.role)
	s.mu.Unlock()
	pr, pw := io.Pipe()
	var parsed sync.WaitGroup
	parsed.Go(func() {
		// A parser may stop before the end. The rest is still stored.
		defer pr.CloseWithError(io.ErrClosedPipe)
		p.report, p.parseErr = s.x.parser(c.role).Parse(pr, func(i report.Interval) {
			p.intervals.interval(i)
			s.interval(c.role, i)
		})
		p.intervals.finish(p.report)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pairs.end(c.role)
	})
	lines := lineWriter{each: func(line []byte) {
		s.log(line)
		if onLine != nil {
			onLine(line)
		}
	}}
	errLines := lineWriter{each: s.log}
	stdout := writerFunc(func(b []byte) {
		p.stdout.write(b)
		lines.Write(b)
		pw.Write(b) // fails only when the parser has stopped
	})
	text, mark := m.traced(p.end.Command)
	p.split = evidence.Splitter{Out: stdout, Mark: mark}
	stderr := writerFunc(func(b []byte) {
		p.stderr.Write(b)
		if p.errFile.file == nil && p.errFile.err == nil {
			p.errFile.err = p.errFile.create(s.x.FileStorage, file+".err")
		}
		p.errFile.write(b)
		errLines.Write(b)
	})
	var watching sync.WaitGroup
	if watch != nil {
		watching.Go(func() { watch(p) })
	}
	go func() {
		defer close(p.done)
		defer watching.Wait()
		defer p.cancel(nil)
		err := c.host.Run(p.ctx, text, &p.split, stderr)
		p.split.Close()
		lines.flush()
		errLines.flush()
		pw.Close()
		parsed.Wait()
		p.end.Elapsed = time.Since(p.end.Start)
		if c.role == RoleClient {
			p.end.Phases.Traffic = p.end.Elapsed
		}
		p.end.ErrFile = p.errFile.name
		status, exited := exitStatus(err)
		if exited || err == nil {
			p.end.ExitStatus = recorded(status)
		}
		// A host that has ended a program returns the context's error. After any other, the program may live on.
		ended := !notEnded(err) && (err == nil || exited || isAny(err, errStopped, context.Canceled, context.DeadlineExceeded))
		switch stopped := context.Cause(p.ctx) == errStopped; {
		case err != nil && !stopped:
			p.runErr = p.fail(p.ctx, err, p.stderr.String())
			p.noticeSilence()
		case stopped && !ended:
			p.stopErr = fmt.Errorf("%v on %s could not be stopped: %w: %w", c.role, p.end.Host, ErrHostLost, err)
		}
		s.x.logger().DebugContext(ctx, "end", "role", c.role.String(), "host", p.end.Host, "error", err)
	}()
	return p, nil
}

// stop ends the program, and waits until it is gone. It does nothing when it has ended already.
func (p *process) stop() {
	p.cancel(errStopped)
	<-p.done
}

// closeFiles closes the raw files, once, after done, and tells what could not be kept.
func (p *process) closeFiles() error {
	start := time.Now()
	defer func() { p.end.Phases.Storing += time.Since(start) }()
	return both(both(p.stdout.close(), p.errFile.close()), p.intervals.close())
}

// addSums puts the SHA-256 of the raw files into sums.
func (p *process) addSums(sums map[string]string) {
	p.stdout.addSum(sums)
	p.errFile.addSum(sums)
	p.intervals.addSum(sums)
}

// outputFault is what was wrong with the output of a program that did not fail otherwise, after done; nil: nothing.
func (p *process) outputFault() error {
	err := p.parseErr
	switch {
	case p.runErr != nil:
		return nil
	case err == nil && p.report != nil:
		err = p.report.Err
	}
	if err == nil {
		return nil
	}
	stderr := p.stderr.String()
	said := report.ClassifyError(stderr)
	if context.Cause(p.ctx) == errStopped { // the signal that it tells of was ours
		if p.parseErr == nil && errors.Is(err, ErrInterrupted) {
			return nil
		}
		if errors.Is(said, ErrInterrupted) {
			said = nil
		}
	}
	if said != nil {
		err = fmt.Errorf("%w: %w", said, err)
	}
	return p.failure(err, stderr)
}

// complaint is a failure that a program which did not fail told of on stderr: iperf 2 goes on when it cannot bind, for one.
// That a socket of UDP is refused something only says that the other end was done first.
func (p *process) complaint() error {
	stderr := p.stderr.String()
	said := report.ClassifyError(stderr)
	switch {
	case p.runErr != nil || said == nil,
		context.Cause(p.ctx) == errStopped && errors.Is(said, ErrInterrupted),
		p.shared.x.Client.protocol() == report.ProtocolUDP && errors.Is(said, ErrRefused):
		return nil
	}
	return p.failure(said, stderr)
}

// failure is an error of a program that exited well, or was ended by us.
func (p *process) failure(err error, stderr string) *RunError {
	return &RunError{
		Host: p.end.Host, Machine: machineOf(p.host), Role: p.role, Command: p.end.Command, ExitStatus: p.end.ExitStatus,
		Stderr: stderr, Hint: p.hint(err), Err: err,
	}
}

func (s *session) log(line []byte) {
	if s.x.LogWriter == nil {
		return
	}
	if line[len(line)-1] != '\n' { // the last one, or a piece of one that is too long
		line = append(slices.Clip(line), '\n')
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.x.LogWriter.Write(line) // a log that fails does not fail the run
}

func (s *session) interval(role Role, i report.Interval) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.x.OnInterval != nil {
		s.x.OnInterval(role, i)
	}
	s.pairs.take(role, i)
}

// A writerFunc is a writer that takes everything.
type writerFunc func([]byte)

func (f writerFunc) Write(p []byte) (int, error) {
	f(p)
	return len(p), nil
}
