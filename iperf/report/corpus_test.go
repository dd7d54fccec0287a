package report_test

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/report"
)

// TestCorpus reads the 807 outputs of 30 versions of iperf in testdata/corpus, or those in the
// folder that TUNA_CORPUS names, and compares them with the expectations in its MANIFEST.tsv.
func TestCorpus(t *testing.T) {
	dir := cmp.Or(os.Getenv("TUNA_CORPUS"), "testdata/corpus")
	manifest, err := os.Open(filepath.Join(dir, "MANIFEST.tsv"))
	if err != nil {
		t.Fatal(err)
	}
	defer manifest.Close()
	lines := bufio.NewScanner(manifest)
	lines.Scan()
	header := strings.Split(lines.Text(), "\t")
	var tally corpusTally
	for lines.Scan() {
		row := make(map[string]string)
		for i, v := range strings.Split(lines.Text(), "\t") {
			row[header[i]] = v
		}
		tally.file(t, dir, row)
	}
	t.Logf("%d files; values: %d right, %d wrong, %d missing, %d made up; %d excused", tally.files, tally.right, tally.wrong, tally.missing, tally.madeUp, tally.excused)
	if tally.files == 0 {
		t.Error("the folder has no outputs")
	}
}

type corpusTally struct{ files, right, wrong, missing, madeUp, excused int }

func (c *corpusTally) file(t *testing.T, dir string, row map[string]string) {
	name := row["file"]
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	c.files++
	if strings.Contains(row["notes"], "several tests in this file") || strings.Contains(name, "server_multi__server") {
		c.excused++ // the manifest mixes the numbers of all of them
		return
	}
	rep, repErr := report.Parse(bytes.NewReader(text))
	fail := func(kind *int, format string, args ...any) {
		t.Helper()
		*kind++
		t.Errorf("%s: %s (%s)", name, fmt.Sprintf(format, args...), row["cmd"])
	}
	withheld := strings.Contains(row["notes"], "ARTEFACT") || row["how"] == ""
	rate := func(column string, got *report.Total) {
		t.Helper()
		want := row[column]
		if why := corpusExcuses[name+" "+column]; why != "" {
			c.excused++
			return
		}
		switch {
		case want == "" && (got == nil || withheld):
		case want == "":
			fail(&c.madeUp, "%s: got %g, nothing is expected", column, got.Rate)
		case got == nil && number(t, want) == 0:
			c.right++
		case got == nil:
			fail(&c.missing, "%s: got nothing, want %s", column, want)
		case !near(float64(got.Rate), number(t, want)):
			fail(&c.wrong, "%s: got %.10g, want %s", column, got.Rate, want)
		default:
			c.right++
		}
	}
	flow := func(f *report.Flow) report.Flow {
		if f == nil {
			return report.Flow{}
		}
		return *f
	}
	fwd, rev := flow(rep.Forward), flow(rep.Reverse)
	rate("fwd_sender_bps", fwd.Sent)
	rate("fwd_receiver_bps", fwd.Received)
	rate("rev_sender_bps", rev.Sent)
	rate("rev_receiver_bps", rev.Received)
	unlabelled := fwd.Unlabelled
	if unlabelled == nil {
		unlabelled = rev.Unlabelled
	}
	rate("unlabelled_total_bps", unlabelled)

	udp := func(prefix string, f report.Flow) {
		t.Helper()
		var u report.UDP
		for _, total := range []*report.Total{f.Received, f.Unlabelled} {
			if total != nil && total.UDP != nil {
				u = *total.UDP
				break
			}
		}
		values := []struct {
			column string
			field  report.UDPFields
			got    float64
		}{
			{"jitter_ms", report.Jitter, float64(u.Jitter) / float64(time.Millisecond)},
			{"lost", report.Lost, float64(u.Lost)},
			{"total", report.Packets, float64(u.Packets)},
		}
		for _, v := range values {
			want := row[prefix+v.column]
			if corpusExcuses[name+" "+prefix+v.column] != "" {
				c.excused++
				continue
			}
			switch has := u.Has.Has(v.field); {
			case want == "":
				if has && !withheld && row["protocol"] == "udp" {
					if v.column == "jitter_ms" && row["streams"] != "1" {
						continue
					}
					fail(&c.madeUp, "%s: got %g, nothing is expected", prefix+v.column, v.got)
				}
			case number(t, want) == 0 && f.Received == nil:
				c.right++ // a zero for what is not known
			case !has:
				fail(&c.missing, "%s: got nothing, want %s", prefix+v.column, want)
			case math.Abs(v.got-number(t, want)) > 1e-6:
				fail(&c.wrong, "%s: got %g, want %s", prefix+v.column, v.got, want)
			default:
				c.right++
			}
		}
	}
	udp("fwd_", fwd)
	udp("rev_", rev)

	if want := row["n_intervals"]; want != "" && corpusExcuses[name+" n_intervals"] == "" {
		spans := make(map[[2]time.Duration]bool)
		omitted, rows := 0, repeated(rep)
		for _, f := range []report.Flow{fwd, rev} {
			if len(f.Streams) == 0 {
				for _, i := range f.Intervals {
					spans[span(i)] = true
				}
			}
			for _, s := range f.Streams {
				for _, i := range s.Intervals {
					if i.Omitted {
						omitted++
					} else {
						rows++
						spans[span(i)] = true
					}
				}
			}
		}
		if strings.Contains(name, ".json") {
			// Here the manifest counts what is in the list, repetitions and all.
			spans = make(map[[2]time.Duration]bool)
			for _, f := range []report.Flow{fwd, rev} {
				for _, i := range f.Intervals {
					if !i.Omitted {
						spans[span(i)] = true
					}
				}
			}
			for i := range repeated(rep) {
				spans[[2]time.Duration{-1, time.Duration(i)}] = true
			}
		}
		if len(spans) != int(number(t, want)) && !withheld {
			fail(&c.wrong, "n_intervals: got %d, want %s", len(spans), want)
		} else {
			c.right++
		}
		if want := row["n_interval_lines"]; want != "" && !withheld && corpusExcuses[name+" n_interval_lines"] == "" && rows != int(number(t, want)) {
			fail(&c.wrong, "n_interval_lines: got %d, want %s", rows, want)
		}
		if want := row["n_omitted_lines"]; want != "" && omitted != int(number(t, want)) {
			fail(&c.wrong, "n_omitted_lines: got %d, want %s", omitted, want)
		}
	}
	nothing := fwd.Sent == nil && fwd.Received == nil && fwd.Unlabelled == nil && rev.Sent == nil && rev.Received == nil && rev.Unlabelled == nil
	if nothing && repErr == nil {
		fail(&c.wrong, "no number and no error")
	}
	if testing.Verbose() && os.Getenv("TUNA_CORPUS_VERBOSE") != "" {
		t.Logf("%s: err %v warnings %v", name, repErr, rep.Warnings)
	}
}

func span(i report.Interval) [2]time.Duration {
	return [2]time.Duration{i.Start.Round(10 * time.Millisecond), i.End.Round(10 * time.Millisecond)}
}

// repeated counts the rows that iperf printed twice, which the manifest counts and a report does not.
func repeated(rep *report.Report) (n int) {
	for _, w := range rep.Warnings {
		if strings.Contains(w.Error(), "printed twice") {
			n++
		}
	}
	return n
}

func number(t *testing.T, s string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*max(math.Abs(a), math.Abs(b)) }

// corpusExcuses are the expectations of the manifest that a reader of the text alone cannot or should not meet.
var corpusExcuses = excuses(
	// The rows of iperf 2's CSV are the same at both ends since 2.1. Without intervals nothing tells whose total it is.
	excuse("neither end is told", "unlabelled_total_bps fwd_sender_bps fwd_receiver_bps rev_sender_bps rev_receiver_bps",
		"iperf2-2.1.8__csv__client.csv iperf2-2.1.8__csv__server.csv iperf2-2.1.8__csv_e__server.csv iperf2-2.1.8__csv_sumonly_P3__client.csv",
		"iperf2-2.2.1__csv_P4__client.csv iperf2-2.2.1__csv_P4__server.csv iperf2-2.2.1__csv_R__server.csv iperf2-2.2.1__csv_n1__client.csv"),
	// FD1 adds both directions, and the manifest adds it to one of them once more: 3.65 + 6.90.
	excuse("FD1 counted as a stream", "fwd_sender_bps fwd_receiver_bps n_interval_lines",
		"iperf2-2.1.8__e_full_duplex__client.txt iperf2-2.1.8__e_full_duplex__server.txt"),
	// The report of another version's server, misread by the client: "-nan bits/sec 131.073 ms 4294967096/0 (inf%)".
	excuse("not a number", "fwd_receiver_bps fwd_jitter_ms fwd_lost fwd_total", "iperf2-2.1.8__interop_udp_srv2.0.13a__client.txt"),
	// iperf 2.2 prints 0.000 ms in a relayed report, whatever the server measured.
	excuse("a jitter that is not sent over", "fwd_jitter_ms rev_jitter_ms",
		"iperf2-2.2.1__server_multi_udp__client.txt iperf2-2.2.1__udp_noi__client.txt",
		"iperf2-2.2.n__udp_d_L__client.txt iperf2-2.2.n__udp_d_L__server.txt"),
	// The Server Report is the receiver's, and is no second stream to add to the sender's: 5.25 + 5.26.
	excuse("server report counted as a stream", "rev_sender_bps rev_receiver_bps",
		"iperf2-2.1.8__udp_d_L__server.txt iperf2-2.2.n__udp_d_L__server.txt"),
	// "sum" joins the sender's rate with the receiver's loss, in both directions as in one: it has no side.
	excuse("a sum without a side", "fwd_sender_bps fwd_receiver_bps rev_sender_bps rev_receiver_bps unlabelled_total_bps "+
		"fwd_jitter_ms fwd_lost fwd_total rev_jitter_ms rev_lost rev_total",
		"iperf3-3.9__J_udp_bidir__client.json iperf3-3.9__J_udp_bidir__server.json"),
)

func excuse(why, columns string, files ...string) map[string]string {
	m := make(map[string]string)
	for _, file := range strings.Fields(strings.Join(files, " ")) {
		for column := range strings.FieldsSeq(columns) {
			m[file+" "+column] = why
		}
	}
	return m
}

func excuses(all ...map[string]string) map[string]string {
	m := make(map[string]string)
	for _, e := range all {
		maps.Copy(m, e)
	}
	return m
}
