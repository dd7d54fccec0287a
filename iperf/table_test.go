package iperf_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/config"
	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// TestOneRowMakesASetting adds a row to the client's table. Its field has no flag and no key of its own.
func TestOneRowMakesASetting(t *testing.T) {
	before := settings.Client
	t.Cleanup(func() { settings.Client = before })
	settings.Client = append([]settings.Setting{{
		Field: "Isochronous.Deviation", Two: settings.One("--dummy=", 2, 1, 0), Three: settings.One("--dummy", 3, 7, 0), Is: settings.Number{Most: 1000},
		Limits3: []settings.Limit{{From: settings.All3, Holds: settings.AtMost(500)}}, Over: "UDP", Needs: "Window", Keys: "dummy-key",
	}}, before...)

	c, err := config.Read(strings.NewReader("[iperf]\ndummy_key = 400\nudp = on\nwindow = 4096\n"), "")
	if err != nil {
		t.Fatal("key:", err)
	}
	if c.ClientSettings.Isochronous.Deviation != 400 {
		t.Errorf("the key sets %v", c.ClientSettings.Isochronous.Deviation)
	}
	x := &iperf.Iperf{Client: c.ClientSettings}
	for _, test := range []struct {
		name, version string
		value         float64
		udp, window   bool
		line          string // that is wanted, with the value
		err           string
	}{
		{name: "iperf 2", version: "2.1.8", value: 400, udp: true, window: true, line: " --dummy=400 "},
		{name: "iperf 3", version: "3.12", value: 400, udp: true, window: true, line: " --dummy 400 "},
		{name: "not set", version: "3.12", line: " -t 10 "},
		{name: "an older version", version: "3.6", value: 400, udp: true, window: true, err: "Client.Isochronous.Deviation: option is not supported by iperf3 3.6: iperf3 has --dummy since 3.7"},
		{name: "a bound", version: "2.1.8", value: 1001, udp: true, window: true, err: "Client.Isochronous.Deviation is 1001: must be 0, or from 0.001 to 1000"},
		{name: "a program's bound", version: "3.12", value: 501, udp: true, window: true, err: "Client.Isochronous.Deviation is 501 bit/s: must be 500 or less for iperf3 3.12"},
		{name: "a protocol", version: "2.1.8", value: 400, window: true, err: "must be unset unless Client.Protocol (TCP) is UDP"},
		{name: "another setting", version: "2.1.8", value: 400, udp: true, err: "must be unset unless Client.Window (0) is set"},
	} {
		t.Run(test.name, func(t *testing.T) {
			y := *x
			y.Client.Isochronous.Deviation = report.BitRate(test.value)
			if !test.udp {
				y.Client.Protocol = 0
			}
			y.Client.Window = 0
			if test.window {
				y.Client.Window = 4096
			}
			line, err := iperf.ClientLine(&y, test.version)
			err = errors.Join(err, y.Check())
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %s", err, test.err)
				}
			} else if err != nil || !strings.Contains(line, test.line) || test.value == 0 && strings.Contains(line, "dummy") {
				t.Errorf("got %s, %v, want %s", line, err, test.line)
			}
		})
	}
	const row = "| `Isochronous.Deviation` | `--dummy` 2.1.0 | `--dummy` 3.7 | 0.001 to 1000; iperf3: 500 or less | UDP, `Window` | `dummy-key` |"
	if !strings.Contains(settings.Markdown(), row+"\n") {
		t.Errorf("the documentation lacks %s", row)
	}
}

func TestDocumentationOfSettings(t *testing.T) {
	got, err := os.ReadFile("SETTINGS.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != settings.Markdown() {
		t.Error("SETTINGS.md is stale: run go generate ./iperf")
	}
}
