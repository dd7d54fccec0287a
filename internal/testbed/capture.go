package testbed

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// A Packet is an IP packet with TCP or UDP as it passed a device.
type Packet struct {
	At       time.Time // by the kernel's clock
	Sent     bool      // by the host that has the device; false: it arrived there
	Src, Dst netip.AddrPort
	UDP      bool // false: TCP

	TOS, TTL  int  // of IPv6 the traffic class and the hop limit
	FlowLabel int  // of IPv6
	DF        bool // of IPv4
	Fragment  bool // it is one, other than the first; it has no ports and no payload
	More      bool // fragments follow

	SYN, ACK, FIN, RST bool
	Seq, Acked         uint32
	Window             int  // in the header, without its scale
	Scale              int  // of a SYN's window, in bits
	MSS                int  // of a SYN; zero: none
	MPTCP              bool // it has an option of multipath TCP

	Size    int    // of the payload in bytes
	Segment int    // of the payloads that offloading left in one packet, the size of each; zero: it is one payload
	Payload []byte // as far as it was kept
}

// Of a payload, all is kept if it is less than a full segment, and else its beginning.
const (
	wholePayload = 1400
	keptPayload  = 128
)

// A Capture keeps the packets that pass a device while a test runs.
type Capture struct {
	stop    func()
	mu      sync.Mutex
	packets []Packet
}

// Capture starts to keep the packets that pass n's end of the link, both ways. The caller calls Stop. It is also called
// at the end of the test.
func (n Netns) Capture(tb testing.TB) *Capture {
	tb.Helper()
	c, started, quit := &Capture{}, make(chan error), make(chan struct{})
	var reader sync.WaitGroup
	reader.Go(func() {
		s, err := openPackets(n)
		started <- err
		if err != nil {
			return
		}
		defer s.close()
		for ended := false; ; {
			select {
			case <-quit:
				ended = true
			default:
			}
			p, ok := s.next()
			if !ok && ended {
				return
			}
			if ok {
				c.mu.Lock()
				c.packets = append(c.packets, p)
				c.mu.Unlock()
			}
		}
	})
	if err := <-started; err != nil {
		tb.Fatalf("packets of %s: %v", n.Name, err)
	}
	c.stop = sync.OnceFunc(func() {
		close(quit)
		reader.Wait()
	})
	tb.Cleanup(c.stop)
	return c
}

// Stop ends the capture. What has passed before is in Packets.
func (c *Capture) Stop() { c.stop() }

// Packets returns what was captured so far.
func (c *Capture) Packets() []Packet {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.packets[:len(c.packets):len(c.packets)]
}

// parsePacket reads an IP packet, of which more may have passed than there is. ok is false if it is none of TCP or UDP.
func parsePacket(b []byte, length int) (p Packet, ok bool) {
	if len(b) < 20 {
		return p, false
	}
	cut := func(n int) bool {
		if n > len(b) {
			return false
		}
		b, length = b[n:], length-n
		return true
	}
	var src, dst netip.Addr
	var protocol byte
	switch b[0] >> 4 {
	case 4:
		p.TOS, p.TTL, protocol = int(b[1]), int(b[8]), b[9]
		offset := binary.BigEndian.Uint16(b[6:])
		p.DF, p.More, p.Fragment = offset&0x4000 != 0, offset&0x2000 != 0, offset&0x1fff != 0
		src, dst = netip.AddrFrom4([4]byte(b[12:])), netip.AddrFrom4([4]byte(b[16:]))
		length = min(length, int(binary.BigEndian.Uint16(b[2:]))) // without what pads a frame
		if !cut(int(b[0]&15) * 4) {
			return p, false
		}
	case 6:
		if len(b) < 40 {
			return p, false
		}
		head := binary.BigEndian.Uint32(b)
		p.TOS, p.FlowLabel, p.TTL, protocol = int(head>>20&0xff), int(head&0xfffff), int(b[7]), b[6]
		src, dst = netip.AddrFrom16([16]byte(b[8:])), netip.AddrFrom16([16]byte(b[24:]))
		cut(40)
	default:
		return p, false
	}
	const tcp, udp = 6, 17
	p.UDP = protocol == udp
	if p.Fragment {
		p.Src, p.Dst = netip.AddrPortFrom(src, 0), netip.AddrPortFrom(dst, 0)
		return p, p.UDP || protocol == tcp
	}
	if len(b) < 8 || protocol != tcp && protocol != udp {
		return p, false
	}
	p.Src, p.Dst = netip.AddrPortFrom(src, binary.BigEndian.Uint16(b)), netip.AddrPortFrom(dst, binary.BigEndian.Uint16(b[2:]))
	if p.UDP {
		cut(8)
	} else {
		if len(b) < 20 {
			return p, false
		}
		p.Seq, p.Acked = binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])
		p.FIN, p.SYN, p.RST, p.ACK = b[13]&1 != 0, b[13]&2 != 0, b[13]&4 != 0, b[13]&16 != 0
		p.Window = int(binary.BigEndian.Uint16(b[14:]))
		header := int(b[12]>>4) * 4
		if header < 20 || header > len(b) {
			return p, false
		}
		p.options(b[20:header])
		cut(header)
	}
	p.Size = length
	kept := len(b)
	if p.Size >= wholePayload {
		kept = min(kept, keptPayload)
	}
	p.Payload = bytes.Clone(b[:max(0, min(kept, p.Size))])
	return p, true
}

// options reads those of TCP's header.
func (p *Packet) options(b []byte) {
	const end, nop, mss, scale, mptcp = 0, 1, 2, 3, 30
	for len(b) > 0 && b[0] != end {
		if b[0] == nop {
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			return
		}
		switch {
		case b[0] == mss && b[1] == 4:
			p.MSS = int(binary.BigEndian.Uint16(b[2:]))
		case b[0] == scale && b[1] == 3:
			p.Scale = int(b[2])
		case b[0] == mptcp:
			p.MPTCP = true
		}
		b = b[b[1]:]
	}
}

// String returns a line for a test's log.
func (p Packet) String() string {
	return fmt.Sprintf("%s %v > %v, %d bytes", p.At.Format("05.000000"), p.Src, p.Dst, p.Size)
}
