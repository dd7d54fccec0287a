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
// refused by name; so are -C, -M and --snd-timeout where the system has no such thing. One flag is new: --allow says who
// may use a server. Where a flag's value could not be had, the C program's behaviour was kept, with these exceptions:
//
//   - Paced TCP is written in pieces of at most eight milliseconds' worth instead of whole blocks, so that low rates are
//     kept as well: -b 1M sends 1.00 Mbit/s, where blocks of 128 KB make it 1.05.
//   - -n and -k send whole blocks, no more than needed (before 3.20 the C program did so too; since, it sends until the
//     interval is over), and a server that receives them waits for the last.
//   - The socket of UDP streams is asked for a receive buffer of 4 MB where -w does not say, so that a receiver that is
//     not run for a moment loses nothing.
//   - Exit status and the JSON's "error" both tell of every failure; a one-off server whose test failed exits with 1.
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
// control connection. As in the C program without authentication, whoever may connect may have the server send at full
// rate to itself; --allow and [Host.Allow] restrict that.
//
// # Speed
//
// Measured with TestSpeed (go test -run TestSpeed -speed 5) on two processors of a virtual machine with Linux 6.18, both
// ends there, over loopback: the C program 3.12 and this one in turns, each end a process, medians of 5 runs of 2 s. The
// machine did other work too, and its absolute rates moved by a factor of two between tables; ratios are within a table.
//
//	case                        C Gbit/s  Go Gbit/s  ratio   C s/GB  Go s/GB  C Mdgram/s  Go Mdgram/s
//	TCP, 1 stream                  20.94      25.41   1.21    0.386    0.338
//	TCP, 1 stream, -R              12.02      13.98   1.16    0.380    0.353
//	TCP, 4 streams                 10.10      16.06   1.59    0.413    0.352
//	TCP, 1 stream, -Z              18.97      19.35   1.02    0.433    0.432
//	UDP, 1460 bytes, -b 0           4.34      53.75  12.40    2.721    0.252       0.371        4.602
//	TCP, -b 1M                  0.001049   0.001002            110.8    183.2
//	TCP, -b 100M                 0.10013    0.09996            2.056    5.757
//	TCP, -b 1G                   0.99977    0.99984            0.392    1.158
//	TCP, -b 5G                   4.99771    4.99718            0.395    0.669
//	UDP, 1460 bytes, -b 1M      0.001004   0.001004            232.4    210.2
//	UDP, 1460 bytes, -b 100M     0.09995    0.09999            5.703    9.714
//	UDP, 1460 bytes, -b 1G       0.99960    0.99991            3.060    2.569
//	UDP, 1460 bytes, -b 5G       2.81584    4.99875            3.982    0.784
//
// s/GB is the processor time of both ends for each gigabyte received. Rates without a limit are the receiver's, with -b
// the sender's. Over a veth pair between two network namespaces, medians of 5 runs in turn were 21.87 to 18.75 Gbit/s for
// one TCP stream (0.50 to 0.53 s/GB), 27.64 to 25.31 for four, and 4.2 to 0.5 million datagrams a second. Behind a token
// bucket of 20 Mbit/s on that pair both programs measure the same, TCP 19.1 and UDP 19.5 Mbit/s.
//
// What remains is the kernel's. In a profile of one TCP stream, the receiver spends 32 % in copying to user space
// (_copy_to_iter), 21 % in soft interrupts and locks, 13 % in switching tasks; the sender 27 % in copying from user
// space. In one of UDP, copying takes 48 % of the receiver and 33 % of the sender, counting datagrams 3 %. sendfile (-Z)
// saves the sender's copy but moves 64 KB at a time, and measured no better than plain writes over loopback.
//
// Datagrams go out as one large buffer that the kernel, or the network card, cuts (UDP_SEGMENT), from 8 that are due at
// once, else with sendmmsg; they come in joined (UDP_GRO) with recvmmsg. Other systems than Linux send and receive them
// one by one. Nothing is allocated for a block or a datagram. Between turns, a sender of datagrams sleeps for 1 ms, or
// from about 190 Mbit/s on for 0.2 ms, so that its bursts are never longer than the C program's. On Linux the first paced
// senders of a process, one fewer than GOMAXPROCS, sleep without giving their processor back to Go's scheduler, whose
// work for a thread that sleeps and wakes took more than twice what everything else did. What a paced receiver costs
// more than the C program's is that work.
package native
