package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding"

	"github.com/portent-cti/portent/internal/intel"
)

// rtf reads a document in Rich Text Format: its text with a line a paragraph,
// rows of tables as lines, links with where they lead, its title and date. It
// reads every byte once. What is embedded, drawn or about looks is passed over.
func rtf(body []byte) (letter, error) {
	r := &rich{in: string(body), fonts: map[int]string{}, from: map[string]*encoding.Decoder{}}
	r.state.page, r.state.bytes = "windows-1252", 1
	for r.at < len(r.in) {
		if err := r.step(); err != nil {
			return letter{}, fmt.Errorf("rtf: %w", err)
		}
		if r.ended {
			break
		}
	}
	if !r.ended {
		return letter{}, fmt.Errorf("rtf: it breaks off: %d groups are open at its end: %w", len(r.stack), intel.ErrInvalid)
	}
	r.decode()
	var text strings.Builder
	for line := range strings.Lines(r.out.String()) {
		text.WriteString(strings.TrimRight(line, " \t\n") + "\n")
	}
	return letter{title: strings.TrimSpace(r.title.String()), text: strings.TrimSpace(text.String()), at: r.changed()}, nil
}

// deepestGroup is how deep groups of RTF may be nested.
const deepestGroup = 1000

// A rich is RTF under way.
type rich struct {
	in    string
	at    int
	ended bool
	state group
	stack []group
	fonts map[int]string // encodings of fonts
	out   strings.Builder
	title strings.Builder
	code  strings.Builder // command of the field that is open
	raw   []byte          // bytes not decoded yet
	units []uint16        // UTF-16 not decoded yet
	pass  int             // characters to pass over behind \u
	from  map[string]*encoding.Decoder
	made  [6]int // year, month, day, hour, minute, second
	saved [6]int
}

// A group is what holds until its brace closes.
type group struct {
	into  dest
	page  string // encoding
	bytes int    // that stand for a \u
	row   bool   // in a table
	font  int
	link  string // where the field leads that it is in
	from  int    // where its words begin
}

// A dest is where text goes.
type dest int8

const (
	toText dest = iota
	toNothing
	toTitle
	toCommand
	toFonts
	toMade
	toSaved
)

// step reads one brace, control word, or stretch of text.
func (r *rich) step() error {
	switch r.in[r.at] {
	case '{':
		r.decode()
		if len(r.stack) >= deepestGroup {
			return fmt.Errorf("more than %d groups deep: %w", deepestGroup, intel.ErrInvalid)
		}
		r.stack = append(r.stack, r.state)
		r.at++
	case '}':
		r.decode()
		r.at++
		r.close()
	case '\\':
		r.at++
		r.control()
	case '\r', '\n':
		r.at++
	default:
		end := strings.IndexAny(r.in[r.at:], "{}\\\r\n")
		if end < 0 {
			end = len(r.in) - r.at
		}
		r.plain(r.in[r.at : r.at+end])
		r.at += end
	}
	return nil
}

// close ends a group.
func (r *rich) close() {
	if len(r.stack) == 0 {
		r.ended = true
		return
	}
	was := r.state
	r.state = r.stack[len(r.stack)-1]
	r.stack = r.stack[:len(r.stack)-1]
	r.ended = len(r.stack) == 0
	r.linked(was)
}

// linked notes where a field leads once its command has ended, and writes it
// behind the words that the field shows, unless they say it.
func (r *rich) linked(was group) {
	if was.into == toCommand && r.state.into != toCommand {
		r.state.link = linked(r.code.String())
		r.code.Reset()
		r.state.from = r.out.Len()
	}
	if was.link != "" && r.state.link == "" && was.into == toText {
		words := strings.TrimSpace(r.out.String()[min(was.from, r.out.Len()):])
		if !strings.EqualFold(strings.TrimSuffix(words, "/"), strings.TrimSuffix(was.link, "/")) && len(was.link) <= 2048 && strings.Contains(was.link, ":") && !strings.ContainsAny(was.link, " <>") {
			r.out.WriteString(" <" + was.link + ">")
		}
	}
}

// control reads what follows a backslash.
func (r *rich) control() {
	if r.at >= len(r.in) {
		return
	}
	c := r.in[r.at]
	if c < 'a' || c > 'z' {
		r.symbol(c)
		return
	}
	from := r.at
	for r.at < len(r.in) && r.at-from < 32 && r.in[r.at] >= 'a' && r.in[r.at] <= 'z' {
		r.at++
	}
	word := r.in[from:r.at]
	from = r.at
	for r.at < len(r.in) && r.at-from < 11 && (r.in[r.at] >= '0' && r.in[r.at] <= '9' || r.at == from && r.in[r.at] == '-') {
		r.at++
	}
	number, err := strconv.Atoi(r.in[from:r.at])
	has := err == nil
	if r.at < len(r.in) && r.in[r.at] == ' ' {
		r.at++
	}
	if word == "bin" {
		r.at += min(max(0, number), len(r.in)-r.at)
		return
	}
	r.word(word, number, has)
}

// symbol reads a control that is no word.
func (r *rich) symbol(c byte) {
	r.at++
	switch c {
	case '\'':
		if r.at+2 <= len(r.in) {
			if b, err := strconv.ParseUint(r.in[r.at:r.at+2], 16, 8); err == nil {
				r.at += 2
				r.raws([]byte{byte(b)})
			}
		}
	case '\\', '{', '}':
		r.plain(string(c))
	case '~':
		r.put(" ")
	case '_':
		r.put("-")
	case '\r', '\n':
		r.put("\n")
	case '*': // what follows may be passed over by who does not know it
		if !strings.HasPrefix(r.in[r.at:], `\fldinst`) {
			r.state.into = toNothing
		}
	}
}

// word obeys a control word.
func (r *rich) word(word string, number int, has bool) {
	switch word {
	case "par", "line", "sect", "page":
		if r.state.row {
			r.put(" ")
		} else {
			r.put("\n")
		}
	case "row", "nestrow":
		r.put("\n")
	case "intbl":
		r.state.row = true
	case "pard":
		r.state.row = false
	case "cell", "nestcell":
		r.put("\t")
	case "tab", "emspace", "enspace", "qmspace":
		r.put(" ")
	case "u":
		r.decodeBytes()
		if number < 0 {
			number += 1 << 16
		}
		if number >= 0 && number < 1<<16 {
			r.units = append(r.units, uint16(number))
		}
		r.pass = r.state.bytes
	case "uc":
		r.state.bytes = min(max(0, number), 16)
	case "ansicpg":
		r.state.page = codepage(number)
		r.fonts[-1] = r.state.page
	case "f":
		r.decode()
		if r.state.font = number; r.state.into != toFonts {
			r.state.page = r.encoding(number)
		}
	case "fcharset":
		if r.state.into == toFonts && len(r.fonts) < 10_000 {
			r.fonts[r.state.font] = ofCharset(number)
		}
	case "plain":
		r.decode()
		r.state.page = r.encoding(-1)
	default:
		if s, ok := signs[word]; ok {
			r.put(s)
		} else {
			r.destination(word, number, has)
		}
	}
}

// signs are characters that have a word.
var signs = map[string]string{"emdash": "—", "endash": "–", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•"}

// destination obeys a word that says where text goes.
func (r *rich) destination(word string, number int, has bool) {
	switch word {
	case "fonttbl":
		r.state.into = toFonts
	case "colortbl", "stylesheet", "pict", "object", "objdata", "header", "headerl", "headerr", "headerf", "footer", "footerl", "footerr", "footerf",
		"themedata", "datastore", "generator", "listtable", "listoverridetable", "rsidtbl", "xmlnstbl", "info", "latentstyles", "nonshppict", "comment", "annotation", "author", "operator", "fldtype", "pntext", "deleted":
		if word != "deleted" || !has || number != 0 {
			r.state.into = toNothing
		}
	case "title":
		r.turn(toTitle)
	case "creatim":
		r.turn(toMade)
	case "revtim":
		r.turn(toSaved)
	case "fldinst":
		r.state.into = toCommand
	case "yr", "mo", "dy", "hr", "min", "sec":
		i := map[string]int{"yr": 0, "mo": 1, "dy": 2, "hr": 3, "min": 4, "sec": 5}[word]
		switch r.state.into {
		case toMade:
			r.made[i] = number
		case toSaved:
			r.saved[i] = number
		}
	}
}

// turn turns to a part of the document's properties, which are not shown.
func (r *rich) turn(d dest) {
	if r.state.into == toNothing {
		r.state.into = d
	}
}

// put writes what is text already.
func (r *rich) put(s string) {
	r.decode()
	r.pass = 0
	r.write(s)
}

// plain takes bytes of the file as text, without those that only stand for a
// character told before.
func (r *rich) plain(s string) {
	if n := min(r.pass, len(s)); n > 0 {
		s, r.pass = s[n:], r.pass-n
	}
	if s != "" {
		r.decodeUnits()
		r.raw = append(r.raw, s...)
	}
}

func (r *rich) raws(b []byte) {
	if r.pass > 0 {
		r.pass--
		return
	}
	r.decodeUnits()
	r.raw = append(r.raw, b...)
}

func (r *rich) decode() {
	r.decodeBytes()
	r.decodeUnits()
}

func (r *rich) decodeUnits() {
	if len(r.units) > 0 {
		r.write(string(utf16.Decode(r.units)))
		r.units = r.units[:0]
	}
}

func (r *rich) decodeBytes() {
	if len(r.raw) == 0 {
		return
	}
	text := strings.ToValidUTF8(string(r.raw), "\uFFFD")
	if d := r.decoder(); d != nil {
		if s, err := d.Bytes(r.raw); err == nil {
			text = string(s)
		}
	}
	r.raw = r.raw[:0]
	r.write(text)
}

// decoder is that of the encoding in force, nil for UTF-8.
func (r *rich) decoder() *encoding.Decoder {
	d, ok := r.from[r.state.page]
	if !ok {
		if e, _ := charset.Lookup(r.state.page); e != nil && e != encoding.Nop {
			d = e.NewDecoder()
		}
		r.from[r.state.page] = d
	}
	return d
}

// write puts text where it goes.
func (r *rich) write(s string) {
	switch r.state.into {
	case toText:
		r.out.WriteString(s)
	case toTitle:
		if r.title.Len() < 4096 {
			r.title.WriteString(s)
		}
	case toCommand:
		if r.code.Len() < 4096 {
			r.code.WriteString(s)
		}
	}
}

// encoding is the one of a font, else of the document.
func (r *rich) encoding(font int) string {
	if e := r.fonts[font]; e != "" {
		return e
	}
	if e := r.fonts[-1]; e != "" {
		return e
	}
	return "windows-1252"
}

func codepage(number int) string {
	switch number {
	case 932:
		return "shift_jis"
	case 936:
		return "gbk"
	case 949:
		return "euc-kr"
	case 950:
		return "big5"
	case 65001:
		return "utf-8"
	case 866:
		return "ibm866"
	}
	if number >= 1250 && number <= 1258 || number == 874 {
		return "windows-" + strconv.Itoa(number)
	}
	return "windows-1252"
}

// ofCharset is the encoding of a Windows character set, empty for that of the
// document.
func ofCharset(number int) string {
	switch number {
	case 128:
		return "shift_jis"
	case 129:
		return "euc-kr"
	case 134:
		return "gbk"
	case 136:
		return "big5"
	case 161:
		return "windows-1253"
	case 162:
		return "windows-1254"
	case 163:
		return "windows-1258"
	case 177:
		return "windows-1255"
	case 178:
		return "windows-1256"
	case 186:
		return "windows-1257"
	case 204:
		return "windows-1251"
	case 222:
		return "windows-874"
	case 238:
		return "windows-1250"
	}
	return ""
}

// changed is when the document was changed last, else made; zero if it does not say.
func (r *rich) changed() time.Time {
	for _, t := range [][6]int{r.saved, r.made} {
		if t[0] >= 1980 && t[0] < 3000 && t[1] >= 1 && t[1] <= 12 && t[2] >= 1 && t[2] <= 31 {
			return time.Date(t[0], time.Month(t[1]), t[2], min(t[3], 23), min(t[4], 59), min(t[5], 59), 0, time.UTC)
		}
	}
	return time.Time{}
}
