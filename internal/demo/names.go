package demo

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// A namer makes names and numbers that it gives to nobody twice.
type namer struct {
	*rand.Rand
	words map[string][]string
	taken map[string]bool
}

// pick returns a random element.
func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// skewed returns a random element, those at the front more often.
func skewed[T any](r *rand.Rand, from []T) T {
	x := r.Float64()
	return from[int(x*x*float64(len(from)))]
}

// sample returns n distinct elements in random order.
func sample[T any](r *rand.Rand, from []T, n int) []T {
	order := r.Perm(len(from))
	out := make([]T, 0, n)
	for _, i := range order[:min(n, len(from))] {
		out = append(out, from[i])
	}
	return out
}

func (n *namer) word(list string) string { return pick(n.Rand, n.words[list]) }

// unique calls makeName until it gives a name nobody has.
func (n *namer) unique(makeName func() string) string {
	for {
		name := makeName()
		if key := intel.Compact(name); !n.taken[key] {
			n.taken[key] = true
			return name
		}
	}
}

func title(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// syllables invents a word such as "Kraunimar".
func (n *namer) syllables() string {
	return title(n.word("onset") + n.word("vowel") + n.word("coda") + n.word("vowel") + n.word("onset") + n.word("tail"))
}

// group invents the name of an actor, in one of the styles vendors use.
func (n *namer) group() string {
	return n.unique(func() string {
		switch n.IntN(6) {
		case 0:
			return n.syllables()
		case 1:
			return n.syllables() + " " + title(n.word("noun"))
		case 2:
			return title(n.word("adjective")) + " " + n.syllables()
		case 3:
			return title(n.word("adjective")) + title(n.word("noun"))
		default:
			return title(n.word("adjective")) + " " + title(n.word("noun"))
		}
	})
}

// alias invents another name for an actor in the style of a language's vendors.
func (n *namer) alias(language string) string {
	return n.unique(func() string {
		switch {
		case language == "zh":
			return n.word("zhfirst") + n.word("zhlast") + "组织"
		case language == "ru":
			return n.word("rufirst") + " " + n.word("rulast")
		case n.IntN(4) == 0:
			return pick(n.Rand, []string{"TG", "XG", "CL", "SN"}) + "-" + strconv.Itoa(1000+n.IntN(9000))
		case n.IntN(3) == 0:
			return n.syllables()
		}
		return title(n.word("adjective")) + " " + title(n.word("noun"))
	})
}

// program invents the name of malware or a tool.
func (n *namer) program(endings ...string) string {
	return n.unique(func() string {
		switch n.IntN(3) {
		case 0:
			return n.syllables() + pick(n.Rand, endings)
		case 1:
			return title(n.word("noun")) + title(pick(n.Rand, endings))
		}
		return title(n.word("adjective")) + title(pick(n.Rand, endings))
	})
}

// nick invents an account's name.
func (n *namer) nick() string {
	return n.unique(func() string {
		base := strings.ToLower(n.syllables())
		switch n.IntN(5) {
		case 0:
			return base + strconv.Itoa(n.IntN(900)+10)
		case 1:
			return "mr_" + base
		case 2:
			return base + "_" + n.word("noun")
		case 3:
			return "x" + base + "x"
		}
		return n.word("adjective") + "_" + base
	})
}

// company invents an organisation.
func (n *namer) company() string {
	return n.unique(func() string { return n.syllables() + " " + n.word("firm") })
}

// address invents an IPv4 address of RFC 5737. The first and last few of each
// network are left to resolvers and the like.
func (n *namer) address() string {
	return n.unique(func() string {
		return pick(n.Rand, []string{"192.0.2.", "198.51.100.", "203.0.113."}) + strconv.Itoa(10+n.IntN(240))
	})
}

// address6 invents an IPv6 address of RFC 3849.
func (n *namer) address6() string {
	return n.unique(func() string {
		raw := [16]byte{0x20, 0x01, 0x0d, 0xb8, byte(n.IntN(256)), byte(n.IntN(256)), 14: byte(n.IntN(256)), 15: byte(1 + n.IntN(255))}
		return netip.AddrFrom16(raw).String()
	})
}

// domain invents a name below the domains of RFC 2606.
func (n *namer) domain() string {
	return n.unique(func() string {
		first := strings.ToLower(n.syllables())
		switch n.IntN(6) {
		case 0:
			return first + ".example.com"
		case 1:
			return n.word("noun") + "-" + first + ".example.net"
		case 2:
			return first + ".test"
		case 3:
			return pick(n.Rand, []string{"cdn", "api", "update", "mail", "sso", "vpn"}) + "." + first + ".example"
		case 4:
			return first + "-" + n.word("noun") + ".example"
		}
		return first + ".invalid"
	})
}

// digest invents a hash of that many bytes.
func (n *namer) digest(size int) string {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(n.IntN(256))
	}
	return hex.EncodeToString(b)
}

func (n *namer) cve() string {
	return n.unique(func() string { return fmt.Sprintf("CVE-2099-%05d", 1000+n.IntN(60000)) })
}
