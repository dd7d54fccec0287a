package report

import "fmt"

// iperf 3 prints the sum of an interval with the streams of the next one, so that it comes late by
// a whole interval. An interval is therefore given out as soon as all streams are in it, and kept
// as the sum of them until the printed sum comes.

// closeWhole gives out the oldest open intervals that all streams are in, if their number is known.
func (f *flow) closeWhole() {
	if f.t.p.sums == sumPrinted || f.t.expected(f) < 2 {
		return
	}
	for len(f.groups) > 0 {
		g := f.groups[0]
		if g.summed || g.n < f.size()-f.ended(g) {
			return
		}
		if f.t.p.sums == sumAdded {
			f.closeFirst()
			continue
		}
		g.at = len(f.intervals)
		if f.emit(&g.cell) {
			f.early = append(f.early, g)
		} else {
			f.free = append(f.free, g)
		}
		f.groups = f.groups[:copy(f.groups, f.groups[1:])]
		if len(f.early) > maxGroups {
			f.dropEarly(1)
		}
	}
}

// earlyOf returns the index of the interval that c belongs to among those that await their sum, -1
// if there is none.
func (f *flow) earlyOf(c *cell) int {
	for i, g := range f.early {
		if g.omitted == c.omitted && g.matches(c) {
			return i
		}
	}
	return -1
}

// takeEarly takes the sum that iperf printed of an interval that was given out. It returns false if
// there is none.
func (f *flow) takeEarly(c *cell) bool {
	i := f.earlyOf(c)
	if i < 0 {
		return false
	}
	f.dropEarly(i) // sums come in order
	g := f.early[0]
	if f.t.iperf2 {
		c.complete(&g.cell)
	}
	// The streams of iperf 2 have clocks of their own: they may be in an interval that its sum lacks them in.
	if !f.t.iperf2 && differs(float64(c.bytes), float64(g.bytes)) && differs(float64(c.rate), float64(g.rate)) {
		f.t.warn(c.line, fmt.Sprintf("the sum says %d bytes, its streams together %d", c.bytes, g.bytes))
	}
	f.replace(g, c)
	f.early = f.early[:copy(f.early, f.early[1:])]
	f.free = append(f.free, g)
	return true
}

// addEarly adds the row of a stream that nothing announced to the interval that it belongs to,
// which was given out. It returns false if there is none.
func (f *flow) addEarly(c *cell) bool {
	i := f.earlyOf(c)
	if i < 0 {
		return false
	}
	g := f.early[i]
	sum := g.cell
	sum.add(c)
	f.replace(g, &sum)
	g.cell = sum
	g.n++
	f.t.warn(c.line, "a stream's interval came after that of all that were known")
	return true
}

// replace makes an interval that was given out that of c.
func (f *flow) replace(g *group, c *cell) {
	if !g.omitted {
		f.carried = addBytes(f.carried-g.bytes, c.bytes)
		f.tally.add(&g.cell, -1)
		f.tally.add(c, 1)
	}
	if f.t.discard() {
		return
	}
	was := f.intervals[g.at]
	f.intervals[g.at] = f.t.slabs.interval(c)
	f.intervals[g.at].Short = was.Short
}

// dropEarly gives up the sums of the first n intervals that await theirs.
func (f *flow) dropEarly(n int) {
	for i := range n {
		f.t.warnAdded(f.early[i].line)
	}
	f.free = append(f.free, f.early[:n]...)
	f.early = f.early[:copy(f.early, f.early[n:])]
}

// differs reports whether two numbers of the same traffic differ by more than their digits explain.
func differs(a, b float64) bool { return a/b < 0.9 || a/b > 1.1 }
