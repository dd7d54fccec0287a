package report

import (
	"bytes"
	"slices"
)

// jsonFlow returns the flow that an interval is of. From 3.7 on each says whether this end sends.
func (t *test) jsonFlow(c *jsonCell) *flow {
	k := classOnly
	if c.hasSender {
		if k = classReceives; c.sender {
			k = classSends
		}
		if !t.has(k) {
			// A program that sorted the keys put the totals before the intervals: theirs is that flow.
			for _, f := range t.flows {
				if f.key.class == classOnly {
					f.key.class = k
				}
			}
		}
	}
	return t.flow(flowKey{class: k})
}

// takeStart takes what a document says of its test before the intervals.
func (t *test) takeStart(start *jsonStart) {
	for _, set := range start.set {
		set(t.rep)
	}
	if start.cookie != "" {
		t.cookie = start.cookie
	}
	if start.reverse != nil {
		t.reverse = *start.reverse
	}
	t.conns = append(t.conns, make([]conn, start.conns)...)
	t.start = true
	t.takeEarlyTotals()
}

// atStart takes a total with take, or has it taken when the start comes: which way it went follows from the role, which the start
// tells. Programs that sort the keys of a document put the totals before it.
func (t *test) atStart(take func()) {
	const most = 1 << 14 // far more than a document has
	if t.start || t.stream || len(t.early) == most {
		take()
		return
	}
	t.early = append(t.early, take)
}

func (t *test) takeEarlyTotals() {
	for _, take := range t.early {
		take()
	}
	t.early = nil
}

// takeStream takes an interval of one stream.
func (t *test) takeStream(c *jsonCell) {
	f := t.jsonFlow(c)
	t.moveTo(f, c.id)
	f.addIperf3(streamKey{id: c.id}, &c.cell)
}

// takeSums ends the interval whose streams came, with its sums. If the document ended within, it is
// dropped.
func (t *test) takeSums(sums []jsonCell, cut bool) {
	if cut {
		for _, f := range t.flows {
			f.groups = f.groups[:0]
		}
		return
	}
	for i := range sums {
		c := &sums[i]
		if c.reverse && !c.hasSender {
			c.hasSender, c.sender = true, t.rep.Role == RoleServer
		}
		t.jsonFlow(c).sumIperf3(&c.cell)
	}
	for _, f := range t.flows {
		f.closeAll()
	}
}

// takeTotal takes a total of all streams.
func (t *test) takeTotal(kind totalKind, c *jsonCell) {
	f := t.endFlow(c.reverse)
	f.total(&f.sum, kind, &c.cell)
}

// takeStreamTotal takes the total of one stream.
func (t *test) takeStreamTotal(kind totalKind, c *jsonCell) {
	f := t.flowOf(c.id)
	if f == nil {
		f = t.endFlow(false)
	}
	f.total(f.stream(streamKey{id: c.id}), kind, &c.cell)
}

// takeError takes the document's own word on a failure.
func (t *test) takeError(text []byte) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return
	}
	if isOddity(text) {
		t.takeOddity(text)
		return
	}
	err := classifyLine(text)
	if err == nil {
		err = saidError(text, ErrReported)
	}
	t.fail(err)
}

// endFlow returns the flow that a total is of. Totals' own word on who sends changed its meaning
// between versions.
func (t *test) endFlow(reverse bool) *flow {
	if !reverse && len(t.flows) == 1 {
		return t.flows[0]
	}
	if !reverse && len(t.flows) == 0 {
		return t.flow(flowKey{class: classOnly})
	}
	k := classSends
	if reverse == (t.rep.Role != RoleServer) {
		k = classReceives
	}
	return t.flow(flowKey{class: k})
}

// flowOf returns the flow with that stream, nil if none has it.
func (t *test) flowOf(id int) *flow {
	for _, f := range t.flows {
		if _, ok := f.index[streamKey{id: id}]; ok {
			return f
		}
	}
	return nil
}

// moveTo moves a stream to f that has only totals so far: those that came before the intervals do
// not tell whose they are.
func (t *test) moveTo(f *flow, id int) {
	k := streamKey{id: id}
	if len(t.flows) < 2 {
		return
	}
	if _, ok := f.index[k]; ok {
		return
	}
	for _, g := range t.flows {
		i, ok := g.index[k]
		if !ok || g.streams[i].n > 0 {
			continue
		}
		was := g.streams[i]
		g.streams = slices.Delete(g.streams, i, i+1)
		clear(g.index)
		for i, s := range g.streams {
			g.index[s.key] = i
		}
		s := f.stream(k)
		s.totals, s.lastTotal = was.totals, was.lastTotal
		if was.totals != (totals{}) {
			g.closed--
			f.closed++
		}
		return
	}
}
