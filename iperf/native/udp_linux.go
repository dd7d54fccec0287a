package native

import (
	"encoding/binary"
	"net"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	maxSegments  = 64    // that a kernel makes of one buffer; newer ones make 128
	minSegments  = 8     // fewer go one by one, as the C program's do, and fill socket and queues in the same way
	maxBuffer64K = 65507 // bytes that one buffer may have
	readBatch    = 8     // buffers that one system call may fill
	udpReadSize  = 1 << 16
)

// mmsghdr is the kernel's struct mmsghdr.
type mmsghdr struct {
	unix.Msghdr
	n uint32
	_ [unsafe.Sizeof(uintptr(0)) - 4]byte
}

// A datagramWriter sends datagrams of one length. The kernel cuts them from one large buffer where it can (generic
// segmentation offload), else each goes by itself, many in one system call.
type datagramWriter struct {
	caller
	raw     syscall.RawConn
	length  int
	count   int // datagrams in the buffer
	buffer  []byte
	segment bool

	control  [24]byte // holds the segment size, a control message
	iov      [maxSegments]unix.Iovec
	messages [maxSegments]mmsghdr
	joined   unix.Iovec // of all that go together
	message  unix.Msghdr
	want     int
	singly   bool // no datagram is joined with others
	sent     int
	err      error
	step     func(fd uintptr) bool
}

func newDatagramWriter(conn net.Conn, length int) (*datagramWriter, error) {
	raw, busy, err := waitingSocket(conn)
	if err != nil {
		return nil, err
	}
	w := &datagramWriter{raw: raw, length: length, count: max(1, min(maxSegments, maxBuffer64K/length)), segment: hasSegmentation()}
	w.buffer = make([]byte, w.count*length)
	block := payload(length)
	for i := range w.count {
		copy(w.datagram(i), block)
		w.iov[i].Base = &w.datagram(i)[0]
		w.iov[i].SetLen(length)
		w.messages[i].Iov = &w.iov[i]
		w.messages[i].Iovlen = 1
	}
	h := (*unix.Cmsghdr)(unsafe.Pointer(&w.control[0]))
	h.Level, h.Type = unix.SOL_UDP, unix.UDP_SEGMENT
	h.SetLen(unix.CmsgLen(2))
	binary.NativeEndian.PutUint16(w.control[unix.CmsgLen(0):], uint16(length))
	w.step = w.write
	if busy {
		w.caller = newCaller()
	}
	return w, nil
}

// waitingSocket gives the way to a connection's socket. If it is unpolled, its calls wait by themselves.
func waitingSocket(conn net.Conn) (raw syscall.RawConn, isUnpolled bool, err error) {
	if raw, err = conn.(syscall.Conn).SyscallConn(); err != nil {
		return nil, false, err
	}
	u, isUnpolled := raw.(unpolled)
	if isUnpolled {
		err = u.block()
	}
	return raw, isUnpolled, err
}

// most is how many datagrams one call of send takes.
func (w *datagramWriter) most() int { return w.count }

func (w *datagramWriter) datagram(i int) []byte { return w.buffer[i*w.length : (i+1)*w.length] }

// send sends the first n datagrams of the buffer, if singly one by one, and waits while the socket has no room, if unpaced
// for unpolledWait at most. It returns how many went.
func (w *datagramWriter) send(n int, singly bool) (int, error) {
	w.want, w.singly, w.sent, w.err = n, singly, 0, nil
	if err := w.raw.Write(w.step); err != nil {
		return w.sent, err
	}
	return w.sent, w.err
}

func (w *datagramWriter) write(fd uintptr) bool {
	for w.sent < w.want {
		n := w.want - w.sent
		if w.segment && !w.singly && n >= minSegments {
			if errno := w.writeSegmented(fd, n); errno != 0 {
				switch errno {
				case unix.EAGAIN:
					return false
				case unix.EINTR, unix.ENOBUFS:
					continue
				case unix.EIO, unix.EINVAL, unix.EMSGSIZE:
					// This way out cannot do it: a datagram does not fit its frames, or it has no checksum offload.
					w.segment = false
					continue
				}
				w.err = udpError(errno)
				return true
			}
			w.sent = w.want
			return true
		}
		k, errno := w.call(unix.SYS_SENDMMSG, fd, uintptr(unsafe.Pointer(&w.messages[w.sent])), uintptr(n), 0, 0)
		switch errno {
		case 0:
			w.sent += int(k)
		case unix.EAGAIN:
			return false
		case unix.EINTR, unix.ENOBUFS:
		default:
			w.err = udpError(errno)
			return true
		}
	}
	return true
}

func (w *datagramWriter) writeSegmented(fd uintptr, n int) unix.Errno {
	w.joined.Base = &w.buffer[w.sent*w.length]
	w.joined.SetLen(n * w.length)
	w.message = unix.Msghdr{Iov: &w.joined, Iovlen: 1, Control: &w.control[0]}
	w.message.SetControllen(unix.CmsgSpace(2))
	_, errno := w.call(unix.SYS_SENDMSG, fd, uintptr(unsafe.Pointer(&w.message)), 0, 0, 0)
	return errno
}

// A datagramReader receives datagrams, many with one system call, and several in one buffer where the kernel joins them
// (generic receive offload).
type datagramReader struct {
	caller
	raw      syscall.RawConn
	eager    bool // the socket is unpolled
	buffers  [readBatch][]byte
	control  [readBatch][64]byte
	iov      [readBatch]unix.Iovec
	messages [readBatch]mmsghdr
	filled   int
	err      error
	step     func(fd uintptr) bool
}

// eagerness is how long an unpaced reader asks again and again before it sleeps: to wake it costs the sender much of the
// time in which it could send more.
const eagerness = 50 * time.Microsecond

func newDatagramReader(conn net.Conn) (*datagramReader, error) {
	raw, eager, err := waitingSocket(conn)
	if err != nil {
		return nil, err
	}
	r := &datagramReader{raw: raw, eager: eager}
	raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.IPPROTO_UDP, unix.UDP_GRO, 1) })
	for i := range r.buffers {
		r.buffers[i] = make([]byte, udpReadSize)
		r.iov[i].Base = &r.buffers[i][0]
		r.iov[i].SetLen(udpReadSize)
		r.messages[i].Iov = &r.iov[i]
		r.messages[i].Iovlen = 1
		r.messages[i].Control = &r.control[i][0]
	}
	r.step = r.read
	if eager {
		r.caller = newCaller()
	}
	return r, nil
}

// receive waits for datagrams, if unpaced for unpolledWait at most.
func (r *datagramReader) receive() error {
	r.filled, r.err = 0, nil
	if err := r.raw.Read(r.step); err != nil {
		return err
	}
	return r.err
}

func (r *datagramReader) read(fd uintptr) bool {
	for i := range r.messages {
		r.messages[i].SetControllen(len(r.control[i]))
	}
	flags, patience := uintptr(unix.MSG_DONTWAIT), time.Time{}
	for {
		n, errno := r.call(unix.SYS_RECVMMSG, fd, uintptr(unsafe.Pointer(&r.messages[0])), readBatch, flags, 0)
		switch errno {
		case 0:
			r.filled = int(n)
		case unix.EAGAIN:
			if !r.eager || flags == unix.MSG_WAITFORONE {
				return false
			}
			if now := time.Now(); patience.IsZero() {
				patience = now.Add(eagerness)
			} else if now.After(patience) {
				flags = unix.MSG_WAITFORONE
			}
			continue
		case unix.EINTR:
			continue
		default:
			r.err = udpError(errno)
		}
		return true
	}
}

// datagrams goes through what receive got.
func (r *datagramReader) datagrams(yield func([]byte) bool) {
	for i := range r.filled {
		data := r.buffers[i][:r.messages[i].n]
		size := r.segmentSize(i)
		if size <= 0 {
			size = max(1, len(data))
		}
		for len(data) > 0 {
			n := min(size, len(data))
			if !yield(data[:n]) {
				return
			}
			data = data[n:]
		}
	}
}

// segmentSize is the length of the datagrams that were joined in buffer i; 0 when none were.
func (r *datagramReader) segmentSize(i int) int {
	control := r.control[i][:r.messages[i].Controllen]
	for len(control) >= unix.CmsgLen(0) {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
		if h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO && len(control) >= unix.CmsgLen(4) {
			return int(int32(binary.NativeEndian.Uint32(control[unix.CmsgLen(0):])))
		}
		if int(h.Len) < unix.CmsgLen(0) || unix.CmsgSpace(int(h.Len)-unix.CmsgLen(0)) > len(control) {
			break
		}
		control = control[unix.CmsgSpace(int(h.Len)-unix.CmsgLen(0)):]
	}
	return 0
}

func udpError(errno unix.Errno) error {
	if errno == unix.ECONNREFUSED {
		return errRefused
	}
	return errno
}

// segmentation is 1 where the kernel can cut datagrams from a buffer, 2 where not, 0 when that is not known yet.
var segmentation atomic.Int32

func hasSegmentation() bool {
	if s := segmentation.Load(); s != 0 {
		return s == 1
	}
	result := int32(2)
	if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0); err == nil {
		if _, err := unix.GetsockoptInt(fd, unix.SOL_UDP, unix.UDP_SEGMENT); err == nil {
			result = 1
		}
		unix.Close(fd)
	}
	segmentation.Store(result)
	return result == 1
}
