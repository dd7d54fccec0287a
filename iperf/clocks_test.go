package iperf

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/sshhost"
)

// fakeTime returns a prefix under which programs see the clock shifted by offset. A time namespace would not do: it leaves
// the real-time clock alone.
func fakeTime(tb testing.TB, offset string) string {
	tb.Helper()
	testbed.Need(tb, "faketime")
	libs, _ := filepath.Glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
	if len(libs) == 0 {
		tb.Fatal("libfaketimeMT.so.1 is not installed")
	}
	return "env LD_PRELOAD=" + libs[0] + " FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME=" + offset
}

// wholeSeconds returns a prefix under which date prints no parts of a second, as BusyBox's and those of BSD.
func wholeSeconds(tb testing.TB) string {
	tb.Helper()
	dir := tb.TempDir()
	script := "#!/bin/sh\nexec " + strings.TrimSpace(testbed.Command(tb, "sh", "-c", "command -v date")) + " +%s\n"
	if err := os.WriteFile(dir+"/date", []byte(script), 0o755); err != nil {
		tb.Fatal(err)
	}
	return "env PATH=" + dir + ":" + os.Getenv("PATH")
}

func TestAskClock(t *testing.T) {
	for _, test := range []struct {
		name   string
		prefix string
		want   time.Duration
	}{
		{"ours", "", 0},
		{"ahead", fakeTime(t, "+90.25s"), 90250 * time.Millisecond},
		{"behind", fakeTime(t, "-1.5s"), -1500 * time.Millisecond},
		{"whole seconds", wholeSeconds(t), 0},
		{"whole seconds, ahead", fakeTime(t, "+7.75s") + " " + wholeSeconds(t), 7750 * time.Millisecond},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := askClock(t.Context(), sshhost.Local{Prefix: test.prefix})
			if err != nil {
				t.Fatal(err)
			}
			if got.low > test.want || got.high < test.want || got.high-got.low > time.Second {
				t.Errorf("got from %v to %v, want %v among them, and not more than 1s", got.low, got.high, test.want)
			}
		})
	}
}

// A receiver that counts from the other host's clock is not asked to when that differs by more than it bears.
func TestClocksThatDiffer(t *testing.T) {
	testbed.Need(t, "iperf")
	for _, test := range []struct {
		name   string
		prefix string
		client ClientSettings
		want   error
		says   string
	}{
		{"the same clock", "", ClientSettings{TripTimes: true, Time: 100 * time.Second}, nil, ""},
		{"ahead", fakeTime(t, "+2s"), ClientSettings{TripTimes: true}, ErrClocksDiffer, "ahead of the client's"},
		{"behind", fakeTime(t, "-2s"), ClientSettings{TripTimes: true}, ErrClocksDiffer, "behind the client's"},
		{"a start by the client's clock", fakeTime(t, "-2s"), ClientSettings{TxStartTime: time.Now()}, ErrClocksDiffer, "behind the client's"},
		{"no matter", fakeTime(t, "+2s"), ClientSettings{}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := Iperf{Client: test.client}
			m := func(prefix string) *machine {
				return &machine{host: sshhost.Local{Prefix: prefix}, version: ver("2.1.8")}
			}
			_, err := x.compareClocks(t.Context(), m(""), m(test.prefix))
			if !errors.Is(err, test.want) || err != nil && !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %v, %s", err, test.want, test.says)
			}
		})
	}
}

func TestRunEndsBeforeATestWhoseClocksDiffer(t *testing.T) {
	testbed.Need(t, "iperf")
	x := Iperf{
		Program:      "iperf",
		ClientServer: Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{Prefix: fakeTime(t, "+3s")}},
		Client:       ClientSettings{TripTimes: true}, Server: ServerSettings{AutoPort: true},
	}
	if res, err := x.Upstream(t.Context(), ""); res != nil || !errors.Is(err, ErrClocksDiffer) {
		t.Errorf("got %v, %v; want ErrClocksDiffer before the test", res, err)
	}
}

func TestComparedClocks(t *testing.T) {
	const ms = time.Millisecond
	for _, test := range []struct {
		name           string
		server, client clock
		warning        bool
		err            bool
	}{
		{"the same", clock{-ms, ms}, clock{-ms, ms}, false, false},
		{"just near enough", clock{20 * ms, 22 * ms}, clock{0, ms}, false, false},
		{"certainly apart", clock{22 * ms, 24 * ms}, clock{0, ms}, false, true},
		{"apart in the other way", clock{0, ms}, clock{22 * ms, 24 * ms}, false, true},
		{"read too slowly to tell", clock{-50 * ms, 50 * ms}, clock{0, ms}, true, false},
	} {
		warning, err := test.server.against(test.client, 20*ms, "a", "b")
		if (warning != nil) != test.warning || (err != nil) != test.err || err != nil && !errors.Is(err, ErrClocksDiffer) {
			t.Errorf("%s: got %v, %v", test.name, warning, err)
		}
	}
}
