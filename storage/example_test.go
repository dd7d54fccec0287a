package storage_test

import (
	"fmt"
	"io/fs"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/tunaperf/tuna/storage"
)

func Example() {
	tmp, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(tmp)

	dir, err := storage.Open(filepath.Join(tmp, "raw")) // made if it is not there
	if err != nil {
		log.Fatal(err)
	}
	defer dir.Close()
	for _, text := range []string{"first", "second"} {
		f, err := dir.Create("bench/run.txt")
		if err != nil {
			log.Fatal(err)
		}
		fmt.Fprintln(f, text)
		if err := f.Close(); err != nil {
			log.Fatal(err)
		}
	}
	_, err = dir.Create("../run.txt")
	fmt.Println(err)

	names, err := fs.Glob(dir, "bench/*")
	if err != nil {
		log.Fatal(err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(dir, name)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s: %s", name, b)
	}
	// Output:
	// file name "../run.txt": an empty part, "." and ".." are not allowed
	// bench/run.txt: first
	// bench/run_0001.txt: second
}

func ExampleMem() {
	var mem storage.Mem
	name, err := mem.WriteFile("run.json", []byte(`{"bandwidth": 95600000}`))
	if err != nil {
		log.Fatal(err)
	}
	b, err := fs.ReadFile(&mem, name)
	fmt.Printf("%s %v\n", b, err)
	// Output:
	// {"bandwidth": 95600000} <nil>
}

// Two ends of a test print at the same time.
func ExampleWriter() {
	var stdout storage.Writer
	client, err := stdout.Create("client.txt")
	if err != nil {
		log.Fatal(err)
	}
	server, err := stdout.Create("server.txt")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(server, "Server listening on 5201")
	fmt.Fprint(client, "Connecting to ")
	fmt.Fprintln(server, "Accepted connection")
	fmt.Fprintln(client, "host 192.0.2.2")
	client.Close()
	server.Close()
	// Output:
	// ==> server.txt <==
	// Server listening on 5201
	// Accepted connection
	// ==> client.txt <==
	// Connecting to host 192.0.2.2
}

func ExampleMulti() {
	var kept storage.Mem
	both := storage.Multi{&kept, &storage.Writer{}}
	f, err := both.Create("run.txt")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(f, "95.6 Mbits/sec")
	if err := f.Close(); err != nil { // tells which storage failed, if one did
		log.Fatal(err)
	}
	b, err := fs.ReadFile(&kept, "run.txt")
	fmt.Printf("kept: %s%v\n", b, err)
	// Output:
	// ==> run.txt <==
	// 95.6 Mbits/sec
	// kept: 95.6 Mbits/sec
	// <nil>
}

func ExampleTimestamped() {
	dated := storage.Timestamped{
		Storage: &storage.Writer{},
		Format:  "2006-01-02",
		Now:     func() time.Time { return time.Date(2026, 2, 3, 0, 0, 0, 0, time.UTC) },
	}
	f, err := dated.Create("{timestamp}/run.txt")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(f, "95.6 Mbits/sec")
	f.Close()
	// Output:
	// ==> 2026-02-03/run.txt <==
	// 95.6 Mbits/sec
}

func ExampleLogWriter() {
	withoutTime := func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}
	w := &storage.LogWriter{
		Logger:     slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: withoutTime})),
		Expression: regexp.MustCompile(`receiver$`),
	}
	fmt.Fprintln(w, "[  5]   0.00-10.00  sec   114 MBytes  95.8 Mbits/sec  sender")
	fmt.Fprintln(w, "[  5]   0.00-10.00  sec   114 MBytes  95.6 Mbits/sec  receiver")
	// Output:
	// level=INFO msg=output line="[  5]   0.00-10.00  sec   114 MBytes  95.6 Mbits/sec  receiver"
}
