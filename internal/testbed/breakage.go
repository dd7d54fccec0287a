package testbed

import (
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"syscall"
)

// The methods of this file break something and mend it. They may be called from any goroutine.

func (m *Machine) run(name string, arg ...string) error {
	cmd := exec.Command("ip", append([]string{"netns", "exec", m.Name, name}, arg...)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	return nil
}

// DropControl has the machine's firewall drop every packet of the control link, both ways.
func (m *Machine) DropControl() error {
	return errors.Join(m.run("iptables", "-w", "-I", "INPUT", "-i", m.Control, "-j", "DROP"),
		m.run("iptables", "-w", "-I", "OUTPUT", "-o", m.Control, "-j", "DROP"))
}

// PassControl undoes DropControl, however often that was called.
func (m *Machine) PassControl() error { return m.run("iptables", "-w", "-F") }

// SetControl takes the machine's end of the control link up or down. What both ends have learnt about the way to each
// other meanwhile is forgotten.
func (m *Machine) SetControl(state string) error {
	host, _, _ := net.SplitHostPort(m.SSH.Addr)
	return errors.Join(m.run("ip", "link", "set", m.Control, state), m.run("ip", "neigh", "flush", "dev", m.Control),
		exec.Command("ip", "neigh", "flush", "to", host).Run())
}

// SetTest takes a machine's end of the test link up or down. What the two have learnt about the way to each other
// meanwhile is forgotten.
func (w *World) SetTest(m *Machine, state string) error {
	return errors.Join(m.run("ip", "link", "set", m.Dev, state),
		w.Client.run("ip", "neigh", "flush", "dev", w.Client.Dev), w.Server.run("ip", "neigh", "flush", "dev", w.Server.Dev))
}

// sshProcesses returns the processes of the SSH server that serve a connection each, and the shells that they have
// started.
func (m *Machine) sshProcesses() (connections, shells []int) {
	if m.SSH.PID == 0 {
		return nil, nil
	}
	all := m.Processes()
	server := []int{m.SSH.PID}
	name := ""
	for _, p := range all {
		if p.PID == m.SSH.PID {
			name = p.Name
		}
	}
	// The server of a connection may itself have children of its own kind.
	for grown := true; grown; {
		grown = false
		for _, p := range all {
			own := p.Name == name || p.Name == name+"-session"
			if own && slices.Contains(server, p.Parent) && !slices.Contains(server, p.PID) {
				server, grown = append(server, p.PID), true
			}
		}
	}
	for _, p := range all {
		if slices.Contains(server, p.Parent) && !slices.Contains(server, p.PID) {
			shells = append(shells, p.PID)
		}
	}
	return server[1:], shells
}

// EndShells sends a signal to the shell of every SSH session, and to nothing that the shells have started.
func (m *Machine) EndShells(s syscall.Signal) error {
	_, shells := m.sshProcesses()
	if len(shells) == 0 {
		return errors.New("there is no SSH session")
	}
	for _, pid := range shells {
		Signal(pid, s) // it may have ended by itself
	}
	return nil
}

// EndConnections kills the server's process of every SSH connection, and nothing that the sessions have started.
func (m *Machine) EndConnections() error {
	connections, _ := m.sshProcesses()
	if len(connections) == 0 {
		return errors.New("there is no SSH connection")
	}
	kill(connections...)
	return nil
}

// EndSSH kills the SSH server with the processes of its connections, and nothing that the sessions have started. Start
// of its SSH starts it again.
func (m *Machine) EndSSH() error {
	connections, _ := m.sshProcesses()
	kill(append(connections, m.SSH.PID)...)
	<-m.SSH.exited
	m.SSH.PID = 0
	return nil
}
