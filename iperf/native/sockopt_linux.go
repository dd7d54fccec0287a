package native

import (
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	hasCongestion  = true
	hasUserTimeout = true
	hasDevice      = true
	reuseNeedsPort = false
	canHold        = true
)

func setCongestion(fd uintptr, name string) error {
	return unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, name)
}

func congestion(conn net.Conn) (name string) {
	withSocket(conn, func(fd uintptr) (err error) {
		name, err = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
		return err
	})
	return name
}

func setUserTimeout(fd uintptr, d time.Duration) error {
	return unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(d.Milliseconds()))
}

func setDevice(fd uintptr, name string) error { return unix.BindToDevice(int(fd), name) }

func readTCPInfo(conn net.Conn) (i tcpInfo, ok bool) {
	err := withSocket(conn, func(fd uintptr) error {
		t, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
		if err != nil {
			return err
		}
		i = tcpInfo{
			retransmits: int64(t.Total_retrans), cwnd: int64(t.Snd_cwnd) * int64(t.Snd_mss), wnd: int64(t.Snd_wnd),
			rtt: int64(t.Rtt), rttvar: int64(t.Rttvar), pmtu: int64(t.Pmtu),
		}
		return nil
	})
	return i, err == nil
}

// memoryFile is a file that is in no directory.
func memoryFile() (*os.File, error) {
	fd, err := unix.MemfdCreate("iperf3", unix.MFD_CLOEXEC)
	if err != nil {
		return temporaryFile()
	}
	return os.NewFile(uintptr(fd), "memory"), nil
}

// nap sleeps for a short time more exactly than a Go timer, which the poller rounds up to a millisecond.
func nap(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.Nanosleep(&ts, nil)
}

// napHeld is nap without telling Go's scheduler: the goroutine keeps its processor, of Go's kind, for that time. The
// scheduler's own work for a thread that sleeps and wakes, looking for more to do, takes several times what the sleep
// and a write take. A signal ends the sleep, so that nothing, not even the collector, has to wait for it.
func napHeld(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&ts)), 0, 0)
}
