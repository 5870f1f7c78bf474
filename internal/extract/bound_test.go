package extract_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/reference"
)

// worded knows malware that is called as ordinary words are.
func worded(t *testing.T) *extract.Scanner {
	t.Helper()
	var clusters []reference.Cluster
	for _, name := range []string{"Play", "Royal", "Hive", "Black", "Nevada", "Fog", "Snake", "Chaos", "Matrix", "Phoenix", "Locked", "Quantum", "Prometheus", "Kraken", "Sarcoma", "Medusa", "TRITON", "TRISIS"} {
		clusters = append(clusters, reference.Cluster{Galaxy: "mitre-malware", Value: name, Malicious: true})
	}
	clusters = append(clusters, reference.Cluster{Galaxy: "mitre-malware", Value: "Black Basta", Malicious: true},
		reference.Cluster{Galaxy: "mitre-malware", Value: "Akira", Malicious: true},
		reference.Cluster{Galaxy: "mitre-malware", Value: "Poison Ivy", Malicious: true},
		reference.Cluster{Galaxy: "mitre-malware", Value: "OilRig", Malicious: true},
		reference.Cluster{Galaxy: "mitre-malware", Value: "Conti", Malicious: true},
		reference.Cluster{Galaxy: "threat-actor", Value: "TEMP.Veles"}, reference.Cluster{Galaxy: "threat-actor", Value: "Rapid"}, reference.Cluster{Galaxy: "threat-actor", Value: "Lazarus"})
	set, err := reference.NewSet(reference.ActorsPack("1", clusters))
	if err != nil {
		t.Fatal(err)
	}
	return extract.New(set)
}

func TestWordsOfAttacksElsewhereInTheSentenceMakeNoNames(t *testing.T) {
	var cases []mention
	for _, text := range []string{
		"Nevada casinos were hit by ransomware.",
		"Clark County, Nevada, confirmed a ransomware attack",
		"Ransomware struck offices in Nevada and Arizona.",
		"The Nevada ransomware attack closed offices; schools in Nevada claimed damages.",
		"Phoenix, Arizona was hit by ransomware.", "Rapid malware analysis", "Black ransomware screens", "Post-Quantum ransomware",
		"Phoenix schools paid a ransom. The malware spread.",
		"Chaos engineering helps against ransomware gangs.",
		"Chaos at the airport: ransomware to blame",
		"Quantum computing threatens encryption; ransomware groups will use it.",
		"Locked files cannot be opened. The ransomware uses AES.",
		"Fog delayed flights; the ransomware attack on the airport was unrelated",
		"Fog rolled in. Ransomware did too.",
		"Prometheus and Grafana were exposed to ransomware attackers",
		"A patient with sarcoma at a hospital hit by ransomware",
		"Sarcoma patients at a hospital hit by ransomware",
		"Medusa, the Greek monster, and ransomware",
		"Snake venom was stolen by a gang.",
		"Royal visitors fear malware.",
		"Play time is over for the trojan",
	} {
		cases = append(cases, mention{text, ""})
	}
	checkNames(t, worded(t), cases, "actor", "malware")
}

func TestPartsOfLongerNamesAreNone(t *testing.T) {
	var cases []mention
	for _, text := range []string{
		"Carbon Black and CrowdStrike Falcon detected the ransomware.",
		"Black Friday ransomware attacks", "Black Hat talks on malware", "After Black Friday, ransomware gangs slept.",
		"Google Play was used to spread malware. The Play Store hosts malware.",
		"Google Play malware was removed.", "malware from Google Play", "the Google Play ransomware",
		"data was stored in Apache Hive when ransomware hit", "Apache Hive malware",
		"The MITRE ATT&CK Matrix lists malware techniques.",
		"The Kraken exchange froze ransomware funds",
		"The Royal family visited London on Monday.", "Royal Mail was hit by ransomware.", "Snake-Man malware", "Royal Group is a bank.", "The malware hit the Royal Navy.",
		"Snake Keylogger was delivered by phishing emails.", "the Phoenix Keylogger malware", "Aurora and Chaos Stealer infections",
		"The Rapid response team", "A Rapid response team came.", "the Royal riding team",
		"malware at Phoenix Children's Hospital",
	} {
		cases = append(cases, mention{text, ""})
	}
	checkNames(t, worded(t), cases, "actor", "malware")
}

func TestPartsOfLongerNamesAreNoneWhereTheNameIsSure(t *testing.T) {
	checkNamesAt(t, worded(t), []mention{
		{"Play ransomware came back. It was not on Google Play.", "Play@0"},
		{"The Royal gang left. The Royal family stayed, and Royal rebranded.", "Royal@4 Royal@50"},
		{"Phoenix malware was seen in Phoenix, Arizona. Phoenix beacons.", "Phoenix@0 Phoenix@46"},
		{"Nevada ransomware was seen in Nevada. Nevada is back.", "Nevada@0 Nevada@38"},
		{"Hive ransomware reads Apache Hive. Hive left.", "Hive@0 Hive@35"},
	})
}

func TestWhatBindsAnOrdinaryWordMakesItAName(t *testing.T) {
	checkNames(t, worded(t), []mention{
		{"Black Basta struck. The Black ransomware is older.", "malware:black malware:black-basta"},
		{"the Nevada ransomware gang", "malware:nevada"},
		{"Play ransomware encrypted the files.", "malware:play"},
		{"PLAY ransomware", "malware:play"},
		{"operators of Royal were arrested", "malware:royal"},
		{"The affiliates behind Royal left.", "malware:royal"},
		{"a variant of Chaos", "malware:chaos"},
		{"a ransomware strain called Locked", "malware:locked"},
		{"ransomware dubbed Fog", "malware:fog"},
		{"the malware, known as “Matrix”, spreads", "malware:matrix"},
		{"malware families such as Snake", "malware:snake"},
		{"ransomware groups like Play, Royal, and Hive", "malware:hive malware:play malware:royal"},
		{"ransomware groups, including Quantum", "malware:quantum"},
		{"The ransomware Kraken was new.", "malware:kraken"},
		{"Ransomware group: Royal", "malware:royal"},
		{"Prometheus is a new ransomware operation.", "malware:prometheus"},
		{"Fog, a young ransomware gang, struck.", "malware:fog"},
		{"Medusa has been one of the most active ransomware groups.", "malware:medusa"},
		{"Play's leak site lists them.", "malware:play"},
		{"Play (ransomware) and “Royal” ransomware", "malware:play malware:royal"},
		{"Royal hacking group seen", "malware:royal"},
		{"the Quantum 2.0 ransomware", "malware:quantum"},
		{"| Snake | backdoor |", "malware:snake"},
		{"Snake: A backdoor of many years", "malware:snake"},
		{"#Play #ransomware", "malware:play"},
		{"Victims were encrypted by Play.", "malware:play"},
		{"Apache servers fell to Hive ransomware.", "malware:hive"},
		{"Suspected Play ransomware actors", "malware:play"},
		{"FBI Warns Of Play Ransomware Attacks", "malware:play"},
		{"The Snake keylogger", "malware:snake"},
		{"The Royal, Play, Hive and Quantum ransomware", "malware:hive malware:play malware:quantum malware:royal"},
		{"Royal v2 ransomware", "malware:royal"},
		{"Rapid hacking team seen", "actor:rapid"},
		{"ransomware families: Hive, Royal", "malware:hive malware:royal"},
		{"Hive encrypts files. Medusa claimed the attack on the schools.", "malware:hive malware:medusa"},
		{"Attackers deployed Royal on all hosts. The gang behind Play left.", "malware:play malware:royal"},
		{"Snake and Matrix frameworks", "malware:matrix malware:snake"},
		{"TEMP.Veles uses Snake.", "actor:temp-veles malware:snake"},
		{"a ransomware group called Nevada", "malware:nevada"},
	}, "actor", "malware")
}

func TestWordsOfOtherLanguagesBindAName(t *testing.T) {
	checkNames(t, worded(t), []mention{
		{"Le groupe Lazarus a attaqué des banques", "actor:lazarus"},
		{"Le rançongiciel Play a chiffré les fichiers", "malware:play"},
		{"El grupo Lazarus atacó, y la banda Royal también", "actor:lazarus malware:royal"},
		{"勒索软件Play攻击了医院", "malware:play"},
		{"黑客组织Lazarus再次出现", "actor:lazarus"},
		{"Royal勒索软件", "malware:royal"},
		{"랜섬웨어 Play가 병원을 공격했다", "malware:play"},
		{"ランサムウェア「Hive」による攻撃", "malware:hive"},
		{"应用软件Play很好", ""},
	}, "actor", "malware")
}

func TestMalwareInCapitalsThatAnActorDeployed(t *testing.T) {
	checkNames(t, worded(t), []mention{
		{"TEMP.Veles deployed TRITON.", "actor:temp-veles malware:triton"},
		{"TRISIS malware, also called TRITON", "malware:trisis malware:triton"},
		{"TRITON, also known as TRISIS malware", "malware:trisis malware:triton"},
		{"The TRITON statue of the TRITON fountain", ""},
	}, "actor", "malware")
}

func TestNamesThatAreWordsInSmallLettersNeedTheirCapitals(t *testing.T) {
	checkNames(t, worded(t), []mention{
		{"Poison ivy grows here. The oil rig workers left the Oil rig.", ""},
		{"Poison Ivy and Oil Rig were seen. POISON IVY", "malware:oil-rig malware:poison-ivy"},
		{"Prime Minister Giuseppe Conti visited Akira Kurosawa.", ""},
		{"Akira is a 1988 film", ""},
		{"Conti and Akira were seen. Conti is a group. Hospital Blames Conti", "malware:akira malware:conti"},
		{"Akira, a ransomware group, struck.", "malware:akira"},
	}, "actor", "malware")
}
