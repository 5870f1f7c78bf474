package intel_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/intel"
)

func TestWordingsOfSeveralProductsAreTakenApart(t *testing.T) {
	for wording, want := range map[string]string{
		"Connect Secure, Policy Secure, and ZTA Gateways":            "Connect Secure|Policy Secure|ZTA Gateways",
		"IOS and IOS XE Software":                                    "IOS|IOS XE Software",
		"iOS, iPadOS, and macOS":                                     "iOS|iPadOS|macOS",
		"FortiOS and FortiProxy":                                     "FortiOS|FortiProxy",
		"NetScaler ADC and NetScaler Gateway":                        "NetScaler ADC|NetScaler Gateway",
		"Adaptive Security Appliance (ASA) and Threat Defense (FTD)": "Adaptive Security Appliance (ASA)|Threat Defense (FTD)",
		"Backup and Replication":                                     "Backup and Replication",
		"Acrobat and Reader":                                         "Acrobat and Reader",
		"Community and Enterprise Editions":                          "Community and Enterprise Editions",
		"Exchange Server":                                            "Exchange Server",
		"":                                                           "",
		"A 1, B 2, C 3, D 4, E 5, F 6, G 7, H 8, I 9":                "A 1, B 2, C 3, D 4, E 5, F 6, G 7, H 8, I 9",
		"Endpoint Manager Mobile (EPMM) and MobileIron Core":         "Endpoint Manager Mobile (EPMM)|MobileIron Core",
		"Worry-Free Business Security and " + strings.Repeat("and ", 3000): "Worry-Free Business Security and " + strings.TrimSpace(strings.Repeat("and ", 3000)),
	} {
		if got := strings.Join(intel.SplitProducts(wording), "|"); got != want {
			t.Errorf("%.60q is taken apart into %.120q, want %.120q", wording, got, want)
		}
	}
}

func TestAnAbbreviationIsNoPartOfAProductsName(t *testing.T) {
	for product, want := range map[string][]string{
		"Adaptive Security Appliance (ASA)": {"Adaptive Security Appliance", "ASA", "cisco/adaptive-security-appliance"},
		"Endpoint Manager Mobile (EPMM)":    {"Endpoint Manager Mobile", "EPMM", "cisco/endpoint-manager-mobile"},
		"VTScada (formerly VTS)":            {"VTScada (formerly VTS)", "", "cisco/vtscada-formerly-vts"},
		"(ASA)":                             {"(ASA)", "", "cisco/asa"},
	} {
		name, short := intel.SplitAbbreviation(product)
		if got := []string{name, short, intel.ProductEntity("Cisco", product).Name}; !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", product, got, want)
		}
	}
}
