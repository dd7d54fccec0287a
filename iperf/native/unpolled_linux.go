package native

import (
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An unpolled socket is one that Go's poller does not know. The poller is woken for each datagram that comes or goes,
// whether somebody waits for that or not, and at several gigabits a second that takes half of the sender's time. Whoever
// uses this one waits in the system call, and has a thread for itself.
type unpolled struct{ fd int }

// unpolledWait is the longest that a call waits: nothing else can tell it that the test is over.
const unpolledWait = 10 * time.Millisecond

// unpoll closes conn and gives its socket, for the caller to close.
func unpoll(conn net.Conn) (u unpolled, err error) {
	raw, err := conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return u, err
	}
	if broken := raw.Control(func(fd uintptr) { u.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0) }); broken != nil {
		return u, broken
	}
	if err != nil {
		return u, err
	}
	conn.Close()
	wait := unix.NsecToTimeval(unpolledWait.Nanoseconds())
	for _, err := range []error{
		unix.SetNonblock(u.fd, false),
		unix.SetsockoptTimeval(u.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
		unix.SetsockoptTimeval(u.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait),
	} {
		if err != nil {
			u.Close()
			return u, err
		}
	}
	return u, nil
}

func (u unpolled) Control(f func(fd uintptr)) error { f(uintptr(u.fd)); return nil }

// Read and Write call f once: where the poller would wait, the system has waited.
func (u unpolled) Read(f func(fd uintptr) bool) error  { f(uintptr(u.fd)); return nil }
func (u unpolled) Write(f func(fd uintptr) bool) error { f(uintptr(u.fd)); return nil }

func (u unpolled) Close() error { return unix.Close(u.fd) }
