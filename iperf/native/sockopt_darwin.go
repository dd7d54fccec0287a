package native

import (
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	hasCongestion  = false
	hasUserTimeout = false
	hasDevice      = false
	reuseNeedsPort = true
	canHold        = false
)

func setCongestion(uintptr, string) error         { return unix.ENOPROTOOPT }
func setUserTimeout(uintptr, time.Duration) error { return unix.ENOPROTOOPT }
func setDevice(uintptr, string) error             { return unix.ENOPROTOOPT }
func congestion(net.Conn) string                  { return "" }
func memoryFile() (*os.File, error)               { return temporaryFile() }
func nap(d time.Duration)                         { time.Sleep(d) }
func napHeld(d time.Duration)                     { time.Sleep(d) }

func readTCPInfo(conn net.Conn) (i tcpInfo, ok bool) {
	err := withSocket(conn, func(fd uintptr) error {
		t, err := unix.GetsockoptTCPConnectionInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_CONNECTION_INFO)
		if err != nil {
			return err
		}
		// Its times are milliseconds.
		i = tcpInfo{
			retransmits: int64(t.Txretransmitpackets), cwnd: int64(t.Snd_cwnd), wnd: int64(t.Snd_wnd),
			rtt: int64(t.Srtt) * 1000, rttvar: int64(t.Rttvar) * 1000,
		}
		return nil
	})
	return i, err == nil
}
