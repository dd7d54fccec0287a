//go:build !linux

package native

import "sync"

// leavePoller leaves the sockets to Go's poller.
func (t *test) leavePoller() error { return nil }

// looped reports that each stream has a goroutine of its own.
func (t *test) looped(*stream) bool { return false }

func (t *test) carryLooped(*sync.WaitGroup, chan<- ending) {}
