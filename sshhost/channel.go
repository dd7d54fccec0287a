package sshhost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// A channel is an SSH session in which one thing runs. Package ssh's own Session tells of the exit of a program only when
// nobody holds its output open any more.
type channel struct {
	ssh.Channel
	exit   chan int      // receives the exit status, if there is one, and is closed when none can come any more
	closed chan struct{} // closed when the server has closed the session, or the connection is over
}

// open opens a session and has the server begin something in it: request is exec or subsystem, and what is the command or
// the subsystem's name. Package ssh does not know contexts: a session that opens after ctx has ended is closed then, by a
// goroutine of wg's.
func (c *conn) openSession(ctx context.Context, wg *sync.WaitGroup, request, what string) (*channel, error) {
	type result struct {
		*channel
		err error
	}
	opened := make(chan result)
	wg.Go(func() {
		ch, err := c.begin(wg, request, what)
		select {
		case opened <- result{ch, err}:
		case <-ctx.Done():
			if err == nil {
				ch.Close()
			}
		}
	})
	select {
	case r := <-opened:
		return r.channel, r.err
	case <-ctx.Done():
		return nil, ctxError(ctx)
	}
}

func (c *conn) begin(wg *sync.WaitGroup, request, what string) (*channel, error) {
	raw, requests, err := c.OpenChannel("session", nil)
	if refused, ok := errors.AsType[*ssh.OpenChannelError](err); ok {
		return nil, fmt.Errorf("%w: %w", errSessions, refused)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotBegun, err)
	}
	c.served.Store(true)
	ch := &channel{raw, make(chan int, 1), make(chan struct{})}
	wg.Go(func() { ch.watch(requests) })
	switch ok, err := ch.SendRequest(request, true, ssh.Marshal(struct{ What string }{what})); {
	case err != nil:
		ch.Close()
		return nil, lost(err) // in a plain session it may have begun
	case !ok:
		ch.Close()
		if request == "subsystem" {
			return nil, fmt.Errorf("%w: the server refuses it: %s", ErrNoSFTP, sftpAdvice)
		}
		return nil, fmt.Errorf("%w: the account may be for SFTP or for a device's own shell only: "+
			"log in as a user who may run commands", ErrNoExec)
	}
	return ch, nil
}

// watch waits for the exit status, until the session is closed.
func (ch *channel) watch(requests <-chan *ssh.Request) {
	defer close(ch.closed)
	defer close(ch.exit)
	told := false
	for r := range requests {
		status := -1
		switch r.Type {
		case "exit-status":
			var m struct{ Status uint32 }
			if ssh.Unmarshal(r.Payload, &m) == nil {
				status = int(m.Status)
			}
		case "exit-signal":
			var m struct {
				Signal     string
				CoreDumped bool
				Message    string
				Language   string
			}
			if ssh.Unmarshal(r.Payload, &m) == nil {
				status = 128 + signals[m.Signal]
			}
		}
		if status >= 0 && !told {
			told = true
			ch.exit <- status
		}
		if r.WantReply {
			r.Reply(false, nil)
		}
	}
}

// signals are the numbers of the signals that SSH has names for.
var signals = map[string]int{
	"HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "ABRT": 6, "FPE": 8, "KILL": 9, "USR1": 10, "SEGV": 11, "USR2": 12, "PIPE": 13,
	"ALRM": 14, "TERM": 15,
}

// signal asks the server to send a signal to what runs. Many servers do not.
func (ch *channel) signal(name string) {
	ch.SendRequest("signal", false, ssh.Marshal(struct{ Name string }{name}))
}

// supervise starts a supervisor in a new session.
func (c *conn) supervise(ctx context.Context, wg *sync.WaitGroup, prefix string, lease time.Duration) (*session, error) {
	ch, err := c.openSession(ctx, wg, "exec", bootstrap)
	if err != nil {
		return nil, err
	}
	return newSession(ctx, pipes{
		stdin:  &input{Channel: ch},
		stdout: ch,
		stderr: ch.Stderr(),
		wait:   func() { <-ch.exit },
		kill:   func() { ch.signal("KILL") },
		stop:   ch.end,
	}, prefix, lease, false, wg)
}

// end closes the session when the server has, which it does when what ran there has ended. A server counts the session
// until then. Besides, Dropbear ends the whole connection when a session is closed under what runs there and still prints.
// When late is closed, end does not wait any more.
func (ch *channel) end(late <-chan struct{}) {
	select {
	case <-ch.closed:
	case <-late:
	}
	ch.Close()
}

// An input is the standard input of what runs in a channel. Package ssh does not let a channel be written to while its
// end is announced.
type input struct {
	ssh.Channel
	mu sync.Mutex
}

func (i *input) Write(p []byte) (int, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.Channel.Write(p)
}

// Close announces the end of the input. When a write is stuck, nobody reads, and the whole channel is closed.
func (i *input) Close() error {
	if !i.mu.TryLock() {
		return i.Channel.Close()
	}
	defer i.mu.Unlock()
	return i.CloseWrite()
}

var _ io.WriteCloser = (*input)(nil)
