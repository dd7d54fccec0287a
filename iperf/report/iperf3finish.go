package report

// finishIperf3 gives the directions of iperf 3 their names.
func (t *test) finishIperf3() {
	for _, f := range t.flows {
		if f.key.class == classMixed {
			continue
		}
		forward := t.forwardIperf3(f)
		sends := forward == (t.rep.Side != ServerSide)
		if f.counted = totalReceived; sends {
			f.counted = totalSent
		}
		t.checkStreams(f)
		out := t.output(f)
		out.Sent, out.Received, out.Unlabelled = t.pick(f, totalSent), t.pick(f, totalReceived), t.pick(f, totalUnlabelled)
		for i, s := range f.streams {
			if len(out.Streams) > i {
				st := &out.Streams[i]
				st.Sent, st.Received, st.Unlabelled = s.totals[totalSent].total(), s.totals[totalReceived].total(), s.totals[totalUnlabelled].total()
				dropUnknown(&st.Sent, &st.Received, sends, t.rep.Side)
			}
		}
		dropUnknown(&out.Sent, &out.Received, sends, t.rep.Side)
		t.set(forward, out)
	}
}

// forwardIperf3 reports whether a flow of iperf 3 goes to the server.
func (t *test) forwardIperf3(f *flow) bool {
	server := t.rep.Side == ServerSide
	switch f.key.class {
	case classSends:
		return !server
	case classReceives:
		return server
	}
	reverse := t.reverse
	if server && !t.json && !reverse {
		_, sent := f.totals(totalSent)
		_, received := f.totals(totalReceived)
		reverse = t.sendsHere || sent && !received
	}
	return !reverse
}

// dropUnknown drops the count of the far end where iperf 3 printed zeros because it did not get it,
// and of the sender's count what only a receiver can know.
func dropUnknown(sent, received **Total, sends bool, side Side) {
	far := received
	if !sends {
		far = sent
	}
	if t := *far; t != nil && t.Bytes == 0 && t.Rate == 0 {
		*far = nil
	}
	if s := *sent; s != nil && s.UDP != nil {
		s.UDP.Has &= Packets | PacketRate
		if s.UDP.Packets == 0 && s.Bytes > 0 {
			s.UDP.Has &^= Packets // the other end did not say how many
		}
		*s.UDP = UDP{Has: s.UDP.Has, Packets: s.UDP.Packets, PacketRate: s.UDP.PacketRate}
		if s.UDP.Has == 0 {
			s.UDP = nil
		}
	}
}
