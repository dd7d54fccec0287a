package evidence

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// A qdisc is the state of a queueing discipline.
type qdisc struct {
	id                               Qdisc // without counters
	bytes, packets, drops, overlimit *int64
	backlog                          *int64
}

// readQdiscs reads the answer of "tc -s qdisc show dev". Versions of tc and kinds of disciplines
// add lines of their own.
func readQdiscs(text string) (all []qdisc) {
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) >= 3 && f[0] == "qdisc" {
			all = append(all, qdisc{id: readDiscipline(f[1:])})
			continue
		}
		if len(all) == 0 || len(f) == 0 {
			continue
		}
		q := &all[len(all)-1]
		// " Sent 100 bytes 2 pkt (dropped 0, overlimits 0 requeues 0)"
		if f[0] == "Sent" && q.bytes == nil {
			for i := 0; i+1 < len(f); i++ {
				n, ok := number(strings.Trim(f[i+1], "(),"))
				if !ok {
					continue
				}
				switch strings.Trim(f[i], "(),") {
				case "Sent":
					q.bytes = &n
				case "bytes":
					q.packets = &n
				case "dropped":
					q.drops = &n
				case "overlimits":
					q.overlimit = &n
				}
			}
		}
		// " backlog 12Kb 8p requeues 0", or behind a rate in old versions
		if i := slices.Index(f, "backlog"); i >= 0 && i+1 < len(f) && q.backlog == nil {
			if n, ok := size(f[i+1]); ok {
				q.backlog = &n
			}
		}
	}
	return all
}

// readDiscipline reads the words after "qdisc" in "qdisc tbf 8001: root refcnt 2 rate 20Mbit burst
// 20Kb lat 50ms".
func readDiscipline(f []string) Qdisc {
	q := Qdisc{Kind: f[0], Handle: f[1]}
	f = f[2:]
	for len(f) > 0 {
		switch {
		case f[0] == "root" || f[0] == "ingress":
			q.Parent = f[0]
			f = f[1:]
		case len(f) > 1 && f[0] == "parent":
			q.Parent = f[1]
			f = f[2:]
		case len(f) > 1 && (f[0] == "dev" || f[0] == "refcnt" || f[0] == "ingress_block" || f[0] == "egress_block"):
			f = f[2:]
		case f[0] == "offloaded" || f[0] == "[Unknown":
			f = f[1:]
		default:
			q.Options = strings.Join(f, " ")
			return q
		}
	}
	return q
}

// size reads a size as tc prints it. Its units are binary.
func size(s string) (n int64, ok bool) {
	digits := strings.TrimRight(s, "bBKkMGi")
	f, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return 0, false
	}
	switch unit := strings.ToUpper(s[len(digits):]); {
	case strings.HasPrefix(unit, "K"):
		f *= 1 << 10
	case strings.HasPrefix(unit, "M"):
		f *= 1 << 20
	case strings.HasPrefix(unit, "G"):
		f *= 1 << 30
	}
	return int64(math.Round(f)), 0 <= f && f < 1<<60
}

// grownQdiscs returns the queueing disciplines that were there before, with the growth of their
// counters.
func grownQdiscs(before, after []qdisc) (grown []Qdisc) {
	for _, b := range before {
		q := b.id
		// A discipline with the same handle can be another one, made in between, only if its
		// counters began again.
		i := slices.IndexFunc(after, func(a qdisc) bool {
			return a.id.Kind == q.Kind && a.id.Handle == q.Handle && a.id.Parent == q.Parent
		})
		if i >= 0 {
			a := after[i]
			bytes, packets := difference(b.bytes, a.bytes), difference(b.packets, a.packets)
			if bytes != nil && packets != nil {
				q.Bytes, q.Packets, q.Backlog = bytes, packets, a.backlog
				q.Drops, q.Overlimits = difference(b.drops, a.drops), difference(b.overlimit, a.overlimit)
			}
		}
		grown = append(grown, q)
	}
	return grown
}

// held returns the bytes in the queues of a device and the packets that they dropped. A discipline
// counts what those under it hold, but not in all versions of the kernel. Disciplines of incoming
// packets have no queue.
func held(all []qdisc) (backlog, drops *int64) {
	sum := func(value func(qdisc) *int64) *int64 {
		var root, leaves *int64
		for _, q := range all {
			v := value(q)
			if v == nil || q.id.Kind == "ingress" || q.id.Kind == "clsact" {
				continue
			}
			if q.id.Parent == "root" {
				root = v
			}
			if !slices.ContainsFunc(all, func(c qdisc) bool { return isUnder(c, q) }) {
				n := *v
				if leaves != nil {
					n += *leaves
				}
				n = max(n, 0) // no sum of real sizes is too large
				leaves = &n
			}
		}
		if root == nil || leaves != nil && *leaves > *root {
			return leaves
		}
		return root
	}
	return sum(func(q qdisc) *int64 { return q.backlog }), sum(func(q qdisc) *int64 { return q.drops })
}

// isUnder reports whether a class of parent holds child. Only the root can have both handle 0 and
// classes, written ":1".
func isUnder(child, parent qdisc) bool {
	major, _, ok := strings.Cut(child.id.Parent, ":")
	handle := strings.TrimSuffix(parent.id.Handle, ":")
	if handle == "0" {
		return ok && major == "" && parent.id.Parent == "root"
	}
	return ok && major == handle
}
