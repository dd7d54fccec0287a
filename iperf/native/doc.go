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
// namespaces. Medians of 5 runs of 1 s in one go. The system's congestion control is BBR there, with no queueing discipline
// that paces. Absolute rates move by a factor of two from one hour to the next: ratios are of the same go.
//
//	case                            C Gbit/s  Go Gbit/s  ratio  C s/GB  Go s/GB  C Mdgram/s  Go Mdgram/s
//	TCP, 1 stream                   16.42     27.57      1.68   0.727   0.455
//	TCP, 1 stream, -R               17.35     33.35      1.92   0.661   0.388
//	TCP, 4 streams                  24.22     47.33      1.95   0.497   0.297
//	TCP, 1 stream, -C cubic         42.09     45.99      1.09   0.32    0.281
//	TCP, 4 streams, -C cubic        35.19     68.34      1.94   0.384   0.209
//	TCP, 1 stream, -Z               28.61     26.23      0.92   0.473   0.55
//	UDP, 1460 bytes, -b 0           2.456     31.41      12.79  5.58    0.507  0.210  2.689
//	TCP, -b 1M                      0.001048  0.0009998  0.95   248     264
//	TCP, -b 10M                     0.01048   0.009996   0.95   31.5    30.5
//	TCP, -b 100M                    0.1007    0.1001     0.99   3.27    3.52
//	TCP, -b 1G                      0.9992    0.9994     1.00   0.68    1.56
//	TCP, -b 5G                      4.996     4.997      1.00   0.606   0.7
//	UDP, 1460 bytes, -b 1M          0.001004  0.001004   1.00   271     334
//	UDP, 1460 bytes, -b 10M         0.009997  0.01001    1.00   40.5    88.3
//	UDP, 1460 bytes, -b 100M        0.09991   0.0999     1.00   11.7    11.2
//	UDP, 1460 bytes, -b 1G          0.9994    1          1.00   7.03    4.83
//	UDP, 1460 bytes, -b 5G          1.98      5          2.53   6.43    2.75
//	veth: TCP, 1 stream             17.52     28.42      1.62   0.631   0.432
//	veth: TCP, 1 stream, -R         17.38     28.62      1.65   0.644   0.439
//	veth: TCP, 2 streams            24.73     44.86      1.81   0.505   0.307
//	veth: TCP, 4 streams            41.75     48.48      1.16   0.342   0.312
//	veth: TCP, 4 streams, -R        39.74     48.73      1.23   0.351   0.311
//	veth: TCP, 8 streams            35.04     50.23      1.43   0.403   0.311
//	veth: TCP, 1 stream, -C cubic   39.5      50.6       1.28   0.349   0.256
//	veth: TCP, 4 streams, -C cubic  41.05     68.91      1.68   0.347   0.215
//	veth: TCP, 4 streams, -Z        35.16     28.21      0.80   0.392   0.481
//	veth: UDP, 1460 bytes, -b 0     2.553     59.64      23.36  5.24    0.268  0.219  5.106
//
// s/GB is the processor time of both ends for each gigabyte received. Rates without a limit are the receiver's, with -b
// the sender's. Four streams over veth differ most from one go to the next: three of five runs each within half an hour
// gave 1.04, 1.13 and 1.16 times the C program's rate, with -R 1.17 and 1.23. UDP over loopback is twice as fast at times
// as in this table: in five turns of 2 s, 3.22 with --gsro received 4.75 million datagrams a second, and this program
// 5.28. Behind a token bucket of 20 Mbit/s on a veth pair both programs measure the same, TCP 19.1 and UDP
// 19.5 Mbit/s.
//
// What remains is the kernel's. In a profile of one TCP stream, the sender spends 39 % in copying from user space
// (_copy_from_iter) and 21 % in waking the receiver and setting timers, the receiver 31 % in copying to user space. In
// one of UDP, copying takes 48 % of the receiver and 33 % of the sender, counting datagrams 3 %. sendfile (-Z) saves the
// sender's copy but moves 64 KB at a time, and measured no better than plain writes.
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
// On Linux, several unpaced TCP streams are received in one goroutine for each two processors, and with BBR sent so as
// well, around the poller: each in turn, 120 KB at a time, or 750 KB when there are fewer than four. BBR measures a
// stream's rate at its acknowledgements, and spaces its segments by that with a timer for each. Where both ends share two
// processors, streams that write or read 160 KB and more at once are acknowledged late, seem slow, and the timers take
// half of the sender's time: with a goroutine for each stream and large writes, four had 0.6 of the C program's rate. With
// cubic that is the fastest way, 1.3 to 2 times as fast, and so it is used. What is sent is 30 KB that one call sends many
// times, what is received goes to the same 64 KB: more memory is pushed out of the processor's cache by the data itself.
//
// The bursts are these, in kilobytes that came within the same millisecond at the receiving end of a veth pair: the most of
// all, and the 99th percentile of the milliseconds in which something came. Medians of three runs of 2 s.
//
//	case                      C most  C 99 %  Go most  Go 99 %
//	TCP, -b 1M                131     131     1.1      1.1
//	TCP, -b 10M               131     131     10       10
//	TCP, -b 100M              131     131     66       66
//	TCP, -b 1G                525     131     329      197
//	UDP, 1448 bytes, -b 10M   15      1.5     7.4      3.0
//	UDP, 1448 bytes, -b 100M  106     18      32       20
//	UDP, 1448 bytes, -b 250M  133     53      81       43
//	UDP, 1448 bytes, -b 1G    249     245     306      254
//
// The longest ones follow a time in which the sender was not run, of which there were many: a minute before, the worst of
// UDP at 1 Gbit/s was 251 and 289 and the 99th percentile 247 and 161. The C program sends what it has missed as fast as it
// can. This one, on Linux and up to 1 Gbit/s, sends it at one and a half times its rate, datagrams one by one; when it is
// more than 10 ms late, as fast as the C program, so that the mean stays the rate that was asked for.
package native
