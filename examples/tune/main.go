// Tune steps through numbers of parallel streams and sizes of the socket buffer for the best bandwidth between two
// machines:
//
//	go run ./tune -parallel 1,2,4,8 -window 0,256K,1M tune/tune.ini
//
// What else to test, how often and between which machines, is in the file (see package iperf/config). Without machines
// there, it measures this one against itself, by an iperf 3 in Go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/config"
	"github.com/tunaperf/tuna/storage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "tune:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("tune", flag.ExitOnError)
	parallel := flags.String("parallel", "1,2,4", "`numbers` of parallel streams to try")
	window := flags.String("window", "0,256K", "`sizes` of the socket buffer to try; 0: the system's")
	raw := flags.String("raw", "raw", "`directory` for the raw output, unless the file has store_output = no")
	flags.Parse(args)
	if flags.NArg() != 1 {
		return errors.New("usage: tune [flags] file.ini")
	}
	conf, err := config.Load(flags.Arg(0), "")
	if err != nil {
		return err
	}
	points, err := grid(conf.Program, *parallel, *window)
	if err != nil {
		return err
	}
	var dir *storage.Dir
	if conf.StoreOutput {
		if dir, err = storage.Open(*raw); err != nil {
			return err
		}
		defer dir.Close()
	}
	hosts, done, err := connect(ctx, conf)
	if err != nil {
		return err
	}
	defer done()
	metric := conf.Metric(hosts, dir)
	metric.Combine = iperf.Min // or one direction would be traded for the other
	return tune(ctx, metric, points, out)
}

// A point is what is tried once.
type point struct {
	parallel int
	window   int64 // bytes; 0: the system's
}

func (p point) String() string {
	window := "the system's window"
	if p.window > 0 {
		window = fmt.Sprintf("a window of %d KiB", p.window>>10)
	}
	return fmt.Sprintf("%d in parallel with %s", p.parallel, window)
}

// grid is every number of streams with every window.
func grid(program, parallel, window string) (points []point, err error) {
	for n := range strings.SplitSeq(parallel, ",") {
		streams, err := strconv.Atoi(n)
		if err != nil {
			return nil, fmt.Errorf("-parallel: %w", err)
		}
		for w := range strings.SplitSeq(window, ",") {
			size, err := iperf.ParseSize(program, w)
			if err != nil {
				return nil, fmt.Errorf("-window: %w", err)
			}
			points = append(points, point{streams, size})
		}
	}
	return points, nil
}

// tune measures at every point, and tells which one is the best. A point that fails, as one that a version refuses, is
// passed over.
func tune(ctx context.Context, metric *iperf.Metric, points []point, out io.Writer) error {
	var first, best *iperf.Measurement
	var bestPoint point
	for _, p := range points {
		metric.Iperf.Client.Parallel = p.parallel
		metric.Iperf.Client.Window, metric.Iperf.Server.Window = p.window, p.window
		got, err := metric.Measure(ctx, fmt.Sprintf("parallel-%d-window-%d.txt", p.parallel, p.window))
		if ctx.Err() != nil {
			return err
		}
		fmt.Fprintf(out, "%v: ", p)
		if err != nil {
			fmt.Fprintln(out, err)
			continue
		}
		fmt.Fprintln(out, got.Value)
		for _, s := range got.Series {
			fmt.Fprintf(out, "\t%v: %v\n", s.Direction, s.Spread)
		}
		if first == nil {
			first = got
		}
		if best == nil || got.Value > best.Value {
			best, bestPoint = got, p
		}
	}
	if best == nil {
		return errors.New("nothing could be measured")
	}
	fmt.Fprintf(out, "best: %v: %v\n", bestPoint, best.Value)
	if best == first {
		return nil
	}
	changes, err := iperf.Compare(first, best)
	for _, c := range changes {
		fmt.Fprintf(out, "\tagainst the first, %v\n", c)
	}
	return err
}
