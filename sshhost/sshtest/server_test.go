package sshtest_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/sshhost/sshtest"
)

func ExampleNewServer() {
	server := sshtest.NewServer(func(_ context.Context, command string, _ io.Reader, stdout, stderr io.Writer) int {
		if command != "uname -m" {
			fmt.Fprintln(stderr, "not found")
			return 127
		}
		fmt.Fprintln(stdout, "riscv64")
		return 0
	})
	defer server.Close()

	ctx := context.Background()
	host, err := sshhost.Dial(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer host.Close()
	fmt.Println(host.Run(ctx, "uname -m", os.Stdout, os.Stderr))
	err = host.Run(ctx, "reboot", os.Stdout, nil)
	if exit, ok := errors.AsType[*sshhost.ExitError](err); ok {
		fmt.Println(exit.ExitStatus())
	}
	// Output:
	// riscv64
	// <nil>
	// 127
}

func dial(t *testing.T, c sshhost.Config) *sshhost.Host {
	t.Helper()
	h, err := sshhost.Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { h.Close() })
	return h
}

func TestShell(t *testing.T) {
	s := sshtest.NewUnstartedServer(nil)
	s.Dir = t.TempDir()
	s.Start()
	defer s.Close()
	for _, plain := range []bool{false, true} {
		c := s.Config()
		c.Plain = plain
		h := dial(t, c)
		var out, errs strings.Builder
		err := h.Run(t.Context(), "pwd; echo err >&2; cat; exit 3", &out, &errs)
		if exit, ok := errors.AsType[*sshhost.ExitError](err); !ok || exit.Status != 3 {
			t.Errorf("got %v, want exit status 3", err)
		}
		if out.String() != s.Dir+"\n" || errs.String() != "err\n" {
			t.Errorf("got %q and %q, want the directory and err", &out, &errs)
		}
		if err := h.Run(t.Context(), "kill -KILL $$", nil, nil); !strings.Contains(fmt.Sprint(err), "137") {
			t.Errorf("got %v, want exit status 137", err)
		}
		h.Close()
	}
}

func TestFiles(t *testing.T) {
	s := sshtest.NewUnstartedServer(nil)
	s.Dir = t.TempDir()
	s.Start()
	defer s.Close()
	h := dial(t, s.Config())
	big := bytes.Repeat([]byte("0123456789"), 100_000)
	if err := h.Upload(t.Context(), bytes.NewReader(big), "big"); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(s.Dir, "big")); err != nil || !bytes.Equal(got, big) {
		t.Errorf("the uploaded file has %d bytes (%v), want %d", len(got), err, len(big))
	}
	var back bytes.Buffer
	if err := h.Download(t.Context(), "big", &back); err != nil || !bytes.Equal(back.Bytes(), big) {
		t.Errorf("downloaded %d bytes (%v), want %d", back.Len(), err, len(big))
	}
	if err := h.Download(t.Context(), "no-such-file", &back); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want os.ErrNotExist", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	endless := readerFunc(func(p []byte) (int, error) { cancel(); return len(p), nil })
	if err := h.Upload(ctx, endless, "endless"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestHandlerIsToldOfTheEnd(t *testing.T) {
	cause := make(chan error, 1)
	var running atomic.Int32
	s := sshtest.NewServer(func(ctx context.Context, _ string, _ io.Reader, stdout, _ io.Writer) int {
		running.Add(1)
		defer running.Add(-1)
		fmt.Fprintln(stdout, "ready")
		<-ctx.Done()
		cause <- context.Cause(ctx)
		return 1
	})
	defer s.Close()
	run := func(ctx context.Context) chan error {
		h := dial(t, s.Config())
		ended := make(chan error, 1)
		out, in := io.Pipe()
		go func() { ended <- h.Run(ctx, "wait", in, nil) }()
		if _, err := io.ReadFull(out, make([]byte, len("ready\n"))); err != nil {
			t.Fatal(err)
		}
		return ended
	}

	ctx, cancel := context.WithCancel(t.Context())
	ended := run(ctx)
	cancel()
	if err := <-cause; !errors.Is(err, sshtest.Signal("TERM")) {
		t.Errorf("the client's context ended: got cause %v, want signal TERM", err)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}

	ended = run(t.Context())
	s.CloseConnections()
	<-cause
	if err := <-ended; !errors.Is(err, sshhost.ErrLost) {
		t.Errorf("the connection broke: got %v, want ErrLost", err)
	}

	ended = run(t.Context())
	s.Close()
	<-cause
	if n := running.Load(); n != 0 {
		t.Errorf("%d handlers run after Close", n)
	}
	if err := <-ended; !errors.Is(err, sshhost.ErrLost) {
		t.Errorf("the server was closed: got %v, want ErrLost", err)
	}
}

func TestStrangersAreRefused(t *testing.T) {
	s, other := sshtest.NewServer(nil), sshtest.NewServer(nil)
	defer s.Close()
	defer other.Close()
	for name, test := range map[string]struct {
		change func(*sshhost.Config)
		want   error
	}{
		"user":     {func(c *sshhost.Config) { c.User = "root" }, sshhost.ErrAuth},
		"key":      {func(c *sshhost.Config) { c.Auth = other.Config().Auth }, sshhost.ErrAuth},
		"host key": {func(c *sshhost.Config) { c.HostKeyCallback = other.Config().HostKeyCallback }, sshhost.ErrHostKey},
	} {
		c := s.Config()
		test.change(&c)
		if _, err := sshhost.Dial(t.Context(), c); !errors.Is(err, test.want) {
			t.Errorf("wrong %s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestOtherRequestsAreRefused(t *testing.T) {
	s := sshtest.NewServer(nil)
	defer s.Close()
	c, err := ssh.Dial("tcp", s.Addr, &ssh.ClientConfig{User: sshtest.User, Auth: s.Config().Auth, HostKeyCallback: s.Config().HostKeyCallback})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Dial("tcp", s.Addr); err == nil {
		t.Error("the server forwards connections")
	}
	session, err := c.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	if err := session.Shell(); err == nil {
		t.Error("the server gives a login shell")
	}
}
