package native

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// parseSize reads a number that may end in K, M, G or T, of either case. The suffixes of sizes mean powers of 1024,
// those of rates powers of 1000.
func parseSize(v string, base float64) (float64, error) {
	factor := 1.0
	if n := len(v); n > 0 {
		if i := strings.IndexByte("kmgt", v[n-1]|0x20); i >= 0 {
			factor, v = math.Pow(base, float64(i+1)), v[:n-1]
		}
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || !(f >= 0) || math.IsInf(f, 0) {
		return 0, fmt.Errorf("bad number %q", v)
	}
	return f * factor, nil
}

// scaled writes a number with four characters and the unit that suits it: "1.87 M". Numbers of bits take powers of
// 1000, of bytes those of 1024.
func scaled(n, base float64, unit byte, word string) string {
	prefixes := [...]string{"", "K", "M", "G", "T"}
	i := 0
	if unit != 0 {
		i = 1 + strings.IndexByte("kmgt", unit|0x20)
		n /= math.Pow(base, float64(i))
	} else {
		for n >= base && i < len(prefixes)-1 {
			n /= base
			i++
		}
	}
	digits := 0
	switch {
	case n < 9.995:
		digits = 2
	case n < 99.95:
		digits = 1
	}
	return fmt.Sprintf("%4.*f %s%s", digits, n, prefixes[i], word)
}

// transfer and rate write the two columns that every line has. A capital letter in -f stands for bytes.
func transfer(bytes int64) string { return scaled(float64(bytes), 1024, 0, "Bytes") }

func (s *settings) rateText(bytesPerSecond float64) string {
	switch {
	case s.format == 'a':
		return scaled(bytesPerSecond*8, 1000, 0, "bits")
	case s.format >= 'a':
		return scaled(bytesPerSecond*8, 1000, s.format, "bits")
	}
	return scaled(bytesPerSecond, 1024, s.format, "Bytes")
}
