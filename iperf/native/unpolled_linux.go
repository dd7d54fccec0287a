package native

import (
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An unpolled socket is one that Go's poller does not know. The poller is woken for each packet that comes or goes,
// whether somebody waits for that or not, and at several gigabits a second that takes half of the sender's time. Whoever
// uses this one waits in the system call, and has a thread for itself.
type unpolled struct{ fd int }

// unpolledWait is the longest that a call waits: nothing else can tell it that the test is over.
const unpolledWait = 10 * time.Millisecond

// An unpolledConn is a connection whose socket is unpolled: only Close, its addresses and SyscallConn work.
type unpolledConn struct {
	net.Conn // closed
	socket   unpolled
	closing  sync.Once // another file may have the socket's number afterwards
}

// unpoll takes conn's socket away from the poller.
func unpoll(conn net.Conn) (net.Conn, error) {
	u := &unpolledConn{Conn: conn}
	err := withSocket(conn, func(fd uintptr) (err error) {
		u.socket.fd, err = unix.FcntlInt(fd, unix.F_DUPFD_CLOEXEC, 0)
		return err
	})
	if err != nil {
		return nil, err
	}
	conn.Close()
	return u, nil
}

// leavePoller takes the sockets of an unpaced test of UDP away from the poller, and those of the streams that loops carry.
func (t *test) leavePoller() error {
	for _, s := range t.streams {
		if (!t.udp || t.rate > 0) && !t.looped(s) {
			continue
		}
		conn, err := unpoll(s.conn)
		if err != nil {
			return err
		}
		s.conn = conn
	}
	return nil
}

func (u *unpolledConn) SyscallConn() (syscall.RawConn, error) { return u.socket, nil }

func (u *unpolledConn) Close() (err error) {
	u.closing.Do(func() {
		err = unix.Close(u.socket.fd)
		u.socket.fd = -1
	})
	return err
}

// block makes calls wait, for unpolledWait at most.
func (u unpolled) block() error {
	wait := unix.NsecToTimeval(unpolledWait.Nanoseconds())
	for _, err := range []error{
		unix.SetNonblock(u.fd, false),
		unix.SetsockoptTimeval(u.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait),
		unix.SetsockoptTimeval(u.fd, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &wait),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (u unpolled) Control(f func(fd uintptr)) error { f(uintptr(u.fd)); return nil }

// Read and Write call f once: where the poller would wait, the system has waited.
func (u unpolled) Read(f func(fd uintptr) bool) error  { f(uintptr(u.fd)); return nil }
func (u unpolled) Write(f func(fd uintptr) bool) error { f(uintptr(u.fd)); return nil }

// A caller makes the system calls of a goroutine that is in them nearly all the time. Go's scheduler has a watchman that
// wakes every few microseconds then, to give its processor to others, which took a tenth of all time and more. So where
// there is a place, a caller keeps its processor, as napHeld does, and the scheduler hears nothing of its calls.
// Its goroutine also stays on its thread, which the system keeps near its data.
type caller struct{ held bool }

// newCaller makes one for the goroutine that calls it, which ends it.
func newCaller() caller {
	c := caller{takePlace()}
	if c.held {
		runtime.LockOSThread()
	}
	return c
}

func (c caller) end() {
	if c.held {
		leavePlace()
		runtime.UnlockOSThread()
	}
}

// call makes a system call.
//
//go:uintptrescapes
func (c caller) call(trap, a1, a2, a3, a4, a5 uintptr) (uintptr, unix.Errno) {
	if c.held {
		n, _, errno := unix.RawSyscall6(trap, a1, a2, a3, a4, a5, 0)
		return n, errno
	}
	n, _, errno := unix.Syscall6(trap, a1, a2, a3, a4, a5, 0)
	return n, errno
}
