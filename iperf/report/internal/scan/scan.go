// Package scan reads numbers, amounts and rates from the start of a text.
package scan

import (
	"math"
	"math/bits"
	"time"
)

// A Decimal is a number as it was printed: mant / 10^frac.
type Decimal struct {
	Mant int64
	Frac int
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// Number reads a decimal without an exponent from the start of b and returns its length. It is 0 if
// there is none, or if its digits overflow an int64.
func Number(b []byte) (n Decimal, length int) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	begin := i
	for i < len(b) && b[i]-'0' <= 9 {
		n.Mant = n.Mant*10 + int64(b[i]-'0')
		i++
	}
	digits := i - begin
	if i+1 < len(b) && b[i] == '.' && b[i+1]-'0' <= 9 {
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			n.Mant = n.Mant*10 + int64(b[i]-'0')
			n.Frac++
		}
		digits += n.Frac
	}
	switch {
	case digits == 0:
		return Decimal{}, 0
	case digits > 18:
		return longNumber(b)
	case begin > 0:
		n.Mant = -n.Mant
	}
	return n, i
}

// longNumber is Number for any count of digits.
func longNumber(b []byte) (n Decimal, length int) {
	const most = (math.MaxInt64 - 9) / 10
	i := 0
	if b[0] == '-' {
		i = 1
	}
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if n.Mant > most {
			return Decimal{}, 0
		}
		n.Mant = n.Mant*10 + int64(b[i]-'0')
	}
	if i+1 < len(b) && b[i] == '.' && b[i+1]-'0' <= 9 {
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			if n.Mant > most {
				if n.Frac == 0 {
					return Decimal{}, 0
				}
				continue // more decimals than are of use
			}
			n.Mant = n.Mant*10 + int64(b[i]-'0')
			n.Frac++
		}
	}
	if b[0] == '-' {
		n.Mant = -n.Mant
	}
	return n, i
}

// Float returns n · 10^exp, rounded once if the digits allow it.
func (n Decimal) Float(exp int) float64 {
	exp -= n.Frac
	switch {
	case exp < -len(powersOfTen)+1:
		return 0
	case exp < 0:
		return float64(n.Mant) / powersOfTen[-exp]
	case exp < len(powersOfTen):
		return float64(n.Mant) * powersOfTen[exp]
	}
	return float64(n.Mant) * math.Pow10(exp)
}

// Exact returns n if the digits and the power of ten are exact, so that their quotient is the
// nearest float.
func (n Decimal) Exact() (float64, bool) {
	if n.Mant >= 1<<53 || n.Mant <= -1<<53 || n.Frac >= len(powersOfTen) {
		return 0, false
	}
	return float64(n.Mant) / powersOfTen[n.Frac], true
}

// The exponents of duration: how many digits of nanoseconds a unit has.
const (
	Seconds      = 9
	Milliseconds = 6
	Microseconds = 3
)

var intPowersOfTen = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// Duration returns n times the unit. ok is false if that overflows a Duration.
func (n Decimal) Duration(unit int) (time.Duration, bool) {
	if exp := unit - n.Frac; exp >= 0 && uint64(n.Mant) < 1<<33 {
		return time.Duration(n.Mant * intPowersOfTen[exp]), true // no more than 2³³·10⁹
	}
	return n.longDuration(unit)
}

func (n Decimal) longDuration(unit int) (time.Duration, bool) {
	if exp := unit - n.Frac; exp >= 0 {
		// In integers as long as it is exact.
		hi, lo := bits.Mul64(uint64(max(n.Mant, -n.Mant)), uint64(intPowersOfTen[exp]))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		return time.Duration(n.Mant * intPowersOfTen[exp]), true
	}
	f := n.Float(unit)
	if math.Abs(f) >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(math.Round(f)), true
}

// Bytes returns n · 2^shift, as near to it as an int64 can be.
func (n Decimal) Bytes(shift int) int64 {
	if n.Frac == 0 && (shift == 0 || uint64(n.Mant) < 1<<53>>shift) {
		return n.Mant << shift
	}
	if n.Mant >= 0 && bits.Len64(uint64(n.Mant))+shift < 63 {
		// Whole numbers are faster than a division of floats. One by a constant is a multiplication.
		v := uint64(n.Mant) << shift
		switch n.Frac {
		case 1:
			return int64((v + 5) / 10)
		case 2:
			return int64((v + 50) / 100)
		case 3:
			return int64((v + 500) / 1000)
		}
	}
	f := n.Float(0) * float64(int64(1)<<shift)
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f < 0:
		return int64(math.Round(f))
	}
	v := int64(f)
	if f-float64(v) >= 0.5 {
		v++
	}
	return v
}

// A Unit is what a unit's first letter stands for: a power of ten for bits, a power of two for
// bytes.
type Unit struct{ Ten, Two uint8 }

// Units are those of each letter, zero if it is none.
var Units = [256]Unit{
	'K': {3, 10}, 'k': {3, 10}, 'M': {6, 20}, 'm': {6, 20}, 'G': {9, 30}, 'g': {9, 30},
	'T': {12, 40}, 't': {12, 40}, 'P': {15, 50}, 'p': {15, 50}, 'E': {18, 60}, 'e': {18, 60},
}

// Bytes reads an amount such as "1.05 GBytes" or "128 KByte" and returns its length, 0 if there is
// none. iperf 2 prints "5.03 Gbits" if it was given an unknown format.
func Bytes(b []byte) (v int64, length int) {
	n, i := Number(b)
	if i == 0 {
		return 0, 0
	}
	i += Spaces(b[i:])
	var p Unit
	if i < len(b) {
		if p = Units[b[i]]; p.Two > 0 {
			i++
		}
	}
	if !HasPrefix(b[i:], "Byte") {
		if !HasPrefix(b[i:], "bit") {
			return 0, 0
		}
		i += len("bit")
		if i < len(b) && b[i] == 's' {
			i++
		}
		if i < len(b) && b[i] != ' ' && b[i] != '\t' {
			return 0, 0
		}
		return int64(min(math.Round(n.Float(int(p.Ten))/8), math.MaxInt64/2)), i
	}
	i += len("Byte")
	if i < len(b) && b[i] == 's' {
		i++
	}
	return n.Bytes(int(p.Two)), i
}

// Rate reads a rate such as "8.99 Gbits/sec" or "120 MBytes/sec" and returns its length, 0 if there
// is none.
func Rate(b []byte) (v float64, length int) {
	n, i := Number(b)
	if i == 0 {
		return 0, 0
	}
	i += Spaces(b[i:])
	var p Unit
	if i < len(b) && b[i] != 'b' && b[i] != 'B' {
		if p = Units[b[i]]; p.Ten == 0 {
			return 0, 0
		}
		i++
	}
	switch {
	case HasPrefix(b[i:], "bits/sec"), HasPrefix(b[i:], "Bits/sec"):
		return n.Float(int(p.Ten)), i + len("bits/sec")
	case HasPrefix(b[i:], "Bytes/sec"):
		return n.Float(0) * float64(int64(1)<<p.Two) * 8, i + len("Bytes/sec")
	}
	return 0, 0
}

func Spaces(b []byte) int {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

func HasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }

// Int reads decimal digits and returns how many, 0 if there are none or more than an id or a count
// has.
func Int(b []byte) (v int64, length int) {
	for length < len(b) && b[length]-'0' <= 9 {
		if length == 18 {
			return 0, 0
		}
		v = v*10 + int64(b[length]-'0')
		length++
	}
	return v, length
}

func Word(b []byte) int {
	for i, c := range b {
		if c == ' ' || c == '\t' {
			return i
		}
	}
	return len(b)
}
