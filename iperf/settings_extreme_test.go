package iperf

import (
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// extremes returns values of a type that no setting of it can be meant to have.
func extremes(of reflect.Type) []any {
	switch of {
	case reflect.TypeFor[bool]():
		return nil
	case reflect.TypeFor[int]():
		return []any{-1, math.MinInt, math.MaxInt, 1<<32 + 1000}
	case reflect.TypeFor[int64]():
		return []any{int64(-1), int64(math.MinInt64), int64(math.MaxInt64)}
	case reflect.TypeFor[float64]():
		return []any{math.NaN(), math.Inf(1), math.Inf(-1), -1.0, 1e300, math.SmallestNonzeroFloat64}
	case reflect.TypeFor[report.BitRate]():
		return []any{report.BitRate(math.NaN()), report.BitRate(math.Inf(1)), report.BitRate(-1), report.BitRate(1e300), report.BitRate(1e-300)}
	case reflect.TypeFor[time.Duration]():
		return []any{-time.Nanosecond, -time.Second, time.Duration(math.MinInt64), time.Duration(math.MaxInt64), 1e6 * time.Hour}
	case reflect.TypeFor[time.Time]():
		return []any{time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	case reflect.TypeFor[string]():
		return []any{"x\ny", "x\x00", "x\r", "\x1b[2J", strings.Repeat("x", 5000)}
	case reflect.TypeFor[[]string]():
		return []any{[]string{"x", "y\n"}, []string{"\x00"}, []string{strings.Repeat("x", 5000)}}
	case reflect.TypeFor[report.Protocol]():
		return []any{report.Protocol(4), report.Protocol(255)}
	}
	return []any{"no extremes for this type"} // which cannot be assigned to it
}

// allowedExtremes are the settings of which some extreme values mean something.
var allowedExtremes = map[string]string{
	"Client.ControlKeepAlive.Idle":     "net.KeepAliveConfig takes a negative one for the system's",
	"Client.ControlKeepAlive.Interval": "net.KeepAliveConfig takes a negative one for the system's",
	"Client.ControlKeepAlive.Count":    "net.KeepAliveConfig takes a negative one for the system's",
	"Server.ControlKeepAlive.Idle":     "net.KeepAliveConfig takes a negative one for the system's",
	"Server.ControlKeepAlive.Interval": "net.KeepAliveConfig takes a negative one for the system's",
	"Server.ControlKeepAlive.Count":    "net.KeepAliveConfig takes a negative one for the system's",
}

// TestExtremeValuesAreRefused sets each field to values that no test can be meant to have. Check refuses them, or both
// programs' newest versions do.
func TestExtremeValuesAreRefused(t *testing.T) {
	x := &Iperf{}
	eachField("Client", reflect.ValueOf(&x.Client).Elem(), func(path string, field reflect.Value) {
		refusesExtremes(t, x, path, field)
	})
	eachField("Server", reflect.ValueOf(&x.Server).Elem(), func(path string, field reflect.Value) {
		refusesExtremes(t, x, path, field)
	})
}

// eachField calls f for every field of a struct and of those within it.
func eachField(path string, v reflect.Value, f func(path string, field reflect.Value)) {
	for i := range v.NumField() {
		field, name := v.Field(i), path+"."+v.Type().Field(i).Name
		if field.Kind() == reflect.Struct && field.Type() != reflect.TypeFor[time.Time]() {
			eachField(name, field, f)
			continue
		}
		f(name, field)
	}
}

func refusesExtremes(t *testing.T, x *Iperf, path string, field reflect.Value) {
	t.Helper()
	defer field.SetZero()
	for _, extreme := range extremes(field.Type()) {
		if !reflect.TypeOf(extreme).AssignableTo(field.Type()) {
			t.Errorf("%s: %v: %v", path, field.Type(), extreme)
			continue
		}
		if d := reflect.ValueOf(extreme); allowedExtremes[path] != "" && d.CanInt() && d.Int() < 0 {
			continue
		}
		field.Set(reflect.ValueOf(extreme))
		if names(x.Check(), path) {
			continue
		}
		for _, v := range []string{"2.1.8", "2.2.1", "3.12", "3.21"} {
			if err := x.checkVersions(ver(v), ver(v), "192.0.2.1"); !names(err, path) {
				t.Errorf("%s is %.40v: got %v and, with %s, %v", path, extreme, x.Check(), v, err)
				break
			}
		}
	}
}

// names reports whether an error is of a setting's value, or of a version that lacks it.
func names(err error, path string) bool {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			if names(one, path) {
				return true
			}
		}
		return false
	}
	if fault, ok := errors.AsType[*SettingError](err); ok {
		return fault.Field == path || strings.HasPrefix(path, fault.Field+".")
	}
	if errors.Is(err, ErrUnsupported) {
		return strings.HasPrefix(err.Error(), path+": ")
	}
	// A setting that needs another one is not refused for its value.
	text := errorText(err)
	return strings.Contains(text, path+" is ") && !strings.Contains(text, path+" is set: ")
}

// TestBoundsOfSettings has the settings whose bounds differ from version to version or from one another, with the least
// and the greatest values that are taken beside those that are not.
func TestBoundsOfSettings(t *testing.T) {
	const µs = time.Microsecond
	for _, test := range []struct {
		name string
		x    Iperf
		want string // after the kind; empty: no error
	}{
		{"an interval that no version takes", Iperf{Client: ClientSettings{Interval: 1500 * µs}}, "Client.Interval is 1.5ms: must be 0, or from 5ms to 1h11m34.967295s"},
		{"iperf 2's least", Iperf{Client: ClientSettings{Interval: 5 * time.Millisecond}}, ""},
		{"a gate that is closed for less than no time", Iperf{EventTimer: &EventTimer{Time: -5}}, "EventTimer.Time is -5ns: must be 0 or more"},
		{"the greatest pacing timer", Iperf{Client: ClientSettings{PacingTimer: math.MaxInt32 * µs}}, ""},
		{"a greater one", Iperf{Client: ClientSettings{PacingTimer: (math.MaxInt32 + 1) * µs}}, "Client.PacingTimer is 35m47.483648s: must be 35m47.483647s or less"},
		{"a delay of a month", Iperf{Client: ClientSettings{TxDelayTime: 720 * time.Hour}}, "Client.TxDelayTime is 720h0m0s: must be 24h0m0s or less"},
		{"a month to connect", Iperf{Client: ClientSettings{ConnectTimeout: 720 * time.Hour}}, "Client.ConnectTimeout is 720h0m0s: must be 24h0m0s or less"},
		{"an MSS that Linux does not take", Iperf{Client: ClientSettings{MSS: 32768}}, "Client.MSS is 32768: must be 32767 bytes or less"},
		{"the last processor", Iperf{Client: ClientSettings{Affinity: "0,1023"}}, ""},
		{"one behind it", Iperf{Client: ClientSettings{Affinity: "0,1024"}}, "Client.Affinity is 0,1024: must be of processors from 0 to 1023"},
		{"the server's", Iperf{Server: ServerSettings{Affinity: "4294967296"}}, "Server.Affinity is 4294967296: must be of processors from 0 to 1023"},
		{"streams without a port for each", Iperf{Client: ClientSettings{Parallel: 1<<16 + 1}}, "Client.Parallel is 65537: must be 65535 streams or less"},
		{"a load of too many", Iperf{Client: ClientSettings{Bounceback: Bounceback{Enable: true}, WorkingLoad: "up,100000"}},
			`Client.WorkingLoad is up,100000: must be "up", "down" or "bidir", with a number as in "up,4"`},
		{"a NUL", Iperf{Client: ClientSettings{File: "a\x00b"}}, `Client.File is "a\x00b": must be without control characters`},
		{"a secret", Iperf{Client: ClientSettings{PermitKey: "open\n"}}, "Client.PermitKey is of 5 characters: must be without control characters"},
		{"letters of other languages", Iperf{Client: ClientSettings{Title: "Prüfung ✓"}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.x.Check()
			if got := strings.TrimPrefix(errorText(err), "bad settings: "); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// TestDurationDoesNotOverflow has the longest times that Check takes.
func TestDurationDoesNotOverflow(t *testing.T) {
	x := Iperf{Client: ClientSettings{Time: settings.LongestTime, Omit: day, TxDelayTime: day, Tradeoff: true}, EventTimer: &EventTimer{Time: day}}
	if err := x.Check(); err != nil {
		t.Fatal(err)
	}
	if got := x.timeout(time.Second); got < 2*settings.LongestTime {
		t.Errorf("got %v", got)
	}
}
