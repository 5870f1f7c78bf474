package correlate_test

import (
	"slices"
	"testing"

	"github.com/portent-cti/portent/internal/correlate"
	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// haggling is a negotiation with a group of that name.
func haggling(text string) intel.Document {
	return intel.Document{ID: intel.NewDocumentID("kelp", text), Source: "kelp", Genre: intel.Chat, Author: "kelp/cold-lynx", Title: "Negotiation 1 of Cold Lynx", Text: text,
		Claims: []intel.Claim{{Subject: intel.NewEntity(intel.Actor, "Cold Lynx"), Relation: intel.Intends, Object: intel.NewEntity(intel.Intent, "extortion")}}}
}

// negotiated is what a text gives besides the intention that its source states
// and that the group uses what is called like it.
func negotiated(t *testing.T, text string, marks ...string) []string {
	t.Helper()
	got := links(correlate.Evidence(haggling(text), mark(text, marks...), set(t)))
	return slices.DeleteFunc(got, func(l string) bool {
		return l == "actor:cold-lynx intends intent:extortion" || l == "handle:kelp/cold-lynx intends intent:extortion" || l == "actor:cold-lynx uses malware:cold-lynx" ||
			l == "product:cogsworth/mail part-of vendor:cogsworth"
	})
}

func TestPriceTalkIsNoOfferOfMalware(t *testing.T) {
	for _, text := range []string{
		"Victim: Hello.\n\nCold Lynx: Our price for the decryptor of Cold Lynx is $500,000.",
		"[2026-01-02 03:04:05] Victim: Hello.\n\n[2026-01-02 03:05:05] Cold Lynx: Our price for the decryptor of Cold Lynx is $500,000.",
	} {
		if got := negotiated(t, text, "malware:cold-lynx|Cold Lynx", "actor:cold-lynx|Cold Lynx"); len(got) > 0 {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestAdviceToWhoPaidIsNeitherResearchNorWhatAGangUses(t *testing.T) {
	text := "Cold Lynx: Here is how to get more secure: we need you to patch Cogsworth Mail, use ver. 7 and block kerberoasting."
	if got := negotiated(t, text, "actor:cold-lynx|Cold Lynx", "product:cogsworth/mail|Cogsworth Mail", "technique:T1558.003|kerberoasting"); len(got) > 0 {
		t.Errorf("got %q", got)
	}
	text = "Cold Lynx: Access was bought, then kerberoasting was carried out."
	if got := negotiated(t, text, "actor:cold-lynx|Cold Lynx", "technique:T1558.003|kerberoasting"); !slices.Equal(got, []string{"actor:cold-lynx uses technique:T1558.003"}) {
		t.Errorf("of what it did: got %q", got)
	}
}

func TestWhatTheExtortedSayIsNotTheGangs(t *testing.T) {
	text := "[01/02, 10:00] Cold Lynx: Hello.\n\n[01/02, 10:01] Victim: We live in Norway.\n\nNote: banks there are attacked, see victims.example.net and budget.xlsx\n\n[01/02, 10:02] Cold Lynx: We wait."
	if got := negotiated(t, text, "actor:cold-lynx|Cold Lynx", "country:NO|Norway", "sector:finance|banks", "domain:victims.example.net|victims.example.net", "filename:budget.xlsx|budget.xlsx"); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}

func TestFilesAndSitesInANegotiationAreOfItsVictimButForHiddenServices(t *testing.T) {
	onion := "http://coldlynxeyj3dlnp.onion/x"
	text := "Cold Lynx: payroll.xlsx // 12 KB\n\nCold Lynx: See " + onion + " and https://coldlynxnews.example/ but https://dropfiles.example/1 too."
	want := []string{"url:" + onion + " indicates actor:cold-lynx", "url:https://coldlynxnews.example/ indicates actor:cold-lynx"}
	got := negotiated(t, text, "actor:cold-lynx|Cold Lynx", "filename:payroll.xlsx|payroll.xlsx", "url:"+onion+"|"+onion,
		"url:https://coldlynxnews.example/|https://coldlynxnews.example/", "url:https://dropfiles.example/1|https://dropfiles.example/1")
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestARoomWhereNobodyIsExtortedMayOffer(t *testing.T) {
	s, err := reference.NewSet()
	if err != nil {
		t.Fatal(err)
	}
	doc := intel.Document{Source: "kelp", Genre: intel.Chat, Author: "kelp/nick", Text: "I sell an exploit for CVE-2021-44228, price in PM."}
	if got := links(correlate.Evidence(doc, extract.New(s).Observations(doc), s)); !slices.Contains(got, "handle:kelp/nick offers vulnerability:CVE-2021-44228") {
		t.Errorf("got %q", got)
	}
}
