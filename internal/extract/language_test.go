package extract_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/extract"
)

func TestLanguagesAreToldApart(t *testing.T) {
	for text, want := range map[string]string{
		"The group asks for a ransom and threatens to publish what it took.":                "en",
		"Die Gruppe verlangt ein Lösegeld und droht, die Daten zu veröffentlichen.":         "de",
		"El grupo pide un rescate y amenaza con publicar los datos que robó.":               "es",
		"Le groupe demande une rançon et menace de publier les données volées.":             "fr",
		"Группа требует выкуп и угрожает опубликовать похищенные данные.":                   "ru",
		"Угруповання вимагає викуп і погрожує оприлюднити викрадені дані.":                  "uk",
		"Групата иска откуп и заплашва да публикува откраднатите данни, твърди източникът.": "bg",
		"该组织索要赎金，并威胁公布所窃取的数据。":                                                              "zh",
		"グループは身代金を要求し、盗んだデータを公開すると脅している。":                                                   "ja",
		"이 조직은 몸값을 요구하며 훔친 자료를 공개하겠다고 협박한다.":                                                "ko",
		"این گروه باج میخواهد و تهدید میکند که دادهها را منتشر کند، چون پول میخواهد.":       "fa",
		"تطلب المجموعة فدية وتهدد بنشر البيانات التي سرقتها من الشركة.":                     "ar",
		"192.0.2.7 update.example a41d8cd98f00b204e9800998ecf8427e":                         "",
		"우리는 정부 사이트를 공격했다":                                                                  "ko",
		"ما داده\u200cهای شما را داریم":                                                     "fa",
		"هاجمنا موقع الحكومة":                                                               "ar",
		"APT37 (금성121)":                                                                     "",
		"Cuba ransomware hit a hospital.":                                                   "",
		"beacons over port 8443, 3 times a day":                                             "",
		"Silence, a Russian-speaking group, attacked banks.":                                "",
		"Black Hat USA showed ransomware talks and more.":                                   "en",
		"Black Hat USA 2024: ransomware talks, live demos":                                  "",
		"evil-drop . com, evil-b . com, evil-other . com, mail":                             "",
		"curl -d a -e b --output somewhere --silent":                                        "",
		"El grupo Lazarus atacó bancos mexicanos":                                           "es",
		"Le rançongiciel Cuba a chiffré des fichiers":                                       "fr",
		"A heap buffer overflow in libwebp (VP8 lossless) in BuildHuffmanTable":             "en",
		"import os, sys; from Crypto.Cipher import AES; requests.post(u)":                   "",
		"Il faut mettre à niveau. Serveur C2 : 192.0.2.1. La page suivante":                 "fr",
		"Il malware contatta la pagina del server":                                          "it",
		"Os hackers atacaram as empresas do Brasil":                                         "pt",
		"угруповання Play, вимагач Royal, програма-вимагач Hive, група Silence":             "uk",
		"группировка Play, вымогатель Royal, программа Hive, группа Silence":                "ru",
		"ok thanks": "",
		"":          "",
	} {
		got, confidence := extract.Language(text)
		if got != want || want != "" && (confidence < 0.5 || confidence > 1) {
			t.Errorf("%q is %q (%.2f), want %q", text, got, confidence, want)
		}
	}
}

func FuzzLanguage(f *testing.F) {
	f.Add("Группа требует выкуп и threatens 该组织索要赎金")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, text string) {
		if tag, c := extract.Language(text); (tag == "") != (c == 0) || c < 0 || c > 1 {
			t.Errorf("%q: %q with confidence %v", text, tag, c)
		}
	})
}
