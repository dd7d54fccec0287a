package iperf

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
)

// A catcher calls the caller's code in goroutines of ours. A panic there would end the whole program at once, and could
// not be recovered from. So it is kept, and raised again where the caller has called us, when the programs on the hosts
// have been ended. The same holds for runtime.Goexit, which is what testing's FailNow does.
type catcher struct {
	mu     sync.Mutex
	caught bool
	panic  *panicError // nil: it was Goexit
}

// call calls f, unless the caller's code has failed before, and failed when it fails now.
func (c *catcher) call(f, failed func()) {
	if c.failed() {
		return
	}
	returned := false
	defer func() {
		if returned {
			return
		}
		value := recover()
		c.keep(value)
		failed()
	}()
	f()
	returned = true
}

// keep keeps the first panic.
func (c *catcher) keep(value any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.caught {
		return
	}
	c.caught = true
	if value != nil {
		c.panic = &panicError{value, debug.Stack()}
	}
}

func (c *catcher) failed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.caught
}

// raise panics as the caller's code did, if it did.
func (c *catcher) raise() {
	switch {
	case !c.failed():
	case c.panic != nil:
		panic(c.panic)
	default:
		runtime.Goexit()
	}
}

// A panicError is a panic of another goroutine.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("%v\n\n%s", e.value, e.stack) }

func (e *panicError) Unwrap() error {
	err, _ := e.value.(error)
	return err
}
