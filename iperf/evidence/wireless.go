package evidence

import (
	"math"
	"strconv"
	"strings"
)

// readIW reads the answer of "iw dev link", or of "iw dev info" for a device that is an access
// point.
func (w *Wireless) readIW(text string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		f := strings.Fields(value)
		switch name {
		case "freq:":
			w.tune(first(f))
		case "channel": // "36 (5180 MHz), width: 80 MHz"
			if len(f) > 1 {
				w.tune(strings.TrimPrefix(f[1], "("))
			}
		case "signal:":
			if n, err := strconv.Atoi(first(f)); err == nil && n < 0 {
				w.Signal = &n
			}
		case "rx", "tx": // "bitrate: 866.7 MBit/s VHT-MCS 9"
			if len(f) < 3 || f[0] != "bitrate:" || f[2] != "MBit/s" {
				continue
			}
			mbit, err := strconv.ParseFloat(f[1], 64)
			if err != nil || !(mbit > 0 && mbit < 1e9) {
				continue
			}
			if rate := int64(math.Round(mbit * 1e6)); name == "rx" {
				w.RxRate = rate
			} else {
				w.TxRate = rate
			}
		}
	}
}

// readSignal reads the device's row of /proc/net/wireless. Its level is in dBm if it is negative.
func (w *Wireless) readSignal(text, device string) {
	for _, f := range table(text, 4) {
		level, err := strconv.ParseFloat(strings.TrimSuffix(f[3], "."), 64)
		if f[0] == device+":" && err == nil && level < 0 && level > -256 && w.Signal == nil {
			n := int(level)
			w.Signal = &n
		}
	}
}

// tune sets the frequency in MHz and its channel.
func (w *Wireless) tune(mhz string) {
	f, err := strconv.ParseFloat(mhz, 64)
	if err != nil || !(f > 0 && f < 1e6) {
		return
	}
	w.Frequency = int(f)
	w.Channel = channel(w.Frequency)
}

// channel returns the number of the channel at a frequency in MHz, by IEEE 802.11-2020, annex E. It
// is 0 for other bands.
func channel(mhz int) int {
	switch {
	case mhz == 2484:
		return 14
	case 2412 <= mhz && mhz <= 2472:
		return (mhz - 2407) / 5
	case 4910 <= mhz && mhz <= 4980:
		return (mhz - 4000) / 5
	case mhz == 5935:
		return 2
	case 5000 < mhz && mhz < 5935:
		return (mhz - 5000) / 5
	case 5955 <= mhz && mhz <= 7115:
		return (mhz - 5950) / 5
	case 58320 <= mhz && mhz <= 69120:
		return (mhz - 56160) / 2160
	}
	return 0
}

// first returns the first of words, or nothing.
func first(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[0]
}
