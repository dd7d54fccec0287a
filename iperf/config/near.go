package config

import (
	"maps"
	"slices"
	"strings"
)

// nearest returns the name that s probably is a misspelling of, or nothing. Case and the kind of dash do not count.
func nearest(s string, names []string) string {
	s = spelling(s)
	if len(s) > longestKey {
		return ""
	}
	best, distance := "", min(3, len(s)/3)+1
	for _, name := range names {
		if d := edits(s, spelling(name), distance); d < distance {
			best, distance = name, d
		}
	}
	return best
}

func spelling(s string) string {
	return strings.TrimLeft(strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "_", "-"), "-")
}

// edits counts the letters that must be inserted, left out, replaced or swapped with the next one to make b of a. It is
// at least limit if it is no less.
func edits(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	older, old := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range old {
		old[j] = j
	}
	for i := range len(a) {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			replaced := old[j]
			if a[i] != b[j] {
				replaced++
			}
			row[j+1] = min(replaced, old[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
		older, old = old, row
	}
	return old[len(b)]
}

// What keys are called elsewhere.
var (
	otherTestNames = map[string]string{
		"duration": "time", "seconds": "time", "streams": "parallel", "threads": "parallel", "rate": "bandwidth", "speed": "bandwidth",
		"buffer": "window", "protocol": "udp", "tcp": "udp", "repetitions": "iperf_repetitions", "repeat": "iperf_repetitions",
		"dut": "client_section", "traffic-server": "server_section", "iperf": "program",
	}
	otherHostNames = map[string]string{
		"ip": "control_ip", "host": "control_ip", "hostname": "control_ip", "address": "control_ip", "addr": "control_ip",
		"user": "username", "login": "username", "os": "operating_system", "test-addr": "test_ip",
	}
	// The programs' short options, whose case counts.
	shortOptions = map[string]string{
		"t": "time", "i": "interval", "p": "port", "P": "parallel", "b": "bandwidth", "w": "window", "l": "len", "n": "num", "k": "blockcount",
		"u": "udp", "R": "reverse", "d": "dualtest", "B": "bind", "M": "set-mss", "N": "no-delay", "O": "omit", "S": "tos", "C": "congestion",
		"f": "format", "F": "file", "Z": "zerocopy", "4": "version4", "6": "version6", "J": "json", "T": "ttl", "e": "enhanced",
	}
)

// meantTestKey returns what a key of the section of a test probably means, or nothing.
func meantTestKey(key string) string {
	if long, ok := shortOptions[strings.TrimLeft(key, "-")]; ok {
		return long
	}
	if name := meantKey(key, testKeys, otherTestNames); name != "" {
		return name
	}
	for _, end := range []string{"client", "server"} {
		if rest, ok := strings.CutPrefix(spelling(key), end+"-"); ok {
			if name := meantKey(rest, optionKeys, otherTestNames); name != "" {
				return end + "_" + name
			}
		}
	}
	return ""
}

// meantHostKey returns what a key of a host's section probably means, or nothing.
func meantHostKey(key string) string { return meantKey(key, hostKeys, otherHostNames) }

func meantKey(key string, names []string, others map[string]string) string {
	name := nearest(key, slices.Concat(names, slices.Sorted(maps.Keys(others))))
	if other, ok := others[name]; ok && !slices.Contains(names, name) {
		return other
	}
	return name
}
