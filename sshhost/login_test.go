package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// TestLoginShells logs in as a user whose shell is no sh, or who has a start-up file that prints.
func TestLoginShells(t *testing.T) {
	testbed.NeedRoot(t)
	var g group
	defer g.Wait()
	for _, shell := range []string{"/bin/sh", "/bin/bash", "/bin/csh", "/bin/tcsh", "/usr/bin/fish", "/bin/zsh", "/bin/mksh", "/bin/rbash"} {
		g.Run(t, shell, func(t *testing.T) {
			testbed.Need(t, shell)
			s := testbed.StartSSHD(t, testbed.SSHDConfig{Login: testbed.Login{Shell: shell}})
			h := dial(t, config(s))
			var out strings.Builder
			err := h.Run(t.Context(), "for i in 1 2; do printf '%s\n' \"it's $i\"; done; exit 3", &out, nil)
			if exitStatus(err) != 3 || out.String() != "it's 1\nit's 2\n" {
				t.Errorf("got %q and %v, want what sh does", &out, err)
			}
		})
	}
}

// TestReadingLogins has logins that read from standard input what is meant for the supervisor, as start-up files make them
// which ask something, or have another shell take their place.
func TestReadingLogins(t *testing.T) {
	var g group
	defer g.Wait()
	for _, login := range []string{`read answer; exec sh -c "$SSH_ORIGINAL_COMMAND"`, "exec sh", "exec bash", "exec busybox sh", "exec zsh"} {
		g.Run(t, login, func(t *testing.T) {
			testbed.Need(t, "bash", "busybox", "zsh")
			h := dial(t, config(testbed.StartSSHD(t, testbed.SSHDConfig{Extra: []string{"ForceCommand " + login}})))
			var out strings.Builder
			if err := h.Run(t.Context(), "echo a; exit 3", &out, nil); exitStatus(err) != 3 || out.String() != "a\n" {
				t.Errorf("got %q and %v, want a and exit status 3", &out, err)
			}
			endsWell(t, h, "%s; :")
		})
	}
}

// TestSlowLogin has a login shell that takes long and prints: it is paid for in Dial, and what it prints is no command's.
func TestSlowLogin(t *testing.T) {
	testbed.NeedRoot(t)
	const delay = 500 * time.Millisecond
	login := testbed.Login{Delay: delay, Talk: "welcome, and mind the gap"}
	for _, s := range []*testbed.SSHServer{
		testbed.StartSSHD(t, testbed.SSHDConfig{Login: login}),
		testbed.StartDropbear(t, testbed.DropbearConfig{Login: login}),
	} {
		h := dial(t, config(s))
		var took []time.Duration
		for range 9 {
			var out, errs strings.Builder
			began := time.Now()
			if err := h.Run(t.Context(), "echo a; echo b >&2", &out, &errs); err != nil || out.String() != "a\n" || errs.String() != "b\n" {
				t.Errorf("%s: got %q, %q (%v), want a and b", h, &out, &errs, err)
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		if median := took[len(took)/2]; median > delay/2 {
			t.Errorf("%s: a command took %v: it paid for the login", h, median)
		}
	}
}

func TestPrefix(t *testing.T) {
	for _, test := range []struct{ name, prefix, command, want string }{
		{"none", "", "a; b", "a; b"},
		{"shell text", "PATH=/opt/wifi:$PATH;", "a; b", "PATH=/opt/wifi:$PATH; a; b"},
		{"shell text, and", "cd /tmp &&", "a | b", "cd /tmp && a | b"},
		{"program", "ip netns exec x", "iperf3 -c 192.0.2.1 --title 'it'\\''s'", "ip netns exec x iperf3 -c 192.0.2.1 --title 'it'\\''s'"},
		{"program, option with a value", "nice -n 5", "iperf3 --bind-dev=eth0", "nice -n 5 iperf3 --bind-dev=eth0"},
		{"program, two commands", "ip netns exec x", "a; b", "ip netns exec x sh -c 'a; b'"},
		{"program, redirection", "sudo -n", "a > /tmp/b", "sudo -n sh -c 'a > /tmp/b'"},
		{"program, expansion", "sudo -n", "echo $HOME", "sudo -n sh -c 'echo $HOME'"},
		{"program, assignment", "sudo -n", "A=1 b", "sudo -n sh -c 'A=1 b'"},
		{"program, builtin", "sudo -n", "command -v iperf3", "sudo -n sh -c 'command -v iperf3'"},
		{"program, keyword", "sudo -n", "if true; then b; fi", "sudo -n sh -c 'if true; then b; fi'"},
		{"program, quoted newline", "sudo -n", "echo 'a\nb'", "sudo -n echo 'a\nb'"},
		{"program, newline", "sudo -n", "a\nb", "sudo -n sh -c 'a\nb'"},
		{"adb", "adb shell", "a 'b c'; d", `adb shell 'a '\''b c'\''; d'`},
		{"adb with a path", "/opt/sdk/adb -s 1234 shell", "a", "/opt/sdk/adb -s 1234 shell a"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := sshhost.WithPrefix(test.prefix, test.command)
			if err != nil || got != test.want {
				t.Errorf("got %s (%v), want %s", got, err, test.want)
			}
		})
	}
}

// TestPrefixRuns runs commands behind real prefixes, and ends them.
func TestPrefixRuns(t *testing.T) {
	c := config(testbed.StartSSHD(t, testbed.SSHDConfig{}))
	for _, prefix := range []string{"V=x; export V;", "env V=x", "V=x nice -n 1", "env V=x setsid -w"} {
		c.Prefix = prefix
		for _, r := range []runner{dial(t, c), sshhost.Local{Prefix: prefix}} {
			var out strings.Builder
			err := r.Run(t.Context(), `printf %s "$V"; echo; exit 4`, &out, nil)
			if exitStatus(err) != 4 || out.String() != "x\n" {
				t.Errorf("%s: got %q and %v, want x and exit status 4", prefix, &out, err)
			}
			for _, command := range []string{"%s", "%s; :"} {
				endsWell(t, r, fmt.Sprintf(command, "%s"))
			}
		}
	}
}

func TestPrefixNamespace(t *testing.T) {
	l := testbed.NewLink(t, "", "")
	c := config(testbed.StartSSHD(t, testbed.SSHDConfig{}))
	c.Prefix = l.B.Prefix
	h := dial(t, c)
	for _, command := range []string{"ip -4 -brief addr", "true; ip -4 -brief addr"} {
		var out strings.Builder
		if err := h.Run(t.Context(), command, &out, nil); err != nil || !strings.Contains(out.String(), l.B.Addr) {
			t.Errorf("%s: got %q (%v), want %s", command, &out, err, l.B.Addr)
		}
	}
	if err := h.Run(t.Context(), "tuna-no-such-program", nil, nil); exitStatus(err) == 0 || errors.Is(err, sshhost.ErrLost) {
		t.Errorf("got %v, want an exit status", err)
	}
	endsWell(t, h, "%s")
}

// TestHangingLogin has a start-up file that does not come to its end.
func TestHangingLogin(t *testing.T) {
	t.Parallel()
	testbed.NeedRoot(t)
	c := config(testbed.StartSSHD(t, testbed.SSHDConfig{Login: testbed.Login{Delay: 20 * time.Second}}))
	c.Timeout = 2 * time.Second
	_, err := sshhost.Dial(t.Context(), c)
	checkError(t, err, sshhost.ErrTimeout, c.Addr)
	if errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, though the caller's context goes on", err)
	}
}
