package evidence

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// A snapshot is the state of a host's counters at one time.
type snapshot struct {
	uptime *time.Duration // since the start of the kernel
	links  map[string]LinkCounters
	kernel map[string]int64 // "Tcp.RetransSegs", "Udp6InErrors"
	cores  []Processor      // in the order of /proc/stat
	groups []group          // control groups, the innermost first
}

// A group is the state of a control group's quota.
type group struct {
	file  string // its cpu.stat; empty: unknown
	quota Throttling
	has   bool // quota was printed
}

// readSnapshot returns the counters of an output of counters.sh. ok is false if it holds none.
func readSnapshot(output string) (s snapshot, ok bool) {
	s = snapshot{links: map[string]LinkCounters{}, kernel: map[string]int64{}}
	var files []string
	for part := range sections(output) {
		switch part.name {
		case "group":
			files = append(files, part.arg)
		case "counters":
			ok = true
			s.read(part.text)
		}
		if ok { // the first state counts
			break
		}
	}
	if len(s.groups) != len(files) {
		s.groups = nil
	}
	for i := range s.groups {
		s.groups[i].file = files[i]
	}
	return s, ok && (s.uptime != nil || len(s.links)+len(s.kernel)+len(s.cores) > 0)
}

// read reads the files that cat printed one after another. Each line tells by itself which file it
// is from.
func (s *snapshot) read(text string) {
	var names []string // of the values in the next line of snmp or netstat
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
		case len(f) == 2 && s.uptime == nil && strings.Contains(f[0], "."):
			if d, ok := span(f[0], time.Second); ok {
				s.uptime = &d
			}
		case isCore(f[0]):
			if p, ok := readCore(f); ok {
				s.cores = append(s.cores, p)
			}
		case strings.HasSuffix(f[0], ":") && len(names) == len(f) && names[0] == f[0]:
			for i, name := range names[1:] {
				if n, ok := number(f[i+1]); ok {
					s.kernel[strings.TrimSuffix(f[0], ":")+"."+name] = n
				}
			}
			names = nil
		case strings.HasSuffix(f[0], ":") && len(f) > 1 && !isDigit(f[1][0]):
			names = f
		case strings.Contains(f[0], ":"):
			if name, c, ok := readLinkCounters(line); ok {
				s.links[name] = c
			}
		case len(f) == 2 && strings.HasPrefix(f[0], "Udp6"):
			if n, ok := number(f[1]); ok {
				s.kernel[f[0]] = n
			}
		case len(f) == 2:
			s.groups = readQuota(s.groups, "", f[0], f[1])
		}
	}
}

// readLinkCounters reads a row of /proc/net/dev. Old kernels print no space after the colon.
func readLinkCounters(line string) (name string, c LinkCounters, ok bool) {
	name, row, _ := strings.Cut(strings.TrimSpace(line), ":")
	v, ok := numbers(strings.Fields(row))
	if !ok || len(v) < 16 || name == "" {
		return "", c, false
	}
	return name, LinkCounters{
		RxBytes: v[0], RxPackets: v[1], RxErrors: v[2], RxDropped: v[3] + v[4],
		TxBytes: v[8], TxPackets: v[9], TxErrors: v[10], TxDropped: v[11],
	}, true
}

// readQuota adds a line of cpu.stat to the groups. The file has "usage_usec" first in version 2 of
// control groups, and "nr_periods" in version 1. file is empty if files follow each other without
// their names.
func readQuota(groups []group, file, name, value string) []group {
	last := len(groups) - 1
	switch {
	case name == "usage_usec", last < 0, file != groups[last].file, name == "nr_periods" && groups[last].has:
		if !slices.Contains([]string{"usage_usec", "nr_periods"}, name) && file == "" {
			return groups
		}
		groups = append(groups, group{file: file})
		last++
	}
	n, ok := number(value)
	if !ok {
		return groups
	}
	q := &groups[last].quota
	switch name {
	case "nr_periods":
		q.Periods, groups[last].has = n, true
	case "nr_throttled":
		q.Throttled = n
	case "throttled_usec":
		q.Time = time.Duration(min(n, 1<<50)) * time.Microsecond
	case "throttled_time":
		q.Time = time.Duration(n)
	}
	return groups
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isCore reports whether name is that of a core's line in /proc/stat, such as "cpu0".
func isCore(name string) bool {
	number, ok := strings.CutPrefix(name, "cpu")
	return ok && number != "" && isDigit(number[0])
}

// tick is the unit of /proc/stat: the kernel's USER_HZ is 100 on all current architectures.
const tick = 10 * time.Millisecond

// readCore reads a core's line of /proc/stat. Guests' time is part of user and nice.
func readCore(f []string) (p Processor, ok bool) {
	core, err := strconv.Atoi(strings.TrimPrefix(f[0], "cpu"))
	v, ok := numbers(f[1:])
	if err != nil || !ok || len(v) < 4 {
		return p, false
	}
	for len(v) < 8 { // before Linux 2.6.11
		v = append(v, 0)
	}
	for i := range v {
		if v[i] > 1<<38 { // a century
			return p, false
		}
		v[i] *= int64(tick)
	}
	d := func(i int) time.Duration { return time.Duration(v[i]) }
	return Processor{
		Core: core, User: d(0) + d(1), System: d(2), Idle: d(3) + d(4), IRQ: d(5), SoftIRQ: d(6), Steal: d(7),
	}, true
}

// grownLink returns the growth of a device's counters. It is nil if the device is missing in one of
// the snapshots, or if it was made anew in between.
func grownLink(before, after snapshot, device string) *LinkCounters {
	b, ok := before.links[device]
	a, ok2 := after.links[device]
	if !ok || !ok2 {
		return nil
	}
	return a.since(b)
}

// since returns the growth since the counters before. It is nil if one has become less.
func (a LinkCounters) since(b LinkCounters) *LinkCounters {
	c := LinkCounters{
		RxBytes: a.RxBytes - b.RxBytes, RxPackets: a.RxPackets - b.RxPackets,
		RxErrors: a.RxErrors - b.RxErrors, RxDropped: a.RxDropped - b.RxDropped,
		TxBytes: a.TxBytes - b.TxBytes, TxPackets: a.TxPackets - b.TxPackets,
		TxErrors: a.TxErrors - b.TxErrors, TxDropped: a.TxDropped - b.TxDropped,
	}
	if min(c.RxBytes, c.RxPackets, c.RxErrors, c.RxDropped, c.TxBytes, c.TxPackets, c.TxErrors, c.TxDropped) < 0 {
		return nil
	}
	return &c
}

// grownKernel returns the growth of the network namespace's counters.
func grownKernel(before, after snapshot) Counters {
	grown := func(name string) *int64 {
		b, ok := before.kernel[name]
		a, ok2 := after.kernel[name]
		if !ok || !ok2 {
			return nil
		}
		return difference(&b, &a)
	}
	// IPv6 has counters of its own for UDP. A kernel without IPv6 has none of them.
	both := func(name string) *int64 {
		sum := grown("Udp." + name)
		_, b := before.kernel["Udp6"+name]
		_, a := after.kernel["Udp6"+name]
		if sum == nil || !a && !b {
			return sum
		}
		six := grown("Udp6" + name)
		if six == nil {
			return nil
		}
		*sum += *six
		return sum
	}
	return Counters{
		TCPRetransmits: grown("Tcp.RetransSegs"), TCPTimeouts: grown("TcpExt.TCPTimeouts"),
		UDPInErrors: both("InErrors"), UDPRcvbufErrors: both("RcvbufErrors"), UDPSndbufErrors: both("SndbufErrors"),
	}
}

// grownCores returns the time that each core spent. A core that was plugged in or out in between is
// left out.
func grownCores(before, after []Processor) (grown []Processor) {
	old := map[int]Processor{}
	for _, p := range before {
		old[p.Core] = p
	}
	for _, a := range after {
		b, ok := old[a.Core]
		if !ok {
			continue
		}
		delete(old, a.Core)
		p := Processor{
			Core: a.Core, User: a.User - b.User, System: a.System - b.System, SoftIRQ: a.SoftIRQ - b.SoftIRQ,
			IRQ: a.IRQ - b.IRQ, Steal: a.Steal - b.Steal, Idle: a.Idle - b.Idle,
		}
		// The kernel documents that a core's iowait, which is part of Idle, may decrease a little.
		if p.Idle < 0 && p.Idle > -time.Second {
			p.Idle = 0
		}
		if min(p.User, p.System, p.SoftIRQ, p.IRQ, p.Steal, p.Idle) >= 0 {
			grown = append(grown, p)
		}
	}
	return grown
}

// grownQuota returns how the group that was held back the longest was held back, of the process's
// own control group and those above it. It is nil if none has a quota.
func grownQuota(before, after []group) *Throttling {
	var worst *Throttling
	for _, a := range after {
		i := slices.IndexFunc(before, func(b group) bool { return b.file == a.file })
		if i < 0 || !a.has || !before[i].has {
			continue
		}
		b := before[i].quota
		t := Throttling{
			Periods: a.quota.Periods - b.Periods, Throttled: a.quota.Throttled - b.Throttled, Time: a.quota.Time - b.Time,
		}
		if t.Periods <= 0 || t.Throttled < 0 || t.Time < 0 {
			continue
		}
		if worst == nil || t.Time > worst.Time {
			worst = &t
		}
	}
	return worst
}
