package iperf

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/tunaperf/tuna/iperf/report"
)

// LimitKind is what held back the rate of a test. The zero value is LimitUnknown.
type LimitKind uint8

// The kinds of limits. LimitUnknown is returned unless the evidence leaves only one of the others.
const (
	LimitUnknown           LimitKind = iota
	LimitPath                        // the rate that the path carries; Limit.Side is set if the queue is in the sender's own device
	LimitLoss                        // loss without a queue
	LimitReceiveWindow               // the window that the receiver offers
	LimitSendBuffer                  // the sender's socket buffer
	LimitPace                        // the rate that the application was told to send at
	LimitSenderCPU                   // processor time at the sender
	LimitReceiverCPU                 // processor time at the receiver
	LimitReceiveBuffer               // the receiver's socket buffer, of UDP
	LimitShort                       // the test ended before TCP had reached its rate
	LimitCongestionControl           // the congestion control alone
)

var limitTexts = []string{
	LimitUnknown: "unknown", LimitPath: "path", LimitLoss: "loss",
	LimitReceiveWindow: "receive window", LimitSendBuffer: "send buffer",
	LimitPace: "pace", LimitSenderCPU: "sender's processor", LimitReceiverCPU: "receiver's processor",
	LimitReceiveBuffer: "receive buffer", LimitShort: "short test", LimitCongestionControl: "congestion control",
}

// String returns the kind in words: "path", "sender's processor".
func (k LimitKind) String() string {
	if int(k) < len(limitTexts) {
		return limitTexts[k]
	}
	return fmt.Sprintf("LimitKind(%d)", uint8(k))
}

// MarshalText returns the text of String. It is an error if the kind is none of the constants.
func (k LimitKind) MarshalText() ([]byte, error) {
	if int(k) >= len(limitTexts) {
		return nil, fmt.Errorf("limit kind %d: must be one of the constants", uint8(k))
	}
	return []byte(limitTexts[k]), nil
}

// UnmarshalText reads what MarshalText returns. Any other text is an error.
func (k *LimitKind) UnmarshalText(text []byte) error {
	i := slices.Index(limitTexts, string(text))
	if i < 0 {
		return fmt.Errorf("limit kind %q: must be one of %q", text, limitTexts)
	}
	*k = LimitKind(i)
	return nil
}

// A Limit is what held back the rate of a test. The zero value is an unknown limit without
// evidence.
//
// It is marshaled to JSON as {"kind": "path", "side": "client", "evidence": [...]}.
type Limit struct {
	Kind     LimitKind
	Side     Role     // the end that holds back; zero: neither, or unknown
	Evidence []Figure // the decisive figures first; of an unknown limit, those that contradict each other or do not suffice
}

// A Figure is one measured value behind a Limit.
type Figure struct {
	Name  string  `json:"name"`           // "queueing delay", "core 1 busy"
	Value float64 `json:"value"`          // 0 or more
	Unit  string  `json:"unit,omitempty"` // "%", "ms", "bit/s", "byte"; empty: a count or a ratio
}

// check returns an error if no run can have written the figure.
func (f Figure) check() error {
	switch {
	case f.Name == "" || strings.ContainsFunc(f.Name, unicode.IsControl):
		return fmt.Errorf("limit evidence name %q: must be printable and not empty", f.Name)
	case f.Value < 0 || f.Value > 1e18:
		return fmt.Errorf("limit evidence %q is %v: must be from 0 to 1e18", f.Name, f.Value)
	case !slices.Contains([]string{"", "s", unitPercent, unitMs, unitRate, unitByte}, f.Unit):
		return fmt.Errorf("limit evidence %q has the unit %q: must be %%, s, ms, bit/s, byte or empty", f.Name, f.Unit)
	}
	return nil
}

// The units of figures.
const (
	unitPercent = "%"
	unitMs      = "ms"
	unitRate    = "bit/s"
	unitByte    = "byte"
)

// String returns name and value in three digits: "queueing delay 48.2 ms".
func (f Figure) String() string { return f.Name + " " + f.amount() }

func (f Figure) amount() string {
	switch f.Unit {
	case unitRate:
		return report.BitRate(f.Value).String()
	case unitByte:
		return strconv.FormatFloat(f.Value, 'f', 0, 64) + " byte"
	}
	text := threeDigits(f.Value)
	if f.Unit != "" {
		text += " " + f.Unit
	}
	return text
}

// threeDigits formats a number with three significant digits, and whole numbers from 100 on in
// full.
func threeDigits(v float64) string {
	digits := 0
	if a := math.Abs(v); a > 0 && a < 99.95 {
		digits = max(0, min(6, 2-int(math.Floor(math.Log10(a)))))
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return text
}

// String returns one line for people: "receiver's processor: core 1 was busy for 97 % of the test".
func (l Limit) String() string {
	text := l.Kind.String()
	if l.Kind == LimitPath && l.Side != 0 {
		text = fmt.Sprintf("path at the %v's own device", l.Side)
	}
	var said []string
	for _, f := range l.Evidence[:min(3, len(l.Evidence))] {
		said = append(said, f.sentence())
	}
	if len(said) == 0 {
		return text
	}
	return text + ": " + strings.Join(said, ", ")
}

// sentence returns the figure as a part of a sentence.
func (f Figure) sentence() string {
	if core, ok := strings.CutSuffix(f.Name, " busy"); ok && strings.HasPrefix(core, "core ") {
		return fmt.Sprintf("%s was busy for %s of the test", core, f.amount())
	}
	if s, ok := sentences[f.Name]; ok {
		return fmt.Sprintf(s, f.amount())
	}
	return f.String()
}

// limitJSON is the layout of a Limit in JSON.
type limitJSON struct {
	Kind     LimitKind `json:"kind"`
	Side     string    `json:"side,omitempty"`
	Evidence []Figure  `json:"evidence,omitempty"`
}

// MarshalJSON returns the layout that the comment of Limit shows.
func (l Limit) MarshalJSON() ([]byte, error) {
	j := limitJSON{Kind: l.Kind, Evidence: l.Evidence}
	switch l.Side {
	case 0:
	case RoleClient, RoleServer:
		j.Side = l.Side.String()
	default:
		return nil, fmt.Errorf("limit side %d: must be a client, a server or zero", uint8(l.Side))
	}
	return json.Marshal(j)
}

// UnmarshalJSON reads what MarshalJSON returns. An unknown kind or side is an error.
func (l *Limit) UnmarshalJSON(data []byte) error {
	var j limitJSON
	if err := json.Unmarshal(data, &j); err != nil {
		return err
	}
	read := Limit{Kind: j.Kind, Evidence: j.Evidence}
	for _, f := range j.Evidence {
		if err := f.check(); err != nil {
			return err
		}
	}
	switch j.Side {
	case "":
	case RoleClient.String():
		read.Side = RoleClient
	case RoleServer.String():
		read.Side = RoleServer
	default:
		return fmt.Errorf("limit side %q: must be client or server", j.Side)
	}
	*l = read
	return nil
}
