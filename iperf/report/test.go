package report

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/tunaperf/tuna/iperf/report/internal/lines"
)

// A test assembles the report of one test from its rows, in one of two ways: iperf2Test is the
// state of the assembler of iperf 2, iperf3Test that of iperf 3. Until a line tells which program
// it is of, it is that of neither.
type test struct {
	p     *options
	src   *lines.Source
	each  func(Interval)
	rep   *Report
	slabs slabs
	flows []*flow
	conns []conn // as the text introduces them

	iperf2   bool          // the program is iperf 2
	guessed  bool          // the form of a row alone decided the program
	longest  time.Duration // the latest end of a total
	lines    int           // that are of it
	cut      bool          // its end is missing
	broken   bool          // its last row was cut
	done     bool          // it is over
	usage    bool          // the program's help was printed
	said     []error       // the failures that iperf reported
	added    bool          // it was warned that streams are added up
	split    bool          // it was warned of several lines on one
	torn     bool          // it was warned of a row that is broken where a number may be
	nonsense nonsense      // that it was warned of
	odd      bool          // it was warned of what iperf says of its host
	unsummed bool          // totals were left out because their sum is missing

	iperf2Test
	iperf3Test
}

// room returns a list with room for one more interval.
func (t *test) room(list []Interval) []Interval {
	if n := len(list); n == cap(list) {
		return slices.Grow(list, t.src.More(n))
	}
	return list
}

func (t *test) discard() bool { return t.p.Discard }

// maxWarnings is how many warnings a report keeps; a last one says that there were more.
const maxWarnings = 100

func (t *test) warning(err error) {
	switch n := len(t.rep.Warnings); {
	case n < maxWarnings:
		t.rep.Warnings = append(t.rep.Warnings, err)
	case n == maxWarnings:
		t.rep.Warnings = append(t.rep.Warnings, &Warning{Text: "there are more warnings"})
	}
}

// full reports whether a further warning would be lost.
func (t *test) full() bool { return len(t.rep.Warnings) > maxWarnings }

func (t *test) warn(line int, text string) {
	if !t.full() {
		t.warning(&Warning{line, text})
	}
}

func (t *test) warnAdded(line int) {
	if !t.added {
		t.added = true
		t.warn(line, "no sum is printed: the streams are added up")
	}
}

// maxSaid is how many different failures of a test are kept.
const maxSaid = 8

// fail takes an error that iperf printed.
func (t *test) fail(err error) {
	for _, e := range t.said {
		if e.Error() == err.Error() {
			return
		}
	}
	if len(t.said) < maxSaid {
		t.said = append(t.said, err)
	}
}

// takeOddity takes what iperf 3 says of its host in every interval.
func (t *test) takeOddity(text []byte) {
	if !t.odd {
		t.odd = true
		t.warn(0, "iperf said: "+strings.ToValidUTF8(string(text[:min(len(text), 120)]), "\uFFFD"))
	}
}

// foretold reports whether all that is known is the failure by which a test ended early. Where the
// output went through a pipe, what was said on standard error comes before what waited in the
// program's buffer.
func (t *test) foretold() bool {
	if len(t.said) == 0 || t.rep.Program != "" || len(t.flows)+len(t.conns) > 0 {
		return false
	}
	for _, err := range t.said {
		if !errors.Is(err, ErrInterrupted) && !errors.Is(err, ErrPeerLost) {
			return false
		}
	}
	return true
}

// maxFlows is more than a test can have.
const maxFlows = 16

// flow gives the flow of that key, which it makes when there is none.
func (t *test) flow(k flowKey) *flow {
	for _, f := range t.flows {
		if f.key == k {
			return f
		}
	}
	if len(t.flows) == maxFlows {
		// Ports at random, that is, no output of iperf's. All that comes further goes into one.
		return t.flows[maxFlows-1]
	}
	f := &flow{t: t, key: k}
	t.flows = append(t.flows, f)
	return f
}

// total reports whether a total came.
func (t *test) total() bool {
	for _, f := range t.flows {
		if f.closed > 0 || f.sum.totals != (totals{}) {
			return true
		}
	}
	return false
}

// gathered reports whether an interval came.
func (t *test) gathered() bool {
	for _, f := range t.flows {
		if f.emitted > 0 || len(f.groups) > 0 {
			return true
		}
	}
	return false
}

func (t *test) has(k flowClass) bool {
	for _, f := range t.flows {
		if f.key.class == k {
			return true
		}
	}
	return false
}

// expected is how many streams f has, as far as the output says; 0: it does not.
func (t *test) expected(f *flow) int {
	if t.json {
		return 0
	}
	if t.iperf2 {
		return t.expectedIperf2(f)
	}
	n := len(t.conns)
	if f.key.class != classOnly {
		n /= 2
	}
	return n
}

// The programs' names in a report.
const (
	programIperf2 = "iperf"
	programIperf3 = "iperf3"
)

// guessIperf2 reports whether iperf 2 prints a test, which the form of a row decides if its program
// is not known: iperf 3 pads before "sec" and prints two decimals.
func (t *test) guessIperf2(row *row, wide bool) bool {
	if t.rep.Program == programIperf2 {
		return true
	}
	t.guessed = true
	three := row.by != 0 || row.role != 0
	if !three && row.decimals == 2 && !row.star && row.kind != labelMixed && row.enh.Has == 0 {
		// "0.00-1.00   sec" is iperf 3's, "0.00-1.00 sec" is iperf 2's.
		three = wide || row.padded
	}
	if t.rep.Program = programIperf2; three {
		t.rep.Program = programIperf3
	}
	return !three
}
