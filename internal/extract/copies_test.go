package extract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

const bulletin = `Cold Lynx has moved its loader to new servers. Since Tuesday we see beacons from three hosting
companies in the north, all with the same self-signed certificate and the same path. The group still sends
archives with a shortcut inside and asks the reader to open a delivery note. Block the addresses below and look
for scheduled tasks that start a script from the public folder: 192.0.2.7, 192.0.2.9 and update.example.
Victims so far are shipping companies and two universities. We will publish signatures tomorrow, after the
owners of the servers have been told. Nothing suggests that data was taken before the beacons were seen.`

func TestCopiesHaveNearPrints(t *testing.T) {
	of, ok := extract.Print(bulletin)
	if !ok {
		t.Fatal("no print")
	}
	for name, text := range map[string]string{
		"reflowed":  strings.Join(strings.Fields(bulletin), " "),
		"defanged":  strings.ReplaceAll(bulletin, ".", "[.]"),
		"shouted":   strings.ToUpper(bulletin),
		"retweeted": "RT @somebody: " + bulletin + " https://t.co/Ab12",
		"a word":    strings.Replace(bulletin, "Tuesday", "Wednesday", 1),
	} {
		if p, ok := extract.Print(text); !ok || !extract.Near(p, of) {
			t.Errorf("%s: print %x is not near %x", name, p, of)
		}
	}
	other := strings.NewReplacer("loader", "wiper", "hosting", "energy", "archives", "letters", "north", "south", "shipping", "steel", "certificate", "banner",
		"scheduled", "running", "signatures", "nothing", "universities", "banks", "servers", "houses").Replace(bulletin)
	if p, _ := extract.Print(other); extract.Near(p, of) {
		t.Error("another report counts as a copy")
	}
	if _, ok := extract.Print("Good morning, 192.0.2.7"); ok {
		t.Error("a greeting has a print")
	}
}

func TestTextsWithoutBlanksHavePrints(t *testing.T) {
	a, ok := extract.Print("冷猞猁组织将其加载程序迁移到新的服务器，自周二以来我们在三家托管公司看到信标。")
	b, _ := extract.Print("冷猞猁组织将其加载程序迁移到新的服务器,自周二以来我们在三家托管公司看到信标.")
	if !ok || !extract.Near(a, b) {
		t.Errorf("%x and %x, %v", a, b, ok)
	}
}

func FuzzPrint(f *testing.F) {
	f.Add(bulletin)
	f.Add("RT @a")
	f.Add("\xff\xfe t.co/ \x00")
	f.Fuzz(func(t *testing.T, text string) {
		a, ok := extract.Print(text)
		if b, again := extract.Print(text); a != b || ok != again {
			t.Errorf("%q: print %x, then %x", text, a, b)
		}
	})
}

func BenchmarkPrint(b *testing.B) {
	text := strings.Repeat(bulletin, 100)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		extract.Print(text)
	}
}

func TestListsOfTheSameClaimsHaveNearPrints(t *testing.T) {
	list := func(from, to int) (claims []intel.Claim) {
		for i := from; i < to; i++ {
			claims = append(claims, intel.Claim{Subject: intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("c%d.example.net", i)}, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Actor, Name: "cold-lynx"}})
		}
		return claims
	}
	print := func(claims []intel.Claim) uint64 {
		t.Helper()
		bits, ok := extract.PrintClaims(claims)
		if !ok {
			t.Fatalf("%d claims have no print", len(claims))
		}
		return bits
	}
	mirror := list(0, 200)
	slices.Reverse(mirror)
	for i := range mirror {
		mirror[i].By, mirror[i].At = "mirror", time.Unix(int64(i), 0)
	}
	if !extract.Near(print(list(0, 200)), print(append(mirror, mirror[0]))) {
		t.Error("a mirror that dates its rows anew is another list")
	}
	if !extract.Near(print(list(0, 200)), print(list(1, 201))) {
		t.Error("one row of 200 makes another list")
	}
	if extract.Near(print(list(0, 200)), print(list(100, 300))) {
		t.Error("two lists that have half of their rows in common are one")
	}
	denied := list(0, 200)
	for i := range denied {
		denied[i].Stance = intel.Disputes
	}
	if extract.Near(print(list(0, 200)), print(denied)) {
		t.Error("who denies a list repeats it")
	}
	if _, ok := extract.PrintClaims(append(list(0, 7), list(0, 7)...)); ok {
		t.Error("seven claims that are made twice have a print")
	}
}
