package iperf_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tunaperf/tuna/iperf"
)

func TestEventTimer(t *testing.T) {
	for _, test := range []struct {
		name     string
		time     time.Duration
		do       func(*iperf.EventTimer) // runs beside Wait
		ctx      time.Duration           // zero: without end
		want     error
		wantTime time.Duration
	}{
		{name: "never cleared is open", do: nil},
		{name: "cleared waits for its time", do: func(*iperf.EventTimer) {}, time: 3 * time.Second, want: iperf.ErrTimeout, wantTime: 3 * time.Second},
		{name: "zero time is 5 s", do: func(*iperf.EventTimer) {}, want: iperf.ErrTimeout, wantTime: 5 * time.Second},
		{name: "set opens", do: func(e *iperf.EventTimer) { time.Sleep(time.Second); e.Set() }, wantTime: time.Second},
		{name: "cleared again starts the time anew", do: func(e *iperf.EventTimer) { time.Sleep(4 * time.Second); e.Clear() }, want: iperf.ErrTimeout, wantTime: 9 * time.Second},
		{name: "cleared again and then set", do: func(e *iperf.EventTimer) {
			time.Sleep(4 * time.Second)
			e.Clear()
			time.Sleep(4 * time.Second)
			e.Set()
		}, wantTime: 8 * time.Second},
		{name: "set twice", do: func(e *iperf.EventTimer) { e.Set(); e.Set() }},
		{name: "context ends first", do: func(*iperf.EventTimer) {}, ctx: 2 * time.Second, want: context.DeadlineExceeded, wantTime: 2 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := &iperf.EventTimer{Time: test.time}
				if test.do != nil {
					e.Clear()
					go test.do(e)
				}
				ctx := t.Context()
				if test.ctx > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.ctx)
					defer cancel()
				}
				start := time.Now()
				err := e.Wait(ctx)
				if !errors.Is(err, test.want) {
					t.Errorf("error: got %v, want %v", err, test.want)
				}
				if got := time.Since(start); got != test.wantTime {
					t.Errorf("waited %v, want %v", got, test.wantTime)
				}
			})
		})
	}
}

func TestEventTimerManyWaiters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var e iperf.EventTimer
		for range 3 { // it can be used again
			e.Clear()
			event := e.Event()
			var waiters sync.WaitGroup
			for range 50 {
				waiters.Go(func() {
					if err := e.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
			select {
			case <-event:
				t.Error("the gate is open before Set")
			default:
			}
			e.Set()
			waiters.Wait()
			<-event
			if err := e.Wait(t.Context()); err != nil {
				t.Errorf("an open gate: %v", err)
			}
		}
	})
}
