package report

// iperf 2.0.14 has no star for the direction from server to client. With --full-duplex its rows are
// of both directions together, or with -e of each in turn, which their columns tell, and then of
// both. Its ids are sockets, of which the first three are taken, whereas later versions count from
// 1.

// unstarredStream finds the stream that a row is of, where the connection has no star; nil: it is
// none of these.
func (t *test) unstarredStream(row *row, kind rowKind) (*flow, *stream) {
	if row.star {
		t.starred()
		return nil, nil
	}
	at := t.connOf(row.id, false)
	if at < 0 || !t.conns[at].unstarred {
		return nil, nil
	}
	sends := kind == rowSent || kind == rowData && row.enh.Has.Has(Writes)
	receives := kind == rowOutOfOrder || kind == rowData && (row.enh.Has.Has(Reads) || row.udp.Has&(Lost|Jitter) != 0)
	key := flowKey{class: classMixed}
	k := streamKey{id: row.id}
	if sends || receives {
		k.from = at
		switch accepted := !t.initiated(&t.conns[at]); {
		case sends == accepted:
			key.class = classStar
		case accepted:
			key.class = classAccepted
		default:
			key.class = classInitiated
		}
	}
	f := t.flow(key)
	return f, f.stream(k)
}

// starred takes back that the rows do not tell: there are stars after all.
func (t *test) starred() {
	t.unstarred = false
	for _, f := range t.flows {
		if f.key.class != classMixed || t.has(classInitiated) || t.has(classAccepted) {
			continue
		}
		clear(f.index)
		for i, s := range f.streams {
			s.key.from = t.connOf(s.key.id, false)
			f.index[s.key] = i
			f.key.class = t.classOf(s.key.from, false)
		}
	}
	for i := range t.conns {
		t.conns[i].unstarred = false
	}
}
