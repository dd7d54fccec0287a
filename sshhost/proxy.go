package sshhost

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A proxy is a program on this machine that carries a connection on its standard input and output.
type proxy struct {
	in, out *os.File // our ends of its pipes
	addr    string
	program *exec.Cmd
	said    earlyOutput
	ended   chan struct{} // closed when the program has ended
	close   sync.Once
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
	p := &proxy{in: in, out: out, addr: addr, program: exec.Command("sh", "-c", command), ended: make(chan struct{})}
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

// Close ends the program, with what it has started, and waits for that.
func (p *proxy) Close() error {
	p.close.Do(func() {
		p.in.Close()
		p.out.Close()
		for _, end := range []func(*exec.Cmd){endGroup, killGroup} {
			select {
			case <-p.ended: // its number may be somebody else's by now
				return
			default:
			}
			end(p.program)
			late := time.NewTimer(proxyGrace)
			select {
			case <-p.ended:
			case <-late.C:
			}
			late.Stop()
		}
	})
	return nil
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
