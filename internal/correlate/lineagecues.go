package correlate

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// A lineageCue is how a text says whom it has something from.
type lineageCue int

const (
	uncued  lineageCue = iota
	plainly            // "via", "RT", "h/t": whoever follows
	byColon            // "source:", which asks for the colon
)

// plainCues stand before whom a text relays.
func plainCues() []string {
	return []string{"via", "rt", "h/t", "ht", "hat tip", "hat-tip", "hattip", "reported by", "shared by", "spotted by", "found by", "discovered by", "posted by", "tip from", "tip by",
		"reposted from", "repost from", "repost", "forwarded from", "credit to", "credits to", "credit goes to", "credits go to", "according to",
		"vía", "según", "selon", "d'après", "laut", "secondo", "segundo", "по данным", "по сообщению", "репост", "переслано от", "за даними", "转自", "转载自", "轉自", "轉載自", "转发自", "به نقل از"}
}

// markedCues do so before a colon.
func markedCues() []string {
	return []string{"source", "sources", "src", "credit", "credits", "original", "original post", "quelle", "quellen", "fuente", "fonte", "bron", "kaynak", "źródło", "источник", "источники", "джерело",
		"来源", "來源", "消息来源", "原文", "出处", "出典", "引用元", "منبع", "المصدر"}
}

// nearest is how far before an account or a link a cue may begin.
const nearest = 64

// cueBefore returns which cue a text ends with, but for marks.
func cueBefore(before string) lineageCue {
	before = before[max(0, len(before)-nearest):]
	for len(before) > 0 && !utf8.RuneStart(before[0]) {
		before = before[1:]
	}
	cut := strings.TrimRightFunc(before, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(":：-–—>»[(\"'“„«<*_=→", r)
	})
	colon := strings.ContainsAny(before[len(cut):], ":：=")
	cut = strings.ToLower(cut)
	cues := lineageCues()[lastWord(cut)]
	if cue := suffixOf(cut, cues.plain); cue != "" && !contacts(strings.TrimSuffix(cut, cue)) {
		return plainly
	}
	if colon && suffixOf(cut, cues.marked) != "" {
		return byColon
	}
	return uncued
}

// cuesOf are the cues that end with one word.
type cuesOf struct{ plain, marked []string }

// lineageCues is all of them by their last words, made once.
var lineageCues = sync.OnceValue(func() map[string]cuesOf {
	out := map[string]cuesOf{}
	for _, c := range plainCues() {
		of := out[lastWord(c)]
		of.plain = append(of.plain, c)
		out[lastWord(c)] = of
	}
	for _, c := range markedCues() {
		of := out[lastWord(c)]
		of.marked = append(of.marked, c)
		out[lastWord(c)] = of
	}
	return out
})

// lastWord is the word that a text ends with; of Chinese, which parts no words, the
// last sign.
func lastWord(text string) string {
	r, n := utf8.DecodeLastRuneInString(text)
	if unicode.Is(unicode.Han, r) {
		return text[len(text)-n:]
	}
	return text[strings.LastIndexFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) })+1:]
}

// suffixOf returns which of cues a text ends with, as words of its own.
func suffixOf(text string, cues []string) string {
	for _, c := range cues {
		if rest, ok := strings.CutSuffix(text, c); ok {
			if r, _ := utf8.DecodeLastRuneInString(rest); rest == "" || unicode.Is(unicode.Han, r) || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '/' && r != '-' {
				return c
			}
		}
	}
	return ""
}

// contacts reports whether a text ends with what asks to be written to: "DM me
// via @x" relays nobody.
func contacts(before string) bool {
	words := strings.Fields(before)
	for _, w := range words[max(0, len(words)-3):] {
		w = strings.Trim(w, ".,:;!()")
		if slices.Contains([]string{"contact", "contacts", "dm", "pm", "message", "msg", "reach", "write", "order", "buy", "pay", "payment", "payments", "sold", "available", "escrow", "text", "support",
			"пишите", "связь", "писать", "контакт", "kontakt", "contacto", "contactar", "联系"}, w) {
			return true
		}
	}
	return false
}

// namingCues stand before the name of a publisher; those of one word ask for a
// colon.
var namingCues = sync.OnceValue(func() []string {
	return []string{"reported by", "according to", "credit to", "credits to", "по данным", "по сообщению", "за даними",
		"source", "quelle", "fuente", "fonte", "источник", "джерело", "来源", "來源", "转自", "转载自"}
})

// named names the publisher that a short text says it has this from, as a slug:
// "reported by Kaspersky", "来源：奇安信".
func named(text string) string {
	lower := strings.ToLower(text)
	if len(lower) != len(text) { // a letter whose two cases differ in size
		return ""
	}
	for _, cue := range namingCues() {
		if !strings.Contains(lower, cue) {
			continue
		}
		i := strings.LastIndex(lower, cue)
		if suffixOf(lower[:i+len(cue)], []string{cue}) == "" {
			continue
		}
		rest := strings.TrimLeft(text[i+len(cue):], " \t")
		after := strings.TrimLeft(rest, ":： \t")
		if len(after) == len(rest) && !strings.Contains(cue, " ") && !strings.HasSuffix(cue, "自") {
			continue
		}
		if name := intel.Slug(properName(after)); len(name) > 1 && !nobodys(name) {
			return name
		}
	}
	return ""
}

// properName is the name that a text begins with: up to three words with capitals,
// or a run of Chinese.
func properName(text string) string {
	if r, _ := utf8.DecodeRuneInString(text); unicode.Is(unicode.Han, r) {
		n := strings.IndexFunc(text, func(r rune) bool { return !unicode.Is(unicode.Han, r) && !unicode.IsDigit(r) })
		if n < 0 {
			n = len(text)
		}
		if n > 36 {
			return ""
		}
		return text[:n]
	}
	var words []string
	for range 3 {
		word, rest, _ := strings.Cut(text, " ")
		trimmed := strings.TrimRight(word, ".,;:!?)\"'»”\n\r")
		r, _ := utf8.DecodeRuneInString(trimmed)
		if !unicode.IsUpper(r) || strings.ContainsAny(trimmed, "@/\n") {
			break
		}
		words = append(words, trimmed)
		if text = rest; trimmed != word {
			break
		}
	}
	return strings.Join(words, " ")
}

// nobodys reports whether a name is that of a place, or of nobody.
func nobodys(name string) bool {
	return slices.Contains([]string{"twitter", "x", "telegram", "github", "reddit", "discord", "mastodon", "osint", "internet", "open", "own", "self", "me", "us", "na", "multiple", "various", "several", "unknown",
		"private", "internal", "the", "a", "this", "virustotal", "shodan", "google"}, name)
}
