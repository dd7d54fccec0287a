// Package iperf runs iperf 2 or iperf 3 between two hosts and returns one bandwidth with everything behind it.
//
// The two hosts are the device under test and the traffic server. [Downstream] is traffic that arrives at the device
// under test, [Upstream] is traffic that leaves it. An [Iperf] is a struct whose fields say how to test; only the hosts
// are required:
//
//	x := iperf.Iperf{ClientServer: iperf.Hosts{DUT: dut, TrafficServer: server}}
//	result, err := x.Downstream(ctx, "kitchen")
//
// Hosts come from package sshhost, or are anything with the two methods of [HostSSH].
//
// # What a run does
//
// [Iperf.Run], and with it [Iperf.Downstream] and [Iperf.Upstream], takes these steps:
//
//  1. It checks the settings. All faults are found at once, and nothing has been started (see [Iperf.Check]).
//  2. It asks both hosts, side by side, for their iperf's version, and the server's host for the ports that are in use.
//     The settings become a command line for just these versions. A setting that a version lacks is an error that
//     names the version which has it, and never a flag that is left out.
//  3. It starts the server and holds the client back until the server is seen to listen: it said so, or its port is
//     listened on while it lives and was not before. The [EventTimer] bounds that.
//  4. It starts the client. What both ends print is stored, logged and read as it arrives.
//  5. When the client has ended, the server may finish its report and is then ended.
//  6. It makes one bandwidth of the reports, says what held it back, and writes the manifest.
//
// Beside these steps it asks the kernels of both ends for the path of the traffic: [End].Path, [Result].Limit and
// [Result.Explain]. Iperf.NoPath turns that off.
//
// Every run has a deadline (see Iperf.Timeout), and ends what it started, also when its context is cancelled, when a
// program fails, or when the connection breaks. It ends nothing else: there is no killall, and no other's iperf is
// touched. A run that meets a busy server or a port in use is tried again (see Iperf.Retries).
//
// All state of a run lives in the run. One Iperf may make many runs at the same time; give each server a port of its own
// then, or let ServerSettings.AutoPort find one.
//
// # Where the number is from
//
// Result.Bandwidth is what the receiver counted. It is the median, or what another [Aggregator] makes, of the intervals
// in the receiving end's report, without those that were omitted (ClientSettings.Omit) and without the short tail. Where
// the receiving end has no intervals, it is the receiver's total, from whichever end reports that. Only of TCP, and
// only when nothing of the receiver came, it is the sender's rate, with a warning, as a sender counts what it put into
// its socket buffer. Result.Source says which of these it was.
//
// A number that was not reported is nil, or an error, and never 0. A run without any is [ErrNoBandwidth].
// Result.Warnings and the Warnings of both reports tell what was odd and did not fail the run.
//
// The result also has both reports in full: intervals, streams, totals, retransmits, jitter, loss and round-trip times, as
// far as the programs printed them. They are described in package [github.com/tunaperf/tuna/iperf/report]. A test in
// which both ends send at the same time has its other bandwidth in Result.Opposite.
//
// # Errors and evidence
//
// Errors are told apart by kind with errors.Is: [ErrNotInstalled], [ErrUnsupported], [ErrPortInUse], [ErrRefused],
// [ErrServerBusy], [ErrTimeout], [ErrHostLost], [ErrCanceled] and the others beside them. A [*RunError], which
// errors.AsType finds, holds the evidence of a program that failed: host, role, command line, exit status and what it
// printed on stderr. It prints as one line, and with %+v as everything. A run has failed when the exit status says so, and
// also when only the output does: some versions of iperf fail with status 0.
//
// When the client had started, Run returns a [Result] with the error. It holds whatever both ends had reported until
// then.
//
// # Raw files and manifest
//
// With a FileStorage the output of both ends is kept byte for byte, and as it arrives, so that what was printed up to a
// fault is there. The names of a run called kitchen.txt are for example
//
//	client_downstream_20260203T101112.131Z_tcp_kitchen.txt
//	server_downstream_20260203T101112.131Z_tcp_kitchen.txt
//	manifest_downstream_20260203T101112.131Z_tcp_kitchen.txt.json
//
// with .err behind the first two for what was printed on stderr, if anything was, and with intervals_ in front and .csv
// behind for the intervals that Iperf.IntervalsCSV asks for. Nothing is overwritten: a storage numbers names that are
// taken.
//
// The [Manifest] tells how the run was made: commands, versions, hosts, settings, times, exit statuses, the bandwidth
// and where it is from, the error if there was one, and each file's SHA-256. [Replay] makes the same Result of it again,
// offline, from any [io/fs.FS].
//
// # Many runs
//
// A [Metric] repeats runs in one direction or both, for one value. It tells the spread of the repetitions, marks
// outliers, tries again what failed for a passing reason, and can go on until a precision is reached. [Compare] tells
// whether two measurements differ, by how much, and how sure that is.
//
// # Parts of your own
//
// Everything that an Iperf is composed of is an interface of one or two methods, made of types of the standard library
// and of package report:
//
//   - [HostSSH] runs a command on a machine;
//   - [ClientServer] tells which host is iperf's client in a direction; [Hosts] is the usual one, and a [Reverser] can
//     let the receiver connect, which hosts behind a firewall need;
//   - [Parser] reads what an end printed;
//   - [FileStorage] keeps raw output: package storage has a directory, an SFTP directory, memory and several at once;
//   - [LogWriter] gets each line that is printed;
//   - [Aggregator] makes one rate of many: [Median], [Mean], [Min], [Max], [Sum], [Percentile], or any function.
//
// [Iperf.StartServer] and [Iperf.RunClient] are the two ends of a run by themselves, for tests of another shape.
// Package iperftest plays hosts from a script, for tests of what is built on this package.
package iperf
