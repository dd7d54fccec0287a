package config

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/iperf"
)

// Each text is the whole file. An error is wanted unless the list of faults is empty.
func TestFaults(t *testing.T) {
	const host = "client_section = phone\n[phone]\ncontrol_ip = 192.0.2.1\n"
	for _, test := range []struct {
		name, text string
		want       []string
	}{
		// keys
		{"a letter is missing", "[iperf]\nparalel = 4", []string{"2: [iperf] paralel: there is no such key: did you mean parallel?"}},
		{"two letters swapped", "[iperf]\ntiem = 4", []string{"2: [iperf] tiem: there is no such key: did you mean time?"}},
		{"other dashes and case", "[iperf]\nConnect_Timout = 4", []string{"2: [iperf] Connect_Timout: there is no such key: did you mean connect-timeout?"}},
		{"of one end", "[iperf]\nclient_windw = 4K", []string{"2: [iperf] client_windw: there is no such key: did you mean client_window?"}},
		{"a key of no option", "[iperf]\nstore_ouput = no", []string{"2: [iperf] store_ouput: there is no such key: did you mean store_output?"}},
		{"another program's word", "[iperf]\nduration = 4", []string{"2: [iperf] duration: there is no such key: did you mean time?"}},
		{"a short option", "[iperf]\n-P = 4\nt = 3", []string{"2: [iperf] -P: there is no such key: did you mean parallel?", "3: [iperf] t: there is no such key: did you mean time?"}},
		{"with its dashes", "[iperf]\n--parallel = 4", []string{"2: [iperf] --parallel: there is no such key: did you mean parallel?"}},
		{"nothing near", "[iperf]\ncolour = red", []string{"2: [iperf] colour: there is no such key"}},
		{"the other end's", "[iperf]\nclient_idle-timeout = 5\nserver_time = 4\nserver_isochronous = 60:100m",
			[]string{"2: [iperf] client_idle-timeout: the client has no option idle-timeout", "3: [iperf] server_time: the server has no option time", "4: [iperf] server_isochronous: the server has no option isochronous"}},
		{"refused for one end", "[iperf]\nserver_daemon = yes", []string{"2: [iperf] server_daemon: is not supported: a server is started beside its client, and ended after the test, without it"}},
		{"a host's key", "[iperf]\ncontrol_ip = 192.0.2.1", []string{"2: [iperf] control_ip: is a key of a host's section, not of a test's"}},
		{"a test's key", "[iperf]\n" + host + "parallel = 4", []string{"5: [phone] parallel: is a key of a test's section, not of a host's"}},
		{"of a host", "[iperf]\n" + host + "usrname = x\nuser = y\ncontrol-ip = z", []string{"5: [phone] usrname: there is no such key of a host: did you mean username?",
			"6: [phone] user: there is no such key of a host: did you mean username?", "7: [phone] control-ip: there is no such key of a host: did you mean control_ip?"}},
		{"before any section", "colour = red\n[iperf]\n", []string{"1: [DEFAULT] colour: there is no such key"}},
		{"a host's key before any section", "timeout = 5\nusername = x\nrsa-public-key-path = y\n[iperf]\n" + host, nil},
		{"nobody's section", "[mail]\nparalel = 4\nparalel = 5\n[iperf]\n", nil},
		{"a piece of a secret", "[iperf]\n" + strings.Repeat("MIIEow", 10) + "==\n", []string{"2: [iperf] a key of 60 characters: there is no such key"}},

		// sections
		{"a section's name", "[iperff]\ntime = 4", []string{`bad settings: there is no section [iperf], nor one with component = Iperf, but ["iperff"]: is [iperff] meant to be [iperf]?`}},
		{"a component", "[link]\ncomponent = Iprf", []string{`bad settings: there is no section [iperf], nor one with component = Iperf, but ["link"]: [link] has component = Iprf, is Iperf meant?`}},
		{"spaces around a name", "[ iperf ]\nclient_section = phone\n[ phone ]\ncontrol_ip = x", nil},
		{"a host's section", "[iperf]\nclient_section = phnoe\n[phone]\ncontrol_ip = x", []string{"2: [iperf] client_section: there is no section [phnoe]: did you mean phone?"}},
		{"a host without an address", "[iperf]\nserver_section = phone\n[phone]\ncontrol_pi = x", []string{"2: [iperf] server_section: section [phone] has no control_ip but control_pi: did you mean control_ip?"}},

		// twice
		{"twice", "[iperf]\ntime = 4\nTIME = 4", []string{"3: [iperf] TIME: the section has this key already: must be given once"}},
		{"twice in two pieces of a section", "[iperf]\ntime = 4\n[a]\n[iperf]\ntime = 5", []string{"5: [iperf] time: the section has this key already: must be given once"}},
		{"under two names", "[iperf]\nnum = 1M\nbytes = 2M", []string{"2: [iperf] num: sets what bytes sets: only one of them may be given"}},
		{"with two dashes", "[iperf]\nno-delay = on\nno_delay = off", []string{"3: [iperf] no_delay: sets what no-delay sets: only one of them may be given"}},
		{"two rates", "[iperf]\nbitrate = 1M\nbandwidth = 1M", []string{"2: [iperf] bitrate: sets what bandwidth sets: only one of them may be given"}},
		{"two protocols", "[iperf]\nudp = on\nsctp = on", []string{"2: [iperf] udp: sets what sctp sets: only one of them may be given"}},
		{"one of two protocols", "[iperf]\nudp = on\nsctp = off", nil},
		{"two versions of IP", "[iperf]\nversion6 = on\nversion4 = on", []string{"2: [iperf] version6: sets what version4 sets: only one of them may be given"}},
		{"for both ends and for one", "[iperf]\ninterval = 1\nclient_interval = 2", nil},
		{"a host's key twice", "[iperf]\n" + host + "password = a\npassword = b", []string{"6: [phone] password: the section has this key already: must be given once"}},
		{"a default and a key", "time = 3\n[iperf]\ntime = 4", nil},

		// directions
		{"bogus", "[iperf]\ndirection = bogus", []string{`2: [iperf] direction: "bogus": must be upstream, downstream or both`}},
		{"nearly a direction", "[iperf]\ndirection = downstraem", []string{`2: [iperf] direction: "downstraem": must be upstream, downstream or both: did you mean downstream?`}},
		{"no direction", "[iperf]\ndirection =", []string{`2: [iperf] direction: is empty: must be upstream, downstream or both`}},

		// kinds of values
		{"empty numbers", "[iperf]\nparallel =\ntime = \t\ntcp-rx-window-clamp = \"\"", []string{`2: [iperf] parallel: is empty: must be a whole number`,
			`3: [iperf] time: is empty: must be a number, or a time such as "1 minute 30 seconds"`, `4: [iperf] tcp-rx-window-clamp: size "": must be a number of bytes such as 256K or 8G: invalid syntax`}},
		{"a value that begins like a comment", "[iperf]\nreverse = ; off", []string{`2: [iperf] reverse: "; off": must be on, yes or true, or off, no or false`}},
		{"empty texts", "[iperf]\nbind =\nprogram =\naggregator =\nclient_section =\n", nil},
		{"in another unit", "[iperf]\ntime = 5 parsecs\nwindow = 256KB\nparallel = 2 streams", []string{`2: [iperf] time: "5 parsecs": must be a number, or a time such as "1 minute 30 seconds"`,
			`3: [iperf] window: size "256KB": must be a number of bytes such as 256K or 8G: invalid syntax`, `4: [iperf] parallel: "2 streams": must be a whole number`}},
		{"less than nothing, and too much", "[iperf]\ntime = -5\nomit = 1e99", []string{`2: [iperf] time: "-5": must be 0 or more`,
			`3: [iperf] omit: "1e99": must be a number, or a time such as "1 minute 30 seconds" of at most 106751 days`}},
		{"a misspelt unit", "[iperf]\ntime = 1 minut 5 secnds", []string{`2: [iperf] time: "1 minut 5 secnds": must be a number, or a time such as "1 minute 30 seconds": did you mean minute?`}},
		{"out of range", "[iperf]\nport = 70000\nparallel = -1\niperf_repetitions = 0\nrcv-timeout = 1\ntos = 256\nserver_bitrate-limit = 0.5\nburst-period = 1 us", []string{
			`2: [iperf] port: "70000": must be from 0 to 65535`, `3: [iperf] parallel: "-1": must be 0 or more streams`, `4: [iperf] iperf_repetitions: "0": must be 1 or more`,
			`5: [iperf] rcv-timeout: "1" is 1ms: must be 0, or 100ms or more`, `6: [iperf] tos: type of service "256": must be a number from 0 to 255 or a name such as ef`,
			`7: [iperf] server_bitrate-limit: "0.5": must be 0, or 1 bit/s or more`, `8: [iperf] burst-period: "1 us" is 1µs: must be 0, or more than 10µs`}},
		{"out of range in a part", "[iperf]\nbandwidth = 10M/2000\nbounceback = -1\nhistograms = 100u,-1", []string{`2: [iperf] bandwidth: "10M/2000" is 2000: must be from 0 to 1000`,
			`3: [iperf] bounceback: "-1": must be 0 or more writes`, `4: [iperf] histograms: "100u,-1" is -1: must be 0 or more bins`}},
		{"a part that is wrong", "[iperf]\nbandwidth = 10M/x\nisochronous = x\nhistograms = 100u\ncntl-ka = 1/2/3/4\nserver_bitrate-limit = 1G/x\nbounceback = maybe\ntxstart-time = noon", []string{
			`2: [iperf] bandwidth: burst: "x": must be a whole number`, `3: [iperf] isochronous: "x": must be frames per second, mean and deviation, as in "60:100m,5m"`,
			`4: [iperf] histograms: "100u": must be on or off, or the width of a bin and their number, as in "100u,10000"`, `5: [iperf] cntl-ka: "1/2/3/4": must be on or off, or idle time, interval and count, as in "10/5/3"`,
			`6: [iperf] server_bitrate-limit: interval: "x": must be a number, or a time such as "1 minute 30 seconds"`, `7: [iperf] bounceback: "maybe": must be on or off, or the number of writes`,
			`8: [iperf] txstart-time: "noon": must be seconds since 1970, such as 1536014418.123456`}},
		{"a secret's length", "[iperf]\npermit-key = abc", []string{`2: [iperf] permit-key: is of 3 characters: must be empty, or of 4 to 128 characters`}},
		{"in other cases", "[IPERF]\nDIRECTION = DOWN\nUDP = ON\nTime = 5 SECONDS\nAGGREGATOR = median", nil},
		{"values of a flag and a choice", "[iperf]\nudp = flase\naggregator = medain\n" + host + "connection_type = shh", []string{`2: [iperf] udp: "flase": must be on, yes or true, or off, no or false: did you mean false?`,
			`3: [iperf] aggregator: "medain": must be median, mean, min, max, sum, or p0 to p100: did you mean median?`, `7: [phone] connection_type: "shh": must be ssh: did you mean ssh?`}},
		{"a host's values", "[iperf]\n" + host + "port = 0\ntimeout =\n", []string{`5: [phone] port: "0": must be from 1 to 65535`, `6: [phone] timeout: is empty: must be a number, or a time such as "1 minute 30 seconds"`}},
		{"quotes and comments", "[iperf]\ntime = \"5\" ; seconds\nparallel = 2\t# streams", nil},
		{"a comment without a space", "[iperf]\ntime = 5;seconds", []string{`2: [iperf] time: "5;seconds": must be a number, or a time such as "1 minute 30 seconds"`}},
		{"other line ends, and a mark", "\ufeff[iperf]\r\ntime = 5\r\nparalel = 2\r\n", []string{"3: [iperf] paralel: there is no such key: did you mean parallel?"}},

		// lines
		{"continued", "[iperf]\ntime = 5\n  seconds\n", []string{"3: must be a [section], a key = value or a comment, which begins with # or ;"}},
		{"several lines that are wrong, and a value", "[iperf]\nhunter2\ntime = soon\n= hunter2\n\"hunter2 = 1\n[hunter2\npassword = x\n[]\n", []string{
			"2: must be a [section], a key = value or a comment, which begins with # or ;", `3: [iperf] time: "soon": must be a number, or a time such as "1 minute 30 seconds"`,
			"4: must be a [section], a key = value or a comment, which begins with # or ;", "5: must be a [section], a key = value or a comment, which begins with # or ;",
			"6: a section's name must end with ]", "8: a section's name is empty"}},
		{"a long value without an end", "[iperf]\ntitle = \"\"\"hunter2\nparalel = 4\n", []string{`2: the value's """ has no end`}},
		{"lines are counted in long values", "[iperf]\ntitle = \"\"\"a\nb\nc\"\"\" ; d\nparalel = 4\n", []string{"5: [iperf] paralel: there is no such key: did you mean parallel?"}},
		{"two keys that do not go together", "[iperf]\nbidir = yes\ntime = 5\nReverse = yes\n", []string{
			"4: [iperf] Reverse: does not go with bidir: Client.Reverse is true: must be unset if Client.Bidir (true) is set"}},
		{"a key of the section with one of the defaults", "num = 1M\n[iperf]\nreverse = yes\ntime = 5\n", []string{
			"4: [iperf] time: does not go with num: Client.Time is 5s: must be unset if Client.Bytes (1048576) is set"}},
		{"three keys", "[iperf]\nprogram = iperf\nserver-port = 65535\nincr-dstport = yes\nparallel = 2\n", []string{
			"5: [iperf] parallel: does not go with server-port and incr-dstport: Server.Port is 65535: must be from 0 to 65534 with Client.IncrDstPort (true) and Client.Parallel (2)"}},
		{"a protocol", "[iperf]\nudp = yes\npermit-key = hunter2\n", []string{
			"3: [iperf] permit-key: does not go with udp: Client.PermitKey is of 7 characters: must be unset unless Client.Protocol (UDP) is TCP"}},
		{"what the caller may add", "[iperf]\nburst-size = 1M\nusername = me\n", nil},
		{"text behind a heading", "[iperf]x=4\n[a];\n[iperf] = 4 ; [b]\n[ [x] ] \t# [a]\n[x[0].y];z\n[[iperf]]]\n", []string{
			"1: text behind the section's name: must be a comment, which begins with # or ; after a space", "2: text behind the section's name: must be a comment, which begins with # or ; after a space",
			"3: text behind the section's name: must be a comment, which begins with # or ; after a space", "5: text behind the section's name: must be a comment, which begins with # or ; after a space",
			"6: text behind the section's name: must be a comment, which begins with # or ; after a space"}},
		{"a comment with a bracket behind a heading", "[iperf] # not [traffic]\nparalel = 4\n", []string{"2: [iperf] paralel: there is no such key: did you mean parallel?"}},
		{"brackets in a name", "[links[0].a]\n[[sub]]\n[iperf]\t; x\n", nil},
		{"text behind a value in long quotes", "[iperf]\ntitle = \"\"\"a\nb\"\"\" c\npermit-key = `hunter2` x\nextra-data = `a`\t; b\n", []string{
			"3: text behind the value's \"\"\": must be a comment, which begins with # or ; after a space", "4: text behind the value's `: must be a comment, which begins with # or ; after a space"}},
		{"text behind a key in quotes", "[iperf]\n\"time\" x = 5\n\"time\" = 5\n", []string{"2: must be a [section], a key = value or a comment, which begins with # or ;"}},
		{"an open quote before what may be a comment", "[iperf]\npermit-key = \"ab\"cd #1\"\ntitle = \"a ; b\nextra-data = \"a ; b\"\n", []string{
			`2: a value that begins with " must end with it before a comment`, `3: a value that begins with " must end with it before a comment`}},
		{"twice before any section", "time = 4\ntime = 5\nport = 1\n[DEFAULT]\nPort = 2\ncontrol_ip = x\n[iperf]\n[phone]\ntimeout = 1\n", []string{
			"2: [DEFAULT] time: the section has this key already: must be given once", "5: [DEFAULT] Port: the section has this key already: must be given once"}},
		{"two tests' sections in two cases", "[iperf]\ntime = 4\n[Iperf]\nparallel = 4\n", []string{`bad settings: ["Iperf" "iperf"] differ in case only: one of them must be chosen`}},
		{"carriage returns as line ends", "\r[iperf]\rtime = 5\r\n# x\rtitle = `a\r\nb\rc\n` ; d\rparalel = 2\r", []string{"9: [iperf] paralel: there is no such key: did you mean parallel?"}},
		{"UTF-16", "\xff\xfe[\x00", []string{"bad settings: the configuration is in UTF-16: must be in UTF-8"}},
		{"a wrong heading may be the one that is missing", "[iperf\ntime = 5\n", []string{"1: a section's name must end with ]"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "tune.ini")
			if err := os.WriteFile(name, []byte(test.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := Load(name, "")
			var got []string
			if err != nil {
				for line := range strings.SplitSeq(err.Error(), "\n") {
					rest, ok := strings.CutPrefix(line, name+":")
					if !ok {
						t.Errorf("%s: does not name the file", line)
					}
					got = append(got, strings.TrimSpace(rest))
				}
				if !errors.Is(err, iperf.ErrSettings) {
					t.Errorf("%v is no ErrSettings", err)
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestFaultHasFields(t *testing.T) {
	_, err := Read(strings.NewReader("[iperf]\nwindow = big\npassword = hunter2\npermit-key = abc\nudp = yse\n"), "")
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		t.Fatalf("got %v", err)
	}
	want := []Fault{
		{Line: 2, Section: "iperf", Key: "window", Value: "big"},
		{Line: 3, Section: "iperf", Key: "password"},
		{Line: 4, Section: "iperf", Key: "permit-key"},
		{Line: 5, Section: "iperf", Key: "udp", Value: "yse", Meant: "yes"},
	}
	var got []Fault
	for _, err := range joined.Unwrap() {
		f, ok := err.(*Fault)
		if !ok {
			t.Fatalf("got a %T", err)
		}
		if strings.Contains(f.Error()+f.Err.Error(), "hunter") {
			t.Errorf("got %v", f)
		}
		plain := *f
		plain.Err = nil
		got = append(got, plain)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSizeIsBounded(t *testing.T) {
	_, err := Read(endless{}, "")
	if want := "bad settings: the configuration has more than 16 MiB"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	broken := errors.New("broken")
	if _, err := Read(io.MultiReader(strings.NewReader("[iperf]\n"), failing{broken}), ""); !errors.Is(err, broken) || errors.Is(err, iperf.ErrSettings) {
		t.Errorf("got %v", err)
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
