// Package tuna measures the bandwidth between two machines with iperf 2 or iperf 3 over SSH.
//
// It holds no code itself. What a test harness imports is in the packages below it:
//
//   - [github.com/tunaperf/tuna/iperf] runs one test or many, and returns one bandwidth with everything behind it;
//   - [github.com/tunaperf/tuna/sshhost] reaches the machines: over SSH, or this one itself;
//   - [github.com/tunaperf/tuna/storage] keeps the raw output: in a directory, in memory, on another machine;
//   - [github.com/tunaperf/tuna/iperf/evidence] asks a host's kernel for the path of a test;
//   - [github.com/tunaperf/tuna/iperf/report] reads what iperf printed, also that of runs made some other way.
//
// The folder examples holds short programs, each of which shows one thing.
package tuna
