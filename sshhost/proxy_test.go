package sshhost_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// carryEnv makes the test binary a program that carries its standard input and output to an address.
const carryEnv = "TUNA_TEST_CARRY"

func carry(addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	go func() {
		io.Copy(c, os.Stdin)
		c.(*net.TCPConn).CloseWrite()
	}()
	io.Copy(os.Stdout, c)
	os.Exit(0)
}

func TestProxyCommand(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := testbed.StartSSHD(t, testbed.SSHDConfig{})
	before := runtime.NumGoroutine()
	from := func(command string) sshhost.Config {
		t.Helper()
		c, err := sshhost.FromSSHConfig(s.User+"@"+s.Addr, writeFile(t, "IdentityFile "+s.KeyFile+"\nUserKnownHostsFile "+s.KnownHosts+
			"\nIdentityAgent none\nProxyCommand "+command+"\n"))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	nap := napper()
	h := dial(t, from(nap+" <&- >&- 2>&- & exec env "+carryEnv+"=1 '"+self+"' %h:%p 100%%"))
	var out strings.Builder
	if err := h.Run(t.Context(), "echo a; head -c 1000000 /dev/zero", &out, nil); err != nil || out.Len() != 1000002 {
		t.Errorf("got %d bytes (%v), want 1000002", out.Len(), err)
	}
	program := fmt.Sprintf("%s %s 100%%", self, s.Addr)
	if len(processes(t, program)) != 1 {
		t.Errorf("got processes %v of %s, want one", processes(t, program), program)
	}
	waitRuns(t, nap)
	h.Close()
	for _, p := range []string{program, nap} {
		if pids := processes(t, p); pids != nil {
			t.Errorf("after Close %s lives on: %v", p, pids)
		}
	}

	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	deaf := napper()
	for _, test := range []struct {
		name, command, says string
		kind                error
	}{
		{"fails", "env " + carryEnv + "=1 '" + self + "' " + closed.Addr().String(), "exit status 3, and prints \"dial tcp", sshhost.ErrUnreachable},
		{"is not there", "tuna-no-such-program", "exit status 127", sshhost.ErrUnreachable},
		{"hangs and is deaf", "trap '' TERM; while :; do " + deaf + "; done", "", sshhost.ErrTimeout},
	} {
		c := from(test.command)
		if c.Timeout = 0; test.says == "" {
			c.Timeout = 100 * time.Millisecond
		}
		_, err := sshhost.Dial(t.Context(), c)
		checkError(t, err, test.kind, s.Addr)
		if err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, want %s", test.name, err, test.says)
		}
	}
	eventually(t, 5*time.Second, "the deaf program has been killed", func() bool { return processes(t, deaf) == nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = sshhost.Dial(ctx, from(napper()))
	checkError(t, err, context.Canceled, s.Addr)
	both := from("true")
	both.Jump = &sshhost.Config{Addr: "gw"}
	if _, err := sshhost.Dial(t.Context(), both); err == nil {
		t.Error("a jump and a proxy command were taken")
	}
	eventually(t, 5*time.Second, "all goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}

// TestDialDoesNotWaitForAProxy ends the context of Dial while a program carries the connection that does not end when it is
// asked to.
func TestDialDoesNotWaitForAProxy(t *testing.T) {
	var g group
	defer g.Wait()
	for name, command := range map[string]string{
		"deaf to TERM":                 "trap '' TERM; while :; do NAP; done",
		"keeps its streams":            "exec 3<&0; NAP & exec true", // its input as 3: a shell gives what is in the background none
		"in a session of its own":      "exec setsid -w NAP",
		"deaf in a session of its own": "exec setsid -w sh -c 'trap \"\" TERM; while :; do NAP; done'",
	} {
		g.Run(t, name, func(t *testing.T) {
			nap := napper()
			c := sshhost.Config{Addr: "192.0.2.1:22", KnownHosts: []string{}, ProxyCommand: strings.ReplaceAll(command, "NAP", nap), Auth: []ssh.AuthMethod{}}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			dialled := make(chan error, 1)
			go func() {
				_, err := sshhost.Dial(ctx, c)
				dialled <- err
			}()
			waitRuns(t, nap)
			began := time.Now()
			cancel()
			err := <-dialled
			if took := time.Since(began); took > 800*time.Millisecond {
				t.Errorf("Dial returned %v after the end of its context", took)
			}
			checkError(t, err, context.Canceled, c.Addr)
			eventually(t, 5*time.Second, "nothing of the program is left", func() bool { return processes(t, nap) == nil })
		})
	}
}
