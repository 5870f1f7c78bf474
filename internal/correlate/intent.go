package correlate

import (
	"slices"
	"strings"
	"unicode"

	"github.com/portent-cti/portent/internal/intel"
)

// intentions gives what the document's speaker, or the actors it tells of, mean
// to do, with the sentence that says it best as the quote.
func (g *gathering) intentions(p *page, by speaker) {
	if p.denied {
		return
	}
	if by.self {
		g.ownIntentions(p, by)
		return
	}
	if p.actors > 0 {
		g.toldIntentions(p)
	}
}

// ownIntentions reads a post as a whole: title and text together say what its
// author wants.
func (g *gathering) ownIntentions(p *page, by speaker) {
	for _, guess := range by.means {
		if guess.Label == research {
			continue
		}
		to := intel.NewEntity(intel.Intent, guess.Label)
		offset, length := g.quote(p, guess.Label)
		for _, o := range by.subjects(p.main) {
			g.say(intel.Link{From: o.entity, Relation: intel.Intends, To: to}, o.weight, intel.Supports, intel.Context{}, offset, length)
			if o.entity == by.author && strings.HasPrefix(guess.Label, "sell-") {
				g.say(intel.Link{From: o.entity, Relation: intel.Offers, To: to}, o.weight, intel.Supports, intel.Context{}, offset, length)
			}
		}
	}
}

// quote returns the sentence that speaks most of an intention.
func (g *gathering) quote(p *page, label string) (offset, length int) {
	best := 0.0
	for i := range p.sentences {
		from, to := p.bounds(i)
		if from >= passageLength {
			break
		}
		text := strings.TrimSpace(p.text[from:to])
		if text == "" {
			continue
		}
		if prob := shippedMeaning().Probability(label, g.doc.Genre, p.prose[from:to]); prob > best {
			best = prob
			offset, length = from+strings.Index(p.text[from:to], text), len(text)
		}
	}
	return offset, length
}

// Sentences are judged one by one where others speak: those of fewer letters
// besides names and values say too little, longer ones are tables.
const (
	shortest = 16
	tabular  = 1500 // bytes
	// A longer document than this speaks of many things: there a sentence
	// counts for an actor that it names itself.
	digressive = 40 // sentences
)

// takesBack reports whether a sentence says that something is not so, by its
// words or by beginning with "no,".
func takesBack(sentence string) bool {
	before, _, ok := strings.Cut(strings.NewReplacer("，", ",", "،", ",").Replace(sentence[:min(len(sentence), 24)]), ",")
	switch strings.TrimSpace(lower(before)) {
	case "no", "нет", "nein", "不", "不是", "没有", "نه", "خیر":
		if ok {
			return true
		}
	}
	return slices.ContainsFunc(cues().find(nil, lower(sentence), 0), func(h hit) bool { return h.class == negation || h.class == denial })
}

// employs reports whether a sentence speaks of using something and not of selling:
// the model alone took "adds two zero-day exploits, using a decoy" for an offer.
func employs(sentence string) bool {
	words := " " + lower(sentence) + " "
	uses := slices.ContainsFunc([]string{" using ", " uses ", " used ", " adds ", " added "}, func(w string) bool { return strings.Contains(words, w) })
	return uses && !slices.ContainsFunc(cues().find(nil, words, 0), func(h hit) bool { return h.class == offer })
}

// letters counts the letters of s; those of scripts that say in one what others
// do in three count three.
func letters(s string) (n int) {
	for _, r := range s {
		switch {
		case unicode.Is(unicode.Han, r):
			n += 3
		case unicode.IsLetter(r):
			n++
		}
	}
	return n
}

// toldIntentions reads sentence by sentence what a document says of actors. Who
// tells of others does so as a report does, wherever it stands. A sentence with
// indicators, fragments or techniques tells how, not what for.
func (g *gathering) toldIntentions(p *page) {
	if g.doc.Genre == intel.Log || g.doc.Genre == intel.List {
		return
	}
	next, paragraph := 0, -1
	var topic intel.Entity // whom the paragraph spoke of last
	for i := range p.sentences {
		from, to := p.bounds(i)
		if n := place(p.paragraphs, from); n != paragraph {
			paragraph, topic = n, intel.Entity{}
		}
		var named intel.Entity
		technical := false
		for ; next < len(p.mentions) && p.mentions[next].sentence == i; next++ {
			e := p.mentions[next].Entity
			technical = technical || e.Kind.Class() != intel.Name && e.Kind != intel.Vulnerability
			if e.Kind == intel.Actor && named.Name == "" {
				named = e
			}
		}
		if named.Name != "" {
			topic = named
		}
		who, ok := p.meant(named, topic)
		text := strings.TrimSpace(p.text[from:to])
		if !ok || technical || len(text) > tabular || letters(p.prose[from:to]) < shortest || takesBack(text) {
			continue
		}
		for _, guess := range shippedMeaning().Guesses(intel.Report, p.prose[from:to]) {
			if guess.Label != research && (guess.Label != "sell-exploit" || !employs(text)) {
				g.say(intel.Link{From: who.entity, Relation: intel.Intends, To: intel.NewEntity(intel.Intent, guess.Label)}, who.weight,
					intel.Supports, intel.Context{}, from+strings.Index(p.text[from:to], text), len(text))
			}
		}
	}
}

// meant returns whom a sentence speaks of: whom it names, else whom its
// paragraph spoke of last, else whom the document is about, unless that is too
// long.
func (p *page) meant(named, topic intel.Entity) (owner, bool) {
	switch {
	case named.Name != "":
		return owner{named, sentenceWeight}, true
	case len(p.sentences) > digressive:
		return owner{}, false
	case topic.Name != "":
		return owner{topic, paragraph}, true
	case p.main.Name != "":
		return owner{p.main, implied}, true
	}
	return owner{}, false
}
