package storage

import (
	"io"
	"io/fs"
	"net"
	"os"
	"sync"
	"testing"

	"github.com/pkg/sftp"
)

// A keeper is a storage that can be read.
type keeper interface {
	AtomicWriter
	fs.FS
}

type keeperKind struct {
	name string
	open func(tb testing.TB, dir string) keeper
}

// keepers are all of them, each in an empty place. Those that lie in a directory of this machine get theirs as dir.
var keepers = []keeperKind{
	{"Dir", func(tb testing.TB, dir string) keeper { return openDir(tb, dir) }},
	{"Mem", func(testing.TB, string) keeper { return new(Mem) }},
	{"SFTP", func(tb testing.TB, dir string) keeper { return openSFTP(tb, dir) }},
}

func forEachKeeper(t *testing.T, test func(*testing.T, keeper)) {
	t.Helper()
	for _, k := range keepers {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			test(t, k.open(t, t.TempDir()))
		})
	}
}

func openDir(tb testing.TB, dir string) *Dir {
	tb.Helper()
	d, err := Open(dir)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { d.Close() })
	return d
}

func openSFTP(tb testing.TB, dir string) *SFTP {
	tb.Helper()
	client, _ := sftpPipe(tb)
	return newSFTP(tb, client, dir)
}

func newSFTP(tb testing.TB, client *sftp.Client, dir string) *SFTP {
	tb.Helper()
	s, err := NewSFTP(client, dir)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// sftpPipe joins a client and a server in this process. Closing the connection ends both.
func sftpPipe(tb testing.TB, options ...sftp.ServerOption) (*sftp.Client, net.Conn) {
	tb.Helper()
	near, far := net.Pipe()
	server, err := sftp.NewServer(far, options...)
	if err != nil {
		tb.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		server.Serve()
		server.Close()
	})
	client, err := sftp.NewClientPipe(near, near)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		client.Close()
		near.Close()
		serving.Wait()
	})
	return client, near
}

// put makes a file and returns its final name.
func put(tb testing.TB, s Storage, name, text string) string {
	tb.Helper()
	f, err := s.Create(name)
	if err != nil {
		tb.Fatal(err)
	}
	if _, err := io.WriteString(f, text); err != nil {
		tb.Fatal(err)
	}
	if err := f.Close(); err != nil {
		tb.Fatal(err)
	}
	return f.(interface{ Name() string }).Name()
}

func content(tb testing.TB, fsys fs.FS, name string) string {
	tb.Helper()
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// files returns what every file below fsys holds, by its name.
func files(tb testing.TB, fsys fs.FS) map[string]string {
	tb.Helper()
	all := map[string]string{}
	err := fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			all[name] = content(tb, fsys, name)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

func writeTo(tb testing.TB, file, text string) {
	tb.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

func symlink(tb testing.TB, target, link string) {
	tb.Helper()
	if err := os.Symlink(target, link); err != nil {
		tb.Fatal(err)
	}
}
