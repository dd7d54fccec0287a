package report

import (
	"io"
	"iter"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
)

// A Parser reads what iperf printed. It recognises every format from the text itself. The zero
// value is ready to use. A Parser keeps nothing between calls: many goroutines may use one at once.
//
// Memory grows only with what the report keeps. A line of text is read up to 64 KiB; the rest of a
// longer one is left out, with a warning. A string in JSON may have 16 MiB. A report keeps 100
// warnings.
type Parser struct {
	// Discard keeps no intervals, so that following a long test takes no more memory than a short one:
	// the Intervals of flows and streams are empty. What an interval that each gets points to is then
	// valid during the call only.
	Discard bool

	// Role says which end printed the output. Zero: the output itself tells, as it mostly does. It
	// matters for the CSV of iperf 2 from 2.0.14 on, whose rows are the same at both ends.
	Role Role
}

// Parse reads to the end of r and gives the first test in it; a warning says when more follow. It
// calls each, unless that is nil, with every interval of the test as soon as its line is complete:
// parallel streams summed, omitted ones marked, and those of both directions when there are two,
// which Interval.Reverse tells apart as well as the lines up to there do. Only the first interval
// of iperf 2 waits for the next row, as without it a row from 0 on may be the total.
//
// Parallel streams are given to each when all that the output introduced have their row. If iperf
// prints their sum after that, the report has the printed one, and a warning if the two contradict
// each other.
//
// Output with a fault gives what could be read together with an error that wraps the kinds of
// failure: what iperf itself reported, ErrIncomplete when the totals are missing, ErrNoBandwidth
// when there is no number at all, ErrNotUnderstood when it is not iperf's output. The report is
// never nil. An error of r is returned, too. Parse returns io.ErrNoProgress only if r returns no
// bytes and no error a million times in a row.
func (p *Parser) Parse(r io.Reader, each func(Interval)) (*Report, error) {
	return p.with(sumAsPrinted).parse(r, each)
}

func (o *options) parse(r io.Reader, each func(Interval)) (*Report, error) {
	in := newReader(o, lines.New(r))
	in.tests.each = each
	t := in.next()
	more := in.next()
	for next := more; next != nil; next = in.next() {
	}
	if more != nil {
		t.warn(0, "more tests follow")
	}
	return t.result(in)
}

func (t *test) result(in *reader) (*Report, error) {
	rep, err := t.finish()
	if failure := in.src.Failure(); failure != nil {
		if err == nil {
			err = ErrIncomplete
		}
		err = joined([]error{failure, err})
	}
	return rep, err
}

// Parse reads to the end of r and gives the first test in it; a warning says when more follow. See
// Parser.Parse.
func Parse(r io.Reader) (*Report, error) { return new(Parser).Parse(r, nil) }

// ParseAll gives each test in r, as it ends, with the error that Parse would give for it alone.
// Output without a test gives one empty report with an error. What a server of iperf 2 prints of
// less than half a second waits for what follows, as it may be one of several streams.
func (p *Parser) ParseAll(r io.Reader) iter.Seq2[*Report, error] {
	return p.with(sumAsPrinted).parseAll(r)
}

func (o *options) parseAll(r io.Reader) iter.Seq2[*Report, error] {
	return func(yield func(*Report, error) bool) {
		in := newReader(o, lines.New(r))
		in.tests.all = true
		for t := in.next(); t != nil; t = in.next() {
			if !yield(t.result(in)) {
				return
			}
		}
	}
}

// ParseAll gives each test in r, as the zero Parser reads it. See Parser.ParseAll.
func ParseAll(r io.Reader) iter.Seq2[*Report, error] { return new(Parser).ParseAll(r) }

// A sumPolicy says what the sum of parallel streams is.
type sumPolicy uint8

const (
	sumAsPrinted sumPolicy = iota // and added up where it is not printed
	sumAdded
	sumPrinted
)

// options are how an output is read. The policy is no field of Parser, because go-cmp compares no values of a caller's that
// have a field that is not exported.
type options struct {
	Parser
	sums sumPolicy
}

func (p *Parser) with(sums sumPolicy) *options { return &options{*p, sums} }

// An IperfParser adds parallel streams up itself and pays no heed to the sums that iperf printed.
// What nothing but a sum tells, as with --sum-only, it does not report.
type IperfParser struct{ Parser }

// Parse is as Parser.Parse, but for the sums.
func (p *IperfParser) Parse(r io.Reader, each func(Interval)) (*Report, error) {
	return p.with(sumAdded).parse(r, each)
}

// ParseAll is as Parser.ParseAll, but for the sums.
func (p *IperfParser) ParseAll(r io.Reader) iter.Seq2[*Report, error] {
	return p.with(sumAdded).parseAll(r)
}

// A SumParser trusts the sums that iperf printed. With parallel streams an interval without a sum
// is left out, and a total without one is nil: a warning says so, and is all that does, as long as
// there is any sum. iperf 2 leaves out the sum of a UDP client's server reports, and at times that
// of the totals; the sums of the intervals count all the same. A single stream is its own sum.
type SumParser struct{ Parser }

// Parse is as Parser.Parse, but for the sums.
func (p *SumParser) Parse(r io.Reader, each func(Interval)) (*Report, error) {
	return p.with(sumPrinted).parse(r, each)
}

// ParseAll is as Parser.ParseAll, but for the sums.
func (p *SumParser) ParseAll(r io.Reader) iter.Seq2[*Report, error] {
	return p.with(sumPrinted).parseAll(r)
}
