package native

import (
	"encoding/binary"
	"net"
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	hasCongestion  = true
	hasUserTimeout = false
	hasDevice      = false
	reuseNeedsPort = true
	canHold        = false
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

func setUserTimeout(uintptr, time.Duration) error { return unix.ENOPROTOOPT }
func setDevice(uintptr, string) error             { return unix.ENOPROTOOPT }
func memoryFile() (*os.File, error)               { return temporaryFile() }
func nap(d time.Duration)                         { time.Sleep(d) }
func napHeld(d time.Duration)                     { time.Sleep(d) }

// The places in struct tcp_info of <netinet/tcp.h>, which has been the same since FreeBSD 8 and ends in spare fields.
const (
	infoRTT         = 68
	infoRTTVar      = 72
	infoCwnd        = 80
	infoWnd         = 100
	infoRetransmits = 120
	infoSize        = 124 // up to and with the retransmits
)

func readTCPInfo(conn net.Conn) (i tcpInfo, ok bool) {
	var b [512]byte
	size := uint32(len(b))
	err := withSocket(conn, func(fd uintptr) error {
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.IPPROTO_TCP, unix.TCP_INFO,
			uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			return errno
		}
		return nil
	})
	if err != nil || size < infoSize {
		return tcpInfo{}, false
	}
	at := func(n int) int64 { return int64(binary.NativeEndian.Uint32(b[n:])) }
	return tcpInfo{retransmits: at(infoRetransmits), cwnd: at(infoCwnd), wnd: at(infoWnd), rtt: at(infoRTT), rttvar: at(infoRTTVar)}, true
}
