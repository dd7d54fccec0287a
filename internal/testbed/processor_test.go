package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestQuota(t *testing.T) {
	n := NewHost(t)
	const percent = 20
	q := NewQuota(t, percent)
	command := append(strings.Fields(q.Prefix+" "+n.Prefix), "sh", "-c", "while :; do :; done")
	cmd := exec.Command(command[0], command[1:]...)
	begin := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var periods, throttled int
	for late := begin.Add(20 * time.Second); throttled < 4; time.Sleep(10 * time.Millisecond) {
		if periods, throttled = q.Throttled(t); time.Now().After(late) {
			t.Errorf("throttled in %d of %d periods, want nearly all", throttled, periods)
			break
		}
	}
	kill(cmd.Process.Pid)
	cmd.Wait()
	took, used := time.Since(begin), cmd.ProcessState.UserTime()+cmd.ProcessState.SystemTime()
	// Two periods more, because it begins and ends within one.
	if most := (took + 200*time.Millisecond) * percent / 100; used > most {
		t.Errorf("the processor was used for %v of %v, want at most %v", used, took, most)
	}
}

// TestQuotaEndsWithItsTest leaves a process in the cgroup of a test.
func TestQuotaEndsWithItsTest(t *testing.T) {
	var dir string
	var cmd *exec.Cmd
	t.Run("test", func(t *testing.T) {
		q := NewQuota(t, 10)
		dir = q.dir
		cmd = exec.Command(q.Prefix, "sh", "-c", "echo; while :; do :; done")
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		out.Read(make([]byte, 1))
	})
	if err := cmd.Wait(); err == nil {
		t.Error("the process ended by itself")
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the cgroup is still there: %v", err)
	}
}

// TestBusy pins a process and a busy loop to the last core.
func TestBusy(t *testing.T) {
	core := runtime.NumCPU() - 1
	pid := Busy(t, core)
	prefix := strings.Fields(Pin(core))
	want := fmt.Sprintf("Cpus_allowed_list:\t%d\n", core)
	if got := Command(t, prefix[0], append(prefix[1:], "cat", "/proc/self/status")...); !strings.Contains(got, want) {
		t.Errorf("a pinned process: got %s, want %s", got, want)
	}
	// It always runs or waits for its core.
	ran := func() (sum time.Duration) {
		var run, wait time.Duration
		if _, err := fmt.Sscan(readFile(t, fmt.Sprintf("/proc/%d/schedstat", pid)), &run, &wait); err != nil {
			t.Fatal(err)
		}
		return run + wait
	}
	before, begin := ran(), time.Now()
	time.Sleep(200 * time.Millisecond)
	if got, took := ran()-before, time.Since(begin); got < took*8/10 {
		t.Errorf("the loop wanted its core for %v of %v", got, took)
	}
	if got := readFile(t, fmt.Sprintf("/proc/%d/status", pid)); !strings.Contains(got, want) {
		t.Errorf("the loop: got %s, want %s", got, want)
	}
}
