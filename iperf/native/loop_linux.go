package native

import (
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A loop moves the traffic of unpaced TCP streams in one goroutine, of each in turn whenever its socket is ready, as the C
// program does. Its system calls use little memory many times, which stays in the processor's cache.
type loop struct {
	*test
	caller
	carried []*stream
	ready   []unix.PollFd // of those that are carried; Fd is -1 when one is over
	wait    unix.Timespec
	offset  uintptr // in the file that is sent, as long as the system's on each processor
	done    chan<- ending
}

// What a loop's calls move; all were measured.
const (
	sendMemory    = 30 << 10 // bytes
	shortTurn     = 4        // times sendMemory in one call: more than two full segments of a stream hold up the others
	longTurn      = 25       // with fewer streams than manyStreams
	manyStreams   = 4
	sendfileTurn  = 64 << 10 // bytes, which is as much as sendfile moves at a time
	sendRounds    = 10       // turns that streams have before the next question which are ready
	receiveMemory = 64 << 10 // bytes
	receives      = 32       // times receiveMemory in one call
	readAllBelow  = 16       // streams; so many are all read when one of them is ready
)

// looped reports whether a stream is carried by a loop.
//
// BBR measures each stream's rate at its acknowledgements and spaces its segments by that, with a timer for each when the
// queueing discipline does not do it. Where two ends share two processors, streams that are sent from several threads, or
// received in large pieces, are acknowledged late and seem slow to it, and the timers take half of the sender's time. A
// congestion control that does not pace is faster with a goroutine for each sender. Receivers of several streams are
// faster in a loop with either.
func (t *test) looped(s *stream) bool {
	if t.udp || t.rate > 0 {
		return false
	}
	if s.sender {
		return t.zeroCopy || strings.HasPrefix(t.congestionUsed, "bbr")
	}
	return t.parallel > 1
}

// carryLooped has goroutines of wg's carry the streams that are looped. Each tells done when a stream is over. They leave
// half of the processors to the system's work for them and, where it is on the same machine, to the other end.
func (t *test) carryLooped(wg *sync.WaitGroup, done chan<- ending) {
	var senders, receivers []*stream
	for _, s := range t.streams {
		switch {
		case !t.looped(s):
		case s.sender:
			senders = append(senders, s)
		default:
			receivers = append(receivers, s)
		}
	}
	loops := max(1, runtime.GOMAXPROCS(0)/2)
	for _, streams := range [][]*stream{senders, receivers} {
		for group := range slices.Chunk(streams, max(1, (len(streams)+loops-1)/loops)) {
			wg.Go(func() {
				l := loop{test: t, caller: newCaller(), carried: group, ready: make([]unix.PollFd, len(group)), done: done}
				defer l.end()
				if group[0].sender {
					l.sendAll()
				} else {
					l.receiveAll()
				}
			})
		}
	}
}

// poll waits until a stream is ready, for unpolledWait at most. It reports whether the test goes on.
func (l *loop) poll() bool {
	l.wait = unix.NsecToTimespec(unpolledWait.Nanoseconds())
	n, errno := l.call(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&l.ready[0])), uintptr(len(l.ready)), uintptr(unsafe.Pointer(&l.wait)), 0, 0)
	if errno != 0 && errno != unix.EINTR {
		l.allOver(errno)
	}
	if errno != 0 || n == 0 {
		for i := range l.ready {
			l.ready[i].Revents = 0
		}
	}
	return !l.stopping.Load() && slices.ContainsFunc(l.ready, func(p unix.PollFd) bool { return p.Fd >= 0 })
}

// watchFor has poll wait for events of the streams.
func (l *loop) watchFor(events int16) {
	for i, s := range l.carried {
		l.ready[i] = unix.PollFd{Fd: int32(s.conn.(*unpolledConn).socket.fd), Events: events}
	}
}

// moved is what a call that moves a stream's traffic says: how much, which is nothing when the socket is not ready after
// all. If the stream is over, that is told.
func (l *loop) moved(i int, n uintptr, errno unix.Errno) int64 {
	s := l.carried[i]
	switch {
	case errno == unix.EAGAIN || errno == unix.EINTR:
		return 0
	case errno != 0:
		l.over(i, errno)
		return 0
	case n == 0 && !s.sender:
		l.over(i, io.EOF)
		return 0
	}
	s.add(int64(n), 0)
	return int64(n)
}

// over ends a stream, which poll does not see any more.
func (l *loop) over(i int, err error) {
	if s := l.carried[i]; l.ready[i].Fd >= 0 {
		l.ready[i] = unix.PollFd{Fd: -1}
		l.done <- ending{s.sender, l.streamError(s, stopped(err))}
	}
}

func (l *loop) allOver(err error) {
	for i := range l.carried {
		l.over(i, err)
	}
}

// sendAll sends the streams' traffic.
func (l *loop) sendAll() {
	writes := int64(shortTurn)
	if len(l.carried) < manyStreams {
		writes = longTurn
	}
	size := writes * sendMemory
	var file *os.File
	if l.zeroCopy {
		size = sendfileTurn
		var err error
		if file, err = payloadFile(int(size)); err != nil {
			l.allOver(err)
			return
		}
		defer file.Close()
	}
	iov := repeated(payload(sendMemory), int(writes))
	length := int64(l.length)
	left := make([]int64, len(l.carried)) // of the blocks that were taken from the budget
	turn := func(i int) {
		if left[i] < size {
			left[i] += l.budget.take((size-left[i]+length-1)/length) * length
		}
		if left[i] == 0 {
			l.over(i, nil)
			return
		}
		want := min(left[i], size)
		fd := uintptr(l.ready[i].Fd)
		var n uintptr
		var errno unix.Errno
		switch {
		case file != nil:
			l.offset = 0
			n, errno = l.call(unix.SYS_SENDFILE, fd, file.Fd(), uintptr(unsafe.Pointer(&l.offset)), uintptr(want), 0)
		case want < sendMemory:
			n, errno = l.call(unix.SYS_WRITE, fd, uintptr(unsafe.Pointer(iov[0].Base)), uintptr(want), 0, 0)
		default:
			want -= want % sendMemory
			n, errno = l.call(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&iov[0])), uintptr(want/sendMemory), 0, 0)
		}
		sent := l.moved(i, n, errno)
		left[i] -= sent
		if sent < want {
			l.ready[i].Revents = 0 // it has no more room
		}
	}
	l.watchFor(unix.POLLOUT)
	for l.poll() {
		for range sendRounds {
			for i := range l.carried {
				if l.ready[i].Revents != 0 {
					turn(i)
				}
			}
		}
	}
}

// repeated gives a call the same memory several times.
func repeated(b []byte, times int) []unix.Iovec {
	v := make([]unix.Iovec, times)
	for i := range v {
		v[i].Base = &b[0]
		v[i].SetLen(len(b))
	}
	return v
}

// receiveAll receives the streams' traffic.
func (l *loop) receiveAll() {
	iov := repeated(make([]byte, receiveMemory), receives)
	all := len(l.carried) < readAllBelow
	l.watchFor(unix.POLLIN)
	for l.poll() {
		for i := range l.carried {
			if l.ready[i].Fd >= 0 && (all || l.ready[i].Revents != 0) {
				n, errno := l.call(unix.SYS_READV, uintptr(l.ready[i].Fd), uintptr(unsafe.Pointer(&iov[0])), uintptr(len(iov)), 0, 0)
				l.reach(l.moved(i, n, errno))
			}
		}
	}
}
