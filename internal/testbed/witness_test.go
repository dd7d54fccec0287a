package testbed

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRatesOfAWitness(t *testing.T) {
	// A device that receives 1,250,000 bytes a second of payload, 10 Mbit/s, in packets of 1250, with a
	// handshake before, and with a stall of 200 ms that begins after a second.
	var w Witness
	var now arrival
	step := func(d time.Duration, packets int64) {
		now.at = now.at.Add(d)
		now.packets += packets
		now.bytes += packets * (1250 + Segments.Headers())
		now.streams = 1250 * now.packets
		w.samples = append(w.samples, now)
	}
	step(0, 0)
	step(time.Second, 1)
	for i := range 300 {
		packets := int64(10)
		if i >= 100 && i < 120 {
			packets = 0
		}
		step(10*time.Millisecond, packets)
	}
	step(time.Second, 2)
	type rates struct{ Low, High float64 }
	for _, test := range []struct {
		name   string
		window time.Duration
		want   rates
	}{
		{"a second", time.Second, rates{8e6, 10e6}},
		{"half a second", 500 * time.Millisecond, rates{6e6, 10e6}},
		{"longer than the traffic", time.Minute, rates{10e6 * 2.8 / 60, 10e6 * 2.8 / 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, count := range []Count{Segments, Streams} {
				var got rates
				got.Low, got.High = w.Rates(count, test.window)
				near := cmp.Comparer(func(a, b float64) bool { return math.Abs(a-b) < 1e-6*b })
				if diff := cmp.Diff(test.want, got, near); diff != "" {
					t.Errorf("count %v: want -, got +\n%s", count, diff)
				}
			}
		})
	}
	if got := w.Bytes(Segments); got != 280*12500 {
		t.Errorf("bytes: got %d, want %d", got, 280*12500)
	}
	if got := w.Waited(Segments); got != 0 {
		t.Errorf("no connection was counted, and its payload waited %v", got)
	}
	for i := range w.samples {
		w.samples[i].opened = min(i+1, 2)
	}
	w.samples = slices.Insert(w.samples, 1, arrival{at: w.samples[1].at.Add(-300 * time.Millisecond), opened: 2})
	if got, want := w.Waited(Segments), 300*time.Millisecond; got != want {
		t.Errorf("the payload waited: got %v, want %v", got, want)
	}
	if low, high := new(Witness).Rates(Segments, time.Second); low != 0 || high != 0 {
		t.Errorf("nothing arrived: got %g to %g", low, high)
	}
}

// TestWatch counts what a real link carries: what iperf's receiver has read, and what was on its way
// when it stopped reading.
func TestWatch(t *testing.T) {
	l := NewLink(t, "100mbit", "")
	Need(t, "iperf3", "iptables")
	// Each lost segment is retransmitted, and the segments behind it wait.
	l.B.Command(t, "iptables", "-w", "-A", "INPUT", "-p", "tcp", "-m", "statistic", "--mode", "nth", "--every", "50", "--packet", "0", "-j", "DROP")
	w := l.B.Watch(t)
	l.B.Command(t, "iperf3", "-s", "-1", "-D")
	var doc struct {
		End struct {
			Received struct{ Bytes int64 } `json:"sum_received"`
		}
	}
	if err := json.Unmarshal([]byte(l.A.Command(t, "iperf3", "-c", l.B.Addr, "-t", "1", "-P", "2", "-J")), &doc); err != nil {
		t.Fatal(err)
	}
	w.Stop()
	read := doc.End.Received.Bytes
	segments, streams := w.Bytes(Segments), w.Bytes(Streams)
	// The sockets are closed at the end of the test, so the last sample may lack the last bytes.
	if streams < read-read/20 || streams > read+4<<20 || read == 0 {
		t.Errorf("got %d bytes in order, the receiver read %d", streams, read)
	}
	if segments < streams+read/200 || segments > read+4<<20 {
		t.Errorf("got %d bytes in segments, %d in order, the receiver read %d, and 2 %% came twice", segments, streams, read)
	}
	// What is counted by a sample that comes late may have arrived at any time since the one before. The highest rate of a
	// window has all that was counted so around its beginning, and around its end.
	const window, most = 100 * time.Millisecond, 101e6
	var counted int64
	for i, sample := range w.samples {
		if i > 0 && late(w.samples[i-1], sample) {
			counted = max(counted, Segments.between(w.samples[i-1], sample))
		}
	}
	low, high := w.Rates(Segments, window)
	if low > high || low > most || high > most+float64(2*8*counted)/window.Seconds() || high < 20e6 {
		t.Errorf("got %g to %g bit/s over a link of 100 Mbit/s", low, high)
	}
}

// TestStreamsAreWhatWasRead counts what a program has read, which may be long after it arrived.
func TestStreamsAreWhatWasRead(t *testing.T) {
	l := NewLink(t, "", "")
	const size = 40 << 10
	var got [3]int64
	var opened int
	var counting sync.WaitGroup
	counting.Go(func() {
		c, err := openCounters(l.B)
		if err != nil {
			t.Error(err)
			return
		}
		defer c.close()
		// This thread is in the namespace, so the sockets are too.
		listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Error(err)
			return
		}
		defer listener.Close()
		sender, err := net.DialTCP("tcp4", nil, listener.Addr().(*net.TCPAddr))
		if err != nil {
			t.Error(err)
			return
		}
		defer sender.Close()
		receiver, err := listener.AcceptTCP()
		if err != nil {
			t.Error(err)
			return
		}
		sender.Write(make([]byte, size))
		for i, wants := range []int{0, size / 2, size / 4} {
			if _, err := io.ReadFull(receiver, make([]byte, wants)); err != nil {
				t.Error(err)
			}
			if i == 2 { // not looked at between its last read and its end
				receiver.Close()
			}
			for !t.Failed() { // the kernel tells of an end a moment later
				a, err := c.read()
				if err != nil {
					t.Error(err)
				}
				opened = a.opened
				if got[i] = a.streams; i < 2 || got[i] > got[1] || t.Context().Err() != nil {
					break
				}
			}
		}
	})
	counting.Wait()
	if want := [3]int64{0, size / 2, size / 4 * 3}; got != want {
		t.Errorf("got %d, want %d", got, want)
	}
	if opened != 2 {
		t.Errorf("got %d connections, want that of each end", opened)
	}
}

// TestWatchMovesNoOther checks that the program is where it was after many watches: the network of its first thread, which
// is that of /proc/self/net.
func TestWatchMovesNoOther(t *testing.T) {
	l := NewLink(t, "", "")
	var watches sync.WaitGroup
	for range 20 {
		watches.Go(func() {
			w := l.B.Watch(t)
			if got, want := readlink(t, "/proc/self/ns/net"), readlink(t, fmt.Sprintf("/proc/%d/ns/net", os.Getppid())); got != want {
				t.Errorf("the program is in %s, want %s", got, want)
			}
			w.Stop()
		})
	}
	watches.Wait()
}

func readlink(t *testing.T, name string) string {
	t.Helper()
	target, err := os.Readlink(name)
	if err != nil {
		t.Fatal(err)
	}
	return target
}
