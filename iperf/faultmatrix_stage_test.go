package iperf_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"hash"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/tunaperf/tuna/internal/shquote"
	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	ev "github.com/tunaperf/tuna/iperf/evidence"
)

// A stage is what a run is doing when a fault comes.
type stage string

const (
	dialling stage = "dialling" // a host whose connection was lost is connected anew
	asking   stage = "version"
	starting stage = "server start"
	traffic  stage = "traffic"
	draining stage = "draining" // the client is over, and the server finishes its report
	stopping stage = "stopping" // the server is being ended, and does not obey at once
)

var everyStage = []stage{dialling, asking, starting, traffic, draining, stopping}

// A stagedHost is a host that tells when a run reaches a stage on it, and that keeps what iperf printed.
type stagedHost struct {
	iperf.HostSSH
	reached func(stage)

	mu      sync.Mutex
	printed []*printed
}

// printed is what arrived from one program.
type printed struct {
	role iperf.Role
	size int64
	sum  hash.Hash
}

func (p *printed) Write(b []byte) (int, error) {
	p.size += int64(len(b))
	return p.sum.Write(b)
}

// counterMark matches what a command prints between a program's output and the kernel's counters.
var counterMark = regexp.MustCompile("\x1e[A-Z2-7]{26}")

// Facts returns those of the embedded host.
func (h *stagedHost) Facts() *sync.Map {
	return h.HostSSH.(interface{ Facts() *sync.Map }).Facts()
}

func (h *stagedHost) String() string { return h.HostSSH.(interface{ String() string }).String() }

func (h *stagedHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	var role iperf.Role
	switch {
	case strings.Contains(command, " -s "):
		role = iperf.RoleServer
	case strings.Contains(command, " -c "):
		role = iperf.RoleClient
	case strings.Contains(command, "--version"):
		return h.HostSSH.Run(ctx, command, stdout, seenWriter{stderr, "held", func() { h.reached(asking) }})
	default:
		return h.HostSSH.Run(ctx, command, stdout, stderr)
	}
	p := &printed{role: role, sum: sha256.New()}
	h.mu.Lock()
	h.printed = append(h.printed, p)
	h.mu.Unlock()
	if role == iperf.RoleServer {
		stop := context.AfterFunc(ctx, func() { h.reached(stopping) })
		defer stop()
	}
	output := &ev.Splitter{Out: p, Mark: counterMark.FindString(command)}
	defer output.Close()
	err := h.HostSSH.Run(ctx, command,
		seenWriter{io.MultiWriter(output, stdout), "sec ", func() { h.reached(traffic) }},
		seenWriter{stderr, "held", func() { h.reached(starting) }})
	if role == iperf.RoleClient {
		h.reached(draining)
	}
	return err
}

// A seenWriter calls seen when a write holds the text.
type seenWriter struct {
	io.Writer
	text string
	seen func()
}

func (w seenWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if bytes.Contains(p, []byte(w.text)) {
		w.seen()
	}
	return n, err
}

// hold is the body of a fake that stays until it is let go.
const hold = `echo held >&2; while [ -e "$bin/hold" ]; do sleep 0.02; done; `

// fakeProgram puts a script in the place of a program on a machine. It answers as the real one does when asked for its
// version, unless body does; body finds the program in $real, and ends with it unless it exits.
func fakeProgram(m *testbed.Machine, program, body string) error {
	real, err := exec.LookPath(program)
	if err != nil {
		return err
	}
	text := "#!/bin/sh\nreal=" + shquote.Quote(real) + " bin=" + shquote.Quote(m.Bin) + "\n" +
		`asked= server=; case "$*" in *--version*) asked=1;; "-s "*) server=1;; esac` + "\n" + body + "\nexec \"$real\" \"$@\"\n"
	// A file that is open for writing somewhere, even in a child that is just forked, cannot be run.
	file := filepath.Join(m.Bin, program)
	if err := exec.Command("sh", "-c", `printf %s "$1" >"$0.new" && chmod 755 "$0.new" && mv "$0.new" "$0"`, file, text).Run(); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(m.Bin, "hold"), nil, 0o600)
}

// letGo lets a fake go on that is held.
func letGo(m *testbed.Machine) { os.Remove(filepath.Join(m.Bin, "hold")) }

// removeFake lets the real program be found again.
func removeFake(m *testbed.Machine, program string) {
	letGo(m)
	os.Remove(filepath.Join(m.Bin, program))
}

// stretch makes a stage last, so that a fault can come in it.
func (r *trial) stretch() error {
	switch r.stage {
	case asking:
		return fakeProgram(r.machine(), r.program, `[ "$asked" ] && { `+hold+`}`)
	case starting:
		return fakeProgram(r.world.Server, r.program, `[ "$server" ] && { `+hold+`}`)
	case draining:
		// A lost link is noticed within 4 s: before the server is ended, which would be a warning.
		r.x.EventTimer = &iperf.EventTimer{Time: 6 * time.Second}
		return fakeProgram(r.world.Server, r.program, `[ "$server" ] && { "$real" "$@"; got=$?; `+hold+` exit $got; }`)
	case stopping:
		r.x.EventTimer = &iperf.EventTimer{Time: 1500 * time.Millisecond}
		return fakeProgram(r.world.Server, r.program, `[ "$server" ] && { trap '' TERM; "$real" "$@"; got=$?; `+hold+` exit $got; }`)
	}
	return nil
}
