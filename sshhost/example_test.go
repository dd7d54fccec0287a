package sshhost_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/sshhost/sshtest"
)

// lab is the host of the examples: a server that runs in this process and knows two commands.
func lab() *sshtest.Server {
	return sshtest.NewServer(func(ctx context.Context, command string, _ io.Reader, stdout, stderr io.Writer) int {
		switch command {
		case "iperf3 --version":
			fmt.Fprintln(stdout, "iperf 3.21 (cJSON 1.7.15)")
			return 0
		case "iperf3 -s":
			fmt.Fprintln(stdout, "Server listening on 5201")
			<-ctx.Done()
			return 143
		}
		fmt.Fprintln(stderr, "not found")
		return 127
	})
}

// connect connects to a lab of its own.
func connect(ctx context.Context) (host *sshhost.Host, hangUp func()) {
	server := lab()
	host, err := sshhost.Dial(ctx, server.Config())
	if err != nil {
		panic(err)
	}
	return host, func() {
		host.Close()
		server.Close()
	}
}

func Example() {
	server := lab()
	defer server.Close()
	ctx := context.Background()

	// On a real host, Addr is all that a user with a key and a known_hosts file needs:
	// sshhost.Config{Addr: "dut.lab"}
	host, err := sshhost.Dial(ctx, server.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer host.Close()
	if err := host.Run(ctx, "iperf3 --version", os.Stdout, os.Stderr); err != nil {
		fmt.Println(err)
	}
	// Output: iperf 3.21 (cJSON 1.7.15)
}

func ExampleHost_Run() {
	ctx := context.Background()
	host, hangUp := connect(ctx)
	defer hangUp()

	// An exit status other than 0 is an error that tells it.
	err := host.Run(ctx, "iperf9 --version", nil, nil)
	if exit, ok := errors.AsType[*sshhost.ExitError](err); ok {
		fmt.Println("exit status", exit.ExitStatus())
	}

	// A command that has no end of its own is ended by its context.
	ctx, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	err = host.Run(ctx, "iperf3 -s", os.Stdout, nil)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))
	// Output:
	// exit status 127
	// Server listening on 5201
	// true
}

func ExampleDial_error() {
	_, err := sshhost.Dial(context.Background(), sshhost.Config{Addr: "no-such-host.invalid"})
	switch {
	case errors.Is(err, sshhost.ErrHostKey):
		fmt.Println("not the machine that it was")
	case errors.Is(err, sshhost.ErrAuth):
		fmt.Println("not let in")
	case errors.Is(err, sshhost.ErrUnreachable):
		fmt.Println("not there")
	}
	// Output: not there
}

func ExampleHost_Upload() {
	ctx := context.Background()
	host, hangUp := connect(ctx)
	defer hangUp()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	if err := host.Upload(ctx, strings.NewReader("[iperf]\ntime = 10\n"), dir+"/iperf.ini"); err != nil {
		fmt.Println(err)
	}
	if err := host.Download(ctx, dir+"/iperf.ini", os.Stdout); err != nil {
		fmt.Println(err)
	}
	// Output:
	// [iperf]
	// time = 10
}

func ExampleFromSSHConfig() {
	file, err := os.CreateTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(file.Name())
	fmt.Fprintln(file, "Host dut\n  HostName 192.0.2.7\n  User root\n  ProxyJump gateway.lab:2222")
	file.Close()

	// An empty file name means ~/.ssh/config.
	config, err := sshhost.FromSSHConfig("dut", file.Name())
	if err != nil {
		fmt.Println(err)
		return
	}
	config.Prefix = "ip netns exec wifi"
	fmt.Println(config.Addr, config.User, config.Jump.Addr)
	// Output: 192.0.2.7:22 root gateway.lab:2222
}

func ExampleLocal() {
	err := sshhost.Local{Prefix: "LC_ALL=C;"}.Run(context.Background(), "echo hello | tr a-z A-Z", os.Stdout, os.Stderr)
	fmt.Println(err)
	// Output:
	// HELLO
	// <nil>
}
