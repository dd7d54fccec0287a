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
	const most = (math.MaxInt64 - 9) / 10
	i, neg := 0, false
	if len(b) > 0 && b[0] == '-' {
		neg = true
		i++
	}
	var mant int64
	begin, frac := i, 0
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if mant > most {
			return number{}, 0
		}
		mant = mant*10 + int64(b[i]-'0')
	}
	digits := i > begin
	if i+1 < len(b) && b[i] == '.' && b[i+1]-'0' <= 9 {
		digits = true
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			if mant > most {
				if frac == 0 {
					return number{}, 0
				}
				continue // more decimals than are of use
			}
			mant = mant*10 + int64(b[i]-'0')
			frac++
		}
	}
	if !digits {
		return number{}, 0
	}
	if neg {
		mant = -mant
	}
	return number{mant, frac}, i
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

// The exponents of duration: how many digits of nanoseconds a unit has.
const (
	ofSecond = 9
	ofMilli  = 6
	ofMicro  = 3
)

var intPowersOfTen = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// duration gives n times the unit, false when a Duration has no room for it.
func (n number) duration(unit int) (time.Duration, bool) {
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
	if n.frac == 0 && shift == 0 {
		return n.mant
	}
	f := math.Round(math.Ldexp(n.float(0), shift))
	if f >= math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(f)
}

// prefix gives the power of ten and of two that a unit's first letter stands for, and whether it is one.
func prefix(c byte) (ten, two int, ok bool) {
	switch c {
	case 'K', 'k':
		return 3, 10, true
	case 'M', 'm':
		return 6, 20, true
	case 'G', 'g':
		return 9, 30, true
	case 'T', 't':
		return 12, 40, true
	case 'P', 'p':
		return 15, 50, true
	case 'E', 'e':
		return 18, 60, true
	}
	return 0, 0, false
}

// parseBytes reads an amount such as "1.05 GBytes" or "128 KByte" and gives its length, 0 when there is none. iperf 2
// prints "5.03 Gbits" of one who asked for a format that it does not know.
func parseBytes(b []byte) (v int64, length int) {
	n, i := parseNumber(b)
	if i == 0 {
		return 0, 0
	}
	i += spaces(b[i:])
	ten, shift := 0, 0
	if i < len(b) && b[i] != 'b' {
		if t, two, ok := prefix(b[i]); ok {
			ten, shift = t, two
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
		return int64(min(math.Round(n.float(ten)/8), math.MaxInt64/2)), i
	}
	i += len("Byte")
	if i < len(b) && b[i] == 's' {
		i++
	}
	return n.bytes(shift), i
}

// parseRate reads a rate such as "8.99 Gbits/sec" or "120 MBytes/sec" and gives its length, 0 when there is none.
func parseRate(b []byte) (v BitRate, length int) {
	n, i := parseNumber(b)
	if i == 0 {
		return 0, 0
	}
	i += spaces(b[i:])
	ten, two := 0, 0
	if i < len(b) && b[i] != 'b' && b[i] != 'B' {
		var ok bool
		if ten, two, ok = prefix(b[i]); !ok {
			return 0, 0
		}
		i++
	}
	switch {
	case hasPrefix(b[i:], "bits/sec"), hasPrefix(b[i:], "Bits/sec"):
		return BitRate(n.float(ten)), i + len("bits/sec")
	case hasPrefix(b[i:], "Bytes/sec"):
		return BitRate(math.Ldexp(n.float(0), two) * 8), i + len("Bytes/sec")
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
