package iperf

import "fmt"

// A SettingError is a setting that is out of range, that the program's version does not take, or that does not go with
// other settings. Iperf.Check and a run's errors wrap one for each.
type SettingError struct {
	Field    string // such as "Client.Port"
	Value    string
	Allowed  string   // what it must be; of a combination, with the values of the fields in Together
	Together []string // the other fields of a combination, such as "Client.Bidir"; nil: the value is wrong by itself
}

// Error returns one line, such as "bad settings: Client.Port is 70000: must be from 0 to 65535", or "bad settings:
// Client.Reverse is true: must be unset if Client.Bidir (true) is set".
func (e *SettingError) Error() string {
	return fmt.Sprintf("%v: %s is %s: must be %s", ErrSettings, e.Field, e.Value, e.Allowed)
}

// Unwrap returns ErrSettings.
func (e *SettingError) Unwrap() error { return ErrSettings }
