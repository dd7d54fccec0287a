package report_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of EXPECT.tsv, wherever the tests run

	"github.com/tunaperf/tuna/iperf/report"
)

// An expectation is a row of testdata/cases/EXPECT.tsv, whose columns README.md explains.
type expectation struct {
	file, test, path, operator, value, zone string
}

func (e expectation) String() string {
	return strings.TrimRight(strings.Join([]string{e.file, e.test, e.path, e.operator, e.value, e.zone}, "\t"), "\t")
}

// TestCases holds the reader against the expected values of testdata/cases.
func TestCases(t *testing.T) {
	files := make(map[string][]expectation)
	for _, e := range expectations(t) {
		files[e.file] = append(files[e.file], e)
	}
	for _, file := range slices.Sorted(maps.Keys(files)) {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata/cases/inputs", file))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range files[file] {
				if err := e.check(t, text); err != nil {
					t.Errorf("%v: %v", e, err)
				}
			}
		})
	}
}

func expectations(t *testing.T) (all []expectation) {
	t.Helper()
	text, err := os.ReadFile("testdata/cases/EXPECT.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || line[0] == '#' {
			continue
		}
		c := append(strings.Split(line, "\t"), "", "", "")
		if len(c) < 7 {
			t.Fatalf("a row of %d columns: %q", len(c)-3, line)
		}
		all = append(all, expectation{c[0], c[1], c[2], c[3], c[4], c[5]})
	}
	return all
}

// check reads text and returns an error if the expected value does not come of it.
func (e expectation) check(t *testing.T, text []byte) error {
	t.Helper()
	zone, err := time.LoadLocation(cmp.Or(strings.TrimPrefix(e.zone, "TZ="), "UTC"))
	if err != nil {
		t.Fatal(err)
	}
	defer func(was *time.Location) { time.Local = was }(time.Local)
	time.Local = zone
	if e.test == "stderr" {
		return e.compare(reflect.ValueOf(new(report.ClassifyError(string(text)))).Elem())
	}
	var reports []*report.Report
	var errs []error
	for rep, err := range report.ParseAll(bytes.NewReader(text)) {
		reports, errs = append(reports, rep), append(errs, err)
	}
	if e.test == "count" {
		return e.compare(reflect.ValueOf(len(reports)))
	}
	n, err := strconv.Atoi(e.test)
	if err != nil {
		t.Fatal(err)
	}
	if n > len(reports) {
		if slices.Contains(strings.Split(e.value, "|"), "none") {
			return nil
		}
		return fmt.Errorf("there are %d tests", len(reports))
	}
	rep := reports[n-1]
	switch e.path {
	case "error":
		return e.compare(reflect.ValueOf(&errs[n-1]).Elem())
	case "warnings":
		var all strings.Builder
		for _, w := range rep.Warnings {
			fmt.Fprintln(&all, w)
		}
		return e.compare(reflect.ValueOf(all.String()))
	}
	v, err := at(reflect.ValueOf(rep), e.path)
	if err != nil {
		return err
	}
	return e.compare(v)
}

// at returns the value at a path. It is the zero Value if there is a nil on the way.
func at(v reflect.Value, path string) (reflect.Value, error) {
	for name := range strings.SplitSeq(path, ".") {
		if v.Kind() == reflect.Pointer {
			if v = v.Elem(); !v.IsValid() {
				return v, nil
			}
		}
		switch {
		case v.Kind() == reflect.Struct:
			f := v.FieldByName(name)
			if !f.IsValid() {
				return v, fmt.Errorf("%v has no field %s", v.Type(), name)
			}
			v = f
		case v.Kind() == reflect.Slice && name == "len":
			v = reflect.ValueOf(v.Len())
		case v.Kind() == reflect.Slice:
			i, err := strconv.Atoi(name)
			if err != nil {
				return v, err
			}
			if i >= v.Len() {
				return reflect.Value{}, nil
			}
			v = v.Index(i)
		default:
			return v, fmt.Errorf("%s of a %v", name, v.Type())
		}
	}
	return v, nil
}

// compare returns an error if the expectation does not hold for v.
func (e expectation) compare(v reflect.Value) error {
	got := "nil"
	if !isNil(v) {
		got = fmt.Sprint(v.Interface())
	}
	ok := false
	switch e.operator {
	case "nil":
		ok = isNil(v)
	case "notnil":
		ok = !isNil(v)
	case "=", "~":
		for want := range strings.SplitSeq(e.value, "|") {
			ok = ok || want == "nil" && isNil(v) || !isNil(v) && isAlike(v, want, e.operator == "~")
		}
	case "has", "hasnot":
		has, err := hasField(v, e.value)
		if err != nil {
			return err
		}
		ok = has == (e.operator == "has")
	case "is", "isnot":
		want, known := caseErrors[e.value]
		if !known {
			return fmt.Errorf("no error of the name %s", e.value)
		}
		err, _ := v.Interface().(error)
		ok = errors.Is(err, want) == (e.operator == "is")
	case "contains", "lacks":
		ok = strings.Contains(strings.ToLower(got), strings.ToLower(e.value)) == (e.operator == "contains")
	default:
		return fmt.Errorf("no operator %q", e.operator)
	}
	if !ok {
		return fmt.Errorf("got %s", got)
	}
	return nil
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Interface, reflect.Slice:
		return v.IsNil()
	case reflect.String:
		return v.Len() == 0
	}
	at, ok := v.Interface().(time.Time)
	return ok && at.IsZero()
}

// isAlike reports whether v is what want says, or about that.
func isAlike(v reflect.Value, want string, about bool) bool {
	tolerance := 1e-9
	if about {
		tolerance = 0.012
	}
	within := func(a, b float64) bool { return math.Abs(a-b) <= tolerance*math.Abs(b) }
	switch x := v.Interface().(type) {
	case time.Time:
		return x.UTC().Truncate(time.Second).Format(time.RFC3339) == want
	case time.Duration:
		d, err := time.ParseDuration(want)
		return err == nil && within(float64(x), float64(d))
	case fmt.Stringer:
		if x.String() == want {
			return true
		}
	}
	n, err := strconv.ParseFloat(want, 64)
	switch {
	case v.CanInt():
		return err == nil && within(float64(v.Int()), n)
	case v.CanFloat():
		return err == nil && within(v.Float(), n)
	}
	return fmt.Sprint(v.Interface()) == want
}

// hasField reports whether a TCP, UDP or Enhanced has the field of that name.
func hasField(v reflect.Value, name string) (bool, error) {
	fields := map[reflect.Type]map[string]any{
		reflect.TypeFor[*report.TCP](): {
			"Retransmits": report.Retransmits, "CongestionWindow": report.CongestionWindow, "SendWindow": report.SendWindow,
			"RTT": report.RTT, "RTTVar": report.RTTVar, "PMTU": report.PMTU, "Reorder": report.Reorder, "RTTRange": report.RTTRange,
		},
		reflect.TypeFor[*report.UDP](): {
			"Jitter": report.Jitter, "Lost": report.Lost, "Packets": report.Packets, "OutOfOrder": report.OutOfOrder,
			"PacketRate": report.PacketRate,
		},
		reflect.TypeFor[*report.Enhanced](): {
			"Latency": report.Latency, "NetPower": report.NetPower, "Writes": report.Writes, "Reads": report.Reads,
			"InFlight": report.InFlight, "RoundTrips": report.RoundTrips,
		},
	}
	if isNil(v) {
		return false, nil
	}
	field, ok := fields[v.Type()][name]
	if !ok {
		return false, fmt.Errorf("%v has no field %s", v.Type(), name)
	}
	return v.Elem().FieldByName("Has").Uint()&reflect.ValueOf(field).Uint() != 0, nil
}

// caseErrors are the errors that EXPECT.tsv names.
var caseErrors = map[string]error{
	"ErrIncomplete": report.ErrIncomplete, "ErrNoBandwidth": report.ErrNoBandwidth, "ErrTimeout": report.ErrTimeout,
	"ErrUnreachable": report.ErrUnreachable,
}
