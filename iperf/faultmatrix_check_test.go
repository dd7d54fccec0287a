package iperf_test

import (
	"crypto/sha256"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
)

// until waits for evidence, and reports whether it came by the deadline.
func until(deadline time.Time, evidence func() bool) bool {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !evidence() {
		if time.Now().After(deadline) {
			return evidence()
		}
		<-tick.C
	}
	return true
}

// others are processes on the hosts that are none of ours, with our programs' names.
type others map[*testbed.Machine][]testbed.Process

// otherPort is where the servers of others listen, which is not where ours do.
const otherPort = 5999

func (r *trial) startOthers() {
	for _, m := range []*testbed.Machine{r.world.Client, r.world.Server} {
		r.others.start(r.t, m, otherPort, r.program, "-s", "-p", strconv.Itoa(otherPort))
	}
}

func (o others) start(t *testing.T, m *testbed.Machine, port int, name string, arg ...string) testbed.Process {
	pid := m.StartForeign(t, port, name, arg...).Process.Pid
	for _, p := range m.Processes() {
		if p.PID == pid {
			o[m] = append(o[m], p)
			return p
		}
	}
	t.Fatalf("%s did not stay", name)
	panic("unreachable")
}

func (o others) has(m *testbed.Machine, p testbed.Process) bool {
	return slices.ContainsFunc(o[m], func(q testbed.Process) bool { return q.PID == p.PID && q.Born == p.Born })
}

// check tells which of them are gone.
func (o others) check(t *testing.T) {
	t.Helper()
	for m, all := range o {
		now := m.Processes()
		for _, p := range all {
			if !slices.ContainsFunc(now, func(q testbed.Process) bool { return q.PID == p.PID && q.Born == p.Born }) {
				t.Errorf("somebody else's process is gone: %v", p)
			}
		}
	}
}

// checkGone waits until no command of ours runs on the hosts. Shells that wait for the next command may stay.
func (r *trial) checkGone(deadline time.Time) {
	r.t.Helper()
	var left []testbed.Process
	if !until(deadline, func() bool {
		left = nil
		for _, m := range []*testbed.Machine{r.world.Client, r.world.Server} {
			for _, p := range m.Processes() {
				if (p.Marked || p.IsIperf()) && !r.others.has(m, p) {
					left = append(left, p)
				}
			}
		}
		return len(left) == 0
	}) {
		r.t.Errorf("left on the hosts: %v", left)
	}
}

// checkOnlyServers waits until there is nothing but the SSH servers and the processes of others, after the hosts were
// closed.
func (r *trial) checkOnlyServers() {
	r.t.Helper()
	var left []testbed.Process
	if !until(time.Now().Add(5*time.Second), func() bool {
		left = nil
		for _, m := range []*testbed.Machine{r.world.Client, r.world.Server} {
			for _, p := range m.Processes() {
				if p.PID != m.SSH.PID && !r.others.has(m, p) {
					left = append(left, p)
				}
			}
		}
		return len(left) == 0
	}) {
		r.t.Errorf("left on the hosts after Close: %v", left)
	}
}

// checkFiles compares the raw files with what arrived from the hosts.
func (r *trial) checkFiles() {
	r.t.Helper()
	for _, h := range r.hosts {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, p := range h.printed {
			files, _ := filepath.Glob(filepath.Join(r.dir, "raw", p.role.String()+"_*"))
			if !slices.ContainsFunc(files, func(f string) bool {
				text, err := os.ReadFile(f)
				return err == nil && int64(len(text)) == p.size && sha256.Sum256(text) == [sha256.Size]byte(p.sum.Sum(nil))
			}) {
				r.t.Errorf("no file of the %v holds the %d bytes that it printed: %v", p.role, p.size, files)
			}
		}
		h.printed = nil
	}
}

// checkNextRun makes a run on the same Iperf, which must succeed.
func (r *trial) checkNextRun() {
	t := r.t
	t.Helper()
	r.x.Client.Time = time.Second
	r.x.Client.Bytes = 0
	r.labelled(func() {
		res, err := r.x.Upstream(t.Context(), "next")
		if err != nil {
			t.Errorf("the next run: %v\n%s", err, evidence(err))
		} else if res.Bandwidth <= 0 || res.Bandwidth > 21e6 {
			t.Errorf("the next run measured %v on a link of 20 Mbit/s", res.Bandwidth)
		}
	})
	// The run itself leaves no goroutine; the hosts keep theirs.
	var left []string
	if !until(time.Now().Add(3*time.Second), func() bool {
		left = slices.DeleteFunc(r.goroutines(), func(g string) bool { return !strings.Contains(g, "tuna/iperf.") })
		return len(left) == 0
	}) {
		t.Errorf("goroutines of the run live on:\n%s", strings.Join(left, "\n\n"))
	}
}

// checkNothingHeld waits until this program has no goroutine, file or connection of the cell, after the hosts were
// closed.
func (r *trial) checkNothingHeld() {
	r.t.Helper()
	var left []string
	if !until(time.Now().Add(5*time.Second), func() bool {
		left = append(r.goroutines(), r.openFiles()...)
		return len(left) == 0
	}) {
		r.t.Errorf("held after Close:\n%s", strings.Join(left, "\n\n"))
	}
}

// goroutines lists the stacks of the goroutines that came of labelled.
func (r *trial) goroutines() []string {
	var all strings.Builder
	pprof.Lookup("goroutine").WriteTo(&all, 1)
	label := fmt.Sprintf("%q:%q", "cell", r.label())
	return slices.DeleteFunc(strings.Split(all.String(), "\n\n"), func(g string) bool { return !strings.Contains(g, label) })
}

// openFiles lists the files in the cell's folder that this program has open, and its connections to the cell's hosts.
func (r *trial) openFiles() (all []string) {
	sockets := r.connections()
	fds, _ := filepath.Glob("/proc/self/fd/*")
	for _, fd := range fds {
		target, err := os.Readlink(fd)
		if err != nil {
			continue
		}
		if remote, ok := sockets[target]; ok {
			all = append(all, target+" to "+remote)
		} else if strings.HasPrefix(target, r.dir+"/") {
			all = append(all, target)
		}
	}
	return all
}

// connections maps the name that a socket has in /proc/self/fd to its peer, for sockets to the cell's hosts. Their
// addresses on the control links are nobody else's.
func (r *trial) connections() map[string]string {
	found := map[string]string{}
	table, _ := os.ReadFile("/proc/self/net/tcp")
	for _, m := range []*testbed.Machine{r.world.Client, r.world.Server} {
		host, _, _ := net.SplitHostPort(m.SSH.Addr)
		a := netip.MustParseAddr(host).As4()
		remote := fmt.Sprintf("%02X%02X%02X%02X:", a[3], a[2], a[1], a[0])
		for line := range strings.Lines(string(table)) {
			if f := strings.Fields(line); len(f) > 9 && strings.HasPrefix(f[2], remote) {
				found["socket:["+f[9]+"]"] = m.SSH.Addr + " in state " + f[3]
			}
		}
	}
	return found
}

// connecting reports whether this program waits for an answer of the machine's SSH server.
func (r *trial) connecting(m *testbed.Machine) bool {
	const synSent = "in state 02"
	for _, remote := range r.connections() {
		if remote == m.SSH.Addr+" "+synSent {
			return true
		}
	}
	return false
}

// loseConnection ends the connection to the machine that the fault befalls and waits until the host has seen that. From
// then on nothing answers there, and the stage is reached when a connection is tried.
func (r *trial) loseConnection() {
	m := r.machine()
	r.must(m.EndConnections())
	r.awaitLoss()
	r.must(m.DropControl())
	r.work.Go(func() {
		if until(time.Now().Add(10*time.Second), func() bool { return r.connecting(m) }) {
			r.reached(dialling)
		}
	})
}

// awaitLoss waits until the connection to the machine that the fault befalls is given up.
func (r *trial) awaitLoss() {
	host := fmt.Sprintf("%q:%q", "host", r.where())
	if !until(time.Now().Add(10*time.Second), func() bool {
		return !slices.ContainsFunc(r.goroutines(), func(g string) bool { return strings.Contains(g, host) })
	}) {
		r.t.Fatal("the host does not see that its connection is lost")
	}
}
