package native

import (
	"fmt"
	"math"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever the rate and however late a sender wakes, what it has sent is what the rate makes of the time.
func TestPacerKeepsTheRate(t *testing.T) {
	for _, rate := range []float64{1e6, 100e6, 5e9} {
		synctest.Test(t, func(t *testing.T) {
			p := pacer{rate: rate / 8, start: time.Now()}
			const size = 1460.0
			for late := time.Duration(0); time.Since(p.start) < 10*time.Second; late = (late + 37*time.Microsecond) % (2 * time.Millisecond) {
				for p.due(time.Now()) >= 0 {
					p.sent += size
				}
				time.Sleep(p.wait(time.Now(), 0) + late)
			}
			got := p.sent * 8 / 10
			if math.Abs(got/rate-1) > 0.0025 {
				t.Errorf("%.0f bit/s instead of %.0f", got, rate)
			}
		})
	}
}

func TestBudget(t *testing.T) {
	var b budget
	b.left.Store(unlimited)
	if got := b.take(10); got != 10 || b.left.Load() != unlimited {
		t.Errorf("unlimited gave %d, left %d", got, b.left.Load())
	}
	b.left.Store(5)
	if a, c, d := b.take(3), b.take(3), b.take(3); a != 3 || c != 2 || d != 0 {
		t.Errorf("5 gave %d, %d, %d", a, c, d)
	}
	b.giveBack(1)
	if got := b.take(3); got != 1 {
		t.Errorf("what was given back gave %d", got)
	}
}

// Neither end allocates memory for a block or a datagram.
func TestNoAllocations(t *testing.T) {
	for _, rate := range []int64{0, 1e9} {
		t.Run(fmt.Sprintf("rate %d", rate), func(t *testing.T) {
			x := newTest(defaults(), nil)
			x.udp, x.rate = true, rate
			x.length, x.epoch = 1460, time.Now()
			receiver, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
			if err != nil {
				t.Fatal(err)
			}
			sender, err := net.Dial("udp4", receiver.LocalAddr().String())
			if err != nil {
				t.Fatal(err)
			}
			x.streams = []*stream{{conn: sender}, {conn: receiver}}
			defer x.closeStreams()
			if err := x.leavePoller(); err != nil {
				t.Fatal(err)
			}
			out, err := newDatagramWriter(x.streams[0].conn, x.length)
			if err != nil {
				t.Fatal(err)
			}
			defer out.end()
			in, err := newDatagramReader(x.streams[1].conn)
			if err != nil {
				t.Fatal(err)
			}
			defer in.end()
			n := min(out.most(), 8)
			var a arrivals
			s := x.streams[1]
			number := int64(0)
			if got := testing.AllocsPerRun(100, func() {
				for i := range n {
					number++
					x.header(out.datagram(i), time.Second, number)
				}
				if sent, err := out.send(n, number%2 == 0); err != nil || sent != n {
					t.Fatal(sent, err)
				}
				for s.now.packets < number {
					if err := in.receive(); err != nil {
						t.Fatal(err)
					}
					for data := range in.datagrams {
						a.take(&s.now, data, time.Second, false)
					}
				}
			}); got != 0 {
				t.Errorf("%v allocations for %d datagrams", got, n)
			}
			if s.now.bytes != number*1460 || s.now.lost != 0 || s.now.outOfOrder != 0 {
				t.Errorf("sent %d, counted %+v", number, s.now)
			}
		})
	}
}

func TestArrivals(t *testing.T) {
	for _, c := range []struct {
		name    string
		numbers []int64
		want    counts
	}{
		{"in order", []int64{1, 2, 3}, counts{bytes: 60, packets: 3}},
		{"one lost", []int64{1, 3}, counts{bytes: 40, packets: 3, lost: 1}},
		{"late", []int64{1, 3, 2, 4}, counts{bytes: 80, packets: 4, outOfOrder: 1}},
		{"twice", []int64{1, 1, 2}, counts{bytes: 60, packets: 2, outOfOrder: 1}},
		{"first lost", []int64{5}, counts{bytes: 20, packets: 5, lost: 4}},
	} {
		x := newTest(defaults(), nil)
		var a arrivals
		var got counts
		for _, n := range c.numbers {
			b := make([]byte, 20)
			x.header(b, time.Second, n)
			a.take(&got, b, 2*time.Second, false)
		}
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}
