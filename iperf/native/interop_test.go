package native

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// interopCases are command lines that every pair of ends must run, but for what a C program itself cannot do.
var interopCases = []struct{ name, args string }{
	{"tcp", "-t 1"},
	{"tcp reverse", "-t 1 -R"},
	{"tcp bidir", "-t 1 --bidir"},
	{"tcp parallel", "-t 1 -P 3 -b 20M"},
	{"tcp bidir parallel", "-t 1 --bidir -P 2 -b 20M"},
	{"tcp bytes", "-n 2M -b 20M"},
	{"tcp blocks", "-k 20 -l 32K -b 20M"},
	{"tcp reverse bytes", "-n 2M -R -b 20M"},
	{"tcp omit", "-t 1 -O 1 -b 50M"},
	{"tcp options", "-t 1 -b 10M -w 64K -M 1000 -N -S 16 -C reno --cport 0x0 -T title"},
	{"tcp zero copy", "-t 1 -b 50M -Z"},
	{"tcp zero copy reverse", "-t 1 -b 50M -Z -R"},
	{"tcp server output", "-t 1 -b 10M --get-server-output"},
	{"udp", "-u -t 1 -b 10M"},
	{"udp reverse", "-u -t 1 -b 10M -R"},
	{"udp bidir", "-u -t 1 -b 10M --bidir"},
	{"udp parallel", "-u -t 1 -b 5M -P 3 -l 1000"},
	{"udp bidir parallel", "-u -t 1 -b 5M -P 2 --bidir -l 1000"},
	{"udp blocks", "-u -k 50 -b 5M -l 1000"},
	{"udp omit", "-u -t 1 -O 1 -b 5M -l 1000"},
	{"udp wide counters", "-u -t 1 -b 5M -l 1000 --udp-counters-64bit"},
	{"udp burst", "-u -t 1 -b 5M/10 -l 1000"},
	{"udp default", "-u -t 1"},
	{"udp joined", "-u -t 1 -b 50M -l 1400 --gsro"},
	{"udp joined reverse", "-u -t 1 -b 50M -l 1400 --gsro -R"},
	{"tcp reverse blocks", "-k 20 -l 32K -R -b 20M"},
	{"dscp", "-t 1 -b 10M --dscp af31 -i 0.5"},
}

// layoutCases are further command lines whose output has the same form from both programs. They are short.
var layoutCases = []struct{ name, args string }{
	{"no intervals", "-t 1 -b 5M -i 0"},
	{"no intervals reverse", "-t 1 -b 5M -i 0 -R -P 2"},
	{"short intervals", "-n 1M -b 20M -i 0.1 -P 4"},
	{"tcp reverse omit", "-t 1 -O 1 -b 5M -R -P 2"},
	{"tcp bidir omit", "-t 1 -O 1 -b 5M --bidir"},
	{"tcp bidir bytes", "-n 500K -b 20M --bidir"},
	{"tcp bidir server output", "-t 1 -b 5M --bidir -P 2 --get-server-output"},
	{"bind", "-n 500K -b 20M -B 127.0.0.1 -4"},
	{"bind to device", "-n 500K -b 20M -B 127.0.0.1%lo"},
	{"bytes a second", "-n 500K -b 20M -f K"},
	{"megabits", "-n 500K -b 20M -f m -P 2"},
	{"gigabytes", "-u -n 500K -b 20M -f G"},
	{"timeouts", "-n 500K -b 20M --connect-timeout 1000 --snd-timeout 5000"},
	{"reverse timeout", "-n 500K -b 20M -R --rcv-timeout 1000 -C reno -M 1000"},
	{"udp options", "-u -t 1 -b 5M -w 64K -S 16 -B 127.0.0.1 --cport 0x0 -i 0"},
	{"udp large", "-u -n 500K -b 20M -l 65507"},
	{"udp omit reverse", "-u -t 1 -O 1 -b 2M -R -P 2"},
	{"udp server output", "-u -t 1 -b 2M -R --get-server-output"},
	{"udp bidir server output", "-u -t 1 -b 2M --bidir --get-server-output"},
}

func caseArgs(t *testing.T, args string) []string {
	return strings.Fields(strings.Replace(args, "0x0", fmt.Sprint(freePort(t)), 1))
}

// lacks reports whether a C client cannot run these command lines, or prints for them what cannot be read: before 3.10,
// one that receives does not see that all bytes have come, and before 3.11 both directions' totals had one name.
func (p program) lacks(args string) bool {
	return p.minor > 0 && (p.minor < 10 && (strings.Contains(args, "-n ") || strings.Contains(args, "-k ")) && strings.Contains(args, "-R") ||
		p.minor < 11 && strings.Contains(args, "--bidir") ||
		p.minor < 21 && strings.Contains(args, "--gsro"))
}

// keysOf lists the paths to every value, with its type.
func keysOf(v any, at string, to map[string]string) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			to[at] = "empty object"
		}
		for k, e := range v {
			keysOf(e, at+"."+k, to)
		}
	case []any:
		if len(v) == 0 {
			to[at] = "empty array"
		}
		for _, e := range v {
			keysOf(e, at+"[]", to)
		}
	default:
		to[at] = fmt.Sprintf("%T", v)
	}
}

// laterKeys are those that versions after 3.12 have added, which ours lacks.
var laterKeys = []string{"fq_rate", "timemillisecs", "bidir", "fqrate", "interval", "gso", "gro", "reorder"}

// The JSON of both programs' ends has the same keys and types for the same run, as 3.12 has them.
func TestSameJSON(t *testing.T) {
	for _, p := range theirs(t) {
		if p.minor < 12 {
			continue // they had fewer
		}
		for _, c := range slices.Concat(interopCases, layoutCases) {
			if p.lacks(c.args) {
				continue
			}
			t.Run(p.name+" "+c.name, func(t *testing.T) {
				t.Parallel()
				var keys [2][2]map[string]string
				var said [2]string
				for i, p := range []program{p, ours} {
					server := p.server(t, "-1", "-J")
					e := p.client(t, server.port, append(caseArgs(t, c.args), "-J")...)
					said[i] = e.stderr
					for j, text := range []string{e.stdout, server.wait(t).stdout} {
						var v any
						if err := json.Unmarshal([]byte(text), &v); err != nil {
							t.Fatalf("%s: %v\n%s", p.name, err, text)
						}
						keys[i][j] = map[string]string{}
						keysOf(v, "", keys[i][j])
					}
				}
				if diff := cmp.Diff(said[0], said[1]); diff != "" {
					t.Fatalf("stderr: C -, Go +\n%s", diff)
				}
				for j, end := range []string{"client", "server"} {
					if p.minor > 12 {
						maps.DeleteFunc(keys[0][j], func(path, _ string) bool {
							return slices.Contains(laterKeys, path[strings.LastIndexByte(path, '.')+1:])
						})
					}
					if diff := cmp.Diff(keys[0][j], keys[1][j]); diff != "" {
						t.Errorf("%s: C -, Go +\n%s", end, diff)
					}
				}
			})
		}
	}
}

var (
	number1 = regexp.MustCompile(`\s*\d+(\.\d+)?`)
	units   = regexp.MustCompile(`\b[KMGT]?(Bytes|bits)\b`)
)

// layout is a text's lines without what differs from run to run, each once.
func layout(text string) []string {
	lines := map[string]bool{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "iperf 3.") || strings.Contains(line, " -0.00") {
			line = "version\n"
		}
		if c := strings.TrimSpace(line); strings.HasPrefix(c, "Cookie: ") {
			line = "Cookie\n"
		}
		if strings.HasPrefix(line, "Time: ") {
			line = "Time\n"
		}
		if strings.HasPrefix(line, "CPU Utilization") {
			continue // the C program prints it only for some roles
		}
		if strings.HasPrefix(line, "[ ID] Interval           Transfer     Bitrate         Retr") {
			// A C client that receives names these columns when its first interval is the last: it knows all then.
			line = "[ ID] Interval           Transfer     Bitrate\n"
		}
		line = number1.ReplaceAllString(units.ReplaceAllString(line, "U"), " 9")
		lines[line] = true
	}
	return slices.Sorted(maps.Keys(lines))
}

// The text of both programs' ends has the same lines but for the numbers.
func TestSameText(t *testing.T) {
	p := theirs(t)[0]
	for _, c := range slices.Concat(interopCases, layoutCases) {
		if p.lacks(c.args) {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var texts [2][2][]string
			for i, p := range []program{p, ours} {
				server := p.server(t, "-1", "-V")
				e := p.client(t, server.port, append(caseArgs(t, strings.Replace(c.args, "-T title", "", 1)), "-V")...)
				texts[i] = [2][]string{layout(e.stdout), layout(server.wait(t).stdout)}
			}
			for j, end := range []string{"client", "server"} {
				if diff := cmp.Diff(texts[0][j], texts[1][j]); diff != "" {
					t.Errorf("%s: C -, Go +\n%s", end, diff)
				}
			}
		})
	}
}
