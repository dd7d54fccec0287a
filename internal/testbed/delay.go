package testbed

import (
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Behind returns the server as a client sees it whose way there and back takes rtt longer. A connection opens a round trip
// after it was asked for, as TCP's handshake would have it, and what is sent comes in order and at the rate of the loopback.
// The returned server shares the process: Stop and Start are for the original.
func (s *SSHServer) Behind(tb testing.TB, rtt time.Duration) *SSHServer {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	var accepting, carrying sync.WaitGroup
	var open []net.Conn // while accepting, of that goroutine alone
	accepting.Go(func() {
		for {
			near, err := listener.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", s.Addr)
			if err != nil {
				near.Close()
				continue
			}
			open = append(open, near, far)
			begin := time.Now().Add(rtt)
			carrying.Go(func() { delay(far, near, begin, rtt/2) })
			carrying.Go(func() { delay(near, far, begin, rtt/2) })
		}
	})
	tb.Cleanup(func() {
		listener.Close()
		accepting.Wait() // a connection that is being accepted is closed too
		for _, c := range open {
			c.Close()
		}
		carrying.Wait()
	})
	behind := *s
	behind.Addr = listener.Addr().String()
	_, port, _ := net.SplitHostPort(s.Addr)
	_, newPort, _ := net.SplitHostPort(behind.Addr)
	behind.KnownHosts = s.write("known_hosts_"+newPort, strings.ReplaceAll(readFile(tb, s.KnownHosts), "]:"+port+" ", "]:"+newPort+" "))
	return &behind
}

// delay copies from one connection to another. Each piece is written after the delay, counted from its arrival or from begin,
// whichever is later.
func delay(to, from net.Conn, begin time.Time, after time.Duration) {
	type piece struct {
		due  time.Time
		data []byte
	}
	pieces := make(chan piece, 1<<12)
	go func() {
		defer close(pieces)
		for {
			data := make([]byte, 32<<10)
			n, err := from.Read(data)
			due := time.Now()
			if due.Before(begin) {
				due = begin
			}
			pieces <- piece{due.Add(after), data[:n]}
			if err != nil {
				return
			}
		}
	}()
	for p := range pieces {
		time.Sleep(time.Until(p.due))
		if len(p.data) > 0 {
			to.Write(p.data) // after an error the rest is for nobody
		}
	}
	to.(*net.TCPConn).CloseWrite()
}
