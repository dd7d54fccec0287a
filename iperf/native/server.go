package native

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	handshakeTime = 10 * time.Second // for a new connection to say its cookie
	maxHandshakes = 64               // connections at a time that have not said it yet; one more, and the oldest is closed
)

// A server takes connections for as long as it lives, and runs one test at a time.
type server struct {
	settings
	out      func() output // for each test
	complain func(error)
	listener *net.TCPListener
	port     int

	mu      sync.Mutex
	waiting bool    // for a client
	cookie  *cookie // of the test that runs
	streams bool    // which still wants connections
	clients chan arrival
	joins   chan arrival
	silent  []net.Conn // that have not said their cookie, the oldest first
}

// An arrival is a connection that has said its cookie.
type arrival struct {
	conn   net.Conn
	cookie cookie
	number int // in the order in which connections came
}

// serve listens and runs tests until ctx ends, or with -1 until one test is over.
func serve(ctx context.Context, s settings, out func() output, complain func(error)) error {
	l := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error { return controlSocket(c, s.bindDevice) }}
	l.SetMultipathTCP(false) // the C program's connections are plain TCP
	listener, err := l.Listen(ctx, s.tcpNetwork(), net.JoinHostPort(s.bind, strconv.Itoa(s.port)))
	if err != nil {
		err = fmt.Errorf("unable to start listener for connections: %s", reason(err))
		out().ended(err)
		return err
	}
	v := &server{
		settings: s, out: out, complain: complain, listener: listener.(*net.TCPListener),
		port:    listener.Addr().(*net.TCPAddr).Port,
		clients: make(chan arrival), joins: make(chan arrival, 2*maxStreams),
	}
	ctx, cancel := context.WithCancel(ctx)
	var accepting sync.WaitGroup
	accepting.Go(func() { v.accept(ctx) })
	defer accepting.Wait()
	defer listener.Close()
	defer cancel()
	for number := 1; ; number++ {
		o := v.out()
		v.mu.Lock()
		v.waiting = true // before it is said: who reads the banner may come at once
		v.mu.Unlock()
		o.listening(v.port, number)
		err := v.one(ctx, o)
		o.ended(err)
		switch {
		case errors.Is(err, errInterrupted):
			return err
		case errors.Is(err, errNoClient):
			if v.oneOff {
				return nil
			}
		case err != nil:
			if v.oneOff {
				return err
			}
			v.complain(err)
		case v.oneOff:
			return nil
		}
	}
}

// errNoClient says that no client came for the idle timeout.
var errNoClient = errors.New("no client")

// one waits for a client, which accept has been told to take, and runs its test.
func (v *server) one(ctx context.Context, out output) error {
	var idle <-chan time.Time
	if v.idleTimeout > 0 {
		timer := time.NewTimer(v.idleTimeout)
		defer timer.Stop()
		idle = timer.C
	}
	var a arrival
	select {
	case a = <-v.clients:
	case <-idle:
		if v.stopWaiting() {
			return errNoClient
		}
		select { // it came at the last moment
		case a = <-v.clients:
		case <-ctx.Done():
			return errInterrupted
		}
	case <-ctx.Done():
		v.stopWaiting() // a client that has been taken sees that too, and is not handed over
		return errInterrupted
	}
	defer a.conn.Close()
	t := newTest(v.settings, out)
	t.cookie, t.control = a.cookie, control{a.conn}
	defer func() {
		v.mu.Lock()
		v.cookie, v.streams = nil, false
		v.mu.Unlock()
		for {
			select {
			case j := <-v.joins: // for a stream that is no longer wanted
				j.conn.Close()
			default:
				return
			}
		}
	}()
	cancelled := context.AfterFunc(ctx, func() { a.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer cancelled()
	err := v.test(ctx, t, cancelled)
	if ctx.Err() != nil && err != nil {
		return errInterrupted
	}
	return err
}

// stopWaiting reports false when a client has been taken that is about to be handed over.
func (v *server) stopWaiting() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	was := v.waiting
	v.waiting = false
	return was
}

// accept takes connections until the listener is closed, and lets each say its cookie, beside whatever else goes on.
func (v *server) accept(ctx context.Context) {
	var talking sync.WaitGroup
	defer talking.Wait()
	for number := 0; ; number++ {
		conn, err := v.listener.AcceptTCP()
		if err != nil {
			if ctx.Err() != nil || errors.Is(err, net.ErrClosed) {
				return
			}
			// Too many open files, most likely: they get fewer.
			select {
			case <-time.After(100 * time.Millisecond):
				continue
			case <-ctx.Done():
				return
			}
		}
		if a, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || !v.mayConnect(a.AddrPort().Addr()) {
			conn.Close()
			continue
		}
		v.admit(conn)
		talking.Go(func() {
			ended := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
			defer ended()
			v.welcome(ctx, conn, number)
		})
	}
}

// admit makes room for a connection that has not said its cookie. Who says nothing is in nobody's way for long: a client
// says it at once.
func (v *server) admit(conn net.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.silent) == maxHandshakes {
		v.silent[0].Close()
		v.silent = slices.Delete(v.silent, 0, 1)
	}
	v.silent = append(v.silent, conn)
}

// spoke takes a connection off the list of those that have not said their cookie.
func (v *server) spoke(conn net.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if i := slices.Index(v.silent, conn); i >= 0 {
		v.silent = slices.Delete(v.silent, i, i+1)
	}
}

// welcome reads a connection's cookie and hands it on: to the test that it belongs to, or as a new client. Everyone else
// hears that the server is busy.
func (v *server) welcome(ctx context.Context, conn *net.TCPConn, number int) {
	a := arrival{conn: conn, number: number}
	conn.SetDeadline(time.Now().Add(handshakeTime))
	_, err := io.ReadFull(conn, a.cookie[:])
	v.spoke(conn)
	if err != nil || !a.cookie.valid() {
		conn.Close()
		return
	}
	conn.SetDeadline(time.Time{})
	v.mu.Lock()
	client := v.waiting
	join := !client && v.streams && v.cookie != nil && *v.cookie == a.cookie
	if client {
		v.waiting = false
		v.cookie = &a.cookie
	}
	if join {
		select {
		case v.joins <- a:
			v.mu.Unlock()
			return
		default: // more than any test wants
		}
	}
	v.mu.Unlock()
	if client {
		select {
		case v.clients <- a:
			return
		case <-ctx.Done():
		}
	} else {
		conn.SetWriteDeadline(time.Now().Add(handshakeTime))
		conn.Write([]byte{0xff}) // accessDenied
	}
	conn.Close()
}

// test runs the test that a client asks for.
func (v *server) test(ctx context.Context, t *test, stopWatch func() bool) error {
	c := t.control
	if err := c.sendState(paramExchange); err != nil {
		return err
	}
	var p parameters
	if err := c.readJSON("parameters", maxParamJSON, &p); err != nil {
		return err
	}
	if err := p.apply(&t.settings); err != nil {
		if r, ok := errors.AsType[refusal](err); ok {
			c.sendError(int32(r))
		}
		return fmt.Errorf("the client's parameters are refused: %w", err)
	}
	t.begun = time.Now()
	t.out.begun(t)
	defer t.closeStreams()
	if err := v.takeStreams(ctx, t); err != nil {
		c.sendError(streamCode(err))
		return err
	}
	t.out.connected(t)
	for _, s := range []state{testStart, testRunning} {
		if err := c.sendState(s); err != nil {
			return err
		}
	}
	stopWatch()
	said, err := t.run(ctx)
	switch {
	case errors.Is(err, errInterrupted):
		c.sendState(serverTerminate)
		t.out.finished(t)
		return err
	case errors.Is(err, errControlClosed):
		return errClientGone
	case err != nil:
		c.sendState(serverTerminate)
		return err
	case said == clientTerminate, said == iperfDone: // a C client that received nothing for its --rcv-timeout just says good-bye
		t.out.finished(t)
		return errClientTerminated
	case said != testEnd:
		return c.unexpected(said)
	}
	watch := context.AfterFunc(ctx, func() { c.SetDeadline(time.Unix(1, 0)) })
	defer watch()
	t.closeStreams()
	return v.exchange(t)
}

// exchange gives and takes the results.
func (v *server) exchange(t *test) error {
	c := t.control
	if err := c.sendState(exchangeResults); err != nil {
		return err
	}
	var theirs results
	if err := c.readJSON("results", maxClientJSON, &theirs); err != nil {
		return err
	}
	t.out.finished(t)
	ours := t.results()
	if t.getServerOutput {
		ours.ServerOutputText, ours.ServerOutputJSON = t.out.all()
	}
	if err := c.writeJSON("results", ours); err != nil {
		return err
	}
	if err := c.sendState(displayResults); err != nil {
		return err
	}
	// The results are delivered. Whether the client says good-bye or just goes is all the same.
	c.SetReadDeadline(time.Now().Add(controlTime))
	c.readState()
	return nil
}

// streamCode is what the client is told when its streams cannot be had.
func streamCode(err error) int32 {
	switch {
	case errors.Is(err, errNoCongestion):
		return codeSetCongestion
	case errors.Is(err, errBuffersNotSet):
		return codeBuffersNotSet
	}
	return codeAcceptStream
}

var errClientGone = errors.New("the client has unexpectedly closed the connection")

// noStreams says why the client's streams have not come.
func noStreams(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return errors.New("unable to accept stream connection: Connection timed out")
	}
	return errors.New("unable to accept stream connection: the client is gone")
}

// takeStreams tells the client to make its connections, and waits for all of them.
func (v *server) takeStreams(ctx context.Context, t *test) error {
	var hello *net.UDPConn
	if t.udp {
		var err error
		if hello, err = v.listenUDP(v.port); err != nil {
			return fmt.Errorf("unable to start stream listener: %s", reason(err))
		}
		defer hello.Close()
	} else {
		v.mu.Lock()
		v.streams = true
		v.mu.Unlock()
	}
	if err := t.control.sendState(createStreams); err != nil {
		return err
	}
	ctx, gone := context.WithTimeout(ctx, controlTime)
	defer gone()
	defer t.control.watch(gone)()
	if t.udp {
		defer context.AfterFunc(ctx, func() { hello.SetReadDeadline(time.Unix(1, 0)) })()
		return v.takeUDP(ctx, t, hello)
	}
	var came []arrival
	for len(came) < t.streamCount() {
		select {
		case a := <-v.joins:
			came = append(came, a)
			continue
		case <-ctx.Done():
		}
		for _, a := range came {
			a.conn.Close()
		}
		return noStreams(ctx)
	}
	v.mu.Lock()
	v.streams = false
	v.mu.Unlock()
	slices.SortFunc(came, func(a, b arrival) int { return a.number - b.number })
	var failed error
	for i, a := range came {
		err := withSocket(a.conn, func(fd uintptr) error { return t.setOptions(fd, "tcp"+ipFamily(a.conn)) })
		if _, add := t.addStream(a.conn, i); err == nil {
			err = add
		}
		if failed == nil && err != nil {
			failed = streamError("accept stream connection", err)
		}
	}
	return failed
}

// ipFamily is the last digit of a connection's network name.
func ipFamily(conn net.Conn) string {
	if a, ok := conn.LocalAddr().(*net.TCPAddr); ok && a.IP.To4() == nil {
		return "6"
	}
	return "4"
}

// takeUDP answers the client's first datagrams, each from a socket of its own that is connected to where it came from.
// Datagrams from other addresses than the client's are strangers'.
func (v *server) takeUDP(ctx context.Context, t *test, hello *net.UDPConn) error {
	peer, ok := t.control.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return errors.New("unable to accept stream connection")
	}
	from := peer.AddrPort().Addr().Unmap()
	known := map[netip.AddrPort]bool{}
	var buffer [maxUDPBlock]byte
	for len(t.streams) < t.streamCount() {
		n, addr, err := hello.ReadFromUDPAddrPort(buffer[:])
		if err != nil {
			return noStreams(ctx)
		}
		addr = netip.AddrPortFrom(addr.Addr().Unmap(), addr.Port())
		if n != 4 || addr.Addr() != from || known[addr] {
			continue
		}
		known[addr] = true
		conn, err := v.dialBack(t, addr)
		if err != nil {
			return streamError("accept stream connection", err)
		}
		if _, err := t.addStream(conn, len(t.streams)); err != nil {
			return err
		}
		var answer [4]byte
		binary.LittleEndian.PutUint32(answer[:], udpReply)
		if _, err := conn.Write(answer[:]); err != nil {
			return streamError("accept stream connection", err)
		}
	}
	return nil
}

// dialBack makes a socket on the server's port that is connected to the client's.
func (v *server) dialBack(t *test, to netip.AddrPort) (net.Conn, error) {
	s := t.settings
	s.bind, s.cport = v.bind, v.port
	network := "udp4"
	if to.Addr().Is6() {
		network = "udp6"
	}
	d, err := s.dialer(network, 0)
	if err != nil {
		return nil, err
	}
	return d.Dial(network, to.String())
}
