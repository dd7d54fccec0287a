package testbed

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// packets is a packet(7) socket.
type packets struct {
	socket   int
	buf, oob []byte
}

// Sizes of struct virtio_net_hdr and of Ethernet's header.
const (
	offloadSize  = 10
	ethernetSize = 14
)

// openPackets moves the calling goroutine into the namespace, see enter.
func openPackets(n Netns) (*packets, error) {
	if err := n.enter(); err != nil {
		return nil, err
	}
	dev, err := net.InterfaceByName(n.Dev)
	if err != nil {
		return nil, err
	}
	// No protocol yet, so nothing of other devices arrives before the socket is bound.
	s, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("packet socket: %w", err)
	}
	p := &packets{socket: s, buf: make([]byte, 2048), oob: make([]byte, 128)}
	patience := unix.NsecToTimeval(int64(20 * time.Millisecond))
	for _, err := range []error{
		unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 64<<20),
		unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(s, unix.SOL_PACKET, unix.PACKET_VNET_HDR, 1), // tells what offloading left in one piece
		unix.SetsockoptTimeval(s, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &patience),
		unix.Bind(s, &unix.SockaddrLinklayer{Protocol: bigEndian(unix.ETH_P_ALL), Ifindex: dev.Index}),
	} {
		if err != nil {
			p.close()
			return nil, fmt.Errorf("packet socket: %w", err)
		}
	}
	return p, nil
}

func bigEndian(n uint16) uint16 {
	var b [2]byte
	binary.BigEndian.PutUint16(b[:], n)
	return binary.NativeEndian.Uint16(b[:])
}

func (s *packets) close() { unix.Close(s.socket) }

// next returns the next packet of TCP or UDP. ok is false if there is none, or none for a while.
func (s *packets) next() (p Packet, ok bool) {
	n, oobn, _, from, err := unix.Recvmsg(s.socket, s.buf, s.oob, unix.MSG_TRUNC)
	link, isLink := from.(*unix.SockaddrLinklayer)
	if err != nil || !isLink || n < offloadSize+ethernetSize {
		return p, false
	}
	b := s.buf[:min(n, len(s.buf))]
	if p, ok = parsePacket(b[offloadSize+ethernetSize:], n-offloadSize-ethernetSize); !ok {
		return p, false
	}
	if whole := b[1] != 0; whole {
		p.Segment = int(binary.NativeEndian.Uint16(b[4:]))
	}
	p.Sent = link.Pkttype == unix.PACKET_OUTGOING
	p.At = time.Now()
	messages, _ := unix.ParseSocketControlMessage(s.oob[:oobn]) // without a time in them, it is about now
	for _, m := range messages {
		if m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SCM_TIMESTAMPNS && len(m.Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
			p.At = time.Unix((*unix.Timespec)(unsafe.Pointer(&m.Data[0])).Unix())
		}
	}
	return p, true
}
