package report

import (
	"fmt"
	"time"
)

// A group is an interval of all streams.
type group struct {
	cell
	n      int // streams that are in it
	serial int
	at     int  // its index among the flow's intervals, once it was given out
	summed bool // it is the sum that iperf printed
}

// addIperf3 takes an interval of iperf 3, which prints the streams of one interval one after the
// other.
func (f *flow) addIperf3(k streamKey, c *cell) {
	s := f.stream(k)
	if len(f.groups) > 0 && s.serial == f.groups[0].serial {
		f.closeAll()
	}
	if !f.keep(s, c) {
		return
	}
	if len(f.early) > 0 && len(f.groups) == 0 && f.addEarly(c) {
		return
	}
	if len(f.groups) == 0 {
		f.open(c)
	} else {
		f.groups[0].add(c)
		f.groups[0].n++
	}
	s.serial = f.groups[0].serial
	switch n := f.t.expected(f); {
	case n == 1:
		f.closeAll()
	case f.groups[0].n >= n:
		f.closeWhole()
	}
}

// sumIperf3 takes the sum that iperf 3 printed.
func (f *flow) sumIperf3(c *cell) {
	f.t.checkInterval(c)
	if f.t.p.sums == sumAdded {
		f.closeAll()
		return
	}
	if len(f.early) > 0 && f.takeEarly(c) {
		return
	}
	if len(f.groups) == 0 {
		f.open(c)
		f.groups[0].n = 0
	}
	g := f.groups[0]
	if g.n == 1 {
		c.fill(&g.cell)
	}
	g.cell = *c
	g.summed = true
	f.closeAll()
}

// open begins an interval. Groups are large, so they are used again and not moved.
func (f *flow) open(c *cell) *group {
	f.serial++
	var g *group
	if n := len(f.free); n > 0 {
		g, f.free = f.free[n-1], f.free[:n-1]
		*g = group{}
	} else {
		g = new(group)
	}
	g.cell, g.n, g.serial = *c, 1, f.serial
	f.groups = append(f.groups, g)
	return g
}

// maxGroups is how far streams may run apart before their intervals are given out as they are.
const maxGroups = 64

// addIperf2 takes an interval of iperf 2, whose streams print when each is ready.
func (f *flow) addIperf2(s *stream, c *cell) {
	if !f.keep(s, c) {
		return
	}
	// The groups of earlier intervals that all streams are in have had their time for a sum.
	for len(f.groups) > 0 {
		g := f.groups[0]
		if g.start >= c.start || g.matches(c) || g.n < f.size()-f.ended(g) {
			break
		}
		f.closeFirst()
	}
	n := f.t.expected(f)
	g := f.find(c)
	switch {
	case g != nil:
		s.serial = g.serial
		if !g.summed {
			g.add(c)
		}
		g.n++
	case f.emitted > 0 && c.start <= f.lastStart && f.late(c):
		return
	default:
		g = f.open(c)
		s.serial = g.serial
		if n == 1 {
			f.closeAll()
			return
		}
	}
	if f.groups[0].n >= n {
		f.closeWhole()
	}
	for len(f.groups) > maxGroups {
		f.closeFirst()
	}
}

// size is how many streams the flow has, as far as is known.
func (f *flow) size() int { return max(f.t.expected(f), len(f.streams)) }

// ended is how many streams had their end before the interval g.
func (f *flow) ended(g *group) (n int) {
	if f.closed == 0 {
		return 0
	}
	for _, s := range f.streams {
		if s.endedBefore(g) {
			n++
		}
	}
	return n
}

func (s *stream) endedBefore(g *group) bool {
	for _, t := range s.totals {
		if t != nil {
			return t.end <= (g.start+g.end)/2
		}
	}
	return false
}

func (f *flow) find(c *cell) *group {
	for _, g := range f.groups {
		if g.matches(c) {
			return g
		}
	}
	return nil
}

// matches reports whether c belongs to the interval g: it starts at about the same time.
func (g *group) matches(c *cell) bool {
	return 2*(g.start-c.start).Abs() < max(min(g.end-g.start, c.end-c.start), time.Millisecond)
}

// late adds c to an interval that was given out without it. It is false when there is none.
func (f *flow) late(c *cell) bool {
	if f.addEarly(c) {
		return true
	}
	if f.sum.n > 0 || f.sum.holds {
		return true // it is in the sum that was printed
	}
	for back := 1; back <= min(f.emitted, maxGroups); back++ {
		at := f.recent[(f.emitted-back)%maxGroups]
		if g := (group{cell: cell{start: at.start, end: at.end}}); !g.matches(c) {
			continue
		}
		f.t.warn(c.line, "a stream's interval came after those of the next one")
		if !f.t.discard() {
			f.t.slabs.addTo(&f.intervals[len(f.intervals)-back], c)
		}
		return true
	}
	return false
}

// sumIperf2 takes the sum that iperf 2 printed.
func (f *flow) sumIperf2(c *cell) {
	if f.t.p.sums == sumAdded {
		return
	}
	if f.takeEarly(c) {
		return
	}
	g := f.find(c)
	if g == nil {
		if f.emitted > 0 && c.start <= f.lastStart {
			return // it was added up already
		}
		g = f.open(c)
		g.n = 0
	}
	if g.n >= f.size() {
		c.complete(&g.cell)
	}
	g.cell = *c
	g.summed = true
	for len(f.groups) > 0 && f.groups[0].summed {
		f.closeFirst()
	}
}

func (f *flow) closeAll() {
	for len(f.groups) > 0 {
		f.closeFirst()
	}
}

// closeFirst gives out the oldest open interval.
func (f *flow) closeFirst() {
	g := f.groups[0]
	f.giveOut(g)
	f.groups = f.groups[:copy(f.groups, f.groups[1:])]
	f.free = append(f.free, g)
}

func (f *flow) giveOut(g *group) {
	// iperf 2 may print a sum before the last of its streams.
	if n := f.t.expected(f); !(g.summed && f.t.iperf2) && (g.n < n-f.ended(g) && !g.summed || g.n > 0 && f.closed == 0 && g.n < len(f.streams)) {
		f.warnMissing(g, n)
	}
	switch {
	case g.summed:
	case f.t.p.sums == sumPrinted && (g.n > 1 || f.size() > 1):
		f.t.warn(g.line, fmt.Sprintf("no sum of interval %v-%v is printed", g.start, g.end))
		return
	case g.n > 1:
		f.t.warnAdded(g.line)
	}
	f.emit(&g.cell)
}

// warnMissing says which streams are not in g.
func (f *flow) warnMissing(g *group, expected int) {
	if f.t.full() {
		return
	}
	var ids []int
	for _, s := range f.streams {
		if s.serial < g.serial && !s.endedBefore(g) && len(ids) < 32 {
			ids = append(ids, s.key.id)
		}
	}
	if len(ids) == 0 {
		f.t.warn(g.line, fmt.Sprintf("interval %v-%v has %d of %d streams", g.start, g.end, g.n, expected))
		return
	}
	f.t.warn(g.line, fmt.Sprintf("interval %v-%v lacks streams %v", g.start, g.end, ids))
}

// emit gives out an interval. It returns false for a repetition of the one before.
func (f *flow) emit(c *cell) bool {
	if !f.t.iperf2 && f.emitted > 0 && f.recent[(f.emitted-1)%maxGroups] == (span{c.start, c.end, c.omitted}) {
		return false // it is printed twice, of which its stream has warned
	}
	in := f.t.slabs.interval(c)
	length := c.end - c.start
	if f.first == 0 {
		f.first = length
	} else if !c.omitted && length*10 < f.first*9 {
		in.Short = true
	}
	f.recent[f.emitted%maxGroups] = span{c.start, c.end, c.omitted}
	f.emitted++
	if !c.omitted {
		f.carried = addBytes(f.carried, c.bytes)
		f.tally.add(c, 1)
		f.until = max(f.until, c.end)
	}
	f.unordered = f.unordered || c.start < f.lastStart
	f.lastStart = c.start
	if !f.t.discard() {
		f.intervals = append(f.t.room(f.intervals), in)
	}
	if f.t.each != nil && f.key.class != classMixed && f.key.class != classMirror {
		in.Reverse = f.t.reverseNow(f)
		f.t.each(in)
	}
	return true
}
