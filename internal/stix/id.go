package stix

import (
	"bytes"
	"crypto/sha1" // UUIDv5 is defined by it
	"encoding/hex"
	"encoding/json"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// The namespaces of ids, in hexadecimal: that of OASIS for observables (STIX
// 2.1, 2.9), and ours for everything else, which must never change:
// uuid5(NameSpace_URL, "https://github.com/portent-cti/portent").
const (
	observables = "00abedb4aa42466c9c01fed23315a9b7"
	ours        = "4f58627543d35060ba36a2af8b084cdc"
)

// uuid is the UUID of version 5 (RFC 9562) of a name in a namespace.
func uuid(namespace, name string) string {
	space, err := hex.DecodeString(namespace)
	if err != nil {
		panic("stix: namespace " + namespace) // a constant is misspelt
	}
	sum := sha1.Sum(append(space, name...))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// typeOf is the type of object that an entity becomes; empty if STIX has none.
// The same entity has the same id in every bundle.
func typeOf(e intel.Entity) string {
	switch e.Kind {
	case intel.Actor:
		return "intrusion-set"
	case intel.Malware, intel.Tool, intel.Campaign, intel.Vulnerability:
		return string(e.Kind)
	case intel.Technique, intel.AttackPattern:
		return "attack-pattern"
	case intel.Country:
		return "location"
	case intel.Sector, intel.Organization, intel.Vendor:
		return "identity"
	case intel.Product:
		return "software"
	case intel.Handle:
		return "user-account"
	}
	if patternOf(e) != "" {
		return "indicator"
	}
	return ""
}

func idOf(e intel.Entity) string { return typeOf(e) + "--" + uuid(ours, e.String()) }

// canonical is JSON by RFC 8785 of an object of texts, by which observables get
// their ids. What Go escapes beyond it is undone; an escaped backslash stays, so
// that what follows it is no escape.
func canonical(fields map[string]string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // it sorts keys, here all ASCII
	enc.SetEscapeHTML(false)
	if err := enc.Encode(fields); err != nil {
		panic(err) // texts can always be written
	}
	return strings.NewReplacer(`\\`, `\\`, `\ufffd`, "\ufffd", `\u2028`, "\u2028", `\u2029`, "\u2029").Replace(strings.TrimSuffix(b.String(), "\n"))
}
