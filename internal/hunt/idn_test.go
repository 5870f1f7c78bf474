package hunt

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
)

// inJSON writes what is beyond ASCII in escapes.
func inJSON(s string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		if u < 0x80 {
			b.WriteByte(byte(u))
		} else {
			fmt.Fprintf(&b, `\u%04x`, u)
		}
	}
	return b.String()
}

func TestAHostOfItsOwnScriptIsFoundInEverySpelling(t *testing.T) {
	const domain, url = "domain:xn----8sbcooqjmlkd.xn--p1ai", "url:http://xn--fsqu00a.example/x"
	set := marks(t, domain, url, "domain:пример.example", "domain:evil.example", "domain:xn--ls8h.example")
	for text, want := range map[string]string{
		`{"host":"пример-банк.рф"}`:             domain,
		`{"host":"a.пример-банк.рф."}`:          domain,
		"http://пример-банк.рф/x":               domain,
		"http://ПРИМЕР-Банк.РФ/x":               domain,
		"xn----8sbcooqjmlkd.xn--p1ai":           domain,
		"непример-банк.рф пример-банк.рф.com":   "",
		"http://例子.example/x":                   url,
		`{"host":"例子.example","url":"\/x?q=1"}`: url,
		"http://xn--fsqu00a.example/x":          url,
		"http://例子.example/y":                   "",
		"www.xn--e1afmkfd.example":              "domain:пример.example",
		"www.пример.example":                    "domain:пример.example",
		"💩.example":                             "domain:xn--ls8h.example",
		"例.evil.example":                        "domain:evil.example",
	} {
		logs := []string{text, inJSON(text), strings.Repeat(" ", 3*overlap) + inJSON(text)}
		if text[0] != '{' {
			logs = append(logs, `{"a":"\n`+inJSON(text)+`\r\n"}`)
		}
		for _, log := range logs {
			if got := strings.Join(entities(t, set, log), " "); got != want {
				t.Errorf("%s: found %q, want %q", log, got, want)
			}
		}
	}
}

func TestAFalseSpellingIsNobodyElsesName(t *testing.T) {
	set := marks(t, "domain:xn--bank-.example", "domain:xn--bank-.xn--p1ai", "url:http://xn--bank-.example/x")
	for _, text := range []string{"bank.example", "http://bank.example/x", "bank.рф", inJSON("bank.рф")} {
		if got := entities(t, set, text); len(got) > 0 {
			t.Errorf("%s: found %v", text, got)
		}
	}
}
