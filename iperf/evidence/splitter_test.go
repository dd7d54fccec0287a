package evidence_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/evidence"
)

// parts are the texts that a Splitter makes of an output.
type parts struct{ First, Out, Last string }

// split writes the pieces to a Splitter.
func split(tb testing.TB, mark string, pieces ...string) parts {
	tb.Helper()
	var b strings.Builder
	s := evidence.Splitter{Out: &b, Mark: mark}
	for _, p := range pieces {
		if n, err := s.Write([]byte(p)); n != len(p) || err != nil {
			tb.Fatalf("Write(%q) = %d, %v", p, n, err)
		}
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return parts{s.First(), b.String(), s.Last()}
}

func TestSplitter(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	for _, test := range []struct {
		name, mark string
		pieces     []string
		want       parts
	}{
		{"one write", "##", []string{"a##\nb##\nc"}, parts{"a", "b", "\nc"}},
		{"marks in two writes", "@mark", []string{"a@ma", "rk", "\nb@", "markc"}, parts{"a", "b", "c"}},
		{"a byte at a time", "aab", strings.Split("xaab\naaaabyaab", ""), parts{"x", "aa", "yaab"}},
		{"no output", "@", []string{"a@\n@b"}, parts{"a", "", "b"}},
		{"newlines of the command", "@", []string{"@\n\na\n@\n"}, parts{"", "\na\n", "\n"}},
		{"no mark", "@mark", []string{"a@ma", "x"}, parts{"", "a@max", ""}},
		{"one mark", "@mark", []string{"a@mark\nb@ma"}, parts{"a", "b@ma", ""}},
		{"ends in a beginning", "@mark", []string{"a@ma"}, parts{"", "a@ma", ""}},
		{"empty mark", "", []string{"a", "b"}, parts{"", "ab", ""}},
		{"nothing", "@", nil, parts{}},
		{"bounded", "@", []string{long, "y@\n@", long, "y"}, parts{long, "", long}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, split(t, test.mark, test.pieces...)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestSplitterHoldsNothing checks that output that cannot begin the mark is written at once.
func TestSplitterHoldsNothing(t *testing.T) {
	var b strings.Builder
	s := evidence.Splitter{Out: &b, Mark: "@mark"}
	for _, step := range []struct{ write, want string }{
		{"@mark\n", ""}, {"line\n", "line\n"}, {"x@", "line\nx"}, {"ma", "line\nx"}, {"m", "line\nx@mam"}, {"@@", "line\nx@mam@"},
	} {
		if _, err := s.Write([]byte(step.write)); err != nil {
			t.Fatal(err)
		}
		if b.String() != step.want {
			t.Errorf("after %q: %q was written, want %q", step.write, b.String(), step.want)
		}
	}
}

type failing struct{}

var errFull = errors.New("disk full")

func (failing) Write(p []byte) (int, error) { return len(p) / 2, errFull }

func TestSplitterErrors(t *testing.T) {
	s := evidence.Splitter{Out: failing{}, Mark: "@mark"}
	if n, err := s.Write([]byte("@mark\nabcd")); n != 0 || !errors.Is(err, errFull) {
		t.Errorf("Write = %d, %v", n, err)
	}
	if n, err := s.Write([]byte("@ma")); n != 3 || err != nil {
		t.Errorf("Write of a beginning = %d, %v", n, err)
	}
	if err := s.Close(); !errors.Is(err, errFull) {
		t.Errorf("Close = %v", err)
	}
}

func FuzzSplitter(f *testing.F) {
	f.Add("first@mark\noutput\n@mark\nrest", "@mark", uint64(3))
	f.Add("aaaab", "aab", uint64(0x5555))
	f.Fuzz(func(t *testing.T, text, mark string, cuts uint64) {
		want := parts{Out: text}
		if first, rest, ok := strings.Cut(text, mark+"\n"); ok && mark != "" {
			out, last, _ := strings.Cut(rest, mark)
			want = parts{first[:min(len(first), 1<<20)], out, last[:min(len(last), 1<<20)]}
		}
		var pieces []string
		for start, i := 0, 1; ; i++ {
			if i >= len(text) {
				pieces = append(pieces, text[start:])
				break
			}
			if cuts>>(i%64)&1 == 1 {
				pieces = append(pieces, text[start:i])
				start = i
			}
		}
		if diff := cmp.Diff(want, split(t, mark, pieces...)); diff != "" {
			t.Errorf("%q by %q (-want +got):\n%s", pieces, mark, diff)
		}
	})
}
