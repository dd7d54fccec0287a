package iperf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/tunaperf/tuna/internal/shquote"
	"github.com/tunaperf/tuna/iperf/report"
)

// The kinds of failure, for errors.Is. Errors of runs wrap one or more of them.
var (
	ErrNotInstalled    = errors.New("not installed")                      // or not executable
	ErrVersionMismatch = errors.New("the two ends have different majors") // iperf 2 and iperf 3 do not understand each other
	ErrHostLost        = errors.New("host lost")                          // the host could not be asked, or its connection broke
	ErrCanceled        = errors.New("ended by the caller")                // the caller's context was cancelled, or a host was closed
	ErrStorage         = errors.New("raw output could not be kept")       // FileStorage, or one of its files, failed
	ErrSettings        = errors.New("bad settings")                       // found before anything was started
	ErrClocksDiffer    = errors.New("the hosts' clocks differ")           // by more than what TripTimes or TxStartTime reports can bear
	ErrTimeout         = report.ErrTimeout                                // of the run, or of the caller's context
	ErrUnsupported     = report.ErrUnsupported                            // the program, or the system that it runs on, lacks an option
	ErrPortInUse       = report.ErrPortInUse                              // something else listens on the server's port
	ErrRefused         = report.ErrConnectionRefused                      // nothing listened where the client connected to
	ErrUnreachable     = report.ErrUnreachable                            // no way from the client to the server
	ErrServerBusy      = report.ErrServerBusy                             // the server was serving somebody else
	ErrRejected        = report.ErrRejected                               // the server has a limit, or a key, that the test does not meet
	ErrPeerLost        = report.ErrPeerLost                               // the other end went away during the test
	ErrInterrupted     = report.ErrInterrupted                            // iperf was ended by a signal that was not ours, or crashed
	ErrIncomplete      = report.ErrIncomplete                             // the output stopped early
	ErrNotUnderstood   = report.ErrNotUnderstood                          // the output is not iperf's
	ErrNoBandwidth     = report.ErrNoBandwidth                            // nothing that a bandwidth could be made from
)

// errorKinds are those that a manifest names.
var errorKinds = []error{
	ErrNotInstalled, ErrVersionMismatch, ErrHostLost, ErrCanceled, ErrStorage, ErrSettings, ErrClocksDiffer, ErrTimeout, ErrUnsupported,
	ErrPortInUse, ErrRefused, ErrUnreachable, ErrServerBusy, ErrRejected, ErrPeerLost, ErrInterrupted, ErrIncomplete, ErrNotUnderstood,
	ErrNoBandwidth, ErrPanic, ErrWrongPath, ErrSameHost, ErrLoopback, ErrForeignTraffic, ErrOtherWay, ErrReceiverDropped, ErrSenderDropped,
}

// A RunError is one program's failure with all the evidence. Error prints one short line. The format %+v adds the
// command, the exit status and the first lines of Stderr.
type RunError struct {
	Host       string // what it calls itself
	Machine    string // "DUT" or "traffic server"; empty: it was not run between the two
	Role       Role   // 0: it was only asked for its version
	Command    string
	ExitStatus int    // -1: it did not exit by itself, or never started
	Stderr     string // what it printed there: all of it, but only the first and last 32 KiB of more
	Hint       string // what to look at, such as the address that was dialled; empty: not known
	Err        error  // wraps one of the kinds where it is known, and the error of HostSSH.Run
}

// Error returns one line that says which program failed, where, why, and what to look at.
func (e *RunError) Error() string {
	program := firstWord(e.Command)
	if e.Role != 0 {
		program += " " + e.Role.String()
	}
	text := program + " on " + machineName(e.Machine, e.Host) + ": " + e.Err.Error()
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// machineName returns how messages call a host whose machine of the run, or whose own name, may be empty.
func machineName(machine, host string) string {
	switch {
	case machine == "" && host == "":
		return "a host without a name"
	case machine == "":
		return host
	case host == "":
		return "the " + machine
	}
	return "the " + machine + " (" + host + ")"
}

// firstWord is the first word of a shell command, as it is quoted there.
func firstWord(command string) string {
	quoted, escaped := false, false
	for i, c := range command {
		switch {
		case escaped:
			escaped = false
		case c == '\\' && !quoted:
			escaped = true
		case c == '\'':
			quoted = !quoted
		case c == ' ' && !quoted:
			return command[:i]
		}
	}
	return command
}

// Unwrap gives Err.
func (e *RunError) Unwrap() error { return e.Err }

// Format prints Error for every verb, and for %+v the command, the exit status and the first lines of stderr too.
func (e *RunError) Format(s fmt.State, verb rune) {
	io.WriteString(s, e.Error())
	if verb == 'v' && s.Flag('+') {
		fmt.Fprintf(s, "\ncommand: %s\nexit status: %d\nstderr:\n%s", e.Command, e.ExitStatus, firstLines(e.Stderr))
	}
}

// firstLines leaves out what follows the first lines of a long text, such as the program's usage. It says how many lines
// these are.
func firstLines(text string) string {
	const most, bytes = 10, 4 << 10
	lines := strings.SplitAfter(strings.TrimRight(text, "\n"), "\n")
	if len(lines) <= most && len(text) <= bytes {
		return text
	}
	var b strings.Builder
	for i, line := range lines {
		if i == most || b.Len()+len(line) > bytes {
			if i == 0 {
				return fmt.Sprintf("%s… (%d bytes more, see Stderr)\n", strings.ToValidUTF8(line[:bytes], ""), len(text)-bytes)
			}
			fmt.Fprintf(&b, "… (%d lines more, see Stderr)\n", len(lines)-i)
			break
		}
		b.WriteString(line)
	}
	return b.String()
}

// A verboseError is an error around others, such as those of both ends. With %+v it prints what each RunError in it does.
type verboseError struct{ error }

// errorf does what fmt.Errorf does, and keeps the evidence of each RunError.
func errorf(format string, args ...any) error { return verboseError{fmt.Errorf(format, args...)} }

func (e verboseError) Unwrap() error { return e.error }

func (e verboseError) Format(s fmt.State, verb rune) {
	io.WriteString(s, e.Error())
	if verb == 'v' && s.Flag('+') {
		printEvidence(s, e.error)
	}
}

// printEvidence prints the evidence of every RunError that err wraps.
func printEvidence(w io.Writer, err error) {
	switch e := err.(type) {
	case *RunError, *PanicError:
		fmt.Fprintf(w, "\n\n%+v", e)
	case *callerError: // such as what Iperf.Install returned from a run of its own
		if run, ok := errors.AsType[*RunError](err); ok {
			printEvidence(w, run)
		}
	case interface{ Unwrap() error }:
		printEvidence(w, e.Unwrap())
	case interface{ Unwrap() []error }:
		for _, err := range e.Unwrap() {
			printEvidence(w, err)
		}
	}
}

// both joins the errors of two ends in one line.
func both(a, b error) error {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	if kept, ok := a.(storageError); ok {
		if more, ok := b.(storageError); ok {
			return append(slices.Clip(kept), more...)
		}
	}
	return errorf("%w; %w", a, b)
}

// A command is what is run on a host.
type command struct {
	host HostSSH
	role Role
	argv []string

	// Of a client.
	addr string // that it connects to
	port int
	peer HostSSH // whose address that is; nil: unknown
}

// text is the command as the host's shell gets it.
func (c command) text() string { return shquote.Join(c.argv) }

// fail makes a RunError of an error of HostSSH.Run, or of what was wrong with the output.
func (c command) fail(ctx context.Context, err error, stderr string) *RunError {
	e := &RunError{Host: hostName(c.host), Machine: machineOf(c.host), Role: c.role, Command: c.text(), ExitStatus: -1, Stderr: stderr}
	defer func() { e.Hint = c.hint(e.Err) }()
	said := report.ClassifyError(stderr)
	status, exited := exitStatus(err)
	err = unnamed{err, e.Host}
	if exited {
		e.ExitStatus = recorded(status)
	}
	switch {
	case errors.Is(err, ErrPanic):
		e.Err = err
	case exited && broken.MatchString(stderr):
		e.Err = fmt.Errorf("%w: %s: %s (%w)", ErrNotInstalled, cannotRun, firstLine(broken.FindString(stderr)), err)
	case exited && notFound(status, stderr):
		e.Err = fmt.Errorf("%w (%w)", ErrNotInstalled, err)
	case exited && (status == 126 || c.role == 0 && strings.Contains(stderr, "Permission denied")):
		e.Err = fmt.Errorf("%w: no permission to execute it (%w)", ErrNotInstalled, err)
	case exited && neverConnected.MatchString(stderr):
		e.Err = fmt.Errorf("%w: it could not connect: %s (%w)", ErrUnreachable, firstLine(stderr), err)
	case exited && said != nil && noAnswer.MatchString(stderr):
		e.Err = fmt.Errorf("%w: %w (%w)", ErrUnreachable, said, err)
	case exited && said != nil:
		e.Err = fmt.Errorf("%w (%w)", said, err)
	case exited && status > 128 && status < 160: // 128 and the signal's number
		e.Err = fmt.Errorf("%w: %w", ErrInterrupted, withStderr(err, stderr))
	case exited:
		e.Err = withStderr(err, stderr)
	case ctx.Err() != nil && notEnded(err):
		e.Err = fmt.Errorf("%w; %w: %w", endedBy(ctx), ErrHostLost, err)
	case ctx.Err() != nil:
		e.Err = endedBy(ctx)
	case errors.Is(err, report.ErrNotUnderstood), errors.Is(err, errEarlyExit):
		e.ExitStatus = 0
		if e.Err = withStderr(err, stderr); said != nil {
			e.Err = said
		}
	case closed(err):
		e.Err = fmt.Errorf("%w: %w", ErrCanceled, err)
	case unusable(err):
		e.Err = fmt.Errorf("%w: %w", ErrSettings, err)
	default:
		e.Err = fmt.Errorf("%w: %w", ErrHostLost, err)
	}
	return e
}

// broken matches the line that tells that there is a program which cannot be loaded: one for other libraries or another
// processor.
var broken = regexp.MustCompile(`(?mi)^.*(loading shared librar|symbol lookup error|error relocating|not found \(required by|exec format error).*$`)

// noAnswer matches what is printed when nothing came back while a client tried to connect. neverConnected is what iperf
// 3.9 prints whatever it was that kept it from connecting.
var (
	noAnswer       = regexp.MustCompile(`(?i)(unable to connect|connect failed).*(timed out|in progress)`)
	neverConnected = regexp.MustCompile(`unable to send control message: Bad file descriptor`)
)

// An unnamed error leaves out of its text the host's name, which a RunError has already.
type unnamed struct {
	error
	host string
}

func (e unnamed) Error() string { return strings.TrimPrefix(e.error.Error(), e.host+": ") }
func (e unnamed) Unwrap() error { return e.error }

// notFound reports whether a shell, or a prefix that runs the command in its place, did not find the program.
func notFound(status int, stderr string) bool {
	return status == 127 || strings.Contains(stderr, "exec of ") && strings.Contains(stderr, "No such file or directory")
}

func withStderr(err error, stderr string) error {
	if strings.TrimSpace(stderr) == "" {
		return err
	}
	return fmt.Errorf("%w: %s", err, firstLine(stderr))
}

// endedBy is the error of what ctx ended. It wraps both ctx's error and its cause.
func endedBy(ctx context.Context) error {
	err, cause := ctx.Err(), safeCause(ctx)
	kind := ErrCanceled
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(cause, context.DeadlineExceeded) {
		kind = ErrTimeout
	}
	switch {
	case isAny(cause, ErrTimeout, ErrUnreachable, ErrCanceled, ErrPanic):
		return cause
	case err == nil || errors.Is(cause, err):
		return fmt.Errorf("%w: %w", kind, cause)
	}
	return fmt.Errorf("%w: %w: %w", kind, err, cause)
}

var errEarlyExit = fmt.Errorf("%w: exited before it listened", ErrIncomplete)

// What the errors of a HostSSH may tell by a method, beside ExitStatus.
type (
	notEndedError interface {
		error
		NotEnded() bool
	}
	unusableError interface {
		error
		Unusable() bool
	}
	closedError interface {
		error
		Closed() bool
	}
)

// notEnded reports whether a host did not confirm the end of a command that was to be ended.
func notEnded(err error) bool {
	e, ok := errors.AsType[notEndedError](err)
	return ok && e.NotEnded()
}

// unusable reports whether a host can never run a command.
func unusable(err error) bool {
	e, ok := errors.AsType[unusableError](err)
	return ok && e.Unusable()
}

// closed reports whether the caller has closed a host.
func closed(err error) bool {
	e, ok := errors.AsType[closedError](err)
	return ok && e.Closed()
}

// exitStatus finds the exit status of a command that ran and failed.
func exitStatus(err error) (int, bool) {
	if e, ok := errors.AsType[*callerError](err); ok {
		return e.status, e.exited
	}
	if e, ok := errors.AsType[interface {
		error
		ExitStatus() int
	}](err); ok {
		return e.ExitStatus(), true
	}
	return 0, false
}

// recorded returns an exit status as results and manifests have it: a host's number that no command exits with, such as
// that of a process which a signal ended, is -1.
func recorded(status int) int {
	if status < 0 || status > 255 {
		return -1
	}
	return status
}

// isAny reports whether err wraps one of the kinds.
func isAny(err error, kinds ...error) bool {
	return slices.ContainsFunc(kinds, func(kind error) bool { return errors.Is(err, kind) })
}
