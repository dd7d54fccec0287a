package storage

import (
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"testing"
)

// One file of a short run is made, written and closed.
func BenchmarkStore(b *testing.B) {
	line := []byte("[  5]   0.00-1.00   sec  11.4 MBytes  95.6 Mbits/sec    0    208 KBytes\n")
	for _, k := range keepers {
		for name, format := range map[string]string{"new names": "run_%d.txt", "one name": "run.txt%.0s"} {
			b.Run(k.name+"/"+name, func(b *testing.B) {
				s := k.open(b, b.TempDir())
				n := 0
				for b.Loop() {
					n++
					f, err := s.Create(fmt.Sprintf(format, n))
					if err != nil {
						b.Fatal(err)
					}
					f.Write(line)
					if err := f.Close(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// A line goes on to a storage, as a running test does.
func BenchmarkWriteLine(b *testing.B) {
	line := []byte("[  5]   0.00-1.00   sec  11.4 MBytes  95.6 Mbits/sec    0    208 KBytes\n")
	dir, client := openDir(b, b.TempDir()), openSFTP(b, b.TempDir())
	logger := slog.New(slog.NewTextHandler(io.Discard, nil))
	create := func(s Storage) io.Writer {
		f, err := s.Create("run.txt")
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { f.Close() })
		return f
	}
	for _, test := range []struct {
		name string
		to   io.Writer
	}{
		{"Dir", create(dir)},
		{"Mem", create(new(Mem))},
		{"SFTP", create(client)},
		{"Multi", create(Multi{dir, Discard})},
		{"Writer", create(&Writer{W: io.Discard})},
		{"LogWriter", &LogWriter{Logger: logger, Expression: regexp.MustCompile(`\[SUM\]`), Copy: io.Discard}},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(line)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := test.to.Write(line); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
