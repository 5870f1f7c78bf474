package correlate_test

import (
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/intel"
)

func post(text string) intel.Document {
	return intel.Document{Source: "posts", Genre: intel.Social, Author: "x/alice", URL: "https://x.com/alice/status/1", Text: text}
}

func TestWhomAPostSaysItHasItFromIsItsOrigin(t *testing.T) {
	for _, c := range []struct{ text, origin string }{
		{"New #Emotet C2 45.134.21.8, via @MalwareHunter", "x/malwarehunter"},
		{"RT @MalwareHunter: New #Emotet C2 45.134.21.8", "x/malwarehunter"},
		{"45.134.21.8 is Emotet (h/t @MalwareHunter)", "x/malwarehunter"},
		{"45.134.21.8 is Emotet. Hat tip: @MalwareHunter.", "x/malwarehunter"},
		{"45.134.21.8 is Emotet\ncredits to @MalwareHunter", "x/malwarehunter"},
		{"Emotet again: 45.134.21.8. Credit: @MalwareHunter", "x/malwarehunter"},
		{"Emotet again: 45.134.21.8 reported by @MalwareHunter", "x/malwarehunter"},
		{"Emotet 45.134.21.8 via https://twitter.com/MalwareHunter/status/1424521046523211777", "x/malwarehunter"},
		{"Emotet 45.134.21.8 via https://mobile.twitter.com/MalwareHunter/status/14?s=20", "x/malwarehunter"},
		{"Emotet 45.134.21.8 via https://t.me/s/malwarehunter/7", "telegram/malwarehunter"},
		{"Emotet 45.134.21.8 via @malwarehunter@infosec.exchange", "infosec.exchange/malwarehunter"},
		{"Emotet 45.134.21.8 via https://infosec.exchange/@MalwareHunter/1134", "infosec.exchange/malwarehunter"},
		{"Emotet is back. Source: https://www.securelist.com/emotet/1", "kaspersky"},
		{"Emotet ist zurück, 45.134.21.8. Quelle: https://www.heise.de/news/1.html", "heise.de"},
		{"Emotet снова активен, 45.134.21.8. Источник: https://securelist.ru/a/1", "kaspersky"},
		{"По данным @MalwareHunter, 45.134.21.8 — это Emotet", "x/malwarehunter"},
		{"По данным Kaspersky, 45.134.21.8 — это Emotet", "kaspersky"},
		{"Emotet 45.134.21.8 来源：https://ti.qianxin.com/blog/1", "qianxin"},
		{"Emotet 45.134.21.8 来源：奇安信", "qianxin"},
		{"Emotet 45.134.21.8 转自 @MalwareHunter", "x/malwarehunter"},
		{"Emotet: 45.134.21.8, reported by Proofpoint.", "proofpoint"},
		{"Emotet: 45.134.21.8. Fuente: @MalwareHunter", "x/malwarehunter"},
		// A chain leads to its first, and cycles end.
		{"RT @bob: RT @carol: Emotet 45.134.21.8", "x/carol"},
		{"Emotet 45.134.21.8 via @bob via @carol", "x/carol"},
		{"Emotet 45.134.21.8 via @bob via @alice", "x/bob"},
		{"Emotet 45.134.21.8 via @alice", "x/alice"},
		// Who merely is addressed or linked to is nobody's origin.
		{"@bob have you seen 45.134.21.8?", "x/alice"},
		{"45.134.21.8 https://www.securelist.com/emotet/1", "x/alice"},
		{"contact me via @alice_sells for the list", "x/alice"},
		{"DM via @shop_bot, 45.134.21.8", "x/alice"},
		{"Emotet spreads via https://1.2.3.4/mirai.sh", "x/alice"},
		{"source: https://t.co/abc 45.134.21.8", "x/alice"},
		{"Source: https://www.virustotal.com/gui/file/aa 45.134.21.8", "x/alice"},
		{"mail bob@example.org via smtp", "x/alice"},
		{"delivered via Qakbot, 45.134.21.8", "x/alice"},
		{"an open source @bob", "x/alice"},
		{"according to the logs 45.134.21.8", "x/alice"},
		{"Source: Twitter", "x/alice"},
		{"alert @bob", "x/alice"},
	} {
		if got := correlate.Origin(post(c.text)); got != c.origin {
			t.Errorf("%q: of %q, want %q", c.text, got, c.origin)
		}
	}
}

func TestHandlesAreOneInAnyCase(t *testing.T) {
	for _, author := range []string{"x/MalwareHunter", "x/malwarehunter", "x/@MalwareHunter"} {
		if got := correlate.Origin(intel.Document{Source: "posts", Genre: intel.Social, Author: author, Text: "Emotet 45.134.21.8"}); got != "x/malwarehunter" {
			t.Errorf("%s is %s", author, got)
		}
	}
	said := intel.Document{Source: "posts", Genre: intel.Social, Author: "@bob", Text: "Emotet 45.134.21.8 via @MalwareHunter"}
	if got := correlate.Origin(said); got != "malwarehunter" {
		t.Errorf("of a network that is not named: %s", got)
	}
}

func TestWhomAPublisherSaysItHasItFromIsItsOrigin(t *testing.T) {
	long := strings.Repeat("Much is said of it elsewhere. ", 400)
	for _, c := range []struct {
		doc    intel.Document
		origin string
	}{
		{intel.Document{Source: "news", Genre: intel.Report, Text: long + "\nSource: https://securelist.com/emotet"}, "kaspersky"},
		{intel.Document{Source: "news", Genre: intel.Report, Text: "Source: https://news.example/1\n", URL: "https://news.example/1"}, "news.example"},
		{intel.Document{Source: "news", Genre: intel.Report, Text: "According to Kaspersky it is back. See https://securelist.com."}, "news"},
		{intel.Document{Source: "kaspersky", Genre: intel.Report, Author: "A. Writer", URL: "https://securelist.com/emotet", Text: "It is back."}, "kaspersky"},
		{intel.Document{Source: "list", Genre: intel.List, References: []string{"https://twitter.com/MalwareHunter/status/1"}}, "x/malwarehunter"},
		{intel.Document{Source: "list", Genre: intel.List, References: []string{"https://github.com/acme/iocs/blob/main/a.csv"}}, "acme"},
		{intel.Document{Source: "list", Genre: intel.List, References: []string{"https://twitter.com/i/web/status/1"}}, "twitter.com"},
		{intel.Document{Source: "list", Genre: intel.List, References: []string{"::"}}, "list"},
	} {
		if got := correlate.Origin(c.doc); got != c.origin {
			t.Errorf("%+v: of %q, want %q", c.doc.References, got, c.origin)
		}
	}
}

func TestAPublisherIsOneVoiceUnderAllItsNames(t *testing.T) {
	lynx := intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}
	sha := intel.Entity{Kind: intel.SHA1, Name: "0c33b75f6c4fc0413abdbcda1c5e18c907f13dc3"}
	cited := func(ref string) intel.Document {
		return intel.Document{Source: "list", Genre: intel.List, Claims: []intel.Claim{{Subject: sha, Relation: intel.Indicates, Object: lynx, Reference: ref}}}
	}
	own := []intel.Claim{{Subject: sha, Relation: intel.Indicates, Object: lynx}}
	for want, docs := range map[string][]intel.Document{
		"eset": {
			{Source: "eset", Genre: intel.List, Author: "eset", Claims: own},
			{Source: "eset", Genre: intel.List, References: []string{"https://www.welivesecurity.com/2019/08/05/machete/"}, Claims: own},
			{Source: "misp", Genre: intel.Report, Author: "ESET", Claims: own},
			{Source: "misp", Genre: intel.Report, Author: "ESET Research", Claims: own},
			{Source: "ESET", Genre: intel.List, Claims: own},
			cited("https://github.com/eset/malware-ioc/tree/master/machete"), cited("https://www.eset.com/int/x"),
		},
		"kaspersky": {
			{Source: "kaspersky", Genre: intel.Report, URL: "https://securelist.com/a/1", Claims: own},
			cited("https://ics-cert.kaspersky.com/a"), cited("https://www.kaspersky.com/blog/a"), cited("https://github.com/KasperskyLab/x"),
		},
		"acme": { // of whom nothing is known
			{Source: "acme", Genre: intel.List, Claims: own},
			cited("https://acme.org/1"), cited("https://blog.acme.com/1"), cited("https://github.com/acme/iocs"), cited("https://acme.github.io/1"),
		},
	} {
		for _, d := range docs {
			for _, e := range correlate.Evidence(d, nil, set(t)) {
				if e.Link.From == sha && e.Origin != want {
					t.Errorf("%s %s %q %v: of %q, want %q", d.Source, d.URL, d.Author, d.Claims[0].Reference, e.Origin, want)
				}
			}
		}
	}
	for _, voice := range []string{"cert.at", "cert.se", "cert.gov.ua", "x/eset_", "acme.blogspot.com", "news.example", "telegram/acme", "medium.com/acme", "virustotal.com", "twitter.com", "t.me", "analyst:ESET Research", "documents/acme.com", "infosec.exchange/acme", "", ".com", "github.com/"} {
		if got := correlate.Publisher(voice); got != voice {
			t.Errorf("%q is %q", voice, got)
		}
	}
	for _, s := range []string{"welivesecurity.com", "cert.pl", "unit42.paloaltonetworks.com", "ESET Research", "KasperskyLab", "Palo Alto Networks", "github.com/github.com/eset", "a.b.com", "blog.blog.com"} {
		if once := correlate.Publisher(s); correlate.Publisher(once) != once {
			t.Errorf("%q is %q, and that is %q", s, once, correlate.Publisher(once))
		}
	}
}

func TestWhatADocumentWarnsOfIsNoOrigin(t *testing.T) {
	doc := post("Source: https://evil.example/kit.zip")
	doc.Claims = []intel.Claim{{Subject: intel.Entity{Kind: intel.Domain, Name: "evil.example"}, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Malware, Name: "emotet"}}}
	if got := correlate.Origin(doc); got != "x/alice" {
		t.Errorf("of %s", got)
	}
}

func TestAThousandCreditsCostLittle(t *testing.T) {
	for _, text := range []string{strings.Repeat("via @a ", 1<<18), strings.Repeat("source: https://a.example/ ", 1<<16), strings.Repeat("@", 1<<20), strings.Repeat("://", 1<<19), strings.Repeat("via ", 1<<18)} {
		began := time.Now()
		correlate.Origin(post(text))
		if took := time.Since(began); took > time.Second/2 {
			t.Errorf("%.20q…: %s", text, took)
		}
	}
}

func FuzzOrigin(f *testing.F) {
	for _, s := range []string{"RT @a: via @b@c.example", "h/t @", "来源：奇安信", "source: https://x.com/a/status", "по данным Kaspersky", "@a@", "via https://medium.com/@x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if correlate.Origin(post(text)) == "" {
			t.Error("of nobody")
		}
		if once := correlate.Publisher(text); correlate.Publisher(once) != once {
			t.Errorf("%q is %q, and that another", text, once)
		}
		correlate.Origin(intel.Document{Source: "s", Genre: intel.Report, URL: text, Text: text, References: []string{text}})
	})
}
