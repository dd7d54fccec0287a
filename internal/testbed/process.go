package testbed

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// Descendants returns the processes that pid has started, and those that they have, parents first.
func Descendants(pid int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		// The second field, the name, may itself hold spaces and parentheses.
		fields := strings.Fields(string(b[strings.LastIndexByte(string(b), ')')+1:]))
		parent, _ := strconv.Atoi(fields[1])
		children[parent] = append(children[parent], child)
	}
	var all []int
	for next := children[pid]; len(next) > 0; {
		all = append(all, next...)
		var deeper []int
		for _, p := range next {
			deeper = append(deeper, children[p]...)
		}
		next = deeper
	}
	return all
}

// withEnv returns the processes that have setting in their environment.
func withEnv(setting string) (pids []int) {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		b, _ := os.ReadFile(file) // nothing if it has ended meanwhile, or is somebody else's
		if slices.Contains(strings.Split(string(b), "\x00"), setting) {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			pids = append(pids, pid)
		}
	}
	return pids
}

func kill(pids ...int) {
	for _, p := range pids {
		Signal(p, syscall.SIGKILL) // it may have ended by itself
	}
}

// listens reports whether something listens on the TCP port in the network namespace of pid.
func listens(pid int, port string) bool {
	n, _ := strconv.ParseUint(port, 10, 16)
	return hasSocket(pid, int(n), "tcp", "0A")
}

// Waits reports whether something listens on the TCP port in the network namespace of pid, or has a UDP socket that is
// connected to nobody there.
func Waits(pid, port int) bool {
	return hasSocket(pid, port, "tcp", "0A") || hasSocket(pid, port, "udp", "07")
}

// hasSocket reports whether something has a socket on the port, in a state as /proc writes it.
func hasSocket(pid, port int, protocol, state string) bool {
	suffix := fmt.Sprintf(":%04X", port)
	for _, table := range []string{protocol, protocol + "6"} {
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table)) // without IPv6 there is no tcp6
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) > 3 && strings.HasSuffix(f[1], suffix) && f[3] == state {
				return true
			}
		}
	}
	return false
}

// freePort returns a TCP port of 127.0.0.1 without a listener. It returns each port once: otherwise two servers that start at
// the same time may get the same port, and the one that fails is taken for the other.
func freePort(tb testing.TB) string {
	tb.Helper()
	for {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		l.Close()
		if _, again := returnedPorts.LoadOrStore(port, true); !again {
			return port
		}
	}
}

var returnedPorts sync.Map

func readFile(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}
