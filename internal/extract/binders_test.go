package extract_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/reference"
)

// renownedNames knows names that are words or persons' too, and some that are not.
func renownedNames(t *testing.T) *extract.Scanner {
	t.Helper()
	var clusters []reference.Cluster
	for _, name := range []string{"Lazarus", "SideWinder", "BITTER", "DoNot Team", "APT38", "TraderTraitor", "Silence"} {
		clusters = append(clusters, reference.Cluster{Galaxy: "threat-actor", Value: name, Synonyms: map[string][]string{"DoNot Team": {"Donot"}}[name]})
	}
	for _, name := range []string{"Play", "Royal", "Hive", "Medusa", "Phoenix", "Fog", "RedLine", "Akira", "Rhysida", "Amadey", "SmokeLoader", "Emotet", "TrickBot", "BlackSuit", "Chaos", "Snake"} {
		clusters = append(clusters, reference.Cluster{Galaxy: "mitre-malware", Value: name, Malicious: true})
	}
	for _, name := range []string{"PsExec", "Rclone", "Sliver"} {
		clusters = append(clusters, reference.Cluster{Galaxy: "mitre-tool", Value: name})
	}
	set, err := reference.NewSet(reference.ActorsPack("1", clusters))
	if err != nil {
		t.Fatal(err)
	}
	return extract.New(set)
}

func TestARenownedNameNeedsASentenceOfCrime(t *testing.T) {
	checkNames(t, renownedNames(t), []mention{
		{"Lazarus stole $620M from the Ronin bridge.", "actor:lazarus"},
		{"The FBI blamed Lazarus for the heist; TraderTraitor and APT38 are parts of it.", "actor:apt38 actor:lazarus actor:tradertraitor"},
		{"Die Hackergruppe Lazarus griff eine Bank an.", "actor:lazarus"},
		{"Hacker von Lazarus griffen eine Bank an.", "actor:lazarus"},
		{"Les pirates de Lazarus ont volé des cryptomonnaies.", "actor:lazarus"},
		{"مجموعة Lazarus هاجمت بنكا", "actor:lazarus"},
		{"북한 해킹그룹 라자루스(Lazarus)가 암호화폐를 탈취했다", "actor:lazarus"},
		{"黑客组织拉撒路（Lazarus）发起攻击", "actor:lazarus"},
		{"Хакери Lazarus з КНДР атакували банки", "actor:lazarus"},
		{"группа Лазарь (Lazarus)", "actor:lazarus"},
		{"Lazarus se atribuyó el robo de criptomonedas.", "actor:lazarus"},
		{"The FBI blamed Silence for the hack.", "actor:silence"},
		{"RedLine and phishing", "malware:redline"},
		// other things of that name, and ordinary words in such sentences
		{"Lazarus was raised from the dead. The FBI and hackers were not there.", ""},
		{"Emma Lazarus wrote a poem that hackers stole $1M for. Mr Lazarus of the FBI said so.", ""},
		{"Detective Lazarus of the FBI said hackers stole it.", ""},
		{"The loader is written in Free Pascal with Lazarus; hackers used it.", ""},
		{"The Lazarus effect: a hacked bank recovers. The Lazarus Pit and hackers", ""},
		{"Lazarus, come forth! Hackers read the Bible.", ""},
		{"the redline of hackers, a Redline, a sidewinder and theft", ""},
		{"Phoenix stole the show. Royal stole a kiss. Silence and a heist.", ""},
		{"The mayor blamed Phoenix for the potholes. Fog was blamed for the crash.", ""},
		{"组织活动（Royal）", ""},
	}, "actor", "malware", "tool")
}

func TestBindingWordsOfOtherLanguages(t *testing.T) {
	checkNames(t, renownedNames(t), []mention{
		{"Cybergang Medusa", "malware:medusa"},
		{"Hackerbande Silence", "actor:silence"},
		{"Ransomware-Gruppen wie Play und Akira", "malware:akira malware:play"},
		{"les opérateurs de Hive", "malware:hive"},
		{"des groupes comme Play", "malware:play"},
		{"Medusa a attaqué deux banques.", "malware:medusa"},
		{"los operadores de Medusa", "malware:medusa"},
		{"La pandilla Medusa", "malware:medusa"},
		{"un grupo llamado Royal", "malware:royal"},
		{"gli operatori di Hive", "malware:hive"},
		{"os operadores do Hive", "malware:hive"},
		{"Play adlı fidye yazılımı", "malware:play"},
		{"шифровальщик Hive", "malware:hive"},
		{"стиллер RedLine", "malware:redline"},
		{"Medusa зашифровала серверы", "malware:medusa"},
		{"вимагач Royal", "malware:royal"},
		{"програма-вимагач Hive", "malware:hive"},
		{"хакерська група Silence", "actor:silence"},
		{"باج\u200cافزار Play", "malware:play"},
		{"برنامج الفدية Play ومجموعة Royal وعصابة Hive", "malware:hive malware:play malware:royal"},
		// what only stands beside them
		{"نرم\u200cافزار Play", ""},
		{"Hacker aus Phoenix. Die Bande der Royal Bank.", ""},
		{"le groupe de la Royal Bank, les pirates du Play Store, les membres de Royal Air Force", ""},
		{"La banda Royal Philharmonic tocó; operadores de Medusa Tours", ""},
		{"группа Play Store, банда из Phoenix, программа Play", ""},
		{"hacker Phoenix was arrested", ""},
	}, "actor", "malware")
}

func TestNamesInMoreFormsOfLists(t *testing.T) {
	checkNames(t, renownedNames(t), []mention{
		{"Bitter, Donot and SideWinder attacked Bangladesh", "actor:bitter actor:donot actor:sidewinder"},
		{"Akira claimed an attack on Nissan Australia; Rhysida claimed the British Library; Medusa listed Minneapolis Public Schools.", "malware:akira malware:medusa malware:rhysida"},
		{"Most active groups: 1. Play (35 victims) 2. Akira (30) 3. Medusa (20)", "malware:akira malware:medusa malware:play"},
		{"Hive's leak site was seized by the FBI. Royal rebranded as BlackSuit.", "malware:blacksuit malware:hive malware:royal"},
		{"SmokeLoader -> Amadey -> RedLine", "malware:amadey malware:redline malware:smokeloader"},
		{"PsExec, AnyDesk, Rclone, ngrok, ADRecon, Rclone, Advanced IP Scanner, WinSCP and Sliver", "tool:psexec tool:rclone tool:sliver"},
		{"- Emotet\n- RedLine\n- TrickBot\n- Play\n", "malware:emotet malware:play malware:redline malware:trickbot"},
		// no lists, or of other things
		{"Bitter, Sweet and SideWinder. Bitter, Donot was there.", "actor:donot"},
		{"Snake -> Phoenix -> Chaos", ""},
		{"TrickBot; Chaos ensued.", "malware:trickbot"},
		{"Akira claimed a bank. The hotel is nice. Phoenix listed its shares. Royal listed as a World Heritage site", "malware:akira"},
		{"1. Play the video 2. Akira (30)", "malware:akira"},
		{"- Emotet\n- Play music\n- TrickBot", "malware:emotet malware:trickbot"},
		{"PsExec, Rclone, Tomatoes and a Sliver of lemon. PsExec, Rclone, tomatoes and Sliver", "tool:psexec tool:rclone"},
	}, "actor", "malware", "tool")
}

func TestNamesThatAreOrdinaryLanguageInSmallLetters(t *testing.T) {
	set, err := reference.NewSet(reference.ActorsPack("1", []reference.Cluster{
		{Galaxy: "threat-actor", Value: "Sandworm"}, {Galaxy: "threat-actor", Value: "Cloud Atlas"}, {Galaxy: "threat-actor", Value: "Fancy Bear"}, {Galaxy: "threat-actor", Value: "Lazarus Group"},
		{Galaxy: "mitre-malware", Value: "Gold Dragon", Malicious: true}, {Galaxy: "mitre-malware", Value: "Rhysida", Malicious: true}, {Galaxy: "mitre-malware", Value: "Akira", Malicious: true},
		{Galaxy: "mitre-malware", Value: "Cobalt Strike", Malicious: true}, {Galaxy: "ransomware", Value: "rabbit hole"}, {Galaxy: "mitre-malware", Value: "Medusa", ID: "S0001", Malicious: true},
	}))
	if err != nil {
		t.Fatal(err)
	}
	checkNames(t, extract.New(set), []mention{
		{"cloud atlas maps are sold. Cloud atlas maps, gold dragon tea, down the rabbit hole", ""},
		{"Dune's sandworm; the sandworm of Arrakis", ""},
		{"Cloud Atlas, Gold Dragon and SANDWORM", "actor:cloud-atlas actor:sandworm malware:gold-dragon"},
		{"the cloud atlas hackers, gold dragon malware, #sandworm", "actor:cloud-atlas actor:sandworm malware:gold-dragon"},
		{"Sandworm struck. sandworm is back", "actor:sandworm"},
		{"fancy bear, the lazarus group and cobalt strike", "actor:fancy-bear actor:lazarus-group malware:cobalt-strike"},
		// animals, works and numbers of models
		{"The Akira anime; Rhysida is a genus of centipedes; Medusa is a jellyfish stage.", ""},
		{"Rhysida is a ransomware. Akira encrypts.", "malware:akira malware:rhysida"},
	}, "actor", "malware")
}

func TestNumbersOfModelsAreNoSoftware(t *testing.T) {
	checkNames(t, extract.New(realSet(t)), []mention{
		{"The order T1000 Terminator and model S0001 are unrelated, part S0154 too.", ""},
		{"Cobalt Strike (S0154), Mimikatz: S0002", "malware:cobalt-strike malware:s0154 tool:mimikatz tool:s0002"},
	}, "malware", "tool")
}

func TestARansomwareThatIsSaidToBeAPlace(t *testing.T) {
	checkNames(t, wordy(t), []mention{
		{"The victim is in Havana, Illinois; the ransomware was Cuba.", "actor:cuba malware:cuba"},
		{"The target of the ransomware was Cuba. The ransomware was Cuba's problem.", "country:CU"},
	}, "actor", "malware", "country")
}
