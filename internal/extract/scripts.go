package extract

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Names of hosts are written in scripts of all sorts (RFC 5890). Of those that put
// no blanks between words, or write particles against them, a label begins where
// the word before it is one that announces it, and ends before a dot.

// longestLabelOf is how many characters of such a script a label has at most: what
// is longer is a sentence.
const longestLabelOf = 16

// scriptRune reports whether r is a letter, or a sign above or below one, of a script
// beside which Latin letters do not stand in one label.
func scriptRune(r rune) bool {
	return r >= 0x530 && r != utf8.RuneError && (unicode.IsLetter(r) || unicode.In(r, unicode.Mn, unicode.Mc)) && !labelRune(r)
}

// letters returns where letters of such scripts end that begin at a place, and how
// many there are; most is how many are looked at.
func (v *values) letters(at, most int) (end, n int) {
	for end = at; end < len(v.text) && n <= most; n++ {
		r, size := utf8.DecodeRuneInString(v.text[end:])
		if !scriptRune(r) {
			break
		}
		end += size
	}
	v.steps += end - at + 1
	return end, n
}

// scriptLabel returns where a label of such a script begins that ends at a place, or
// the place.
func (v *values) scriptLabel(at int) int {
	begin, n := at, 0
	for begin > 0 && n <= longestLabelOf+longestAnnounced {
		r, size := utf8.DecodeLastRuneInString(v.text[:begin])
		if !scriptRune(r) {
			break
		}
		begin -= size
		n++
	}
	v.steps += at - begin
	label := v.text[begin:at]
	if i := announced(label); i > 0 {
		return begin + i
	}
	if n < 2 || n > longestLabelOf {
		return at
	}
	return begin
}

// longestAnnounced is how many characters before a label are looked at for what
// announces it.
const longestAnnounced = 16

// announced returns where in s the label begins that the last of some words
// announces, or 0: they are words for hosts, for being and for going there, and
// particles of Japanese. Two characters at least are left.
func announced(s string) int {
	at := 0
	for _, word := range [...]string{"域名", "网址", "網址", "网站", "網站", "地址", "站点", "服务器", "伺服器", "访问", "連線", "连接", "指向", "伪装成", "为", "為", "是", "到", "和", "及", "与", "は", "が", "を", "に", "で", "と", "へ", "から", "ドメイン", "サイト", "사이트는", "도메인은"} {
		if i := strings.LastIndex(s, word); i >= 0 && utf8.RuneCountInString(s[i+len(word):]) > 1 {
			at = max(at, i+len(word))
		}
	}
	return at
}

// topLevel returns where a top-level name of such a script ends that begins at a
// place, or the place.
func (v *values) topLevel(at int) int {
	end, n := v.letters(at, 10)
	if n == 0 || n > 10 {
		return at
	}
	if end < len(v.text) && v.text[end] < utf8.RuneSelf && isWordByte(v.text[end]) {
		return at
	}
	if _, ok := hostName("a." + v.text[at:end]); !ok {
		return at
	}
	return end
}

// scriptBeyond goes on over letters of such a script where a run stops before them:
// the host of a URL, a top-level name, or a part of a path that goes on behind.
func (v *values) scriptBeyond(from, to int, has class) (int, class) {
	run := v.text[from:to]
	scheme := strings.Index(run, "://")
	if scheme < 0 {
		if has&dot != 0 && strings.HasSuffix(run, ".") && to-from < 80 {
			if end := v.topLevel(to); end > to {
				return v.ascii(end, odd)
			}
		}
		return to, 0
	}
	end, n := v.letters(to, longestLabelOf)
	if n == 0 || n > longestLabelOf || len(run) > longest/2 {
		return to, 0
	}
	inHost := strings.IndexByte(run[scheme+3:], '/') < 0
	behind := byte(' ')
	if end < len(v.text) {
		behind = v.text[end]
	}
	switch last := run[len(run)-1]; {
	case inHost && last == '.' && v.topLevel(to) == end,
		inHost && (last == '/' || last == '.' || last == '-') && (behind == '.' || behind == '-'),
		!inHost && strings.IndexByte("/=-_.", last) >= 0 && (strings.IndexByte("/.?-_&%", behind) >= 0 && end+1 < len(v.text) && classes[v.text[end+1]]&(alpha|hex|digit) != 0 || has&odd != 0 && classes[behind]&ends != 0 && behind < utf8.RuneSelf):
		return v.ascii(end, odd|dot)
	}
	return to, 0
}
