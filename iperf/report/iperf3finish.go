package report

// finishIperf3 gives the directions of iperf 3 their names.
func (t *test) finishIperf3() {
	t.dropMerged()
	for _, f := range t.flows {
		if f.key.class == classMixed {
			continue
		}
		forward := t.forwardIperf3(f)
		f.forward = forward
		sends := forward == (t.rep.Role != RoleServer)
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
				t.dropUnmeasured(&st.Sent, &st.Received, &st.Unlabelled, sends, f.carried > 0)
			}
		}
		t.dropUnmeasured(&out.Sent, &out.Received, &out.Unlabelled, sends, f.carried > 0)
		t.set(forward, out)
	}
}

// forwardIperf3 reports whether a flow of iperf 3 goes to the server.
func (t *test) forwardIperf3(f *flow) bool {
	server := t.rep.Role == RoleServer
	switch f.key.class {
	case classSends:
		return !server
	case classReceives:
		return server
	}
	reverse := t.reverse
	if server && !t.json && !reverse {
		_, received := f.totals(totalReceived)
		sent, _ := f.added(totalSent) // zero: the sender's count, which a receiver does not know
		reverse = t.sendsHere || sent.bytes > 0 && !received
	}
	return !reverse
}

// dropMerged drops the sum of one direction of a document if the other has none, though its streams have totals. Before 3.11 both
// have one key, of which programs that read and write the document keep the last: it may be of either direction.
func (t *test) dropMerged() {
	if !t.json || len(t.flows) != 2 {
		return
	}
	for i, f := range t.flows {
		other := t.flows[1-i]
		for k := range totalKinds {
			n, _ := other.totals(k)
			if c := f.sum.totals[k]; c == nil || other.sum.totals[k] != nil || n == 0 {
				continue
			}
			t.warn(f.sum.totals[k].line, "the sum of one direction is missing: that of the other is not used, as it may be of either")
			f.sum.totals[k] = nil
		}
	}
}
