package evidence

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/tunaperf/tuna/internal/shquote"
)

// The scripts of the commands. The functions of counters.sh stand before each of the others.
var (
	//go:embed counters.sh
	countersSource string
	//go:embed before.sh
	beforeSource string
	//go:embed during.sh
	duringSource string
	//go:embed around.sh
	aroundSource string

	functions    = compact(countersSource)
	beforeScript = compact(beforeSource)
	duringScript = compact(duringSource)
	aroundScript = compact(aroundSource)
)

// compact returns a script without its comments and indentation.
func compact(source string) string {
	var b strings.Builder
	for line := range strings.Lines(source) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			b.WriteString(line + "\n")
		}
	}
	return b.String()
}

// quiet returns a compound command of script. It discards the errors of tools that are missing, and
// exits with status 0.
func quiet(script string) string { return "{\n" + script + ":\n} 2>/dev/null" }

// Before describes what is asked of a host's path.
type Before struct {
	Peer string // address or name of the other end; with %device the route is asked for through that device

	// Pause comes between the route and the rest, which starts about ten processes and would slow
	// down what the host does at the same time.
	Pause time.Duration
}

// Command returns the command. It prints the route and the line [Routed], and then the devices of
// the route and the kernel's settings.
func (b Before) Command() string {
	return quiet(functions + strings.NewReplacer(
		"PEER", shquote.Quote(strings.TrimSuffix(strings.TrimPrefix(b.Peer, "["), "]")),
		"PAUSE", strconv.FormatFloat(max(0, b.Pause.Seconds()), 'f', -1, 64),
	).Replace(beforeScript))
}

// Routed is the line that the command of [Before] prints after the route.
const Routed = "-- routed"

// During describes the samples that are taken while a test runs.
type During struct {
	Device string        // the device whose queue is sampled, usually [Path].Queue; empty: none
	Link   string        // the device whose counters are sampled, usually [Path].Device; empty: none
	Port   int           // of the server
	UDP    bool          // the test is one of UDP
	Every  time.Duration // between two samples
	Count  int           // of samples
}

// Command returns the command that prints the samples. It ends by itself after the last one. If the
// host's sleep does not know fractions, Every is rounded up to whole seconds and the samples become
// fewer.
func (d During) Command() string {
	every := max(d.Every, 10*time.Millisecond)
	whole := math.Ceil(every.Seconds())
	udp := ""
	if d.UDP {
		udp = "1"
	}
	return quiet(functions + strings.NewReplacer(
		"PORT", strconv.Itoa(d.Port),
		"HEX", fmt.Sprintf("%04X", d.Port),
		"UDP", udp,
		"DEVICE", shquote.Quote(d.Device),
		"LINK", shquote.Quote(d.Link),
		"EVERY", strconv.FormatFloat(every.Seconds(), 'f', -1, 64),
		"HALF", strconv.FormatInt(int64(every/(20*time.Millisecond)), 10),
		"WHOLE", strconv.FormatFloat(whole, 'f', -1, 64),
		"STEP", strconv.FormatFloat(math.Ceil(whole/every.Seconds()), 'f', -1, 64),
		"COUNT", strconv.Itoa(d.Count),
		"LIMIT", strconv.FormatFloat(math.Ceil(every.Seconds()*float64(d.Count))+1, 'f', -1, 64),
	).Replace(duringScript))
}

// Around returns command between two states of the counters: it prints the counters, then mark,
// then the output of command, then mark, and then the counters again. A [Splitter] takes these
// apart.
//
// Its exit status is that of command, which must not end the shell. HUP, INT and TERM sent to the
// whole process group have their usual effect on command, and the counters follow. If command exits
// with 0 then, the exit status is 143.
//
// mark is a word that command does not print; it has no backslash and does not begin with "-".
// device is the device whose queue is printed, usually [Path].Queue; empty: none.
func Around(command, mark, device string) string {
	before, after, _ := strings.Cut(aroundScript, "COMMAND\n")
	fill := strings.NewReplacer("MARK", shquote.Quote(mark), "DEVICE", shquote.Quote(device))
	return "{\n" + functions + fill.Replace(before) + command + "\n" + fill.Replace(after) + "}"
}
