package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

// What a comparison leaves out: functions, and what is there only as it was read.
var asParsed = cmp.Options{cmpopts.IgnoreFields(Configuration{}, "Aggregator", "Values", "Hosts"), cmpopts.EquateComparable()}

func phone() *Host {
	return &Host{Section: "phone", ControlIP: "127.0.0.1", TestIP: "192.0.2.50", Username: "tester", Password: "secret", Port: 2222,
		Timeout: 90 * time.Second, Prefix: "PATH=/opt/wifi:$PATH;", OperatingSystem: "linux"}
}

func bench() *Host {
	return &Host{Section: "bench", ControlIP: "127.0.0.1", TestIP: "192.0.2.60", Username: "tester", Port: 22}
}

func TestAncestorsFileWorksAsItIs(t *testing.T) {
	c, err := Load(filepath.Join("testdata", "ancestor.ini"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := &Configuration{
		Section: "link_under_test", Direction: iperf.Both, Repetitions: 5, AggregatorName: "median", StoreOutput: true, Parser: &report.IperfParser{},
		ClientSettings: iperf.ClientSettings{Parallel: 4, Interval: time.Second, Time: 20 * time.Second, Window: 256 << 10},
		ServerSettings: iperf.ServerSettings{Interval: time.Second, Window: 256 << 10},
		DUT:            phone(), TrafficServer: bench(),
	}
	if diff := cmp.Diff(want, c, asParsed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
	if got := c.Aggregator([]report.BitRate{1, 9, 2}); got != 2 {
		t.Errorf("the aggregator gives %v, want the median", got)
	}
	if got := c.DUT.Addr(); got != "127.0.0.1:2222" {
		t.Errorf("the address is %s", got)
	}
}

func TestOldFormsOfTheSection(t *testing.T) {
	for _, test := range []struct {
		name, text, section, want string
		wantErr                   string
	}{
		{name: "iperf", text: "[other]\nx=1\n[iperf]\ndirection = down\ntime = 3\n", want: "iperf"},
		{name: "traffic", text: "[traffic]\ntime = 3\n", want: "traffic"},
		{name: "iperf before traffic", text: "[traffic]\ntime = 1\n[IPERF]\ntime = 3\n", want: "IPERF"},
		{name: "a component before both", text: "[iperf]\ntime = 1\n[mine]\ncomponent = iperf\ntime = 3\n", want: "mine"},
		{name: "by its name", text: "[a]\ncomponent = Iperf\ntime = 1\n[b]\ncomponent = Iperf\ntime = 3\n", section: "b", want: "b"},
		{name: "defaults", text: "time = 3\n[iperf]\nparallel = 2\n", want: "iperf"},
		{name: "two components", text: "[a]\ncomponent = Iperf\n[b]\ncomponent = Iperf\n", wantErr: `["a" "b"] have component = Iperf: one of them must be chosen`},
		{name: "none", text: "[a]\n", wantErr: `there is no section [iperf], nor one with component = Iperf, but ["a"]`},
		{name: "empty", wantErr: "there is no section [iperf], nor one with component = Iperf, but no section at all"},
		{name: "none of the name", text: "[iperf]\n", section: "b", wantErr: `there is no section [b], but ["iperf"]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(strings.NewReader(test.text), test.section)
			if test.wantErr != "" {
				if err == nil || err.Error() != "bad settings: "+test.wantErr || !errors.Is(err, iperf.ErrSettings) {
					t.Errorf("got %v, want %s", err, test.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.Section != test.want || c.ClientSettings.Time != 3*time.Second {
				t.Errorf("got section %s with a time of %v, want %s with 3 s", c.Section, c.ClientSettings.Time, test.want)
			}
		})
	}
}

func TestExampleCanBeRead(t *testing.T) {
	c, err := Read(strings.NewReader(Example), "")
	if err != nil {
		t.Fatal(err)
	}
	want := &Configuration{
		Section: "link_under_test", Program: "iperf3", Direction: iperf.Both, Repetitions: 5, AggregatorName: "median", StoreOutput: true, Sleep: 5 * time.Second,
		ClientSettings: iperf.ClientSettings{Parallel: 4, Interval: time.Second, Time: 20 * time.Second, Window: 256 << 10, NoDelay: true, TOS: 32},
		ServerSettings: iperf.ServerSettings{Interval: time.Second, Window: 256 << 10, NoDelay: true, TOS: 32, Verbose: true},
		DUT:            phone(), TrafficServer: bench(),
	}
	if diff := cmp.Diff(want, c, asParsed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

func TestFromMapIsTheSameAsAFile(t *testing.T) {
	var sections map[string]map[string]any
	err := json.Unmarshal([]byte(`{
		"link_under_test": {"component": "Iperf", "client_section": "phone", "server_section": "bench", "direction": "both", "iperf_repetitions": 5,
			"aggregator": "median", "use_sums": false, "store_output": true, "Parallel": 4, "interval": 1.0, "time": 20, "window": "256K", "udp": false},
		"phone": {"control_ip": "127.0.0.1", "test_ip": "192.0.2.50", "username": "tester", "password": "secret", "port": 2222,
			"prefix": "PATH=/opt/wifi:$PATH;", "timeout": "1 minute 30 seconds", "operating_system": "linux"},
		"bench": {"control_ip": "127.0.0.1", "test_ip": "192.0.2.60", "username": "tester", "password": null}}`), &sections)
	if err != nil {
		t.Fatal(err)
	}
	got, err := FromMap(sections, "")
	if err != nil {
		t.Fatal(err)
	}
	want, err := Load(filepath.Join("testdata", "ancestor.ini"), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, asParsed); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	sections["link_under_test"]["Parallel"] = []any{1}
	if _, err := FromMap(sections, ""); err == nil || err.Error() != "[link_under_test] Parallel: is a []interface {}: must be a string, a boolean or a number" {
		t.Errorf("got %v", err)
	}
}

func TestAllFaultsAtOnceAndNoSecrets(t *testing.T) {
	_, err := Read(strings.NewReader(`
[iperf]
client_section = phone
server_section = nobody
direction = sideways
udp = perhaps
window = big
parallel = 2.5
time = soon
iperf_repetitions = many
aggregator = best
daemon = yes
stdin = on
output = /tmp/x
bandwidth = fast
tos = loud
[phone]
control_ip = 127.0.0.1
password = hunter2
port = hunter
connection_type = telnet
timeout = 3 parsecs
[spare]
control_ip =
`), "")
	if !errors.Is(err, iperf.ErrSettings) {
		t.Fatalf("got %v", err)
	}
	want := []string{
		`line 4: [iperf] server_section: there is no section [nobody]`,
		`line 5: [iperf] direction: "sideways": must be upstream, downstream or both`,
		`line 6: [iperf] udp: "perhaps": must be on, yes or true, or off, no or false`,
		`line 7: [iperf] window: size "big": must be a number of bytes such as 256K or 8G: invalid syntax`,
		`line 8: [iperf] parallel: "2.5": must be a whole number`,
		`line 9: [iperf] time: "soon": must be a number, or a time such as "1 minute 30 seconds"`,
		`line 10: [iperf] iperf_repetitions: "many": must be a whole number`,
		`line 11: [iperf] aggregator: "best": must be median, mean, min, max, sum, or p0 to p100`,
		`line 12: [iperf] daemon: is not supported: a server is started beside its client, and ended after the test, without it`,
		`line 13: [iperf] stdin: is not supported: a run has no standard input to give: put the data into a file on the client's host and use fileinput`,
		`line 14: [iperf] output: is not supported: the run has to read the output: use store_output and a FileStorage`,
		`line 15: [iperf] bandwidth: rate "fast": must be bits per second such as 500k or 10m: invalid syntax`,
		`line 16: [iperf] tos: type of service "loud": must be a number from 0 to 255 or a name such as ef`,
		`line 20: [phone] port: "hunter": must be from 1 to 65535`,
		`line 21: [phone] connection_type: "telnet": must be ssh`,
		`line 22: [phone] timeout: "3 parsecs": must be a number, or a time such as "1 minute 30 seconds"`,
		`line 24: [spare] control_ip: is empty: must be an address or a name`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, text := range []string{"[iperf]\npassword hunter2\n", "[iperf]\n= hunter2\n", "[hunter2\n", "[iperf]\n\"hunter2 = 1\n"} {
		_, err := Read(strings.NewReader(text), "")
		if !errors.Is(err, iperf.ErrSettings) || strings.Contains(err.Error(), "hunter") {
			t.Errorf("%q: got %v", text, err)
		}
	}
	if _, err := Read(strings.NewReader("[iperf]\ntime = 5\nhunter2\n"), ""); err == nil || !strings.Contains(err.Error(), "line 3:") {
		t.Errorf("got %v, want line 3", err)
	}
}

func TestLeftoversAreListedIfTheyAreAllowed(t *testing.T) {
	c, err := Reader{AllowUnused: true}.Read(strings.NewReader("[iperf]\ntime = 5\nparalel = 4\ndaemon = no\nclient_colour = red\nclient_section = a\n[a]\ncontrol_ip = x\ncolour = blue\n"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"paralel", "client_colour"}, c.Unused); diff != "" {
		t.Errorf("the section's (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff([]string{"colour"}, c.DUT.Unused); diff != "" {
		t.Errorf("the host's (-want +got)\n%s", diff)
	}
}

func TestResetAndCheck(t *testing.T) {
	c, err := Load(filepath.Join("testdata", "ancestor.ini"), "")
	if err != nil {
		t.Fatal(err)
	}
	want := *c
	c.ClientSettings.Reverse, c.ClientSettings.Bidir, c.ClientSettings.Extra = true, true, []string{"x"}
	c.Direction, c.Repetitions, c.Sleep, c.AggregatorName = 0, 0, -1, "max"
	err = c.Check()
	if !errors.Is(err, iperf.ErrSettings) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff([]string{
		"[link_under_test]: Direction is Direction(0): must be Upstream, Downstream or Both", "Repetitions is 0: must be 1 or more", "Sleep is -1ns: must be 0 or more",
		"Client.Reverse is true: must be unset if Client.Bidir (true) is set",
	}, strings.Split(strings.ReplaceAll(err.Error(), "bad settings: ", ""), "\n")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	c.Reset()
	if diff := cmp.Diff(&want, c, asParsed); diff != "" {
		t.Errorf("after Reset (-want +got)\n%s", diff)
	}
}

func TestIperfOfAConfiguration(t *testing.T) {
	c, err := Read(strings.NewReader("[iperf]\nprogram = /opt/iperf\nsleep = 2\nnum = 10m\naggregator = max\ndirection = down\niperf_repetitions = 3\n"), "")
	if err != nil {
		t.Fatal(err)
	}
	hosts := iperf.Hosts{Connects: iperf.DUTConnects}
	x := c.Iperf(hosts, nil)
	if x.ClientServer != hosts || x.Program != "/opt/iperf" || x.EventTimer.Time != 2*time.Second || x.Client.Bytes != 10e6 || x.Aggregator([]report.BitRate{1, 3, 2}) != 3 {
		t.Errorf("got %+v", x)
	}
	m := c.Metric(hosts, nil)
	if diff := cmp.Diff(x, m.Iperf, cmpopts.IgnoreFields(iperf.Iperf{}, "Aggregator"), cmpopts.IgnoreUnexported(iperf.EventTimer{}), cmpopts.EquateComparable()); diff != "" {
		t.Errorf("the metric's Iperf (-want +got)\n%s", diff)
	}
	if m.Directions != iperf.Downstream || m.Repetitions != 3 || m.Aggregator([]report.BitRate{1, 3, 2}) != 3 {
		t.Errorf("got %+v", m)
	}
}

func TestWhereOutputGoesAndHowItIsRead(t *testing.T) {
	store := new(storage.Mem)
	for _, test := range []struct {
		name, line string
		parser     iperf.Parser
		kept       bool
	}{
		{name: "neither key", kept: true},
		{name: "printed sums", line: "use_sums = yes", parser: &report.SumParser{}, kept: true},
		{name: "own sums", line: "use_sums = no", parser: &report.IperfParser{}, kept: true},
		{name: "output kept", line: "store_output = yes", kept: true},
		{name: "output not kept", line: "store_output = no"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := Read(strings.NewReader("[iperf]\n"+test.line), "")
			if err != nil {
				t.Fatal(err)
			}
			x := c.Iperf(iperf.Hosts{}, store)
			if diff := cmp.Diff(test.parser, x.Parser); diff != "" {
				t.Errorf("parser (-want +got)\n%s", diff)
			}
			if kept := x.FileStorage == iperf.FileStorage(store); kept != test.kept || !kept && x.FileStorage != nil {
				t.Errorf("output goes to %v", x.FileStorage)
			}
		})
	}
}

func TestHostsPrintWithoutTheirPassword(t *testing.T) {
	h := phone()
	asJSON, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(h), fmt.Sprintf("%v %+v %#v %s", *h, h, h, *h), string(asJSON), fmt.Sprintf("%+v", Configuration{DUT: h}), fmt.Sprintf("%#v", struct{ H *Host }{h})} {
		if strings.Contains(s, "secret") {
			t.Errorf("got %s", s)
		}
	}
}

func TestQuotesAndComments(t *testing.T) {
	for _, test := range []struct{ value, want string }{
		{`plain`, `plain`},
		{`a;b#c`, `a;b#c`},
		{`PATH=/opt:$PATH;`, `PATH=/opt:$PATH;`},
		{`a ; b`, `a`},
		{"a\t# b", `a`},
		{`"a # b"`, `a # b`},
		{`" a " ; b`, ` a `},
		{`"a" b`, `"a" b`},
		{`"a`, `"a`},
		{`a"b"`, `a"b"`},
		{`back\`, `back\`},
		{`100%(x)s`, `100%(x)s`},
		{`'a'`, `'a'`},
	} {
		c, err := Read(strings.NewReader("[iperf]\nclient_section = h\n[h]\ncontrol_ip = x\npassword = "+test.value+"\nusername = y\n"), "")
		if err != nil {
			t.Errorf("%s: %v", test.value, err)
			continue
		}
		if got := c.DUT.Password; got != test.want || c.DUT.Username != "y" {
			t.Errorf("%s: got %q, want %q", test.value, got, test.want)
		}
	}
}

func TestLinesEndAsOnAnySystem(t *testing.T) {
	const text = "parallel = 2\n[iperf]\ntitle = `a\nb`\ntime = 3\n"
	for _, end := range []string{"\n", "\r\n", "\r"} {
		c, err := Read(strings.NewReader(strings.ReplaceAll(text, "\n", end)), "")
		if err != nil {
			t.Errorf("%q: %v", end, err)
			continue
		}
		want := iperf.ClientSettings{Parallel: 2, Time: 3 * time.Second, Title: "a" + end + "b"}
		if diff := cmp.Diff(want, c.ClientSettings, cmpopts.EquateComparable()); diff != "" {
			t.Errorf("%q (-want +got)\n%s", end, diff)
		}
	}
}

func TestDefaultsOfAMap(t *testing.T) {
	c, err := FromMap(map[string]map[string]any{"DEFAULT": {"time": 3, "timeout": 5}, "iperf": {"client_section": "a"}, "a": {"control_ip": "x"}}, "")
	if err != nil {
		t.Fatal(err)
	}
	if c.ClientSettings.Time != 3*time.Second || c.DUT.Timeout != 5*time.Second {
		t.Errorf("got %v and %v, want 3 s and 5 s", c.ClientSettings.Time, c.DUT.Timeout)
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	if _, err := Load("nosuch.ini", ""); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
	name := filepath.Join(t.TempDir(), "bad.ini")
	if err := os.WriteFile(name, []byte("[a]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(name, ""); err == nil || !strings.HasPrefix(err.Error(), name+": ") {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(Example)
	f.Add("a: 1\r\n[DEFAULT]\nb = `x\ny` ; z\n[ iperf ]\ntitle = \"\"\"\n\"\"\" #\nclient_windw = 1\n\"k\" = \"v\"\n")
	f.Add("[iperf]\nbandwidth = 1m,2/3\nisochronous=6:1,2\ncntl-ka = ///\nhistograms = 1u,\ntime = 1 s and\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Read(strings.NewReader(text), "")
		if err != nil {
			if !errors.Is(err, iperf.ErrSettings) {
				t.Errorf("got %v", err)
			}
			return
		}
		before := *c
		c.Reset()
		if diff := cmp.Diff(&before, c, asParsed, cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("Reset changes what was read:\n%s", diff)
		}
	})
}
