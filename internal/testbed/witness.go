package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// The bytes around the payload of one packet as a device counts it: Ethernet, IPv4, and TCP with
// timestamps or UDP. They stand once around a packet that offloading has left in one piece, and the
// device counts that as one packet, so payload is computed exactly either way.
const (
	TCPHeaders = 14 + 20 + 32
	UDPHeaders = 14 + 20 + 8
)

// A Witness samples what arrives at a host's end of a link while a test runs. On a busy machine a
// link carries less than its rate: a test then holds iperf's number against what the kernel says.
type Witness struct {
	stop    func() // ends the sampling, and waits for it
	samples []arrival
}

// An arrival is what a device has received up to a moment.
type arrival struct {
	at             time.Time
	bytes, packets int64
}

// sampling is the time between two samples of a Witness.
const sampling = 10 * time.Millisecond

// Watch starts to sample what arrives at n. The caller calls Stop; the end of the test does too.
func (n Netns) Watch(tb testing.TB) *Witness {
	tb.Helper()
	// Counters of another namespace are seen through the /proc of a process there.
	cmd := exec.Command("ip", "netns", "exec", n.Name, "cat")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	stdin.Write([]byte("\n"))
	stdout.Read(make([]byte, 1)) // cat runs, in the namespace, so ip has made way
	w, quit := &Witness{}, make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		tick := time.NewTicker(sampling)
		defer tick.Stop()
		for more := true; more; {
			select {
			case <-tick.C:
			case <-quit:
				more = false
			}
			// On a busy machine this program may not run between the counters and the clock.
			asked := time.Now()
			if a, err := received(cmd.Process.Pid, n.Dev); err == nil && a.at.Sub(asked) < sampling/4 {
				w.samples = append(w.samples, a)
			}
		}
	})
	w.stop = sync.OnceFunc(func() {
		close(quit)
		sampler.Wait()
		stdin.Close()
		cmd.Wait()
	})
	tb.Cleanup(w.stop)
	return w
}

// received reads what a device has received in the network namespace of pid.
func received(pid int, dev string) (a arrival, err error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/dev", pid))
	a.at = time.Now()
	if err != nil {
		return a, err
	}
	for line := range strings.Lines(string(b)) {
		if counters, ok := strings.CutPrefix(strings.TrimSpace(line), dev+":"); ok {
			_, err := fmt.Sscan(counters, &a.bytes, &a.packets)
			return a, err
		}
	}
	return a, fmt.Errorf("no device %s", dev)
}

// Stop ends the sampling. Rates and Bytes may be called after it.
func (w *Witness) Stop() { w.stop() }

// payload returns how many bytes arrived between two samples without headers bytes of each packet.
func payload(from, to arrival, headers int64) int64 {
	return to.bytes - from.bytes - headers*(to.packets-from.packets)
}

// busy returns the samples from the first payload to the last. The few bytes of a control connection
// around it are none.
func (w *Witness) busy(headers int64) []arrival {
	const least = 10 << 10 // bytes a sample
	first, last := -1, 0
	for i := 1; i < len(w.samples); i++ {
		if payload(w.samples[i-1], w.samples[i], headers) >= least {
			if first < 0 {
				first = i - 1
			}
			last = i
		}
	}
	if first < 0 {
		return nil
	}
	return w.samples[first : last+1]
}

// Bytes returns how many bytes of payload arrived.
func (w *Witness) Bytes(headers int64) int64 {
	b := w.busy(headers)
	if b == nil {
		return 0
	}
	return payload(b[0], b[len(b)-1], headers)
}

// Rates returns the lowest and the highest rate, in bits per second, at which payload arrived during
// any window of the given length from the first payload to the last. Both are zero if there was none.
func (w *Witness) Rates(headers int64, window time.Duration) (low, high float64) {
	b := w.busy(headers)
	if b == nil {
		return 0, 0
	}
	rate := func(from, to arrival) float64 {
		return 8 * float64(payload(from, to, headers)) / to.at.Sub(from.at).Seconds()
	}
	low = rate(b[0], b[len(b)-1]) // of all of it, if that is shorter than a window
	high = low
	to := 0
	for _, from := range b {
		for to < len(b) && b[to].at.Sub(from.at) < window {
			to++
		}
		if to == len(b) {
			break
		}
		r := rate(from, b[to])
		low, high = min(low, r), max(high, r)
	}
	return low, high
}
