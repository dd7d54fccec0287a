//go:build !linux

package testbed

import "errors"

type packets struct{}

func openPackets(Netns) (*packets, error) { return nil, errors.ErrUnsupported }

func (*packets) close() {}

func (*packets) next() (p Packet, ok bool) { return p, false }
