package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/sshhost"
)

// wrap writes a program that a shell script is.
func wrap(t *testing.T, script string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "iperf")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestProgramThatCannotRun has hosts where the program is, but of no use: the error says why, in one line that names the
// host once.
func TestProgramThatCannotRun(t *testing.T) {
	for _, test := range []struct {
		name, script string
		kind         error
		want         string
	}{
		{"a library is missing", `echo "iperf3: error while loading shared libraries: libiperf.so.0: cannot open shared object file: No such file or directory" >&2; exit 127`, iperf.ErrNotInstalled,
			`not installed: it cannot be executed: "iperf3: error while loading shared libraries: libiperf.so.0: cannot open shared object file: No such file or directory" (exit status 127)`},
		{"a library is too old", "echo \"iperf3: /lib/libc.so.6: version \\`GLIBC_2.38' not found (required by iperf3)\" >&2; exit 1", iperf.ErrNotInstalled,
			"not installed: it cannot be executed: \"iperf3: /lib/libc.so.6: version `GLIBC_2.38' not found (required by iperf3)\" (exit status 1)"},
		{"another processor's", `echo "sh: 1: iperf3: Exec format error" >&2; exit 126`, iperf.ErrNotInstalled,
			`not installed: it cannot be executed: "sh: 1: iperf3: Exec format error" (exit status 126)`},
		{"it crashes", `kill -SEGV $$`, iperf.ErrInterrupted, "iperf was interrupted: exit status 139"},
		{"another program", `echo hello`, iperf.ErrNotUnderstood, `version: output is not understood: "hello"`},
		{"it fails", `echo "no licence" >&2; exit 3`, nil, `exit status 3: "no licence"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := iperf.Iperf{Program: wrap(t, test.script)}
			_, err := x.Version(t.Context(), sshhost.Local{})
			if err == nil || test.kind != nil && !errors.Is(err, test.kind) {
				t.Fatalf("got %v, want %v", err, test.kind)
			}
			if diff := cmp.Diff(x.Program+" on localhost: "+test.want, err.Error()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestClientThatCannotConnect has clients that cannot connect: every version is understood.
func TestClientThatCannotConnect(t *testing.T) {
	const refused, late = "connection refused: unable to connect to server: Connection refused", "timed out: unable to connect to server: Connection timed out"
	for _, test := range []struct {
		name, stderr string
		kinds        []error
		want         string
	}{
		{"refused", "iperf3: error - unable to connect to server: Connection refused", []error{iperf.ErrRefused}, refused},
		{"no answer", "iperf3: error - unable to connect to server: Connection timed out", []error{iperf.ErrUnreachable, iperf.ErrTimeout}, "host unreachable: " + late},
		{"no answer to iperf 2", "connect failed: Operation now in progress", []error{iperf.ErrUnreachable, iperf.ErrTimeout}, "host unreachable: timed out: connect failed: Operation now in progress"},
		{"3.9", "iperf3: error - unable to send control message: Bad file descriptor", []error{iperf.ErrUnreachable},
			`host unreachable: it could not connect: "iperf3: error - unable to send control message: Bad file descriptor"`},
		{"a server that may not listen", "iperf3: error - unable to start listener for connections: Permission denied", nil,
			"iperf reported an error: unable to start listener for connections: Permission denied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			host := iperftest.NewHost(t, "dut")
			host.Expect("iperf3 --version", iperftest.Stdout("iperf 3.12 (cJSON 1.7.15)\n"))
			host.ExpectMatch("iperf3 -c .*", iperftest.Stderr(test.stderr+"\n"), iperftest.Exit(1))
			_, err := new(iperf.Iperf).RunClient(t.Context(), host, "192.0.2.1", "")
			for _, kind := range test.kinds {
				if !errors.Is(err, kind) {
					t.Errorf("got %v, want %v", err, kind)
				}
			}
			if errors.Is(err, iperf.ErrPeerLost) || errors.Is(err, iperf.ErrNotInstalled) {
				t.Errorf("%v is of a wrong kind too", err)
			}
			want := "iperf3 client on dut: " + test.want + " (exit status 1)"
			if len(test.kinds) > 0 {
				want += "; it dialled 192.0.2.1:5201"
			}
			if diff := cmp.Diff(want, fmt.Sprint(err)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestClientThatSaysNothing has a client of iperf 2 whose output comes late, as on a machine that is busy: it has
// connected all the same.
func TestClientThatSaysNothing(t *testing.T) {
	testbed.Need(t, "iperf")
	x := iperf.Iperf{
		Program:      wrap(t, `case $1 in -c) iperf "$@" >"$0.out"; cat "$0.out" ;; *) exec iperf "$@" ;; esac`),
		ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
		Client:       iperf.ClientSettings{Time: 4 * time.Second, Rate: 10e6, ConnectTimeout: 2 * time.Second},
		Server:       iperf.ServerSettings{AutoPort: true},
	}
	if res, err := x.Upstream(t.Context(), ""); err != nil || res.Client == nil {
		t.Errorf("got %v, %v", res, err)
	}
}

// TestAddressThatIsNoOwn has a client of iperf 2 that is to use an address which its host does not have: it says so, and
// sends from another.
func TestAddressThatIsNoOwn(t *testing.T) {
	testbed.Need(t, "iperf")
	x := iperf.Iperf{
		Program:      "iperf",
		ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
		Client:       iperf.ClientSettings{Time: time.Second, Rate: 10e6, Bind: "192.0.2.99"},
		Server:       iperf.ServerSettings{AutoPort: true},
	}
	res, err := x.Upstream(t.Context(), "")
	if err == nil {
		err = errors.Join(res.Warnings...)
	}
	if failed, ok := errors.AsType[*iperf.RunError](err); !ok || !strings.Contains(failed.Error(), "Cannot assign requested address") {
		t.Errorf("got %v, want what iperf said", err)
	}
}

// TestDeadlineBeforeTheEnd has a caller who gives a test less time than it takes: that is found before the test.
func TestDeadlineBeforeTheEnd(t *testing.T) {
	dut, server := iperftest.NewHost(t, "dut"), iperftest.NewHost(t, "server") // which expect no command
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Client: iperf.ClientSettings{Time: time.Hour, Omit: time.Second}}
	_, err := x.Upstream(ctx, "")
	late, ok := errors.AsType[*iperf.DeadlineError](err)
	if !ok || !errors.Is(err, iperf.ErrSettings) || !errors.Is(err, iperf.ErrTimeout) || late.Test != time.Hour+time.Second || late.Left > time.Minute {
		t.Errorf("got %+v, want a DeadlineError", err)
	}
}
