package iperf

import (
	"fmt"
	"iter"

	"github.com/tunaperf/tuna/iperf/report"
)

// Direction is the way that test traffic goes, seen from the device under test. The zero value is no direction.
type Direction uint8

// Upstream traffic leaves the device under test, Downstream traffic arrives there.
const (
	Upstream Direction = 1 << iota
	Downstream
	Both = Upstream | Downstream
)

// ParseDirection reads a direction. Only the first letter counts, in either case: u, d or b.
func ParseDirection(s string) (Direction, error) {
	if s != "" {
		switch s[0] | 0x20 {
		case 'u':
			return Upstream, nil
		case 'd':
			return Downstream, nil
		case 'b':
			return Both, nil
		}
	}
	return 0, fmt.Errorf("direction %q: must start with u (upstream), d (downstream) or b (both)", s)
}

// String gives "upstream", "downstream" or "both".
func (d Direction) String() string {
	switch d {
	case Upstream:
		return "upstream"
	case Downstream:
		return "downstream"
	case Both:
		return "both"
	}
	return fmt.Sprintf("Direction(%d)", uint8(d))
}

// Each gives the single directions in d: of Both, upstream and then downstream.
func (d Direction) Each() iter.Seq[Direction] {
	return func(yield func(Direction) bool) {
		for _, one := range []Direction{Upstream, Downstream} {
			if d&one != 0 && !yield(one) {
				return
			}
		}
	}
}

// Role is report.Role: the part that a host plays in a test. iperf's client connects, iperf's server listens.
type Role = report.Role

// The two ends of a test.
const (
	RoleClient = report.RoleClient
	RoleServer = report.RoleServer
)
