package native

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"syscall"
)

// dialer makes connections with the options that must be set before they are made. The first has client port s.cport
// if that is set, and the following ones those above it.
func (s *settings) dialer(network string, n int) (*net.Dialer, error) {
	d := &net.Dialer{KeepAlive: -1}
	udp := network[:3] == "udp"
	if s.bind != "" || s.cport != 0 {
		local := net.JoinHostPort(s.bind, strconv.Itoa(s.port0(n)))
		var err error
		if udp {
			d.LocalAddr, err = net.ResolveUDPAddr(network, local)
		} else {
			d.LocalAddr, err = net.ResolveTCPAddr(network, local)
		}
		if err != nil {
			return nil, err
		}
	}
	d.Control = func(network, _ string, c syscall.RawConn) error {
		return controlSocket(c, func(fd uintptr) error {
			if s.cport != 0 {
				if err := reuseAddress(fd, udp); err != nil {
					return err
				}
			}
			if err := s.bindDevice(fd); err != nil {
				return err
			}
			return s.setOptions(fd, network)
		})
	}
	return d, nil
}

// bindDevice binds a socket to the network interface that is asked for.
func (s *settings) bindDevice(fd uintptr) error {
	if s.device == "" {
		return nil
	}
	if err := setDevice(fd, s.device); err != nil {
		return fmt.Errorf("unable to bind to device %s: %w", s.device, err)
	}
	return nil
}

func (s *settings) port0(n int) int {
	if s.cport == 0 {
		return 0
	}
	return s.cport + n
}

// setOptions sets what the test asks for on a socket of one of its streams.
func (s *settings) setOptions(fd uintptr, network string) error {
	udp, v6 := network[:3] == "udp", network[len(network)-1] == '6'
	fail := func(what string, err error) error {
		if err != nil {
			return fmt.Errorf("unable to set %s: %w", what, err)
		}
		return nil
	}
	if s.window > 0 {
		if err := fail("socket buffer size", setBuffers(fd, s.window, s.window)); err != nil {
			return err
		}
		if err := checkBuffers(fd, s.window); err != nil {
			return err
		}
	} else if udp {
		// Large buffers of many datagrams arrive at once; the system's default holds a few of them. No more than the
		// system allows can be had, and without them it works too.
		setBuffers(fd, udpBuffer, 0)
	}
	if s.tos > 0 {
		if err := fail("IP TOS", setTOS(fd, v6, s.tos)); err != nil {
			return err
		}
	}
	if udp {
		return nil
	}
	if s.mss > 0 {
		if err := fail("TCP MSS", setMSS(fd, s.mss)); err != nil {
			return err
		}
	}
	if s.congestion != "" {
		if setCongestion(fd, s.congestion) != nil {
			return errNoCongestion
		}
	}
	if s.sndTimeout > 0 {
		return fail("send timeout", setUserTimeout(fd, s.sndTimeout))
	}
	return nil
}

// What cannot be had is an error in the C program's words.
var (
	errNoCongestion  = errors.New("unable to set TCP_CONGESTION: Supplied congestion control algorithm not supported on this host")
	errBuffersNotSet = errors.New("socket buffer size not set correctly")
)

// checkBuffers reports whether the system has given what was asked for. One that does not tell is trusted.
func checkBuffers(fd uintptr, want int) error {
	send, receive := bufferSizes(fd)
	if send > 0 && send < want || receive > 0 && receive < want {
		return errBuffersNotSet
	}
	return nil
}

// buffers reads the sizes that a connection has; 0 where they cannot be read.
func buffers(conn net.Conn) (send, receive int) {
	withSocket(conn, func(fd uintptr) error {
		send, receive = bufferSizes(fd)
		return nil
	})
	return send, receive
}

// udpBuffer is the receive buffer that is asked for where -w does not say.
const udpBuffer = 4 << 20

// setStreamOptions sets what must be, or can only be, set on a connection that is made.
func (s *settings) setStreamOptions(conn net.Conn) error {
	c, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	return c.SetNoDelay(s.noDelay)
}

func controlSocket(c syscall.RawConn, f func(fd uintptr) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(fd) }); err != nil {
		return err
	}
	return inner
}

// withSocket calls f with the connection's socket.
func withSocket(conn net.Conn, f func(fd uintptr) error) error {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return fmt.Errorf("%T is no socket", conn)
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	return controlSocket(raw, f)
}

// listenUDP opens a datagram socket on the server's port, beside others of it on the same port.
func (s *settings) listenUDP(port int) (*net.UDPConn, error) {
	l := net.ListenConfig{Control: func(network, _ string, c syscall.RawConn) error {
		return controlSocket(c, func(fd uintptr) error {
			if err := reuseAddress(fd, true); err != nil {
				return err
			}
			return s.bindDevice(fd)
		})
	}}
	p, err := l.ListenPacket(context.Background(), s.udpNetwork(), net.JoinHostPort(s.bind, strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	return p.(*net.UDPConn), nil
}
