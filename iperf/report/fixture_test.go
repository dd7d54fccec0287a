package report_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tunaperf/tuna/iperf/report"
)

var update = flag.Bool("update", false, "write what is read into the fixtures")

// A fixture is an output and what it means.
type fixture struct {
	name string
	text []byte
	want string
}

// fixtures gives those of an archive: in it are a file and one more, named .want, with the reading.
func fixtures(tb testing.TB, archive string) []fixture {
	tb.Helper()
	ar, err := txtar.ParseFile(archive)
	if err != nil {
		tb.Fatal(err)
	}
	var all []fixture
	for i := 0; i+1 < len(ar.Files); i += 2 {
		in, want := ar.Files[i], ar.Files[i+1]
		if want.Name != in.Name+".want" {
			tb.Fatalf("%s: %s follows %s", archive, want.Name, in.Name)
		}
		text := in.Data
		if strings.Contains(in.Name, "crlf") {
			text = bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
		}
		if strings.Contains(in.Name, "cut") {
			text = bytes.TrimSuffix(text, []byte("\n"))
		}
		all = append(all, fixture{in.Name, text, string(want.Data)})
	}
	return all
}

func archives(tb testing.TB) []string {
	tb.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(names) == 0 {
		tb.Fatalf("no fixtures: %v", err)
	}
	return names
}

func TestFixtures(t *testing.T) {
	for _, archive := range archives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			if *update {
				updateFixtures(t, archive)
			}
			for _, f := range fixtures(t, archive) {
				t.Run(f.name, func(t *testing.T) {
					if diff := cmp.Diff(f.want, all(f.text)); diff != "" {
						t.Errorf("(-want +got)\n%s", diff)
					}
				})
			}
		})
	}
}

// all renders every test of an output.
func all(text []byte) string {
	var b strings.Builder
	for rep, err := range report.ParseAll(bytes.NewReader(text)) {
		if b.Len() > 0 {
			b.WriteString("next test\n")
		}
		b.WriteString(render(rep, err))
	}
	return b.String()
}

func updateFixtures(t *testing.T, archive string) {
	ar, err := txtar.ParseFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range fixtures(t, archive) {
		ar.Files[2*i+1].Data = []byte(all(f.text))
	}
	if err := os.WriteFile(archive, txtar.Format(ar), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestAnyPieces reads every fixture in pieces of one byte, which must not change anything.
func TestAnyPieces(t *testing.T) {
	for _, archive := range archives(t) {
		for _, f := range fixtures(t, archive) {
			want := render(report.Parse(bytes.NewReader(f.text)))
			got := render(report.Parse(iotest.OneByteReader(bytes.NewReader(f.text))))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s %s (-whole +pieces)\n%s", archive, f.name, diff)
			}
		}
	}
}

// TestDiscard follows every fixture without keeping intervals: the same ones must be seen, and the same totals read.
func TestDiscard(t *testing.T) {
	for _, archive := range archives(t) {
		for _, f := range fixtures(t, archive) {
			var kept, followed []string
			keep, keepErr := new(report.Parser).Parse(bytes.NewReader(f.text), func(i report.Interval) { kept = append(kept, interval(i)) })
			p := report.Parser{Discard: true}
			follow, followErr := p.Parse(bytes.NewReader(f.text), func(i report.Interval) { followed = append(followed, interval(i)) })
			if diff := cmp.Diff(kept, followed); diff != "" {
				t.Errorf("%s %s: intervals (-kept +followed)\n%s", archive, f.name, diff)
			}
			if diff := cmp.Diff(withoutIntervals(render(keep, keepErr)), withoutIntervals(render(follow, followErr))); diff != "" {
				t.Errorf("%s %s: report (-kept +followed)\n%s", archive, f.name, diff)
			}
		}
	}
}

func withoutIntervals(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		isOfInterval := strings.HasPrefix(strings.TrimSpace(line), "histogram ") && strings.Contains(line, "final=false")
		if !strings.HasPrefix(strings.TrimSpace(line), "interval ") && !isOfInterval {
			b.WriteString(line)
		}
	}
	return b.String()
}

func TestReaderFails(t *testing.T) {
	broken := errors.New("the link broke")
	const text = "[  5] local 192.0.2.2 port 35936 connected to 192.0.2.1 port 5201\n" +
		"[ ID] Interval           Transfer     Bitrate         Retr  Cwnd\n" +
		"[  5]   0.00-1.00   sec   268 MBytes  2.24 Gbits/sec   18   1023 KBytes\n"
	rep, err := report.Parse(&failing{text: text, err: broken})
	if !errors.Is(err, broken) || !errors.Is(err, report.ErrIncomplete) {
		t.Errorf("got the error %v", err)
	}
	if rep.Forward == nil || len(rep.Forward.Intervals) != 1 {
		t.Errorf("the interval before the fault is missing: %+v", rep.Forward)
	}
}

// failing gives text and then err.
type failing struct {
	text string
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	if f.text == "" {
		return 0, f.err
	}
	n := copy(p, f.text)
	f.text = f.text[n:]
	return n, nil
}
