package native

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

const (
	hasCongestion  = false
	hasUserTimeout = false
	hasDevice      = false
	hasMSS         = false
)

var errLacks = errors.New("this system does not have it")

func reuseAddress(fd uintptr, _ bool) error {
	return windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_REUSEADDR, 1)
}

// setBuffers sets the sizes that are not 0.
func setBuffers(fd uintptr, receive, send int) error {
	var errs [2]error
	if receive > 0 {
		errs[0] = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_RCVBUF, receive)
	}
	if send > 0 {
		errs[1] = windows.SetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_SNDBUF, send)
	}
	return errors.Join(errs[:]...)
}

// bufferSizes reads the sizes that a socket has; 0 where they cannot be read.
func bufferSizes(fd uintptr) (send, receive int) {
	send, _ = windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_SNDBUF)
	receive, _ = windows.GetsockoptInt(windows.Handle(fd), windows.SOL_SOCKET, windows.SO_RCVBUF)
	return send, receive
}

func setTOS(fd uintptr, v6 bool, tos int) error {
	if v6 {
		return errLacks
	}
	const ipTOS = 3 // IP_TOS
	return windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_IP, ipTOS, tos)
}

func setMSS(uintptr, int) error                   { return errLacks }
func mss(net.Conn) int                            { return 0 }
func setCongestion(uintptr, string) error         { return errLacks }
func setUserTimeout(uintptr, time.Duration) error { return errLacks }
func setDevice(uintptr, string) error             { return errLacks }
func congestion(net.Conn) string                  { return "" }
func readTCPInfo(net.Conn) (tcpInfo, bool)        { return tcpInfo{}, false }
func memoryFile() (*os.File, error)               { return temporaryFile() }
func nap(d time.Duration)                         { time.Sleep(d) }

const canHold = false

func napHeld(d time.Duration) { time.Sleep(d) }

func isReset(err error) bool {
	return errors.Is(err, windows.WSAECONNRESET) || errors.Is(err, windows.WSAECONNABORTED)
}

func isNoBuffers(err error) bool { return errors.Is(err, windows.WSAENOBUFS) }

// usage is the processor time that this process has used.
func usage() (user, system float64) {
	var created, exited, kernel, inUser windows.Filetime
	if err := windows.GetProcessTimes(windows.CurrentProcess(), &created, &exited, &kernel, &inUser); err != nil {
		return 0, 0
	}
	of := func(f windows.Filetime) float64 {
		return float64(uint64(f.HighDateTime)<<32|uint64(f.LowDateTime)) / 1e7
	}
	return of(inUser), of(kernel)
}

func systemInfo() string {
	name, err := os.Hostname()
	if err != nil {
		name = "unknown"
	}
	return "Windows " + name
}

// partWriter gives a function that writes a part of what it is given, small enough to be counted at once.
func partWriter(conn net.Conn) (func([]byte) (int, error), error) {
	return func(b []byte) (int, error) { return conn.Write(b[:min(len(b), defaultTCPBlock)]) }, nil
}
