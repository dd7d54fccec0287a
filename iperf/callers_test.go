package iperf_test

import (
	"errors"
	"io"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/iperftest"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

type callerWriter func([]byte) (int, error)

func (f callerWriter) Write(p []byte) (int, error) { return f(p) }
func (callerWriter) Close() error                  { return nil }

// A callerStorage gives the same file for every name that has its prefix, and others that take everything.
type callerStorage struct {
	prefix string
	create func() io.WriteCloser
}

func (s callerStorage) Create(name string) (io.WriteCloser, error) {
	if strings.HasPrefix(name, s.prefix) {
		return s.create(), nil
	}
	return callerWriter(func(p []byte) (int, error) { return len(p), nil }), nil
}

// TestFileThatTakesLess has files that do not keep everything.
func TestFileThatTakesLess(t *testing.T) {
	testbed.Need(t, "iperf3")
	for _, test := range []struct {
		name string
		n    func(int) int
	}{
		{"half", func(n int) int { return n / 2 }},
		{"more than there is", func(n int) int { return n + 1 }},
		{"less than nothing", func(int) int { return -1 }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: sshhost.Local{}},
				Client:       iperf.ClientSettings{Time: time.Second, Rate: 1e6},
				Server:       iperf.ServerSettings{AutoPort: true},
				FileStorage: callerStorage{"", func() io.WriteCloser {
					return callerWriter(func(p []byte) (int, error) { return test.n(len(p)), nil })
				}},
			}
			res, err := x.Upstream(t.Context(), "")
			if !errors.Is(err, iperf.ErrStorage) || !errors.Is(err, io.ErrShortWrite) || res == nil || res.Bandwidth == 0 {
				t.Errorf("got %v, %v: want a bandwidth, and that the storage failed", res, err)
			}
		})
	}
}

// TestManifestInOneOfTwoStorages has a storage of which a part fails: the other part's manifest is told.
func TestManifestInOneOfTwoStorages(t *testing.T) {
	dut, server := iperftest.NewHost(t, "dut"), iperftest.NewHost(t, "server")
	iperftest.TCP(10e6, 10e6).Expect(dut, server)
	var kept storage.Mem
	boom := errors.New("boom")
	x := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
		Client:       iperf.ClientSettings{Time: 2 * time.Second},
		FileStorage:  storage.Multi{&kept, brokenStorage{boom}},
	}
	res, err := x.Upstream(t.Context(), "")
	if !errors.Is(err, iperf.ErrStorage) || !errors.Is(err, boom) || strings.Count(err.Error(), iperf.ErrStorage.Error()) != 1 {
		t.Errorf("got %v, want in one line what could not be kept", err)
	}
	if _, err := fs.Stat(&kept, res.Manifest); err != nil {
		t.Errorf("manifest %q: %v", res.Manifest, err)
	}
}

type brokenStorage struct{ err error }

func (s brokenStorage) Create(string) (io.WriteCloser, error) { return nil, s.err }
