package report_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestInterleaved reads pairs of outputs of testdata/corpus whose lines come in turn behind names.
func TestInterleaved(t *testing.T) {
	t.Parallel()
	prefixes := []hostPrefix{
		{"pdsh", func(host string, _ int) string { return host + ": " }},
		{"stern", func(host string, _ int) string { return host + " iperf3 " }},
		{"stern with times", func(host string, i int) string { return fmt.Sprintf("%s iperf3 2026-11-28T10:00:%02dZ ", host, i%60) }},
		{"GNU parallel", func(host string, _ int) string { return host + "\t" }},
		{"Fabric", func(host string, _ int) string { return "[" + host + "] out: " }},
		{"Docker", func(host string, _ int) string { return host + "-1  | " }},
		{"syslog", func(host string, i int) string { return fmt.Sprintf("Nov 28 10:00:%02d %s iperf[812]: ", i%60, host) }},
		{"addresses", func(host string, _ int) string {
			return strings.ReplaceAll(strings.ReplaceAll(host, "host-a", "127.0.0.1"), "host-b", "127.0.0.2") + " "
		}},
		{"srun", func(host string, _ int) string {
			return strings.NewReplacer("host-a", "0", "host-b", "1").Replace(host) + ": "
		}},
		{"srun without a space", func(host string, _ int) string {
			return strings.NewReplacer("host-a", "3", "host-b", "12").Replace(host) + ":"
		}},
		{"a name and a dash", func(host string, _ int) string { return host + " - " }},
		{"a level, a name and dashes", func(host string, i int) string {
			return fmt.Sprintf("2026-11-28 10:00:%02d,123 - INFO - %s - ", i%60, host)
		}},
		{"numbers", func(host string, _ int) string {
			return strings.ReplaceAll(strings.ReplaceAll(host, "host-a", "worker 1"), "host-b", "worker 2") + " "
		}},
	}
	testInterleaved(t, "txt", prefixes, 4)
}

// A hostPrefix is what a program puts before the lines of several hosts.
type hostPrefix struct {
	name   string
	prefix func(host string, line int) string
}

// testInterleaved reads pairs of outputs of testdata/corpus in turn: with each prefix, one in so many.
func testInterleaved(t *testing.T, extension string, prefixes []hostPrefix, oneIn int) {
	texts := corpusOutputs(t, extension)
	names := slices.Sorted(maps.Keys(texts))
	for k, p := range prefixes {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for i, name := range names {
				a, b := texts[name], texts[names[(i+1)%len(names)]]
				if (i+k)%oneIn != 0 || extension == "txt" && (!begins(a) || !begins(b)) {
					continue
				}
				want := slices.Sorted(slices.Values(append(traffic(a), traffic(b)...)))
				got := slices.Sorted(slices.Values(traffic(interleaved(a, b, p.prefix))))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s and %s (-alone +in turn)\n%s", name, names[(i+1)%len(names)], diff)
				}
			}
		})
	}
}

// traffic returns the tests of an output that carried anything, rendered.
func traffic(text string) []string {
	return slices.DeleteFunc(strings.Split(bare(all([]byte(text))), "next test\n"), func(s string) bool {
		return strings.Contains(s, "no bandwidth")
	})
}

// begins reports whether an output has the line that begins it.
func begins(text string) bool {
	return strings.Contains(text, "onnecting to") || strings.Contains(text, "listening on") || strings.Contains(text, "Accepted")
}

func interleaved(a, b string, prefix func(host string, line int) string) string {
	var out strings.Builder
	la, lb := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	for i := range max(len(la), len(lb)) {
		if i < len(la) && la[i] != "" {
			out.WriteString(prefix("host-a", i) + la[i])
		}
		if i < len(lb) && lb[i] != "" {
			out.WriteString(prefix("host-b", i) + lb[i])
		}
	}
	return out.String()
}

// TestInterleavedRows does the same with rows of CSV, of which a name without a space may be the only mark.
func TestInterleavedRows(t *testing.T) {
	t.Parallel()
	prefixes := []hostPrefix{
		{"a colon", func(host string, _ int) string { return host + ":" }},
		{"a space", func(host string, _ int) string { return host + " " }},
		{"a column", func(host string, _ int) string { return host + "," }},
		{"columns", func(host string, _ int) string { return "lab," + host + "," }},
		{"syslog", func(host string, i int) string { return fmt.Sprintf("Nov 28 10:00:%02d %s iperf[812]: ", i%60, host) }},
	}
	testInterleaved(t, "csv", prefixes, 2)
}

// TestRowsOfOtherHosts has rows of CSV of several pairs of hosts, one after the other and in turn, without anything before them.
func TestRowsOfOtherHosts(t *testing.T) {
	t.Parallel()
	rows := func(at, client string, id, carried int) (rows []string) {
		for i, interval := range []string{"0.0-1.0", "1.0-2.0", "0.0-2.0"} {
			n := carried
			if i == 2 {
				n = 2 * carried
			}
			rows = append(rows, fmt.Sprintf("202611230549%s%d,192.0.2.1,5001,%s,39034,%d,%s,%d,%d\n", at, 3+min(i, 1), client, id, interval, n, 8*carried))
		}
		return rows
	}
	for _, ids := range [][2]int{{4, 4}, {4, 5}} {
		a, b, later := rows("1", "192.0.2.2", ids[0], 117440512), rows("1", "192.0.2.3", ids[1], 17440512), rows("3", "192.0.2.3", ids[1], 17440512)
		var turns string
		for i := range a {
			turns += a[i] + b[i]
		}
		for _, tt := range []struct {
			name, text string
			others     string
		}{
			{"in turn", turns, strings.Join(b, "")},
			{"at once", strings.Join(a, "") + strings.Join(b, ""), strings.Join(b, "")},
			{"later", strings.Join(a, "") + strings.Join(later, ""), strings.Join(later, "")},
			{"totals only", a[2] + later[2], later[2]},
			{"totals at once", a[2] + b[2], b[2]},
		} {
			first := strings.Join(a, "")
			if strings.Contains(tt.name, "totals") {
				first = a[2]
			}
			if diff := cmp.Diff(append(traffic(first), traffic(tt.others)...), traffic(tt.text)); diff != "" {
				t.Errorf("%s, ids %v (-alone +together)\n%s", tt.name, ids, diff)
			}
		}
	}
}
