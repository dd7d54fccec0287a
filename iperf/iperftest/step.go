package iperftest

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"
)

// A Call is a command that runs on a host.
type Call struct {
	Host           *Host
	Command        string
	Stdout, Stderr io.Writer // never nil
}

// A Step is a part of what a command does. An error of a step ends the command, and is what Run returns; one with a
// method ExitStatus() int is an exit status, and any other a connection that failed. A step that waits must return when
// ctx ends. The ones of this package serve most scripts; tests may write their own.
type Step func(ctx context.Context, c *Call) error

// Stdout prints text, which may be anything.
func Stdout(text string) Step {
	return func(_ context.Context, c *Call) error {
		_, err := io.WriteString(c.Stdout, text)
		return err
	}
}

// Stderr prints text there.
func Stderr(text string) Step {
	return func(_ context.Context, c *Call) error {
		_, err := io.WriteString(c.Stderr, text)
		return err
	}
}

// Lines prints the lines of text on stdout, each after some time.
func Lines(every time.Duration, text string) Step {
	return func(ctx context.Context, c *Call) error {
		for line := range strings.Lines(text) {
			if err := Wait(every)(ctx, c); err != nil {
				return err
			}
			if _, err := io.WriteString(c.Stdout, line); err != nil {
				return err
			}
		}
		return nil
	}
}

// Wait lets time pass.
func Wait(d time.Duration) Step {
	return func(ctx context.Context, c *Call) error {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ended(ctx, c)
		case <-timer.C:
			return nil
		}
	}
}

// Hang runs until the context of Run ends, as a server does that nobody stops.
func Hang() Step {
	return func(ctx context.Context, c *Call) error {
		<-ctx.Done()
		return ended(ctx, c)
	}
}

// Exit ends the command with an exit status. Steps after it are not done.
func Exit(status int) Step {
	return func(context.Context, *Call) error { return exitError(status) }
}

// Lose breaks the host's connection, as Host.Lose does.
func Lose() Step {
	return func(_ context.Context, c *Call) error {
		c.Host.Lose()
		return ErrLost
	}
}

// Fail ends the command with an error that is no exit status: it failed on the way to the host. The host stays
// reachable.
func Fail(err error) Step {
	return func(context.Context, *Call) error { return err }
}

func ended(ctx context.Context, c *Call) error {
	return fmt.Errorf("%s was ended: %w", c.Command, ctx.Err())
}

// An exitError is an exit status. Run returns none of 0.
type exitError int

func (e exitError) Error() string   { return fmt.Sprintf("exit status %d", int(e)) }
func (e exitError) ExitStatus() int { return int(e) }
