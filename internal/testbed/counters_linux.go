package testbed

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// counters reads the receive counters of a network namespace. Only the goroutine that opened it may use it.
type counters struct {
	dev     string
	diag    int      // a NETLINK_SOCK_DIAG socket of the namespace
	ends    int      // another one, to which the kernel sends the last counts of each TCP socket that is gone
	opened  string   // the namespace's counts of opened connections when they were last listed
	again   bool     // list them once more, in case the last one was counted a moment before it could be listed
	streams []stream // all TCP connections that were listed, ended ones included, and sockets that are gone
	listed  int      // how many connections were listed
	buf     []byte
}

// A stream is a TCP socket.
type stream struct {
	family   byte
	id       [diagIDSize]byte // struct inet_diag_sockid, which has the socket's cookie
	received int64            // bytes in order
	unread   int64            // of those, bytes that the program has not read
	acked    int64            // bytes that the other end has acknowledged
	unacked  int64            // bytes that the program has written and the other end has not acknowledged, sent or not
	ended    bool
}

// The main thread stays with the main goroutine, so openCounters never moves it. It would outlive its goroutine, and
// /proc/self/net, in which the whole program looks for ports, is of its namespace.
func init() { runtime.LockOSThread() }

// enter moves the calling goroutine into the namespace for good. Its thread ends with it.
func (n Netns) enter() error {
	runtime.LockOSThread() // without an unlock, so the runtime does not use the thread again
	ns, err := os.Open("/run/netns/" + n.Name)
	if err != nil {
		return err
	}
	defer ns.Close()
	if err := unix.Setns(int(ns.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("setns: %w", err)
	}
	return nil
}

// openCounters moves the calling goroutine into the namespace, see enter.
func openCounters(n Netns) (*counters, error) {
	if err := n.enter(); err != nil {
		return nil, err
	}
	unix.Setpriority(unix.PRIO_PROCESS, 0, -20) // of this thread; without it, samples are late on a busy machine
	c := &counters{dev: n.Dev, buf: make([]byte, 64<<10)}
	var err error
	if c.diag, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG); err != nil {
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	if c.ends, err = unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.NETLINK_SOCK_DIAG); err != nil {
		unix.Close(c.diag)
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	if err := unix.Bind(c.ends, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: diagEnds}); err != nil {
		c.close()
		return nil, fmt.Errorf("sock_diag: %w", err)
	}
	return c, nil
}

func (c *counters) close() {
	unix.Close(c.diag)
	unix.Close(c.ends)
}

// read returns the counters at one moment.
func (c *counters) read() (a arrival, err error) {
	device, err := os.ReadFile("/proc/thread-self/net/dev")
	if err != nil {
		return a, err
	}
	if err := c.readStreams(); err != nil {
		return a, err
	}
	if err := c.readEnds(); err != nil {
		return a, err
	}
	a.at, a.opened = time.Now(), c.listed
	for _, s := range c.streams {
		a.streams += s.received - s.unread
		a.written += s.acked + s.unacked
	}
	for line := range strings.Lines(string(device)) {
		if counters, ok := strings.CutPrefix(strings.TrimSpace(line), c.dev+":"); ok {
			_, err := fmt.Sscan(counters, &a.bytes, &a.packets)
			if c.dev == "lo" { // it does not count the Ethernet headers
				a.bytes += 14 * a.packets
			}
			return a, err
		}
	}
	return a, fmt.Errorf("no device %s", c.dev)
}

// readStreams updates the streams. A list of the sockets takes milliseconds, because the kernel goes through the
// whole machine's hash table, so they are listed only if connections were opened.
func (c *counters) readStreams() error {
	opened, err := connectionsOpened()
	if err != nil {
		return err
	}
	for i := range c.streams {
		if s := &c.streams[i]; !s.ended {
			s.ended = true // unless the kernel still knows it
			if err := c.ask(s.family, s.id[:], func(message []byte) { s.ended = !s.update(message) }); err != nil {
				return err
			}
		}
	}
	if opened == c.opened && !c.again {
		return nil
	}
	for _, family := range []byte{unix.AF_INET, unix.AF_INET6} {
		if err := c.ask(family, nil, func(message []byte) {
			s := stream{family: family, id: [diagIDSize]byte(message[diagID:])}
			if !slices.ContainsFunc(c.streams, func(o stream) bool { return o.id == s.id }) && s.update(message) {
				c.streams = append(c.streams, s)
				c.listed++
			}
		}); err != nil {
			return err
		}
	}
	c.opened, c.again = opened, opened != c.opened
	return nil
}

// readEnds updates the streams that are gone. Their last sample may be long before their end.
func (c *counters) readEnds() error {
	for {
		n, _, err := unix.Recvfrom(c.ends, c.buf, 0)
		switch err {
		case nil:
		case unix.EAGAIN:
			return nil
		default:
			return fmt.Errorf("sock_diag: %w", err)
		}
		message := c.buf[unix.SizeofNlMsghdr:n] // one a datagram
		id := [diagIDSize]byte(message[diagID:])
		i := slices.IndexFunc(c.streams, func(s stream) bool { return s.id == id })
		if i < 0 { // it was opened and closed since the last sample
			i = len(c.streams)
			c.streams = append(c.streams, stream{family: message[0], id: id})
		}
		c.streams[i].update(message)
		c.streams[i].ended = true
	}
}

// connectionsOpened returns the counts of opened TCP connections, active and passive ones, of both address families.
func connectionsOpened() (string, error) {
	b, err := os.ReadFile("/proc/thread-self/net/snmp")
	if err != nil {
		return "", err
	}
	var opened string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 6 && f[0] == "Tcp:" {
			opened = f[5] + " " + f[6] // the second such line has the numbers
		}
	}
	return opened, nil
}

// Sizes, offsets and a type of sock_diag(7), from linux/inet_diag.h.
const (
	diagRequestSize = 56 // struct inet_diag_req_v2
	diagRequestID   = 8  // its struct inet_diag_sockid
	diagIDSize      = 48
	diagMessageSize = 72 // struct inet_diag_msg
	diagID          = 4  // its struct inet_diag_sockid
	diagUnread      = 56 // its idiag_rqueue
	diagUnacked     = 60 // its idiag_wqueue
	diagInfo        = 2  // INET_DIAG_INFO, an attribute with a struct tcp_info

	// Groups of sockets that are gone, from linux/sock_diag.h.
	diagEnds = 1<<0 | 1<<2 // SKNLGRP_INET_TCP_DESTROY is 1, SKNLGRP_INET6_TCP_DESTROY is 3
)

// ask has the kernel describe the TCP socket with an id, or all connections if id is nil. found is called
// with each struct inet_diag_msg and the attributes that follow it, and not at all if the socket is gone.
func (c *counters) ask(family byte, id []byte, found func(message []byte)) error {
	request := make([]byte, unix.SizeofNlMsghdr+diagRequestSize)
	binary.NativeEndian.PutUint32(request, uint32(len(request)))
	binary.NativeEndian.PutUint16(request[4:], unix.SOCK_DIAG_BY_FAMILY)
	binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST)
	if id == nil {
		binary.NativeEndian.PutUint16(request[6:], unix.NLM_F_REQUEST|unix.NLM_F_DUMP)
	}
	body := request[unix.SizeofNlMsghdr:]
	body[0], body[1], body[2] = family, unix.IPPROTO_TCP, 1<<(diagInfo-1)
	binary.NativeEndian.PutUint32(body[4:], 1<<unix.BPF_TCP_ESTABLISHED|1<<unix.BPF_TCP_SYN_SENT|
		1<<unix.BPF_TCP_SYN_RECV|1<<unix.BPF_TCP_FIN_WAIT1|1<<unix.BPF_TCP_FIN_WAIT2|1<<unix.BPF_TCP_CLOSE_WAIT|1<<unix.BPF_TCP_LAST_ACK)
	copy(body[diagRequestID:], id)
	if err := unix.Sendto(c.diag, request, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return fmt.Errorf("sock_diag: %w", err)
	}
	for {
		n, _, err := unix.Recvfrom(c.diag, c.buf, 0)
		if err != nil {
			return fmt.Errorf("sock_diag: %w", err)
		}
		for b := c.buf[:n]; len(b) >= unix.SizeofNlMsghdr; {
			size, kind := int(binary.NativeEndian.Uint32(b)), binary.NativeEndian.Uint16(b[4:])
			switch kind {
			case unix.NLMSG_DONE:
				return nil
			case unix.NLMSG_ERROR:
				errno := unix.Errno(-int32(binary.NativeEndian.Uint32(b[unix.SizeofNlMsghdr:])))
				if id != nil && errno == unix.ENOENT {
					return nil
				}
				return fmt.Errorf("sock_diag: %w", errno)
			}
			found(b[unix.SizeofNlMsghdr:size])
			b = b[min(len(b), align(size)):]
		}
		if id != nil {
			return nil
		}
	}
}

// update takes the counts of a stream from an inet_diag_msg and its attributes. It reports whether they are there. The
// kernel leaves them out of an answer if the connection has ended.
func (s *stream) update(message []byte) bool {
	for b := message[diagMessageSize:]; len(b) >= unix.SizeofRtAttr; {
		size, kind := int(binary.NativeEndian.Uint16(b)), binary.NativeEndian.Uint16(b[2:])
		const received = int(unix.SizeofRtAttr + unsafe.Offsetof(unix.TCPInfo{}.Bytes_received))
		const acked = int(unix.SizeofRtAttr + unsafe.Offsetof(unix.TCPInfo{}.Bytes_acked))
		if kind == diagInfo && size >= received+8 {
			s.received = int64(binary.NativeEndian.Uint64(b[received:]))
			s.unread = int64(binary.NativeEndian.Uint32(message[diagUnread:]))
			s.acked = int64(binary.NativeEndian.Uint64(b[acked:]))
			s.unacked = int64(binary.NativeEndian.Uint32(message[diagUnacked:]))
			return true
		}
		b = b[min(len(b), align(size)):]
	}
	return false
}

// align returns the distance to the next netlink message or attribute.
func align(size int) int { return (size + 3) &^ 3 }
