package native

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatchStreamFails has a stream fail, and the other end say why before it, after it, or never.
func TestWatchStreamFails(t *testing.T) {
	reset := errors.New("connection reset by peer")
	for _, test := range []struct {
		name  string
		says  message
		after time.Duration
		state state
		err   error
	}{
		{"the server says before that it ends", message{state: serverTerminate}, -time.Millisecond, serverTerminate, nil},
		{"the server says it a moment later", message{state: serverTerminate}, 300 * time.Millisecond, serverTerminate, nil},
		{"the server is killed", message{err: errControlClosed}, time.Millisecond, 0, errControlClosed},
		{"nothing is said", message{state: serverTerminate}, time.Hour, 0, reset},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := newTest(settings{}, nil)
				x.start = time.Now()
				messages, done := make(chan message, 1), make(chan ending, 1)
				said := time.AfterFunc(time.Second+test.after, func() { messages <- test.says })
				defer said.Stop()
				time.AfterFunc(time.Second, func() { done <- ending{true, reset} })
				got, err := x.watch(t.Context(), 0, 1, messages, done)
				if got != test.state || err != test.err {
					t.Errorf("got %d and %v, want %d and %v", got, err, test.state, test.err)
				}
			})
		})
	}
}

// TestEndOmit ends the omitted time after its last interval was reported: what has come in between is the test's.
func TestEndOmit(t *testing.T) {
	s := &stream{}
	s.add(100, 2)
	s.last = s.read()
	s.add(50, 1)
	s.endOmit(s.last)
	s.add(7, 1)
	s.final = s.read()
	if got := s.counted(); got.bytes != 57 || got.packets != 2 {
		t.Errorf("got %d bytes in %d packets, want 57 in 2", got.bytes, got.packets)
	}
}
