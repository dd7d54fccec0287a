package testbed

import (
	"testing"
	"time"
)

func TestTraffic(t *testing.T) {
	l := NewLink(t, "", "")
	before := l.B.Counter(t, "Udp", "InErrors") + l.B.Counter(t, "Udp", "NoPorts")
	begin := time.Now()
	traffic := l.A.Send(t, l.B, 5)
	traffic.stopAfter(t, 150)
	most := 5e6 / 8 * time.Since(begin).Seconds()
	packets, bytes := traffic.Sent()
	if got := float64(bytes); got > most || got < most/2 || bytes != packets*1442 {
		t.Errorf("got %d packets with %d bytes, want about %.0f", packets, bytes, most)
	}
	traffic.settle(t, none)
	if arrived, arrivedBytes := traffic.Arrived(t); arrived != packets || arrivedBytes != bytes {
		t.Errorf("%d packets arrived with %d bytes, want %d with %d", arrived, arrivedBytes, packets, bytes)
	}
	if got := l.B.Counter(t, "Udp", "InErrors") + l.B.Counter(t, "Udp", "NoPorts"); got != before {
		t.Errorf("the receiver's UDP counted %d, want none", got-before)
	}
}

// stopAfter stops the traffic when it has sent a number of packets.
func (tr *Traffic) stopAfter(t *testing.T, packets int64) {
	t.Helper()
	for late := time.Now().Add(10 * time.Second); tr.packets.Load() < packets; time.Sleep(time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("%d packets were sent, want %d", tr.packets.Load(), packets)
		}
	}
	tr.Stop()
}

// settle waits up to 5 s until each packet has arrived or is counted by lost.
func (tr *Traffic) settle(t *testing.T, lost func() int64) (sent, arrived int64) {
	t.Helper()
	sent, _ = tr.Sent()
	for late := time.Now().Add(5 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		arrived, _ = tr.Arrived(t)
		if arrived+lost() == sent || time.Now().After(late) {
			return sent, arrived
		}
	}
}

func none() int64 { return 0 }
