package sshhost

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// A proxy is a program on this machine that carries a connection on its standard input and output.
type proxy struct {
	in, out *os.File // our ends of its pipes
	addr    string
	program *exec.Cmd
	said    earlyOutput
	ended   chan struct{} // closed when the program has ended
	pipes   []string      // its ends of the pipes as /proc names them; empty without /proc
	gone    chan struct{} // closed when all has been done to end it
	left    chan struct{} // closed if nothing waits for that
	close   sync.Once
	leave   sync.Once
}

// proxyGrace is how long a program is given after TERM, and after KILL.
const proxyGrace = time.Second

// startProxy starts command, which is text for this machine's sh, as a connection to addr.
func startProxy(command, addr string) (*proxy, error) {
	theirIn, in, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirIn.Close()
	out, theirOut, err := os.Pipe()
	if err != nil {
		in.Close()
		return nil, err
	}
	defer theirOut.Close()
	p := &proxy{in: in, out: out, addr: addr, program: exec.Command("sh", "-c", command), ended: make(chan struct{}),
		gone: make(chan struct{}), left: make(chan struct{})}
	for _, end := range []*os.File{theirIn, theirOut} {
		if name, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", end.Fd())); err == nil {
			p.pipes = append(p.pipes, name)
		}
	}
	p.program.Stdin, p.program.Stdout, p.program.Stderr = theirIn, theirOut, &p.said
	p.program.WaitDelay = proxyGrace // somebody else may hold its standard error
	ownGroup(p.program)
	if err := p.program.Start(); err != nil {
		in.Close()
		out.Close()
		return nil, fmt.Errorf("ProxyCommand: %w", err)
	}
	go func() { // Close waits for it
		defer close(p.ended)
		p.program.Wait()
	}()
	return p, nil
}

func (p *proxy) Read(b []byte) (int, error)  { return p.out.Read(b) }
func (p *proxy) Write(b []byte) (int, error) { return p.in.Write(b) }

// Close ends the program, with what it has started, and waits for that unless the proxy is abandoned. A process that has
// put itself into a session of its own is ended if it has one of the pipes open, as one that carries the connection has.
// Another one, such as a master that ssh has left for ControlPersist, lives on.
func (p *proxy) Close() error {
	p.hangUp()
	select {
	case <-p.gone:
	case <-p.left:
	}
	return nil
}

// abandon closes a connection without waiting for anything. The program of a proxy is ended in the background.
func abandon(network net.Conn) {
	if p, ok := network.(*proxy); ok {
		p.leave.Do(func() { close(p.left) })
		p.hangUp()
		return
	}
	network.Close()
}

// hangUp closes the pipes and begins to end the program. A program that is deaf to TERM is killed in the background.
func (p *proxy) hangUp() {
	p.close.Do(func() {
		p.in.Close()
		p.out.Close()
		p.end(endGroup)
		go func() { // Close waits for it
			defer close(p.gone)
			if !p.endsInTime() {
				p.end(killGroup)
				p.endsInTime()
			}
			p.endHolders()
		}()
	})
}

// end signals the program, unless it has ended: its number may be another's by now.
func (p *proxy) end(signal func(*exec.Cmd)) {
	select {
	case <-p.ended:
	default:
		signal(p.program)
	}
}

// endsInTime waits for the program's end and reports whether it has come.
func (p *proxy) endsInTime() bool {
	late := time.NewTimer(proxyGrace)
	defer late.Stop()
	select {
	case <-p.ended:
		return true
	case <-late.C:
		return false
	}
}

// endHolders ends the processes that have left the program's group and have its pipes open.
func (p *proxy) endHolders() {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGKILL} {
		signalled := map[int]bool{}
		for began := time.Now(); time.Since(began) < proxyGrace; <-tick.C {
			if !p.signalHolders(signal, signalled) {
				return
			}
		}
	}
}

// signalHolders sends a signal to the holders that have not had it yet. It returns false if there are none. Another program
// of ours has our files until it is executed, so none is started meanwhile.
func (p *proxy) signalHolders(signal syscall.Signal, signalled map[int]bool) bool {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	pids := p.holders()
	for _, pid := range pids {
		if other, err := os.FindProcess(pid); err == nil && !signalled[pid] {
			other.Signal(signal)
			signalled[pid] = true
		}
	}
	return len(pids) > 0
}

// holders returns the other processes that have one of the program's ends of the pipes open, as far as /proc shows them.
func (p *proxy) holders() (pids []int) {
	if len(p.pipes) == 0 {
		return nil
	}
	dirs, _ := filepath.Glob("/proc/[0-9]*/fd") // its only error is that of the pattern
	for _, dir := range dirs {
		files, _ := os.ReadDir(dir) // those of other users cannot be read, and these not be ended
		if slices.ContainsFunc(files, func(file os.DirEntry) bool {
			name, err := os.Readlink(filepath.Join(dir, file.Name()))
			return err == nil && slices.Contains(p.pipes, name)
		}) {
			if pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(dir))); pid != os.Getpid() {
				pids = append(pids, pid)
			}
		}
	}
	return pids
}

// failure is the error of a connection that broke before the login was over, with what the program said about that. The
// proxy is closed.
func (p *proxy) failure(err error) error {
	what := err.Error()
	select {
	case <-p.ended:
		if state := p.program.ProcessState; state != nil && state.ExitCode() > 0 {
			what = state.String()
		}
	default:
	}
	return fmt.Errorf("ProxyCommand: %s%v", what, &p.said)
}

// RemoteAddr is the host's address as far as it is known, for those who check host keys.
func (p *proxy) RemoteAddr() net.Addr { return proxyAddr(p.addr) }
func (p *proxy) LocalAddr() net.Addr  { return proxyAddr("") }

func (p *proxy) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (p *proxy) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (p *proxy) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

type proxyAddr string

func (proxyAddr) Network() string  { return "tcp" }
func (a proxyAddr) String() string { return string(a) }

var (
	_ net.Conn  = (*proxy)(nil)
	_ io.Writer = (*earlyOutput)(nil)
)
