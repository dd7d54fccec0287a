// Command quickstart measures the bandwidth between two machines, both ways, and prints a small table.
//
// Without arguments it measures this machine against itself over loopback. With -dut and -server it measures between
// two machines that it reaches over SSH, with your agent, keys, known_hosts and ssh_config.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"text/tabwriter"
	"time"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
	"github.com/tunaperf/tuna/storage"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("quickstart", flag.ExitOnError)
	dut := flags.String("dut", "", "device under test: `[user@]host[:port]`, or a Host of your ssh_config")
	server := flags.String("server", "", "traffic server: `[user@]host[:port]`, or a Host of your ssh_config")
	dutAddr := flags.String("dut-addr", "", "`address` of the device under test for test traffic, if it is not the one that SSH uses")
	serverAddr := flags.String("server-addr", "", "`address` of the traffic server for test traffic, if it is not the one that SSH uses")
	program := flags.String("program", "iperf3", "iperf3, iperf, or a path to one, on both machines")
	seconds := flags.Int("time", 2, "length of each test in `seconds`")
	streams := flags.Int("parallel", 1, "number of parallel `streams`")
	udp := flags.Float64("udp", 0, "test UDP at this rate in `Mbit/s`, in place of TCP")
	explain := flags.Bool("explain", false, "say which path each test took, and what held its rate back")
	raw := flags.String("raw", "", "keep the raw output in this `directory`")
	flags.Parse(args)

	x := &iperf.Iperf{
		Program: *program,
		Client:  iperf.ClientSettings{Time: time.Duration(*seconds) * time.Second, Parallel: *streams},
		Server:  iperf.ServerSettings{AutoPort: true},
	}
	if *udp > 0 {
		x.Client.Protocol = report.ProtocolUDP
		x.Client.Rate = report.BitRate(*udp) * report.MbitPerSecond
	}
	if *raw != "" {
		dir, err := storage.Open(*raw)
		if err != nil {
			return err
		}
		defer dir.Close()
		x.FileStorage = dir
	}
	hosts, done, err := connect(ctx, end{*dut, *dutAddr}, end{*server, *serverAddr})
	if err != nil {
		return err
	}
	defer done()
	x.ClientServer = hosts

	out := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	defer out.Flush()
	if !*explain {
		fmt.Fprintln(out, "direction\tbandwidth\tfrom")
	}
	for d := range iperf.Both.Each() {
		res, err := x.Run(ctx, d, "quickstart")
		if err != nil {
			return hint(err)
		}
		if *explain {
			fmt.Println(res.Explain())
			continue
		}
		fmt.Fprintf(out, "%v\t%v\t%v\n", d, res.Bandwidth, res.Source)
		for _, w := range res.Warnings {
			fmt.Fprintln(os.Stderr, "warning:", w)
		}
	}
	return nil
}

// hint adds to an error what can be done about it.
func hint(err error) error {
	if e, ok := errors.AsType[*iperf.RunError](err); ok && errors.Is(err, iperf.ErrNotInstalled) {
		return fmt.Errorf("%w: install it on %s (Debian and Ubuntu: apt-get install iperf3; Red Hat: dnf install iperf3), or name it with -program", err, e.Host)
	}
	return err
}
