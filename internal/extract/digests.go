package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// digest reads a hash by its length and by what is said of it, over a line
// break if one cuts it.
func (v *values) digest(from, to int, p string) bool {
	if !isHex(p) || len(p) < 8 {
		return false
	}
	if to-from == len(p) {
		from, to, p = v.unwrapDigest(from, to, p)
	}
	kind := digestOf(len(p))
	if kind == "" {
		return false
	}
	reason := v.notOfFile(kind, p, from, to)
	switch {
	case reason != "":
	case kind == intel.JARM && !v.near(from, 64, "jarm"):
		return false
	case kind == intel.MD5 && v.near(from, 40, "ja3"):
		kind = intel.JA3
	}
	v.note(intel.NewEntity(kind, p), from, to, reason)
	v.skip = max(v.skip, to)
	return true
}

// notOfFile is the reason why a digest is none of a file, by its signs and by what
// stands beside it.
func (v *values) notOfFile(kind intel.Kind, p string, from, to int) string {
	const other = 32 // digits, of a digest on the line before: no word is near
	switch {
	case allDigits(p):
		return "decimal number"
	case strings.Count(p, p[:1]) == len(p):
		return "placeholder"
	case from > other && v.text[from-1] == '\n' && isHex(v.text[from-1-other:from-1]):
		return ""
	case v.near(from, 24, "hash") && v.near(from, 24, "imphash", "authentihash", "pehash", "vhash", "richhash", "rich header hash", "telfhash"):
		return "hash of a part of a file"
	case kind == intel.SHA1 && v.near(from, 24, "commit", "rev =", "rev:", "rev \"", "rev=", "revision", "git ", "merge", "checkout", "коммит", "提交"):
		return "commit"
	case kind == intel.JARM, kind == intel.MD5 && v.near(from, 40, "ja3"):
		return ""
	case kind == intel.MD5 && v.licensed(from):
		return "licence key"
	case kind == intel.MD5 && v.identifierAfter(to),
		kind == intel.MD5 && v.near(from, 24, "guid", "uuid", "clsid", "sessid", "sessionid", "correlation id", "request id", "trace id", "session", "serial"),
		v.near(from, 16, "txid", "transaction", "block hash", "etag", "nonce", "salt", "token"):
		return "unique identifier"
	case v.near(from, 8, " iv ", "iv:", "iv =", "key ", "key:", "key=") && v.near(from, 80, "aes", "rc4", "xor", "des ", "encrypt", "decrypt", "cipher"):
		return cipherKey
	}
	if reason := v.labelled(from); reason != "" {
		return reason
	}
	return v.ofOther(kind, from)
}

const cipherKey = "key of a cipher"

// labelled is the reason to set a digest aside of which the name right before it says
// what else it is: "HWID: …", "?bot_id=…", "KEY = b'…'", "image sha256:…".
func (v *values) labelled(from int) string {
	last := from
	for last > 0 && from-last < 8 && strings.IndexByte(" \t:=|(\"'`[{", v.text[last-1]) >= 0 {
		last--
	}
	if last == 0 || strings.IndexByte("bdty6v", v.text[last-1]|0x20) < 0 { // what such names end with
		return ""
	}
	line := strings.ToLower(v.text[max(0, from-48):from])
	line = line[strings.LastIndexByte(line, '\n')+1:]
	if image, ok := strings.CutSuffix(line, "sha256:"); ok && (strings.HasSuffix(image, "@") || strings.HasSuffix(image, "image ") || strings.HasSuffix(image, "digest: ")) {
		return "digest of an image"
	}
	before := strings.TrimRight(line, " \t:=|(\"'`[{")
	literal, bytes := strings.CutSuffix(before, "b")
	if bytes = bytes && (strings.HasSuffix(literal, "=") || strings.HasSuffix(literal, " ")) && len(before) < len(line); bytes {
		before = strings.TrimRight(literal, " :=\"'")
	}
	if before == line {
		return "" // glued to it
	}
	i := strings.LastIndexAny(before, " \t|,;&?\"'`([{<>/") + 1
	name, kind := before[i:], lastWord(strings.TrimRight(before[:i], " "))
	switch {
	case identifies(name), name == "id" && (identifies(kind+"_id") || kind == "unique" || kind == "personal"):
		return "unique identifier"
	case strings.HasSuffix(name, "_key"), bytes && (name == "key" || name == "iv" || name == "secret" || name == "password"), name == "key" && ciphers(kind):
		return cipherKey
	}
	return ""
}

// identifies reports whether a name in lower case is that of an identifier of a
// machine, a user, a request and the like, and not of a file.
func identifies(name string) bool {
	name = strings.TrimPrefix(strings.ReplaceAll(name, "-", "_"), "x_")
	if what, ok := strings.CutSuffix(name, "id"); ok {
		switch strings.TrimSuffix(what, "_") {
		case "hw", "uu", "gu", "u", "cls", "trace", "span", "request", "correlation", "session", "sess", "campaign", "bot", "machine", "device", "client", "user", "victim", "tenant", "app", "object", "build", "hardware", "implant", "agent",
			"affiliate", "company", "chat", "decryption", "instance", "computer", "track", "tracking", "message", "event", "parent":
			return true
		}
	}
	return name == "hwid_hash" || name == "machineguid"
}

// ciphers reports whether a word before "key" says of which kind it is.
func ciphers(word string) bool {
	switch word {
	case "xor", "aes", "rc4", "des", "3des", "chacha20", "salsa20", "encryption", "decryption", "api", "session", "secret", "hmac", "shared":
		return true
	}
	return false
}

// ofOther is the reason to set a digest aside of which the words before it on its
// line say that it is one of something other than a file.
func (v *values) ofOther(kind intel.Kind, from int) string {
	if line := v.text[max(0, from-40):from]; strings.TrimSpace(line[strings.LastIndexByte(line, '\n')+1:]) == "" {
		return ""
	}
	switch {
	case kind == intel.MD5 && v.near(from, 40, "password hash", "hash of the password", "ntlm", "nt hash", "lm hash", "nthash"):
		return "hash of a password"
	case v.near(from, 24, "thumbprint", "certificate"), v.ofCertificate(from):
		return "fingerprint of a certificate"
	case v.near(from, 16, "of the key", "of its key"):
		return cipherKey
	case kind == intel.SHA1 && v.near(from, 8, "btih:"):
		return "name of a torrent"
	}
	return ""
}

// ofCertificate reports whether a value stands in brackets that a certificate opens.
func (v *values) ofCertificate(from int) bool {
	line := v.text[max(0, from-80):from]
	line = line[strings.LastIndexByte(line, '\n')+1:]
	i := strings.LastIndexByte(line, '(')
	return i > 0 && strings.IndexByte(line[i:], ')') < 0 && strings.HasSuffix(strings.ToLower(strings.TrimRight(line[:i], " ")), "certificate")
}

// licensed reports whether the words before a value say that it is the key of a
// product.
func (v *values) licensed(from int) bool {
	return v.near(from, 32, "licence key", "license key", "licence:", "license:", "product key", "activation key", "serial key", "serial number", "licence code", "license code", "activation code",
		"лицензионный ключ", "ключ лицензии", "ключ продукта", "lizenzschlüssel", "produktschlüssel", "clave de licencia", "clave de producto", "许可证密钥", "产品密钥")
}

// identifierAfter reports whether the word after a value says that it is a
// unique identifier.
func (v *values) identifierAfter(to int) bool {
	rest := strings.ToLower(strings.TrimLeft(v.text[to:min(len(v.text), to+14)], " ("))
	return strings.HasPrefix(rest, "guid") || strings.HasPrefix(rest, "uuid") || strings.HasPrefix(rest, "as clsid") || strings.HasPrefix(rest, "clsid")
}

// calledByHash reads the digest that a file has for its name, as samples are kept and
// dropped. Files of sites are called by that of an address or a version.
func (v *values) calledByHash(kind intel.Kind, from, to int) {
	run := v.text[from:to]
	begin := strings.LastIndexAny(run, `/\`) + 1
	stem, ending, has := strings.Cut(run[begin:], ".")
	digest := digestOf(len(stem))
	if digest == "" || digest == intel.JARM || !isHex(stem) || allDigits(stem) {
		return
	}
	switch strings.ToLower(ending) {
	case "css", "js", "json", "map", "png", "jpg", "jpeg", "gif", "svg", "ico", "webp", "woff", "html", "htm", "php", "asp", "aspx", "jsp", "xml", "txt", "csv", "mp3", "mp4", "key", "pem", "log", "dmp":
		return
	}
	if kind == intel.File && (!has || begin == 1) && !onDisk(run) {
		return
	}
	v.note(intel.NewEntity(digest, stem), from+begin, from+begin+len(stem), "")
}

// onDisk reports whether a path begins as those of Unix do where programs are dropped,
// rather than as one of a site.
func onDisk(path string) bool {
	for _, folder := range [...]string{"/tmp/", "/var/tmp/", "/dev/shm/", "/usr/", "/opt/", "/root/", "/home/", "/bin/", "/etc/", "/run/", "/data/local/"} {
		if strings.HasPrefix(path, folder) {
			return true
		}
	}
	return false
}
