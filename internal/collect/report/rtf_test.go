package report

import (
	"strings"
	"testing"
	"time"
)

func TestRTFIsReadInEncodingsAndWithoutWhatIsNoText(t *testing.T) {
	for in, want := range map[string]string{
		`{\rtf1\ansi\ansicpg1251 \'ef\'f0\'e8}`:                                     "при",
		`{\rtf1\ansi{\fonttbl{\f2\fcharset134 SimSun;}}\f2 \'c4\'e3\plain\f0 \'e9}`: "你é",
		`{\rtf1\uc0\u1061\u1086 x\uc2 \u8364\'a2\'e3 y}`:                            "Хоx€ y",
		`{\rtf1 a{\*\unknown b{c}}d{\header e}{\stylesheet f}{\info{\title g}}}`:    "ad",
		`{\rtf1 one\'}`: "one",
		`{\rtf1 {\deleted gone}{\deleted0 stays}}`:               "stays",
		`{\rtf1 C:\\temp\\a.exe\line b}`:                         "C:\\temp\\a.exe\nb",
		`{\rtf1 x} trailing`:                                     "x",
		`{\rtf1\par` + "\r\n" + `a` + "\r\n" + `b}`:              "ab",
		`{\rtf1 {\field{\*\fldinst{HYPERLINK "x"}}{\fldrslt y}}`: "",
	} {
		l, err := rtf([]byte(in))
		if (err != nil) != (want == "") || l.text != want {
			t.Errorf("%s: %q (%v), want %q", in, l.text, err, want)
		}
	}
}

func TestHostileRTFCostsLittle(t *testing.T) {
	for name, in := range map[string]string{
		"groups":    `{\rtf1 ` + strings.Repeat("{", 1<<20),
		"words":     `{\rtf1 ` + strings.Repeat(`\aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa`, 1<<16) + "}",
		"bytes":     `{\rtf1 ` + strings.Repeat(`\'e9{}`, 1<<18) + "}",
		"surrogate": `{\rtf1 ` + strings.Repeat(`\u-10179 `, 1<<18) + "}",
		"binary":    `{\rtf1 \bin2147483647 }`,
		"links":     `{\rtf1 ` + strings.Repeat(`{\field{\*\fldinst HYPERLINK "a:b"}{\fldrslt c}}`, 1<<16) + "}",
		"fonts":     `{\rtf1 {\fonttbl` + strings.Repeat(`{\f1\fcharset204 x;}`, 1<<16) + "}}",
	} {
		started := time.Now()
		l, err := rtf([]byte(in))
		if took := time.Since(started); took > 5*time.Second || len(l.text) > 2*len(in) {
			t.Errorf("%s: %s, %d bytes of %d, %v", name, took, len(l.text), len(in), err)
		} else {
			t.Logf("%-10s %5d kB in %4d ms: %v", name, len(in)>>10, took.Milliseconds(), err)
		}
	}
}

func FuzzRTF(f *testing.F) {
	f.Add([]byte(`{\rtf1\ansi\ansicpg1251{\fonttbl{\f1\fcharset204 x;}}{\info{\title T}{\revtim\yr2026\mo1\dy2}}\f1 \'cf\u1061?\u-10179?\u-8704?\trowd\intbl a\cell b\cell\row}`))
	f.Add([]byte(`{\rtf1{\field{\*\fldinst{HYPERLINK "https://evil.example/"}}{\fldrslt x}}\bin3 abc}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		if l, err := rtf(body); err == nil && len(l.text) > 3*len(body)+100 {
			t.Errorf("%d bytes of text from %d", len(l.text), len(body))
		}
	})
}
