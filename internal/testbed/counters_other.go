//go:build !linux

package testbed

import "errors"

type counters struct{}

func (Netns) enter() error { return errors.ErrUnsupported }

func openCounters(Netns) (*counters, error) { return nil, errors.ErrUnsupported }

func (*counters) close() {}

func (*counters) read() (a arrival, err error) { return a, errors.ErrUnsupported }
