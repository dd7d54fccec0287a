package sshhost_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// A hostCheck is what the battery does on each host. Its commands use nothing but sleep, cat, env and the shell itself.
type hostCheck struct {
	name string
	run  func(*testing.T, hostTrial)
	only func(hostTrial) bool // nil: everywhere
	long bool                 // it takes more than a few seconds

	repeats bool // it takes long because of its many commands
}

var hostChecks = []hostCheck{
	{name: "exit statuses", run: checkStatuses},
	{name: "stderr apart", run: checkStreams},
	{name: "a megabyte", run: checkBlob},
	{name: "awkward texts", repeats: true, run: checkTexts},
	{name: "30 at once", repeats: true, run: checkManyAtOnce},
	{name: "200 in a row", repeats: true, run: checkManyInARow},
	{name: "cancelled", run: func(t *testing.T, h hostTrial) { h.checkCancelled(t, `sh -c 'sh -c "%s; :"; :'; :`) }},
	{name: "TERM ignored", run: func(t *testing.T, h hostTrial) {
		h.checkCancelled(t, "trap '' TERM; %s & while :; do wait; sleep 0.1; done")
	}},
	{name: "deadline", run: checkDeadline},
	{name: "background", run: checkBackground},
	{name: "daemon", run: checkDaemon, only: hasSetsid},
	{name: "daemon that prints", run: checkDaemonThatPrints},
	{name: "controller killed", long: true, run: checkControllerKilled},
	{name: "connection killed", long: true, run: checkConnectionKilled, only: func(h hostTrial) bool { return h.server != "conch" }},
	{name: "shell stopped", long: true, run: checkShellStopped},
	{name: "files", run: checkFiles, only: func(h hostTrial) bool { return h.server != "conch" }}, // whose SFTP server finds no name
	{name: "prefixes", run: checkPrefixes},
	{name: "keepalive", run: checkKeepAlive},
}

func hasSetsid(h hostTrial) bool { return h.userland != "minimal" }

// dial connects to the host until the check is over.
func (h hostTrial) dial(t *testing.T) *sshhost.Host { return dial(t, h.config()) }

func (h hostTrial) config() sshhost.Config {
	c := config(h.SSHServer)
	c.Timeout = 20 * time.Second
	return c
}

// What expect takes as stderr in place of a text.
const (
	something = "*" // anything but nothing
	anything  = "?"
)

// expect runs a command and compares its outputs and its exit status.
func expect(t *testing.T, r runner, command, stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	err := r.Run(t.Context(), command, &out, &errs)
	if got := exitStatus(err); got != status || (err != nil) != (status != 0) {
		t.Errorf("%q: got %v, want exit status %d", command, err, status)
	}
	if diff := cmp.Diff(stdout, out.String()); diff != "" {
		t.Errorf("%q: stdout (-want +got):\n%s", command, diff)
	}
	if got := errs.String(); got != stderr && stderr != anything && (stderr != something || got == "") {
		t.Errorf("%q: stderr: got %q, want %q", command, got, stderr)
	}
}

func checkStatuses(t *testing.T, h hostTrial) {
	r := h.dial(t)
	for _, test := range []struct {
		command, stderr string
		status          int
	}{
		{"exit 0", "", 0},
		{"exit 3", "", 3},
		{"exit 255", "", 255},
		{"/etc/passwd", something, 126},
		{"tuna-no-such-program", something, 127},
		{"kill -TERM $$", "", 143},
		{"kill -KILL $$", "", 137},
		{"sh -c 'kill -KILL $$'; exit 4", something, 4},
		{"sleep 0", "", 0},
	} {
		if strings.HasPrefix(test.command, "sh -c") { // some shells say that it was killed
			test.command = "{ " + test.command + "; } 2>/dev/null"
			test.stderr = ""
		}
		expect(t, r, test.command, "", test.stderr, test.status)
	}
}

func checkStreams(t *testing.T, h hostTrial) {
	r := h.dial(t)
	expect(t, r, "echo out; echo err >&2", "out\n", "err\n", 0)
	expect(t, r, "sh -c 'echo err; exit 5' >&2", "", "err\n", 5)
	expect(t, r, "cat", "", "", 0)
	expect(t, r, "exec >&- 2>&-; exit 6", "", "", 6)
}

func checkBlob(t *testing.T, h hostTrial) {
	var out, errs bytes.Buffer
	if err := h.dial(t).Run(t.Context(), "cat /data/blob; cat /data/blob >&2", &out, &errs); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out.Bytes(), blob) || !bytes.Equal(errs.Bytes(), blob) {
		t.Errorf("got %d and %d bytes, want %d, the same ones", out.Len(), errs.Len(), len(blob))
	}
}

// awkwardTexts are what a host may be sent, or sends.
var awkwardTexts = []string{
	"", "\n", "\n\n\n", "a", "a\n\nb", " \t ", `it's "quoted" \n \\ $HOME $(id) ` + "`id` !! %s %d * ? ~ # ; & | < >",
	"\x01\x02\x1b[31m\x7f\r\n", "é – 漢字 🐟\n", "\xff\xfe\x80\xc3", "caf\xc3\xa9 \xe9 \x01end\xc3", "-n", "-e \\c", "\\", "'", "''\n'",
	"\x1eABCDEFGHIJKLMNOPQRSTUVWXYZ0\n", "\x1e", "=\n+\n0\n", strings.Repeat("x", 5000) + "\n" + strings.Repeat("y\n", 500),
}

func checkTexts(t *testing.T, h hostTrial) {
	r := h.dial(t)
	for i, text := range awkwardTexts {
		expect(t, r, fmt.Sprintf("cat /data/text%d", i), text, "", 0)
		command := "cat <<'END'\n" + text + "\nEND"
		if h.sh == "ksh93" && !utf8.ValidString(text) {
			continue // in a UTF-8 locale, ksh93u+m 1.0.10 does not end with some of these texts in a here-document
		}
		if err := r.Run(t.Context(), command, nil, nil); h.sh == "yash" && err != nil && strings.Contains(err.Error(), "cannot take byte") {
			continue // yash has no such text in a locale without it, and the error says so
		}
		expect(t, r, command, text+"\n", "", 0)
	}
	// The supervisor's variables are not the command's.
	expect(t, r, `echo "$_mark$_session$_nl$_job"`, "\n", "", 0)
}

func checkManyAtOnce(t *testing.T, h hostTrial) {
	r := h.dial(t)
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			expect(t, r, fmt.Sprintf("echo %d; sleep 0.1; echo e%[1]d >&2; exit %[1]d", i), fmt.Sprintln(i), fmt.Sprintf("e%d\n", i), i)
		})
	}
	wg.Wait()
}

func checkManyInARow(t *testing.T, h hostTrial) {
	r := h.dial(t)
	for i := range 200 {
		expect(t, r, fmt.Sprintf("echo %d; exit %d", i, i%7), fmt.Sprintln(i), "", i%7)
		if t.Failed() {
			return
		}
	}
}

// checkCancelled cancels a command, in which %s stands for something that runs for long.
func (h hostTrial) checkCancelled(t *testing.T, command string) {
	r := h.dial(t)
	endsWell(t, r, command)
	expect(t, r, "echo well", "well\n", "", 0)
}

func checkDeadline(t *testing.T, h hostTrial) {
	r, nap := h.dial(t), napper()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := r.Run(ctx, "(sh -c '"+nap+"; :') & wait", nil, nil); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sshhost.ErrNotEnded) {
		t.Errorf("got %v, want context.DeadlineExceeded alone", err)
	}
	if pids := processes(t, nap); pids != nil {
		t.Errorf("processes %v live on", pids)
	}
	expect(t, r, "echo well", "well\n", "", 0)
}

func checkBackground(t *testing.T, h hostTrial) {
	r := h.dial(t)
	for _, command := range []string{"%s &", "(trap '' TERM; exec %s) &", "trap '' HUP; (%s >/dev/null 2>&1 </dev/null &)"} {
		nap := napper()
		expect(t, r, fmt.Sprintf(command, nap), "", "", 0)
		if pids := processes(t, nap); pids != nil {
			t.Errorf("%s: processes %v live on", command, pids)
		}
	}
}

// checkDaemon starts a daemon, which nothing of ours may end, not even the end of the connection.
func checkDaemon(t *testing.T, h hostTrial) {
	nap := napper()
	r := h.dial(t)
	expect(t, r, "setsid sh -c 'echo up >"+h.tmp()+"; exec "+nap+"' >/dev/null 2>&1 </dev/null & until [ -s "+h.tmp()+" ]; do sleep 0.02; done", "", "", 0)
	expect(t, r, "echo well", "well\n", "", 0)
	r.Close()
	eventually(t, 10*time.Second, "only the daemon is there", func() bool { return len(h.Added()) <= 1 })
	pids := processes(t, nap)
	if len(pids) != 1 {
		t.Errorf("got processes %v, want the daemon alone", pids)
	}
	for _, pid := range pids {
		testbed.Signal(pid, syscall.SIGKILL)
	}
}

// tmp is a file on the host that no other check uses.
func (h hostTrial) tmp() string { return fmt.Sprintf("/tmp/%d", naps.Load()) }

// checkDaemonThatPrints has a daemon that holds on to its command's output print while the next commands run. Without
// setsid it is none, and is ended with its command.
func checkDaemonThatPrints(t *testing.T, h hostTrial) {
	setsid, stderr := "", ""
	if hasSetsid(h) {
		setsid = "setsid "
	} else if h.sh == "posh" || h.sh == "mksh" {
		stderr = anything // they may report that their sleep was killed before they end themselves
	}
	napper()
	r, file := h.dial(t), h.tmp()
	expect(t, r, setsid+"sh -c 'echo >"+file+"; until [ -s "+file+".go ]; do sleep 0.02; done; while echo BAD; do echo BAD >&2; sleep 0.02; done' & until [ -s "+
		file+" ]; do sleep 0.02; done", "", stderr, 0)
	expect(t, r, "echo go >"+file+".go; sleep 0.3; echo 1", "1\n", "", 0)
	for range 5 {
		expect(t, r, "sleep 0.05; echo mine; echo too >&2; exit 9", "mine\n", "too\n", 9)
	}
	r.Close()
	for _, p := range h.Ours() { // the daemon, if it has lived on
		if slices.ContainsFunc(p.Args, func(a string) bool { return strings.Contains(a, file+".go") }) {
			testbed.Signal(p.PID, syscall.SIGKILL)
		}
	}
}

func checkFiles(t *testing.T, h hostTrial) {
	r := h.dial(t)
	napper()
	name := h.tmp()
	if err := r.Upload(t.Context(), bytes.NewReader(blob), name); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := r.Download(t.Context(), name, &got); err != nil || !bytes.Equal(got.Bytes(), blob) {
		t.Errorf("got %d bytes (%v), want %d, the same ones", got.Len(), err, len(blob))
	}
	expect(t, r, "echo well", "well\n", "", 0)
}

func checkKeepAlive(t *testing.T, h hostTrial) {
	c := h.config()
	c.KeepAlive, c.KeepAliveCount = 200*time.Millisecond, 50
	r := dial(t, c)
	expect(t, r, "echo a; sleep 2; echo b", "a\nb\n", "", 0)
	expect(t, r, "echo well", "well\n", "", 0)
}
