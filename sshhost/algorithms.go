package sshhost

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// algorithmLists are the options of ssh_config that name algorithms, and what package ssh has: by itself, and at all.
func algorithmLists() map[string]struct{ usual, all []string } {
	var usual ssh.Config
	usual.SetDefaults()
	secure, old := ssh.SupportedAlgorithms(), ssh.InsecureAlgorithms()
	return map[string]struct{ usual, all []string }{
		"Ciphers":           {usual.Ciphers, slices.Concat(secure.Ciphers, old.Ciphers)},
		"KexAlgorithms":     {usual.KeyExchanges, slices.Concat(usual.KeyExchanges, secure.KeyExchanges, old.KeyExchanges)},
		"MACs":              {usual.MACs, slices.Concat(secure.MACs, old.MACs)},
		"HostKeyAlgorithms": {nil, slices.Concat(secure.HostKeys, old.HostKeys)},

		// These restrict what package ssh takes.
		"CASignatureAlgorithms":    {nil, slices.Concat(secure.PublicKeyAuths, old.PublicKeyAuths)},
		"PubkeyAcceptedAlgorithms": {nil, slices.Concat(secure.PublicKeyAuths, secure.HostKeys, old.PublicKeyAuths, old.HostKeys)},
	}
}

// algorithms returns what a list as ssh_config(5) describes makes of package ssh's own: in place of it or, after a sign,
// behind it, before it, or what is left of it. Nil: package ssh's own. A name that package ssh does not know is passed over
// where there are others, and where the usual ones stay.
func algorithms(option, list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	has := algorithmLists()[option]
	sign := list[0]
	var named []string
	for pattern := range strings.SplitSeq(strings.TrimLeft(list, "+-^"), ",") {
		for _, a := range has.all {
			if matchPatterns([]string{pattern}, a) && !slices.Contains(named, a) {
				named = append(named, a)
			}
		}
	}
	isNamed := func(a string) bool { return slices.Contains(named, a) }
	others := slices.DeleteFunc(slices.Clone(has.usual), isNamed)
	switch {
	case sign == '-' && has.usual == nil:
		old := ssh.InsecureAlgorithms()
		named = slices.DeleteFunc(slices.Clone(has.all), func(a string) bool {
			return isNamed(a) || slices.Contains(old.HostKeys, a) || slices.Contains(old.PublicKeyAuths, a)
		})
	case strings.IndexByte("+^", sign) >= 0 && has.usual == nil: // which takes nothing away
		return nil, nil
	case sign == '+':
		return slices.Concat(has.usual, slices.DeleteFunc(named, func(a string) bool { return slices.Contains(has.usual, a) })), nil
	case sign == '^':
		return slices.Concat(named, others), nil
	case sign == '-':
		named = others
	}
	if len(named) == 0 {
		return nil, fmt.Errorf("of %q none can be had: there are %s", list, strings.Join(has.all, ", "))
	}
	return named, nil
}
