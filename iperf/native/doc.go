// Package native is an iperf3 in pure Go: client and server of iperf 3's protocol over TCP and UDP, with the flags and
// the text, JSON and line-delimited JSON output of the C program, so that either end of a test can be the C program and
// whatever reads its output reads this one's.
//
// [Main] is the program; the command in directory iperf3 is nothing but a call of it. [Host] runs the same command lines
// in the process itself, for tests that want nothing installed. [Install] puts the program on a host that has none.
//
// # What it speaks
//
// The protocol has been the same since 3.0: its versions differ in a few numbers and fields. A server takes the hello
// of UDP streams in the old and the new form, a client both answers. Results are read with and without the counts of
// what was omitted, and with -1 written as 18446744073709551615. UDP numbers of 64 bits are understood. The version that
// --version and the JSON give is that of the C program whose flags and events these are, 3.17. The JSON has the keys of
// 3.12. It lacks those that were added later: fq_rate, timemillisecs and reorder, and fqrate, bidir, interval, gso and
// gro in test_start. The tests run against 3.12 and, with TUNA_IPERF3, any other versions; 3.9, 3.18 and 3.22 were.
//
// --gsro is accepted as 3.21 has it. This end joins and splits datagrams with or without it; it tells a C server to.
//
// Flags that the C program has and this one lacks, such as --sctp, -A, -F, -D and those for authentication, are
// refused by name; so are -C, -M, --bind-dev and --snd-timeout where the system has no such thing. Values that are out of
// bounds are refused as there, and so is what is no number. One flag is new: --allow says who may use a server. Where a flag's value could not be had, the C program's behaviour was kept, with these exceptions:
//
//   - Paced TCP is written in pieces of at most eight milliseconds' worth instead of whole blocks, so that low rates are
//     kept as well: -b 1M sends 1.00 Mbit/s, where blocks of 128 KB make it 1.05.
//   - -n and -k send whole blocks, no more than needed, as 3.12 does (3.18 and 3.22 go on until the interval is over), and
//     a server that receives them waits for the last.
//   - The socket of UDP streams is asked for a receive buffer of 4 MB where -w does not say, so that a receiver that is
//     not run for a moment loses nothing.
//   - Exit status and the JSON's "error" both tell of every failure; a one-off server whose test failed exits with 1.
//   - -Z is ignored with UDP, as there, but with a warning. -V and -J together print nothing but JSON.
//   - What an interrupted end cannot know, the other end's count, is left out of the text. In JSON it is 0, as there.
//   - A process's own processor time is what "cpu_utilization_percent" shows. Two ends in one process show their sum.
//   - A server under -J keeps a million rows at most; a longer test is ended with an error.
//
// # Safety
//
// Whatever a peer sends is bounded: the cookie's time, the length of JSON, streams, blocks, socket buffers, rates and
// durations by iperf's own limits. A server ends a test that moves nothing for --rcv-timeout, or lasts half a minute
// longer than was agreed. During a test, another client gets the busy answer; a connection that says nothing is closed
// after ten seconds, or when 64 newer ones say nothing either. UDP streams are taken only from the address of the
// control connection. Counts of the other end that cannot be are passed over, as if it had told none. As in the C program
// without authentication, whoever may connect may have the server send at full rate to itself; --allow and [Host.Allow]
// restrict that.
//
// # Speed
//
// Measured with go test -run TestSpeed -speed 5 -speedtime 1 -v, which prints this table, as root for the lines of veth,
// on two processors of a virtual machine with Linux 6.18 that others shared: the C program 3.12 and this one in
// turns, each end a process, both on that machine, over loopback or an unshaped veth pair between two network
// namespaces. Medians of 5 runs of 1 s in one go. Absolute rates move by a factor of two from one hour to the next there,
// and a run of 1 s by as much from the next: ratios are of the same go.
//
//	case                         C Gbit/s  Go Gbit/s  ratio  C s/GB  Go s/GB  C Mdgram/s  Go Mdgram/s
//	TCP, 1 stream                14.23     19.02      1.34   0.453   0.405
//	TCP, 1 stream, -R            16.68     28.28      1.70   0.601   0.432
//	TCP, 4 streams               21        33.8       1.61   0.564   0.424
//	TCP, 1 stream, -Z            27.92     19.55      0.70   0.452   0.664
//	UDP, 1460 bytes, -b 0        2.887     42.25      14.63  4.78    0.372  0.247  3.617
//	TCP, -b 1M                   0.001048  0.0009997  0.95   288     334
//	TCP, -b 10M                  0.01048   0.009998   0.95   33.5    34.4
//	TCP, -b 100M                 0.1007    0.09995    0.99   3.84    4.06
//	TCP, -b 1G                   0.9992    1          1.00   0.992   1.55
//	TCP, -b 5G                   4.997     4.997      1.00   0.769   0.869
//	UDP, 1460 bytes, -b 1M       0.001004  0.001004   1.00   333     442
//	UDP, 1460 bytes, -b 10M      0.009997  0.01       1.00   57.1    124
//	UDP, 1460 bytes, -b 100M     0.09991   0.0999     1.00   13.7    14.9
//	UDP, 1460 bytes, -b 1G       0.9992    1          1.00   7.75    5.79
//	UDP, 1460 bytes, -b 5G       2         5          2.50   6.37    2.75
//	veth: TCP, 1 stream          18.36     19.38      1.06   0.595   0.589
//	veth: TCP, 4 streams         38.29     24.9       0.65   0.364   0.524
//	veth: UDP, 1460 bytes, -b 0  2.226     28.13      12.64  6.03    0.569  0.191  2.408
//
// s/GB is the processor time of both ends for each gigabyte received. Rates without a limit are the receiver's, with -b
// the sender's. Four streams over veth differ most from one go to the next, and the C program is faster in some: the
// goes on a quiet machine gave 0.65 (the table) and, half an hour before, 0.92; seven turns of 2 s on a machine with
// much else to do gave medians of 6.85 and 9.28 Gbit/s (ratios of single turns 0.61 to 3.02), with -R 10.2 and 12.3
// (1.01 to 1.33), and of one stream 7.10 and 11.2 (0.95 to 2.92). In three turns of 2 s over loopback, 3.22 with --gsro
// received 4.67, 4.80 and 4.82 million datagrams a second, and this program 4.93, 5.03 and 5.19. Behind a token bucket
// of 20 Mbit/s on a veth pair both programs measure the same, TCP 19.1 and UDP 19.5 Mbit/s.
//
// What remains is the kernel's. In a profile of one TCP stream, the receiver spends 32 % in copying to user space
// (_copy_to_iter), 21 % in soft interrupts and locks, 13 % in switching tasks; the sender 27 % in copying from user
// space. In one of UDP, copying takes 48 % of the receiver and 33 % of the sender, counting datagrams 3 %. sendfile (-Z)
// saves the sender's copy but moves 64 KB at a time, and measured no better than plain writes over loopback.
//
// Datagrams go out as one large buffer that the kernel, or the network card, cuts (UDP_SEGMENT), from 8 that are due at
// once, else with sendmmsg; they come in joined (UDP_GRO) with recvmmsg. Other systems than Linux send and receive them
// one by one. Nothing is allocated for a block or a datagram. On Linux, a test of UDP without a rate goes around Go's
// poller, which is woken for each datagram, and its receiver asks for 50 µs before it sleeps, as to wake it costs the
// sender as much as to send; the first ends of a process, one fewer than GOMAXPROCS, make their system calls without
// telling Go's scheduler. Between turns, a paced sender of datagrams sleeps for 1 ms, or from about 190 Mbit/s on
// for 0.2 ms, so that, unless it was kept from running, its bursts are no longer than the C program's. On Linux the
// first paced senders of a process, one fewer than GOMAXPROCS, sleep without giving their processor back to Go's
// scheduler, whose work for a thread that sleeps and wakes took more than half of a UDP sender's time at 100 Mbit/s.
// Receivers wait on Go's poller: a paced one costs more than the C program's. To wait as the senders do was tried, and
// cost as much.
//
// For four streams of TCP over veth, on two processors, these were tried: sockets around the poller, with a thread for
// each stream or one for all of them as in the C program, which kept its processor and its place; reads and writes of
// 64 KB to 1 MB; receivers that ask before they sleep, that sleep for a moment between reads, or that are woken for
// 128 KB and more only. The best of them, one thread with writes of 128 KB, had 0.79 to 1.04 of the C program's rate
// there from one go to the next, but 0.85 over loopback, and none was better with one stream in both places. What it is
// about is waking: a receiver that is faster falls asleep more often, and each time the sender pays for an interrupt of
// the other processor, which a virtual machine has to leave for.
//
// The bursts are these, in kilobytes that came within the same millisecond at the receiving end of a veth pair, while the
// machine had much else to do: the most of all, and the 99th percentile of the milliseconds in which something came.
// Medians of three runs of 2 s.
//
//	case                      C most  C 99 %  Go most  Go 99 %
//	TCP, -b 1M                131     131     2.1      1.1
//	TCP, -b 10M               131     131     11       10
//	TCP, -b 100M              131     131     102      102
//	TCP, -b 1G                1868    1078    1314     591
//	UDP, 1448 bytes, -b 1M    1.5     1.5     3.0      1.5
//	UDP, 1448 bytes, -b 10M   31      7.4     25       4.4
//	UDP, 1448 bytes, -b 100M  233     59      155      26
//	UDP, 1448 bytes, -b 250M  235     179     212      86
//	UDP, 1448 bytes, -b 1G    248     244     530      397
//
// The longest ones of UDP follow a time in which the sender was not run. The C program sends what it has missed as fast
// as it can, which is some 250 KB in a millisecond, a datagram a call; this one too, up to 1 Gbit/s, one by one, which is
// faster as many go with one call.
package native
