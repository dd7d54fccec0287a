//go:build linux || darwin || freebsd

package native

import (
	"errors"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

const hasMSS = true

func reuseAddress(fd uintptr, udp bool) error {
	if err := unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil || !udp || !reuseNeedsPort {
		return err
	}
	return unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// setBuffers sets the sizes that are not 0.
func setBuffers(fd uintptr, receive, send int) error {
	var errs [2]error
	if receive > 0 {
		errs[0] = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, receive)
	}
	if send > 0 {
		errs[1] = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF, send)
	}
	return errors.Join(errs[:]...)
}

// bufferSizes reads the sizes that a socket has; 0 where they cannot be read.
func bufferSizes(fd uintptr) (send, receive int) {
	send, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
	receive, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
	return send, receive
}

func setTOS(fd uintptr, v6 bool, tos int) error {
	if !v6 {
		return unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, tos)
	}
	// Such a socket may carry IPv4 too.
	unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_TOS, tos)
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_TCLASS, tos)
}

func setMSS(fd uintptr, mss int) error {
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG, mss)
}

// mss is the connection's segment size; 0 where it cannot be read.
func mss(conn net.Conn) (n int) {
	withSocket(conn, func(fd uintptr) error {
		n, _ = unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_MAXSEG)
		return nil
	})
	return n
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// usage is the processor time that this process has used.
func usage() (user, system float64) {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		return 0, 0
	}
	return float64(r.Utime.Nano()) / 1e9, float64(r.Stime.Nano()) / 1e9
}

// systemInfo is what `uname -a` says, less what only GNU's adds.
func systemInfo() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return ""
	}
	s := ""
	for _, field := range [][]byte{u.Sysname[:], u.Nodename[:], u.Release[:], u.Version[:], u.Machine[:]} {
		if s != "" {
			s += " "
		}
		s += unix.ByteSliceToString(field)
	}
	return s
}

// partWriter gives a function that writes as much as the socket has room for, and waits only while that is nothing.
func partWriter(conn net.Conn) (func([]byte) (int, error), error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return nil, err
	}
	var (
		data   []byte
		n      int
		failed error
	)
	step := func(fd uintptr) bool {
		for {
			n, failed = unix.Write(int(fd), data)
			if failed != unix.EINTR {
				return failed != unix.EAGAIN
			}
		}
	}
	return func(b []byte) (int, error) {
		data, n, failed = b, 0, nil
		if err := raw.Write(step); err != nil {
			return 0, err
		}
		return max(n, 0), failed
	}, nil
}
