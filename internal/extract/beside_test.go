package extract_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// wordy knows names that are ordinary words, names of countries or products.
func wordy(t *testing.T) *extract.Scanner {
	t.Helper()
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{
		{Galaxy: "ransomware", Value: "Windows10", Group: true},
		{Galaxy: "ransomware", Value: "Lockbit4", Group: true},
		{Galaxy: "ransomware", Value: "Cuba", Group: true},
		{Galaxy: "threat-actor", Value: "Silence"},
		{Galaxy: "threat-actor", Value: "Rapid"},
		{Galaxy: "threat-actor", Value: "Numbered Crew", Synonyms: []string{"Group 3", "Team9"}},
		{Galaxy: "threat-actor", Value: "Dusty Crew", Synonyms: []string{"DUNE", "TEMP.Veles"}},
		{Galaxy: "mitre-malware", Value: "Aurora", Malicious: true},
	}))
	if err != nil {
		t.Fatal(err)
	}
	return extract.New(set)
}

// namesIn returns what a text mentions of kinds, all but sectors if none is given,
// each once.
func namesIn(s *extract.Scanner, text string, kinds ...string) string {
	return strings.Join(slices.DeleteFunc(live(s, intel.Document{Text: text}), func(e string) bool {
		kind, _, _ := strings.Cut(e, ":")
		return len(kinds) == 0 && kind == "sector" || len(kinds) > 0 && !slices.Contains(kinds, kind)
	}), " ")
}

type mention struct{ text, want string }

func checkNames(t *testing.T, s *extract.Scanner, cases []mention, kinds ...string) {
	t.Helper()
	for _, c := range cases {
		if got := namesIn(s, c.text, kinds...); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

// checkNamesAt compares where a text mentions actors and malware.
func checkNamesAt(t *testing.T, s *extract.Scanner, cases []mention) {
	t.Helper()
	for _, c := range cases {
		var got []string
		for _, o := range s.Observations(intel.Document{Text: c.text}) {
			if o.Entity.Kind == intel.Actor || o.Entity.Kind == intel.Malware {
				got = append(got, fmt.Sprintf("%s@%d", o.Text, o.Offset))
			}
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}

func TestReleasesOfProductsAreNoNames(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"Windows 10 systems were infected by the ransomware.", ""},
		{"The ransomware Windows10 runs on Windows10 and Windows-10.", ""},
		{"LockBit 4 is back, says Lockbit4.", "actor:lockbit-4 actor:lockbit4 malware:lockbit-4 malware:lockbit4"},
	})
}

func TestTacticsAreNoActors(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"TA0002 Execution, TA0001, TA0040, TA0108", ""},
		{"TA505 and TA2101 and TA0505X", "actor:ta2101 actor:ta505"},
	})
}

func TestOrdinaryNamesNeedWhatSaysTheyAreOne(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"Group 3 of the patients had better results. Table 2: Group 3", ""},
		{"We compared Group 1, Group 2 and Group 3 of malware samples.", ""},
		{"Team 9 won. Numbered Crew (Group 3) did too.", "actor:group-3 actor:numbered-crew"},
		{"Threat actor: Group 3. Actors: Group 7.", "actor:group-3"},
		{"The Rapid team struck. The Rapid team has left.", "actor:rapid"},
		{"The Red Cross came. Rapid response team ready.", ""},
		{"Rapid hacking group seen", "actor:rapid"},
		{"the sand worm of Dune and Dusty Crew", "actor:dusty-crew"},
		{"the worm Dune, and of DUNE worm", "actor:dune"},
		{"Silence attacked banks.", "actor:silence"},
		{"Silence, a Russian-speaking group, attacked.", "actor:silence country:RU"},
		{"Silence, a virtue, is golden. The group left.", ""},
		{"TEMP.Veles came, TEMP Veles did not", "actor:temp-veles"},
		{"temp. Veles came", ""},
		{"Operation Aurora hit an infected company.", ""},
		{"Aurora stealer was seen.", "malware:aurora"},
	})
}

func TestCountriesAndWhatIsCalledAsTheyAre(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"Ransomware operators from Cuba met in Havana.", "country:CU"},
		{"Cuba ransomware hit a hospital.", "actor:cuba malware:cuba"},
		{"The ransomware group Cuba struck. Cuba is back.", "actor:cuba malware:cuba"},
		{"Cuba ransomware was seen in Cuba.", "actor:cuba country:CU malware:cuba"},
		{"In Cuba, a gang was seen.", "country:CU"},
		{"The Cuba gang struck. Then Cuba's government protested.", "actor:cuba country:CU malware:cuba"},
	})
}

func TestNamesAreReadOverALineBreak(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"seen at Numbered\nCrew again", "actor:numbered-crew"},
		{"seen at Numbered \r\n Crew in the United\nKingdom", "actor:numbered-crew country:GB"},
		{"seen at Numbered\n\nCrew", ""},
		{"names: Numbered\n- Crew", ""},
		{"names: Numbered\n* Crew\n# Crew", ""},
		{"The Numbered Crew is an actor group\n3. Findings", "actor:numbered-crew"},
	})
}

func TestInitialsOfCountries(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"US agencies were hit. U.S. officials said so. The U.S. Treasury too.", "country:US"},
		{"Targets in the US, UK and UAE.", "country:AE country:GB country:US"},
		{"The U.K. and the U.A.E. are affected", "country:AE country:GB"},
		{"US-based, non-US and UK-US firms", "country:GB country:US"},
		{"give it to us, tell us, u.s. and uk", ""},
		{"CONTACT US NOW. FOLLOW US", ""},
		{"AGAINST THE US GOVERNMENT", "country:US"},
		{"US$ 5 and US $1,000 and 5 US dollars or U.S. dollars", ""},
		{"says US-CERT; lang=en-US; locale en_US; US East (N. Virginia)", ""},
		{"at U.S.example.com and a.U.S b", ""},
	}, "country")
}

func TestDomainsOfCountriesAreNoCountries(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"例子恶意.中国 is bad, 예시.한국 too", ""},
		{"在中国。中国的攻击者", "country:CN"},
		{"1. 中国", "country:CN"},
	}, "country")
}

func TestTechniquesByOneWord(t *testing.T) {
	attack, err := reference.AttackPack("1", []reference.Technique{
		{ID: "T1558.003", Name: "Kerberoasting"}, {ID: "T1014", Name: "Rootkit"}, {ID: "T1195", Name: "Supply Chain Compromise"},
		{ID: "T1036", Name: "Masquerading"}, {ID: "T1584.004", Name: "Server"}, {ID: "T1588.002", Name: "Tool"}, {ID: "T1566.001", Name: "Spearphishing Attachment"},
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := reference.NewSet(attack)
	if err != nil {
		t.Fatal(err)
	}
	checkNames(t, extract.New(set), []mention{
		{"The attackers used Kerberoasting to steal tickets.", "technique:T1558.003"},
		{"they kept kerberoasting, with rootkits", "technique:T1014 technique:T1558.003"},
		{"Supply Chain Compromise was the entry.", "technique:T1195"},
		{"| T1036 | Masquerading |", "technique:T1036"},
		{"spearphishing attachments", "technique:T1566.001"},
		{"Server and Tool of the attackers", ""},
	}, "technique")
}

func TestOrdinaryWordsForSectors(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"They attacked manufacturing, retail and energy companies.", "sector:energy sector:manufacturing sector:retail"},
		{"The targets are in manufacturing and retail.", "sector:manufacturing sector:retail"},
		{"Energy companies were hit; it targets media files", "sector:energy"},
		{"Retail is manufacturing energy. A security company reported it, your insurance company pays.", ""},
		{"against public cloud infrastructure.", ""},
		{"은행이 공격을 받았다.", "sector:finance"},
		{"Хакеры атаковали банки.", "sector:finance"},
	}, "sector")
	checkNames(t, wordy(t), []mention{{"in den USA und in Polen", "country:PL country:US"}, {"polen", ""}}, "country")
}
