package report

import (
	"math"
	"math/bits"
	"time"
)

// A number is a decimal as it was printed: mant / 10^frac.
type number struct {
	mant int64
	frac int
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// parseNumber reads a decimal without an exponent from the start of b and gives its length, 0 when there is none.
// Digits that an int64 has no room for make it none.
func parseNumber(b []byte) (n number, length int) {
	i := 0
	if len(b) > 0 && b[0] == '-' {
		i = 1
	}
	begin := i
	for i < len(b) && b[i]-'0' <= 9 {
		n.mant = n.mant*10 + int64(b[i]-'0')
		i++
	}
	digits := i - begin
	if i+1 < len(b) && b[i] == '.' && b[i+1]-'0' <= 9 {
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			n.mant = n.mant*10 + int64(b[i]-'0')
			n.frac++
		}
		digits += n.frac
	}
	switch {
	case digits == 0:
		return number{}, 0
	case digits > 18:
		return parseLongNumber(b)
	case begin > 0:
		n.mant = -n.mant
	}
	return n, i
}

// parseLongNumber is parseNumber for as many digits as may be too many.
func parseLongNumber(b []byte) (n number, length int) {
	const most = (math.MaxInt64 - 9) / 10
	i := 0
	if b[0] == '-' {
		i = 1
	}
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if n.mant > most {
			return number{}, 0
		}
		n.mant = n.mant*10 + int64(b[i]-'0')
	}
	if i+1 < len(b) && b[i] == '.' && b[i+1]-'0' <= 9 {
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			if n.mant > most {
				if n.frac == 0 {
					return number{}, 0
				}
				continue // more decimals than are of use
			}
			n.mant = n.mant*10 + int64(b[i]-'0')
			n.frac++
		}
	}
	if b[0] == '-' {
		n.mant = -n.mant
	}
	return n, i
}

// float gives n · 10^exp, rounded once where the digits allow it.
func (n number) float(exp int) float64 {
	exp -= n.frac
	switch {
	case exp < -len(powersOfTen)+1:
		return 0
	case exp < 0:
		return float64(n.mant) / powersOfTen[-exp]
	case exp < len(powersOfTen):
		return float64(n.mant) * powersOfTen[exp]
	}
	return float64(n.mant) * math.Pow10(exp)
}

// exact gives n where the digits and the power of ten are exact, so that their quotient is the nearest float.
func (n number) exact() (float64, bool) {
	if n.mant >= 1<<53 || n.mant <= -1<<53 || n.frac >= len(powersOfTen) {
		return 0, false
	}
	return float64(n.mant) / powersOfTen[n.frac], true
}

// The exponents of duration: how many digits of nanoseconds a unit has.
const (
	ofSecond = 9
	ofMilli  = 6
	ofMicro  = 3
)

var intPowersOfTen = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// duration gives n times the unit, false when a Duration has no room for it.
func (n number) duration(unit int) (time.Duration, bool) {
	if exp := unit - n.frac; exp >= 0 && uint64(n.mant) < 1<<33 {
		return time.Duration(n.mant * intPowersOfTen[exp]), true // no more than 2³³·10⁹
	}
	return n.longDuration(unit)
}

func (n number) longDuration(unit int) (time.Duration, bool) {
	if exp := unit - n.frac; exp >= 0 {
		// In integers as long as it is exact.
		hi, lo := bits.Mul64(uint64(max(n.mant, -n.mant)), uint64(intPowersOfTen[exp]))
		if hi != 0 || lo > math.MaxInt64 {
			return 0, false
		}
		return time.Duration(n.mant * intPowersOfTen[exp]), true
	}
	f := n.float(unit)
	if math.Abs(f) >= math.MaxInt64 {
		return 0, false
	}
	return time.Duration(math.Round(f)), true
}

// bytes gives n · 2^shift, as near to it as an int64 can be.
func (n number) bytes(shift int) int64 {
	if n.frac == 0 && (shift == 0 || uint64(n.mant) < 1<<53>>shift) {
		return n.mant << shift
	}
	f := n.float(0) * float64(int64(1)<<shift)
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

// A unitPrefix is what a unit's first letter stands for: a power of ten for bits, a power of two for bytes.
type unitPrefix struct{ ten, two uint8 }

// unitPrefixes are those of each letter, zero where it is none.
var unitPrefixes = [256]unitPrefix{
	'K': {3, 10}, 'k': {3, 10}, 'M': {6, 20}, 'm': {6, 20}, 'G': {9, 30}, 'g': {9, 30},
	'T': {12, 40}, 't': {12, 40}, 'P': {15, 50}, 'p': {15, 50}, 'E': {18, 60}, 'e': {18, 60},
}

// parseBytes reads an amount such as "1.05 GBytes" or "128 KByte" and gives its length, 0 when there is none. iperf 2
// prints "5.03 Gbits" of one who asked for a format that it does not know.
func parseBytes(b []byte) (v int64, length int) {
	n, i := parseNumber(b)
	if i == 0 {
		return 0, 0
	}
	i += spaces(b[i:])
	var p unitPrefix
	if i < len(b) {
		if p = unitPrefixes[b[i]]; p.two > 0 {
			i++
		}
	}
	if !hasPrefix(b[i:], "Byte") {
		if !hasPrefix(b[i:], "bit") {
			return 0, 0
		}
		i += len("bit")
		if i < len(b) && b[i] == 's' {
			i++
		}
		if i < len(b) && b[i] != ' ' && b[i] != '\t' {
			return 0, 0
		}
		return int64(min(math.Round(n.float(int(p.ten))/8), math.MaxInt64/2)), i
	}
	i += len("Byte")
	if i < len(b) && b[i] == 's' {
		i++
	}
	return n.bytes(int(p.two)), i
}

// parseRate reads a rate such as "8.99 Gbits/sec" or "120 MBytes/sec" and gives its length, 0 when there is none.
func parseRate(b []byte) (v BitRate, length int) {
	n, i := parseNumber(b)
	if i == 0 {
		return 0, 0
	}
	i += spaces(b[i:])
	var p unitPrefix
	if i < len(b) && b[i] != 'b' && b[i] != 'B' {
		if p = unitPrefixes[b[i]]; p.ten == 0 {
			return 0, 0
		}
		i++
	}
	switch {
	case hasPrefix(b[i:], "bits/sec"), hasPrefix(b[i:], "Bits/sec"):
		return BitRate(n.float(int(p.ten))), i + len("bits/sec")
	case hasPrefix(b[i:], "Bytes/sec"):
		return BitRate(n.float(0) * float64(int64(1)<<p.two) * 8), i + len("Bytes/sec")
	}
	return 0, 0
}

func spaces(b []byte) int {
	i := 0
	for i < len(b) && (b[i] == ' ' || b[i] == '\t') {
		i++
	}
	return i
}

func hasPrefix(b []byte, s string) bool { return len(b) >= len(s) && string(b[:len(s)]) == s }
