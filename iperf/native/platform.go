package native

import (
	"bytes"
	"context"
	"fmt"
	"strings"
)

// A Platform is what a program is built for, in the words of the Go toolchain.
type Platform struct {
	OS, Arch string // GOOS and GOARCH
	Variant  string // GOARM ("5", "6" or "7"), GO386 or GOMIPS; empty where there is no choice
}

// String gives "linux-arm64", "linux-arm-7" or the like.
func (p Platform) String() string {
	s := p.OS + "-" + p.Arch
	if p.Variant != "" {
		s += "-" + p.Variant
	}
	return s
}

// env is what the toolchain must be told.
func (p Platform) env() []string {
	e := []string{"CGO_ENABLED=0", "GOOS=" + p.OS, "GOARCH=" + p.Arch}
	switch {
	case p.Variant == "":
	case p.Arch == "arm":
		e = append(e, "GOARM="+p.Variant)
	case p.Arch == "386":
		e = append(e, "GO386="+p.Variant)
	case strings.HasPrefix(p.Arch, "mips64"):
		e = append(e, "GOMIPS64="+p.Variant)
	case strings.HasPrefix(p.Arch, "mips"):
		e = append(e, "GOMIPS="+p.Variant)
	}
	return e
}

// platformScript prints what tells processors apart. The kernel's name of one leaves the order of bytes open, which is
// in the header of every program, and whether it has a floating-point unit, which is in its list of features.
const platformScript = `echo "system $(uname -s)"
echo "machine $(uname -m)"
exe=/proc/self/exe
[ -r $exe ] || exe=/bin/sh
echo "order $(od -An -tx1 -j5 -N1 $exe 2>/dev/null || hexdump -s 5 -n 1 -e '1/1 "%02x"' $exe 2>/dev/null)"
echo "features $(grep -i -m 1 -E '^(features|flags)' /proc/cpuinfo 2>/dev/null)"`

// platformOf asks the host what it is.
func platformOf(ctx context.Context, host Target) (Platform, error) {
	var stdout, stderr bytes.Buffer
	if err := host.Run(ctx, platformScript, &stdout, &stderr); err != nil {
		return Platform{}, fmt.Errorf("ask for the system: %w%s", err, told(&stderr))
	}
	facts := map[string]string{}
	for line := range strings.Lines(stdout.String()) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		facts[name] = strings.TrimSpace(value)
	}
	if facts["system"] == "" {
		return Platform{}, fmt.Errorf("ask for the system: uname does not say%s", told(&stderr))
	}
	return platform(facts["system"], facts["machine"], facts["order"], facts["features"])
}

// platform names what a kernel calls itself. order is byte 5 of a program's header, 01 where the low byte comes first.
func platform(system, machine, order, features string) (Platform, error) {
	p := Platform{OS: strings.ToLower(system)}
	switch p.OS {
	case "linux", "darwin", "freebsd":
	default:
		return p, fmt.Errorf("%w: %s on %s", ErrPlatform, clean(system, 40), clean(machine, 40))
	}
	has := func(feature string) bool {
		for f := range strings.FieldsSeq(strings.ToLower(features)) {
			if f == feature {
				return true
			}
		}
		return false
	}
	little := func(yes, no string) string {
		if order == "02" {
			return no
		}
		return yes
	}
	switch {
	case machine == "x86_64" || machine == "amd64":
		p.Arch = "amd64"
	case machine == "i86pc" || len(machine) == 4 && machine[0] == 'i' && machine[2:] == "86":
		p.Arch, p.Variant = "386", "softfloat"
		if has("sse2") {
			p.Variant = "sse2"
		}
	case machine == "aarch64" || machine == "arm64":
		p.Arch = "arm64"
	case strings.HasPrefix(machine, "arm") && order != "02":
		p.Arch, p.Variant = "arm", "5"
		switch {
		case strings.HasPrefix(machine, "armv6") && has("vfp"):
			p.Variant = "6"
		case (strings.HasPrefix(machine, "armv7") || machine == "armv8l") && (has("vfpv3") || has("vfpv4")):
			p.Variant = "7"
		case strings.HasPrefix(machine, "armv7") && has("vfp"):
			p.Variant = "6"
		}
	case strings.HasPrefix(machine, "mips64"):
		p.Arch, p.Variant = little("mips64le", "mips64"), "softfloat"
	case strings.HasPrefix(machine, "mips") && order != "":
		// Few of them have a unit for floating point, and the program's work is none of that.
		p.Arch, p.Variant = little("mipsle", "mips"), "softfloat"
	case machine == "ppc64" || machine == "ppc64le" || machine == "riscv64" || machine == "s390x":
		p.Arch = machine
	case machine == "loongarch64":
		p.Arch = "loong64"
	default:
		return p, fmt.Errorf("%w: %s on %s", ErrPlatform, clean(system, 40), clean(machine, 40))
	}
	return p, nil
}
