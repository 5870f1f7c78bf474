package extract_test

import "testing"

func TestCountriesThatAreNamesOrWordsToo(t *testing.T) {
	checkNames(t, tonguesScanner(t), []mention{
		// in lists with others
		{"Organizations in Jordan, Chad, Niger, Georgia, Guinea and Mali were hit.", "country:GE country:GN country:JO country:ML country:NE country:TD"},
		{"Victims: Togo, Benin, and Gabon", "country:BJ country:GA country:TG"},
		{"seen in Ukraine, Georgia and Armenia", "country:AM country:GE country:UA"},
		{"Jordan and Saudi Arabia", "country:JO country:SA"},
		{"Turkey and Georgia were targets", "country:GE country:TR"},
		// after words for places
		{"The group attacked government agencies in Jordan and banks in Georgia.", "country:GE country:JO"},
		{"Attackers from Georgia struck across Mali.", "country:GE country:ML"},
		{"a campaign targeting Jordan, against Malta", "country:JO country:MT"},
		{"In Turkey, phones were infected.", "country:TR"},
		// what countries have and what befalls them
		{"Jordan was hit. Chad’s government said so.", "country:JO country:TD"},
		// peoples
		{"The phones of Polish politicians were infected.", "country:PL"},
		{"Polish embassy, Georgian officials, Swiss banks", "country:CH country:GE country:PL"},
		{"The Polish Ministry of Health", "country:PL"},
		{"POLISH BANKS", "country:PL"},
		{"The parliament of Georgia, the government of Jordan.", "country:GE country:JO"},
		{"Countries: Chad; Jordan; Georgia", "country:GE country:JO country:TD"},
		{"Benin and Togo; the island of Malta. Turkey said so.", "country:BJ country:MT country:TG country:TR"},
		{"a hospital in Georgia, USA", "country:US"},
		{"Aspergillus niger, a Benin bronze, Niger Delta, Mali Smith", "country:BJ"},
		// persons, words, states and longer names
		{"Jordan said the malware came from Jordan Smith; mail from Chad arrived.", ""},
		{"Chad and Jordan wrote the report.", ""},
		{"in Jordan Valley; Michael Jordan; Lake Chad; Atlanta, Georgia", ""},
		{"Polish your skills. Polish the report. a nail polish remover, Nail Polish Remover", ""},
		{"turkey in jersey, chad of georgia", ""},
		{"Guinea pigs in New Mexico and New England ate from china plates.", ""},
		{"#china and China", "country:CN"},
		{"Contact US! Follow US. About US sanctions: the US said so", "country:US"},
		{"Contact US! Follow US.", ""},
		{"Victims: US (5), Georgia (3), Chad (2)", "country:GE country:TD country:US"},
		{"Figures: Georgia (3), Jordan (2)", ""},
		// towns of states, first names, dogs and dishes
		{"Lebanon, Pennsylvania; Paris, Texas; Mexico, Missouri; Peru, Indiana. A hospital in Jamaica, New York, was hit.", ""},
		{"Victims in Canada, Mexico, Texas and Ohio", "country:CA country:MX"},
		{"in Mexico, California and Texas", "country:MX"},
		{"Victims in Lebanon, Georgia and Chad; Peru, New Zealand", "country:GE country:LB country:NZ country:PE country:TD"},
		{"Paris Hilton, Israel Adesanya, India Arie and Kenya Moore attended.", ""},
		{"Israel Police said. Kenya Airways, India Pakistan tensions", "country:IL country:IN country:KE country:PK"},
		{"Israel Hamas war", "country:IL"},
		{"German shepherd, Swiss cheese model, Chinese wall, Russian roulette; sold on Russian Market", ""},
		{"the Russian market, German Shepherds of a German bank", "country:DE country:RU"},
	}, "country")
}
