package iperf

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/tunaperf/tuna/iperf/report"
)

// ParseSize reads a number of bytes as the program reads it on its command line: digits, a fraction if need be, and a
// letter. K, M and G are powers of 1024. For iperf 3, k, m and g are the same, and there is T; for iperf 2, k, m and g
// are powers of 1000. The program is "iperf3", "iperf" or a path to one, as in Iperf; empty means iperf3. A part of a
// byte is dropped, as iperf does it.
func ParseSize(program, s string) (int64, error) {
	f, err := parseNumber(s, letterUnit(program, false))
	if err == nil && f >= math.MaxInt64 {
		err = strconv.ErrRange
	}
	if err != nil {
		return 0, fmt.Errorf("%w: size %q: must be a number of bytes such as 256K or 8G: %w", ErrSettings, s, err)
	}
	return int64(f), nil
}

// ParseRate reads bits per second as the program reads them on its command line. For iperf 3, k, m, g and t in either
// case are powers of 1000. For iperf 2, k, m and g are, but K, M and G are powers of 1024. The program is as for
// ParseSize.
func ParseRate(program, s string) (report.BitRate, error) {
	f, err := parseNumber(s, letterUnit(program, true))
	if err != nil {
		return 0, fmt.Errorf("%w: rate %q: must be bits per second such as 500k or 10m: %w", ErrSettings, s, err)
	}
	return report.BitRate(f), nil
}

// isIperf3 tells which program is meant by its name.
func isIperf3(program string) bool {
	return program == "" || strings.Contains(path.Base(program), "iperf3")
}

// letterUnit gives the factor of a letter.
func letterUnit(program string, rate bool) func(letter byte) (float64, bool) {
	three := isIperf3(program)
	letters := "kmg"
	if three {
		letters = "kmgt"
	}
	return func(letter byte) (float64, bool) {
		lower := letter | 0x20
		i := strings.IndexByte(letters, lower)
		if i < 0 {
			return 0, false
		}
		base := 1024.0
		if three && rate || !three && letter == lower {
			base = 1000
		}
		return math.Pow(base, float64(i+1)), true
	}
}

func parseNumber(s string, unit func(byte) (float64, bool)) (float64, error) {
	s = strings.TrimSpace(s)
	factor := 1.0
	if n := len(s) - 1; n > 0 {
		if u, ok := unit(s[n]); ok {
			factor, s = u, s[:n]
		}
	}
	if strings.Trim(s, "0123456789.") != "" {
		return 0, strconv.ErrSyntax
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return 0, err.(*strconv.NumError).Err
	}
	if f *= factor; math.IsInf(f, 0) {
		return 0, strconv.ErrRange
	}
	return f, nil
}

// The code points of differentiated services by their names, in the upper six bits of the type of service.
var dscps = map[string]int{
	"cs0": 0, "cs1": 8, "cs2": 16, "cs3": 24, "cs4": 32, "cs5": 40, "cs6": 48, "cs7": 56,
	"af11": 10, "af12": 12, "af13": 14, "af21": 18, "af22": 20, "af23": 22,
	"af31": 26, "af32": 28, "af33": 30, "af41": 34, "af42": 36, "af43": 38,
	"ef": 46, "va": 44, "voice-admit": 44, "le": 1, "default": 0,
}

// ParseTOS reads a type of service, 0 to 255, decimal or as 0x and 0 tell, or by the name of its code point, such as
// "ef", "af11" or "cs1" in either case.
func ParseTOS(s string) (int, error) {
	return parseTOS(s, 255, 1)
}

// ParseDSCP reads a code point of differentiated services, 0 to 63 or a name, and gives the type of service that holds
// it, which is four times as much.
func ParseDSCP(s string) (int, error) {
	return parseTOS(s, 63, 4)
}

func parseTOS(s string, limit uint64, factor int) (int, error) {
	s = strings.TrimSpace(s)
	if point, ok := dscps[strings.ToLower(s)]; ok {
		return point << 2, nil
	}
	n, err := strconv.ParseUint(s, 0, 16)
	if err != nil || n > limit {
		return 0, fmt.Errorf("%w: type of service %q: must be a number from 0 to %d or a name such as ef", ErrSettings, s, limit)
	}
	return int(n) * factor, nil
}
