package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
)

func TestTransientFailuresAreTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetricScript(t)
		s.Directions, s.Repetitions = iperf.Upstream, 2
		s.upstream(50)
		s.failing(s.dut, s.server, busy)
		iperftest.Test{ServerErr: "iperf3: error - unable to start listener for connections: Address already in use\n", ServerStatus: 1}.Expect(s.dut, s.server)
		s.upstream(52)
		type event struct {
			repetition int
			over, fine bool
			in         time.Duration
			n          int
		}
		var events []event
		s.OnProgress = func(p iperf.Progress) {
			e := event{repetition: p.Repetition, over: p.Attempt != nil, in: p.RetryIn, n: p.Spread.N}
			e.fine = e.over && p.Attempt.Counts()
			events = append(events, e)
		}
		got, err := s.Measure(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]float64{50, 52}, mbits(got.Series[0].Rates())); diff != "" {
			t.Errorf("rates (-want +got)\n%s", diff)
		}
		want := []event{
			{repetition: 1}, {repetition: 1, over: true, fine: true, n: 1},
			{repetition: 2, n: 1}, {repetition: 2, over: true, in: time.Second, n: 1},
			{repetition: 2, n: 1}, {repetition: 2, over: true, in: 2 * time.Second, n: 1},
			{repetition: 2, n: 1}, {repetition: 2, over: true, fine: true, n: 2},
		}
		if !slices.Equal(events, want) {
			t.Errorf("events: got %+v\nwant %+v", events, want)
		}
		var kinds []error
		for _, a := range got.Series[0].Attempts {
			kinds = append(kinds, a.Err)
		}
		if len(kinds) != 4 || kinds[0] != nil || !errors.Is(kinds[1], iperf.ErrServerBusy) || !errors.Is(kinds[2], iperf.ErrPortInUse) || kinds[3] != nil {
			t.Errorf("attempts: got %v", kinds)
		}
	})
}

func TestLostHostIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetricScript(t)
		s.Directions = iperf.Upstream
		s.dut.Expect("iperf3 --version", iperftest.Lose())
		s.upstream(50)
		s.OnProgress = func(p iperf.Progress) {
			if p.RetryIn > 0 {
				s.dut.Restore()
			}
		}
		got, err := s.Measure(t.Context(), "")
		if err != nil || mbit(got.Value) != 50 || !errors.Is(got.Series[0].Attempts[0].Err, iperf.ErrHostLost) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestDirectionThatFailsGetsNoMoreRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetricScript(t)
		s.Repetitions, s.Retries = 3, -1
		s.upstream(50)
		s.failing(s.dut, s.server, unreachable)
		s.downstream(90, 91, 92)
		got, err := s.Measure(t.Context(), "")
		if !errors.Is(err, iperf.ErrUnreachable) {
			t.Errorf("error: got %v", err)
		}
		up, down := got.Of(iperf.Upstream), got.Of(iperf.Downstream)
		if len(up.Attempts) != 2 || mbit(up.Value) != 50 || len(down.Attempts) != 3 || mbit(down.Value) != 91 || mbit(got.Value) != 70.5 {
			t.Errorf("got %+v, upstream %+v, downstream %+v", got, up, down)
		}
	})
}

func TestDirectionWithoutAValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMetricScript(t)
		s.Retries = 1
		s.failing(s.dut, s.server, busy)
		s.failing(s.dut, s.server, busy)
		s.downstream(90)
		got, err := s.Measure(t.Context(), "")
		if err == nil || got.Value != 0 || mbit(got.Of(iperf.Downstream).Value) != 90 || len(got.Of(iperf.Upstream).Attempts) != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
		if want := "upstream, repetition 1: iperf3 client on the DUT (192.0.2.50): "; err != nil && err.Error()[:len(want)] != want {
			t.Errorf("error: got %v, want %s…", err, want)
		}
	})
}

func TestMeasureIsEndedByItsContext(t *testing.T) {
	for _, test := range []struct {
		name string
		end  time.Duration
	}{
		{"within a test", 2500 * time.Millisecond},
		{"while a test that failed is ended", 3500 * time.Millisecond},
		{"while it waits to try again", 4500 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancelCause(t.Context()) // one with a deadline would not start the last test
				defer time.AfterFunc(test.end, func() { cancel(context.DeadlineExceeded) }).Stop()
				s := newMetricScript(t)
				s.Repetitions = 5
				s.upstream(50, 51)
				s.downstream(90)
				if test.end > 3*time.Second {
					s.failing(s.server, s.dut, busy)
				}
				got, err := s.Measure(ctx, "")
				if !errors.Is(err, iperf.ErrTimeout) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("error: got %v", err)
				}
				if mbit(got.Of(iperf.Upstream).Value) < 50 || mbit(got.Of(iperf.Downstream).Value) != 90 {
					t.Errorf("got %+v", got)
				}
				if got.Elapsed != test.end {
					t.Errorf("took %v, want %v", got.Elapsed, test.end)
				}
			})
		})
	}
}

func TestTransient(t *testing.T) {
	for _, test := range []struct {
		err  error
		want bool
	}{
		{iperf.ErrServerBusy, true},
		{iperf.ErrPortInUse, true},
		{iperf.ErrRefused, true},
		{iperf.ErrPeerLost, true},
		{iperf.ErrHostLost, true},
		{&iperf.RunError{Host: "h", Err: fmt.Errorf("%w: %w", iperf.ErrHostLost, io.EOF)}, true},
		{iperf.ErrInterrupted, false},
		{fmt.Errorf("%w; %w", iperf.ErrPeerLost, iperf.ErrInterrupted), false},
		{fmt.Errorf("%w; %w", iperf.ErrHostLost, iperf.ErrInterrupted), true},
		{fmt.Errorf("%w; %w", iperf.ErrServerBusy, iperf.ErrNoBandwidth), true}, // of the server, whose client was sent away
		{fmt.Errorf("%w; %w", iperf.ErrPeerLost, iperf.ErrTimeout), false},
		{fmt.Errorf("%w; %w", iperf.ErrHostLost, iperf.ErrCanceled), false},
		{iperf.ErrTimeout, false},
		{iperf.ErrUnreachable, false},
		{iperf.ErrNoBandwidth, false},
		{iperf.ErrNotInstalled, false},
		{iperf.ErrUnsupported, false},
		{iperf.ErrSettings, false},
		{iperf.ErrStorage, false},
		{iperf.ErrNotUnderstood, false},
		{errors.New("another"), false},
		{nil, false},
	} {
		if got := iperf.Transient(test.err); got != test.want {
			t.Errorf("%v: got %v", test.err, got)
		}
	}
}
