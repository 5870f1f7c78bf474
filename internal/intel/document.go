package intel

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A SourceID names a configured source, such as "vendor-blog".
type SourceID string

// Reserved reports whether only the program itself may speak as the source:
// "analyst:USER" and "hunt:SITE" are people and hunts of this installation.
func (s SourceID) Reserved() bool {
	if strings.IndexByte(string(s), ':') < 0 {
		return false // as nearly all, of millions
	}
	kind, _, ok := strings.Cut(strings.ToLower(strings.TrimSpace(string(s))), ":")
	kind = strings.TrimSpace(kind)
	return ok && (kind == "analyst" || kind == "hunt")
}

// Unnamed are what sources are called that nobody named: after their form, which
// anybody's files may have. What stands behind a slash is a name that such a file
// gives itself, as in documents/NAME.
type Unnamed []SourceID

// Has reports whether nobody named a source.
func (u Unnamed) Has(s SourceID) bool { return u.Speaker(s) == "" }

// Speaker names whose word documents of a source are: sources that nobody named are
// one, without a name.
func (u Unnamed) Speaker(s SourceID) string {
	name, _, _ := strings.Cut(string(s), "/")
	if slices.Contains(u, SourceID(name)) {
		return ""
	}
	return name
}

// Recorded is the source under whose name it is kept how often one was right: for
// those that a file names itself one for all, for there may be any number of them.
func (u Unnamed) Recorded(s SourceID) SourceID {
	if form, _, ok := strings.Cut(string(s), "/"); ok && slices.Contains(u, SourceID(form)) {
		return SourceID(form)
	}
	return s
}

// A Cursor marks how far a source has been read. Only the source that made it
// can tell what it means; the empty cursor means the beginning.
type Cursor string

// A DocumentID identifies a document: 32 hexadecimal digits. Collecting the
// same item twice gives the same ID.
type DocumentID string

// NewDocumentID derives an ID from what makes an item the same item for its
// source: usually its URL, or a feed's own identifier.
func NewDocumentID(source SourceID, parts ...string) DocumentID {
	h := sha256.New()
	h.Write([]byte(source))
	for _, p := range parts {
		h.Write([]byte{0})
		h.Write([]byte(strings.ReplaceAll(p, "\x00", `\0`))) // or one part could pose as two
	}
	return DocumentID(hex.EncodeToString(h.Sum(nil)[:16]))
}

// NewContentID derives the ID of a document that its publisher may extend: what
// it says is part of what makes it the same, so that the longer one is another
// document. Both are one voice and count once.
func NewContentID(doc Document, parts ...string) DocumentID {
	h := sha256.New()
	io.WriteString(h, doc.Text)                  //nolint:errcheck // a hash takes all
	err := json.NewEncoder(h).Encode(doc.Claims) // which the store would refuse too
	if err != nil {
		io.WriteString(h, err.Error()) //nolint:errcheck // as above
	}
	return NewDocumentID(doc.Source, append(parts, hex.EncodeToString(h.Sum(nil)))...)
}

// A Genre is a sort of document by where such things are said.
type Genre string

// The genres. They decide how a voice is counted, never how far it is
// believed.
const (
	Social   Genre = "social"   // post of an account
	Forum    Genre = "forum"    // post in a thread
	Chat     Genre = "chat"     // messages of a room
	Market   Genre = "market"   // offer of goods or services
	LeakSite Genre = "leaksite" // claim of an extortion group
	Mail     Genre = "mail"     // message to a list
	Report   Genre = "report"   // article or paper of a vendor, agency or researcher
	Advisory Genre = "advisory" // CVE record, catalogue entry
	Log      Genre = "log"      // excerpt of a log
	List     Genre = "list"     // indicators without prose
	Verdict  Genre = "verdict"  // an analyst's word

	// Register is the record of a vulnerability, which every one has: an advisory
	// as a document, and a kind of source of its own for scores alone.
	Register Genre = "register"
)

// Genres returns the genres that a document may have.
func Genres() []Genre {
	return []Genre{Social, Forum, Chat, Market, LeakSite, Mail, Report, Advisory, Log, List, Verdict}
}

// Known reports whether g is one of the genres.
func (g Genre) Known() bool { return slices.Contains(Genres(), g) }

// HasAccounts reports whether documents of genre g are posts of accounts, which
// speak for themselves, rather than of publishers, which tell of others.
func (g Genre) HasAccounts() bool {
	switch g {
	case Social, Forum, Chat, Market, LeakSite, Mail:
		return true
	}
	return false
}

// Title is one document of genre g in a word or two, such as "Forum post".
func (g Genre) Title() string {
	switch g {
	case Social:
		return "Post"
	case Forum:
		return "Forum post"
	case Market:
		return "Offer"
	case LeakSite:
		return "Leak-site post"
	}
	if g.Known() {
		return strings.ToUpper(string(g[:1])) + string(g[1:])
	}
	return "Document"
}

// A Document is one post, message, page, report, advisory, list or log excerpt
// as collected. It is never changed once kept.
//
// It has Text, or Claims from a structured source, or both.
type Document struct {
	ID     DocumentID `json:"id"`
	Source SourceID   `json:"source"`
	Genre  Genre      `json:"genre"`
	URL    string     `json:"url,omitempty"`
	Author string     `json:"author,omitempty"` // the voice: handle of the account, name of the vendor
	// Channel is the room, board, list or site it was said in, as network/name.
	Channel string `json:"channel,omitempty"`
	Title   string `json:"title,omitempty"`
	Text    string `json:"text,omitempty"`
	// Language is a BCP 47 tag where the source states it.
	Language string  `json:"language,omitempty"`
	Claims   []Claim `json:"claims,omitempty"`
	// References are URLs the document cites as where it has this from. They
	// let a relay collapse into the origin it came from.
	References []string `json:"references,omitempty"`
	Marking    Marking  `json:"marking,omitempty"`
	// Reliability is the Admiralty letter of the source; zero means unjudged (F).
	Reliability Reliability `json:"reliability,omitempty"`
	// Graded says that a person gave the source its letter, or that who collected
	// the document fetched it there. No document can say so of itself.
	Graded bool `json:"-"`

	// Published is event time as the source states it; zero when it does not.
	Published time.Time `json:"published,omitzero"`
	// Learned is when we could have known: time of ingest for what is collected
	// live, publication plus the source's lag for back-filled history. Zero
	// lets the store fill in the time of ingest.
	Learned time.Time `json:"learned,omitzero"`
	// Assumed says that Learned is such a reconstruction.
	Assumed bool `json:"assumed,omitempty"`
}

// Voice names who speaks: the author, be it an account or a vendor, and the
// source where none is told. Two documents of one voice are one origin, however
// loud.
func (d Document) Voice() string {
	if d.Author != "" {
		return d.Author
	}
	return string(d.Source)
}

// Account is an author as an origin, however a post writes it: networks do not
// tell the case of handles apart.
func Account(author string) string {
	network, name, ok := strings.Cut(author, "/")
	if !ok {
		return strings.ToLower(strings.TrimPrefix(author, "@"))
	}
	return strings.ToLower(network + "/" + strings.TrimPrefix(name, "@"))
}

// Heading names d in one line: by its title, or else by how its text begins.
func (d Document) Heading() string {
	if title := strings.Join(strings.Fields(d.Title), " "); title != "" {
		return title
	}
	const most = 100
	line := strings.Join(strings.Fields(strings.ToValidUTF8(d.Text[:min(len(d.Text), 8*most)], "")), " ")
	switch r := []rune(line); {
	case line == "":
		return d.Genre.Title() + " by " + d.Voice()
	case len(r) > most:
		line = strings.TrimRight(string(r[:most]), " ,;") + "…"
	}
	return line
}

// A Stance is which way a claim or evidence points.
type Stance int8

// The stances. The zero value supports.
const (
	Supports Stance = 0
	Disputes Stance = 1
)

// UnmarshalJSON reads a number, or the word that stands for it.
func (s *Stance) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "null": // as json does: nothing is said
	case `"supports"`:
		*s = Supports
	case `"disputes"`:
		*s = Disputes
	default:
		n, err := strconv.ParseInt(string(b), 10, 8)
		if err != nil {
			return fmt.Errorf(`stance %.20s, want "supports" or "disputes": %w`, b, ErrInvalid)
		}
		*s = Stance(n)
	}
	return nil
}

// A Claim is what a structured source states outright.
type Claim struct {
	Subject  Entity   `json:"subject"`
	Relation Relation `json:"relation"`
	Object   Entity   `json:"object"`
	// SubjectText and ObjectText are the wording of the source where it differs
	// from the canonical name, such as "Astro Locker" or "hxxp://…".
	SubjectText string  `json:"subject_text,omitempty"`
	ObjectText  string  `json:"object_text,omitempty"`
	Stance      Stance  `json:"stance,omitempty"`
	Context     Context `json:"context,omitzero"`
	// At is event time where it differs from the document's.
	At time.Time `json:"at,omitzero"`
	// Reference is the URL this very claim is taken from, where the source
	// names one per row.
	Reference string `json:"reference,omitempty"`
	// By is whose word this very claim is where the source names somebody and no
	// URL: a feed, a vendor, or an account as network/name.
	By string `json:"by,omitempty"`
}

// Context is the circumstances a claim or a piece of evidence comes with. Zero
// fields are unknown.
type Context struct {
	Vulnerability string `json:"cve,omitempty"`
	Port          string `json:"port,omitempty"`
	Method        string `json:"method,omitempty"` // HTTP method or protocol
	Phase         string `json:"phase,omitempty"`  // reconnaissance … exfiltration
	Campaign      string `json:"campaign,omitempty"`
	Hostname      string `json:"hostname,omitempty"`
	Note          string `json:"note,omitempty"` // the source's own words on the row
}

// An Observation records that a document mentions an entity.
type Observation struct {
	Document DocumentID `json:"document,omitempty"`
	Entity   Entity     `json:"entity"`
	Offset   int        `json:"offset"` // of the mention in the document's text, in bytes; -1 for a claim
	Length   int        `json:"length"`
	Text     string     `json:"text"` // as it stands there
	// Suppressed is the reason why the value was recognised and set aside,
	// such as "reserved range" or "warninglist: public-dns-v4"; empty if not.
	Suppressed string `json:"suppressed"`
	// Listed says of a suppressed value that it is only by the word of a list,
	// which may change, and not by how it stands in the text.
	Listed bool `json:"-"`
}
