package correlate

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// group tells which actors of the sentence are spoken of as one: those that
// "and" joins, and those called by two names.
func (s *sentence) group() {
	s.groups = make([]int, len(s.actors))
	for i := 1; i < len(s.actors); i++ {
		a, b := s.actors[i-1], s.actors[i]
		s.groups[i] = s.groups[i-1]
		if !joins(s.page.text, a.end(), b.Offset) && !s.between(alias, a.end(), b.Offset) {
			s.groups[i]++
		}
	}
}

// joins reports whether nothing but a conjunction stands between two places.
func joins(text string, from, to int) bool {
	if to < from || to-from > 16 {
		return to < from
	}
	switch lower(strings.Trim(text[from:to], " \t,;、，()\"'«»“”")) {
	case "", "and", "&", "/", "as well as", "и", "y", "e", "und", "sowie", "和", "与", "及", "و", "+", "и,", "or", "или", "oder", "یا":
		return true
	}
	return false
}

// between reports whether a cue of the class stands between two places.
func (s *sentence) between(c cue, from, to int) bool {
	return s.says(c) && slices.ContainsFunc(s.hits, func(h hit) bool { return h.class == c && h.from >= from && h.to <= to })
}

// Sorts of cues within their class.
const (
	active = "active" // who calls somebody so stands before the word
	loose  = "loose"  // says that something is the same
	naming = "naming" // names anything
)

// vague reports whether a cue says of something else than of actors that it is
// the same: "the same day", "the same server as".
func (s *sentence) vague(h hit) bool {
	if h.class != alias || h.phase != loose {
		return false
	}
	rest := strings.TrimLeft(lower(s.page.text[h.to:min(s.to, h.to+16)]), " ")
	if rest == "" || strings.ContainsAny(rest[:1], ".,;:!?)\n") {
		return false
	}
	for _, w := range []string{"as ", "group", "actor", "gang", "crew", "team", "people", "thing", "hackers", "threat", "one"} {
		if strings.HasPrefix(rest, w) {
			return false
		}
	}
	return true
}

// pairs relates actors that a sentence names beside each other, and campaigns
// with actors.
func (g *gathering) pairs(s *sentence, t *topic) {
	stance := intel.Supports
	if s.page.denied || s.says(negation) {
		stance = intel.Disputes
	}
	if len(s.actors) == 0 && s.says(associated) && len(t.pair) == 2 {
		g.associate(t.pair[0], t.pair[1], paragraph, stance)
	}
	listed := false // the pair before were names of one
	for i := 1; i < len(s.actors); i++ {
		a, b := s.actors[i-1], s.actors[i]
		joined := joins(s.page.text, a.end(), b.Offset)
		alone := len(s.actors) == 2
		link := intel.Link{From: b.Entity, Relation: intel.AliasOf, To: a.Entity}
		switch {
		case s.between(notAlias, a.end(), b.Offset) || alone && s.says(notAlias):
			g.say(link, sentenceWeight, intel.Disputes, intel.Context{}, b.Offset, b.Length)
			listed = false
		case s.between(successor, a.end(), b.Offset):
			listed = false
		case s.between(alias, a.end(), b.Offset), joined && listed, alone && s.says(alias) && !s.says(associated) && (joined || s.copula(b.Offset) == a.end()):
			g.say(link, sentenceWeight, stance, intel.Context{}, b.Offset, b.Length)
			listed = true
		default:
			listed = false
			if s.says(associated) {
				g.associate(a, b, sentenceWeight, stance)
			}
		}
	}
	for _, c := range distinct(s.mentions, intel.Campaign) {
		for i, a := range s.actors {
			if s.groups[i] == 0 || len(s.actors) <= 3 {
				g.say(intel.Link{From: c, Relation: intel.PartOf, To: a.Entity}, sentenceWeight/float64(1+s.groups[len(s.groups)-1]), stance, intel.Context{}, a.Offset, a.Length)
			}
		}
	}
}

func (g *gathering) associate(a, b mention, weight float64, stance intel.Stance) {
	if g.canonical(a.Entity) != g.canonical(b.Entity) {
		g.say(intel.Link{From: a.Entity, Relation: intel.AssociatedWith, To: b.Entity}, weight, stance, intel.Context{}, b.Offset, b.Length)
	}
}

// names gives the links to names that the sentence itself introduces and that
// no reference knows: "X (also known as Y)", "campaign Z".
func (g *gathering) names(s *sentence) {
	if s.page.denied {
		return
	}
	if s.says(alias) && len(s.actors) == 1 {
		g.newAlias(s, s.actors[0])
	}
	if !s.says(campaign) || len(distinct(s.mentions, intel.Campaign)) > 0 {
		return
	}
	owner := s.page.main
	weight := implied
	if len(s.actors) > 0 {
		owner, weight = s.actors[0].Entity, 0.75
	}
	if owner.Name == "" {
		return
	}
	for _, h := range s.hits {
		if h.class != campaign || !s.campaigns(h) {
			continue
		}
		from, to := s.campaignAt(h)
		if to > from && intel.Slug(s.page.text[from:to]) != owner.Name {
			name := intel.NewEntity(intel.Campaign, s.page.text[from:to])
			g.say(intel.Link{From: name, Relation: intel.PartOf, To: owner}, weight, intel.Supports, intel.Context{}, from, to-from)
			return
		}
	}
}

// campaigns reports whether a cue speaks of a campaign with a name: "dubbed X"
// does where a campaign was spoken of right before, "campaigns Acme observed" and
// "Email Campaign Innovation" do not.
func (s *sentence) campaigns(h hit) bool {
	text := s.page.text
	if h.phase == naming {
		before := lower(text[max(s.from, h.from-farthest):h.from])
		deeds := []string{"intrusions", "attacks", "activity", "вторжен", "атак", "入侵", "攻击", "活动", "ataques", "intrusiones", "angriffe", "einbrüche", "حملات", "نفوذ"}
		return slices.ContainsFunc(deeds, func(d string) bool { return strings.Contains(before, d) }) ||
			slices.ContainsFunc(s.hits, func(c hit) bool {
				return c.class == campaign && c.phase != naming && c.to <= h.from && h.from-c.to <= farthest
			})
	}
	word := text[h.from:h.to]
	if !strings.EqualFold(word, "campaign") && !strings.EqualFold(word, "operation") {
		return true
	}
	if strings.HasPrefix(text[h.to:], "s ") {
		return false
	}
	before := strings.Fields(text[s.from:h.from])
	return word != "Campaign" || len(before) < 2 || !properWord(before[len(before)-1])
}

// campaignAt returns where the name of a campaign stands beside a cue: after
// it, but in Chinese before it too.
func (s *sentence) campaignAt(h hit) (from, to int) {
	if from, to = s.nameAfter(h.to); to > from {
		return from, to
	}
	if r, _ := utf8.DecodeRuneInString(s.page.text[h.from:]); unicode.Is(unicode.Han, r) {
		return s.nameBefore(h.from)
	}
	return h.from, h.from
}

// namedCampaign returns the campaign that a title names: "Operation X".
func namedCampaign(title string) intel.Entity {
	s := sentence{page: &page{text: title}, to: len(title)}
	for _, h := range cues().find(nil, lower(title), 0) {
		if h.class != campaign || h.phase == naming {
			continue
		}
		if from, to := s.campaignAt(h); to > from {
			return intel.NewEntity(intel.Campaign, title[from:to])
		}
	}
	return intel.Entity{}
}

// newAlias links a name beside a cue with the one actor of the sentence.
func (g *gathering) newAlias(s *sentence, a mention) {
	stance := intel.Supports
	if s.says(notAlias) || s.says(negation) {
		stance = intel.Disputes
	}
	for _, h := range s.hits {
		if h.class != alias && h.class != notAlias {
			continue
		}
		from, to := s.nameAfter(h.to)
		if to == from && a.Offset >= h.to && h.phase != active {
			from, to = s.nameBefore(h.from)
		}
		g.coin(s, a, from, to, stance)
	}
	if from, to := s.nameBefore(s.copula(a.Offset)); to > from {
		g.coin(s, a, from, to, stance) // "X is Y, only another vendor"
	}
}

// coin links a name that no reference knows with the actor it is said to be.
func (g *gathering) coin(s *sentence, a mention, from, to int, stance intel.Stance) {
	if to == from || s.taken(from, to) || scheme(s.page.text[from:to]) {
		return
	}
	wording := s.page.text[from:to]
	name := intel.NewEntity(intel.Actor, wording)
	if name.Name != "" && len(name.Name) > 2 && name != a.Entity && name.Name != s.page.campaign.Name {
		g.say(intel.Link{From: name, Relation: intel.AliasOf, To: a.Entity}, 0.75, stance, intel.Context{}, from, to-from)
	}
}

// scheme reports whether a word is only what vendors begin names with.
func scheme(word string) bool {
	switch word {
	case "TEMP", "UNC", "APT", "FIN", "DEV", "TA", "TG", "TAG", "UAC", "Storm", "APT-C":
		return true
	}
	return false
}

// copula returns where the "is" or "and" before a place begins, or 0.
func (s *sentence) copula(at int) int {
	before := strings.TrimRight(s.page.text[s.from:at], " \"'«“„")
	for _, w := range []string{" is", " ist", " es", " — это", " - это", " это", " and", " und", " y", " и", " و", " همان", "是", " ="} {
		if strings.HasSuffix(before, w) {
			return s.from + len(before) - len(w)
		}
	}
	return s.from
}

const quotes = "\"'«»“”„‘’「」《》"

// nameAfter returns where a name stands that begins at once, or an empty span.
func (s *sentence) nameAfter(at int) (from, to int) {
	text := s.page.text
	i := at
	for i < s.to { // the rest of the word whose stem the cue is
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsLower(r) && !unicode.Is(unicode.Arabic, r) {
			break
		}
		i += size
	}
	at = i
	for i < s.to {
		r, size := utf8.DecodeRuneInString(text[i:])
		if !unicode.IsSpace(r) && r != ':' && r != '#' && !strings.ContainsRune(quotes, r) {
			break
		}
		i += size
		if strings.ContainsRune(quotes, r) {
			return s.quoted(i)
		}
	}
	if i-at > 6 || i >= s.to {
		return at, at
	}
	from = i
	to = from
	for n := 0; n < 4; n++ {
		end := i
		for end < s.to && nameByte(text, end) {
			r, size := utf8.DecodeRuneInString(text[end:])
			if end > i && unicode.Is(unicode.Han, r) {
				break // a sentence in Chinese goes on without a blank
			}
			end += size
		}
		if end == i || !s.nameWord(text[i:end]) || s.taken(i, end) {
			break
		}
		to = end
		i = end
		if i < s.to && text[i] == ' ' {
			i++
		}
	}
	return from, to
}

// nameBefore returns where a name stands that ends at once, or an empty span.
func (s *sentence) nameBefore(at int) (from, to int) {
	text := s.page.text
	i := at
	for i > s.from {
		r, size := utf8.DecodeLastRuneInString(text[s.from:i])
		if strings.ContainsRune(quotes, r) {
			return s.unquoted(i - size)
		}
		if !unicode.IsSpace(r) && r != '(' && r != '（' && r != ',' {
			break
		}
		i -= size
	}
	if at-i > 4 {
		return at, at
	}
	to, from = i, i
	if strings.HasPrefix(text[i:], "(") || strings.HasPrefix(text[i:], "（") {
		if f := s.han(i); f < i {
			return f, i // a Chinese name before a bracket
		}
	}
	if end := foreignBefore(text[s.from:i]); end > 0 {
		i = s.from + end
		to, from = i, i
	}
	for n := 0; n < 4; n++ {
		begin := i
		for begin > s.from {
			r, size := utf8.DecodeLastRuneInString(text[s.from:begin])
			if !nameRune(r) || begin < i && unicode.Is(unicode.Han, r) {
				break
			}
			begin -= size
		}
		if begin == i || !s.nameWord(text[begin:i]) || s.taken(begin, i) {
			break
		}
		from = begin
		i = begin
		if i > s.from && text[i-1] == ' ' {
			i--
		}
	}
	return from, to
}

// foreignBefore returns where a word of another script ends that a sign or two
// of Chinese follow at the end of s without a blank, 0 if none does.
func foreignBefore(s string) int {
	end := len(s)
	for range 3 {
		r, size := utf8.DecodeLastRuneInString(s[:end])
		if !unicode.Is(unicode.Han, r) {
			if end < len(s) && unicode.IsLetter(r) {
				return end
			}
			return 0
		}
		end -= size
	}
	return 0
}

// han returns where the run of Chinese that ends at a place begins, if it is
// short.
func (s *sentence) han(to int) int {
	from := to
	for n := 0; from > s.from; n++ {
		r, size := utf8.DecodeLastRuneInString(s.page.text[s.from:from])
		if !unicode.Is(unicode.Han, r) {
			break
		}
		if n == 8 {
			return to
		}
		from -= size
	}
	return from
}

// quoted returns the span up to the closing quote, if it is near.
func (s *sentence) quoted(from int) (int, int) {
	n := strings.IndexAny(s.page.text[from:s.to], quotes)
	if n <= 0 || n > 48 || strings.ContainsAny(s.page.text[from:from+n], ".,;:_") || !titled(s.page.text[from:]) {
		return from, from
	}
	return from, from + n
}

// unquoted returns the span back to the opening quote, if it is near.
func (s *sentence) unquoted(to int) (int, int) {
	n := strings.LastIndexAny(s.page.text[s.from:to], quotes)
	if n < 0 {
		return to, to
	}
	_, size := utf8.DecodeRuneInString(s.page.text[s.from+n:])
	from := s.from + n + size
	if to-from > 48 || strings.ContainsAny(s.page.text[from:to], ".,;:_") || !titled(s.page.text[from:]) {
		return to, to
	}
	return from, to
}

// titled reports whether s begins with a capital, or in a script without.
func titled(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) && !unicode.IsLower(r)
}

// taken reports whether a mention of a name stands there already.
func (s *sentence) taken(from, to int) bool {
	return slices.ContainsFunc(s.mentions, func(m mention) bool { return m.Offset < to && from < m.end() })
}

func nameRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '-' || r == '_' || r == '\''
}

func nameByte(text string, i int) bool {
	r, _ := utf8.DecodeRuneInString(text[i:])
	return nameRune(r)
}

// nameWord reports whether a word can be part of a name: it has a capital or
// is Chinese and short, and is not the name of a sort of thing.
func (s *sentence) nameWord(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	if unicode.Is(unicode.Han, r) || !properWord(w) {
		return false
	}
	return !slices.ContainsFunc(cues().find(nil, lower(w), 0), func(h hit) bool { return h.class == generic && h.to == len(w) })
}

func properWord(w string) bool {
	r, _ := utf8.DecodeRuneInString(w)
	return unicode.IsUpper(r) || unicode.Is(unicode.Han, r) || w == "&"
}
