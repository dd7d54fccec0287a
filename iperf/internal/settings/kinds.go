package settings

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// A Kind is a set of values.
type Kind interface {
	// Check returns the value and what it must be instead, as messages have them; both are empty if it is allowed.
	Check(v reflect.Value) (value, allowed string)
	// Args returns what follows the flag. Nil: the flag is not written, because the value is zero.
	Args(v reflect.Value) []string
	// String describes the bounds. It is empty if there are none.
	String() string
}

// The least values that are taken for meant. A smaller one has most likely lost its unit, such as 50 for 50 Mbit/s.
const (
	leastRate   = report.BitRate(1000)
	leastTime   = time.Millisecond
	leastWindow = 1 << 10 // bytes; Linux takes no smaller socket buffer
	leastLength = 16      // bytes; the least datagram of iperf 3
	leastBytes  = 1000
	leastMSS    = 88 // bytes; Linux takes no smaller one
	leastNumber = 0.001
)

// The greatest values, by what the programs and Linux hold in their variables. Others are far above all that is meant.
const (
	Day             = 24 * time.Hour
	mostRate        = report.BitRate(100e12)
	LongestTime     = math.MaxInt32 * 10 * time.Millisecond // iperf 2 tells its server hundredths of a second in 32 bits
	longestTimer    = math.MaxInt32 * time.Microsecond      // microseconds are an int in both programs
	leastInterval   = 5 * time.Millisecond                  // of iperf 2
	longestInterval = math.MaxUint32 * time.Microsecond
	mostBytes       = 1 << 53         // both programs read a double
	mostBlocks      = mostBytes >> 20 // of the longest block of iperf 3
	mostStreams     = math.MaxUint16  // each has a port
	mostMSS         = math.MaxInt16   // of Linux, MAX_TCP_WINDOW
	lastCPU         = 1023            // of a cpu_set_t
	mostBins        = 1e6             // which iperf 2 allocates for each stream
	mostFrames      = 1e6             // per second
	mostRoundTrips  = 1000
)

// Switch is a bool, whose flag has no value.
type Switch struct{}

func (Switch) Check(reflect.Value) (value, allowed string) { return "", "" }
func (Switch) String() string                              { return "" }
func (Switch) Args(v reflect.Value) []string {
	if !v.Bool() {
		return nil
	}
	return []string{}
}

// Text is a string. Bound is its check; nil: every one is allowed.
type Text struct{ Bound Bound }

func (t Text) Check(v reflect.Value) (value, allowed string) {
	if t.Bound.Check == nil {
		return "", ""
	}
	return t.Bound.Check(v)
}
func (t Text) String() string { return t.Bound.Text }
func (Text) Args(v reflect.Value) []string {
	if v.String() == "" {
		return nil
	}
	return []string{v.String()}
}

// Count is a whole number from 0 on.
type Count struct {
	What  string // that is counted, such as "bytes"
	Most  int64
	Least int64 // of those above 0; zero: 1
}

func (c Count) Check(v reflect.Value) (value, allowed string) {
	switch n := v.Int(); {
	case n < 0:
		return fmt.Sprint(n), "0 or more " + c.What
	case n > c.Most:
		return fmt.Sprint(n), fmt.Sprintf("%d %s or less", c.Most, c.What)
	case n > 0 && n < c.Least:
		return fmt.Sprintf("%d %s", n, c.What), fmt.Sprintf("0, or %d %s or more, as in 64<<10 for 64 KiB", c.Least, c.What)
	}
	return "", ""
}
func (Count) Args(v reflect.Value) []string { return number(v.Int()) }
func (c Count) String() string {
	if c.Most == math.MaxInt64 {
		return fmt.Sprintf("%d %s or more", max(1, c.Least), c.What)
	}
	return fmt.Sprintf("%d to %d %s", max(1, c.Least), c.Most, c.What)
}

// Range is a whole number between bounds, 0 among them.
type Range struct{ Low, High int64 }

func (r Range) Check(v reflect.Value) (value, allowed string) {
	if n := v.Int(); n < r.Low || n > r.High {
		return fmt.Sprint(n), fmt.Sprintf("from %d to %d", r.Low, r.High)
	}
	return "", ""
}
func (Range) Args(v reflect.Value) []string { return number(v.Int()) }
func (r Range) String() string              { return fmt.Sprintf("%d to %d", r.Low, r.High) }

// Rate is a report.BitRate.
type Rate struct{ Small bool } // Small: less than leastRate is allowed

func (k Rate) Check(v reflect.Value) (value, allowed string) {
	f := v.Float()
	switch r := report.BitRate(f); {
	case !(f >= 0) || math.IsInf(f, 0) || f > 0 && f < 1:
		return fmt.Sprint(f), "0, or 1 bit/s or more"
	case r > mostRate:
		return fmt.Sprint(r), fmt.Sprintf("%v or less; its unit is bit/s", mostRate)
	case f > 0 && r < leastRate && !k.Small:
		return fmt.Sprintf("%g bit/s", f), fmt.Sprintf("0, or %v or more, as in 50e6 for 50 Mbit/s", leastRate)
	}
	return "", ""
}
func (Rate) Args(v reflect.Value) []string {
	if v.Float() == 0 {
		return nil
	}
	return []string{strconv.FormatFloat(v.Float(), 'f', 0, 64)}
}
func (k Rate) String() string {
	if k.Small {
		return fmt.Sprintf("1 bit/s to %v", mostRate)
	}
	return fmt.Sprintf("%v to %v", leastRate, mostRate)
}

// Number is a float64 from 0 on.
type Number struct{ Most float64 }

func (n Number) Check(v reflect.Value) (value, allowed string) {
	switch f := v.Float(); {
	case !(f >= 0) || math.IsInf(f, 0):
		return fmt.Sprint(f), "0 or more"
	case f > 0 && f < leastNumber || f > n.Most:
		return fmt.Sprint(f), fmt.Sprintf("0, or from %v to %v", leastNumber, n.Most)
	}
	return "", ""
}
func (Number) Args(v reflect.Value) []string { return fraction(v.Float()) }
func (n Number) String() string              { return fmt.Sprintf("%v to %v", leastNumber, n.Most) }

// Duration is a time.Duration from 0 on.
type Duration struct {
	Most  time.Duration
	Whole time.Duration // it is a multiple of it; zero: any time
	Least time.Duration // of those above 0
	Above time.Duration // like Least, but the least is longer than it
	Low   bool          // a shorter one than leastTime may be meant
	Words bool          // a time out of bounds is told both
	Unit  time.Duration // of the flag's and the key's number; zero: seconds
}

func (k Duration) Check(v reflect.Value) (value, allowed string) {
	d := time.Duration(v.Int())
	switch {
	case d > 0 && d < leastTime && !k.Low:
		allowed = fmt.Sprintf("0, or %v or more: a number without a unit is nanoseconds, as in 10*time.Second for 10 s", leastTime)
	case d != 0 && k.Above > 0 && d <= k.Above:
		allowed = fmt.Sprintf("0, or more than %v", k.Above)
	case k.Words && (d < 0 || d > 0 && d < k.Least || d > k.Most):
		allowed = fmt.Sprintf("0, or from %v to %v", k.Least, k.Most)
	case k.Least > 0 && d != 0 && d < k.Least:
		allowed = fmt.Sprintf("0, or %v or more", k.Least)
	case d < 0 && k.Whole == 0:
		allowed = "0 or more"
	case d < 0 || k.Whole > 0 && d%k.Whole != 0:
		allowed = fmt.Sprintf("0, or a multiple of %v", k.Whole)
	case d > k.Most:
		allowed = fmt.Sprintf("%v or less", k.Most)
	default:
		return "", ""
	}
	return d.String(), allowed
}

func (k Duration) Args(v reflect.Value) []string {
	if k.Unit == 0 {
		return fraction(time.Duration(v.Int()).Seconds())
	}
	return fraction(float64(v.Int()) / float64(k.Unit))
}

func (k Duration) String() string {
	least := max(k.Least, k.Above, k.Whole)
	if !k.Low {
		least = max(least, leastTime)
	}
	text := fmt.Sprintf("to %v", k.Most)
	switch {
	case k.Above > 0:
		text = fmt.Sprintf("more than %v %s", k.Above, text)
	case least > 0:
		text = fmt.Sprintf("%v %s", least, text)
	}
	if k.Whole > 0 && k.Whole >= time.Second {
		text += fmt.Sprintf(", multiples of %v", k.Whole)
	}
	return text
}

func number(n int64) []string {
	if n == 0 {
		return nil
	}
	return []string{strconv.FormatInt(n, 10)}
}

func fraction(f float64) []string {
	if f == 0 {
		return nil
	}
	return []string{strconv.FormatFloat(f, 'f', -1, 64)}
}
