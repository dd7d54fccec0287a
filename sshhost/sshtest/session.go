package sshtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// A Handler runs a command and returns its exit status, 0 to 255. The context ends when the client closes the session or
// asks for a signal, when the connection breaks, and when the server is closed: its cause says which. The handler then
// returns soon. It does not use the streams after it has returned.
type Handler func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) int

// A Signal is the cause of a handler's context when the client has asked for a signal.
type Signal string

func (s Signal) Error() string { return "signal " + string(s) }

func (s *Server) session(ctx context.Context, c ssh.NewChannel) {
	ch, requests, err := c.Accept()
	if err != nil {
		return // the connection is gone
	}
	defer ch.Close()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer ch.Close() // so that the requests end
	begun := make(chan func(), 1)
	wg.Go(func() {
		defer cancel(errors.New("session closed"))
		defer close(begun)
		started := false
		for r := range requests {
			var m struct{ Text string }
			ssh.Unmarshal(r.Payload, &m) // requests of other kinds are not told apart by what they hold
			ok := false
			switch r.Type {
			case "signal":
				cancel(Signal(m.Text))
				ok = true
			case "env":
				ok = true
			case "exec", "subsystem":
				if ok = !started && (r.Type == "exec" || m.Text == "sftp"); ok {
					started = true
					begun <- func() { s.begin(ctx, &wg, r.Type, m.Text, ch) }
				}
			}
			if r.WantReply {
				r.Reply(ok, nil)
			}
		}
	})
	if begin, ok := <-begun; ok {
		begin()
	}
}

func (s *Server) begin(ctx context.Context, wg *sync.WaitGroup, kind, command string, ch ssh.Channel) {
	if kind == "subsystem" {
		server, err := sftp.NewServer(ch, sftp.WithServerWorkingDirectory(s.Dir))
		if err != nil {
			fmt.Fprintln(ch.Stderr(), err)
			return
		}
		stop := context.AfterFunc(ctx, func() { server.Close() })
		defer stop()
		server.Serve()
		return
	}
	run := s.Handler
	if run == nil {
		run = func(ctx context.Context, command string, stdin io.Reader, stdout, stderr io.Writer) int {
			return shell(ctx, wg, s.Dir, command, stdin, stdout, stderr)
		}
	}
	status := run(ctx, command, ch, ch, ch.Stderr())
	ch.CloseWrite()
	ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}
