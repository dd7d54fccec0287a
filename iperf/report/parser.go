package report

import (
	"io"
	"iter"
)

// A Parser reads what iperf printed. It recognises every format from the text itself. The zero value is ready to use;
// it may be used by many goroutines at once, as it keeps nothing.
type Parser struct {
	// Discard keeps no intervals, so that following a long test takes no more memory than a short one: Intervals and
	// Streams' Intervals are empty. What an interval that each gets points to is then valid during the call only.
	Discard bool

	// Side says which end printed the output. Zero: the output itself tells, as it mostly does. It matters for the
	// CSV of iperf 2 from 2.1 on, whose rows are the same at both ends.
	Side Side

	all bool // every test's intervals are reported
}

// Parse reads to the end of r and gives the first test in it. It calls each, unless that is nil, with every interval
// of the test as soon as its line is complete: parallel streams summed, omitted ones marked, and of both directions
// when there are two. Only the first interval of iperf 2 has to wait, as without what follows it may be the total.
//
// Output with a fault gives what could be read together with an error that wraps the kinds of failure: what iperf
// itself reported, ErrIncomplete, ErrNoBandwidth when there is no number at all. The report is never nil. An error of
// r is returned, too.
func (p *Parser) Parse(r io.Reader, each func(Interval)) (*Report, error) {
	in := reader{p: p, src: source{r: r}, each: each}
	t := in.next()
	more := in.next()
	for t := more; t != nil; t = in.next() {
	}
	if more != nil {
		t.warn(0, "more tests follow")
	}
	return t.result(&in)
}

func (t *test) result(in *reader) (*Report, error) {
	rep, err := t.finish()
	if failure := in.src.failure(); failure != nil {
		if err == nil {
			err = ErrIncomplete
		}
		err = joined([]error{failure, err})
	}
	return rep, err
}

// Parse reads to the end of r and gives the first test in it; a warning says when more follow. See Parser.Parse.
func Parse(r io.Reader) (*Report, error) { return new(Parser).Parse(r, nil) }

// ParseAll gives each test in r, as it ends, with the error that Parse would give for it alone.
func ParseAll(r io.Reader) iter.Seq2[*Report, error] {
	return func(yield func(*Report, error) bool) {
		in := reader{p: &Parser{all: true}, src: source{r: r}}
		for t := in.next(); t != nil; t = in.next() {
			if !yield(t.result(&in)) {
				return
			}
		}
	}
}
