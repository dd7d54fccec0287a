package config

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf"
)

// parseFlag reads a boolean.
func parseFlag(s string) (bool, error) {
	switch strings.ToLower(s) {
	case "on", "yes", "true", "1":
		return true, nil
	case "off", "no", "false", "0":
		return false, nil
	}
	return false, bad(s, "on, yes or true, or off, no or false", "yes", "true", "off", "no", "false")
}

var timeWords = map[string]time.Duration{
	"d": 24 * time.Hour, "day": 24 * time.Hour,
	"h": time.Hour, "hour": time.Hour,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"ms": time.Millisecond, "millisecond": time.Millisecond,
	"us": time.Microsecond, "µs": time.Microsecond, "microsecond": time.Microsecond,
}

// timeNames are the words that are long enough to be misspelt.
var timeNames = []string{"day", "days", "hour", "hours", "minute", "minutes", "second", "seconds", "milliseconds", "microseconds"}

var timePart = regexp.MustCompile(`^([0-9.]+)[ \t]*([a-zµ]+)[ \t,]*(?:and[ \t]+)?`)

// parseTime reads a time: a number of the given unit, or parts such as "1 minute 30 seconds" or "500ms".
func parseTime(s string, unit time.Duration) (time.Duration, error) {
	const allowed = `a number, or a time such as "1 minute 30 seconds"`
	s = strings.TrimSpace(s)
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		switch d := f * float64(unit); {
		case d >= 0 && d < 1<<63:
			return time.Duration(d), nil
		case d < 0:
			return 0, bad(s, "0 or more")
		}
		return 0, bad(s, allowed+" of at most 106751 days")
	}
	rest := strings.ToLower(s)
	var total time.Duration
	for rest != "" {
		m := timePart.FindStringSubmatch(rest)
		if m == nil {
			return 0, bad(s, allowed)
		}
		u, ok := timeWords[m[2]]
		if one := strings.TrimSuffix(m[2], "s"); !ok && len(one) > 2 {
			u, ok = timeWords[one]
		}
		f, err := strconv.ParseFloat(m[1], 64)
		part := f * float64(u)
		if !ok {
			return 0, badPart(s, m[2], allowed, timeNames...)
		}
		if err != nil || part >= 1<<62 || total >= 1<<62 {
			return 0, bad(s, allowed)
		}
		total += time.Duration(part)
		rest = rest[len(m[0]):]
	}
	if s == "" {
		return 0, bad(s, allowed)
	}
	return total, nil
}

// parseEpoch reads seconds since 1970, with up to six digits after the point.
func parseEpoch(s string) (time.Time, error) {
	whole, part, _ := strings.Cut(s, ".")
	sec, err := strconv.ParseUint(whole, 10, 62)
	micro, err2 := strconv.ParseUint((part + "000000")[:6], 10, 32)
	if err != nil || err2 != nil || len(part) > 6 {
		return time.Time{}, bad(s, "seconds since 1970, such as 1536014418.123456")
	}
	return time.Unix(int64(sec), int64(micro)*1000), nil
}

func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0, bad(s, "a whole number")
	}
	return n, nil
}

func parseFloat(s string) (float64, error) {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		return 0, bad(s, "a number")
	}
	return f, nil
}

// directions are the words for them, which may be cut short.
var directions = map[string]iperf.Direction{
	"upstream": iperf.Upstream, "uplink": iperf.Upstream, "upload": iperf.Upstream, "upwards": iperf.Upstream,
	"downstream": iperf.Downstream, "downlink": iperf.Downstream, "download": iperf.Downstream, "downwards": iperf.Downstream,
	"both": iperf.Both, "bidirectional": iperf.Both,
}

// parseDirection reads a direction, of which one letter is enough.
func parseDirection(s string) (iperf.Direction, error) {
	if s != "" {
		for word, d := range directions {
			if strings.HasPrefix(word, strings.ToLower(s)) {
				return d, nil
			}
		}
	}
	return 0, bad(s, "upstream, downstream or both", slices.Sorted(maps.Keys(directions))...)
}

// plainValue is what an INI file would have for a value of another format.
func plainValue(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), nil
	case bool, int, int64, uint64, json.Number:
		return fmt.Sprint(v), nil
	}
	return "", fmt.Errorf("is a %T: must be a string, a boolean or a number", v)
}
