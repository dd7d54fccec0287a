package sshhost_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var naps atomic.Int64

// napper returns a command that sleeps for very long, with an argument that no other process has, so that the test can
// look for it.
func napper() string { return fmt.Sprintf("sleep 987654.%d%03d", os.Getpid(), naps.Add(1)) }

// processes returns the live processes whose command line, with spaces between, holds text.
func processes(t testing.TB, text string) (pids []int) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		b, _ := os.ReadFile(file) // nothing if it has ended meanwhile
		if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file))); pid != os.Getpid() &&
			bytes.Contains(bytes.ReplaceAll(b, []byte{0}, []byte{' '}), []byte(text)) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// eventually waits until ok holds, and fails the test if it does not within the given time.
func eventually(t testing.TB, within time.Duration, what string, ok func() bool) {
	t.Helper()
	if !asks(20*time.Millisecond, within, ok) {
		t.Fatalf("after %v still not so: %s", within, what)
	}
}

// asks reports whether ok holds within the given time. It asks that often, but not more than a fifth of the time: to look at
// all processes takes long where there are many, and is what a busy machine had to do most when many tests wait.
func asks(every, within time.Duration, ok func() bool) bool {
	for began := time.Now(); ; {
		asked := time.Now()
		if ok() {
			return true
		}
		if time.Since(began) > within {
			return false
		}
		time.Sleep(max(every, 4*time.Since(asked)))
	}
}

// waitRuns waits until a process with text in its command line is there, waitGone until none is.
func waitRuns(t testing.TB, text string) {
	t.Helper()
	eventually(t, 20*time.Second, text+" runs", func() bool { return len(processes(t, text)) > 0 })
}

func waitGone(t testing.TB, text string, within time.Duration) {
	t.Helper()
	eventually(t, within, text+" is gone", func() bool { return len(processes(t, text)) == 0 })
}

// parentOf returns the process that started pid, as text; nothing if pid has ended.
func parentOf(pid int) string {
	_, parent, _ := statOf(strconv.Itoa(pid))
	return parent
}

// statOf returns a process's state, parent and process group from /proc. All are empty if the process has ended.
func statOf(pid string) (state, parent, group string) {
	b, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", "", ""
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:])) // the program's name before it may contain spaces
	if len(f) < 3 {
		return "", "", ""
	}
	return f[0], f[1], f[2]
}

// A group runs subtests side by side. Unlike those that call Parallel they do not wait for a processor each: they mostly
// sleep.
type group struct{ sync.WaitGroup }

func (g *group) Run(t *testing.T, name string, test func(t *testing.T)) {
	g.Go(func() { t.Run(name, test) })
}
