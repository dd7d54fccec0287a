package iperf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
)

// ErrPanic is the kind of a *PanicError.
var ErrPanic = errors.New("the caller's code panicked")

// A PanicError is a panic of the caller's code, such as a HostSSH or OnInterval, or its call of runtime.Goexit, which is
// what testing's FailNow does. The format %+v prints the stack.
type PanicError struct {
	What  string // what was called, such as "Iperf.OnInterval" or "HostSSH.Run of root@dut:22"
	Value any    // of the panic; nil: it called runtime.Goexit
	Stack []byte // of the goroutine that panicked
}

// Error returns one line that names what panicked and the panic's value.
func (e *PanicError) Error() string {
	if e.Value == nil {
		return e.What + " called runtime.Goexit, as FailNow does"
	}
	return fmt.Sprintf("%s panicked: %v", e.What, e.Value)
}

// Unwrap returns ErrPanic, and the panic's value if that is an error.
func (e *PanicError) Unwrap() []error {
	if err, ok := e.Value.(error); ok {
		return []error{ErrPanic, &callerError{err: err, text: fmt.Sprint(err)}} // its methods may panic too
	}
	return []error{ErrPanic}
}

// Format prints Error for every verb, and for %+v the stack too.
func (e *PanicError) Format(s fmt.State, verb rune) {
	io.WriteString(s, e.Error())
	if verb == 'v' && s.Flag('+') {
		fmt.Fprintf(s, "\n%s", e.Stack)
	}
}

// guard calls f, which calls the caller's code, and returns a *PanicError if f does not return. f runs in its own
// goroutine because runtime.Goexit cannot be stopped: it would end a goroutine that others wait for.
func guard(what string, f func()) (err error) {
	done := make(chan struct{})
	go func() {
		returned := false
		defer close(done)
		defer func() {
			if !returned {
				err = &PanicError{What: what, Value: recover(), Stack: debug.Stack()}
			}
		}()
		f()
		returned = true
	}()
	<-done
	return err
}

// A catcher guards the caller's code during one run. The first panic ends the run's context with the *PanicError as its
// cause. Code that has panicked is not called again, as it may hold a lock of its own.
type catcher struct {
	end context.CancelCauseFunc

	mu     sync.Mutex
	first  error
	failed map[string]error // by what was called
}

// call calls f, unless what has panicked before, and returns the *PanicError if there is one.
func (c *catcher) call(what string, f func()) error {
	c.mu.Lock()
	err := c.failed[what]
	c.mu.Unlock()
	if err != nil {
		return err
	}
	if err = guard(what, f); err == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failed == nil {
		c.failed = map[string]error{}
	}
	c.failed[what] = err
	if c.first == nil {
		c.first = err
		c.end(err)
	}
	return err
}

// result returns a run's error. After a panic, errors that only say that the panic ended the programs are left out.
func (c *catcher) result(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.first == nil {
		return err
	}
	if err == nil || errors.Is(err, c.first) && !errors.Is(err, ErrHostLost) {
		return verboseError{c.first}
	}
	return both(c.first, err)
}
