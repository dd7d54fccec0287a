package report_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf/report"
)

// outputs are small ones, one of each format.
var outputs = []struct{ name, text string }{
	{"iperf 3", `Connecting to host 192.0.2.1, port 5201
[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201
[ ID] Interval           Transfer     Bitrate         Retr  Cwnd
[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec   18   1023 KBytes
- - - - - - - - - - - - - - - - - - - - - - - - -
[ ID] Interval           Transfer     Bitrate         Retr
[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec   18             sender
[  5]   0.00-1.00   sec   266 MBytes  2.23 Gbits/sec                  receiver

iperf Done.
`},
	{"iperf 3 JSON", `{
	"start":	{"version":	"iperf 3.12", "connecting_to": {"host": "192.0.2.1", "port": 5201}},
	"intervals":	[{
			"streams":	[{"socket": 5, "start": 0, "end": 1, "bytes": 1000000, "bits_per_second": 8e6, "sender": true}]
		}],
	"end":	{
		"sum_sent":	{"start": 0, "end": 1, "bytes": 1000000, "bits_per_second": 8e6, "retransmits": 3, "sender": true},
		"sum_received":	{"start": 0, "end": 1, "bytes": 900000, "bits_per_second": 7.2e6, "sender": true}
	}
}
`},
	{"iperf 3 JSON stream", `{"event":"start","data":{"version":"iperf 3.17"}}
{"event":"interval","data":{"streams":[{"socket":5,"start":0,"end":1,"bytes":1000000,"bits_per_second":8e6,"sender":true}]}}
{"event":"end","data":{"sum_sent":{"start":0,"end":1,"bytes":1000000,"bits_per_second":8e6,"sender":true}}}
`},
	{"iperf 2", `Client connecting to 192.0.2.1, TCP port 5001
[  3] local 192.0.2.2 port 35936 connected with 192.0.2.1 port 5001
[  3]  0.0- 1.0 sec   112 MBytes   941 Mbits/sec
[  3]  1.0- 2.0 sec   110 MBytes   923 Mbits/sec
[  3]  0.0- 2.0 sec   222 MBytes   931 Mbits/sec
`},
	{"iperf 2 CSV", `20261123054953,192.0.2.2,56560,192.0.2.1,5001,3,0.0-1.0,1000000,8000000
20261123054954,192.0.2.2,56560,192.0.2.1,5001,3,1.0-2.0,1000000,8000000
20261123054954,192.0.2.2,56560,192.0.2.1,5001,3,0.0-2.0,2000000,8000000
`},
}

// TestJunk puts what says nothing before, between and after the lines of an output, which must read as without it.
func TestJunk(t *testing.T) {
	tests := []struct {
		name, junk string
		between    bool
	}{
		{"blank lines and zeros in turn", "\n\x00\n\x00", true},
		{"zeros and blank lines in turn", "\x00\n\x00\n", true},
		{"UTF-16 blank lines", "\r\x00\n\x00\r\x00\n\x00", true},
		{"zeros", strings.Repeat("\x00", 70_000), true},
		{"a zero", "\x00", true},
		{"three zeros", "\x00\x00\x00", true},
		{"blank lines", strings.Repeat("\n", 300), true},
		{"windows blank lines", strings.Repeat("\r\n", 300), true},
		{"lines that end the other way round", strings.Repeat("\n\r", 300), true},
		{"colours", strings.Repeat("\x1b[0m", 300), true},
		{"a window title", "\x1b]0;host\a", true},
		{"spaces", "   \n\t\n", true},
		{"UTF-8 mark", "\uFEFF", false},
		{"UTF-8 mark twice", "\uFEFF\uFEFF", false},
		{"UTF-8 mark behind zeros", "\x00\x00\uFEFF", false},
		{"UTF-16 mark alone", "\xff\xfe", false},
		{"other UTF-16 mark alone", "\xfe\xff", false},
		{"a line of UTF-16", "\xff\xfeo\x00k\x00\r\x00\n\x00", false},
		{"a line of the other UTF-16", "\xfe\xff\x00o\x00k\x00\r\x00\n", false},
		{"a line of UTF-16 without a mark", "\x00o\x00k\x00\n", false},
		{"half a line of UTF-16", "\xff\xfeo\x00k\x00", false},
		{"a line feed that is half of a character", "\xff\xfe\x01\n", false},
		{"half a surrogate pair", "\xff\xfe\n\xd8\n\x00", false},
		{"the other half", "\xff\xfe\x00\xdc\n\x00", false},
		{"control characters", "\x01\x02\x07\x08\x0b\x7f\n", false},
		{"words", "make: nothing to be done\n", false},
	}
	for _, tt := range tests {
		for _, out := range outputs {
			t.Run(tt.name+"/"+out.name, func(t *testing.T) {
				t.Parallel()
				want := said([]byte(out.text))
				for place, text := range map[string]string{
					"before":  tt.junk + out.text,
					"after":   out.text + tt.junk,
					"between": tt.junk + strings.ReplaceAll(out.text, "\n", "\n"+tt.junk),
				} {
					if place != "before" && !tt.between {
						continue
					}
					if diff := cmp.Diff(want, said([]byte(text))); diff != "" {
						t.Errorf("%s (-plain +with junk)\n%s", place, diff)
					}
				}
			})
		}
	}
}

// TestJoinedEncodings reads two outputs of which one was appended to the other in another encoding.
func TestJoinedEncodings(t *testing.T) {
	marked := func(little, big string) (encodings []func(string) string) {
		plain := func(s string) string { return s }
		for _, order := range []string{little, big} {
			encodings = append(encodings, func(s string) string {
				var b strings.Builder
				b.WriteString(order)
				for _, c := range s {
					if order == little {
						b.Write([]byte{byte(c), 0})
					} else {
						b.Write([]byte{0, byte(c)})
					}
				}
				return b.String()
			})
		}
		return append(encodings, plain)
	}("\xff\xfe", "\xfe\xff")
	names := []string{"UTF-16LE", "UTF-16BE", "ASCII"}
	for _, out := range outputs {
		want := said([]byte(out.text + out.text))
		for i, first := range marked {
			for j, second := range marked {
				if diff := cmp.Diff(want, said([]byte(first(out.text)+second(out.text)))); diff != "" {
					t.Errorf("%s, %s and %s (-ASCII +encoded)\n%s", out.name, names[i], names[j], diff)
				}
			}
		}
	}
}

// A stutter puts reads without a visible byte between the bytes of r.
type stutter struct {
	r     io.Reader
	with  string // what each of them brings
	times int
	left  int
}

func (s *stutter) Read(p []byte) (int, error) {
	if s.left > 0 {
		s.left--
		return copy(p, s.with), nil
	}
	s.left = s.times
	return s.r.Read(p[:1])
}

func TestInvisibleReads(t *testing.T) {
	tests := []struct {
		name, with string
		times      int
	}{
		{"nothing", "", 1000},
		{"zero bytes", "\x00", 1000},
		{"blocks of zero bytes", strings.Repeat("\x00", 512), 150},
		{"escape sequences", "\x1b[0m", 150},
	}
	for _, tt := range tests {
		for _, out := range outputs {
			t.Run(tt.name+"/"+out.name, func(t *testing.T) {
				t.Parallel()
				want := render(report.Parse(strings.NewReader(out.text)))
				got := render(report.Parse(&stutter{r: strings.NewReader(out.text), with: tt.with, times: tt.times}))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-plain +stuttering)\n%s", diff)
				}
			})
		}
	}
	t.Run("nothing for ever", func(t *testing.T) {
		endless := io.MultiReader(strings.NewReader(outputs[0].text), &stutter{r: iotest.ErrReader(nil), times: 1})
		if _, err := report.Parse(endless); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("got the error %v", err)
		}
	})
}

// FuzzJunk puts lines that are no row before an output, whose numbers must not change.
func FuzzJunk(f *testing.F) {
	for i := range outputs {
		for _, junk := range []string{
			"\n\x00\n\x00", "\x00", "\xff\xfe", "\xfe\xff", "\xff\xfex\x00", "\xff\xfe\x01", "\xff\xfe\x00\xd8", "\uFEFF", "\x1b]0;", "\x1b[", "\r",
		} {
			f.Add(uint8(i), []byte(junk))
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, junk []byte) {
		text := outputs[int(which)%len(outputs)].text
		// Without words, brackets and commas there is neither a row nor a banner.
		junk = bytes.Map(func(c rune) rune {
			switch {
			case c == '\uFFFD':
				return 0xfe
			case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z':
				return 'x'
			case strings.ContainsRune(`[{",`, c):
				return '.'
			}
			return c
		}, junk)
		want := numbers([]byte(text))
		if got := numbers([]byte(string(junk) + "\n" + text)); got != want {
			t.Errorf("%q before %s", junk, cmp.Diff(want, got))
		}
	})
}

var warningLine = regexp.MustCompile(`(?m)^ *warning .*\n`)

// numbers is what an output means, but for its warnings.
func numbers(text []byte) string { return warningLine.ReplaceAllString(all(text), "") }
