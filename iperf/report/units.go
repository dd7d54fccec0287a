package report

import "github.com/tunaperf/tuna/iperf/report/internal/scan"

// A unit is what a number of a row is of.
type unit uint8

const (
	unitNone    unit = iota
	unitMillis       // ms
	unitMicros       // us
	unitPackets      // pps
	unitCalls        // rps
	unitCount        // pkts
	unitBytes        // Bytes, KByte
	unitRate         // bits/sec, MBytes/sec
)

// unitOf returns the unit that a word is, and of bytes the power of two that its prefix stands for.
func unitOf(word []byte) (u unit, shift int) {
	switch string(word) {
	case "ms":
		return unitMillis, 0
	case "us":
		return unitMicros, 0
	case "pps":
		return unitPackets, 0
	case "rps":
		return unitCalls, 0
	case "pkts":
		return unitCount, 0
	}
	if len(word) > 0 && word[0] != 'B' && word[0] != 'b' {
		p := scan.Units[word[0]]
		if p.Two == 0 {
			return unitNone, 0
		}
		shift = int(p.Two)
		word = word[1:]
	}
	switch string(word) {
	case "Byte", "Bytes":
		return unitBytes, shift
	case "bits/sec", "Bits/sec", "Bytes/sec":
		return unitRate, 0
	}
	return unitNone, 0
}

// isTime reports whether a unit is of a time.
func (u unit) isTime() bool { return u == unitMillis || u == unitMicros }

// beginsUnit reports whether a word is the beginning of a unit.
func beginsUnit(word []byte) bool {
	if len(word) > 0 && scan.Units[word[0]].Two > 0 {
		word = word[1:]
	}
	for _, u := range [...]string{"Bytes", "bits/sec", "Bytes/sec", "ms", "us", "pps", "rps"} {
		if len(word) < len(u) && string(word) == u[:len(word)] {
			return true
		}
	}
	return false
}

// beginsWithUnit reports whether b begins with a unit.
func beginsWithUnit(b []byte) bool {
	u, _ := unitOf(b[:leadingLetters(b)])
	return u != unitNone
}
