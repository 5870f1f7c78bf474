package extract

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/abadojack/whatlanggo"
)

const (
	// fewestLetters is from how many letters of words on a language is told, and
	// fewestOwn by a script that is of one language or few.
	fewestLetters = 24
	fewestOwn     = 10
	signWorth     = 3
	// foreignNames is to which part of a text its own script may shrink between
	// names in Latin letters.
	foreignNames = 3
	// mostJudged is how many bytes of words a language is told by.
	mostJudged = 4 << 10
	// oneWord is what a common word counts.
	oneWord = 2
	// sure is how far a language is believed that another is nearly as likely as.
	sure = 0.6
)

// Language returns the language that a text is in, as a BCP 47 tag, and how sure
// that is, from 0 to 1; "" for too little text or too little confidence. Values,
// names of files and other words with signs or digits in them say nothing of it.
// The script decides where it can, whatever names in Latin letters stand in
// between; letters that only one of its languages has tell Russian from
// Ukrainian and Bulgarian, and Persian from Arabic and Urdu. Languages in Latin
// letters are told by their commonest words, and by trigrams where those do not
// decide (Cavnar and Trenkle 1994).
func Language(text string) (tag string, confidence float64) {
	return language(text, trigrams)
}

// byWords is the tag of [Language] without trigrams: what they say of short texts
// may differ from one run to the next.
func byWords(text string) string {
	tag, _ := language(text, func(_ string, ahead whatlanggo.Lang, _ map[whatlanggo.Lang]bool) whatlanggo.Lang { return ahead })
	return tag
}

// A tieBreak decides between languages in Latin letters that the commonest words
// hardly tell apart: it returns one of among, or -1 for none. Ahead is the one
// that those words speak for, -1 if they speak as much for another.
type tieBreak func(words string, ahead whatlanggo.Lang, among map[whatlanggo.Lang]bool) whatlanggo.Lang

// trigrams is the tieBreak by rows of three letters.
func trigrams(words string, _ whatlanggo.Lang, among map[whatlanggo.Lang]bool) whatlanggo.Lang {
	return whatlanggo.DetectLangWithOptions(words, whatlanggo.Options{Whitelist: among})
}

func language(text string, decide tieBreak) (tag string, confidence float64) {
	words, scripts := letters(text)
	scripts[han] *= signWorth // a sign of it is a word or half of one
	of, most, all := unscripted, 0, 0
	for s, n := range scripts {
		all += n
		if n > most && script(s) != latin {
			of, most = script(s), n
		}
	}
	if all < fewestLetters && (most < fewestOwn || !of.telling()) {
		return "", 0
	}
	if most*foreignNames < all {
		return latinLanguage(words, float64(scripts[latin])/float64(all), decide)
	}
	// Names in Latin letters stand in all languages.
	share := float64(most) / float64(all-scripts[latin])
	switch of {
	case cyrillic:
		return by(words, share, "ru", cyrillicSigns())
	case arabic:
		return by(words, share, "ar", arabicSigns())
	case han, kana:
		// Japanese writes all its endings in kana, a third of its signs and more.
		if scripts[kana]*8*signWorth > scripts[han]+scripts[kana]*signWorth {
			return "ja", share
		}
		return "zh", share
	}
	return map[script]string{hangul: "ko", hebrew: "he", greek: "el", thai: "th"}[of], share
}

// A script is a way of writing that a language can be told by.
type script int

const (
	unscripted script = iota
	latin
	cyrillic
	arabic
	han
	kana
	hangul
	hebrew
	greek
	thai
	scriptCount
)

// telling reports whether a script says much of the language: Korean has its own,
// and what Arabic letters Persian adds stand in nearly all its words.
func (s script) telling() bool {
	return s == arabic || s == hangul || s == hebrew || s == greek || s == thai
}

func scriptOf(r rune) script {
	switch {
	case r < utf8.RuneSelf:
		return latin
	case unicode.Is(unicode.Latin, r):
		return latin
	case unicode.Is(unicode.Cyrillic, r):
		return cyrillic
	case unicode.Is(unicode.Arabic, r):
		return arabic
	case unicode.Is(unicode.Han, r):
		return han
	case unicode.In(r, unicode.Hiragana, unicode.Katakana):
		return kana
	case unicode.Is(unicode.Hangul, r):
		return hangul
	case unicode.Is(unicode.Hebrew, r):
		return hebrew
	case unicode.Is(unicode.Greek, r):
		return greek
	case unicode.Is(unicode.Thai, r):
		return thai
	}
	return unscripted
}

// letters returns the words of a text that are letters alone, in lower case and
// with blanks between, and how many letters of each script they have.
func letters(text string) (words string, scripts [scriptCount]int) {
	var b strings.Builder
	for field := range strings.FieldsSeq(text[:min(len(text), 8*mostJudged)]) {
		field = strings.TrimFunc(field, func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) })
		if field == "" || len(field) > 400 || ascii(field) && strings.ContainsFunc(field, foreign) {
			continue
		}
		for _, r := range field {
			if unicode.IsLetter(r) {
				scripts[scriptOf(r)]++
			}
		}
		b.WriteString(strings.ToLower(field))
		b.WriteByte(' ')
		if b.Len() > mostJudged {
			break
		}
	}
	return b.String(), scripts
}

func ascii(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

// foreign reports whether a word of ASCII with r in it is of no language.
func foreign(r rune) bool { return !unicode.IsLetter(r) && r != '-' && r != '\'' }

// A sign is a language and the letters that of its script it alone has.
type sign struct {
	tag  string
	only string
	// words are of the language alone too, for texts without those letters.
	words string
	// least is how many of a hundred letters are these where it is the language.
	least float64
}

func cyrillicSigns() []sign {
	return []sign{{"uk", "іїєґ", "що це або але та угруповання вимагач вимагача хакерська хакери шифрувальник шкідлива через було програма-вимагач", 1.5}, {"be", "ўі", "", 1.5}, {"sr", "јљњћђџ", "", 1.5}, {"mk", "јљњќѓѕ", "", 1.5},
		{"kk", "әғқңөұүһі", "", 3}, {"ru", "ыэё", "", 0.6}, {"bg", "ъ", "", 0.6}}
}

func arabicSigns() []sign {
	return []sign{{"ur", "ٹڈڑےں", "", 1.5}, {"fa", "پچژگکی", "", 2}}
}

// by tells languages of one script apart by the letters that only some have: the
// one with most of its own, if they are enough; else usual.
func by(words string, share float64, usual string, signs []sign) (string, float64) {
	all := 0
	for _, r := range words {
		if unicode.IsLetter(r) {
			all++
		}
	}
	best, score := usual, 0.0
	for _, s := range signs {
		n := 0
		for _, r := range words {
			if strings.ContainsRune(s.only, r) {
				n++
			}
		}
		if rate := 100 * float64(n) / float64(max(all, 1)) / s.least; rate >= 1 && rate > score {
			best, score = s.tag, rate
		}
	}
	if score == 0 {
		for _, s := range signs {
			for w := range strings.FieldsSeq(words) {
				if s.words != "" && slices.Contains(strings.Fields(s.words), w) {
					return s.tag, share * 0.7
				}
			}
		}
		share *= 0.7 // nothing speaks for it but the script
	}
	return best, share
}

// A tongue is a language in Latin letters with its commonest words.
type tongue struct {
	tag    string
	of     whatlanggo.Lang
	common string
}

func tongues() []tongue {
	return []tongue{
		{"en", whatlanggo.Eng, "the of and to in is was for that with are on by from has have been this it at be not we you they their who which or as an will were but after all our your"},
		{"de", whatlanggo.Deu, "der die das und ist nicht mit von den dem ein eine für auf im zu wir sie sich bei nach aus als auch an wird wurde hat sind über durch noch oder unsere einen einer ich es am zum zur"},
		{"es", whatlanggo.Spa, "el la los las de que y en del un una con por para se no su es al lo como más fue han ha este esta pero sobre sin nos ya son sus desde entre hay"},
		{"fr", whatlanggo.Fra, "le la les il elle faut des et est dans du une un pour que qui sur par avec au aux ce cette ne pas plus nous vous ils sont été son ses ou mais comme leur"},
		{"pt", whatlanggo.Por, "o os as de que e em do da dos das um uma com por para não se na no nas nos ao à foi são mais como mas pela pelo ou seu sua"},
		{"it", whatlanggo.Ita, "il lo la gli le di che e è in un una del della dei con per non si sono da al nel alla più come anche ma questo questa dal"},
		{"nl", whatlanggo.Nld, "de het een en van is niet dat met op te zijn voor aan door ook bij uit naar wordt werd om als maar deze dit er hebben heeft"},
		{"pl", whatlanggo.Pol, "i w na z do się nie że jest o to przez od po za jak ale dla oraz są był może tym przy"},
		{"tr", whatlanggo.Tur, "ve bir bu için ile olarak da de olan gibi çok daha en ne ama veya sonra kadar üzerinde tarafından"},
		{"id", whatlanggo.Ind, "yang dan di ke dari untuk dengan ini itu pada adalah tidak dalam oleh akan atau juga telah kami mereka"},
		{"ro", whatlanggo.Ron, "și în de la cu pe este un o care pentru din nu sunt mai au prin să al ale această"},
		{"cs", whatlanggo.Ces, "a v na se že je s z do o to pro ve jsou byl ale od po při jako také podle které který"},
		{"sv", whatlanggo.Swe, "och i att det som på är av för med den till inte en ett har de om var från vi eller"},
		{"fi", whatlanggo.Fin, "ja on ei että se oli ovat myös kun mutta tai joka sen sekä hän"},
		{"hu", whatlanggo.Hun, "a az és hogy nem is egy van volt ez meg csak de mint el már"},
		{"vi", whatlanggo.Vie, "và của là các có được cho trong với một không này những người đã để từ"},
	}
}

// speaks reports whether a text has a common word of a language that says something
// alone: one of more than a letter, and no English one or part of a host's name.
func (t tongue) speaks(counts map[string]int) bool {
	for w := range strings.FieldsSeq(t.common) {
		if counts[w] > 0 && len(w) > 1 && !alike(w) {
			return true
		}
	}
	return false
}

// alike reports whether a word of another language is also written in English, in
// hosts or in commands.
func alike(word string) bool {
	switch word {
	case "hat", "die", "den", "am", "an", "in", "war", "com", "do", "as", "no", "me", "on", "or", "is", "at", "to", "for", "it", "so", "has", "ha", "over", "door", "van", "met", "het", "men", "min", "but",
		"par", "pour", "sur", "son", "plus", "more", "per", "non", "come", "he", "nos", "us", "go", "od", "ale", "tak", "care", "din", "un", "dan", "ini", "net", "en", "de", "se", "be", "by", "are", "was":
		return true
	}
	return false
}

// latinLanguage tells a language that is written in Latin letters.
func latinLanguage(text string, share float64, decide tieBreak) (string, float64) {
	counts := map[string]int{}
	all := 0
	for w := range strings.FieldsSeq(text) {
		counts[w]++
		all++
	}
	var best, second tongue
	var most, next int
	allowed := map[whatlanggo.Lang]bool{}
	for _, t := range tongues() {
		n := 0
		for w := range strings.FieldsSeq(t.common) {
			n += counts[w] * min(len(w), oneWord) // one letter may be anything
		}
		switch {
		case n > most:
			best, most, second, next = t, n, best, most
		case n > next:
			second, next = t, n
		}
		if n > 0 {
			allowed[t.of] = true
		}
	}
	if most == 0 || most*6 < all { // no sentences: names, commands, lines of a log
		return "", 0
	}
	if best.tag != "en" && !best.speaks(counts) {
		return "", 0
	}
	if best.tag == "en" && most == next && !second.speaks(counts) {
		return best.tag, share * sure
	}
	if 2*next <= most {
		return best.tag, share * (1 - float64(next)/float64(2*most))
	}
	if 3*next < 2*most {
		return best.tag, share * sure
	}
	ahead := best.of
	if most == next {
		ahead = -1
	}
	switch decide(text, ahead, allowed) {
	case best.of:
		return best.tag, share * sure
	case second.of:
		if most == oneWord && best.tag == "en" {
			return "", 0 // import os; from os
		}
		return second.tag, share * sure
	}
	return "", 0
}
