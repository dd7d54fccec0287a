//go:build !linux

package native

import (
	"errors"
	"net"
	"syscall"
)

// A datagramWriter sends datagrams of one length, each by itself.
type datagramWriter struct {
	conn   net.Conn
	buffer []byte
}

func newDatagramWriter(conn net.Conn, length int) (*datagramWriter, error) {
	return &datagramWriter{conn, payload(length)}, nil
}

func (w *datagramWriter) end() {}

// most is how many datagrams one call of send takes.
func (w *datagramWriter) most() int { return 1 }

func (w *datagramWriter) datagram(int) []byte { return w.buffer }

// send sends the datagram and waits while the socket has no room. It returns how many went.
func (w *datagramWriter) send(int, bool) (int, error) {
	if _, err := w.conn.Write(w.buffer); err != nil {
		if isNoBuffers(err) {
			return 0, nil
		}
		return 0, udpError(err)
	}
	return 1, nil
}

// A datagramReader receives datagrams.
type datagramReader struct {
	conn   net.Conn
	buffer []byte
	n      int
}

func newDatagramReader(conn net.Conn) (*datagramReader, error) {
	return &datagramReader{conn: conn, buffer: make([]byte, 1<<16)}, nil
}

func (r *datagramReader) end() {}

// receive waits for a datagram.
func (r *datagramReader) receive() error {
	n, err := r.conn.Read(r.buffer)
	r.n = n
	if err != nil {
		return udpError(err)
	}
	return nil
}

// datagrams goes through what receive got.
func (r *datagramReader) datagrams(yield func([]byte) bool) { yield(r.buffer[:r.n]) }

func udpError(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) || isReset(err) {
		return errRefused
	}
	return err
}
