// Command iperf3 measures network throughput, as the C program of that name does, with which it can talk.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/tunaperf/tuna/iperf/native"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	status := native.Main(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}
