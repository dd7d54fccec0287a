package settings

import (
	"math"
	"time"
)

// Bounds of settings that both ends have.
var (
	someInterval   = Duration{Words: true, Least: leastInterval, Most: longestInterval}
	intervals2     = []Limit{{All2, interval(500*time.Millisecond, longestInterval)}, {Since{2, 0, 7}, interval(leastInterval, longestInterval)}}
	intervals3     = []Limit{{All3, interval(100*time.Millisecond, time.Minute)}}
	sizes2         = []Limit{{All2, noMore(math.MaxInt32, "bytes")}}
	lengths3       = []Limit{{All3, noMore(1<<20, "bytes")}}
	windows3       = []Limit{{All3, noMore(512<<20, "bytes")}}
	formats2       = []Limit{{All2, letter("bkmgaBKMGA")}}
	formats3       = []Limit{{All3, letter("kmgKMG")}, {Since{3, 2, 0}, letter("kmgtKMGT")}}
	format         = Text{matching(`^.?$`, "one letter")}
	reportStyle    = Text{matching(`^[Cc]?$`, "C")}
	receiveTimeout = Duration{Low: true, Least: 100 * time.Millisecond, Whole: time.Millisecond, Most: Day, Unit: time.Millisecond}
	sendTimeout    = Duration{Low: true, Whole: time.Millisecond, Most: Day, Unit: time.Millisecond}
	binWidth       = Duration{Low: true, Whole: time.Microsecond, Most: longestTimer}
	bins           = Count{"bins", mostBins, 0}
)

// output has the settings of a program's output. Both ends have them.
var output = []Setting{
	{Field: "Verbose", Three: three("-V"), Is: Switch{}, Keys: "verbose"},
	{Field: "Enhanced", Two: One("-e", 2, 0, 8), Is: Switch{}, Keys: "enhanced"},
	{Field: "JSON", Three: three("-J"), Is: Switch{}, Keys: "json"},
	{Field: "JSONStream", Three: One("--json-stream", 3, 17, 0), Is: Switch{}, Keys: "json-stream"},
	{Field: "JSONStreamFullOutput", Three: One("--json-stream-full-output", 3, 20, 0), Is: Switch{}, Needs: "JSONStream", Keys: "json-stream-full-output"},
	{Field: "ReportStyle", Two: One("-y", 2, 0, 0), Is: reportStyle, Keys: "reportstyle"},
	{Field: "ReportExclude", Two: One("-x", 2, 0, 0), Is: Text{reportExclude}, Keys: "reportexclude",
		Limits2: []Limit{{Since{2, 1, 8}, matching(`^[CScs]*$`, "of the letters C and S, as M and V have no effect")}}},
	{Field: "SumOnly", Two: One("--sum-only", 2, 0, 14), Is: Switch{}, Keys: "sum-only"},
}

// streams are the protocols that send segments.
const streams = "TCP SCTP"

const congestionKeys = "linux-congestion tcp-congestion tcp-cca congestion"

func seconds(most time.Duration) Kind { return Duration{Low: true, Whole: time.Second, Most: most} }
