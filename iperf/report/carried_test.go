package report_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A carrier is what another program makes of an output of iperf.
type carrier struct {
	name  string
	carry func(text string) string
	skip  *regexp.Regexp // names of outputs that lose what is needed to read them
}

// carriers are the ways in which an output is carried. Each is read as the output itself.
var carriers = []carrier{
	{name: "the shell's echo $out", carry: func(text string) string { return strings.Join(strings.Fields(text), " ") + "\n" }},
	{name: "newlines as spaces", carry: func(text string) string {
		return strings.ReplaceAll(strings.TrimSpace(text), "\n", " ") + "\n"
	}},
	{
		name: "newlines removed", carry: func(text string) string { return strings.ReplaceAll(text, "\n", "") + "\n" },
		skip: regexp.MustCompile("__V_"), // the version and "Linux" are one word
	},
	{name: "a list of Python", carry: func(text string) string {
		return "['" + strings.Join(strings.Split(strings.TrimSpace(text), "\n"), "', '") + "']\n"
	}},
	{name: "a list in JSON", carry: func(text string) string {
		return asJSON(map[string]any{"rc": 0, "lines": strings.Split(strings.TrimSpace(text), "\n")})
	}},
	{name: "a string in JSON", carry: func(text string) string {
		return asJSON(map[string]any{"start": "2025-05-01 10:00:10", "error": "", "end": "2025-05-01", "stdout": text})
	}},
	{name: "a string and a list in JSON", carry: func(text string) string {
		return "ok: [dut] => " + asJSON(map[string]any{"stdout": text, "stdout_lines": strings.Split(text, "\n")})
	}},
	{name: "Docker's logs", carry: records(func(line string) string {
		return asJSON(map[string]any{"log": line + "\n", "stream": "stdout", "time": "2024-05-01T10:00:00.1234Z"})
	})},
	{name: "the journal", carry: records(func(line string) string {
		return asJSON(map[string]any{"_PID": "812", "MESSAGE": line, "SYSLOG_IDENTIFIER": "iperf3", "PRIORITY": "6"})
	})},
	{name: "a logger behind a time", carry: records(func(line string) string {
		return "2024-05-01T10:00:00.123Z stdout F " + asJSON(map[string]any{"level": "info", "ts": 1714557600.1, "msg": line})
	})},
	{name: "logfmt", carry: records(func(line string) string {
		return fmt.Sprintf("time=2024-05-01T10:00:00.123Z level=info msg=%q stream=stdout\n", line)
	})},
	{name: "records within a list", carry: func(text string) string {
		var all []any
		for line := range strings.Lines(text) {
			all = append(all, map[string]any{"event": map[string]string{"original": line}, "message": line})
		}
		return asJSON(all)
	}},
	{name: "a list of Python 2", carry: func(text string) string {
		return "[u'" + strings.Join(strings.Split(strings.TrimSpace(text), "\n"), "', u'") + "']\n"
	}},
}

// TestWrapped reads every text of testdata/corpus as mail wraps it.
func TestWrapped(t *testing.T) {
	t.Parallel()
	wide := regexp.MustCompile("__V_|omit|full_duplex_udp|udp_P2_R") // other lines than rows and connections are long, or "(omitted)" is lost
	for _, c := range []struct {
		name                string
		width               int
		space, quote, blank string // after a line that was broken, before every line, after every line
	}{
		{"format=flowed", 72, " ", "", ""},
		{"plain", 78, "", "", ""},
		{"quoted", 74, " ", "> ", ""},
		{"double-spaced", 72, " ", "", "\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, text := range corpusOutputs(t, "txt") {
				var in strings.Builder
				for line := range strings.Lines(text) {
					line = strings.TrimSuffix(line, "\n")
					for at := strings.LastIndexByte(line[:min(len(line), c.width)], ' '); len(line) > c.width && at > 0; {
						in.WriteString(c.quote + strings.TrimRight(line[:at], " ") + c.space + "\n" + c.blank)
						line = strings.TrimLeft(line[at:], " ")
						at = strings.LastIndexByte(line[:min(len(line), c.width)], ' ')
					}
					in.WriteString(c.quote + line + "\n" + c.blank)
				}
				if wide.MatchString(name) {
					continue
				}
				read := all([]byte(in.String()))
				if c.space == "" && strings.Contains(read, "after that of their row are left out") {
					continue // the first row seemed whole
				}
				if diff := cmp.Diff(withoutStart(bare(all([]byte(text)))), withoutStart(bare(read))); diff != "" {
					t.Errorf("%s (-itself +wrapped)\n%s", name, diff)
				}
			}
		})
	}
}

// TestBrokenLines reads texts of testdata/corpus whose lines are broken at one width, at a space or wherever that is. What they say
// must be read as it is, be missing, or come with a warning.
func TestBrokenLines(t *testing.T) {
	t.Parallel()
	atSpace := func(line string, width int) int { return strings.LastIndexByte(line[:width], ' ') }
	within := func(_ string, width int) int { return width }
	texts := corpusOutputs(t, "txt")
	for i, name := range slices.Sorted(maps.Keys(texts)) {
		text := texts[name]
		plain := all([]byte(text))
		said := numbersOf(plain)
		for k, width := range []int{64, 68, 72, 76, 80, 88, 92} {
			if (i+k)%3 != 0 {
				continue
			}
			for mode, breakAt := range map[string]func(string, int) int{"at a space": atSpace, "within a word": within} {
				var in strings.Builder
				for line := range strings.Lines(text) {
					line = strings.TrimSuffix(line, "\n")
					for len(line) > width {
						at := breakAt(line, width)
						if at <= 0 || strings.TrimSpace(line[:at]) == "" {
							break
						}
						if in.WriteString(line[:at]); mode == "at a space" {
							line = strings.TrimLeft(line[at:], " ")
						} else {
							line = line[at:]
						}
						in.WriteByte('\n')
					}
					in.WriteString(line + "\n")
				}
				read := all([]byte(in.String()))
				if strings.Count(read, "warning ") > strings.Count(plain, "warning ") || strings.Contains(read, "error ") {
					continue
				}
				for number := range numbersOf(read) {
					if !said[number] {
						t.Errorf("%s, broken %s at %d: got %s", name, mode, width, number)
					}
				}
			}
		}
	}
}

// numbersOf returns the numbers of a rendered report, each with what it is of.
func numbersOf(rendered string) map[string]bool {
	of := make(map[string]bool)
	direction := ""
	for line := range strings.Lines(rendered) {
		words := strings.Fields(line)
		if strings.HasPrefix(line, "  ") && len(words) >= 6 && words[0] != "histogram" {
			key := direction + " " + strings.Join(words[:6], " ")
			of[key] = true
			for _, word := range words[6:] {
				of[key+" "+word] = true
			}
		} else if len(words) == 1 {
			direction = words[0]
		}
	}
	return of
}

// withoutStart leaves out the start, which the line of a connection may have lost.
func withoutStart(s string) string {
	return regexp.MustCompile("(?m)^start .*\n").ReplaceAllString(s, "")
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b) + "\n"
}

// records returns a function that makes a record of every line.
func records(record func(line string) string) func(text string) string {
	return func(text string) string {
		var b strings.Builder
		for line := range strings.Lines(text) {
			b.WriteString(record(strings.TrimSuffix(line, "\n")))
		}
		return b.String()
	}
}

// documentCarriers are the ways in which a document, or a stream of events, is carried.
var documentCarriers = []carrier{
	{name: "a string in JSON", carry: func(text string) string {
		return asJSON(map[string]any{"start": "2025-05-01 10:00:10", "error": "", "end": "2025-05-01", "stdout": text})
	}},
	{name: "a string and a list in JSON", carry: func(text string) string {
		return "ok: [dut] => " + asJSON(map[string]any{"stdout": text, "stdout_lines": strings.Split(text, "\n")})
	}},
	{name: "a list in JSON", carry: func(text string) string {
		return asJSON(map[string]any{"rc": 0, "lines": strings.Split(strings.TrimSpace(text), "\n")})
	}},
	{name: "within indented JSON", carry: func(text string) string {
		b, err := json.MarshalIndent(map[string]any{"result": map[string]string{"stdout": text}}, "", "    ")
		if err != nil {
			panic(err)
		}
		return "ok: [dut] => " + string(b) + "\n"
	}},
	{name: "bytes of Python", carry: func(text string) string {
		return "INFO:root:stdout=b'" + strings.NewReplacer("\\", "\\\\", "\n", `\n`, "\t", `\t`).Replace(text) + "'\n"
	}},
	{name: "results of its own", carry: func(text string) string {
		return asJSON(map[string]any{
			"diags": "/usr/bin/iperf3 -J\n\n" + text, "error": "", "start": map[string]string{"time": "10:00"}, "end": map[string]any{},
			"intervals": []any{map[string]any{"streams": []any{map[string]any{"stream-id": "5", "start": 0, "end": 1, "throughput-bits": 1e9}}}},
		})
	}},
	{name: "Docker's logs", carry: records(func(line string) string {
		return asJSON(map[string]any{"log": line + "\n", "stream": "stdout", "time": "2024-05-01T10:00:00.1234Z"})
	})},
	{name: "a logger behind a time", carry: records(func(line string) string {
		return "2024-05-01T10:00:00.123Z stdout F " + asJSON(map[string]any{"level": "info", "ts": 1714557600.1, "msg": line})
	})},
}

// TestCarried reads every text of testdata/corpus as other programs carry it.
func TestCarried(t *testing.T) {
	t.Parallel()
	carry(t, carriers, corpusOutputs(t, "txt"))
}

// rowCarriers are the ways in which rows of CSV are carried.
var rowCarriers = []carrier{
	{name: "newlines as spaces", carry: func(text string) string {
		return strings.ReplaceAll(strings.TrimSpace(text), "\n", " ") + "\n"
	}},
	{name: "newlines removed", carry: func(text string) string { return strings.ReplaceAll(text, "\n", "") + "\n" }},
	{name: "a list of Python", carry: func(text string) string {
		return "['" + strings.Join(strings.Split(strings.TrimSpace(text), "\n"), "', '") + "']\n"
	}},
	{name: "a string of Go", carry: func(text string) string { return fmt.Sprintf("out: %q\n", text) }},
	{name: "strings of Go", carry: records(func(line string) string { return fmt.Sprintf("%q\n", line) })},
	{name: "a list in JSON", carry: func(text string) string {
		return asJSON(map[string]any{"rc": 0, "lines": strings.Split(strings.TrimSpace(text), "\n")})
	}},
	{name: "a string and a list in JSON", carry: func(text string) string {
		return "ok: [dut] => " + asJSON(map[string]any{"stdout": text, "stdout_lines": strings.Split(text, "\n")})
	}},
	{name: "Docker's logs", carry: records(func(line string) string {
		return asJSON(map[string]any{"log": line + "\n", "stream": "stdout", "time": "2024-05-01T10:00:00.1234Z"})
	})},
	{name: "the journal", carry: records(func(line string) string {
		return asJSON(map[string]any{"_PID": "812", "MESSAGE": line, "SYSLOG_IDENTIFIER": "iperf", "PRIORITY": "6"})
	})},
	{name: "a logger behind a time", carry: records(func(line string) string {
		return "2024-05-01T10:00:00.123Z stdout F " + asJSON(map[string]any{"level": "info", "ts": 1714557600.1, "msg": line})
	})},
	{name: "logfmt", carry: records(func(line string) string {
		return fmt.Sprintf("time=2024-05-01T10:00:00.123Z level=info msg=%q stream=stdout\n", line)
	})},
	{name: "behind a name without a space", carry: records(func(line string) string { return "host1:" + line + "\n" })},
	{name: "behind columns", carry: records(func(line string) string { return "lab,host1,7," + line + "\n" })},
	{name: "numbered", carry: func(text string) string {
		n := 0
		return records(func(line string) string { n++; return fmt.Sprintf("%d:%s\n", n, line) })(text)
	}},
	{name: "numbered names of files", carry: func(text string) string {
		n := 0
		return records(func(line string) string { n++; return fmt.Sprintf("logs/out.csv-%d-%s\n", n, line) })(text)
	}},
}

// TestCarriedRows reads every CSV of testdata/corpus as other programs carry it.
func TestCarriedRows(t *testing.T) {
	t.Parallel()
	carry(t, rowCarriers, corpusOutputs(t, "csv"))
}

// TestCarriedDocuments does the same with documents and streams of events.
func TestCarriedDocuments(t *testing.T) {
	t.Parallel()
	documents := corpusOutputs(t, "json")
	delete(documents, "iperf3-3.1.3__J_tcp_CUT2__client.json") // it is nothing but a brace and a name
	carry(t, documentCarriers, documents)
	carry(t, documentCarriers, corpusOutputs(t, "jsonl"))
}

func carry(t *testing.T, carriers []carrier, texts map[string]string) {
	for _, c := range carriers {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for name, text := range texts {
				if c.skip != nil && c.skip.MatchString(name) {
					continue
				}
				if diff := cmp.Diff(bare(all([]byte(text))), bare(all([]byte(c.carry(text))))); diff != "" {
					t.Errorf("%s (-itself +carried)\n%s", name, diff)
				}
			}
		})
	}
}

// TestLostNewline reads every text of some versions in testdata/corpus without one of its newlines.
func TestLostNewline(t *testing.T) {
	t.Parallel()
	some := regexp.MustCompile("-(2.0.5|2.1.8|2.2.1|3.1.3|3.12|3.21)__")
	for name, text := range corpusOutputs(t, "txt") {
		if !some.MatchString(name) || strings.Contains(name, "__V_") { // the version and "Linux" are one word
			continue
		}
		want := bare(all([]byte(text)))
		lines := strings.SplitAfter(text, "\n")
		for i := range lines[:len(lines)-2] { // behind the last one is no line
			in := strings.Join(lines[:i], "") + strings.TrimSuffix(lines[i], "\n") + strings.Join(lines[i+1:], "")
			if diff := cmp.Diff(want, bare(all([]byte(in)))); diff != "" {
				t.Errorf("%s without the newline of line %d (-itself +without)\n%s", name, i+1, diff)
			}
		}
	}
}

// corpusOutputs returns the outputs of testdata/corpus with more than a line, by name.
func corpusOutputs(t *testing.T, extension string) map[string]string {
	t.Helper()
	names, err := filepath.Glob("testdata/corpus/*." + extension)
	if err != nil || len(names) == 0 {
		t.Fatalf("no outputs: %v", err)
	}
	texts := make(map[string]string)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Count(text, []byte("\n")) > 1 {
			texts[filepath.Base(name)] = string(text)
		}
	}
	return texts
}

// bare leaves out the warnings of a rendered report, which depend on where a line stands.
func bare(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		if !strings.HasPrefix(strings.TrimSpace(line), "warning ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

// TestCutBeforeAnother reads outputs of testdata/corpus that were cut after a row, before those of
// the other end and of other tests.
func TestCutBeforeAnother(t *testing.T) {
	t.Parallel()
	texts := corpusOutputs(t, "txt")
	names := slices.Sorted(maps.Keys(texts))
	for i, name := range names {
		lines := strings.SplitAfter(texts[name], "\n")
		for k, other := range []string{names[(i+1)%len(names)], names[(i+3)%len(names)], name} {
			for n := range lines {
				cut := strings.Join(lines[:n], "")
				if n == 0 || !strings.Contains(lines[n-1], "bits/sec") || (n+k)%3 > 0 || !begins(texts[other]) ||
					!strings.Contains(cut, " local ") || strings.HasPrefix(texts[other], "[") {
					continue // nothing tells that the lines are of two programs
				}
				next := strings.ReplaceAll(texts[other], "127.0.0.1", "192.0.2.7")
				want := slices.Concat(traffic(cut), traffic(next))
				if diff := cmp.Diff(want, traffic(cut+next)); diff != "" {
					t.Errorf("%d lines of %s and %s (-alone +together)\n%s", n, name, other, diff)
				}
			}
		}
	}
}
