package native

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"path"
	"slices"
)

// Host is a machine on which `iperf3 …` is the only command: Run runs it in this process, without a shell and without
// another program. It has the methods of a host that iperf tests run on, and may stand behind an SSH server that passes
// it the commands. The zero value works. A Host may be used by many goroutines, but must not be changed meanwhile.
type Host struct {
	Addr  string         // what TestAddr gives; empty: "127.0.0.1"
	Allow []netip.Prefix // who may connect to its servers; empty: who the command's --allow names, or everyone
}

// TestAddr is the address that test traffic is sent to.
func (h *Host) TestAddr() string {
	if h.Addr == "" {
		return "127.0.0.1"
	}
	return h.Addr
}

// Run runs a command line whose first word is iperf3 or a path to it, and returns when it has ended. Its words are
// divided by blanks and may be quoted as for a shell, but nothing else that is special to a shell is understood. Output
// is written as it arrives, each line whole.
//
// A status other than 0 is an error that has ExitStatus() int; it is 127 for every other command, and for a line that
// takes a shell. When ctx ends first, the command is interrupted: it tells its peer, prints what it has measured and
// returns, and the error wraps ctx's.
func (h *Host) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	words, err := splitWords(command)
	if err != nil {
		fmt.Fprintf(stderr, "%s\n", err)
		return exitError(127)
	}
	if len(words) == 0 || path.Base(words[0]) != "iperf3" {
		name := ""
		if len(words) > 0 {
			name = words[0]
		}
		fmt.Fprintf(stderr, "%s: not found\n", name)
		return exitError(127)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("iperf3: %w", err)
	}
	status := run(ctx, func(s *settings) {
		if len(h.Allow) > 0 {
			s.allow = slices.Clone(h.Allow)
		}
	}, words[1:], stdout, stderr)
	if err := ctx.Err(); err != nil && status != 0 {
		return fmt.Errorf("iperf3: %w", err)
	}
	if status != 0 {
		return exitError(status)
	}
	return nil
}

// exitError is a command's exit status, which is not 0.
type exitError int

func (e exitError) Error() string   { return fmt.Sprintf("exit status %d", int(e)) }
func (e exitError) ExitStatus() int { return int(e) }
