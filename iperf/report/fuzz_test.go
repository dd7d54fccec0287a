package report

import (
	"bytes"
	"io"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"golang.org/x/tools/txtar"
)

// seed gives every fixture whose name or text the reader takes.
func seed(f *testing.F, takes func(name string, text []byte) bool) {
	f.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*.txtar"))
	if err != nil || len(names) == 0 {
		f.Fatalf("no fixtures: %v", err)
	}
	for _, name := range names {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range ar.Files {
			if !strings.HasSuffix(file.Name, ".want") && takes(filepath.Base(name), file.Data) {
				f.Add(file.Data)
				f.Add(file.Data[:len(file.Data)*2/3])
			}
		}
	}
}

// FuzzText, FuzzCSV and FuzzJSON read anything. What they begin with leads each to its reader.
func FuzzText(f *testing.F) {
	seed(f, func(name string, text []byte) bool {
		return bytes.IndexByte(text, '[') == 0 || !bytes.HasPrefix(text, []byte("{"))
	})
	f.Fuzz(check)
}

func FuzzCSV(f *testing.F) {
	seed(f, func(name string, text []byte) bool { return strings.HasPrefix(name, "iperf2_csv") })
	f.Fuzz(check)
}

func FuzzJSON(f *testing.F) {
	seed(f, func(name string, text []byte) bool { return bytes.HasPrefix(text, []byte("{")) })
	f.Fuzz(check)
}

// check reads text in several ways. Whatever it is, they must agree, and nothing may be made up.
func check(t *testing.T, text []byte) {
	seen := 0
	rep, err := new(Parser).Parse(bytes.NewReader(text), func(i Interval) {
		seen++
		sane(t, i.Rate, i.TCP, i.UDP)
	})
	if rep == nil {
		t.Fatal("no report")
	}
	if len(rep.Warnings) > maxWarnings+2 {
		t.Fatalf("%d warnings", len(rep.Warnings))
	}
	kept, totals := 0, 0
	for _, flow := range []*Flow{rep.Forward, rep.Reverse, rep.Mixed} {
		if flow == nil {
			continue
		}
		if flow != rep.Mixed {
			kept += len(flow.Intervals)
		}
		for _, total := range []*Total{flow.Sent, flow.Received, flow.Unlabelled} {
			if total != nil {
				totals++
				sane(t, total.Rate, total.TCP, total.UDP)
			}
		}
	}
	if kept > seen {
		t.Fatalf("%d intervals were kept, %d seen", kept, seen)
	}
	if err == nil && totals == 0 {
		t.Fatal("no total and no error")
	}
	// In pieces, and without keeping anything.
	pieces, piecesErr := new(Parser).Parse(iotest.HalfReader(bytes.NewReader(text)), nil)
	if (err == nil) != (piecesErr == nil) || err != nil && err.Error() != piecesErr.Error() || len(pieces.Warnings) != len(rep.Warnings) {
		t.Fatalf("in pieces: %v with %d warnings, whole: %v with %d", piecesErr, len(pieces.Warnings), err, len(rep.Warnings))
	}
	if !reflect.DeepEqual(rep, pieces) {
		t.Fatalf("in pieces it is %+v, whole %+v", pieces, rep) // the size of the one was not known
	}
	followed := 0
	p := Parser{Discard: true}
	if _, err := p.Parse(bytes.NewReader(text), func(Interval) { followed++ }); (err == nil) != (piecesErr == nil) {
		t.Fatalf("followed: %v, kept: %v", err, piecesErr)
	}
	if followed != seen {
		t.Fatalf("followed %d intervals, %d when they are kept", followed, seen)
	}
	tests := 0
	for rep := range ParseAll(bytes.NewReader(text)) {
		if rep == nil {
			t.Fatal("a test without a report")
		}
		tests++
	}
	if tests == 0 {
		t.Fatal("no test, not even an empty one")
	}
	for _, p := range []interface {
		Parse(io.Reader, func(Interval)) (*Report, error)
	}{&IperfParser{}, &SumParser{}} {
		if rep, _ := p.Parse(bytes.NewReader(text), nil); rep == nil {
			t.Fatal("no report")
		}
	}
}

func sane(t *testing.T, rate BitRate, tcp *TCP, udp *UDP) {
	t.Helper()
	if math.IsNaN(float64(rate)) || math.IsInf(float64(rate), 0) {
		t.Fatalf("a rate of %v", float64(rate))
	}
	if tcp != nil && tcp.Has == 0 || udp != nil && udp.Has == 0 {
		t.Fatal("an empty struct where nil is meant")
	}
	if udp != nil && udp.Jitter < 0 {
		t.Fatalf("a jitter of %v", udp.Jitter)
	}
}

// FuzzRow reads single lines of text.
func FuzzRow(f *testing.F) {
	seed(f, func(name string, text []byte) bool { return true })
	f.Fuzz(func(t *testing.T, line []byte) {
		var r row
		whole := r.parse(line, false)
		if whole == rowData && (math.IsNaN(float64(r.rate)) || r.start < 0) {
			t.Fatalf("%q is the row %+v", line, r)
		}
		if cut := r.parse(line, true); cut == rowData && whole != rowData {
			t.Fatalf("%q is a row only when it is cut", line)
		}
	})
}

// FuzzClassify reads what iperf says on stderr.
func FuzzClassify(f *testing.F) {
	for _, m := range messages {
		f.Add("iperf3: error - " + m.text + "\n")
	}
	f.Fuzz(func(t *testing.T, text string) {
		err := ClassifyError(text)
		if err != nil && strings.ContainsAny(err.Error(), "\n") {
			t.Fatalf("%q has more than one line", err)
		}
	})
}
