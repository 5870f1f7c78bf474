package intel

import (
	"fmt"
	"strings"
	"unicode"
)

// The longest names that are kept, in bytes. Names are what tables are looked up
// by, and PostgreSQL takes 2,704 bytes of an index; letters may grow by half when
// they are brought to small ones.
const (
	MostName   = 2048 // of an entity: longer addresses are of use to nobody
	MostVoice  = 500  // of an account, a publisher, a room
	MostSource = 200
)

// Bounded returns d as it can be kept, and why each thing is not that is left out:
// a claim of a name, or by a voice, that is too long to be one, and such an author,
// channel or address. What pages print many of, titles and the circumstances of claims,
// is cut at the length of a name. Everything else of it stays, and so does its ID.
// Names of voices are one line. What is bounded already is returned as it is.
func (d Document) Bounded() (Document, []error) {
	var out []error
	voice := func(what string, name *string) {
		if *name = Line(*name); len(*name) > MostVoice {
			out = append(out, overlong(what, *name, MostVoice))
			*name = ""
		}
	}
	voice("author", &d.Author)
	voice("channel", &d.Channel)
	if len(d.URL) > MostName {
		out = append(out, overlong("address", d.URL, MostName))
		d.URL = ""
	}
	if len(d.Title) > MostName {
		out = append(out, shortened("title", &d.Title))
	}
	fits := func(c *Claim) bool {
		return c.Context.fits() && len(c.Subject.Name) <= MostName && len(c.Object.Name) <= MostName && len(c.By) <= MostVoice && Line(c.By) == c.By
	}
	for i := range d.Claims {
		if fits(&d.Claims[i]) {
			continue
		}
		kept := append(make([]Claim, 0, len(d.Claims)), d.Claims[:i]...)
		for _, c := range d.Claims[i:] {
			whole, err := c.bound()
			if err != nil {
				out = append(out, err)
			}
			if whole {
				kept = append(kept, c)
			}
		}
		d.Claims = kept
		break
	}
	return d, out
}

// bound makes a claim one that can be kept, and says what of it is not; or reports
// that it cannot, and why.
func (c *Claim) bound() (kept bool, reason error) {
	for _, e := range []Entity{c.Subject, c.Object} {
		if len(e.Name) > MostName {
			return false, overlong("claim of "+string(e.Kind), e.Name, MostName)
		}
	}
	if c.By = Line(c.By); len(c.By) > MostVoice {
		return false, overlong("claim by", c.By, MostVoice)
	}
	for _, field := range c.Context.fields() {
		if len(*field) > MostName {
			reason = shortened("claim with", field)
		}
	}
	return true, reason
}

// fields are the texts of a context.
func (c *Context) fields() []*string {
	return []*string{&c.Vulnerability, &c.Port, &c.Method, &c.Phase, &c.Campaign, &c.Hostname, &c.Note}
}

func (c *Context) fits() bool {
	return len(c.Vulnerability) <= MostName && len(c.Port) <= MostName && len(c.Method) <= MostName && len(c.Phase) <= MostName &&
		len(c.Campaign) <= MostName && len(c.Hostname) <= MostName && len(c.Note) <= MostName
}

// shortened cuts a text at the length of a name, and says so.
func shortened(what string, text *string) error {
	err := fmt.Errorf("%s %q … of %d bytes, cut to %d: %w", what, strings.ToValidUTF8((*text)[:60], ""), len(*text), MostName, ErrInvalid)
	*text = strings.ToValidUTF8((*text)[:MostName], "")
	return err
}

func overlong(what, name string, most int) error {
	return fmt.Errorf("%s %q … of %d bytes, %d at most: %w", what, strings.ToValidUTF8(name[:60], ""), len(name), most, ErrInvalid)
}

// Line is s as one line, to stand where a line has a meaning: blanks in a row,
// ends of lines among them, are one blank, and other control characters none.
// What holds no control character, and no other end of a line, stays as it is.
func Line(s string) string {
	if strings.IndexFunc(s, breaks) < 0 {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return breaks(r) || unicode.IsSpace(r) }), " ")
}

// breaks reports whether r may end a line, or does something else than to be read.
func breaks(r rune) bool { return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' }
