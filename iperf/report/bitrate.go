package report

import (
	"math"
	"strconv"
)

// BitRate is a data rate in bits per second. Prefixes are decimal, as iperf's are for bits: 1 Mbit/s is 10⁶ bit/s.
type BitRate float64

// Common units, to write rates as 50*report.MbitPerSecond.
const (
	BitPerSecond  BitRate = 1
	KbitPerSecond         = 1e3 * BitPerSecond
	MbitPerSecond         = 1e6 * BitPerSecond
	GbitPerSecond         = 1e9 * BitPerSecond
)

// String gives the rate with three significant digits and the largest unit that leaves at least 1 before the point:
// "95.6 Mbit/s". Rates from 1000 Tbit/s up keep that unit.
func (r BitRate) String() string {
	units := [...]string{"bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"}
	f, u := float64(r), 0
	// 999.5 and not 1000, because three digits of it round to 1000.
	for u < len(units)-1 && math.Abs(f) >= 999.5 {
		f /= 1000
		u++
	}
	digits := 0
	switch a := math.Abs(f); {
	case a < 9.995 && a != 0:
		digits = 2
	case a < 99.95 && a != 0:
		digits = 1
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + " " + units[u]
}
