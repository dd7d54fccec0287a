package iperf_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
)

// An askedHost counts how often it is asked for the version of a program.
type askedHost struct {
	*sshhost.Host
	mu     sync.Mutex
	asked  int
	silent bool // it does not say which file a program is
}

func (h *askedHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	if strings.HasSuffix(command, " --version") {
		h.mu.Lock()
		h.asked++
		h.mu.Unlock()
	}
	if h.silent && strings.Contains(command, "stat -L") {
		<-ctx.Done()
		return context.Cause(ctx)
	}
	return h.Host.Run(ctx, command, stdout, stderr)
}

// A recallBed is a host that is both ends, and a program that can be replaced.
type recallBed struct {
	iperf.Iperf
	host *askedHost
}

func newRecallBed(t *testing.T, program string) *recallBed {
	testbed.Need(t, "iperf", "iperf3")
	host := &askedHost{Host: dial(t, testbed.StartSSHD(t, testbed.SSHDConfig{}), testbed.Netns{Addr: "127.0.0.1"})}
	return &recallBed{iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: host, TrafficServer: host}, Program: program,
		Client: iperf.ClientSettings{Time: time.Second}, Server: iperf.ServerSettings{AutoPort: true},
	}, host}
}

// run makes a run and returns how often the version was asked for.
func (b *recallBed) run(t *testing.T) (*iperf.Result, int, error) {
	t.Helper()
	before := b.host.asked
	res, err := b.Upstream(t.Context(), "")
	return res, b.host.asked - before, err
}

// putProgram puts a copy of a program, or a text, into a file, and waits until it is old enough to be told from a later one.
func putProgram(t *testing.T, file, program, text string) {
	t.Helper()
	data := []byte(text)
	if program != "" {
		path, err := exec.LookPath(program)
		if err != nil {
			t.Fatal(err)
		}
		if data, err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(file+".new", data, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	placed := time.Now().Unix()
	for time.Now().Unix() <= placed+2 && t.Context().Err() == nil {
		time.Sleep(50 * time.Millisecond)
	}
}

// TestRunsRecall has runs on hosts that stay connected. What they know is asked for once, and not believed when it is not so
// any more.
func TestRunsRecall(t *testing.T) {
	t.Run("the version is asked once", func(t *testing.T) {
		t.Parallel()
		b := newRecallBed(t, "iperf3")
		for i, want := range []int{2, 0, 0} {
			res, asked, err := b.run(t)
			if err != nil {
				t.Fatalf("%+v", err)
			}
			if asked != want || res.ServerEnd.Version.Major != 3 || !strings.HasPrefix(res.ServerEnd.Version.Text, "iperf 3.") {
				t.Errorf("run %d: got %v, asked %d times, want %d", i+1, res.ServerEnd.Version, asked, want)
			}
		}
	})
	t.Run("a program that is replaced", func(t *testing.T) {
		t.Parallel()
		program := filepath.Join(t.TempDir(), "perf")
		b := newRecallBed(t, program)
		for _, test := range []struct {
			program string
			asked   int
			major   int
		}{{"iperf3", 2, 3}, {"", 0, 3}, {"iperf", 2, 2}, {"", 0, 2}} {
			if test.program != "" {
				putProgram(t, program, test.program, "")
			}
			res, asked, err := b.run(t)
			if err != nil {
				t.Fatalf("%+v", err)
			}
			if asked != test.asked || res.ClientEnd.Version.Major != test.major {
				t.Errorf("%q placed: got %v, asked %d times, want %d", test.program, res.ClientEnd.Version, asked, test.asked)
			}
		}
	})
	t.Run("a program that is gone", func(t *testing.T) {
		t.Parallel()
		program := filepath.Join(t.TempDir(), "perf")
		b := newRecallBed(t, program)
		putProgram(t, program, "iperf3", "")
		if _, _, err := b.run(t); err != nil {
			t.Fatalf("%+v", err)
		}
		if err := os.Remove(program); err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.run(t); !errors.Is(err, iperf.ErrNotInstalled) {
			t.Errorf("got %v, want ErrNotInstalled", err)
		}
	})
	t.Run("a script that calls the program", func(t *testing.T) {
		t.Parallel()
		script := filepath.Join(t.TempDir(), "perf")
		putProgram(t, script, "", "#!/bin/sh\nexec iperf3 \"$@\"\n")
		b := newRecallBed(t, script)
		for range 2 {
			if _, asked, err := b.run(t); err != nil || asked != 2 {
				t.Errorf("asked %d times, %v; want 2", asked, err)
			}
		}
	})
	t.Run("a port that somebody takes", func(t *testing.T) {
		t.Parallel()
		for _, program := range []string{"iperf3", "iperf"} {
			b := newRecallBed(t, program)
			free, err := net.Listen("tcp", ":0")
			if err != nil {
				t.Fatal(err)
			}
			addr := free.Addr().(*net.TCPAddr)
			b.Server, b.Retries = iperf.ServerSettings{Port: addr.Port}, -1
			free.Close()
			if _, _, err := b.run(t); err != nil {
				t.Fatalf("%+v", err)
			}
			taken, err := net.Listen("tcp", addr.String())
			if err != nil {
				t.Fatal(err)
			}
			if res, asked, err := b.run(t); !errors.Is(err, iperf.ErrPortInUse) || asked != 0 || res != nil {
				t.Errorf("%s: got %+v, asked %d times, %v; want ErrPortInUse", program, res, asked, err)
			}
			taken.Close()
		}
	})
	t.Run("a port of UDP that somebody takes", func(t *testing.T) {
		t.Parallel()
		b := newRecallBed(t, "iperf")
		free, err := net.ListenPacket("udp", ":0")
		if err != nil {
			t.Fatal(err)
		}
		port := free.LocalAddr().(*net.UDPAddr).Port
		b.Client.Protocol, b.Server, b.Retries = report.ProtocolUDP, iperf.ServerSettings{Port: port}, -1
		free.Close()
		for i, want := range []int{2, 0} {
			if _, asked, err := b.run(t); err != nil || asked != want {
				t.Fatalf("run %d: asked %d times, %v; want %d", i+1, asked, err, want)
			}
		}
		// Another iperf 2 shares it, which the server itself does not see.
		ctx, end := context.WithCancel(t.Context())
		other := b.Iperf
		other.Server.AutoPort = false
		server, err := other.StartServer(ctx, b.host, "")
		if err != nil {
			t.Fatal(err)
		}
		if res, asked, err := b.run(t); !errors.Is(err, iperf.ErrPortInUse) || asked != 2 || res != nil {
			t.Errorf("got %+v, asked %d times, %v; want ErrPortInUse, and that it was looked at anew", res, asked, err)
		}
		end()
		server.Stop(t.Context())
		if _, _, err := b.run(t); err != nil {
			t.Errorf("when it is gone: %+v", err)
		}
	})
	t.Run("servers of UDP that find their port", func(t *testing.T) {
		t.Parallel()
		for _, program := range []string{"iperf3", "iperf"} {
			b := newRecallBed(t, program)
			b.Client.Protocol = report.ProtocolUDP
			for i, want := range []int{2, 0, 0} {
				if _, asked, err := b.run(t); err != nil || asked != want {
					t.Errorf("%s, run %d: asked %d times, %v; want %d", program, i+1, asked, err, want)
				}
			}
		}
	})
	t.Run("a server that has to be looked for", func(t *testing.T) {
		t.Parallel()
		b := newRecallBed(t, "iperf3")
		b.Client.JSON, b.Server.JSON = true, true
		for range 2 {
			if _, asked, err := b.run(t); err != nil || asked != 2 {
				t.Errorf("asked %d times, %v; want 2, as nothing else tells which ports are in use", asked, err)
			}
		}
	})
	t.Run("a host that does not say whether it is so still", func(t *testing.T) {
		t.Parallel()
		b := newRecallBed(t, "iperf3")
		if _, _, err := b.run(t); err != nil {
			t.Fatalf("%+v", err)
		}
		b.host.silent = true
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		began := time.Now()
		res, err := b.Upstream(ctx, "")
		if !errors.Is(err, iperf.ErrTimeout) || res == nil || res.Bandwidth <= 0 {
			t.Errorf("got %+v, %v; want ErrTimeout with what was measured", res, err)
		}
		if took := time.Since(began); took > 10*time.Second { // it would ask for a version for 30 s
			t.Errorf("it took %v", took)
		}
		b.host.silent = false
		if _, asked, err := b.run(t); err != nil || asked != 0 {
			t.Errorf("asked %d times, %v; want 0: nothing has said that it changed", asked, err)
		}
	})
}
