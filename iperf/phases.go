package iperf

import (
	"math"
	"time"
)

// Phases says where an end's time went in a run, by the clock of the machine that runs tuna. What did not happen, or could not
// be seen, is zero. The phases of one end follow each other, and what lies between two of them is the other end's.
type Phases struct {
	Asking   time.Duration // which version the host has, and which ports are in use
	Starting time.Duration // a server's program until it was seen to listen
	Traffic  time.Duration // a client's program, its start and its connecting included; a server's from Starting to the client's end
	Draining time.Duration // a server's from the client's end until its report was complete
	Ending   time.Duration // a server's until it was seen to be gone, if it had to be ended
	Storing  time.Duration // until the raw files were closed; the manifest is written after both ends
}

// ManifestPhases are the Phases of an end.
type ManifestPhases struct {
	Asking   float64 `json:"asking_seconds"`
	Starting float64 `json:"starting_seconds"`
	Traffic  float64 `json:"traffic_seconds"`
	Draining float64 `json:"draining_seconds"`
	Ending   float64 `json:"ending_seconds"`
	Storing  float64 `json:"storing_seconds"`
}

func (p Phases) manifest() ManifestPhases {
	return ManifestPhases{
		p.Asking.Seconds(), p.Starting.Seconds(), p.Traffic.Seconds(), p.Draining.Seconds(), p.Ending.Seconds(), p.Storing.Seconds(),
	}
}

// phases returns the same durations, to the nanosecond.
func (m ManifestPhases) phases() Phases {
	of := func(seconds float64) time.Duration {
		return time.Duration(min(math.Round(seconds*float64(time.Second)), float64(forever)))
	}
	return Phases{of(m.Asking), of(m.Starting), of(m.Traffic), of(m.Draining), of(m.Ending), of(m.Storing)}
}
