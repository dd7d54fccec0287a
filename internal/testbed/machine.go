package testbed

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// A Process is one that runs on a Machine.
type Process struct {
	PID, Parent int
	Name        string   // of the program
	Args        []string // the command line
	Born        string   // when it started, in the kernel's ticks; with the PID it tells processes apart for ever
	Marked      bool     // it was started by a supervisor of package sshhost
}

func (p Process) String() string { return fmt.Sprintf("%d %s", p.PID, strings.Join(p.Args, " ")) }

// IsIperf reports whether it runs iperf 2 or iperf 3, or a script of that name.
func (p Process) IsIperf() bool {
	return slices.ContainsFunc(p.Args[:min(2, len(p.Args))], func(a string) bool {
		return strings.HasPrefix(filepath.Base(a), "iperf")
	})
}

// Processes lists what runs on the machine, zombies left out.
func (m *Machine) Processes() []Process {
	var all []Process
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		pid, _ := strconv.Atoi(filepath.Base(dir))
		if !m.hosts(pid) {
			continue
		}
		if p, ok := processOf(pid); ok {
			all = append(all, p)
		}
	}
	return all
}

// processOf describes a process. It reports false if the process is a zombie, or gone.
func processOf(pid int) (Process, bool) {
	dir := fmt.Sprintf("/proc/%d", pid)
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return Process{}, false
	}
	open, end := bytes.IndexByte(stat, '('), bytes.LastIndexByte(stat, ')')
	fields := strings.Fields(string(stat[end+1:])) // from the third on
	const state, parent, start = 0, 1, 19
	if fields[state] == "Z" || fields[state] == "X" {
		return Process{}, false
	}
	p := Process{PID: pid, Name: string(stat[open+1 : end]), Born: fields[start]}
	p.Parent, _ = strconv.Atoi(fields[parent])
	args, _ := os.ReadFile(dir + "/cmdline")
	p.Args = strings.Split(strings.TrimRight(string(args), "\x00"), "\x00")
	environ, _ := os.ReadFile(dir + "/environ")
	p.Marked = bytes.HasPrefix(environ, []byte("TUNA_RUN=")) || bytes.Contains(environ, []byte("\x00TUNA_RUN="))
	return p, true
}

// hosts reports whether the process runs on the machine. What has ended meanwhile and zombies have no namespace.
func (m *Machine) hosts(pid int) bool {
	ns, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/net", pid))
	return err == nil && ns == fmt.Sprintf("net:[%d]", m.inode)
}

// Iperf returns the iperf that a supervisor has started with the given argument, "-c" or "-s".
func (m *Machine) Iperf(arg string) (Process, bool) {
	for _, p := range m.Processes() {
		if p.Marked && strings.HasPrefix(p.Name, "iperf") && slices.Contains(p.Args, arg) {
			return p, true
		}
	}
	return Process{}, false
}

// Signal sends a signal to the iperf that Iperf finds.
func (m *Machine) Signal(arg string, s syscall.Signal) error {
	p, ok := m.Iperf(arg)
	if !ok {
		return fmt.Errorf("no iperf %s runs on %s", arg, m.Name)
	}
	return Signal(p.PID, s)
}
