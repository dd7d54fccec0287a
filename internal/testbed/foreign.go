package testbed

import (
	"bytes"
	"os/exec"
	"testing"
	"time"
)

// StartForeign starts a program on the machine that is none of ours, such as somebody else's iperf server, and returns
// when it listens on the TCP or UDP port; port 0: at once. It ends with the test.
func (m *Machine) StartForeign(tb testing.TB, port int, name string, arg ...string) *exec.Cmd {
	tb.Helper()
	cmd := exec.Command("ip", append([]string{"netns", "exec", m.Name, name}, arg...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		cmd.Wait()
	}()
	tb.Cleanup(func() {
		kill(cmd.Process.Pid)
		<-exited
	})
	if port == 0 {
		return cmd
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	giveUp := time.After(20 * time.Second)
	pid := cmd.Process.Pid
	// Until it has entered the machine's namespace, it would show the sockets of ours.
	for !m.hosts(pid) || !Waits(pid, port) {
		select {
		case <-exited:
			tb.Fatalf("%s: %v: %s", cmd, cmd.ProcessState, out.String())
		case <-giveUp:
			tb.Fatalf("%s does not listen on port %d", cmd, port)
		case <-tick.C:
		}
	}
	return cmd
}
