package report

import (
	"strconv"
	"time"
)

// zones are the abbreviations of time zones that mean one offset wherever they are used, in minutes
// east of UTC. Those of several zones, such as CST and IST, are not among them.
var zones = map[string]int{
	"UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 60, "CET": 60, "CEST": 120, "EET": 120, "EEST": 180, "MSK": 180,
	"WAT": 60, "CAT": 120, "SAST": 120, "EAT": 180, "IDT": 180, "PKT": 300, "WIB": 420, "WITA": 480, "WIT": 540,
	"HKT": 480, "JST": 540, "KST": 540, "AWST": 480, "ACST": 570, "ACDT": 630, "AEST": 600, "AEDT": 660,
	"NZST": 720, "NZDT": 780, "HST": -600, "HDT": -540, "AKST": -540, "AKDT": -480, "PDT": -420, "MDT": -360,
	"EST": -300, "EDT": -240, "AST": -240, "ADT": -180, "NST": -210, "NDT": -150,
}

// parseZoned reads a moment with the abbreviation of its time zone, or with an offset in place of
// one. It is zero if the moment cannot be read, or if the zone is unknown or may be one of several.
// The zone of the machine that reads is of no account.
func parseZoned(layout string, b []byte) time.Time {
	at, err := time.ParseInLocation(layout, string(b), time.UTC)
	if err != nil {
		return time.Time{}
	}
	name, offset := at.Zone()
	minutes, known := zones[name]
	if !known {
		if minutes, known = offsetOf(name); !known {
			return time.Time{}
		}
	}
	return at.Add(time.Duration(offset)*time.Second - time.Duration(minutes)*time.Minute).UTC()
}

// offsetOf reads "+03", "-0330" or "+0545": what zones without an abbreviation are called.
func offsetOf(name string) (minutes int, ok bool) {
	n, err := strconv.Atoi(name)
	switch {
	case err != nil || name[0] != '+' && name[0] != '-':
		return 0, false
	case len(name) == 3:
		return n * 60, true
	case len(name) == 5:
		return n/100*60 + n%100, true
	}
	return 0, false
}
