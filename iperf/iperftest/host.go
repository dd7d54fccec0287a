// Package iperftest plays the hosts of an iperf test from a script, so that a harness can be tested without machines and
// without a network.
//
// A [Host] is told which commands it will get and what each of them does: print, take its time, exit with some status,
// hang, lose its connection. A command that it was not told of fails the test, and so does one that never comes. A
// [Test] scripts the commands of one whole test on two hosts, from what the two ends of a real one printed; [TCP] makes
// one up for given rates.
//
// [TestHost] tests a host of one's own, which iperf is to run on, against the contract of [iperf.HostSSH].
//
// Time is taken with package time, so in a bubble of testing/synctest a test of any length takes none. Hosts must then
// be made within the bubble, with its testing.T.
package iperftest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/evidence"
)

// A Host is a scripted machine. Make one with NewHost. Its methods may be called from many goroutines.
type Host struct {
	tb   testing.TB
	addr string

	mu       sync.Mutex
	expected []*expectation // each for one command
	allowed  []*expectation // each for any number of them
	commands []string
	running  map[*Call]context.CancelCauseFunc
	ports    map[*Call]int // that the servers of scripts listen on
	lost     bool
}

var _ iperf.HostSSH = (*Host)(nil)

type expectation struct {
	command string         // exact, unless there is a pattern
	pattern *regexp.Regexp // of the whole command; nil: none
	steps   []Step
}

func (e *expectation) matches(command string) bool {
	if e.pattern != nil {
		return e.pattern.MatchString(command)
	}
	return e.command == command
}

// NewHost makes a host with an address for test traffic, which is also what messages call it. When the test ends, it
// fails if an expected command did not come, or if a command still runs.
func NewHost(tb testing.TB, addr string) *Host {
	h := &Host{tb: tb, addr: addr, running: map[*Call]context.CancelCauseFunc{}, ports: map[*Call]int{}}
	tb.Cleanup(h.finish)
	return h
}

// Expect says that exactly this command will come, once, and what it does: its steps are done one after the other, and
// after the last one it exits with 0. Expected commands may come in any order, as some of a test are sent side by side;
// of those that are the same, the one that was expected first is done first.
func (h *Host) Expect(command string, steps ...Step) {
	h.add(&h.expected, &expectation{command: command, steps: steps})
}

// ExpectMatch is Expect for a command that the regular expression matches as a whole.
func (h *Host) ExpectMatch(pattern string, steps ...Step) {
	h.tb.Helper()
	h.add(&h.expected, &expectation{command: pattern, pattern: h.compile(pattern), steps: steps})
}

// Allow says what the command does each time when it comes and is not expected. It need not come. Allowing the same
// command again replaces its steps.
func (h *Host) Allow(command string, steps ...Step) {
	h.add(&h.allowed, &expectation{command: command, steps: steps})
}

// AllowMatch is Allow for commands that the regular expression matches as a whole. Of several that match, the one that
// was allowed last counts.
func (h *Host) AllowMatch(pattern string, steps ...Step) {
	h.tb.Helper()
	h.add(&h.allowed, &expectation{command: pattern, pattern: h.compile(pattern), steps: steps})
}

func (h *Host) add(to *[]*expectation, e *expectation) {
	h.mu.Lock()
	defer h.mu.Unlock()
	*to = append(*to, e)
}

func (h *Host) compile(pattern string) *regexp.Regexp {
	h.tb.Helper()
	re, err := regexp.Compile("^(?s:" + pattern + ")$")
	if err != nil {
		h.tb.Fatalf("host %s: %v", h.addr, err)
	}
	return re
}

// Commands gives the commands that have come so far, in their order.
func (h *Host) Commands() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.commands)
}

// TestAddr is the address that NewHost was given.
func (h *Host) TestAddr() string { return h.addr }

// String gives the address.
func (h *Host) String() string { return h.addr }

// ErrLost is the error of commands on a host that is lost.
var ErrLost = errors.New("connection lost")

// Lose breaks the host's connection: all commands that run, and all that come until Restore, fail with ErrLost. The
// latter take nothing from the script.
func (h *Host) Lose() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = true
	for _, cancel := range h.running {
		cancel(ErrLost)
	}
}

// Restore makes a lost host reachable again.
func (h *Host) Restore() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lost = false
}

// Run plays a command. It is what iperf calls. A nil writer discards. A run's question for evidence of the path fails and is not
// noted, as a scripted machine has no kernel to ask. Commands therefore come without what would collect evidence.
func (h *Host) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s was not started: %w", command, err)
	}
	if strings.Contains(command, evidence.Routed) {
		return exitError(127)
	}
	c := &Call{Host: h, Command: command, Stdout: stdout, Stderr: stderr}
	for _, w := range []*io.Writer{&c.Stdout, &c.Stderr} {
		if *w == nil {
			*w = io.Discard
		}
	}
	callCtx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	steps, err := h.begin(c, cancel)
	if err != nil {
		return err
	}
	defer h.end(c)
	for _, step := range steps {
		err := step(callCtx, c)
		switch {
		case context.Cause(callCtx) == ErrLost:
			return ErrLost
		case err == exitError(0):
			return nil
		case err != nil:
			return err
		}
	}
	return nil
}

// begin finds out what the command does.
func (h *Host) begin(c *Call, cancel context.CancelCauseFunc) ([]Step, error) {
	h.tb.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.commands = append(h.commands, c.Command)
	if h.lost {
		return nil, ErrLost
	}
	steps, ok := h.take(c.Command)
	if !ok {
		h.tb.Errorf("host %s: unexpected command: %s\n%s", h.addr, c.Command, h.outstanding())
		// As a plain failure of the command: a lost connection would be tried again.
		fmt.Fprintf(c.Stderr, "unexpected command: %s\n", c.Command)
		return nil, exitError(1)
	}
	h.running[c] = cancel
	return steps, nil
}

func (h *Host) take(command string) ([]Step, bool) {
	for i, e := range h.expected {
		if e.matches(command) {
			h.expected = slices.Delete(h.expected, i, i+1)
			return e.steps, true
		}
	}
	for _, e := range slices.Backward(h.allowed) {
		if e.matches(command) {
			return e.steps, true
		}
	}
	return nil, false
}

func (h *Host) end(c *Call) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.running, c)
}

// outstanding lists the commands that are still expected.
func (h *Host) outstanding() string {
	if len(h.expected) == 0 {
		return "no further command was expected"
	}
	var b strings.Builder
	b.WriteString("still expected:")
	for _, e := range h.expected {
		b.WriteString("\n\t" + e.command)
	}
	return b.String()
}

func (h *Host) finish() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.expected) > 0 {
		h.tb.Errorf("host %s: commands did not come; %s", h.addr, h.outstanding())
	}
	for c := range h.running {
		h.tb.Errorf("host %s: command still runs at the end of the test: %s", h.addr, c.Command)
	}
}
