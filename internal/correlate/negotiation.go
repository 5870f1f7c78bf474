package correlate

import (
	"net/url"
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// In the room where an extorter and whom it extorts agree on a price, most of
// what is named is the victim's, talk of money or advice: of it only the
// extorter's own words count, and of those only where to find it, and what it
// says it did.

// negotiation reports whether a document is such a room: its source says that
// who speaks there extorts.
func negotiation(doc intel.Document) bool {
	if doc.Genre != intel.Chat {
		return false
	}
	for _, c := range doc.Claims {
		if c.Relation == intel.Intends && c.Object == intel.NewEntity(intel.Intent, "extortion") {
			return true
		}
	}
	return false
}

// longestParty is how many bytes the stamp and the name before a message have.
const longestParty = 64

// party returns the name that a paragraph of a transcript begins with, as in
// "[2026-01-02 03:04:05] Lynx: ", and whether a stamp stands before it.
func party(paragraph string) (name string, stamped bool) {
	head := paragraph[:min(len(paragraph), longestParty)]
	if strings.HasPrefix(head, "[") {
		_, after, closed := strings.Cut(head, "] ")
		if !closed {
			return "", false
		}
		head, stamped = after, true
	}
	name, _, ok := strings.Cut(head, ":")
	if !ok || strings.ContainsAny(name, "\n[") {
		return "", stamped
	}
	return strings.TrimSpace(name), stamped
}

// extorted reports whether a party is called as who pays is.
func extorted(party string) bool {
	switch strings.ToLower(party) {
	case "victim", "client", "customer", "company", "you", "жертва", "клиент", "víctima", "cliente", "opfer", "kunde":
		return true
	}
	return false
}

// othersTurns returns where those speak in a negotiation who are extorted. A
// message may have paragraphs that begin like one: where messages have stamps,
// only those begin another, elsewhere those of a known party.
func othersTurns(doc intel.Document) (turns []span) {
	text := doc.Text
	_, stamps := party(text)
	author := doc.Author[strings.LastIndexByte(doc.Author, '/')+1:]
	known := func(name string) bool {
		return extorted(name) || intel.Compact(name) == intel.Compact(author)
	}
	other := false
	for at := 0; at < len(text); {
		end := len(text)
		if i := strings.Index(text[at:], "\n\n"); i >= 0 {
			end = at + i + 2
		}
		if name, stamped := party(text[at:end]); name != "" && stamped == stamps && (stamped || known(name)) {
			other = extorted(name)
		}
		if other {
			turns = append(turns, span{at, end})
		}
		at = end
	}
	return turns
}

// beyond reports whether a link is more than a negotiation tells: what is for
// sale there is the victim's own data, advice is no research, and files and
// sites are the victim's or anybody's, unless the extorter is at home there.
func (g *gathering) beyond(l intel.Link) bool {
	if !g.haggles {
		return false
	}
	switch l.Relation {
	case intel.Offers, intel.Researches, intel.ClaimsAttack, intel.OriginatesFrom, intel.RoutesThrough:
		return true
	case intel.Uses:
		return l.To.Kind.Class() == intel.IOA
	case intel.Intends:
		return strings.HasPrefix(l.To.Name, "sell-")
	case intel.Indicates:
		return !g.athome(l.From)
	}
	return false
}

// athome reports whether an indicator in a negotiation is where the extorter is
// to be found or paid: a hidden service, an account, a wallet, an address, or a
// site that has its name.
func (g *gathering) athome(e intel.Entity) bool {
	site := e.Name
	switch e.Kind {
	case intel.Onion, intel.Email, intel.Bitcoin, intel.Ethereum, intel.Monero, intel.IPv4, intel.IPv6:
		return true
	case intel.URL:
		u, err := url.Parse(e.Name)
		if err != nil {
			return false
		}
		if site = u.Hostname(); strings.HasSuffix(site, ".onion") {
			return true
		}
	case intel.Domain:
	default:
		return false
	}
	name := intel.Compact(g.doc.Author[strings.LastIndexByte(g.doc.Author, '/')+1:])
	return len(name) > 3 && strings.Contains(intel.Compact(site), name)
}

// tells reports whether a sentence of a negotiation says of something that the
// extorter did it, as opposed to what the other side had better do.
func (s *sentence) tells(k intel.Kind) bool {
	switch k {
	case intel.Technique, intel.Tool, intel.Vulnerability, intel.Weakness, intel.Command, intel.Service, intel.ScheduledTask:
		return s.says(deed)
	case intel.Country, intel.Sector, intel.Organization:
		return s.says(target)
	}
	return true
}
