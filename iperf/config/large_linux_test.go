package config

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Each is so large that anything that grows with its square takes far more than the limit. The time is that of the
// thread, as others may use the machine.
func TestLargeFilesAreRead(t *testing.T) {
	const n, limit = 50_000, 8 * time.Second
	var sections, keys, twice, faults, hosts strings.Builder
	for i := range n {
		fmt.Fprintf(&sections, "[s%d]\na = 1\n", i)
		fmt.Fprintf(&keys, "k%d = 1\n", i)
		fmt.Fprintf(&twice, "[s]\na = 1\n")
		fmt.Fprintf(&faults, "parale%d = 1\n", i)
		fmt.Fprintf(&hosts, "[h%d]\ncontrol_ip = x\n", i)
	}
	for _, test := range []struct {
		name, text string
		faults     int
	}{
		{"sections", sections.String() + "[iperf]\n", 0},
		{"sections, none of them the test's", sections.String(), 1},
		{"keys", "[s]\n" + keys.String() + "[iperf]\n", 0},
		{"defaults and hosts", keys.String() + hosts.String() + "[iperf]\n", maxFaults + 1},
		{"one section again and again", twice.String() + "[iperf]\n", 0},
		{"faults", "[iperf]\n" + faults.String(), maxFaults + 1},
		{"a long value", "[iperf]\ntitle = \"\"\"" + keys.String() + "\"\"\"\n", 0},
		{"a long value without an end", "[iperf]\ntitle = \"\"\"" + keys.String(), 1},
		{"long values without an end", "[iperf]\n" + strings.Repeat("title = \"\"\"\n\n", n) + "title = \"\"\"\n", maxFaults + 1},
		{"one line", "[iperf]\ntime = " + strings.Repeat("1s", n*5), 0},
		{"one key", "[iperf]\n" + strings.Repeat("a", n*5) + " = 1", 1},
		{"headings", strings.Repeat("[", n*10), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			start := threadTime(t)
			_, err := Read(strings.NewReader(test.text), "")
			if took := threadTime(t) - start; took > limit {
				t.Errorf("took %v", took)
			}
			faults := 0
			if err != nil {
				faults = strings.Count(err.Error(), "\n") + 1
				if n := len(err.Error()); n > maxFaults*1000 {
					t.Errorf("the error has %d bytes", n)
				}
			}
			if faults != test.faults {
				t.Errorf("got %d faults, want %d: %.1000v", faults, test.faults, err)
			}
		})
	}
}

func threadTime(t *testing.T) time.Duration {
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_THREAD, &used); err != nil {
		t.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// The time for each byte must be the same in all sizes.
func BenchmarkRead(b *testing.B) {
	for _, n := range []int{1000, 10_000, 100_000} {
		for _, kind := range []struct{ name, line, end string }{
			{"sections", "[s%d]\na = 1\n", "[iperf]\n"},
			{"keys", "k%d = 1\n", "[iperf]\n"},
			{"longValue", "v%d\n", "\"\"\"\n"},
			{"openQuote", "v%d\n", ""},
		} {
			b.Run(fmt.Sprintf("%s/%d", kind.name, n), func(b *testing.B) {
				var text strings.Builder
				text.WriteString(map[string]string{"sections": "", "keys": "[s]\n"}[kind.name])
				if kind.name == "longValue" || kind.name == "openQuote" {
					text.WriteString("[iperf]\ntitle = \"\"\"")
				}
				for i := range n {
					fmt.Fprintf(&text, kind.line, i)
				}
				text.WriteString(kind.end)
				b.SetBytes(int64(text.Len()))
				for b.Loop() {
					Read(strings.NewReader(text.String()), "")
				}
			})
		}
	}
}
