package native

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// Strangers who connect during a test hear that the server is busy, or nothing, and the test goes on.
func TestStrangersDisturbNothing(t *testing.T) {
	t.Parallel()
	var h Host
	ctx, cancel := context.WithCancel(t.Context())
	s := startHostServer(t, ctx, &h)
	address := "127.0.0.1:" + s.port
	out := &watched{want: "Bitrate", seen: make(chan struct{})}
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx, "iperf3 -c 127.0.0.1 -t 1 -i 0.1 -b 20M -p "+s.port, out, io.Discard) }()
	<-out.seen
	var strangers sync.WaitGroup
	for i := range 20 {
		strangers.Go(func() {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			switch i % 3 {
			case 0: // another client
				c := newCookie()
				conn.Write(c[:])
				got, err := io.ReadAll(conn)
				if err != nil || !bytes.Equal(got, []byte{0xff}) {
					t.Errorf("a second client got %x, %v", got, err)
				}
			case 1:
				conn.Write([]byte("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n...."))
			}
		})
	}
	var stderr bytes.Buffer
	if err := h.Run(ctx, "iperf3 -c "+"127.0.0.1 -t 1 -p "+s.port, io.Discard, &stderr); exitStatus(err) != 1 ||
		stderr.String() != "iperf3: error - the server is busy running a test. try again later\n" {
		t.Errorf("a second client: %v: %s", err, &stderr)
	}
	strangers.Wait()
	if err := <-done; err != nil {
		t.Errorf("the test: %v", err)
	}
	cancel()
	<-s.done
}

// However many connections say nothing, a client that speaks is served.
func TestSilentConnectionsKeepNobodyOut(t *testing.T) {
	t.Parallel()
	var h Host
	ctx, cancel := context.WithCancel(t.Context())
	s := startHostServer(t, ctx, &h)
	for range 3 * maxHandshakes {
		conn, err := net.Dial("tcp", "127.0.0.1:"+s.port)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
	}
	var stderr bytes.Buffer
	if err := h.Run(ctx, "iperf3 -c 127.0.0.1 -n 100K -P 4 -p "+s.port, io.Discard, &stderr); err != nil {
		t.Errorf("%v: %s", err, &stderr)
	}
	cancel()
	<-s.done
}

// A server that has been told nonsense serves the next client.
func TestServerOutlivesNonsense(t *testing.T) {
	t.Parallel()
	var h Host
	ctx, cancel := context.WithCancel(t.Context())
	s := startHostServer(t, ctx, &h)
	frame := func(text string) string {
		return string(binary.BigEndian.AppendUint32(nil, uint32(len(text)))) + text
	}
	for _, c := range []struct{ name, after string }{
		{"nothing", ""},
		{"endless length", "\xff\xff\xff\xff{}"},
		{"length over the limit", string(binary.BigEndian.AppendUint32(nil, maxParamJSON+1))},
		{"no JSON", frame("nonsense")},
		{"other JSON", frame("[1,2,3]")},
		{"too many streams", frame(`{"tcp":true,"parallel":129,"len":131072}`)},
		{"negative streams", frame(`{"tcp":true,"parallel":-1,"len":131072}`)},
		{"huge blocks", frame(`{"tcp":true,"parallel":1,"len":1e300}`)},
		{"huge datagrams", frame(`{"udp":true,"parallel":1,"len":131072}`)},
		{"endless", frame(`{"tcp":true,"time":1e12,"parallel":1,"len":1000}`)},
		{"SCTP", frame(`{"sctp":true,"parallel":1,"len":1000}`)},
		{"deep", frame(strings.Repeat("[", maxParamJSON-4))},
		{"both ways", frame(`{"tcp":true,"reverse":true,"bidirectional":true,"len":1000}`)},
		{"good-bye at once", frame(`{"tcp":true,"parallel":1,"len":1000}`)},
	} {
		conn := dialIdle(t, s.port)
		io.WriteString(conn, c.after)
		conn.(*net.TCPConn).CloseWrite()
		conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && !isReset(err) {
			t.Errorf("%s: %v", c.name, err)
		}
		conn.Close()
	}
	for busy := true; busy; {
		var stderr bytes.Buffer
		err := h.Run(ctx, "iperf3 -c 127.0.0.1 -n 100K -p "+s.port, io.Discard, &stderr)
		if busy = strings.Contains(stderr.String(), "busy"); !busy && err != nil {
			t.Errorf("%v: %s", err, &stderr)
		}
	}
	cancel()
	<-s.done
}

// dialIdle connects as a client, again while the server is still at the end of the test before.
func dialIdle(t *testing.T, port string) net.Conn {
	t.Helper()
	for {
		conn, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		cookie := newCookie()
		conn.Write(cookie[:])
		var answer [1]byte
		if _, err := io.ReadFull(conn, answer[:]); err != nil {
			t.Fatal(err)
		}
		if answer[0] == byte(paramExchange) {
			return conn
		}
		conn.Close()
	}
}

func FuzzParameters(f *testing.F) {
	f.Add([]byte(`{"tcp":true,"omit":0,"time":1,"num":0,"blockcount":0,"parallel":2,"len":131072,"bandwidth":5000000,"pacing_timer":1000,"client_version":"3.12"}`))
	f.Add([]byte(`{"udp":true,"omit":1,"time":1,"num":0,"blockcount":0,"parallel":1,"len":1000,"udp_counters_64bit":1,"reverse":1}`))
	f.Add([]byte(`{"len":18446744073709551615,"time":1e300,"tcp":0}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var p parameters
		if err := json.Unmarshal(text, &p); err != nil {
			return
		}
		s := defaults()
		if err := p.apply(&s); err != nil {
			return
		}
		if s.parallel < 1 || s.parallel > maxStreams || s.length < 1 || s.length > maxTCPBlock || s.duration < 0 ||
			s.duration > maxTime*time.Second || s.rate < 0 || s.window < 0 || s.window > maxBuffer || s.burst > maxBurst || s.bytes < 0 || s.blocks < 0 {
			t.Errorf("%s became %+v", text, s)
		}
	})
}

func FuzzControl(f *testing.F) {
	f.Add([]byte("\x00\x00\x00\x02{}"))
	f.Add([]byte("\x00\x00\x01\x00{\"streams\":[{\"id\":1,\"bytes\":-1,\"retransmits\":18446744073709551615}]}"))
	f.Add([]byte("\x00\x00\x00\x4a{\"streams\":[{\"id\":1,\"bytes\":9000000000000000000,\"end_time\":1e-320}]}         "))
	f.Add([]byte("\x00\x00\x00\x30{\"streams\":[{\"id\":3,\"bytes\":1,\"jitter\":1e308}]}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var r results
		if err := decodeJSON(bytes.NewReader(data), "results", maxClientJSON, &r); err != nil {
			return
		}
		x := newTest(defaults(), newTextOutput(lineWriter{w: io.Discard}, settings{}))
		x.streams = []*stream{{id: 1, socket: 5, sender: true}, {id: 3, socket: 7}}
		x.take(&r)
		x.parallel, x.elapsed, x.verbose = 2, time.Second, true
		x.out.finished(x)
		var out bytes.Buffer
		j := newJSONOutput(lineWriter{w: &out}, x.settings)
		j.finished(x)
		j.ended(nil)
		var doc document
		if err := json.Unmarshal(out.Bytes(), &doc); err != nil || doc.Error != "" {
			t.Errorf("%v: %s", err, &out)
		}
	})
}

func FuzzDatagrams(f *testing.F) {
	f.Add([]byte("0123456789abcdef0123456789abcdef"), byte(16), true)
	f.Fuzz(func(t *testing.T, data []byte, size byte, wide bool) {
		var a arrivals
		var c counts
		for n := int(size) + 1; len(data) > 0; data = data[min(n, len(data)):] {
			a.take(&c, data[:min(n, len(data))], time.Second, wide)
			if c.lost < 0 || c.packets < 0 || c.lost > c.packets {
				t.Fatalf("%+v", c)
			}
		}
	})
}

func FuzzCommandLine(f *testing.F) {
	f.Add("iperf3 -c 127.0.0.1 -t 1 --dscp=af31 -b 10M/5")
	f.Add("iperf3 -s -p 0 --allow 10.0.0.0/8,::1 -1")
	f.Fuzz(func(t *testing.T, line string) {
		words, err := splitWords(line)
		if err != nil || len(words) == 0 {
			return
		}
		if s, ask, err := parseFlags(words[1:]); err == nil && ask == "" && s.server == (s.host != "") {
			t.Errorf("%q is both or neither: %+v", line, s)
		}
	})
}

// A server that is ended just when a client comes ends, whichever of the two it sees first.
func TestClientAtTheEnd(t *testing.T) {
	t.Parallel()
	for range 200 {
		var h Host
		ctx, cancel := context.WithCancel(t.Context())
		s := startHostServer(t, ctx, &h)
		conn, err := net.Dial("tcp", "127.0.0.1:"+s.port)
		if err != nil {
			t.Fatal(err)
		}
		c := newCookie()
		conn.Write(c[:])
		cancel()
		<-s.done
		conn.Close()
	}
}
