package report

import (
	"slices"
	"strings"
)

// endFlow finds the flow that a total is of. Totals' own word on who sends changed its meaning between versions.
func (d *document) endFlow(reverse bool) *flow {
	t := d.t
	if !reverse && len(t.flows) == 1 {
		return t.flows[0]
	}
	if !reverse && len(t.flows) == 0 {
		return t.flow(flowKey{class: classOnly})
	}
	k := classSends
	if reverse == (t.rep.Side != ServerSide) {
		k = classReceives
	}
	return t.flow(flowKey{class: k})
}

// end reads the totals.
func (d *document) end() {
	if !d.Open('{') {
		return
	}
	seen := make(map[string]bool)
	for d.More('}') {
		key := string(d.Key())
		kind, isSum := totalUnlabelled, true
		switch {
		case strings.HasPrefix(key, "sum_sent"):
			kind = totalSent
		case strings.HasPrefix(key, "sum_received"):
			kind = totalReceived
		case key == "sum", key == "sum_bidir_reverse":
		default:
			isSum = false
		}
		if isSum {
			if c := d.cell(); c.some {
				// Before 3.11 a second object with the same key is of the reverse direction.
				f := d.endFlow(seen[key] || strings.HasSuffix(key, "_bidir_reverse"))
				seen[key] = true
				f.total(&f.sum, kind, &c.cell)
			}
			continue
		}
		switch key {
		case "streams":
			if d.Open('[') {
				for d.More(']') {
					d.endStream()
				}
			}
		case "cpu_utilization_percent":
			d.cpu()
		case "sender_tcp_congestion":
			d.t.rep.Settings.Congestion = string(d.Text())
		default:
			d.Skip()
		}
	}
}

func (d *document) endStream() {
	if !d.Open('{') {
		return
	}
	for d.More('}') {
		kind := totalUnlabelled
		switch string(d.Key()) {
		case "sender":
			kind = totalSent
		case "receiver":
			kind = totalReceived
		case "udp":
		default:
			d.Skip()
			continue
		}
		if c := d.cell(); c.some {
			f := d.t.flowOf(c.id)
			if f == nil {
				f = d.endFlow(false)
			}
			f.total(f.stream(streamKey{id: c.id}), kind, &c.cell)
		}
	}
}

func (d *document) cpu() {
	if !d.Open('{') {
		return
	}
	var local, remote CPUUse
	for d.More('}') {
		var to *float64
		switch string(d.Key()) {
		case "host_total":
			to = &local.Total
		case "host_user":
			to = &local.User
		case "host_system":
			to = &local.System
		case "remote_total":
			to = &remote.Total
		case "remote_user":
			to = &remote.User
		case "remote_system":
			to = &remote.System
		default:
			d.Skip()
			continue
		}
		*to, _ = d.Float()
	}
	if d.Cut {
		return
	}
	cpu := &CPU{Local: &local}
	if remote != (CPUUse{}) {
		cpu.Remote = &remote
	}
	d.t.rep.CPU = cpu
}

// flowOf finds the flow with that stream, nil when none has it.
func (t *test) flowOf(id int) *flow {
	for _, f := range t.flows {
		if _, ok := f.index[streamKey{id: id}]; ok {
			return f
		}
	}
	return nil
}

// moveTo moves a stream to f that has only totals so far: those that came before the intervals do not tell whose they
// are.
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
