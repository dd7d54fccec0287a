package native

import (
	"fmt"
	"net"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// loopedEnd is one end of an unpaced test whose streams are looped, with what its streams say when they are over.
func loopedEnd(t *testing.T, sender bool, conns []net.Conn, change func(*test)) (x *test, done chan ending) {
	t.Helper()
	x = newTest(defaults(), nil)
	x.parallel, x.congestionUsed, x.length = max(2, len(conns)), "bbr", defaultTCPBlock
	x.budget.left.Store(unlimited)
	change(x)
	for _, c := range conns {
		x.streams = append(x.streams, &stream{conn: c, sender: sender})
	}
	if err := x.leavePoller(); err != nil {
		t.Fatal(err)
	}
	return x, make(chan ending, len(conns))
}

// tcpPairs makes connections over loopback.
func tcpPairs(t *testing.T, n int) (ours, theirs []net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range n {
		a, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		b, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { a.Close(); b.Close() })
		ours, theirs = append(ours, a), append(theirs, b)
	}
	return ours, theirs
}

// A number of blocks is sent to the byte, whatever their length and however many streams share them, and both ends have
// counted that.
func TestLoopsMoveEveryByte(t *testing.T) {
	for _, c := range []struct {
		streams, length int
		blocks          int64
		zeroCopy        bool
	}{
		{streams: 1, length: 1000, blocks: 12345},
		{streams: 1, length: defaultTCPBlock, blocks: 301},
		{streams: 3, length: 1 << 20, blocks: 7},
		{streams: 4, length: 100, blocks: 1},
		{streams: 4, length: 100_001, blocks: 403},
		{streams: 4, length: defaultTCPBlock, blocks: 403, zeroCopy: true},
		{streams: 1, length: 777, blocks: 4321, zeroCopy: true},
		{streams: readAllBelow + 3, length: defaultTCPBlock, blocks: 777},
	} {
		t.Run(fmt.Sprintf("%d streams, %d x %d bytes, zero copy %v", c.streams, c.blocks, c.length, c.zeroCopy), func(t *testing.T) {
			from, to := tcpPairs(t, c.streams)
			sender, sent := loopedEnd(t, true, from, func(x *test) {
				x.length, x.zeroCopy = c.length, c.zeroCopy
				x.budget.left.Store(c.blocks)
			})
			receiver, received := loopedEnd(t, false, to, func(*test) {})
			var senders, receivers sync.WaitGroup
			receiver.carryLooped(&receivers, received)
			sender.carryLooped(&senders, sent)
			senders.Wait()
			sender.closeStreams()
			receivers.Wait()
			receiver.closeStreams()
			want := c.blocks * int64(c.length)
			if s, r := sender.moved(), receiver.moved(); s != want || r != want {
				t.Errorf("sent %d bytes and received %d, want %d", s, r, want)
			}
			for range c.streams {
				if s, r := <-sent, <-received; s != (ending{sender: true}) || r != (ending{}) {
					t.Errorf("streams ended as %+v and %+v", s, r)
				}
			}
		})
	}
}

// A loop ends when the test stops it, though its streams have no room, or nothing comes.
func TestLoopsStop(t *testing.T) {
	from, to := tcpPairs(t, 2)
	sender, sent := loopedEnd(t, true, from[:1], func(*test) {})
	receiver, received := loopedEnd(t, false, to[1:], func(*test) {})
	var loops sync.WaitGroup
	sender.carryLooped(&loops, sent)
	receiver.carryLooped(&loops, received)
	room := []unix.PollFd{{Fd: int32(sender.streams[0].conn.(*unpolledConn).socket.fd), Events: unix.POLLOUT}}
	for {
		if n, err := unix.Poll(room, 0); n == 0 && err == nil {
			break
		}
	}
	sender.stopping.Store(true)
	receiver.stopping.Store(true)
	loops.Wait()
	if n := len(sent) + len(received); n != 0 {
		t.Errorf("%d streams say that they are over by themselves", n)
	}
	sender.closeStreams()
	receiver.closeStreams()
}

// A stream whose other end is gone says why, and the others go on.
func TestLoopedStreamFails(t *testing.T) {
	from, to := tcpPairs(t, 2)
	sender, sent := loopedEnd(t, true, from, func(*test) {})
	var loops sync.WaitGroup
	sender.carryLooped(&loops, sent)
	to[0].(*net.TCPConn).SetLinger(0)
	to[0].Close()
	if e := <-sent; !e.sender || e.err == nil || e.err.Error() != "unable to write to stream socket: Connection reset by peer" {
		t.Errorf("%+v", e)
	}
	before := sender.streams[1].read().bytes
	buffer := make([]byte, 1<<20)
	for sender.streams[1].read().bytes == before {
		if _, err := to[1].Read(buffer); err != nil {
			t.Fatal(err)
		}
	}
	sender.stopping.Store(true)
	loops.Wait()
	sender.closeStreams()
}

func TestLooped(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*test)
		sender bool
		want   bool
	}{
		{"sender with BBR", func(x *test) { x.congestionUsed = "bbr" }, true, true},
		{"sender with BBR of another version", func(x *test) { x.congestionUsed = "bbr2" }, true, true},
		{"sender with cubic", func(x *test) { x.congestionUsed, x.parallel = "cubic", 4 }, true, false},
		{"sender with cubic and -Z", func(x *test) { x.congestionUsed, x.zeroCopy = "cubic", true }, true, true},
		{"paced sender", func(x *test) { x.congestionUsed, x.rate = "bbr", 1e9 }, true, false},
		{"UDP", func(x *test) { x.udp, x.parallel = true, 4 }, false, false},
		{"receiver of one stream", func(x *test) { x.parallel = 1 }, false, false},
		{"receiver of several streams", func(x *test) { x.parallel = 2 }, false, true},
	} {
		x := newTest(defaults(), nil)
		c.change(x)
		if got := x.looped(&stream{sender: c.sender}); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}
