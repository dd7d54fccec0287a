package iperf

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"reflect"

	"github.com/tunaperf/tuna/iperf/report"
)

// guarded returns a copy of x, for one run, that calls the caller's code through a catcher, and the run's context.
func (x *Iperf) guarded(ctx context.Context) (*Iperf, *catcher, context.Context) {
	ctx, end := context.WithCancelCause(ctx)
	c := &catcher{end: end}
	with := *x
	with.ClientServer = c.clientServer(x.ClientServer)
	with.FileStorage = c.storage(x.FileStorage)
	if x.Parser != nil {
		with.Parser = guardedParser{x.Parser, c}
	}
	if w := x.LogWriter; w != nil {
		with.LogWriter = guardedWriter{w, c}
	}
	if f := x.Aggregator; f != nil {
		with.Aggregator = c.aggregator("Iperf.Aggregator", f)
	}
	if f := x.Install; f != nil {
		with.Install = func(ctx context.Context, h HostSSH) (program string, err error) {
			if caught := c.call("Iperf.Install", func() { program, err = f(ctx, h.(*guardedHost).HostSSH) }); caught != nil {
				return "", caught
			}
			err = c.callerError("Iperf.Install", err)
			if program == "" && err == nil {
				err = fmt.Errorf("%w: Iperf.Install returned neither a program nor an error", ErrNotInstalled)
			}
			return program, err
		}
	}
	if f := x.OnInterval; f != nil {
		with.OnInterval = func(r Role, i report.Interval) { c.call("Iperf.OnInterval", func() { f(r, i) }) }
	}
	if f := x.OnIntervalPair; f != nil {
		with.OnIntervalPair = func(p IntervalPair) { c.call("Iperf.OnIntervalPair", func() { f(p) }) }
	}
	if x.Logger != nil {
		with.Logger = slog.New(guardedHandler{x.Logger.Handler(), c})
	}
	return &with, c, ctx
}

// isNil reports whether v is nil, or an interface that holds a nil pointer or function, which cannot be called.
func isNil(v any) bool {
	switch r := reflect.ValueOf(v); r.Kind() {
	case reflect.Invalid:
		return true
	case reflect.Pointer, reflect.Func:
		return r.IsNil()
	}
	return false
}

// notNilPointer finds a field that is not nil itself but holds a nil pointer. Some fields may be nil themselves.
func (f *faults) notNilPointer(field string, v any) {
	if v != nil && isNil(v) {
		f.bad(field, fmt.Sprintf("a nil %T", v), "one that can be used")
	}
}

// A guardedHost has what the host calls itself, and its test address, from before the run.
type guardedHost struct {
	HostSSH
	name, addr string
	machine    string // "DUT" or "traffic server"; empty: unknown
	device     string // that test traffic must use there; empty: any
	catcher    *catcher
}

// host guards a host of the caller's. what names it in the error if it is nil.
func (c *catcher) host(h HostSSH, machine, what string) (*guardedHost, error) {
	if isNil(h) {
		return nil, fmt.Errorf("%w: %s is nil (%T): must be a host, such as an sshhost.Host or an sshhost.Local", ErrSettings, what, h)
	}
	g := &guardedHost{HostSSH: h, machine: machine, catcher: c}
	if err := c.call("HostSSH.TestAddr of "+what, func() { g.addr = h.TestAddr() }); err != nil {
		return nil, err
	}
	g.name = g.addr
	if s, ok := h.(fmt.Stringer); ok {
		if err := c.call("String of "+what, func() { g.name = s.String() }); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// hosts guards both hosts of a run, of which the DUT is the client or the server.
func (c *catcher) hosts(client, server HostSSH, dutIsClient bool) (onClient, onServer *guardedHost, err error) {
	names := []string{"DUT", "traffic server"}
	if !dutIsClient {
		names[0], names[1] = names[1], names[0]
	}
	var clientErr, serverErr error
	onClient, clientErr = c.host(client, names[0], "the "+names[0])
	onServer, serverErr = c.host(server, names[1], "the "+names[1])
	if err := both(clientErr, serverErr); err != nil {
		return nil, nil, err
	}
	return onClient, onServer, nil
}

func (h *guardedHost) TestAddr() string { return h.addr }
func (h *guardedHost) String() string   { return h.name }

func (h *guardedHost) Run(ctx context.Context, command string, stdout, stderr io.Writer) (err error) {
	what := "HostSSH.Run of " + h.name
	if caught := h.catcher.call(what, func() { err = h.HostSSH.Run(ctx, command, stdout, stderr) }); caught != nil {
		return caught
	}
	return h.catcher.callerError(what, err)
}

type guardedClientServer struct {
	hosts   ClientServer
	catcher *catcher
}

type guardedReverser struct{ guardedClientServer }

func (c *catcher) clientServer(cs ClientServer) ClientServer {
	if cs == nil {
		return nil
	}
	g := guardedClientServer{cs, c}
	if _, ok := cs.(Reverser); ok {
		return guardedReverser{g}
	}
	return g
}

func (g guardedClientServer) ClientServer(d Direction) (client, server HostSSH, err error) {
	if caught := g.catcher.call("Iperf.ClientServer", func() { client, server, err = g.hosts.ClientServer(d) }); caught != nil {
		return nil, nil, caught
	}
	return client, server, g.catcher.callerError("Iperf.ClientServer", err)
}

// TestDevices returns empty names if the caller's ClientServer knows none.
func (g guardedClientServer) TestDevices(d Direction) (client, server string) {
	if t, ok := g.hosts.(TestDevicer); ok {
		g.catcher.call("Iperf.ClientServer's TestDevices", func() { client, server = t.TestDevices(d) })
	}
	return client, server
}

func (g guardedReverser) Reverse(d Direction) (reverse bool) {
	g.catcher.call("Iperf.ClientServer's Reverse", func() { reverse = g.hosts.(Reverser).Reverse(d) })
	return reverse
}

type guardedStorage struct {
	FileStorage
	catcher *catcher
}

type guardedFileWriter struct{ guardedStorage }

func (c *catcher) storage(s FileStorage) FileStorage {
	if s == nil {
		return nil
	}
	g := guardedStorage{s, c}
	if _, ok := s.(fileWriter); ok {
		return guardedFileWriter{g}
	}
	return g
}

func (g guardedStorage) Create(name string) (io.WriteCloser, error) {
	f := guardedFile{name: name, catcher: g.catcher}
	var err error
	if caught := f.call(func() {
		f.WriteCloser, err = g.FileStorage.Create(name)
		if n, ok := f.WriteCloser.(interface{ Name() string }); ok && err == nil && !isNil(n) {
			f.name = n.Name()
		}
	}); caught != nil {
		return nil, caught
	}
	if err == nil && isNil(f.WriteCloser) {
		err = fmt.Errorf("%s: Iperf.FileStorage's Create returned neither a file nor an error", name)
	}
	if err != nil {
		return nil, f.callerError(err)
	}
	return f, nil
}

func (g guardedFileWriter) WriteFile(name string, data []byte) (final string, err error) {
	if caught := g.catcher.call("Iperf.FileStorage", func() { final, err = g.FileStorage.(fileWriter).WriteFile(name, data) }); caught != nil {
		return "", caught
	}
	return final, g.catcher.callerError("Iperf.FileStorage", err)
}

type guardedFile struct {
	io.WriteCloser
	name    string
	catcher *catcher
}

func (f guardedFile) call(g func()) error { return f.catcher.call("Iperf.FileStorage", g) }
func (f guardedFile) callerError(err error) error {
	return f.catcher.callerError("Iperf.FileStorage", err)
}
func (f guardedFile) Name() string { return f.name }

func (f guardedFile) Write(p []byte) (n int, err error) {
	if caught := f.call(func() { n, err = f.WriteCloser.Write(p) }); caught != nil {
		return 0, caught
	}
	return n, f.callerError(err)
}

func (f guardedFile) Close() (err error) {
	if caught := f.call(func() { err = f.WriteCloser.Close() }); caught != nil {
		return caught
	}
	return f.callerError(err)
}

type guardedParser struct {
	Parser
	catcher *catcher
}

func (g guardedParser) Parse(r io.Reader, each func(report.Interval)) (rep *report.Report, err error) {
	if caught := g.catcher.call("Iperf.Parser", func() { rep, err = g.Parser.Parse(r, each) }); caught != nil {
		return nil, caught
	}
	err = g.catcher.callerError("Iperf.Parser", err)
	if rep != nil {
		if read := g.catcher.callerError("Iperf.Parser", rep.Err); isAny(read, ErrPanic) {
			rep.Err = read
		}
	}
	if rep == nil && err == nil {
		err = fmt.Errorf("%w: Iperf.Parser returned neither a report nor an error", ErrNotUnderstood)
	}
	return rep, err
}

type guardedWriter struct {
	io.Writer
	catcher *catcher
}

func (g guardedWriter) Write(p []byte) (n int, err error) {
	if caught := g.catcher.call("Iperf.LogWriter", func() { n, err = g.Writer.Write(p) }); caught != nil {
		return 0, caught
	}
	return n, err
}

func (c *catcher) aggregator(what string, f Aggregator) Aggregator {
	return func(rates []report.BitRate) (rate report.BitRate) {
		c.call(what, func() { rate = f(rates) })
		return rate
	}
}

type guardedHandler struct {
	handler slog.Handler
	catcher *catcher
}

const handlerName = "the handler of Iperf.Logger"

func (g guardedHandler) Enabled(ctx context.Context, l slog.Level) (enabled bool) {
	g.catcher.call(handlerName, func() { enabled = g.handler.Enabled(ctx, l) })
	return enabled
}

func (g guardedHandler) Handle(ctx context.Context, r slog.Record) (err error) {
	if caught := g.catcher.call(handlerName, func() { err = g.handler.Handle(ctx, r) }); caught != nil {
		return caught
	}
	return err
}

func (g guardedHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	g.catcher.call(handlerName, func() { g.handler = g.handler.WithAttrs(attrs) })
	return g
}

func (g guardedHandler) WithGroup(name string) slog.Handler {
	g.catcher.call(handlerName, func() { g.handler = g.handler.WithGroup(name) })
	return g
}
