package extract_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/reference"
)

// marketing knows products as a catalogue of flaws lists them.
func marketing(t *testing.T) *extract.Scanner {
	t.Helper()
	var products []reference.Product
	for _, p := range [][2]string{{"Fortinet", "FortiOS"}, {"Ivanti", "Connect Secure"}, {"Palo Alto Networks", "PAN-OS"}, {"Cisco", "IOS XE"}, {"Citrix", "NetScaler ADC"}, {"ConnectWise", "ScreenConnect"},
		{"Microsoft", "Exchange Server"}, {"Google", "Chromium V8"}, {"Apple", "Multiple Products"}, {"Apple", "iOS"}, {"Progress", "MOVEit Transfer"}, {"Zyxel", "Multiple Firewalls"}, {"SonicWall", "SonicOS"}, {"Nice", "Linear eMerge"},
		{"Trend Micro", "Apex One"}, {"Oracle", "WebLogic Server"}} {
		products = append(products, reference.Product{Vendor: p[0], Product: p[1]})
	}
	pack, err := reference.ProductsPack("1", products)
	if err != nil {
		t.Fatal(err)
	}
	set, err := reference.NewSet(pack)
	if err != nil {
		t.Fatal(err)
	}
	return extract.New(set)
}

func TestAVendorIsNamedByItsWaresOrTheirFlaws(t *testing.T) {
	checkNames(t, marketing(t), []mention{
		{"Exploits against Fortinet FortiGate, Ivanti Connect Secure, Progress MOVEit and Microsoft Exchange Server.", "product:ivanti/connect-secure product:microsoft/exchange-server vendor:fortinet vendor:progress"},
		{"flaws in Ivanti; CVE-2024-3400 in Palo Alto Networks", "vendor:ivanti vendor:palo-alto-networks"},
		{"Cisco Small Business routers, a Palo Alto Networks firewall, Cisco ASA 5500", "vendor:cisco vendor:palo-alto-networks"},
		{"Attackers targeted Fortinet, Ivanti and Zyxel devices.", "vendor:fortinet vendor:ivanti vendor:zyxel"},
		{"Microsoft patched two zero-days. Apple fixed a flaw. Ivanti released patches.", "vendor:apple vendor:ivanti vendor:microsoft"},
		{"unpatched Citrix, an exploit for SonicWall, Google's vulnerability", "vendor:citrix vendor:google vendor:sonicwall"},
		{"Уязвимость в Fortinet; уязвимость Ivanti", "vendor:fortinet vendor:ivanti"},
		{"Fortinet漏洞被利用", "vendor:fortinet"},
		{"Sicherheitslücke in Citrix, une faille dans Cisco, vulnerabilidad de Zyxel", "vendor:cisco vendor:citrix vendor:zyxel"},
		{"bypasses auth on ScreenConnect 23.9.7", "product:connectwise/screenconnect"},
		{"a vulnerability in ScreenConnect; SonicOS appliances", "product:connectwise/screenconnect product:sonicwall/sonicos"},
		// whom they employ, what they say and what befalls them
		{"He worked at Microsoft; Cisco Talos and Palo Alto Networks' Unit 42 published the research.", ""},
		{"Microsoft attributed the attack. Google was hacked. Fortinet hired him. ScreenConnect was used.", ""},
		{"The flaw in Zyxel, Microsoft said, is bad. Cisco routers, Google has found, are slow.", "vendor:cisco vendor:zyxel"},
		{"Trend Micro Zero Day Initiative reported it. Google bug bounty, Microsoft GitHub", ""},
		{"data sent to Google servers, seen on Apple devices", ""},
		// ordinary words
		{"Progress bugs me. Nice exploit! Apple pie. Oracle of Delphi. progress software, nice routers", ""},
		{"fortinet firewalls", ""},
	}, "product", "vendor")
}
