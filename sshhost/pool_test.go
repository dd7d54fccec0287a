package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/sshhost/sshtest"
)

// TestSessionLimit has a server that allows few sessions for each connection, or one connection only.
func TestSessionLimit(t *testing.T) {
	var g group
	defer g.Wait()
	for _, test := range []struct {
		name  string
		extra []string
	}{
		{"one session", []string{"MaxSessions 1"}},
		{"three sessions", []string{"MaxSessions 3"}},
		{"no limit", nil},
	} {
		g.Run(t, test.name, func(t *testing.T) {
			s := testbed.StartSSHD(t, testbed.SSHDConfig{Extra: test.extra})
			h := dial(t, config(s))
			var wg sync.WaitGroup
			for range 3 {
				for i := range 12 {
					wg.Go(func() {
						if err := h.Run(t.Context(), fmt.Sprintf("sleep 0.1; exit %d", i), nil, nil); exitStatus(err) != i {
							t.Errorf("command %d: got %v", i, err)
						}
					})
				}
				wg.Wait()
			}
			client, err := h.SFTP(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := client.Stat("/"); err != nil {
				t.Error(err)
			}
			client.Close()
			client.Close()
		})
	}
	g.Run(t, "no further connection", func(t *testing.T) {
		// From the moment on when the test's host is connected, nobody else can log in.
		s := testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"MaxSessions 2"}})
		h := dial(t, config(s))
		s.DenyLogins()
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				if err := h.Run(t.Context(), fmt.Sprintf("sleep 0.1; exit %d", i), nil, nil); exitStatus(err) != i {
					t.Errorf("command %d: got %v", i, err)
				}
			})
		}
		wg.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		for range 2 {
			wg.Go(func() { h.Run(ctx, "sleep 10", nil, nil) })
		}
		if err := h.Run(ctx, "sleep 10", nil, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want context.DeadlineExceeded", err)
		}
		wg.Wait()
	})
}

// TestManyCommands runs short commands side by side, far more of them than are kept ready.
func TestManyCommands(t *testing.T) {
	var g group
	defer g.Wait()
	for _, server := range servers {
		g.Run(t, server.name, func(t *testing.T) {
			const atOnce, each = 40, 3
			h := dial(t, config(server.start(t)))
			var wg sync.WaitGroup
			for i := range atOnce {
				wg.Go(func() {
					for j := range each {
						var out strings.Builder
						if err := h.Run(t.Context(), fmt.Sprintf("echo %d %d", i, j), &out, nil); err != nil || out.String() != fmt.Sprintf("%d %d\n", i, j) {
							t.Errorf("command %d %d: got %q (%v)", i, j, &out, err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

// TestIdleSupervisors looks at what runs on a host after many commands at once: it is soon less.
func TestIdleSupervisors(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	h := dial(t, config(s))
	over := filepath.Join(t.TempDir(), "over")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() { h.Run(t.Context(), "until [ -e "+over+" ]; do sleep 0.1; done", nil, nil) })
	}
	eventually(t, 60*time.Second, "all commands have a supervisor", func() bool { return len(supervisors(s)) >= 20 })
	if err := os.WriteFile(over, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	wg.Wait()
	if n := len(supervisors(s)); n < 20 {
		t.Errorf("%d supervisors are left at once, want those of all 20 commands", n)
	}
	eventually(t, 30*time.Second, "four supervisors are left", func() bool { return len(supervisors(s)) == 4 })
	if err := h.Run(t.Context(), "true", nil, nil); err != nil {
		t.Error(err)
	}
}

// TestDialIsShared has commands side by side find that their host does not answer: each takes that from the first.
func TestDialIsShared(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	k := startLink(t, s.Addr)
	c := behind(t, k, s)
	c.Timeout = 500 * time.Millisecond
	h := dial(t, c)
	k.cut.Lock() // connections are taken and carry nothing
	defer k.cut.Unlock()
	k.drop()
	eventually(t, 5*time.Second, "the loss is noticed", func() bool {
		return errors.Is(h.Run(t.Context(), "true", nil, nil), sshhost.ErrUnreachable)
	})
	before := k.taken()
	var wg sync.WaitGroup
	errs := make([]error, 10)
	for i := range errs {
		wg.Go(func() { errs[i] = h.Run(t.Context(), "true", nil, nil) })
	}
	wg.Wait()
	for i, err := range errs {
		if !errors.Is(err, sshhost.ErrUnreachable) || !errors.Is(err, sshhost.ErrTimeout) {
			t.Errorf("command %d: got %v, want ErrUnreachable and ErrTimeout", i, err)
		}
	}
	if n := k.taken() - before; n > 2 { // one may come when the first dial is over
		t.Errorf("%d connections were tried, want one", n)
	}
	// Who gives up does not take the others with it.
	ctx, cancel := context.WithCancel(t.Context())
	wg.Go(func() {
		if err := h.Run(ctx, "true", nil, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("who gives up: got %v, want context.Canceled", err)
		}
	})
	for i := range errs {
		wg.Go(func() { errs[i] = h.Run(t.Context(), "true", nil, nil) })
	}
	cancel()
	wg.Wait()
	for i, err := range errs {
		if !errors.Is(err, sshhost.ErrTimeout) {
			t.Errorf("command %d beside one that gave up: got %v, want ErrTimeout", i, err)
		}
	}
}

// TestManyHosts has many hosts in one process and looks at what each costs, and at what is left of them.
func TestManyHosts(t *testing.T) {
	const hosts, perHost = 40, 20
	s := sshtest.NewServer(nil)
	defer s.Close()
	before := runtime.NumGoroutine()
	var all [hosts]*sshhost.Host
	var wg sync.WaitGroup
	for i := range all {
		wg.Go(func() {
			h, err := sshhost.Dial(t.Context(), s.Config())
			if err != nil {
				t.Error(err)
				return
			}
			all[i] = h
			if err := h.Run(t.Context(), "true", nil, nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		return
	}
	// The test's server is in the same process, and has about as many.
	if n := (runtime.NumGoroutine() - before) / hosts; n > 2*perHost {
		t.Errorf("got %d goroutines for each host with the server's side of it, want at most %d", n, 2*perHost)
	}
	for _, h := range all {
		h.Close()
	}
	s.Close()
	eventually(t, 5*time.Second, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

func TestClose(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	before := runtime.NumGoroutine()
	h := dial(t, config(s))
	nap := napper()
	ended := make(chan error, 1)
	go func() { ended <- h.Run(t.Context(), nap+" & wait", nil, nil) }()
	waitRuns(t, nap)
	h.Close()
	if err := <-ended; !errors.Is(err, sshhost.ErrLost) || !errors.Is(err, sshhost.ErrClosed) {
		t.Errorf("a command that ran: got %v, want ErrLost and ErrClosed", err)
	}
	waitGone(t, nap, 3*time.Second)
	for name, call := range map[string]func() error{
		"Run":      func() error { return h.Run(t.Context(), "true", nil, nil) },
		"Upload":   func() error { return h.Upload(t.Context(), strings.NewReader(""), "/dev/null") },
		"Download": func() error { return h.Download(t.Context(), "/dev/null", io.Discard) },
	} {
		if err := call(); !errors.Is(err, sshhost.ErrClosed) {
			t.Errorf("%s after Close: got %v, want ErrClosed", name, err)
		}
	}
	if err := h.Close(); err != nil {
		t.Errorf("a second Close: %v", err)
	}
	eventually(t, 5*time.Second, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

// TestCloseWhileDialling closes a host that a command tries to reach anew, in vain.
func TestCloseWhileDialling(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	k := startLink(t, s.Addr)
	h := dial(t, behind(t, k, s))
	before := k.taken()
	k.cut.Lock() // connections are taken and carry nothing
	defer k.cut.Unlock()
	k.drop()
	ended := make(chan error, 1)
	go func() {
		err := h.Run(t.Context(), "true", nil, nil)
		for errors.Is(err, sshhost.ErrLost) && !errors.Is(err, sshhost.ErrClosed) {
			err = h.Run(t.Context(), "true", nil, nil)
		}
		ended <- err
	}()
	eventually(t, 10*time.Second, "it dials", func() bool { return k.taken() > before })
	began := time.Now()
	h.Close()
	if err := <-ended; !errors.Is(err, sshhost.ErrClosed) || errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want ErrClosed alone", err)
	}
	if took := time.Since(began); took > 15*time.Second { // a dial may take 30
		t.Errorf("Close took %v", took)
	}
}

// TestMuchOutput checks that output is passed on and not gathered.
func TestMuchOutput(t *testing.T) {
	const size = 200 << 20
	h := dial(t, config(testbed.StartSSHD(t, testbed.SSHDConfig{})))
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	before, most, n := stats.HeapAlloc, uint64(0), 0
	next := 0
	err := h.Run(t.Context(), fmt.Sprintf("head -c %d /dev/zero", size), writerFunc(func(p []byte) (int, error) {
		if n += len(p); n >= next {
			next += 16 << 20
			runtime.ReadMemStats(&stats)
			most = max(most, stats.HeapAlloc)
		}
		return len(p), nil
	}), nil)
	if err != nil || n != size {
		t.Errorf("got %d bytes (%v), want %d", n, err, size)
	}
	if most > before+32<<20 {
		t.Errorf("memory grew by %d MiB", (most-before)>>20)
	}
}

// TestStreamsOfEveryHost has one stream full while the other one goes on.
func TestFullStderr(t *testing.T) {
	everywhere(t, func(t *testing.T, r runner) {
		var out, errs countingWriter
		if err := r.Run(t.Context(), "head -c 3000000 /dev/zero >&2; echo done; head -c 3000000 /dev/zero", &out, &errs); err != nil {
			t.Fatal(err)
		}
		if out != 3000005 || errs != 3000000 {
			t.Errorf("got %d bytes of stdout and %d of stderr, want 3000005 and 3000000", out, errs)
		}
	})
}

type countingWriter int

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}
