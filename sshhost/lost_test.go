package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// holdEnv makes the test binary a program that holds a command on a host until it is killed.
const holdEnv = "TUNA_TEST_HOLD"

func TestMain(m *testing.M) {
	if command := os.Getenv(holdEnv); command != "" {
		hold(command)
	}
	if os.Getenv(carryEnv) != "" {
		carry(os.Args[1])
	}
	os.Exit(m.Run())
}

func hold(command string) {
	ctx := context.Background()
	addr := os.Getenv("TUNA_TEST_ADDR")
	if addr == "" {
		sshhost.Local{}.Run(ctx, command, nil, nil)
		os.Exit(1)
	}
	h, err := sshhost.Dial(ctx, sshhost.Config{Addr: addr, User: os.Getenv("TUNA_TEST_USER"), Agent: "none",
		KeyFiles: []string{os.Getenv("TUNA_TEST_KEY")}, KnownHosts: []string{os.Getenv("TUNA_TEST_KNOWN")}})
	if err == nil {
		err = h.Run(ctx, command, nil, nil)
	}
	os.Stderr.WriteString(err.Error())
	os.Exit(1)
}

// TestKilledProgram kills, with SIGKILL, a program that has commands running.
func TestKilledProgram(t *testing.T) {
	kill := func(t *testing.T, env ...string) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		nap, deaf, daemon := napper(), napper(), napper()
		cmd := exec.Command(self)
		cmd.Env = append(append(os.Environ(), env...),
			holdEnv+"="+nap+" & (trap '' TERM; exec "+deaf+") & (setsid "+daemon+" &); wait")
		cmd.Stderr = t.Output()
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer cmd.Wait()
		for _, n := range []string{nap, deaf, daemon} {
			waitRuns(t, n)
		}
		cmd.Process.Kill()
		within := time.Now().Add(3 * time.Second)
		for _, n := range []string{nap, deaf, daemon} {
			waitGone(t, n, time.Until(within))
		}
	}
	var g group
	defer g.Wait()
	g.Run(t, "local", func(t *testing.T) { kill(t) })
	for _, server := range servers {
		g.Run(t, server.name, func(t *testing.T) {
			s := server.start(t)
			kill(t, "TUNA_TEST_ADDR="+s.Addr, "TUNA_TEST_USER="+s.User, "TUNA_TEST_KEY="+s.KeyFile, "TUNA_TEST_KNOWN="+s.KnownHosts)
		})
	}
}

// TestLostConnection loses the connection to a host while a command runs there.
func TestLostConnection(t *testing.T) {
	var g group
	defer g.Wait()
	for _, server := range servers {
		for _, fault := range []struct {
			name   string
			inject func(s *testbed.SSHServer)
		}{
			{"the connection's server processes are killed", func(s *testbed.SSHServer) {
				for _, pid := range testbed.Descendants(s.PID) {
					if isServer(pid) {
						testbed.Signal(pid, syscall.SIGKILL)
					}
				}
			}},
			{"the host loses its power and comes back", func(s *testbed.SSHServer) { s.Stop(); s.Start() }},
		} {
			g.Run(t, server.name+"/"+fault.name, func(t *testing.T) {
				s := server.start(t)
				c := config(s)
				h, nap := dial(t, c), napper()
				ended := make(chan error, 1)
				go func() { ended <- h.Run(t.Context(), nap+" & wait", nil, nil) }()
				waitRuns(t, nap)
				fault.inject(s)
				if err := <-ended; !errors.Is(err, sshhost.ErrLost) || exitStatus(err) != 0 || errors.Is(err, context.Canceled) {
					t.Errorf("got %v, want ErrLost alone", err)
				}
				waitGone(t, nap, 3*time.Second)
				var out strings.Builder
				if err := h.Run(t.Context(), "echo back", &out, nil); err != nil || out.String() != "back\n" {
					t.Errorf("the next command: got %q (%v), want back", &out, err)
				}
			})
		}
	}
}

// TestKilledSupervisor kills supervisors alone. The next supervisor ends their commands and the processes of their leases.
// It starts before Run returns. With tinysshd it starts with the next command, because tinysshd closes the connection if
// it cannot write to its session's program.
func TestKilledSupervisor(t *testing.T) {
	var g group
	defer g.Wait()
	for _, server := range servers {
		g.Run(t, server.name, func(t *testing.T) {
			s := server.start(t)
			c := config(s)
			c.KeepAlive = 2 * time.Second // which is how tinysshd's connection is found to be lost
			h, nap, daemon := dial(t, c), napper(), napper()
			ended := make(chan error, 1)
			go func() { ended <- h.Run(t.Context(), "(setsid "+daemon+" &); "+nap+" & wait", nil, nil) }()
			waitRuns(t, nap)
			waitRuns(t, daemon)
			eventually(t, 5*time.Second, "the leases have begun", func() bool { return len(leases(s)) == 2*len(supervisors(s)) })
			killed, ends := supervisors(s), leases(s)
			for _, pid := range killed {
				testbed.Signal(pid, syscall.SIGKILL)
			}
			if err := <-ended; !errors.Is(err, sshhost.ErrLost) {
				t.Errorf("got %v, want ErrLost", err)
			}
			if server.name != "tinyssh" {
				for _, n := range []string{nap, daemon} {
					waitGone(t, n, 3*time.Second)
				}
			}
			if err := h.Run(t.Context(), "true", nil, nil); err != nil {
				t.Errorf("the next command: %v", err)
			}
			for _, n := range []string{nap, daemon} {
				waitGone(t, n, 3*time.Second)
			}
			eventually(t, 5*time.Second, "the ends of the old leases are gone", func() bool {
				return !slices.ContainsFunc(ends, isLease)
			})
		})
	}
}

// supervisors lists the supervisors that run under the server, without the processes that they have made.
func supervisors(s *testbed.SSHServer) []int {
	return slices.DeleteFunc(testbed.Descendants(s.PID), func(pid int) bool {
		return !runsSupervisor(strconv.Itoa(pid)) || runsSupervisor(parentOf(pid))
	})
}

func runsSupervisor(pid string) bool {
	line, err := os.ReadFile("/proc/" + pid + "/cmdline") // an error if the process has ended
	return err == nil && strings.Contains(string(line), "IFS= command read")
}

// isServer reports whether a process is an SSH server's own.
func isServer(pid int) bool {
	name, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/comm") // nothing if it has ended
	return slices.Contains([]string{"sshd", "sshd-session", "dropbear", "tinysshd"}, strings.TrimSpace(string(name)))
}

// leases lists the processes that wait for the end of a supervisor's lease.
func leases(s *testbed.SSHServer) []int {
	return slices.DeleteFunc(testbed.Descendants(s.PID), func(pid int) bool { return !isLease(pid) })
}

func isLease(pid int) bool {
	env, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	return strings.Contains(string(env), "TUNA_LEASE=")
}

func TestHostIsDownForAWhile(t *testing.T) {
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	h := dial(t, config(s))
	s.Stop()
	for range 2 {
		eventually(t, 10*time.Second, "the loss is noticed", func() bool {
			return errors.Is(h.Run(t.Context(), "true", nil, nil), sshhost.ErrUnreachable)
		})
	}
	s.Start()
	if err := h.Run(t.Context(), "true", nil, nil); err != nil {
		t.Error(err)
	}
}

// A link forwards connections to a server until it is cut, after which it keeps them open and carries nothing.
type link struct {
	net.Listener
	server string
	wg     sync.WaitGroup
	cut    sync.RWMutex // held for writing while the link is down
	mu     sync.Mutex
	conns  []net.Conn
}

func startLink(t *testing.T, server string) *link {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	k := &link{Listener: l, server: server}
	k.wg.Go(k.accept)
	t.Cleanup(func() {
		k.Close()
		k.mu.Lock()
		for _, c := range k.conns {
			c.Close()
		}
		k.mu.Unlock()
		k.wg.Wait()
	})
	return k
}

// drop closes the connections that there are.
func (k *link) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, c := range k.conns {
		c.Close()
	}
}

// taken is how many connections there were.
func (k *link) taken() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.conns) / 2
}

// behind returns what logs in to s through k.
func behind(t *testing.T, k *link, s *testbed.SSHServer) sshhost.Config {
	t.Helper()
	c := config(s)
	c.Addr, c.HostKeyAlias = k.Addr().String(), "testbed"
	known, err := os.ReadFile(s.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	c.KnownHosts = []string{t.TempDir() + "/known_hosts"}
	if err := os.WriteFile(c.KnownHosts[0], []byte(strings.ReplaceAll(string(known), "["+strings.Replace(s.Addr, ":", "]:", 1), "testbed")), 0o600); err != nil {
		t.Fatal(err)
	}
	return c
}

func (k *link) accept() {
	for {
		a, err := k.Accept()
		if err != nil {
			return
		}
		b, err := net.Dial("tcp", k.server)
		if err != nil {
			a.Close()
			continue
		}
		k.mu.Lock()
		k.conns = append(k.conns, a, b)
		k.mu.Unlock()
		k.wg.Go(func() { k.carry(a, b) })
		k.wg.Go(func() { k.carry(b, a) })
	}
}

func (k *link) carry(to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		k.cut.RLock()
		if err == nil {
			_, err = to.Write(buf[:n])
		}
		k.cut.RUnlock()
		if err != nil {
			to.Close()
			return
		}
	}
}

// TestSilentLink cuts the link without a word: no side is told.
func TestSilentLink(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T, keepAlive time.Duration, count int) (*link, *sshhost.Host) {
		s := testbed.StartSSHD(t, testbed.SSHDConfig{})
		k := startLink(t, s.Addr)
		c := behind(t, k, s)
		c.KeepAlive, c.KeepAliveCount = keepAlive, count
		return k, dial(t, c)
	}
	var g group
	defer g.Wait()
	g.Run(t, "found by keep-alive", func(t *testing.T) {
		k, h := start(t, 200*time.Millisecond, 0)
		nap := napper()
		ended := make(chan error, 1)
		go func() { ended <- h.Run(t.Context(), nap+" & wait", nil, nil) }()
		waitRuns(t, nap)
		k.cut.Lock()
		if err := <-ended; !errors.Is(err, sshhost.ErrLost) || exitStatus(err) != 0 {
			t.Errorf("got %v, want ErrLost", err)
		}
		waitGone(t, nap, 10*time.Second) // six times KeepAlive, in whole seconds, and the grace
		k.cut.Unlock()
		if err := h.Run(t.Context(), "true", nil, nil); err != nil {
			t.Errorf("after the link has come back: %v", err)
		}
	})
	g.Run(t, "silent for a while", func(t *testing.T) {
		k, h := start(t, 200*time.Millisecond, 50)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		nap := napper()
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx, nap, nil, nil) }()
		waitRuns(t, nap)
		k.cut.Lock()
		select {
		case err := <-ended:
			t.Errorf("got %v, though the host has 10 s to answer", err)
		case <-time.After(1500 * time.Millisecond):
		}
		k.cut.Unlock()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || errors.Is(err, sshhost.ErrNotEnded) {
			t.Errorf("got %v, want context.Canceled alone", err)
		}
	})
	g.Run(t, "the caller has had enough", func(t *testing.T) {
		k, h := start(t, 0, 0)
		nap := napper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx, nap, nil, nil) }()
		waitRuns(t, nap)
		k.cut.Lock()
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) || !errors.Is(err, sshhost.ErrNotEnded) || errors.Is(err, sshhost.ErrLost) {
			t.Errorf("got %v, want context.Canceled and ErrNotEnded", err)
		}
		k.cut.Unlock()
		waitGone(t, nap, 3*time.Second)
	})
	g.Run(t, "the deadline holds on the host", func(t *testing.T) {
		k, h := start(t, 0, 0)
		nap := napper()
		// The limit ends with the command, at the deadline. On a busy machine the command takes a while to start.
		ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
		defer cancel()
		ended := make(chan error, 1)
		go func() { ended <- h.Run(ctx, nap, nil, nil) }()
		waitRuns(t, nap)
		eventually(t, 5*time.Second, "the host knows the deadline", func() bool {
			return slices.ContainsFunc([]string{"sleep 14", "sleep 15", "sleep 16"}, func(lease string) bool { return len(processes(t, lease)) > 0 })
		})
		k.cut.Lock()
		defer k.cut.Unlock()
		if err := <-ended; !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, sshhost.ErrNotEnded) {
			t.Errorf("got %v, want context.DeadlineExceeded and ErrNotEnded", err)
		}
		waitGone(t, nap, 15*time.Second)
	})
}

// TestSilentLinkOnTheWay cuts the link to the host that another is reached through. Package ssh itself does not give up a
// connection there before its other end has answered.
func TestSilentLinkOnTheWay(t *testing.T) {
	t.Parallel()
	start := func(t *testing.T) (*link, sshhost.Config) {
		s := testbed.StartSSHD(t, testbed.SSHDConfig{})
		k := startLink(t, s.Addr)
		jump, c := behind(t, k, s), config(s)
		c.Jump = &jump
		return k, c
	}
	within := func(t *testing.T, ended <-chan error, want error) {
		late := time.NewTimer(20 * time.Second)
		defer late.Stop()
		select {
		case err := <-ended:
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		case <-late.C:
			t.Error("the loss is not noticed")
		}
	}
	var g group
	defer g.Wait()
	g.Run(t, "while a command runs", func(t *testing.T) {
		k, c := start(t)
		c.KeepAlive = 500 * time.Millisecond
		h, nap := dial(t, c), napper()
		ended := make(chan error, 1)
		go func() { ended <- h.Run(t.Context(), nap+" & wait", nil, nil) }()
		waitRuns(t, nap)
		k.cut.Lock()
		defer k.cut.Unlock()
		within(t, ended, sshhost.ErrLost)
		waitGone(t, nap, 10*time.Second) // six times KeepAlive, in whole seconds, and the grace
	})
	g.Run(t, "while logging in", func(t *testing.T) {
		k, c := start(t)
		c.Timeout = 3 * time.Second
		var cut atomic.Bool
		c.HostKeyCallback = func(string, net.Addr, ssh.PublicKey) error {
			k.cut.Lock()
			cut.Store(true)
			return nil
		}
		ended := make(chan error, 1)
		go func() {
			_, err := sshhost.Dial(t.Context(), c)
			ended <- err
		}()
		within(t, ended, sshhost.ErrTimeout)
		if cut.Load() {
			k.cut.Unlock()
		}
	})
}
