package iperf

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/tunaperf/tuna/iperf/internal/settings"
	"github.com/tunaperf/tuna/iperf/report"
)

// Check finds everything that is wrong with the settings whatever the program's version is: values out of range, and
// combinations that no iperf takes. Its error wraps ErrSettings and has one line for each fault. Run, StartServer and
// RunClient check the same, and what the version that they find does not take, before they start anything.
func (x *Iperf) Check() error {
	f := faults{}
	if _, err := x.UDP(); err != nil {
		f.errs = append(f.errs, err)
	}
	if x.Client.Protocol > report.ProtocolSCTP {
		f.bad("Client.Protocol", uint8(x.Client.Protocol), "TCP, UDP or SCTP")
	}
	if strings.ContainsFunc(x.Program, unicode.IsControl) {
		f.bad("Program", fmt.Sprintf("%q", x.Program), "without control characters")
	}
	f.texts("Client", reflect.ValueOf(x.Client))
	f.texts("Server", reflect.ValueOf(x.Server))
	f.notNilPointer("ClientServer", x.ClientServer)
	f.notNilPointer("FileStorage", x.FileStorage)
	f.notNilPointer("LogWriter", x.LogWriter)
	f.notNilPointer("Parser", x.Parser)
	f.time("Timeout", x.Timeout, forever)
	f.time("EventTimer.Time", x.EventTimer.time(), day)
	client, server := clientEnd(&x.Client), serverEnd(&x.Server)
	f.values(client)
	f.together(client, x.Client.protocol())
	f.clientTogether(client, &x.Client)
	f.values(server)
	f.together(server, x.Client.protocol())
	f.serverTogether(server, &x.Server, &x.Client)
	return errors.Join(f.errs...)
}

// faults collects what is wrong.
type faults struct{ errs []error }

// bad adds a value that is out of range, or does not go with the settings of other fields.
func (f *faults) bad(field string, value any, allowed string, together ...string) {
	f.errs = append(f.errs, &SettingError{Field: field, Value: fmt.Sprint(value), Allowed: allowed, Together: together})
}

// unprintable adds a text that no output can show. It is no SettingError because a configuration may have such texts.
func (f *faults) unprintable(field, value string) {
	f.errs = append(f.errs, fmt.Errorf("%w: %s is %s: must be without control characters", ErrSettings, field, value))
}

// values checks the values of a table's settings by themselves.
func (f *faults) values(end end) {
	for _, s := range end.table {
		if s.Is == nil {
			continue
		}
		if value, allowed := s.Is.Check(end.value(s.Field)); allowed != "" {
			f.bad(end.name(s.Field), value, allowed)
		}
	}
}

// time checks a time that is no setting of the programs.
func (f *faults) time(field string, d, most time.Duration) {
	if value, allowed := (settings.Duration{Most: most}).Check(reflect.ValueOf(d)); allowed != "" {
		f.bad(field, value, allowed)
	}
}

const (
	day         = settings.Day
	forever     = math.MaxInt64 * time.Nanosecond
	longestText = 4096 // bytes, of a path
)

// texts checks every text of a struct. A NUL ends an argument of a program, and other control characters break its output.
func (f *faults) texts(path string, v reflect.Value) {
	for i := range v.NumField() {
		field, name := v.Field(i), path+"."+v.Type().Field(i).Name
		switch value := field.Interface().(type) {
		case string:
			f.text(name, value)
		case []string:
			for _, s := range value {
				f.text(name, s)
			}
		}
	}
}

func (f *faults) text(field, s string) {
	switch {
	case field == "Client.PermitKey": // is secret
		if strings.ContainsFunc(s, unicode.IsControl) {
			f.unprintable(field, fmt.Sprintf("of %d characters", len(s)))
		}
	case strings.ContainsFunc(s, unicode.IsControl):
		f.unprintable(field, fmt.Sprintf("%.200q", s))
	case len(s) > longestText:
		f.bad(field, fmt.Sprintf("of %d bytes", len(s)), fmt.Sprintf("of %d bytes or less", longestText))
	}
}
