package iperf

import (
	"context"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/tunaperf/tuna/internal/shquote"
)

// A clock is how far a host's clock is ahead of ours: between low and high.
type clock struct{ low, high time.Duration }

// needsClocks reports whether what the receiver reports depends on both clocks: iperf 2 then counts the receiver's time
// from a moment that the client's clock tells. Of a TxStartTime 2.2.1 no longer does.
func (x *Iperf) needsClocks(client, server Version) bool {
	c := &x.Client
	older := !client.AtLeast(2, 2, 1) || !server.AtLeast(2, 2, 1)
	return client.Major < 3 && (c.TripTimes || !c.TxStartTime.IsZero() && older)
}

// clockLimit returns by how much the clocks may differ. The receiver's time is wrong by as much: that is one percent of
// it at most, or of an interval of an amount, whose time is not known.
func (c *ClientSettings) clockLimit() time.Duration {
	if c.amount() {
		return c.interval() / 100
	}
	return max(c.time()/100, 10*time.Millisecond)
}

// compareClocks returns ErrClocksDiffer if the clocks of the two hosts differ by more than the receiver's report can
// bear, and a warning if that could not be found out.
func (x *Iperf) compareClocks(ctx context.Context, client, server *machine) (warning, err error) {
	if !x.needsClocks(client.version, server.version) {
		return nil, nil
	}
	asked, cancel := context.WithTimeoutCause(ctx, asking, deadlineError{asking, ": it did not tell its time"})
	defer cancel()
	var ofClient, ofServer clock
	var clientErr, serverErr error
	var answers sync.WaitGroup
	answers.Go(func() { ofClient, clientErr = askClock(asked, client.host) })
	answers.Go(func() { ofServer, serverErr = askClock(asked, server.host) })
	answers.Wait()
	for _, one := range []struct {
		m   *machine
		err error
	}{{client, clientErr}, {server, serverErr}} {
		if one.err != nil {
			return fmt.Errorf("the clocks could not be compared, on which the receiver's report depends: %s: %w", hostName(one.m.host), one.err), nil
		}
	}
	return ofServer.against(ofClient, x.Client.clockLimit(), hostName(server.host), hostName(client.host))
}

// against compares the server's clock with the client's.
func (s clock) against(c clock, limit time.Duration, server, client string) (warning, err error) {
	low, high := s.low-c.high, s.high-c.low // how far the server's is ahead
	ahead, apart := (low+high)/2, (high-low)/2
	least := max(low, -high, 0)
	round := func(d time.Duration) time.Duration { return d.Round(100 * time.Microsecond) }
	switch {
	case least > limit:
		which := "ahead of"
		if ahead < 0 {
			which = "behind"
		}
		return nil, fmt.Errorf("%w: the server's (%s) is %v %s the client's (%s), give or take %v, and for this test they may differ by %v: "+
			"synchronise them, or do without TripTimes and TxStartTime", ErrClocksDiffer, server, round(ahead.Abs()), which, client, round(apart), limit)
	case apart > limit:
		return fmt.Errorf("the clocks of %s and %s could be compared to within %v only: the receiver's report is good if they differ by less than %v",
			server, client, round(apart), limit), nil
	}
	return nil, nil
}

// ourClock is the moment that the offsets of hosts' clocks are counted from. A step of our own clock does not change them.
var ourClock = time.Now()

// readings is how often a clock is read: each reading bounds it, and the narrowest bounds of all hold.
const readings = 5

// askClock compares a host's clock with ours. GNU's and toybox's date print nanoseconds. Others, such as BusyBox's and
// those of BSD, print whole seconds: then the moment is waited for at which a second begins.
func askClock(ctx context.Context, h HostSSH) (clock, error) {
	best, took := clock{math.MinInt64, math.MaxInt64}, time.Duration(math.MaxInt64)
	whole := false
	for range readings {
		now, isWhole, sent, received, err := readClock(ctx, h, "date +%s.%N")
		if err != nil {
			return clock{}, err
		}
		whole = isWhole
		took = min(took, received-sent)
		best = clock{max(best.low, now-received), min(best.high, now-sent)}
	}
	if whole {
		return askTick(ctx, h, took)
	}
	return best, nil
}

// tickScript prints the second that begins. One turn of its loop takes tickTurn at most, unless the host is very slow.
const (
	tickScript = `s=$(date +%s); while t=$(date +%s) && [ "$t" = "$s" ]; do :; done; echo "$t"`
	tickTurn   = 20 * time.Millisecond
)

// askTick compares clocks by the moment at which the host's next second begins. A command there takes about took.
func askTick(ctx context.Context, h HostSSH, took time.Duration) (clock, error) {
	now, _, _, received, err := readClock(ctx, h, shquote.Join([]string{"sh", "-c", tickScript}))
	return clock{now - received, now - received + took + tickTurn}, err
}

var dateOutput = regexp.MustCompile(`(?m)^(\d{9,11})(?:\.(\d{9}))?`)

// readClock runs a command that prints a time, and returns it with the moments between which it was printed. All are
// counted from ourClock. whole reports whether it has only seconds.
func readClock(ctx context.Context, h HostSSH, command string) (now time.Duration, whole bool, sent, received time.Duration, err error) {
	var out buffer
	sent = time.Since(ourClock)
	err = h.Run(ctx, command, writerFunc(func(p []byte) {
		received = time.Since(ourClock)
		out.Write(p)
	}), io.Discard)
	m := dateOutput.FindStringSubmatch(out.String())
	switch {
	case m == nil && err != nil:
		return 0, false, 0, 0, err
	case m == nil:
		return 0, false, 0, 0, fmt.Errorf("date: %w: %s", ErrNotUnderstood, firstLine(out.String()))
	}
	seconds, _ := strconv.ParseInt(m[1], 10, 64) // so few digits are a number
	nanoseconds, _ := strconv.ParseInt(m[2], 10, 64)
	return time.Unix(seconds, nanoseconds).Sub(ourClock.Round(0)), m[2] == "", sent, received, nil
}
