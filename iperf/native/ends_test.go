package native

import (
	"bytes"
	"context"
	"errors"
	testflags "flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
)

// A program runs one iperf3 command line: a C program or ours.
type program struct {
	name  string
	run   func(ctx context.Context, args []string, stdout, stderr io.Writer) int
	path  string
	minor int // of the C program's version, 12 for 3.12; 0: ours
}

// ours runs in this process. The test binary itself is at its path.
var ours = program{"Go", Main, os.Args[0], 0}

// programEnv makes the test binary our program.
const programEnv = "TUNA_TEST_IPERF3"

// in returns the program as a process on another host.
func (p program) in(n testbed.Netns) program {
	p.run = asProcess(nil, append(strings.Fields(n.Prefix), p.path)...)
	return p
}

// theirs are the C programs that are tested against: the installed iperf3 and, to test against other versions too, those
// that the environment variable TUNA_IPERF3 lists, as TUNA_IPERF3=/opt/3.9/iperf3:/opt/3.18/iperf3.
func theirs(t testing.TB) []program {
	t.Helper()
	testbed.Need(t, "iperf3")
	var programs []program
	for _, path := range append([]string{"iperf3"}, filepath.SplitList(os.Getenv("TUNA_IPERF3"))...) {
		text, err := exec.Command(path, "--version").Output()
		if err != nil {
			t.Fatalf("%s --version: %v", path, err)
		}
		var minor int
		if _, err := fmt.Sscanf(string(text), "iperf 3.%d", &minor); err != nil {
			t.Fatalf("%s is no iperf 3: %q", path, text)
		}
		programs = append(programs, program{fmt.Sprintf("C 3.%d", minor), asProcess(nil, path), path, minor})
	}
	return programs
}

// asProcess returns what runs a program as a process, which it leaves in last unless that is nil.
func asProcess(last **exec.Cmd, words ...string) func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return func(ctx context.Context, args []string, stdout, stderr io.Writer) int {
		cmd := exec.CommandContext(ctx, words[0], slices.Concat(words[1:], args)...)
		cmd.Env = append(os.Environ(), programEnv+"=1")
		cmd.Cancel = func() error { return cmd.Process.Signal(interrupt) }
		cmd.WaitDelay = 10 * time.Second
		cmd.Stdout, cmd.Stderr = stdout, stderr
		if last != nil {
			*last = cmd
		}
		if err := cmd.Run(); err != nil {
			if e, ok := errors.AsType[*exec.ExitError](err); ok {
				return e.ExitCode()
			}
			return -1
		}
		return 0
	}
}

// An ended command is what it printed and its status.
type ended struct {
	stdout, stderr string
	status         int
}

func (p program) client(t testing.TB, port int, args ...string) ended {
	t.Helper()
	args = append([]string{"-c", "127.0.0.1", "-p", strconv.Itoa(port)}, args...)
	var stdout, stderr bytes.Buffer
	status := p.run(t.Context(), args, &stdout, &stderr)
	return ended{stdout.String(), stderr.String(), status}
}

// A running server.
type running struct {
	port int
	end  chan ended
	stop context.CancelFunc
}

// server starts a server and returns when it listens.
func (p program) server(t testing.TB, args ...string) *running {
	t.Helper()
	for {
		port := freePort(t)
		ctx, cancel := context.WithCancel(t.Context())
		r := &running{port: port, end: make(chan ended, 1), stop: cancel}
		banner := make(chan struct{})
		stdout, stderr := &watched{want: "Server listening on", seen: banner}, new(bytes.Buffer)
		go func() {
			status := p.run(ctx, append([]string{"-s", "-p", strconv.Itoa(port), "--forceflush"}, args...), stdout, stderr)
			r.end <- ended{stdout.buffer.String(), stderr.String(), status}
		}()
		t.Cleanup(func() { cancel(); r.end <- <-r.end })
		for {
			select {
			case <-banner:
				return r
			case e := <-r.end:
				r.end <- e
				if !strings.Contains(e.stdout+e.stderr, "in use") {
					t.Fatalf("%s server: %+v", p.name, e)
				}
			case <-time.After(5 * time.Millisecond): // under -J there is no banner
				if !listened(t, port) {
					continue
				}
				return r
			}
			break
		}
	}
}

// listened reports whether the system has a TCP socket that listens on port.
func listened(t testing.TB, port int) bool {
	for _, name := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Skipf("a server that prints no banner cannot be seen to listen here: %v", err)
		}
		for line := range strings.Lines(string(text)) {
			f := strings.Fields(line)
			if len(f) > 3 && f[3] == "0A" && strings.HasSuffix(f[1], fmt.Sprintf(":%04X", port)) {
				return true
			}
		}
	}
	return false
}

// wait waits for a server that ends by itself.
func (r *running) wait(t testing.TB) ended {
	t.Helper()
	select {
	case e := <-r.end:
		r.end <- e
		return e
	case <-time.After(30 * time.Second):
		t.Fatal("the server did not end")
		return ended{}
	}
}

// watched keeps what is written and says when want is in it.
type watched struct {
	buffer bytes.Buffer
	want   string
	seen   chan struct{}
	done   bool
	text   string // what there was when want was seen; to be read after that
}

func (w *watched) first() string { return w.text }

func (w *watched) Write(p []byte) (int, error) {
	w.buffer.Write(p)
	if !w.done && strings.Contains(w.buffer.String(), w.want) {
		w.done, w.text = true, w.buffer.String()
		close(w.seen)
	}
	return len(p), nil
}

// freePort gives a port that no one listens on, and gives it only once.
func freePort(t testing.TB) int {
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if _, taken := givenPorts.LoadOrStore(port, true); !taken {
			return port
		}
	}
}

var givenPorts sync.Map

// Most tests wait for seconds to pass, with little to do: more of them may run at once than there are processors.
func TestMain(m *testing.M) {
	if os.Getenv(programEnv) != "" {
		os.Exit(Main(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
	}
	testflags.Parse()
	testflags.Set("test.parallel", "12")
	os.Exit(m.Run())
}

// A pair is a client and a server that must understand each other.
type pair struct{ client, server program }

func pairs(t *testing.T) []pair {
	all := []pair{{ours, ours}}
	for _, c := range theirs(t) {
		all = append(all, pair{ours, c}, pair{c, ours})
	}
	return all
}
