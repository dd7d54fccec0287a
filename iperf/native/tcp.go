package native

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// paceTick is the C program's timer. Its TCP senders write a whole block when they are woken, or several; these write
// pieces of at most eight ticks' worth. Its UDP senders write, as these, at most one tick's.
const paceTick = time.Millisecond

// pieceTime is the time that a piece takes at the rate that is asked for, where that is less than a block. Each makes
// both ends wake, which is what low rates cost; and a test's mean rate may be wrong by half of one.
const pieceTime = 8 * paceTick

// minPiece is the shortest piece, in bytes: that of 1 Mbit/s. At lower rates it takes longer.
const minPiece = 1000

// maxPiece keeps the bursts of high rates short, in bytes.
const maxPiece = 64 << 10

// How much one system call may move: these measured best. A write ends when the socket is full, so that what is counted
// is fine enough on slow links too.
const (
	tcpWriteSize = 1 << 20
	tcpReadSize  = 512 << 10
	minReadSize  = 64 << 10 // with very many streams
)

// sendTCP writes blocks until the test stops it, which is by a deadline in the past, or the budget is spent.
func (t *test) sendTCP(s *stream) error {
	write, finish, err := t.tcpWriter(s)
	if err != nil {
		return err
	}
	defer finish()
	length := int64(t.length)
	if t.rate > 0 {
		return t.sendPaced(s, write)
	}
	batch := max(1, tcpWriteSize/length)
	for {
		n := t.budget.take(batch)
		if n == 0 {
			return nil
		}
		if _, err := write(n * length); err != nil {
			return stopped(err)
		}
	}
}

// sendPaced writes pieces of blocks, so that low rates are kept as well as high ones.
func (t *test) sendPaced(s *stream, write func(int64) (int64, error)) error {
	p := pacer{rate: float64(t.rate) / 8, start: t.epoch}
	z := t.sleeper(&p, paceTick)
	defer z.end()
	length := int64(t.length)
	piece := min(length, maxPiece, max(minPiece, int64(p.rate*pieceTime.Seconds())))
	switch {
	case t.burst > 0:
		piece = length * int64(t.burst)
	case t.blocks > 0:
		piece = length // a C client that receives a number of blocks takes what comes at once for one
	}
	early := min(float64(piece), p.rate*pieceTime.Seconds()) / 2 // so that what was sent is as often above the rate as below it
	var block int64                                              // what is left of the block that was taken from the budget
	u := t.turns()
	u.gentle = u.gentle && t.blocks == 0
	for {
		now := time.Now()
		due := p.due(now)
		if due < early {
			if !z.sleep(p.wait(now, early)) {
				return nil
			}
			continue
		}
		if u.gentle && u.most(&p, now, due, float64(piece)) < float64(piece) {
			if t.stopping.Load() {
				return nil
			}
			continue // asleep, it would be later
		}
		u.left -= float64(piece)
		if block == 0 {
			if block = t.budget.take(1) * length; block == 0 {
				return nil
			}
		}
		for want := piece; want > 0; {
			n := min(want, block)
			sent, err := write(n)
			p.sent += float64(sent)
			if err != nil {
				return stopped(err)
			}
			want -= n
			if block -= n; block == 0 {
				if want == 0 {
					break
				}
				if block = t.budget.take(1) * length; block == 0 {
					return nil
				}
			}
		}
	}
}

// tcpWriter gives the function that sends and counts so many bytes: from memory, or with -Z from a file by sendfile.
func (t *test) tcpWriter(s *stream) (write func(int64) (int64, error), finish func(), err error) {
	if !t.zeroCopy {
		data := blocks()
		part, err := partWriter(s.conn)
		if err != nil {
			return nil, nil, err
		}
		return func(n int64) (int64, error) {
			var sent int64
			for sent < n {
				k, err := part(data[:min(n-sent, int64(len(data)))])
				sent += int64(k)
				s.add(int64(k), 0)
				if err != nil {
					return sent, err
				}
			}
			return sent, nil
		}, func() {}, nil
	}
	f, err := payloadFile(max(defaultTCPBlock, t.length))
	if err != nil {
		return nil, nil, err
	}
	limit := &io.LimitedReader{R: f}
	size := int64(max(defaultTCPBlock, t.length)) // it is sent whole, and counted then
	to := s.conn.(io.ReaderFrom)
	return func(n int64) (int64, error) {
		var sent int64
		for sent < n {
			if _, err := f.Seek(0, io.SeekStart); err != nil {
				return sent, err
			}
			limit.N = min(n-sent, size)
			k, err := to.ReadFrom(limit)
			sent += k
			s.add(k, 0)
			if err != nil {
				return sent, err
			}
		}
		return sent, nil
	}, func() { f.Close() }, nil
}

// receiveTCP reads until the test stops it or the sender ends.
func (t *test) receiveTCP(s *stream) error {
	buffer := make([]byte, max(minReadSize, min(tcpReadSize, 8*tcpReadSize/t.streamCount())))
	for {
		n, err := s.conn.Read(buffer)
		s.add(int64(n), 0)
		t.reach(int64(n))
		if err != nil {
			return stopped(err)
		}
	}
}

// stopped is nil for errors that are the way in which a test stops its streams, or the other end its own.
func stopped(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// blocks is what all TCP senders write. The largest block is as long.
var blocks = sync.OnceValue(func() []byte { return payload(tcpWriteSize) })

// payload is what is sent: it does not compress.
func payload(n int) []byte {
	b := make([]byte, n)
	x := uint64(88172645463325252)
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = byte(x)
	}
	return b
}

// payloadFile is a file of payload that is gone when it is closed.
func payloadFile(n int) (*os.File, error) {
	f, err := memoryFile()
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(payload(n)); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
