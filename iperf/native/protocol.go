package native

import (
	"crypto/rand"
	"fmt"
)

// state is a message on the control connection: one signed byte.
type state int8

const (
	testStart       state = 1
	testRunning     state = 2
	testEnd         state = 4
	paramExchange   state = 9
	createStreams   state = 10
	serverTerminate state = 11
	clientTerminate state = 12
	exchangeResults state = 13
	displayResults  state = 14
	iperfDone       state = 16
	accessDenied    state = -1
	serverError     state = -2
)

// A server that cannot go on sends serverError and then two numbers of 4 bytes, its own code and the system's errno.
const (
	codeDuration       = 5
	codeStreams        = 6
	codeBlockSize      = 7
	codeBufferSize     = 8
	codeMSS            = 10
	codeOmit           = 12
	codeBurst          = 15
	codeNoSCTP         = 18
	codeReceiveParams  = 114
	codeSetCongestion  = 134
	codeBuffersNotSet  = 141
	codeCreateStream   = 200
	codeAcceptStream   = 204
	codeReverseBidir   = 25
	codeReceiveResults = 117
)

// codeText says what the codes mean that a server is most likely to send.
var codeText = map[int32]string{
	codeDuration:       "test duration too long",
	codeStreams:        "number of parallel streams too large",
	codeBlockSize:      "block size too large",
	codeBufferSize:     "socket buffer size too large",
	codeMSS:            "TCP MSS too large",
	codeOmit:           "bogus value for --omit",
	codeBurst:          "invalid burst count",
	codeNoSCTP:         "no SCTP support available",
	codeReverseBidir:   "cannot be both reverse and bidirectional",
	codeReceiveParams:  "unable to receive parameters from client",
	codeReceiveResults: "unable to receive results",
	codeSetCongestion:  errNoCongestion.Error(),
	codeBuffersNotSet:  errBuffersNotSet.Error(),
	codeCreateStream:   "unable to create a new stream",
	codeAcceptStream:   "unable to accept stream connection",
	27:                 "the client's total bit rate is above the server's limit",
	142:                "test authorization failed",
}

// A refusal is the code of a parameter error, which a server tells its client.
type refusal int32

func (r refusal) Error() string {
	if s, ok := codeText[int32(r)]; ok {
		return s
	}
	return fmt.Sprintf("error %d", int32(r))
}

// The bounds of what a client may ask for, iperf's own.
const (
	maxStreams    = 128
	maxTime       = 86400 // seconds
	maxOmit       = 600   // seconds
	maxTCPBlock   = 1 << 20
	maxUDPBlock   = 65507
	minUDPBlock   = 16
	maxBuffer     = 512 << 20
	maxMSS        = 9 << 10
	maxPeerMSS    = 1<<15 - 1 // what newer clients may ask for, and the most that Linux takes
	maxBurst      = 1000
	maxRate       = 1 << 50 // bit/s: far above any link, far below an overflow
	maxTitle      = 512
	maxParamJSON  = 8 << 10
	maxClientJSON = 256 << 10 // a client's results: 128 streams are 30 kB
	maxServerJSON = 16 << 20  // a server's results, which may contain all that it printed
)

const (
	defaultPort     = 5201
	defaultTCPBlock = 128 << 10
	defaultUDPBlock = 1460
	defaultUDPRate  = 1 << 20 // bit/s
	defaultSeconds  = 10
)

// A UDP stream begins with a datagram from the client, which the server answers. Each is a number of 4 bytes in its
// sender's byte order, little-endian nearly everywhere. Versions before 3.11 used the old numbers.
const (
	udpHello    = 0x36373839
	udpReply    = 0x39383736
	oldUDPReply = 987654321
)

// A cookie names one test: 36 letters and digits, and a zero byte.
const cookieSize = 37

type cookie [cookieSize]byte

func newCookie() (c cookie) {
	rand.Read(c[:cookieSize-1])
	for i := range c[:cookieSize-1] {
		c[i] = "abcdefghijklmnopqrstuvwxyz234567"[c[i]&31]
	}
	return c
}

// valid reports whether c could be an iperf client's, and not the start of some other protocol.
func (c *cookie) valid() bool {
	for _, b := range c[:cookieSize-1] {
		if b <= ' ' || b > '~' {
			return false
		}
	}
	return c[cookieSize-1] == 0
}

func (c *cookie) String() string { return string(c[:cookieSize-1]) }

// streamID is how the exchange of results numbers the streams: 1, 3, 4, 5, …
func streamID(i int) int {
	if i == 0 {
		return 1
	}
	return i + 2
}
