package report

import "fmt"

// finish makes the report of what came.
func (t *test) finish() (*Report, error) {
	rep := t.rep
	t.takeEarlyTotals()
	t.releaseCut()
	for _, f := range t.flows {
		f.settle()
	}
	if t.iperf2 {
		t.finishIperf2()
	} else {
		t.finishIperf3()
	}
	rep.Err = joined(t.said)
	var errs []error
	if rep.Err != nil {
		errs = append(errs, rep.Err)
	}
	none, total := true, false
	for _, f := range []*Flow{rep.Forward, rep.Reverse, rep.Mixed} {
		if f == nil {
			continue
		}
		has := f.Sent != nil || f.Received != nil || f.Unlabelled != nil
		total = total || has
		if has || len(f.Intervals) > 0 {
			none = false
		}
	}
	for _, f := range t.flows {
		none = none && f.emitted == 0
	}
	switch {
	case none && t.lines == 0 && rep.Err == nil && rep.Program == "":
		errs = append(errs, ErrNoBandwidth)
	case none && rep.Program == "" && rep.Err == nil:
		errs = append(errs, ErrNotUnderstood, ErrNoBandwidth)
	case none:
		errs = append(errs, ErrNoBandwidth)
	}
	if t.cut || !none && (!total || t.lacksTotal()) && !t.unsummed {
		errs = append(errs, ErrIncomplete)
	}
	return rep, joined(errs)
}

// lacksTotal reports whether a direction has intervals and no total.
func (t *test) lacksTotal() bool {
	for _, f := range t.flows {
		out := t.rep.Reverse
		if f.forward {
			out = t.rep.Forward
		}
		if f.emitted > 0 && f.key.class != classMixed && f.key.class != classMirror && out != nil &&
			out.Sent == nil && out.Received == nil && out.Unlabelled == nil {
			return true
		}
	}
	return false
}

// joined is one error of several, in one line.
func joined(errs []error) error {
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	case 2:
		return fmt.Errorf("%w: %w", errs[0], errs[1])
	}
	return fmt.Errorf("%w: %w", errs[0], joined(errs[1:]))
}

func (t *test) set(forward bool, out *Flow) {
	out.setReverse(!forward)
	to := &t.rep.Reverse
	if forward {
		to = &t.rep.Forward
	}
	if *to == nil {
		*to = out
		return
	}
	// Two flows of one direction: iperf 2 can connect both ways for it.
	f := *to
	f.Intervals = append(f.Intervals, out.Intervals...)
	f.Streams = append(f.Streams, out.Streams...)
	for _, p := range []struct{ to, from **Total }{{&f.Sent, &out.Sent}, {&f.Received, &out.Received}, {&f.Unlabelled, &out.Unlabelled}} {
		if *p.to == nil {
			*p.to = *p.from
		}
	}
}

func (f *Flow) setReverse(reverse bool) {
	for i := range f.Intervals {
		f.Intervals[i].Reverse = reverse
	}
	for _, s := range f.Streams {
		for i := range s.Intervals {
			s.Intervals[i].Reverse = reverse
		}
	}
}

// output gives a flow its intervals and streams.
func (t *test) output(f *flow) *Flow {
	out := &Flow{Intervals: f.intervals, Histograms: f.sum.histograms}
	for _, s := range f.streams {
		out.Streams = append(out.Streams, Stream{ID: s.key.id, Intervals: s.intervals, Histograms: s.histograms})
	}
	return out
}
