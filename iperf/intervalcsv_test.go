package iperf_test

import (
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

const intervalHeader = "way,start_s,end_s,transferred_bytes,rate_bit_per_s,omitted,short," +
	"retransmitted_segments,congestion_window_bytes,rtt_s,rtt_variation_s,jitter_s,lost_datagrams,datagrams,out_of_order_datagrams\n"

func TestIntervalsAreKeptAsTheyAreRead(t *testing.T) {
	udp := iperftest.TCP(95.6e6)
	udp.Server = "Server listening on 5201\n" +
		"[  5] local 192.0.2.60 port 5201 connected to 192.0.2.50 port 40002\n" +
		"[ ID] Interval           Transfer     Bitrate         Jitter    Lost/Total Datagrams\n" +
		"[  5]   0.00-1.00   sec   119 KBytes   973 Kbits/sec  0.039 ms  2/86 (2.3%)  \n" +
		"- - - - - - - - - - - - - - - - - - - - - - - - -\n" +
		"[  5]   0.00-1.00   sec   119 KBytes   973 Kbits/sec  0.039 ms  2/86 (2.3%)  receiver\n"
	for _, test := range []struct {
		name           string
		test           iperftest.Test
		client         iperf.ClientSettings
		wantC, wantSrv string
	}{
		{
			name: "TCP", test: iperftest.TCP(95.6e6, 8e6),
			wantC: "forward,0,1,12058624,96649000,false,false,0,262144,,,,,,\n" +
				"forward,1,2,1000448,8000000,false,false,0,262144,,,,,,\n",
			wantSrv: "forward,0,1,11953766,95600000,false,false,,,,,,,,\n" +
				"forward,1,2,1000448,8000000,false,false,,,,,,,,\n",
		},
		{
			name: "UDP", test: udp, client: iperf.ClientSettings{Protocol: report.ProtocolUDP},
			wantC:   "forward,0,1,12058624,96649000,false,false,0,262144,,,,,,\n",
			wantSrv: "forward,0,1,121856,973000,false,false,,,,,0.000039,2,86,\n",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			dut, server := iperftest.NewHost(t, "192.0.2.50"), iperftest.NewHost(t, "192.0.2.60")
			test.test.Expect(dut, server)
			var store storage.Mem
			rows := map[iperf.Role]int{}
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, Client: test.client, FileStorage: &store, IntervalsCSV: true,
				OnInterval: func(r iperf.Role, _ report.Interval) {
					rows[r]++
					names, err := fs.Glob(&store, "intervals_"+r.String()+"_*")
					if err != nil || len(names) != 1 {
						t.Fatalf("files while it runs: %v, %v", names, err)
					}
					if text, err := fs.ReadFile(&store, names[0]); err != nil || strings.Count(string(text), "\n") != 1+rows[r] {
						t.Errorf("after interval %d the file holds %q, %v", rows[r], text, err)
					}
				},
			}
			res, err := x.Upstream(t.Context(), "run.txt")
			if err != nil {
				t.Fatal(err)
			}
			for _, end := range []struct {
				iperf.End
				want string
			}{{res.ClientEnd, test.wantC}, {res.ServerEnd, test.wantSrv}} {
				if want := "intervals_" + end.File + ".csv"; end.IntervalsFile != want {
					t.Errorf("name %q, want %q", end.IntervalsFile, want)
				}
				text, err := fs.ReadFile(&store, end.IntervalsFile)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(intervalHeader+end.want, string(text)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", end.IntervalsFile, diff)
				}
			}
			replayed, err := iperf.Replay(&store, res.Manifest)
			if err != nil || replayed.ServerEnd.IntervalsFile != res.ServerEnd.IntervalsFile {
				t.Errorf("replayed: %+v, %v", replayed, err)
			}
		})
	}
}

// Both programs, in every way that data go, have a row for each interval of the reports.
func TestIntervalsTellTheWayOfTheirData(t *testing.T) {
	testbed.Need(t, "iperf", "iperf3")
	for _, test := range []struct {
		name, program string
		client        iperf.ClientSettings
		want          []string
	}{
		{name: "forward", client: iperf.ClientSettings{Parallel: 2}, want: []string{"forward"}},
		{name: "reverse", client: iperf.ClientSettings{Reverse: true}, want: []string{"reverse"}},
		{name: "both", client: iperf.ClientSettings{Bidir: true}, want: []string{"forward", "reverse"}},
		{name: "both over one connection", program: "iperf", client: iperf.ClientSettings{FullDuplex: true, Parallel: 2}, want: []string{"forward", "mixed", "reverse"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var store storage.Mem
			test.client.Time = 2 * time.Second
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: ownHost{}, TrafficServer: ownHost{}}, Program: test.program, FileStorage: &store, IntervalsCSV: true,
				Client: test.client, Server: iperf.ServerSettings{AutoPort: true},
			}
			res, err := x.Upstream(t.Context(), "")
			if err != nil {
				t.Fatalf("%+v", err)
			}
			ways := map[string][]report.BitRate{}
			for _, end := range []struct {
				file string
				rep  *report.Report
			}{{res.ClientEnd.IntervalsFile, res.Client}, {res.ServerEnd.IntervalsFile, res.Server}} {
				want := map[string][]report.BitRate{}
				for way, flow := range map[string]*report.Flow{"forward": end.rep.Forward, "reverse": end.rep.Reverse, "mixed": end.rep.Mixed} {
					if flow != nil {
						for _, i := range flow.Intervals {
							want[way] = append(want[way], i.Rate)
						}
					}
				}
				maps.Copy(ways, want)
				if diff := cmp.Diff(want, ratesByWay(t, &store, end.file)); diff != "" {
					t.Errorf("%s (-want +got)\n%s", end.file, diff)
				}
			}
			if got := slices.Sorted(maps.Keys(ways)); !slices.Equal(got, test.want) {
				t.Errorf("the reports have data that went %v, want %v", got, test.want)
			}
		})
	}
}

func ratesByWay(t *testing.T, fsys fs.FS, name string) map[string][]report.BitRate {
	t.Helper()
	f, err := fsys.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rates := map[string][]report.BitRate{}
	for _, row := range rows[1:] {
		rate, err := strconv.ParseFloat(row[4], 64)
		if err != nil {
			t.Fatal(err)
		}
		rates[row[0]] = append(rates[row[0]], report.BitRate(rate))
	}
	return rates
}

// refusing is a storage that makes no files of some names.
type refusing struct {
	storage.Mem
	prefix string
	closed []string
}

var errRefused = errors.New("no such files here")

func (s *refusing) Create(name string) (io.WriteCloser, error) {
	if strings.HasPrefix(name, s.prefix) {
		return nil, errRefused
	}
	f, err := s.Mem.Create(name)
	return watchedFile{f, s, name}, err
}

type watchedFile struct {
	io.WriteCloser
	storage *refusing
	name    string
}

func (f watchedFile) Close() error {
	f.storage.closed = append(f.storage.closed, f.name)
	return f.WriteCloser.Close()
}

func TestIntervalsThatCannotBeKept(t *testing.T) {
	dut, server := iperftest.NewHost(t, "192.0.2.50"), iperftest.NewHost(t, "192.0.2.60")
	for _, h := range []*iperftest.Host{dut, server} {
		h.AllowMatch("iperf3 --version", iperftest.Stdout("iperf 3.12\n"))
		h.AllowMatch("(uname|cat) .*", iperftest.Exit(1))
	}
	store := &refusing{prefix: "intervals_server_"}
	x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}, FileStorage: store, IntervalsCSV: true}
	if res, err := x.Upstream(t.Context(), ""); res != nil || !errors.Is(err, iperf.ErrStorage) || !errors.Is(err, errRefused) {
		t.Errorf("got %v, %v", res, err)
	}
	if len(store.closed) != 1 || !strings.HasPrefix(store.closed[0], "server_") {
		t.Errorf("closed: %v", store.closed)
	}
}
