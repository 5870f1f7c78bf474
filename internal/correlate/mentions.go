package correlate

import (
	_ "embed"
	"strings"
	"sync"

	"github.com/portent-cti/portent/internal/intel"
)

//go:embed defence.txt
var defenceText string

// curbed is the one class of the lexicon of what is done against attackers.
const curbed = phase + 1

// defence is the lexicon of what is done against attackers, parsed once.
var defence = sync.OnceValue(func() *lexicon { return newLexicon(defenceText, func(string) cue { return curbed }) })

// mostMentions is how many mentions one document gives. What names more is a
// list of everything and says nothing of each.
const mostMentions = 1000

// Speech says what a document speaks of, as far as scores of interest and
// activity go by it, and whose word it is: original's if it is a copy.
func Speech(doc intel.Document, observations []intel.Observation, evidence []intel.Evidence, original string) intel.Speech {
	s := intel.Speech{Genre: doc.Genre}
	if doc.Genre == intel.Advisory && strings.HasPrefix(doc.Title, "CVE-") {
		s.Genre = intel.Register
	}
	switch {
	case original != "":
		s.Voice = original
	case doc.Genre == intel.Advisory:
		s.Voice = doc.Voice() // a catalogue speaks for itself, whatever it cites
	default:
		s.Voice = Origin(doc)
	}
	// Analysts' verdicts and what our own hunts saw are no mentions.
	if doc.Genre != intel.Verdict && !doc.Source.Reserved() {
		s.Mentions = mentions(doc, s.Genre, observations, evidence)
	}
	return s
}

// mentions returns vulnerabilities, products and vendors in any case, and actors,
// campaigns, malware and countries where a document tells of a side. The record
// of a vulnerability tells of none.
func mentions(doc intel.Document, genre intel.Genre, observations []intel.Observation, evidence []intel.Evidence) []intel.Mention {
	by, attacked := attacks(evidence)
	var out []intel.Mention
	var about []intel.Entity
	seen := map[intel.Entity]bool{}
	for _, o := range observations {
		e := o.Entity
		if o.Suppressed != "" || seen[e] || e.Name == "" {
			continue
		}
		seen[e] = true
		switch e.Kind {
		case intel.Vulnerability, intel.Product, intel.Vendor:
			out = append(out, intel.Mention{Entity: e})
		case intel.Actor, intel.Campaign, intel.Malware, intel.Country:
			about = append(about, e)
		}
	}
	if len(out)+len(about) > mostMentions {
		return nil
	}
	if genre == intel.Register {
		return out
	}
	if len(about) > 0 {
		against := defended(doc, evidence)
		for _, e := range about {
			if side := by[e] | against(e); side != 0 {
				out = append(out, intel.Mention{Entity: e, Side: side})
			}
		}
	}
	return append(out, attacked...)
}

// attacks returns who is told to attack, and which countries: evidence that it
// targets, claims, exploits or offers. What it uses is told of its kind and not
// of a day, and what it means to do has not been done.
func attacks(evidence []intel.Evidence) (map[intel.Entity]intel.Side, []intel.Mention) {
	sides := map[intel.Entity]intel.Side{}
	var attacked []intel.Mention
	seen := map[intel.Mention]bool{}
	for _, e := range evidence {
		if e.Stance != intel.Supports {
			continue
		}
		switch e.Link.Relation {
		case intel.Targets, intel.ClaimsAttack:
			m := intel.Mention{Entity: e.Link.From, Target: e.Link.To, Side: intel.Offensive}
			if m.Entity.Kind == intel.Actor && m.Target.Kind == intel.Country && !seen[m] && len(attacked) < mostMentions {
				seen[m] = true
				attacked = append(attacked, m)
			}
		case intel.Exploits, intel.Offers:
		default:
			continue
		}
		sides[e.Link.From] |= intel.Offensive
	}
	return sides, attacked
}

// defended returns what others do about somebody in a document: they write a
// report, an advisory or a list, share its indicators, or tell of arrests,
// seizures, sanctions or warnings. Of a country only the last counts, for it is
// named as often as where somebody is attacked.
func defended(doc intel.Document, evidence []intel.Evidence) func(intel.Entity) intel.Side {
	author, _ := Author(doc)
	shared := map[intel.Entity]bool{}
	for _, e := range evidence {
		if e.Link.Relation == intel.Indicates && e.Stance == intel.Supports {
			shared[e.Link.To] = true
		}
	}
	text := strings.ToValidUTF8(doc.Title+"\n"+doc.Text[:min(len(doc.Text), longest)], "")
	curbs := doc.Genre != intel.LeakSite && len(defence().find(nil, lower(text), 0)) > 0
	return func(e intel.Entity) intel.Side {
		if e != author && (curbs || e.Kind != intel.Country && (!doc.Genre.HasAccounts() || shared[e])) {
			return intel.Defensive
		}
		return 0
	}
}
