package iperf_test

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

// TestArchiveThatNoRunLeft has manifests with values that no run can have, or without a file's sum.
func TestArchiveThatNoRunLeft(t *testing.T) {
	dut, server := iperftest.NewHost(t, "dut"), iperftest.NewHost(t, "server")
	iperftest.TCP(10e6, 10e6).Expect(dut, server)
	var kept storage.Mem
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Client: iperf.ClientSettings{Time: 2 * time.Second}, FileStorage: &kept,
	}
	res, err := x.Upstream(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name   string
		change func(*iperf.Manifest)
		want   string // empty: no error
	}{
		{"as it was", func(*iperf.Manifest) {}, ""},
		{"no sums", func(m *iperf.Manifest) { m.Files = nil }, `files is without "` + res.ClientEnd.File},
		{"another sum", func(m *iperf.Manifest) { m.Files[res.ClientEnd.File] = "00" }, "its SHA-256 is"},
		{"no direction", func(m *iperf.Manifest) { m.Direction = "unknown" }, `direction is "unknown"`},
		{"end before start", func(m *iperf.Manifest) { m.End = m.Start.Add(-1) }, "end is "},
		{"a client's end before its start", func(m *iperf.Manifest) { m.Client.End = m.Client.Start.Add(-1) }, "client.end is "},
		{"a negative rate", func(m *iperf.Manifest) { m.Bandwidth = -1 }, "bandwidth_bit_per_second is -1"},
		{"a rate beyond everything", func(m *iperf.Manifest) { m.Opposite = 1e300 }, "opposite_bit_per_second is 1e+300"},
		{"no such end", func(m *iperf.Manifest) { m.Source.Role = 7 }, "source is "},
		{"fewer than no intervals", func(m *iperf.Manifest) { m.Source.Intervals = -1 }, "source is "},
		{"an exit status", func(m *iperf.Manifest) { m.Server.ExitStatus = -9 }, "server.exit_status is -9"},
		{"a port", func(m *iperf.Manifest) { m.Settings.Server.Port = 65536 }, "settings.server.Port is 65536"},
		{"a negative time", func(m *iperf.Manifest) { m.Settings.Client.Time = -1 }, "settings.client.Time is -1ns"},
	} {
		t.Run(test.name, func(t *testing.T) {
			files := fstest.MapFS{}
			for _, name := range []string{res.Manifest, res.ClientEnd.File, res.ClientEnd.ErrFile, res.ServerEnd.File, res.ServerEnd.ErrFile} {
				if name == "" {
					continue
				}
				data, err := fs.ReadFile(&kept, name)
				if err != nil {
					t.Fatal(err)
				}
				files[name] = &fstest.MapFile{Data: data}
			}
			var m iperf.Manifest
			if err := json.Unmarshal(files[res.Manifest].Data, &m); err != nil {
				t.Fatal(err)
			}
			test.change(&m)
			data, err := json.Marshal(m)
			if err != nil {
				t.Fatal(err)
			}
			files[res.Manifest].Data = data
			_, err = iperf.Replay(files, res.Manifest)
			if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, iperf.ErrArchive) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

type createOnly struct{ storage.Mem }

func (*createOnly) WriteFile() {}

// A barelyParser reads rightly and then forgets some of it.
type barelyParser struct{ forget func(*report.Report) }

func (p barelyParser) Parse(r io.Reader, each func(report.Interval)) (*report.Report, error) {
	rep, err := new(report.Parser).Parse(r, each)
	p.forget(rep)
	return rep, err
}

// TestPartsThatDoLess has a storage and parsers that do less than they can: the result says what is missing.
func TestPartsThatDoLess(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*iperf.Iperf)
		want string
	}{
		{"a storage without WriteFile", func(x *iperf.Iperf) { x.FileStorage = &createOnly{} }, "no manifest is kept"},
		{"a parser without the protocol", func(x *iperf.Iperf) {
			x.Parser = barelyParser{func(r *report.Report) { r.Protocol = 0 }}
		}, "but the test is of TCP"},
		{"a parser without rates", func(x *iperf.Iperf) {
			x.Parser = barelyParser{func(r *report.Report) {
				if r.Forward != nil {
					for i := range r.Forward.Intervals {
						r.Forward.Intervals[i].Rate = 0
					}
				}
			}}
		}, "Forward.Intervals[0] without a Rate"},
		{"a parser without flows", func(x *iperf.Iperf) {
			x.Parser = barelyParser{func(r *report.Report) { r.Forward, r.Err = nil, nil }}
		}, "has neither Forward nor Reverse"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dut, server := iperftest.NewHost(t, "dut"), iperftest.NewHost(t, "server")
			iperftest.TCP(10e6, 10e6).Expect(dut, server)
			x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Client: iperf.ClientSettings{Time: 2 * time.Second}}
			test.set(&x)
			res, err := x.Upstream(t.Context(), "")
			if res == nil {
				t.Fatal(err)
			}
			if all := errors.Join(res.Warnings...); all == nil || !strings.Contains(all.Error(), test.want) {
				t.Errorf("got warnings %v, want %q", all, test.want)
			}
		})
	}
}
