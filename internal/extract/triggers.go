package extract

import (
	"strings"
	"unicode/utf8"
)

// A trigger is a word beside which a fragment of an attack is named.
type trigger int

const (
	noTrigger trigger = iota
	argumentWord
	attributeWord // in descriptions of flaws
	functionWord
	libraryWord
	fileWord
	inputWord
	quotedWord
	portWord
	mutexWord
	agentWord
	systemWord
	methodWord
	headerWord
	flawWord // vulnerability, as in "vulnerability in X of Y"
	serviceWord
	taskWord
	makesWord // a program that makes services or tasks
	commandWord
	urlWord
	hostWord   // a variable for a host in a template
	lookupWord // what an expression looks up elsewhere
	markupWord // an attribute that runs a script
	curlWord
	signWord // speaks of a flaw or an attack upon one
	idWord   // begins an identifier
)

// announcers tells the trigger of a word by its hash.
type announcers struct {
	begins bitmap
	words  map[uint32]trigger
}

func (a *announcers) of(h uint32) trigger {
	if !a.begins.has(h) {
		return noTrigger
	}
	return a.words[h]
}

// at tells the trigger that begins with a word, and where it ends: in Chinese,
// where every sign is a word here, it is two of them.
func (a *announcers) at(text string, words []token, i int) (trigger, int) {
	w := words[i]
	if i+1 < len(words) && words[i+1].from == w.to && text[w.from] >= utf8.RuneSelf {
		if r, _ := utf8.DecodeRuneInString(text[w.to:]); isHan(r) {
			return a.of(mix(w.hash, r)), int(words[i+1].to)
		}
	}
	return a.of(w.hash), int(w.to)
}

// listen notes the triggers among words, and reads what they tell by themselves. It
// returns where functions are spoken of.
func (v *values) listen(words []token, triggers *announcers) (called []int) {
	for i, w := range words {
		if !triggers.begins.has(w.hash) && v.text[w.from] < utf8.RuneSelf {
			continue
		}
		t, to := triggers.at(v.text, words, i)
		c := cue{t, i, int(w.from), to}
		switch {
		case t == noTrigger:
			continue
		case t == signWord || t == idWord:
			if t == signWord {
				v.flaws = append(v.flaws, c.from)
			}
			v.spaced(c.from, to)
			continue
		case t == flawWord:
			v.flaws = append(v.flaws, c.from)
		case t == functionWord && to < len(v.text) && v.text[to] == ' ':
			called = append(called, c.from)
		case t == attributeWord && !v.advisory, (t == serviceWord || t == taskWord || t == commandWord) && !v.introduced(to), t == urlWord && (!strings.HasPrefix(v.text[to:], "://") || v.anyHost(to+3) == 0):
			continue
		case t == argumentWord || t == functionWord || t == libraryWord:
			if v.part(c.from, to) {
				continue
			}
		}
		v.cues = append(v.cues, c)
	}
	return called
}

// triggers tells the trigger of a word by its hash, in the languages of the
// sources.
func triggers() *announcers {
	out := &announcers{begins: make(bitmap, 256), words: map[uint32]trigger{}}
	for t, words := range map[trigger]string{
		argumentWord:  "argument arguments parameter parameters param params аргумент аргумента аргументе аргументы параметр параметра параметре параметры parámetro parámetros argumento argumentos arguments پارامتر آرگومان 参数",
		attributeWord: "attribute attributes",
		functionWord:  "function functions функция функции функцию función funktion تابع method methods routine functionality",
		libraryWord:   "library libraries библиотека библиотеки библиотеке biblioteca bibliothek کتابخانه",
		fileWord:      "file files файл файле файла datei archivo فایل component endpoint script",
		inputWord:     "input",
		quotedWord:    "payload value ввод вводом entrada eingabe ورودی значение значением valor wert",
		portWord:      "port ports порт порту порта порты puerto puertos پورت 端口",
		mutexWord:     "mutex mutexes мьютекс mutant createmutex createmutexa createmutexw openmutex openmutexa openmutexw",
		agentWord:     "agent ua",
		makesWord:     "sc schtasks",
		systemWord:    "as asn",
		headerWord:    "header headers",
		flawWord:      "vulnerability overflow flaw validation",
		signWord: "vulnerabilities vulnerable cve exploit exploits exploited exploitation exploiting injection inject overflows traversal inclusion xss csrf ssrf sqli rce xxe poc flaws bypass deserialization dereference scripting sanitize sanitized crafted manipulation denial" +
			" уязвимость уязвимости уязвимостью уязвим эксплойт эксплоит инъекция инъекции переполнение обход vulnerabilidad vulnerabilidades inyección desbordamiento schwachstelle sicherheitslücke lücke verwundbar آسیب تزریق 漏洞 注入 溢出 利用",
		idWord:      "cwe capec",
		serviceWord: "service",
		taskWord:    "task",
		commandWord: "command",
		urlWord:     "http https",
		hostWord:    "baseurl rooturl hostname",
		lookupWord:  "jndi ndi",
		markupWord:  "onerror onload onmouseover onfocus ontoggle onclick",
		curlWord:    "curl",
		methodWord:  "get post put head delete patch options propfind",
	} {
		for _, w := range strings.Fields(words) {
			h := hashOf(w)
			out.words[h] = t
			out.begins.add(h)
		}
	}
	return out
}
