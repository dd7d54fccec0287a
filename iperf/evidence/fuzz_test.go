package evidence_test

import (
	"reflect"
	"testing"

	"github.com/tunaperf/tuna/iperf/evidence"
)

// FuzzRead checks that no output makes a Path with a number below zero, but for a wireless signal.
func FuzzRead(f *testing.F) {
	for _, file := range fixtures(f) {
		before, during, after, _ := fixture(f, file)
		f.Add(before, during, after)
	}
	f.Fuzz(func(t *testing.T, before, during, after string) {
		p := evidence.Read(before, during, after)
		if p == nil {
			return
		}
		if p.Wireless != nil {
			p.Wireless.Signal = nil
		}
		checkNumbers(t, "Path", reflect.ValueOf(*p))
		p.Link()
	})
}

func checkNumbers(t *testing.T, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Int, reflect.Int64:
		if v.Int() < 0 {
			t.Errorf("%s is %d", name, v.Int())
		}
	case reflect.Pointer:
		if !v.IsNil() {
			checkNumbers(t, name, v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			checkNumbers(t, name+"."+v.Type().Field(i).Name, v.Field(i))
		}
	case reflect.Slice:
		for i := range v.Len() {
			checkNumbers(t, name, v.Index(i))
		}
	}
}
