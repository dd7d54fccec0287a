package testbed

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// A Quota is a cgroup that limits the processor time of its processes.
type Quota struct {
	Prefix string // put before a command, and before a Netns.Prefix, which hides the cgroups

	dir string
}

// cpuCgroups is where the version 1 controller is mounted.
const cpuCgroups = "/sys/fs/cgroup/cpu"

// NewQuota makes a cgroup with a quota in percent of one core, in periods of 100 ms. It is removed
// when the test ends. Processes that still run in it are killed. The test is skipped if the machine
// has only cgroups of version 2.
func NewQuota(tb testing.TB, percent int) *Quota {
	tb.Helper()
	NeedRoot(tb)
	if _, err := os.Stat(cpuCgroups + "/cpu.cfs_quota_us"); err != nil {
		tb.Skipf("cgroup version 1 is needed: %v", err)
	}
	q := &Quota{dir: filepath.Join(cpuCgroups, "tuna-"+hostID())}
	if err := os.Mkdir(q.dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for late := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
			for pid := range strings.FieldsSeq(readFile(tb, q.dir+"/cgroup.procs")) {
				n, _ := strconv.Atoi(pid)
				kill(n)
			}
			err := os.Remove(q.dir) // fails while a process is in it
			if err == nil {
				return
			}
			if time.Now().After(late) {
				tb.Errorf("quota: %v", err)
				return
			}
		}
	})
	const period = 100_000 // microseconds
	script := filepath.Join(tb.TempDir(), "quota")
	if err := errors.Join(
		os.WriteFile(q.dir+"/cpu.cfs_period_us", []byte(strconv.Itoa(period)), 0),
		os.WriteFile(q.dir+"/cpu.cfs_quota_us", []byte(strconv.Itoa(period*percent/100)), 0),
		os.WriteFile(script, fmt.Appendf(nil, "#!/bin/sh\necho $$ >%s/cgroup.procs && exec \"$@\"\n", q.dir), 0o755),
	); err != nil {
		tb.Fatal(err)
	}
	q.Prefix = script
	return q
}

// Throttled returns the number of periods in which a process could run, and of those that used up
// the quota.
func (q *Quota) Throttled(tb testing.TB) (periods, throttled int) {
	tb.Helper()
	for line := range strings.Lines(readFile(tb, q.dir+"/cpu.stat")) {
		fmt.Sscanf(line, "nr_periods %d", &periods)
		fmt.Sscanf(line, "nr_throttled %d", &throttled)
	}
	return periods, throttled
}

// Pin returns the prefix of a command that may run only on one core. Cores are counted from zero.
func Pin(core int) string { return fmt.Sprintf("taskset -c %d", core) }

// Busy starts a process that keeps a core busy until the test ends, and returns its id.
func Busy(tb testing.TB, core int) (pid int) {
	tb.Helper()
	Need(tb, "taskset", "sh")
	// The loop also ends with its parent, because a test that crashes does not clean up.
	const loop = `while kill -0 $PPID 2>/dev/null; do i=0; while [ $i -lt 10000 ]; do i=$((i + 1)); done; done`
	cmd := exec.Command("taskset", "-c", strconv.Itoa(core), "sh", "-c", loop)
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		kill(cmd.Process.Pid)
		cmd.Wait()
	})
	return cmd.Process.Pid
}
