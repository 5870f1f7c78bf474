package xmpp

import (
	"encoding/xml"
	"strings"
	"time"
)

// What is spoken, by its names.
const (
	nsClient   = "jabber:client"
	nsStream   = "http://etherx.jabber.org/streams"
	nsTLS      = "urn:ietf:params:xml:ns:xmpp-tls"
	nsBindings = "urn:xmpp:sasl-cb:0"
	nsPing     = "urn:xmpp:ping"                         // XEP-0199
	nsRoom     = "http://jabber.org/protocol/muc"        // XEP-0045
	nsInfo     = "http://jabber.org/protocol/disco#info" // XEP-0030
	nsArchive  = "urn:xmpp:mam:2"                        // XEP-0313
	nsNames    = "urn:xmpp:sid:0"                        // XEP-0359
	nsStanzas  = "urn:ietf:params:xml:ns:xmpp-stanzas"
)

const (
	// mostDepth, mostElements and mostAttributes are what is read of a stanza.
	mostDepth, mostElements, mostAttributes = 24, 1000, 50
)

type features struct {
	StartTLS *struct{} `xml:"urn:ietf:params:xml:ns:xmpp-tls starttls"`
}

// A stanza is a message, a presence or a question or answer, as far as it is read.
type stanza struct {
	XMLName xml.Name
	From    string   `xml:"from,attr"`
	ID      string   `xml:"id,attr"`
	Type    string   `xml:"type,attr"`
	Bodies  []text   `xml:"jabber:client body"`
	Subject *string  `xml:"jabber:client subject"`
	Thread  *string  `xml:"jabber:client thread"`
	Error   *failure `xml:"jabber:client error"`
	User    *struct {
		Items    []item   `xml:"item"`
		Statuses []status `xml:"status"`
		Destroy  *struct {
			Reason string `xml:"reason"`
		} `xml:"destroy"`
	} `xml:"http://jabber.org/protocol/muc#user x"`
	Delays []delay `xml:"urn:xmpp:delay delay"`
	Names  []name  `xml:"urn:xmpp:sid:0 stanza-id"`
	Files  []struct {
		URL  string `xml:"url"`
		Desc string `xml:"desc"`
	} `xml:"jabber:x:oob x"`
	Fallbacks []fallback `xml:"urn:xmpp:fallback:0 fallback"`

	// What is said to be encrypted, and how.
	Encryption *struct{} `xml:"urn:xmpp:eme:0 encryption"`
	Axolotl    *struct{} `xml:"eu.siacs.conversations.axolotl encrypted"`
	OMEMO1     *struct{} `xml:"urn:xmpp:omemo:1 encrypted"`
	OMEMO2     *struct{} `xml:"urn:xmpp:omemo:2 encrypted"`
	OpenPGP    *struct{} `xml:"urn:xmpp:openpgp:0 openpgp"`
	OldPGP     *struct{} `xml:"jabber:x:encrypted x"`

	// What takes a message back: by who said it (XEP-0424), or by who watches over the room
	// (XEP-0425), each in two versions.
	Retract *struct {
		ID        string     `xml:"id,attr"`
		Moderated *moderated `xml:"urn:xmpp:message-moderate:1 moderated"`
		Reason    string     `xml:"reason"`
	} `xml:"urn:xmpp:message-retract:1 retract"`
	Apply *struct {
		ID        string     `xml:"id,attr"`
		Retract   *struct{}  `xml:"urn:xmpp:message-retract:0 retract"`
		Moderated *moderated `xml:"urn:xmpp:message-moderate:0 moderated"`
	} `xml:"urn:xmpp:fasten:0 apply-to"`

	// Questions and answers.
	Ping *struct{} `xml:"urn:xmpp:ping ping"`
	Info *struct {
		Features []struct {
			Name string `xml:"var,attr"`
		} `xml:"feature"`
	} `xml:"http://jabber.org/protocol/disco#info query"`
	Result *result `xml:"urn:xmpp:mam:2 result"`
	End    *struct {
		Complete string `xml:"complete,attr"`
		Last     string `xml:"http://jabber.org/protocol/rsm set>last"`
	} `xml:"urn:xmpp:mam:2 fin"`
}

type text struct {
	Lang string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	Text string `xml:",chardata"`
}

type item struct {
	Nick   string `xml:"nick,attr"`
	Reason string `xml:"reason"`
}

type status struct {
	Code string `xml:"code,attr"`
}

type delay struct {
	From string `xml:"from,attr"`
	At   string `xml:"stamp,attr"`
}

// time is when it was; zero where that is none.
func (d delay) time() time.Time {
	at, err := time.Parse(time.RFC3339Nano, d.At)
	if err != nil || at.Year() < 1999 { // which XMPP is younger than
		return time.Time{}
	}
	return at.UTC().Truncate(time.Millisecond)
}

type name struct {
	By string `xml:"by,attr"`
	ID string `xml:"id,attr"`
}

type moderated struct {
	By      string    `xml:"by,attr"`
	Retract *struct{} `xml:"urn:xmpp:message-retract:0 retract"`
	Reason  string    `xml:"reason"`
}

// A fallback is a part of a body that is there for programs which know no better.
type fallback struct {
	For  string `xml:"for,attr"`
	Body *struct {
		Start string `xml:"start,attr"`
		End   string `xml:"end,attr"`
	} `xml:"body"`
}

// A result is a message of an archive.
type result struct {
	ID        string `xml:"id,attr"`
	Query     string `xml:"queryid,attr"`
	Forwarded struct {
		Delay   delay   `xml:"urn:xmpp:delay delay"`
		Message *stanza `xml:"jabber:client message"`
	} `xml:"urn:xmpp:forward:0 forwarded"`
}

// A failure is why something was refused.
type failure struct {
	Conditions []struct {
		XMLName xml.Name
	} `xml:",any"`
	Text string `xml:"urn:ietf:params:xml:ns:xmpp-stanzas text"`
}

// condition is the name of why.
func (f *failure) condition() string {
	if f == nil {
		return ""
	}
	for _, c := range f.Conditions {
		if c.XMLName.Space == nsStanzas {
			return c.XMLName.Local
		}
	}
	return ""
}

// has reports whether a presence has a code.
func (st *stanza) has(code string) bool {
	if st.User == nil {
		return false
	}
	for _, s := range st.User.Statuses {
		if s.Code == code {
			return true
		}
	}
	return false
}

// tokens is what is read of stanzas. Of one that is deeper or has more in it than is read, the
// rest is left out.
type tokens struct {
	from            xml.TokenReader
	depth, elements int
	skip            int  // the depth of what is left out, zero for nothing
	cut             bool // something was left out of this stanza
}

// Token implements xml.TokenReader.
func (t *tokens) Token() (xml.Token, error) {
	for {
		tok, err := t.from.Token()
		if err != nil {
			return nil, err
		}
		switch e := tok.(type) {
		case xml.StartElement:
			t.depth++
			t.elements++
			if t.skip == 0 && (t.depth > mostDepth || t.elements > mostElements) {
				t.skip, t.cut = t.depth, true
			}
			if len(e.Attr) > mostAttributes {
				e.Attr, t.cut = e.Attr[:mostAttributes], true
				tok = e
			}
		case xml.EndElement:
			t.depth--
			if t.skip > t.depth { // it ends what is left out
				t.skip = 0
				continue
			}
		}
		if t.skip == 0 {
			return tok, nil
		}
	}
}

// next returns the next stanza, and whether it is whole.
func (c *connection) next() (*stanza, bool, error) {
	for {
		tok, err := c.dec.Token()
		if err != nil {
			return nil, false, err
		}
		start, ok := tok.(xml.StartElement)
		if !ok {
			continue
		}
		var st stanza
		if err := c.dec.DecodeElement(&st, &start); err != nil {
			return nil, false, err
		}
		whole := !c.tokens.cut
		c.tokens.cut, c.tokens.elements = false, 0
		c.wire.done()
		return &st, whole, nil
	}
}

// escaped is a text as XML has it.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // to memory
	return b.String()
}
