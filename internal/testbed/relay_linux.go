package testbed

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// moreProcessors raises GOMAXPROCS so that a relay that wakes up always finds a free processor of
// the Go scheduler. Otherwise it may wait for another goroutine whose thread itself waits for a
// core: up to 100 ms on a busy machine.
var moreProcessors = sync.OnceFunc(func() { runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 8) })

// startRelay makes two TUN devices. Packets routed into near come out of far after the delay there,
// and packets routed into far come out of near after the delay back. The devices and the goroutines
// end with the test.
func startRelay(tb testing.TB, near, far Netns, there, back time.Duration) {
	tb.Helper()
	must := func(err error) {
		tb.Helper()
		if err != nil {
			tb.Fatalf("delay: %v", err)
		}
	}
	quit, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	must(err)
	files := []int{quit}
	var relays sync.WaitGroup
	tb.Cleanup(func() {
		unix.Write(quit, []byte{1, 1, 1, 1, 1, 1, 1, 1}) // any number makes it readable for both goroutines
		relays.Wait()
		for _, f := range files {
			unix.Close(f)
		}
	})
	for _, n := range []Netns{near, far} {
		f, err := openTUN(n)
		must(err)
		files = append(files, f)
	}
	moreProcessors()
	relays.Go(func() { relay(tb, files[1], files[2], quit, there) })
	relays.Go(func() { relay(tb, files[2], files[1], quit, back) })
}

// openTUN makes n's device as a TUN device. Reads and writes of the returned file do not block.
func openTUN(n Netns) (file int, err error) {
	var opening sync.WaitGroup
	opening.Go(func() { // see enter
		if err = n.enter(); err != nil {
			return
		}
		if file, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
			err = fmt.Errorf("/dev/net/tun: %w", err)
			return
		}
		var request *unix.Ifreq
		if request, err = unix.NewIfreq(n.Dev); err == nil {
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(file, unix.TUNSETIFF, request)
		}
		if err != nil {
			unix.Close(file)
			err = fmt.Errorf("TUN device %s: %w", n.Dev, err)
		}
	})
	opening.Wait()
	return file, err
}

// relay copies packets from one TUN device to another, each after a delay, until quit is readable.
// Its thread has the highest priority.
func relay(tb testing.TB, from, to, quit int, delay time.Duration) {
	runtime.LockOSThread()
	unix.Setpriority(unix.PRIO_PROCESS, 0, -20)
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0) // in nanoseconds
	type packet struct {
		due  time.Time
		data []byte
	}
	var queue []packet // sorted by due, because the delay is constant
	var free [][]byte  // buffers
	wait := []unix.PollFd{{Fd: int32(from), Events: unix.POLLIN}, {Fd: int32(quit), Events: unix.POLLIN}}
	for {
		timeout := unix.NsecToTimespec(int64(time.Minute))
		if len(queue) > 0 {
			timeout = unix.NsecToTimespec(int64(max(0, time.Until(queue[0].due))))
		}
		if _, err := unix.Ppoll(wait, &timeout, nil); err != nil && err != unix.EINTR {
			tb.Errorf("delay: %v", err)
			return
		}
		if wait[1].Revents != 0 {
			return
		}
		for len(queue) > 0 && !time.Now().Before(queue[0].due) {
			unix.Write(to, queue[0].data) // a packet that the kernel does not accept is lost
			free = append(free, queue[0].data[:cap(queue[0].data)])
			queue = queue[1:]
		}
		for range 64 { // at most, so that due packets are not late
			if len(free) == 0 {
				free = append(free, make([]byte, 2048))
			}
			buf := free[len(free)-1]
			n, err := unix.Read(from, buf)
			if err != nil {
				break
			}
			free = free[:len(free)-1]
			queue = append(queue, packet{time.Now().Add(delay), buf[:n]})
		}
	}
}
