package native_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/tunaperf/tuna/iperf/native"
)

// Two ends in one process: a server that takes one client, and that client.
func ExampleHost() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var h native.Host
	listening := &firstLine{want: "Server listening on ", line: make(chan string, 1)}
	served := make(chan error, 1)
	go func() { served <- h.Run(ctx, "iperf3 -s -1 -p 0", listening, os.Stderr) }()
	port, _, _ := strings.Cut(<-listening.line, " ")

	var out bytes.Buffer
	err := h.Run(ctx, "iperf3 -c "+h.TestAddr()+" -p "+port+" -n 1M", &out, os.Stderr)
	fmt.Println(err, <-served)
	fmt.Println(strings.Contains(out.String(), "1.00 MBytes"))
	// Output:
	// <nil> <nil>
	// true
}

// firstLine finds the line that begins with want.
type firstLine struct {
	want string
	line chan string
}

func (f *firstLine) Write(p []byte) (int, error) {
	if _, rest, ok := strings.Cut(string(p), f.want); ok {
		select {
		case f.line <- rest:
		default:
		}
	}
	return len(p), nil
}

func ExampleMain() {
	status := native.Main(context.Background(), []string{"-c", "192.0.2.1", "-R", "--bidir"}, os.Stdout, os.Stdout)
	fmt.Println("status", status)
	// Output:
	// iperf3: parameter error - cannot be both reverse and bidirectional
	//
	// Usage: iperf3 [-s|-c host] [options]
	//        iperf3 [-h|--help] [-v|--version]
	// Try `iperf3 --help' for more information.
	// status 1
}

// Programs for the hosts' systems may be made beforehand, and be embedded or lie in a directory.
func ExampleInstaller() {
	install := native.Installer{Binaries: os.DirFS("testdata/programs")}
	var host native.Target // an sshhost.Host, say
	path, err := install.Install(context.Background(), host)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(path) // for Iperf.Program
}

func ExamplePlatform_String() {
	fmt.Println(native.Platform{OS: "linux", Arch: "arm", Variant: "7"})
	// Output: linux-arm-7
}
