package iperf

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// An EventTimer is a gate: Clear closes it, Set opens it, and Wait waits until it is open, or until the gate has been
// closed for Time. The zero value is an open gate. It may be used by many goroutines, and must not be copied after its
// first use.
//
// A run holds its client back with one until there is evidence that the server listens.
type EventTimer struct {
	// Time is how long Wait waits at most, counted from Clear. Zero means 5 seconds; a run waits longer on a host that
	// takes long to start programs. It must not be changed while the gate is in use.
	Time time.Duration

	mu      sync.Mutex
	event   chan struct{} // closed when the gate is open; nil: it was never closed
	expires time.Time
}

func (t *EventTimer) limit() time.Duration {
	if t == nil || t.Time == 0 {
		return 5 * time.Second
	}
	return t.Time
}

// startup returns how long a run holds its client back on a host that took rtt to tell a program's version. A server
// starts as slowly there.
func (t *EventTimer) startup(rtt time.Duration) time.Duration {
	if t != nil && t.Time != 0 {
		return t.Time
	}
	return max(t.limit(), 10*rtt)
}

// Clear closes the gate and starts its time, anew if it was closed already.
func (t *EventTimer) Clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.event == nil || isClosed(t.event) {
		t.event = make(chan struct{})
	}
	t.expires = time.Now().Add(t.limit())
}

// Set opens the gate. Opening an open gate does nothing.
func (t *EventTimer) Set() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.event != nil && !isClosed(t.event) {
		close(t.event)
	}
}

// Event is closed when the gate is open. After a later Clear it is another channel.
func (t *EventTimer) Event() <-chan struct{} {
	event, _ := t.state()
	return event
}

// Wait returns nil when the gate is open, an error that wraps ErrTimeout when its time is over first, and one that
// wraps ctx's when that ends first.
func (t *EventTimer) Wait(ctx context.Context) error {
	for {
		event, expires := t.state()
		timer := time.NewTimer(time.Until(expires))
		select {
		case <-event:
			timer.Stop()
			return nil
		case <-ctx.Done():
			timer.Stop()
			return fmt.Errorf("waiting for an event: %w", safeCause(ctx))
		case <-timer.C:
		}
		switch nowEvent, nowExpires := t.state(); {
		case isClosed(nowEvent):
			return nil
		case !nowExpires.After(expires): // no Clear came meanwhile
			return fmt.Errorf("waiting for an event: %w after %v", ErrTimeout, t.limit())
		}
	}
}

func (t *EventTimer) state() (event <-chan struct{}, expires time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.event == nil {
		t.event = make(chan struct{})
		close(t.event)
	}
	return t.event, t.expires
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// time returns Time, also of a nil EventTimer.
func (t *EventTimer) time() time.Duration {
	if t == nil {
		return 0
	}
	return t.Time
}
