package native

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"
)

// client runs one test against a server. The error is what ended it early. warn is told what else may go wrong.
func client(ctx context.Context, s settings, out output, warn func(string)) error {
	t := newTest(s, out)
	t.warn = warn
	t.cookie = newCookie()
	address := net.JoinHostPort(s.host, strconv.Itoa(s.port))
	conn, err := t.dialControl(ctx, address)
	if err != nil {
		return fmt.Errorf("unable to connect to server: %s", reason(err))
	}
	defer conn.Close()
	t.control = control{conn}
	// The server's messages are waited for, but no longer than the caller wants.
	cancelled := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	err = t.talk(ctx, cancelled, address)
	cancelled()
	if ctx.Err() != nil && err != nil {
		return errInterrupted
	}
	return err
}

func (t *test) dialControl(ctx context.Context, address string) (net.Conn, error) {
	plain := settings{bind: t.bind, device: t.device} // the control connection has none of the streams' options
	d, err := plain.dialer(t.tcpNetwork(), 0)
	if err != nil {
		return nil, err
	}
	d.Timeout = t.connectTimeout
	conn, err := d.DialContext(ctx, t.tcpNetwork(), address)
	if err != nil {
		return nil, err
	}
	conn.SetWriteDeadline(time.Now().Add(controlTime))
	if _, err := conn.Write(t.cookie[:]); err != nil {
		conn.Close()
		return nil, err
	}
	t.mss = mss(conn) // now, as the C program does: before, some systems give a smaller one
	return conn, nil
}

// talk leads the test from the server's first message to the last. stopWatch ends what watches ctx, before traffic does.
func (t *test) talk(ctx context.Context, stopWatch func() bool, address string) error {
	c := t.control
	if err := c.expect(paramExchange); err != nil {
		return err
	}
	if t.udp && !t.lengthSet {
		t.length = defaultUDPBlock
		if t.mss >= minUDPBlock && t.mss <= maxUDPBlock {
			t.length = t.mss
		}
	}
	if t.udp && t.mss > 0 && t.length > t.mss {
		t.warn(fmt.Sprintf("UDP block size %d exceeds TCP MSS %d, may result in fragmentation / drops", t.length, t.mss))
	}
	if err := c.writeJSON("parameters", t.parameters()); err != nil {
		return err
	}
	t.begun = time.Now()
	t.out.begun(t)
	if err := c.expect(createStreams); err != nil {
		return err
	}
	defer t.closeStreams()
	if err := t.connectStreams(ctx, address); err != nil {
		return err
	}
	t.out.connected(t)
	for _, s := range []state{testStart, testRunning} {
		if err := c.expect(s); err != nil {
			return err
		}
	}
	stopWatch()
	said, err := t.run(ctx)
	switch {
	case errors.Is(err, errInterrupted):
		c.sendState(clientTerminate)
		t.out.finished(t)
		return err
	case err != nil:
		return err
	case said == serverTerminate:
		t.out.finished(t)
		return errServerTerminated
	case said != exchangeResults:
		return c.unexpected(said)
	}
	watch := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer watch()
	if err := c.writeJSON("results", t.results()); err != nil {
		return err
	}
	if err := c.readJSON("results", maxServerJSON, &t.serverOutput); err != nil {
		return err
	}
	t.take(&t.serverOutput)
	if err := c.expect(displayResults); err != nil {
		return err
	}
	t.out.finished(t)
	return c.sendState(iperfDone)
}

// connectStreams makes the connections that the traffic takes, one after the other, as the server numbers them.
func (t *test) connectStreams(ctx context.Context, address string) error {
	// All streams go to the address that the control connection has found.
	if peer, ok := t.control.RemoteAddr().(*net.TCPAddr); ok {
		address = peer.String()
	}
	for i := range t.streamCount() {
		network := t.tcpNetwork()
		if t.udp {
			network = t.udpNetwork()
		}
		d, err := t.dialer(network, i)
		if err != nil {
			return streamError("connect stream", err)
		}
		d.Timeout = controlTime
		conn, err := d.DialContext(ctx, network, address)
		if err != nil {
			return streamError("connect stream", err)
		}
		if _, err := t.addStream(conn, i); err != nil {
			return streamError("connect stream", err)
		}
		if t.udp {
			err = greetUDP(ctx, conn)
		} else {
			conn.SetWriteDeadline(time.Now().Add(controlTime))
			_, err = conn.Write(t.cookie[:])
			conn.SetWriteDeadline(time.Time{})
		}
		if err != nil {
			return streamError("connect stream", err)
		}
	}
	return nil
}

// streamError says why a stream could not be made. What an option's own error says needs no more words.
func streamError(what string, err error) error {
	for _, own := range []error{errNoCongestion, errBuffersNotSet} {
		if errors.Is(err, own) {
			return own
		}
	}
	return fmt.Errorf("unable to %s: %s", what, reason(err))
}

// greetUDP tells the server of a stream, and waits for the answer.
func greetUDP(ctx context.Context, conn net.Conn) error {
	cancelled := context.AfterFunc(ctx, func() { conn.SetReadDeadline(time.Unix(1, 0)) })
	defer cancelled()
	var hello [4]byte
	binary.LittleEndian.PutUint32(hello[:], udpHello)
	var answer [maxUDPBlock]byte
	if _, err := conn.Write(hello[:]); err != nil {
		return err
	}
	conn.SetReadDeadline(time.Now().Add(controlTime))
	for {
		n, err := conn.Read(answer[:])
		if err != nil {
			return err
		}
		if n == 4 && isUDPReply(answer[:4]) {
			conn.SetReadDeadline(time.Time{})
			return nil
		}
	}
}

// isUDPReply recognises the server's answer of all versions, in both byte orders.
func isUDPReply(b []byte) bool {
	little, big := binary.LittleEndian.Uint32(b), binary.BigEndian.Uint32(b)
	return little == udpReply || big == udpReply || little == oldUDPReply || big == oldUDPReply
}
