package testbed

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// A Program is what the kernel said of an iperf while it ran.
type Program struct {
	Seen     time.Time       // first
	Last     time.Time       // when it was last seen
	CPUs     map[string]bool // lists of processors that it was allowed to run on
	Policies map[int]bool    // of its threads' scheduling, as in sched(7)
	Threads  int             // the most at a time
	Read     int64           // bytes that it had the kernel copy or move out of files, the last count
	Calls    map[string]bool // system calls in which its threads waited: number and arguments, as in proc(5)
}

// Watching samples what runs on a machine until it is stopped.
type Watching struct {
	stop func()
	is   Program // until stop returns, of the sampler alone
}

// WatchIperf starts to sample the iperf on the machine that has the given argument, "-c" or "-s". Stop ends that.
func (m *Machine) WatchIperf(arg string) *Watching {
	w, quit := &Watching{is: Program{CPUs: map[string]bool{}, Policies: map[int]bool{}, Calls: map[string]bool{}}}, make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		// All processes of the machine are looked through until it is found, so less often than it is sampled.
		tick := time.NewTicker(5 * sampling)
		defer tick.Stop()
		for pid := 0; ; {
			if pid == 0 {
				if pid = m.runs(arg); pid > 0 {
					tick.Reset(2 * sampling)
				}
			}
			if pid > 0 && !w.sample(pid) {
				return
			}
			select {
			case <-tick.C:
			case <-quit:
				return
			}
		}
	})
	w.stop = sync.OnceFunc(func() {
		close(quit)
		sampler.Wait()
	})
	return w
}

// Stop ends the sampling and returns what was seen.
func (w *Watching) Stop() Program {
	w.stop()
	return w.is
}

// runs returns the process of the iperf with an argument, zero if there is none. One that is run by the dynamic loader has
// the loader's name.
func (m *Machine) runs(arg string) int {
	for _, p := range m.Processes() {
		if (strings.HasPrefix(p.Name, "iperf") || strings.HasPrefix(p.Name, "ld-linux")) && slices.Contains(p.Args, arg) {
			return p.PID
		}
	}
	return 0
}

// Runs reports whether an iperf that has the given argument, "-c" or "-s", runs on the machine.
func (m *Machine) Runs(arg string) bool { return m.runs(arg) > 0 }

// sample adds what is seen of a process now. It reports whether the process is there.
func (w *Watching) sample(pid int) bool {
	dir := fmt.Sprintf("/proc/%d/", pid)
	status, err := os.ReadFile(dir + "status")
	if err != nil || strings.Contains(string(status), "\nState:\tZ") {
		return false
	}
	now := time.Now()
	if w.is.Seen.IsZero() {
		w.is.Seen = now
	}
	w.is.Last = now
	for line := range strings.Lines(string(status)) {
		switch name, value, _ := strings.Cut(line, ":"); name {
		case "Cpus_allowed_list":
			w.is.CPUs[strings.TrimSpace(value)] = true
		case "Threads":
			n, _ := strconv.Atoi(strings.TrimSpace(value))
			w.is.Threads = max(w.is.Threads, n)
		}
	}
	io, _ := os.ReadFile(dir + "io") // nothing if it has ended meanwhile, as below
	for line := range strings.Lines(string(io)) {
		if n, ok := strings.CutPrefix(line, "rchar: "); ok {
			w.is.Read, _ = strconv.ParseInt(strings.TrimSpace(n), 10, 64)
		}
	}
	threads, _ := filepath.Glob(dir + "task/*")
	for _, thread := range threads {
		if stat, err := os.ReadFile(thread + "/stat"); err == nil {
			const policy = 38 // of the fields behind the name
			fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
			n, _ := strconv.Atoi(fields[policy])
			w.is.Policies[n] = true
		}
		if call, err := os.ReadFile(thread + "/syscall"); err == nil && !strings.HasPrefix(string(call), "running") {
			f := strings.Fields(string(call))
			w.is.Calls[strings.Join(f[:min(len(f), 5)], " ")] = true
		}
	}
	return true
}

// Sockets returns what the kernel tells of the sockets in the namespace, one a line, as ss prints it.
func (n Netns) Sockets(tb testing.TB) string {
	tb.Helper()
	return Command(tb, "ss", "-N", n.Name, "-HOatunoiem")
}
