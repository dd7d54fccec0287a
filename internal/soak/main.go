// Soak makes many short runs between machines in network namespaces, first back to back and then many at a time, while
// it breaks things at random. It prints what it counted, and exits with 1 when anything was not as it must be:
//
//	go run ./internal/soak -runs 1000 -parallel 50
//
// It needs root, and what the tests of package iperf need.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var o options
	flag.IntVar(&o.Runs, "runs", 1000, "`number` of runs back to back")
	flag.IntVar(&o.Together, "together", 1000, "`number` of runs side by side, after those")
	flag.IntVar(&o.Parallel, "parallel", 50, "`number` of those that run at a time")
	flag.IntVar(&o.Worlds, "worlds", 4, "`number` of pairs of machines")
	flag.Float64Var(&o.Faults, "faults", 0.1, "`share` of the runs that something is done to")
	flag.Uint64Var(&o.Seed, "seed", uint64(time.Now().UnixNano()), "of the random choices")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()

	b := &bench{ctx: ctx}
	var t *tally
	b.do(func() { t = soak(ctx, b, o, func(line string) { fmt.Println(line) }) })
	if t == nil || t.bad() {
		b.failed.Store(true) // the SSH servers' logs are printed then
	}
	b.cleanUp()
	if t == nil {
		os.Exit(2)
	}
	fmt.Print(t)
	if b.Failed() {
		os.Exit(1)
	}
}
