package iperf_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

// archive returns the files of an archive of an earlier version and the name of its manifest.
func archive(t testing.TB, name string) (fstest.MapFS, string) {
	t.Helper()
	ar, err := txtar.ParseFile(filepath.Join("testdata", "archives", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	files, manifest := fstest.MapFS{}, ""
	for _, f := range ar.Files {
		files[f.Name] = &fstest.MapFile{Data: f.Data}
		if strings.HasPrefix(f.Name, "manifest_") {
			manifest = f.Name
		}
	}
	return files, manifest
}

// TestArchivesOfEarlierVersions has archives as earlier commits wrote them.
func TestArchivesOfEarlierVersions(t *testing.T) {
	for _, test := range []struct {
		name      string
		bandwidth report.BitRate
		reversed  bool
		role      iperf.Role
	}{
		{"first-iperf3", 50325000, true, iperf.RoleClient}, // it has "reverse" in place of "reversed"
		{"first-iperf2", 49807600, false, iperf.RoleServer},
		{"checked-iperf3", 50326000, true, iperf.RoleClient},
		{"checked-iperf2", 49283312, false, iperf.RoleServer},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, manifest := archive(t, test.name)
			res, err := iperf.Replay(files, manifest)
			if err != nil {
				t.Fatal(err)
			}
			if res.Bandwidth != test.bandwidth || res.Reversed != test.reversed || res.Direction != iperf.Downstream ||
				res.Source != (iperf.Source{Role: test.role, Intervals: 2}) || len(res.Warnings) > 0 || res.Elapsed < 2*time.Second {
				t.Errorf("got %+v", res)
			}
		})
	}
}

// set replaces the JSON value at a path of member names, or removes it if the value is nil.
func set(value any, path ...string) func(t *testing.T, files fstest.MapFS, manifest string) {
	return func(t *testing.T, files fstest.MapFS, manifest string) {
		var top map[string]any
		if err := json.Unmarshal(files[manifest].Data, &top); err != nil {
			t.Fatal(err)
		}
		object := top
		for _, name := range path[:len(path)-1] {
			object = object[name].(map[string]any)
		}
		last := path[len(path)-1]
		if object[last] = value; value == nil {
			delete(object, last)
		}
		data, err := json.Marshal(top)
		if err != nil {
			t.Fatal(err)
		}
		files[manifest].Data = data
	}
}

// replace changes the manifest's text.
func replace(old, new string) func(t *testing.T, files fstest.MapFS, manifest string) {
	return func(t *testing.T, files fstest.MapFS, manifest string) {
		data := bytes.Replace(files[manifest].Data, []byte(old), []byte(new), 1)
		if bytes.Equal(data, files[manifest].Data) {
			t.Fatalf("no %q", old)
		}
		files[manifest].Data = data
	}
}

// TestArchiveThatNoRunLeft has archives that cannot be what a run wrote: the error names the file, the member, its value
// and what is allowed. What is possible, but is not what the raw files yield, is a warning.
func TestArchiveThatNoRunLeft(t *testing.T) {
	const (
		client = "client_downstream_20261128T190938.908Z_tcp_kitchen.txt"
		server = "server_downstream_20261128T190938.908Z_tcp_kitchen.txt"
	)
	type change = func(t *testing.T, files fstest.MapFS, manifest string)
	raw := func(name string, data string) change {
		return func(t *testing.T, files fstest.MapFS, _ string) { files[name] = &fstest.MapFile{Data: []byte(data)} }
	}
	upper := func(t *testing.T, files fstest.MapFS, manifest string) {
		sum := fmt.Sprintf("%x", sha256.Sum256(files[client].Data))
		replace(sum, strings.ToUpper(sum))(t, files, manifest)
	}
	for _, test := range []struct {
		name       string
		change     change
		err, warns string // both empty: neither
	}{
		{"as it was", func(*testing.T, fstest.MapFS, string) {}, "", ""},
		{"upper-case sums", upper, "", ""},

		{"cut", func(_ *testing.T, files fstest.MapFS, m string) { files[m].Data = files[m].Data[:99] }, "must be one JSON object: unexpected end", ""},
		{"empty", func(_ *testing.T, files fstest.MapFS, m string) { files[m].Data = nil }, "must be one JSON object", ""},
		{"null", func(_ *testing.T, files fstest.MapFS, m string) { files[m].Data = []byte("null") }, "must be one JSON object", ""},
		{"doubled", func(_ *testing.T, files fstest.MapFS, m string) { files[m].Data = bytes.Repeat(files[m].Data, 2) }, "after top-level value", ""},
		{"a member twice", replace(`"name": `, `"name": "x", "name": `), "name is there twice: must be there once", ""},
		{"a member twice further in", replace(`"Major": 2,`, `"Major": 2, "Major": 2,`), "client.version.Major is there twice", ""},
		{"another case", replace(`"direction"`, `"Direction"`), `Direction is "downstream": must be written direction`, ""},
		{"an unknown member", replace(`"name": `, `"colour": "red", "name": `), "", "the member colour is unknown"},
		{"a member of another type", set("4", "settings", "client", "Parallel"), `settings.client.Parallel is "4": must be a number`, ""},
		{"an object in place of a string", set(map[string]any{}, "client", "host"), "client.host is {}: must be a string", ""},
		{"null in a list", set([]any{nil}, "client", "argv"), "client.argv[0] is missing: must be a string", ""},
		{"a list in place of an object", set([]any{}, "client"), "client is []: must be a JSON object", ""},
		{"a whole number with a fraction", set(1.5, "client", "version", "Major"), "client.version.Major is 1.5: must be a whole number", ""},
		{"a number too large", replace(`"Parallel": 0`, `"Parallel": 99999999999999999999`), "settings.client.Parallel is 99999999999999999999: must be", ""},
		{"no client", set(nil, "client"), "client is missing", ""},
		{"no reversed", set(nil, "reversed"), "reversed is missing", ""},

		{"no schema", set(nil, "schema"), "schema is missing: must be from 1 to 1", ""},
		{"a later schema", set(2, "schema"), "schema is 2: must be from 1 to 1", ""},
		{"schema 0", set(0, "schema"), "schema is 0: must be from 1 to 1", ""},

		{"no direction", set("sideways", "direction"), `direction is "sideways": must be upstream or downstream`, ""},
		{"the other direction", set("upstream", "direction"), `direction is "upstream": must be downstream, as client.file "` + client, ""},
		{"the other way", set(true, "reversed"), "reversed is true: must be false, as settings.client.Reverse is", ""},

		{"start is no time", set("noon", "start"), `start is "noon": must be a time as in RFC 3339`, ""},
		{"no start", set("0001-01-01T00:00:00Z", "start"), "start is 0001-01-01", ""},
		{"end before start", set("2020-01-01T00:00:00Z", "end"), "end is 2020-01-01 00:00:00 +0000 UTC: must be at or after start", ""},
		{"end in 9999", set("9999-01-01T00:00:00Z", "end"), "end is 9999-01-01 00:00:00 +0000 UTC: must be at most 24h", ""},
		{"end after years", set("2030-01-01T00:00:00Z", "end"), "end is 2030-01-01 00:00:00 +0000 UTC: must be at most 24h", ""},
		{"a client's end before its start", set("2020-01-01T00:00:00Z", "client", "end"), "client.end is 2020-01-01 00:00:00 +0000 UTC: must be at or after client.start", ""},
		{"a server's end after the run's", set("2026-11-28T23:00:00Z", "server", "end"), "server.end is 2026-11-28 23:00:00 +0000 UTC: must be at most 4.44", ""},

		{"a negative rate", set(-1, "bandwidth_bit_per_second"), "bandwidth_bit_per_second is -1: must be 0 or more", ""},
		{"a rate beyond everything", set(1e300, "bandwidth_bit_per_second"), "bandwidth_bit_per_second is 1e+300: must be at most 1e18", ""},
		{"a rate beyond numbers", replace(`"bandwidth_bit_per_second": `, `"bandwidth_bit_per_second": 1e999, "name": "", "x": `), "bandwidth_bit_per_second is 1e999: must be", ""},
		{"another rate", set(5e6, "bandwidth_bit_per_second"), "", "bandwidth_bit_per_second was recorded as 5.00 Mbit/s, and would be 49.3 Mbit/s now"},
		{"an opposite rate of nothing", set(5e6, "opposite_bit_per_second"), "opposite_bit_per_second is 5e+06: must be 0 because opposite_source is nothing", ""},
		{"an opposite rate", func(t *testing.T, files fstest.MapFS, m string) {
			set(5e6, "opposite_bit_per_second")(t, files, m)
			set(map[string]any{"Role": 1, "Sender": false, "Intervals": 1}, "opposite_source")(t, files, m)
		}, "", "opposite_bit_per_second was recorded as 5.00 Mbit/s, and would be none now"},
		{
			"an opposite rate of 0, which was left out once", set(map[string]any{"Role": 1, "Sender": false, "Intervals": 1}, "opposite_source"), "",
			"opposite_bit_per_second was recorded as 0 bit/s, and would be none now",
		},
		{"a source of no end", set(7, "source", "Role"), "source.Role is 7: must be 1 (client), 2 (server)", ""},
		{"no source", set(map[string]any{"Role": 0, "Sender": false, "Intervals": 0}, "source"), "source.Role is 0: must be 1 (client) or 2 (server) unless there is an error", ""},
		{"another source", set(1, "source", "Role"), "", "source was recorded as 2 intervals of the receiver in the client's report, and would be 2 intervals of the receiver in the server's report now"},
		{"fewer than no intervals", set(-1, "source", "Intervals"), "source.Intervals is -1: must be a whole number, 0 or more", ""},

		{"a failed client of a good run", set(1, "client", "exit_status"), "client.exit_status is 1: must be 0 unless there is an error", ""},
		{"a failed server of a good run", set(1, "server", "exit_status"), "", "server.exit_status is 1"},
		{"no exit status of a byte", set(300, "server", "exit_status"), "server.exit_status is 300: must be from -1 to 255", ""},
		{"a negative exit status", set(-9, "server", "exit_status"), "server.exit_status is -9: must be from -1 to 255", ""},
		{"a kind without an error", set([]any{"timed out"}, "error_kind"), `error is "": must be there beside error_kind`, ""},
		{"no arguments", set([]any{}, "client", "argv"), "client.argv is []: must be the program and its arguments", ""},
		{"another major", set(3, "server", "version", "Major"), "server.version.Major is 3: must be of the same kind as the client's, 2", ""},

		{"a negative count", set(-4, "settings", "client", "Parallel"), "settings.client.Parallel is -4: must be a whole number, 0 or more", ""},
		{"a negative time", set(-1, "settings", "client", "Time"), "settings.client.Time is -1: must be a whole number, 0 or more", ""},
		{"a port", set(65536, "settings", "server", "Port"), "settings.server.Port is 65536: must be at most 65535", ""},
		{"a protocol", set(9, "settings", "client", "Protocol"), "settings.client.Protocol is 9: must be 1 (TCP)", ""},
		{"a setting that is refused now", set(50, "settings", "client", "Rate"), "", "this version refuses the settings: "},

		{"a removed file name", set(nil, "client", "file"), `client.file is "": must be the name of a raw file`, ""},
		{"a file name outside", set("../x", "client", "file"), `client.file is "../x": must be a path inside the archive's folder`, ""},
		{"a root file name", set("/etc/passwd", "server", "err_file"), `server.err_file is "/etc/passwd": must be a path inside`, ""},
		{"one file of both ends", set(server, "client", "file"), `server.file is "` + server + `": must be another file than client.file`, ""},
		{"the ends' files swapped", func(t *testing.T, files fstest.MapFS, m string) {
			set(server, "client", "file")(t, files, m)
			set(client, "server", "file")(t, files, m)
		}, `client.file is "` + server + `": must be a file of the client`, ""},
		{"a missing raw file", func(_ *testing.T, files fstest.MapFS, _ string) { delete(files, client) }, "open " + client, ""},
		{"a changed raw file", raw(client, "x"), client + ": its SHA-256 is ", ""},
		{"a folder in place of a raw file", func(_ *testing.T, files fstest.MapFS, _ string) { files[client].Mode = fs.ModeDir }, client, ""},
		{"a FIFO in place of a raw file", func(_ *testing.T, files fstest.MapFS, _ string) { files[client].Mode = fs.ModeNamedPipe }, client + ": it is no regular file", ""},
		{"a FIFO in place of the manifest", func(_ *testing.T, files fstest.MapFS, m string) { files[m].Mode = fs.ModeNamedPipe }, "it is no regular file", ""},
		{"no sums", set(nil, "files"), "files is missing", ""},
		{"a missing sum", set(nil, "files", client), `files is without "` + client + `": must be the SHA-256 of every raw file`, ""},
		{"a short sum", set("00", "files", client), `files["` + client + `"] is "00": must be a SHA-256 of 64 hexadecimal digits`, ""},
		{"a sum of no file", set(strings.Repeat("0", 64), "files", "x"), `files is with "x": must be of the files that client and server name`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			files, manifest := archive(t, "checked-iperf2")
			test.change(t, files, manifest)
			res, err := iperf.Replay(files, manifest)
			if test.err != "" {
				if !errors.Is(err, iperf.ErrArchive) || !strings.Contains(err.Error(), test.err) || !strings.Contains(err.Error(), manifest) || res != nil {
					t.Errorf("got %v, %v, want ErrArchive with %q and %q", res, err, manifest, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			warned := errors.Join(res.Warnings...)
			if test.warns == "" && warned != nil || test.warns != "" && (warned == nil || !strings.Contains(warned.Error(), test.warns)) {
				t.Errorf("got warnings %v, want %q", warned, test.warns)
			}
		})
	}
}

// TestRateOfAParser has a Parser that fills in rates which are none: the run has no bandwidth, and the error says whose
// report it is.
func TestRateOfAParser(t *testing.T) {
	for _, rate := range []report.BitRate{-5, report.BitRate(math.NaN()), report.BitRate(math.Inf(1))} {
		for _, where := range []string{"intervals", "total"} {
			t.Run(fmt.Sprint(float64(rate), " in the ", where), func(t *testing.T) {
				dut, server := iperftest.NewHost(t, "dut"), iperftest.NewHost(t, "server")
				iperftest.TCP(10e6, 10e6).Expect(dut, server)
				x := iperf.Iperf{
					ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Client: iperf.ClientSettings{Time: 2 * time.Second},
					Parser: barelyParser{func(r *report.Report) {
						if where == "total" {
							r.Forward.Intervals = nil
						}
						for i := range r.Forward.Intervals {
							r.Forward.Intervals[i].Rate, r.Forward.Intervals[i].Bytes = rate, 0 // with bytes the rate is from these
						}
						for _, total := range []*report.Total{r.Forward.Sent, r.Forward.Received} {
							if total != nil {
								total.Rate = rate
							}
						}
					}},
				}
				res, err := x.Upstream(t.Context(), "")
				want := fmt.Sprintf("the server's report has the rate %v", float64(rate))
				if !errors.Is(err, iperf.ErrNoBandwidth) || !strings.Contains(err.Error(), want) || res == nil || res.Bandwidth != 0 {
					t.Errorf("got %+v, %v, want %q", res, err, want)
				}
			})
		}
	}
}

// TestCompareImpossibleRates has rates that no run can have.
func TestCompareImpossibleRates(t *testing.T) {
	good := []report.BitRate{1, 2, 3}
	for _, test := range []struct {
		name          string
		before, after []report.BitRate
		want          string
	}{
		{"negative", []report.BitRate{1, -2}, good, "rate 2 before is -2: must be 0 or more and finite"},
		{"not a number", good, []report.BitRate{report.BitRate(math.NaN())}, "rate 1 after is NaN: must be 0 or more and finite"},
		{"infinite", good, []report.BitRate{3, report.BitRate(math.Inf(1))}, "rate 2 after is +Inf: must be 0 or more and finite"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if c, err := iperf.CompareRates(test.before, test.after); err == nil || !strings.Contains(err.Error(), test.want) || c != (iperf.Comparison{}) {
				t.Errorf("got %+v, %v, want %q", c, err, test.want)
			}
		})
	}
}

// FuzzManifest replays manifests beside raw files that are as they were. Each is a result, or an ErrArchive.
func FuzzManifest(f *testing.F) {
	for _, name := range []string{"first-iperf3", "first-iperf2", "checked-iperf3", "checked-iperf2"} {
		files, manifest := archive(f, name)
		f.Add(files[manifest].Data)
	}
	f.Add([]byte(`{"schema": 1, "client": {"version": null, "argv": [[]]}, "files": {"": {}}}`))
	files, _ := archive(f, "checked-iperf2")
	f.Fuzz(func(t *testing.T, data []byte) {
		all := maps.Clone(files)
		all["manifest.json"] = &fstest.MapFile{Data: data}
		res, err := iperf.Replay(all, "manifest.json")
		if _, replayed := errors.AsType[*iperf.ReplayedError](err); err != nil && !replayed {
			if !errors.Is(err, iperf.ErrArchive) || res != nil {
				t.Fatalf("got %v, %v", res, err)
			}
			return
		}
		if res == nil || res.Elapsed < 0 || !(res.Bandwidth >= 0) || res.Opposite != nil && !(*res.Opposite >= 0) || res.Source.Role > iperf.RoleServer ||
			res.Direction != iperf.Upstream && res.Direction != iperf.Downstream || res.ClientEnd.Elapsed < 0 || res.ServerEnd.Elapsed < 0 {
			t.Fatalf("got %+v", res)
		}
	})
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

// TestArchiveOfAFailure has failed runs whose archives are replayed with the same kind of error.
func TestArchiveOfAFailure(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(*iperf.Iperf, *iperftest.Test)
		kind error // nil: any
		exit int   // the client's
	}{
		{"an exit status that no command has", func(_ *iperf.Iperf, s *iperftest.Test) { s.ClientStatus = 300 }, nil, -1},
		{"a negative exit status", func(_ *iperf.Iperf, s *iperftest.Test) { s.ClientStatus = -7 }, nil, -1},
		{"a panic", func(x *iperf.Iperf, _ *iperftest.Test) {
			x.Aggregator = func([]report.BitRate) report.BitRate { panic(errBoom) }
		}, iperf.ErrPanic, 0},
		{"an impossible reduction", func(x *iperf.Iperf, _ *iperftest.Test) {
			x.Aggregator = func([]report.BitRate) report.BitRate { return -1 }
		}, iperf.ErrNoBandwidth, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			dut, server := iperftest.NewHost(t, "dut"), iperftest.NewHost(t, "server")
			script := iperftest.TCP(10e6, 10e6)
			var kept storage.Mem
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Client: iperf.ClientSettings{Time: 2 * time.Second}, FileStorage: &kept,
			}
			test.set(&x, &script)
			script.Expect(dut, server)
			res, err := x.Upstream(t.Context(), "")
			if err == nil || res == nil || res.ClientEnd.ExitStatus != test.exit {
				t.Fatalf("got %+v, %v, want an error and the exit status %d", res, err, test.exit)
			}
			again, err := iperf.Replay(&kept, res.Manifest)
			if _, ok := errors.AsType[*iperf.ReplayedError](err); !ok || again.Bandwidth != res.Bandwidth || test.kind != nil && !errors.Is(err, test.kind) {
				t.Errorf("got %+v, %v, want a replayed %v", again, err, test.kind)
			}
		})
	}
}
