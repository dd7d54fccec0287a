package evidence_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/tunaperf/tuna/iperf/evidence"
)

// fixture returns the outputs of a file of testdata, and the Path that they show.
func fixture(tb testing.TB, file string) (before, during, after string, want *evidence.Path) {
	tb.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	for _, f := range a.Files {
		switch f.Name {
		case "before":
			before = string(f.Data)
		case "during":
			during = string(f.Data)
		case "after":
			after = string(f.Data)
		case "want.json":
			if err := json.Unmarshal(f.Data, &want); err != nil {
				tb.Fatalf("%s: %v", file, err)
			}
		}
	}
	return before, during, after, want
}

func fixtures(tb testing.TB) []string {
	tb.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		tb.Fatalf("no fixtures: %v", err)
	}
	return files
}

func TestRead(t *testing.T) {
	for _, file := range fixtures(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			before, during, after, want := fixture(t, file)
			if diff := cmp.Diff(want, evidence.Read(before, during, after)); diff != "" {
				t.Errorf("Read: (-want +got)\n%s", diff)
			}
		})
	}
}

// TestReadCutOff cuts each output anywhere. Of what is left, nothing may become wrong: a value is
// the same or missing.
func TestReadCutOff(t *testing.T) {
	before, during, after, want := fixture(t, "testdata/vlan-bond.txtar")
	for n := range before {
		got := evidence.Read(before[:n], during, after)
		if got == nil {
			continue
		}
		if got.Device != "" && got.Device != want.Device || got.Source != "" && got.Source != want.Source ||
			got.Elapsed != 0 && got.Elapsed != want.Elapsed {
			t.Fatalf("before is cut at byte %d: %+v", n, got)
		}
	}
	for n := range after {
		got := evidence.Read(before, during, after[:n])
		if c := got.Counters.TCPRetransmits; c != nil && *c != *want.Counters.TCPRetransmits {
			t.Fatalf("after is cut at byte %d: %d retransmits", n, *c)
		}
		for i, l := range got.Links {
			if l.Counters != nil && *l.Counters != *want.Links[i].Counters {
				t.Fatalf("after is cut at byte %d: counters %+v", n, l)
			}
		}
		for i, p := range got.Processors {
			if p != want.Processors[i] {
				t.Fatalf("after is cut at byte %d: processor %+v", n, p)
			}
		}
		if th := got.Throttling; th != nil && *th != *want.Throttling && th.Time > want.Throttling.Time {
			t.Fatalf("after is cut at byte %d: throttling %+v", n, th)
		}
	}
}

func ptr[T any](v T) *T { return &v }

// state returns the output of counters at a time of the kernel's uptime.
func state(lines ...string) string { return "-- counters\n" + strings.Join(lines, "\n") + "\n" }

// route is an output of Before's command after its counters.
const route = "-- counted" + "\n-- route\n192.0.2.2 dev eth0 src 192.0.2.1\n-- link eth0\nmtu 1500\n"

func TestReadDifferences(t *testing.T) {
	const names = "Tcp: ActiveOpens RetransSegs"
	dev := func(name, row string) string { return " " + name + ": " + row }
	for _, test := range []struct {
		name          string
		before, after []string
		want          evidence.Path // the parts that are differences
	}{
		{"grown", []string{"10.00 1.00", dev("eth0", "1 2 3 4 5 0 0 0 6 7 8 9 0 0 0 0"), names, "Tcp: 1 5"},
			[]string{"12.50 1.00", dev("eth0", "11 22 33 44 55 0 0 0 66 77 88 99 0 0 0 0"), names, "Tcp: 1 9"},
			evidence.Path{Elapsed: 2500 * time.Millisecond, Counters: evidence.Counters{TCPRetransmits: ptr[int64](4)},
				Links: []evidence.Link{{Device: "eth0", MTU: 1500, Counters: &evidence.LinkCounters{
					RxBytes: 10, RxPackets: 20, RxErrors: 30, RxDropped: 90, TxBytes: 60, TxPackets: 70, TxErrors: 80, TxDropped: 90}}}}},
		{"no space after the name", []string{"10.00 1.00", "eth0:1 2 3 4 5 0 0 0 6 7 8 9 0 0 0 0"},
			[]string{"12.50 1.00", "eth0:1 2 3 4 5 0 0 0 6 7 8 9 0 0 0 0"},
			evidence.Path{Elapsed: 2500 * time.Millisecond,
				Links: []evidence.Link{{Device: "eth0", MTU: 1500, Counters: &evidence.LinkCounters{}}}}},
		{"a counter of 32 bits wraps", []string{"10.00 1.00", dev("eth0", "4294967290 2 0 0 0 0 0 0 6 7 0 0 0 0 0 0"), names, "Tcp: 1 4294967295"},
			[]string{"12.50 1.00", dev("eth0", "11 22 0 0 0 0 0 0 66 77 0 0 0 0 0 0"), names, "Tcp: 1 1"},
			evidence.Path{Elapsed: 2500 * time.Millisecond}},
		{"the device vanishes", []string{"10.00 1.00", dev("eth0", "1 2 0 0 0 0 0 0 6 7 0 0 0 0 0 0")}, []string{"12.50 1.00"},
			evidence.Path{Elapsed: 2500 * time.Millisecond}},
		{"the device appears", []string{"10.00 1.00"}, []string{"12.50 1.00", dev("eth0", "1 2 0 0 0 0 0 0 6 7 0 0 0 0 0 0")},
			evidence.Path{Elapsed: 2500 * time.Millisecond}},
		{"the host is started again", []string{"10.00 1.00", names, "Tcp: 1 5"}, []string{"2.50 1.00", names, "Tcp: 1 9"},
			evidence.Path{}},
		{"no uptime", []string{names, "Tcp: 1 5"}, []string{names, "Tcp: 1 9"},
			evidence.Path{Counters: evidence.Counters{TCPRetransmits: ptr[int64](4)}}},
		{"a core is plugged in, another out", []string{"10.00 1.00", "cpu0 1 0 1 1", "cpu1 1 0 1 1 1 1 1 1 1 1"},
			[]string{"12.50 1.00", "cpu1 3 0 1 2 0 1 1 1 1 1", "cpu2 5 5 5 5 5 5 5 5 5 5"},
			evidence.Path{Elapsed: 2500 * time.Millisecond, Processors: []evidence.Processor{{Core: 1, User: 20 * time.Millisecond}}}},
		{"a core's clock goes back", []string{"10.00 1.00", "cpu0 100 0 1 1 1 1 1 1 1 1"}, []string{"12.50 1.00", "cpu0 3 0 1 2 0 1 1 1 1 1"},
			evidence.Path{Elapsed: 2500 * time.Millisecond}},
		{"UDP of IPv6 in one state only", []string{"10.00 1.00", "Udp: InErrors", "Udp: 1"}, []string{"12.50 1.00", "Udp: InErrors", "Udp: 1", "Udp6InErrors 7"},
			evidence.Path{Elapsed: 2500 * time.Millisecond}},
		{"a kernel without IPv6", []string{"10.00 1.00", "Udp: InErrors", "Udp: 1"}, []string{"12.50 1.00", "Udp: InErrors", "Udp: 4"},
			evidence.Path{Elapsed: 2500 * time.Millisecond, Counters: evidence.Counters{UDPInErrors: ptr[int64](3)}}},
		{"no number is negative", []string{"10.00 1.00", names, "Tcp: 1 -5"}, []string{"12.50 1.00", names, "Tcp: 1 9"},
			evidence.Path{Elapsed: 2500 * time.Millisecond}},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := test.want
			want.Device, want.Source, want.Queue = "eth0", "192.0.2.1", "eth0"
			if want.Links == nil {
				want.Links = []evidence.Link{{Device: "eth0", MTU: 1500}}
			}
			got := evidence.Read(state(test.before...)+route, "", "\n"+state(test.after...))
			if diff := cmp.Diff(&want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadThrottling(t *testing.T) {
	v1 := func(dir string, periods, throttled, time string) string {
		return "nr_periods " + periods + "\nnr_throttled " + throttled + "\nthrottled_time " + time
	}
	inner, outer := "-- group /sys/fs/cgroup/cpu/a/b/cpu.stat\n", "-- group /sys/fs/cgroup/cpu/a/cpu.stat\n"
	for _, test := range []struct {
		name          string
		before, after string
		want          *evidence.Throttling
	}{
		{"version 1", inner + state(v1("b", "10", "5", "1000")), inner + state(v1("b", "30", "9", "7000")),
			&evidence.Throttling{Periods: 20, Throttled: 4, Time: 6000}},
		{"no quota", inner + state(v1("b", "0", "0", "0")), inner + state(v1("b", "0", "0", "0")), nil},
		{"the outer group is held back", inner + outer + state(v1("b", "10", "5", "1000"), v1("a", "10", "5", "1000")),
			inner + outer + state(v1("b", "30", "5", "1000"), v1("a", "20", "9", "7000")),
			&evidence.Throttling{Periods: 10, Throttled: 4, Time: 6000}},
		{"another group", inner + state(v1("b", "10", "5", "1000")), outer + state(v1("a", "30", "9", "7000")), nil},
		{"a file is missing", inner + outer + state(v1("b", "10", "5", "1000")), inner + outer + state(v1("b", "30", "9", "7000")), nil},
		{"made anew", inner + state(v1("b", "10", "5", "1000")), inner + state(v1("b", "5", "1", "7000")), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			uptime := "-- counters\n5.00 1.00\n"
			before := strings.Replace(test.before, "-- counters\n", uptime, 1)
			after := strings.Replace(test.after, "-- counters\n", uptime, 1)
			if diff := cmp.Diff(test.want, evidence.Read(before, "", after).Throttling); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestReadNothing(t *testing.T) {
	for _, before := range []string{"", "\n", "sh: not found\n", "-- counted" + "\n", "-- counters\n" + "-- counted" + "\n-- system\n-- peer \n"} {
		if p := evidence.Read(before, "", ""); p != nil {
			t.Errorf("Read(%q) = %+v, want nil", before, p)
		}
	}
}

func TestReadSamples(t *testing.T) {
	before := state("100.00 1.00") + "-- counted" + "\n"
	during := `-- sample 101.00
-- counters
/proc/stat:cpu0 1 0 0 0 0 0 0 0 0 0
/sys/fs/cgroup/a/cpu.stat:nr_periods 1
/sys/fs/cgroup/a/cpu.stat:nr_throttled 0
/sys/fs/cgroup/a/cpu.stat:throttled_usec 0
/proc/7/task/7/schedstat:100 10 3
/proc/7/task/8/schedstat:50 5 3
/proc/net/udp6:  5: 00000000000000000000000000000000:1451 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 14447793 2 0000000077020658 12
/proc/net/udp: 10: 0100007F:1451 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 14447794 2 0000000077020659 3
-- sample 101.50
-- counters
/proc/stat:cpu0 6 0 0 9 0 0 0 0 0 0
/sys/fs/cgroup/a/cpu.stat:nr_periods 6
/sys/fs/cgroup/a/cpu.stat:nr_throttled 4
/sys/fs/cgroup/a/cpu.stat:throttled_usec 30
/proc/7/task/7/schedstat:200 20 3
/proc/net/udp6:  5: 00000000000000000000000000000000:1451 00000000000000000000000000000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 14447793 2 0000000077020658 15
-- qdisc eth0
qdisc tbf 8001: root refcnt 2 rate 20Mbit burst 20Kb lat 50ms
 Sent 0 bytes 0 pkt (dropped 7, overlimits 0 requeues 0)
 backlog 12Kb 8p requeues 0
-- sample 102.00
-- counters
/proc/stat:cpu0 11 0 0 9 0 0 0 0 0 0
/proc/7/task/7/schedstat:0 0 0
`
	want := []evidence.Sample{
		{At: time.Second, Run: ptr(150 * time.Nanosecond), Wait: ptr(15 * time.Nanosecond), UDPDrops: ptr[int64](15)},
		{At: 1500 * time.Millisecond, Run: ptr(250 * time.Nanosecond), Wait: ptr(25 * time.Nanosecond), UDPDrops: ptr[int64](18),
			Backlog: ptr[int64](12 << 10), Drops: ptr[int64](7),
			Processors: []evidence.Processor{{User: 50 * time.Millisecond, Idle: 90 * time.Millisecond}},
			Throttling: &evidence.Throttling{Periods: 5, Throttled: 4, Time: 30 * time.Microsecond}},
		{At: 2 * time.Second, Processors: []evidence.Processor{{User: 50 * time.Millisecond}}},
	}
	if diff := cmp.Diff(want, evidence.Read(before, during, "").Samples); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestLink(t *testing.T) {
	var none *evidence.Path
	for _, test := range []struct {
		name string
		path *evidence.Path
		want string
	}{
		{"no path", none, ""},
		{"unknown device", &evidence.Path{}, ""},
		{"unknown link", &evidence.Path{Device: "eth0"}, ""},
		{"known", &evidence.Path{Device: "eth0", Links: []evidence.Link{{Device: "eth0"}, {Device: "eth1"}}}, "eth0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := ""
			if l := test.path.Link(); l != nil {
				got = l.Device
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestBusy(t *testing.T) {
	for _, test := range []struct {
		name string
		p    evidence.Processor
		want float64
	}{
		{"no time", evidence.Processor{}, 0},
		{"idle", evidence.Processor{Idle: time.Second}, 0},
		{"all kinds", evidence.Processor{User: 1, System: 1, SoftIRQ: 1, IRQ: 1, Steal: 1, Idle: 5}, 0.5},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := test.p.Busy(); got != test.want {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}
