package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/sshhost"
	"github.com/tunaperf/tuna/storage"
)

func main() {
	ctx := context.Background()
	dut, server := dial(ctx, os.Args[1]), dial(ctx, os.Args[2]) // as you would give them to ssh
	raw, err := storage.Open("raw")
	check(err)
	test := iperf.Iperf{
		ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server},
		Client:       iperf.ClientSettings{Parallel: 4},
		FileStorage:  raw,
	}
	result, err := test.Downstream(ctx, "kitchen.txt")
	check(err)
	fmt.Println(result.Bandwidth, "from", result.Source)
}

func dial(ctx context.Context, name string) *sshhost.Host {
	config, err := sshhost.FromSSHConfig(name, "")
	check(err)
	host, err := sshhost.Dial(ctx, config)
	check(err)
	return host
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
