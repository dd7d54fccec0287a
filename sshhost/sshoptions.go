package sshhost

import (
	"fmt"
	"slices"
	"strings"
)

// An sshOption is an option of ssh_config(5) and what FromSSHConfig does with it. An option that restricts, or that changes
// where or how one connects, is obeyed or refused. Others have no effect here, for the reason that is given.
type sshOption struct {
	name   string // as ssh_config(5) spells it
	use    optionUse
	but    string // values, with blanks between, with which a refused option does nothing; empty: none
	reason string
}

// An optionUse is what FromSSHConfig does with an option.
type optionUse uint8

const (
	obeyed   optionUse = iota // with one argument
	obeyedBy                  // with several arguments, the first line counts
	obeyedIn                  // with one argument, every line counts
	refused                   // an error that names file, line and option, unless the value does nothing
	harmless                  // without effect
)

// sshOptions are all options of OpenSSH 10.6, and those of earlier versions and of vendors that are still in files.
var sshOptions = []sshOption{
	{"AddKeysToAgent", harmless, "", "no key is added to an agent"},
	{"AddressFamily", obeyed, "", "Config.AddressFamily"},
	{"BatchMode", harmless, "", "nobody is asked anything"},
	{"BindAddress", obeyed, "", "Config.BindAddress"},
	{"BindInterface", refused, "none", "use BindAddress"},
	{"CanonicalDomains", harmless, "", "CanonicalizeHostname is refused"},
	{"CanonicalizeFallbackLocal", harmless, "", "CanonicalizeHostname is refused"},
	{"CanonicalizeHostname", refused, "no false none", "give the full name"},
	{"CanonicalizeMaxDots", harmless, "", "CanonicalizeHostname is refused"},
	{"CanonicalizePermittedCNAMEs", harmless, "", "CanonicalizeHostname is refused"},
	{"CASignatureAlgorithms", obeyed, "", "Config.CASignatureAlgorithms"},
	{"CertificateFile", obeyedIn, "", "Config.CertificateFiles"},
	{"ChannelTimeout", refused, "none", "a command may be silent for long"},
	{"CheckHostIP", refused, "no false", "the key of the name counts"},
	{"Ciphers", obeyed, "", "Config.Ciphers"},
	{"ClearAllForwardings", harmless, "", "nothing is forwarded"},
	{"Compression", harmless, "", "nothing is compressed"},
	{"ConnectionAttempts", harmless, "", "Dial has tries of its own"},
	{"ConnectTimeout", obeyed, "", "Config.Timeout"},
	{"ControlMaster", harmless, "", "a Host has connections of its own"},
	{"ControlPath", harmless, "", "a Host has connections of its own"},
	{"ControlPersist", harmless, "", "a Host has connections of its own"},
	{"DynamicForward", harmless, "", "nothing is forwarded"},
	{"EnableEscapeCommandline", harmless, "", "there is no terminal"},
	{"EnableSSHKeysign", harmless, "", "there is no host-based login"},
	{"EscapeChar", harmless, "", "there is no terminal"},
	{"ExitOnForwardFailure", harmless, "", "nothing is forwarded"},
	{"FingerprintHash", harmless, "", "of output only"},
	{"ForkAfterAuthentication", harmless, "", "a Host is in this process"},
	{"ForwardAgent", harmless, "", "nothing is forwarded"},
	{"ForwardX11", harmless, "", "nothing is forwarded"},
	{"ForwardX11Timeout", harmless, "", "nothing is forwarded"},
	{"ForwardX11Trusted", harmless, "", "nothing is forwarded"},
	{"GatewayPorts", harmless, "", "nothing is forwarded"},
	{"GlobalKnownHostsFile", obeyedBy, "", "Config.KnownHosts"},
	{"GSSAPIAuthentication", harmless, "", "only adds a way to log in"},
	{"GSSAPIDelegateCredentials", harmless, "", "there is no GSSAPI"},
	{"HashKnownHosts", harmless, "", "known_hosts is not written"},
	{"Host", obeyedBy, "", "begins a section"},
	{"HostbasedAcceptedAlgorithms", harmless, "", "there is no host-based login"},
	{"HostbasedAuthentication", harmless, "", "only adds a way to log in"},
	{"HostKeyAlgorithms", obeyed, "", "Config.HostKeyAlgorithms"},
	{"HostKeyAlias", obeyed, "", "Config.HostKeyAlias"},
	{"HostName", obeyed, "", "Config.Addr"},
	{"IdentitiesOnly", obeyed, "", "Config.IdentitiesOnly"},
	{"IdentityAgent", obeyed, "", "Config.Agent"},
	{"IdentityFile", obeyedIn, "", "Config.KeyFiles"},
	{"IgnoreUnknown", obeyed, "", "for options that are not in this table"},
	{"Include", obeyedBy, "", "reads files"},
	{"IPQoS", harmless, "", "of the SSH connection's packets only"},
	{"KbdInteractiveAuthentication", harmless, "", "Config.Password is the caller's, never a file's"},
	{"KbdInteractiveDevices", harmless, "", "Config.Password is the caller's, never a file's"},
	{"KexAlgorithms", obeyed, "", "Config.KeyExchanges"},
	{"KnownHostsCommand", refused, "none", "name files with UserKnownHostsFile"},
	{"LocalCommand", harmless, "", "PermitLocalCommand is refused"},
	{"LocalForward", harmless, "", "nothing is forwarded"},
	{"LogLevel", harmless, "", "of output only"},
	{"LogVerbose", harmless, "", "of output only"},
	{"MACs", obeyed, "", "Config.MACs"},
	{"Match", obeyedBy, "", "begins a section"},
	{"NoHostAuthenticationForLocalhost", harmless, "", "a host key is always checked"},
	{"NumberOfPasswordPrompts", harmless, "", "nobody is asked anything"},
	{"ObscureKeystrokeTiming", harmless, "", "there is no terminal"},
	{"PasswordAuthentication", harmless, "", "Config.Password is the caller's, never a file's"},
	{"PermitLocalCommand", refused, "no false", "run the command before Dial"},
	{"PermitRemoteOpen", harmless, "", "nothing is forwarded"},
	{"PKCS11Provider", harmless, "", "only adds keys; those of an agent are used"},
	{"Port", obeyed, "", "Config.Addr"},
	{"PreferredAuthentications", obeyed, "", "no key is used if publickey is not in it"},
	{"ProxyCommand", obeyed, "", "Config.ProxyCommand"},
	{"ProxyJump", obeyed, "", "Config.Jump"},
	{"ProxyUseFdpass", refused, "no false", "let the command carry the connection"},
	{"PubkeyAcceptedAlgorithms", obeyed, "", "Config.PubkeyAcceptedAlgorithms"},
	{"PubkeyAuthentication", obeyed, "", "no key is used if it is no"},
	{"RefuseConnection", refused, "", "that is what the file says"},
	{"RekeyLimit", harmless, "", "package ssh renews the keys of a connection by itself"},
	{"RemoteCommand", refused, "none", "commands are Run's"},
	{"RemoteForward", harmless, "", "nothing is forwarded"},
	{"RequestTTY", harmless, "", "commands have no terminal"},
	{"RequiredRSASize", obeyed, "", "Config.RequiredRSASize"},
	{"RevokedHostKeys", obeyed, "", "Config.RevokedHostKeys"},
	{"SecurityKeyProvider", harmless, "", "only adds keys; those of an agent are used"},
	{"SendEnv", harmless, "", "the environment of commands is up to Config.Prefix"},
	{"ServerAliveCountMax", obeyed, "", "Config.KeepAliveCount; 0 counts as 1"},
	{"ServerAliveInterval", obeyed, "", "Config.KeepAlive; 0 is its default"},
	{"SessionType", refused, "default", "commands need a session"},
	{"SetEnv", harmless, "", "the environment of commands is up to Config.Prefix"},
	{"StdinNull", harmless, "", "the standard input of commands is empty"},
	{"StreamLocalBindMask", harmless, "", "nothing is forwarded"},
	{"StreamLocalBindUnlink", harmless, "", "nothing is forwarded"},
	{"StrictHostKeyChecking", harmless, "", "a host key is always checked, and nobody is asked"},
	{"SyslogFacility", harmless, "", "of output only"},
	{"Tag", obeyed, "", "for Match tagged"},
	{"TCPKeepAlive", harmless, "", "Config.KeepAlive finds a dead link"},
	{"Tunnel", harmless, "", "nothing is forwarded"},
	{"TunnelDevice", harmless, "", "nothing is forwarded"},
	{"UpdateHostKeys", harmless, "", "known_hosts is not written"},
	{"User", obeyed, "", "Config.User"},
	{"UserKnownHostsFile", obeyedBy, "", "Config.KnownHosts"},
	{"VerifyHostKeyDNS", harmless, "", "a host key is always checked against known_hosts"},
	{"VersionAddendum", harmless, "", "of the client's greeting only"},
	{"VisualHostKey", harmless, "", "of output only"},
	{"WarnWeakCrypto", harmless, "", "of output only"},
	{"XAuthLocation", harmless, "", "nothing is forwarded"},

	// Other names and options of earlier versions, which OpenSSH still takes.
	{"AFSTokenPassing", harmless, "", "OpenSSH ignores it"},
	{"ChallengeResponseAuthentication", harmless, "", "as KbdInteractiveAuthentication"},
	{"Cipher", harmless, "", "OpenSSH ignores it"},
	{"CompressionLevel", harmless, "", "OpenSSH ignores it"},
	{"DSAAuthentication", harmless, "", "as PubkeyAuthentication of a type of key that is gone"},
	{"FallBackToRsh", harmless, "", "OpenSSH ignores it"},
	{"GlobalKnownHostsFile2", harmless, "", "OpenSSH ignores it"},
	{"HostbasedKeyTypes", harmless, "", "as HostbasedAcceptedAlgorithms"},
	{"KeepAlive", harmless, "", "as TCPKeepAlive"},
	{"KerberosAuthentication", harmless, "", "OpenSSH ignores it"},
	{"KerberosTGTPassing", harmless, "", "OpenSSH ignores it"},
	{"Protocol", harmless, "", "OpenSSH ignores it"},
	{"PubkeyAcceptedKeyTypes", obeyed, "", "as PubkeyAcceptedAlgorithms"},
	{"RhostsAuthentication", harmless, "", "OpenSSH ignores it"},
	{"RhostsRSAAuthentication", harmless, "", "OpenSSH ignores it"},
	{"RSAAuthentication", harmless, "", "OpenSSH ignores it"},
	{"SKeyAuthentication", harmless, "", "as KbdInteractiveAuthentication"},
	{"SmartcardDevice", harmless, "", "as PKCS11Provider"},
	{"TISAuthentication", harmless, "", "as KbdInteractiveAuthentication"},
	{"UsePrivilegedPort", harmless, "", "OpenSSH ignores it"},
	{"UserKnownHostsFile2", harmless, "", "OpenSSH ignores it"},
	{"UseRoaming", harmless, "", "OpenSSH ignores it"},
	{"UseRsh", harmless, "", "OpenSSH ignores it"},

	// Options of vendors.
	{"GSSAPIClientIdentity", harmless, "", "there is no GSSAPI"},
	{"GSSAPIKexAlgorithms", harmless, "", "there is no GSSAPI"},
	{"GSSAPIKeyExchange", harmless, "", "there is no GSSAPI"},
	{"GSSAPIRenewalForcesRekey", harmless, "", "there is no GSSAPI"},
	{"GSSAPIServerIdentity", harmless, "", "there is no GSSAPI"},
	{"GSSAPITrustDNS", harmless, "", "there is no GSSAPI"},
	{"UseKeychain", harmless, "", "only adds passphrases; see Config.Passphrase"},
}

// otherNames are options that have another name too.
var otherNames = map[string]string{"pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms"}

// optionsByName has the options by their names in lower case.
var optionsByName = func() map[string]sshOption {
	m := map[string]sshOption{}
	for _, o := range sshOptions {
		m[strings.ToLower(o.name)] = o
	}
	return m
}()

// refuse returns the error for a refused option with that value; nil if the value does nothing.
func (o sshOption) refuse(value string) error {
	if slices.Contains(strings.Fields(o.but), strings.ToLower(value)) {
		return nil
	}
	return fmt.Errorf("%s %s is not supported: %s", o.name, value, o.reason)
}
