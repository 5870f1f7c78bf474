package extract_test

import "testing"

func TestSectorsInLists(t *testing.T) {
	checkNames(t, tonguesScanner(t), []mention{
		{"The group targets education, energy, finance, government, defense and retail in Germany.", "sector:defense sector:education sector:energy sector:finance sector:government sector:retail"},
		{"The operators target health care, education, energy, telecom, finance, government, defense, aerospace, retail, logistics and legal services",
			"sector:aerospace sector:defense sector:education sector:energy sector:finance sector:government sector:health sector:legal sector:retail sector:telecoms sector:transport"},
		{"Victims span healthcare, financial services, manufacturing, technology, construction and professional services.",
			"sector:construction sector:consulting sector:finance sector:health sector:manufacturing sector:technology"},
		{"attacks against aviation, water, and mining across Peru", "sector:aviation sector:mining sector:water"},
		{"It has targeted media and hospitality since May", "sector:hospitality sector:media"},
		{"The actor attacked energy entities and academic institutions.", "sector:education sector:energy"},
		{"hit victims in IT, retail, insurance and food", "sector:food sector:insurance sector:retail sector:technology"},
		{"They hit the energy sector, transportation, and water.", "sector:energy sector:transport sector:water"},
		{"An airline and a hospital were hit by ransomware. The university was breached.", "sector:aviation sector:education sector:health"},
		{"attacks on an airport, a bank, and food", "sector:aviation sector:finance sector:food"},
		{"A hospital in Ohio, a school in Leeds, a port in Spain, and a mine in Chile were hit.", "sector:education sector:health"},
		{"Victims: law firm (12), manufacturing (10), construction (8), retail (5), IT services (4), education (3)", "sector:construction sector:education sector:legal sector:manufacturing sector:retail sector:technology"},
		{"They hit a school district, automotive suppliers, railway operators and political parties.", "sector:automotive sector:civil-society sector:education sector:transport"},
		// lists of other things
		{"A hospital in Ohio, a school in Leeds report flu. A bank in Peru opened.", ""},
		{"They read energy (5), food (3) and water (2). It media (1).", ""},
		{"security operators, malware operators, software suppliers", ""},
		{"The security team and the research group saw a banking trojan, says Threat Intelligence.", ""},
		{"Energy was affected. The attacks were covered by media.", ""},
		{"It targets people of interest to the Iranian government in Tehran", ""},
		{"It targets media files and energy use. The game targets space travel fans.", ""},
		{"We serve education, energy, finance and retail.", ""},
		{"against media, space and time", ""},
		{"The patch targets software, security and energy use.", ""},
		{"It steals food, water and energy. Retail is trade.", ""},
		{"your bank, insurance and health were targeted", ""},
	}, "sector")
}
