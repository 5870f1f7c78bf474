package sophos

import (
	"strings"
	"unicode"

	"github.com/portent-cti/portent/internal/intel"
)

// kinds maps types of rows, as they are spelled in the wild, to ours.
var kinds = map[string]intel.Kind{
	"": "", "sha256": intel.SHA256, "sha1": intel.SHA1, "md5": intel.MD5, "sha256hash": intel.SHA256,
	"domain": intel.Domain, "domainport": intel.Domain, "hostname": intel.Domain,
	"url": intel.URL, "ip": intel.IPv4, "ipaddress": intel.IPv4, "ipv4": intel.IPv4, "ipport": intel.IPv4,
	"urlpath": intel.File, "filename": intel.Filename, "filepathname": intel.Filename, "filepath": intel.Filename,
	"file": intel.Filename, "path": intel.Filename,
	"moneroaddress": intel.Monero, "bitcoinaddress": intel.Bitcoin, "ethereumaddress": intel.Ethereum,
	"command": intel.Command, "commandline": intel.Command, "commandlineparameter": intel.Argument,
	"registrypathkey": intel.RegistryKey, "registrypath": intel.RegistryKey, "registrykey": intel.RegistryKey,
	"mutex": intel.Mutex, "service": intel.Service, "scheduledtask": intel.ScheduledTask, "scheduledtaskpath": intel.ScheduledTask,
	"asn": intel.ASN, "useragent": intel.UserAgent, "email": intel.Email, "emailaddress": intel.Email,
}

// prefixes of file names, and the kind of what they name.
var prefixes = map[string]intel.Kind{
	"ransomware": intel.Actor, "ransom": intel.Actor,
	"troj": intel.Malware, "trojan": intel.Malware, "mal": intel.Malware, "malware": intel.Malware,
	"miner": intel.Malware, "atk": intel.Malware, "android": intel.Malware, "worm": intel.Malware,
}

// noise is words of file names that are not part of a name.
var noise = map[string]bool{"ioc": true, "iocs": true, "indicators": true, "of": true, "compromise": true, "followup": true, "v2": true, "domains": true, "hashes": true}

// subject returns what a file of that name is about, and how title writes it
// where that differs from the canonical name.
func subject(file, title string) (e intel.Entity, wording string) {
	words := strings.FieldsFunc(file, func(r rune) bool { return r == '-' || r == '_' || r == ' ' || r == '.' })
	kind := intel.Label
	if len(words) > 1 {
		if k, ok := prefixes[strings.ToLower(words[0])]; ok {
			kind, words = k, words[1:]
		}
	}
	var kept []string
	for _, w := range words {
		if !noise[strings.ToLower(w)] && strings.Trim(w, "0123456789") != "" {
			kept = append(kept, w)
		}
	}
	name := strings.Join(kept, " ")
	if name == "" {
		name = file
	}
	if w := spelled(name, title); w != "" {
		name = w
	}
	if e = intel.NewEntity(kind, name); e.Name == "" {
		e = intel.NewEntity(kind, "unnamed")
	}
	return e, differs(e, name)
}

// spelled returns the words of title that are name but for blanks and case.
func spelled(name, title string) string {
	want, words := intel.Compact(name), strings.Fields(title)
	for i := range words {
		for j := i + 1; j <= len(words) && j <= i+4; j++ {
			if s := strings.Join(words[i:j], " "); intel.Compact(s) == want {
				return strings.Trim(s, ".,;:()\"'")
			}
		}
	}
	return ""
}

// A noted name stands in the note of a row.
type noted struct {
	name       string
	ransomware bool
}

// endings are words after a name that say what the row is to it.
var endings = map[string]bool{
	"ransomware": true, "malware": true, "dll": true, "c2": true, "c&c": true, "server": true, "servers": true, "payload": true,
	"sample": true, "samples": true, "variant": true, "loader": true, "stager": true, "beacon": true, "domain": true, "domains": true,
	"backdoor": true, "binary": true, "installer": true, "dropper": true, "executable": true, "site": true, "v1": true, "v2": true, "v3": true, "agent": false,
}

// common are words that begin notes and are no names.
var common = map[string]bool{
	"c2": true, "c&c": true, "rdp": true, "msi": true, "dll": true, "zip": true, "url": true, "uri": true, "sql": true, "apk": true, "ipl": true,
	"wmi": true, "tor": true, "php": true, "iso": true, "ip": true, "pdb": true, "vpn": true, "ssh": true, "rat": true, "win": true,
	"malicious": true, "ransom": true, "note": true, "notes": true, "registry": true, "named": true, "name:": true, "name": true, "file": true, "images": true,
	"script": true, "hosting": true, "fake": true, "javascript": true, "webshell": true, "web": true, "reverse": true, "edr": true, "coin": true,
	"open": true, "code": true, "stage": true, "download": true, "downloader": true, "legitimate": true, "threat": true, "attacker": true,
	"malvertising": true, "phishing": true, "stager": true, "loader": true, "payload": true, "android": true, "windows": true, "linux": true,
	"used": true, "observed": true, "hash": true, "scammer": true, "exploit": true, "tool": true, "driver": true, "batch": true, "powershell": true, "data": true,
}

// names returns what a note names: "Mount Locker ransomware" names Mount
// Locker, "sslwnd64.exe (PhantomNet)" names PhantomNet, "C2 server" nothing.
// A note that is more than a name and what it is to the row yields nothing;
// whether a name is known is for the reference to say.
func names(note string) (list []noted) {
	inner := ""
	if i := strings.IndexByte(note, '('); i >= 0 {
		if j := strings.IndexByte(note[i:], ')'); j > 0 {
			note, inner = note[:i], note[i+1:i+j]
		}
	}
	for _, s := range []string{note, inner} {
		words := strings.Fields(s)
		n := noted{}
		for len(words) > 1 && endings[strings.ToLower(words[len(words)-1])] {
			n.ransomware = n.ransomware || strings.EqualFold(words[len(words)-1], "ransomware")
			words = words[:len(words)-1]
		}
		if n.name = strings.Join(words, " "); len(words) > 0 && len(words) <= 3 && nameLike(words) {
			list = append(list, n)
		}
	}
	return list
}

func nameLike(words []string) bool {
	for _, w := range words {
		first := []rune(w)[0]
		if common[strings.ToLower(w)] || !unicode.IsUpper(first) || strings.ContainsAny(w, `./\:,;*%<>"=`) || len(w) > 40 {
			return false
		}
	}
	return len(intel.Compact(strings.Join(words, ""))) >= 3
}
