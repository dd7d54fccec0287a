package iperf_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tunaperf/tuna/internal/testbed"
	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

var errBoom = errors.New("boom")

// A bad is a call of the caller's code that does not end well. Before that it may have done so some times.
type bad struct {
	after atomic.Int32
	fail  func()
}

func (b *bad) call() {
	if b.after.Add(-1) < 0 {
		b.fail()
	}
}

// The caller's code, which calls bad and then does what it should.
type (
	badHost struct {
		sshhost.Local
		run, addr, name *bad
	}
	badHosts struct {
		iperf.Hosts
		hosts, reverse *bad
	}
	badParser  struct{ *bad }
	badStorage struct {
		storage.Mem
		create, write, close, file *bad
	}
	badFile struct {
		io.WriteCloser
		of *badStorage
	}
	badHandler struct {
		slog.Handler
		*bad
	}
)

func (b *bad) maybe() {
	if b != nil {
		b.call()
	}
}

func (h badHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) error {
	h.run.maybe()
	return h.Local.Run(ctx, command, stdout, stderr)
}
func (h badHost) TestAddr() string { h.addr.maybe(); return h.Local.TestAddr() }
func (h badHost) String() string   { h.name.maybe(); return "bad host" }

func (h badHosts) ClientServer(d iperf.Direction) (client, server iperf.HostSSH, err error) {
	h.hosts.maybe()
	return h.Hosts.ClientServer(d)
}
func (h badHosts) Reverse(d iperf.Direction) bool { h.reverse.maybe(); return h.Hosts.Reverse(d) }

func (p badParser) Parse(r io.Reader, each func(report.Interval)) (*report.Report, error) {
	p.maybe()
	return new(report.Parser).Parse(r, func(i report.Interval) { p.maybe(); each(i) })
}

func (s *badStorage) Create(name string) (io.WriteCloser, error) {
	s.create.maybe()
	f, err := s.Mem.Create(name)
	return badFile{f, s}, err
}
func (s *badStorage) WriteFile(name string, data []byte) (string, error) {
	s.file.maybe()
	return s.Mem.WriteFile(name, data)
}
func (f badFile) Write(p []byte) (int, error) { f.of.write.maybe(); return f.WriteCloser.Write(p) }
func (f badFile) Close() error                { f.of.close.maybe(); return f.WriteCloser.Close() }

func (h badHandler) Handle(context.Context, slog.Record) error { h.maybe(); return nil }
func (h badHandler) WithAttrs([]slog.Attr) slog.Handler        { return h }

// callersCode is every way in which a run calls code of the caller's.
var callersCode = []struct {
	name string // that the error has
	set  func(x *iperf.Iperf, b *bad)
	once bool // it is called once in a run, or before the test begins
}{
	{"HostSSH.Run of bad host", func(x *iperf.Iperf, b *bad) { hosts(x, badHost{run: b}) }, false},
	{"HostSSH.TestAddr of the", func(x *iperf.Iperf, b *bad) { hosts(x, badHost{addr: b}) }, true},
	{"String of the", func(x *iperf.Iperf, b *bad) { hosts(x, badHost{name: b}) }, true},
	{"Iperf.ClientServer", func(x *iperf.Iperf, b *bad) {
		x.ClientServer = badHosts{Hosts: x.ClientServer.(iperf.Hosts), hosts: b}
	}, true},
	{"Iperf.ClientServer's Reverse", func(x *iperf.Iperf, b *bad) {
		x.ClientServer = badHosts{Hosts: x.ClientServer.(iperf.Hosts), reverse: b}
	}, true},
	{"Iperf.Parser", func(x *iperf.Iperf, b *bad) { x.Parser = badParser{b} }, false},
	{"Iperf.FileStorage", func(x *iperf.Iperf, b *bad) { x.FileStorage = &badStorage{create: b} }, true},
	{"Iperf.FileStorage", func(x *iperf.Iperf, b *bad) { x.FileStorage = &badStorage{write: b} }, false},
	{"Iperf.FileStorage", func(x *iperf.Iperf, b *bad) { x.FileStorage = &badStorage{close: b} }, true},
	{"Iperf.FileStorage", func(x *iperf.Iperf, b *bad) { x.FileStorage = &badStorage{file: b} }, true},
	{"Iperf.LogWriter", func(x *iperf.Iperf, b *bad) {
		x.LogWriter = callerWriter(func(p []byte) (int, error) { b.call(); return len(p), nil })
	}, false},
	{"Iperf.OnInterval", func(x *iperf.Iperf, b *bad) { x.OnInterval = func(iperf.Role, report.Interval) { b.call() } }, false},
	{"Iperf.OnIntervalPair", func(x *iperf.Iperf, b *bad) { x.OnIntervalPair = func(iperf.IntervalPair) { b.call() } }, false},
	{"Iperf.Aggregator", func(x *iperf.Iperf, b *bad) {
		x.Aggregator = func(all []report.BitRate) report.BitRate { b.call(); return iperf.Median(all) }
	}, true},
	{"the handler of Iperf.Logger", func(x *iperf.Iperf, b *bad) {
		x.Logger = slog.New(badHandler{slog.NewTextHandler(io.Discard, &slog.HandlerOptions{Level: slog.LevelDebug}), b})
	}, true},
	{"Iperf.Install", func(x *iperf.Iperf, b *bad) {
		x.Program = "no-such-iperf3"
		x.Install = func(context.Context, iperf.HostSSH) (string, error) { b.call(); return "iperf3", nil }
	}, true},
}

func hosts(x *iperf.Iperf, h badHost) {
	dut := x.ClientServer.(iperf.Hosts).DUT
	h.Local = dut.(sshhost.Local)
	x.ClientServer = iperf.Hosts{DUT: dut, TrafficServer: h}
}

// TestPanicOfTheCaller has code of the caller's that panics or ends its goroutine, at once or after some calls. That is
// an error long before the test would have been over, and nothing is left on the host.
func TestPanicOfTheCaller(t *testing.T) {
	testbed.Need(t, "iperf3")
	for i, code := range callersCode {
		for j, how := range []struct {
			name  string
			fail  func()
			is    error
			text  string
			after int32
		}{
			{"panics", func() { panic(errBoom) }, errBoom, "panicked: boom", 0},
			{"Goexit", runtime.Goexit, iperf.ErrPanic, "called runtime.Goexit", 0},
			{"panics later", func() { var p *int; *p = 1 }, iperf.ErrPanic, "nil pointer dereference", 1},
		} {
			if code.once && how.after > 0 {
				continue
			}
			t.Run(fmt.Sprint(code.name, i, " ", how.name), func(t *testing.T) {
				t.Parallel()
				mark := fmt.Sprintf("TUNA_PANIC_TEST=%d_%d_%d_", os.Getpid(), i, j)
				host := sshhost.Local{Prefix: "env " + mark}
				x := iperf.Iperf{
					ClientServer: iperf.Hosts{DUT: host, TrafficServer: host},
					Client:       iperf.ClientSettings{Time: time.Minute, Rate: 1e6, Interval: 200 * time.Millisecond},
					Server:       iperf.ServerSettings{AutoPort: true},
				}
				b := &bad{fail: how.fail}
				b.after.Store(how.after)
				code.set(&x, b)
				if code.once { // some of it is called when the test is over
					x.Client.Time, x.Client.Interval = time.Second, 0
				}
				start := time.Now()
				_, err := x.Upstream(t.Context(), "")
				var caught *iperf.PanicError
				if !errors.Is(err, iperf.ErrPanic) || !errors.Is(err, how.is) || !errors.As(err, &caught) ||
					!strings.Contains(err.Error(), code.name) || !strings.Contains(err.Error(), how.text) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want one line that names %s and has %q", err, code.name, how.text)
				}
				if more := fmt.Sprintf("%+v", err); !strings.Contains(more, "panic_test.go") {
					t.Errorf("no stack in %s", more)
				}
				if iperf.Transient(err) {
					t.Errorf("%v is transient", err)
				}
				if took := time.Since(start); took > 40*time.Second {
					t.Errorf("it took %v", took)
				}
				environments, _ := filepath.Glob("/proc/[0-9]*/environ")
				for _, name := range environments {
					if env, _ := os.ReadFile(name); strings.Contains(string(env), mark) {
						status, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "status"))
						t.Errorf("a process is left: %.100s", status)
					}
				}
			})
		}
	}
}

// TestPanicOfAMetricsCallbacks has the same of Metric's own.
func TestPanicOfAMetricsCallbacks(t *testing.T) {
	testbed.Need(t, "iperf3")
	for _, test := range []struct {
		name string
		set  func(m *iperf.Metric, fail func())
	}{
		{"Metric.OnProgress", func(m *iperf.Metric, fail func()) { m.OnProgress = func(iperf.Progress) { fail() } }},
		{"Metric.Aggregator", func(m *iperf.Metric, fail func()) {
			m.Aggregator = func([]report.BitRate) report.BitRate { fail(); return 0 }
		}},
		{"Metric.Combine", func(m *iperf.Metric, fail func()) {
			m.Combine = func([]report.BitRate) report.BitRate { fail(); return 0 }
		}},
	} {
		for name, fail := range map[string]func(){"panics": func() { panic(errBoom) }, "Goexit": runtime.Goexit} {
			t.Run(test.name+" "+name, func(t *testing.T) {
				t.Parallel()
				host := sshhost.Local{}
				m := iperf.Metric{Directions: iperf.Upstream, Repetitions: 1, Iperf: &iperf.Iperf{
					ClientServer: iperf.Hosts{DUT: host, TrafficServer: host},
					Client:       iperf.ClientSettings{Time: time.Second, Rate: 1e6},
					Server:       iperf.ServerSettings{AutoPort: true},
				}}
				test.set(&m, fail)
				if _, err := m.Measure(t.Context(), ""); !errors.Is(err, iperf.ErrPanic) || !strings.HasPrefix(err.Error(), test.name) {
					t.Errorf("got %v, want that %s failed", err, test.name)
				}
			})
		}
	}
}

type nilClientServer struct{}

func (nilClientServer) ClientServer(iperf.Direction) (client, server iperf.HostSSH, err error) {
	return
}

type nilStorage struct{ file io.WriteCloser }

func (s nilStorage) Create(string) (io.WriteCloser, error) { return s.file, nil }

type nilParser struct{}

func (nilParser) Parse(r io.Reader, _ func(report.Interval)) (*report.Report, error) {
	io.Copy(io.Discard, r)
	return nil, nil
}

// TestNilOfTheCaller has nil where a value is needed: what can be found before the test is ErrSettings.
func TestNilOfTheCaller(t *testing.T) {
	testbed.Need(t, "iperf3")
	host := sshhost.Local{}
	for _, test := range []struct {
		name string
		set  func(x *iperf.Iperf)
		is   error
		text string
	}{
		{"no ClientServer", func(x *iperf.Iperf) { x.ClientServer = nil }, iperf.ErrSettings, "ClientServer is nil"},
		{"nil ClientServer", func(x *iperf.Iperf) { x.ClientServer = (*iperf.Hosts)(nil) }, iperf.ErrSettings, "ClientServer is a nil *iperf.Hosts"},
		{"no DUT", func(x *iperf.Iperf) { x.ClientServer = iperf.Hosts{TrafficServer: host} }, iperf.ErrSettings, "DUT is nil"},
		{"no host", func(x *iperf.Iperf) { x.ClientServer = nilClientServer{} }, iperf.ErrSettings, "the DUT is nil"},
		{"nil host", func(x *iperf.Iperf) {
			x.ClientServer = iperf.Hosts{DUT: host, TrafficServer: (*sshhost.Local)(nil)}
		}, iperf.ErrSettings, "the traffic server is nil (*sshhost.Local)"},
		{"nil SSH host", func(x *iperf.Iperf) {
			x.ClientServer = iperf.Hosts{DUT: (*sshhost.Host)(nil), TrafficServer: host}
		}, iperf.ErrSettings, "the DUT is nil (*sshhost.Host)"},
		{"nil FileStorage", func(x *iperf.Iperf) { x.FileStorage = (*storage.Dir)(nil) }, iperf.ErrSettings, "FileStorage is a nil *storage.Dir"},
		{"nil LogWriter", func(x *iperf.Iperf) { x.LogWriter = (*os.File)(nil) }, iperf.ErrSettings, "LogWriter is a nil *os.File"},
		{"nil Parser", func(x *iperf.Iperf) { x.Parser = (*report.Parser)(nil) }, iperf.ErrSettings, "Parser is a nil *report.Parser"},
		{"no file", func(x *iperf.Iperf) { x.FileStorage = nilStorage{} }, iperf.ErrStorage, "Create returned neither a file nor an error"},
		{"nil file", func(x *iperf.Iperf) { x.FileStorage = nilStorage{(*os.File)(nil)} }, iperf.ErrStorage, "Create returned neither a file nor an error"},
		{"no report", func(x *iperf.Iperf) { x.Parser = nilParser{} }, iperf.ErrNotUnderstood, "Iperf.Parser returned neither a report nor an error"},
		{"no program", func(x *iperf.Iperf) {
			x.Program = "no-such-iperf3"
			x.Install = func(context.Context, iperf.HostSSH) (string, error) { return "", nil }
		}, iperf.ErrNotInstalled, "Iperf.Install returned neither a program nor an error"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			x := iperf.Iperf{
				ClientServer: iperf.Hosts{DUT: host, TrafficServer: host},
				Client:       iperf.ClientSettings{Time: time.Second, Rate: 1e6}, Server: iperf.ServerSettings{AutoPort: true},
			}
			test.set(&x)
			if _, err := x.Upstream(t.Context(), ""); !errors.Is(err, test.is) || !strings.Contains(err.Error(), test.text) {
				t.Errorf("got %v, want %v with %q", err, test.is, test.text)
			}
		})
	}
	x := iperf.Iperf{}
	for name, call := range map[string]func(iperf.HostSSH) error{
		"Version":     func(h iperf.HostSSH) error { _, err := x.Version(t.Context(), h); return err },
		"StartServer": func(h iperf.HostSSH) error { _, err := x.StartServer(t.Context(), h, ""); return err },
		"RunClient":   func(h iperf.HostSSH) error { _, err := x.RunClient(t.Context(), h, "127.0.0.1", ""); return err },
	} {
		for _, h := range []iperf.HostSSH{nil, (*sshhost.Host)(nil)} {
			if err := call(h); !errors.Is(err, iperf.ErrSettings) {
				t.Errorf("%s on %T: got %v, want ErrSettings", name, h, err)
			}
		}
	}
}

// A nilError is an error of which a nil pointer is returned, so each of its methods panics.
type nilError struct{ status int }

func (e *nilError) Error() string   { return fmt.Sprint("exit status ", e.status) }
func (e *nilError) ExitStatus() int { return e.status }

// A trapError is an error of which one method panics.
type trapError struct{ method string }

func (e trapError) maybe(method string) {
	if e.method == method {
		panic(errBoom)
	}
}
func (e trapError) Error() string   { e.maybe("Error"); return "trap" }
func (e trapError) ExitStatus() int { e.maybe("ExitStatus"); return 1 }
func (e trapError) NotEnded() bool  { e.maybe("NotEnded"); return false }
func (e trapError) Is(error) bool   { e.maybe("Is"); return false }
func (e trapError) As(any) bool     { e.maybe("As"); return false }
func (e trapError) Unwrap() error   { e.maybe("Unwrap"); return nil }

// An incomparableError panics if it is compared.
type incomparableError struct{ value any }

func (incomparableError) Error() string { return "incomparable" }

// An errorHost runs no command.
type errorHost struct{ err error }

func (h errorHost) Run(context.Context, string, io.Writer, io.Writer) error { return h.err }
func (errorHost) TestAddr() string                                          { return "127.0.0.1" }

// TestErrorThatPanics has code of the caller's that returns an error with a method that panics. Neither the run nor what
// looks at its error panics then.
func TestErrorThatPanics(t *testing.T) {
	testbed.Need(t, "iperf3")
	faults := map[string]error{"nil pointer": (*nilError)(nil)}
	for _, method := range []string{"Error", "ExitStatus", "NotEnded", "Is", "As", "Unwrap"} {
		faults[method] = trapError{method}
		faults["wrapped "+method] = errors.Join(errors.New("first"), trapError{method})
	}
	for name, fault := range faults {
		for _, test := range []struct {
			name string
			set  func(*iperf.Iperf)
		}{
			{"HostSSH.Run", func(x *iperf.Iperf) {
				x.ClientServer = iperf.Hosts{DUT: sshhost.Local{}, TrafficServer: errorHost{fault}}
			}},
			{"Iperf.ClientServer", func(x *iperf.Iperf) { x.ClientServer = errorClientServer{fault} }},
			{"Iperf.Install", func(x *iperf.Iperf) {
				x.Program, x.Install = "no-such-iperf3", func(context.Context, iperf.HostSSH) (string, error) { return "", fault }
			}},
			{"Iperf.FileStorage", func(x *iperf.Iperf) { x.FileStorage = errorStorage{fault} }},
		} {
			t.Run(test.name+" "+name, func(t *testing.T) {
				t.Parallel()
				host := sshhost.Local{}
				x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: host, TrafficServer: host}, Server: iperf.ServerSettings{AutoPort: true}}
				test.set(&x)
				_, err := x.Upstream(t.Context(), "")
				checkPanicError(t, err, "the error of "+test.name)
			})
		}
	}
	for name, cause := range map[string]error{"a nil": (*nilError)(nil), "an incomparable": incomparableError{[]int{1}}} {
		t.Run(name+" cause of the context", func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			cancel(cause)
			host := sshhost.Local{}
			x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: host, TrafficServer: host}}
			_, err := x.Upstream(ctx, "")
			checkPanicError(t, err, "") // of the context or of the host's error, which has the cause too
		})
	}
	t.Run("the panic's value", func(t *testing.T) {
		x := iperf.Iperf{ClientServer: badHosts{hosts: &bad{fail: func() { panic(trapError{"Is"}) }}}}
		_, err := x.Upstream(t.Context(), "")
		checkPanicError(t, err, "Iperf.ClientServer")
	})
	t.Run("a report's", func(t *testing.T) {
		host := sshhost.Local{}
		x := iperf.Iperf{
			ClientServer: iperf.Hosts{DUT: host, TrafficServer: host}, Server: iperf.ServerSettings{AutoPort: true},
			Client: iperf.ClientSettings{Time: time.Second, Rate: 1e6},
			Parser: barelyParser{func(r *report.Report) { r.Err = (*nilError)(nil) }},
		}
		_, err := x.Upstream(t.Context(), "")
		checkPanicError(t, err, "the error of Iperf.Parser")
	})
}

func checkPanicError(t *testing.T, err error, text string) {
	t.Helper()
	caught, ok := errors.AsType[*iperf.PanicError](err)
	if !ok || !strings.Contains(caught.Error(), text) || iperf.Transient(err) || errors.Is(err, errors.New("another")) {
		t.Errorf("got %v (transient: %v), want a *PanicError of %q", err, iperf.Transient(err), text)
	}
	if text := fmt.Sprintf("%v %+v", err, err); strings.Contains(text, "PANIC=") {
		t.Errorf("got %s", text)
	}
}

type errorClientServer struct{ err error }

func (e errorClientServer) ClientServer(iperf.Direction) (client, server iperf.HostSSH, err error) {
	return nil, nil, e.err
}

type errorStorage struct{ err error }

func (e errorStorage) Create(string) (io.WriteCloser, error) { return nil, e.err }

// TestErrorOfTheCallerIsKept has an error of the caller's that is found again in the run's, by errors.Is and errors.As.
func TestErrorOfTheCallerIsKept(t *testing.T) {
	mine := &os.PathError{Op: "open", Path: "/x", Err: errBoom}
	_, err := new(iperf.Iperf).Version(t.Context(), errorHost{mine})
	if got, ok := errors.AsType[*os.PathError](err); !ok || got != mine || !errors.Is(err, mine) || !errors.Is(err, errBoom) ||
		!errors.Is(err, iperf.ErrHostLost) {
		t.Errorf("got %v, want one that wraps %v", err, mine)
	}
}
